/**
 * Large hashes: dictionaries, by the number that the root of a hash's record is, of field records
 *
 *     word 0   length of the field
 *     word 1   position in the hash's `ExpiryHeap`, 0 without a time to live (`expiry_heap.ts`)
 *     word 2   length of the value
 *     byte 12  field
 *     behind   value
 *
 * A hash has an `ExpiryHeap` from the first time to live of a field on. Those without cost nothing more
 * than the word in each record.
 */
import { invariant } from "../assert.ts";
import { copyBytes } from "../memory/bytes.ts";
import type { Dict } from "../memory/dict.ts";
import type { Dicts } from "../memory/dicts.ts";
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "../memory/heap.ts";
import type { Reclaimer } from "../memory/reclaimer.ts";
import type { Random } from "../random.ts";
import { ExpiryHeap, positionOf, setPosition } from "./expiry_heap.ts";
import { type AnnounceField, neverMs, noFieldMs, type VisitField } from "./hash_fields.ts";
import type { Slice } from "./slice.ts";
import type { ValueFoundation } from "./values.ts";

const valueLengthWord = 2;
const fieldOffset = 12;

export class HashTables {
  readonly #heap: Heap;
  readonly #dicts: Dicts;
  readonly #reclaimer: Reclaimer;
  readonly #random: Random;
  /** By the number of the hash's dictionary. */
  readonly #expiries: Map<number, ExpiryHeap> = new Map();

  constructor(foundation: ValueFoundation) {
    this.#heap = foundation.heap;
    this.#dicts = foundation.dicts;
    this.#reclaimer = foundation.reclaimer;
    this.#random = foundation.random;
  }

  create(): number {
    return this.#dicts.create(fieldOffset);
  }

  free(table: number): void {
    const dict = this.#dicts.remove(table);
    const expiries = this.#expiries.get(table);
    this.#expiries.delete(table);
    this.#reclaimer.later((stepsMax) => {
      if (!dict.drain(stepsMax, (field) => this.#heap.free(field))) return false;
      dict.release();
      // only now: a snapshot may read the fields as long as there are any
      expiries?.free();
      return true;
    });
  }

  /** Bytes of heap, estimated from about so many fields; 0 stands for all. */
  bytes(table: number, samples: number): number {
    const dict = this.#dicts.at(table);
    let looked = 0;
    let bytes = 0;
    const visit = (field: number) => {
      looked++;
      bytes += this.#heap.capacity(field);
    };
    let cursor = 0;
    do {
      cursor = dict.scan(cursor, visit);
    } while (cursor !== 0 && (samples === 0 || looked < samples));
    return dict.tableBytes + (this.#expiries.get(table)?.bytes ?? 0) +
      (looked === 0 ? 0 : Math.ceil(bytes / looked * dict.count));
  }

  count(table: number): number {
    return this.#dicts.at(table).count;
  }

  dictOf(table: number): Dict {
    return this.#dicts.at(table);
  }

  /** Points `value` at the value of a field; false if there is none, or its time came before `nowMs`. */
  get(
    table: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    value: Slice,
    nowMs: number,
  ): boolean {
    const found = this.#dicts.at(table).find(buffer, start, end);
    if (found === 0 || this.#expiryOf(table, found) < nowMs) return false;
    this.#locateValue(found, value);
    return true;
  }

  /** Sets the value of a field, which loses its time to live unless `keepTtl`; whether it is new. */
  set(
    table: number,
    fieldBuffer: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    keepTtl: boolean,
  ): boolean {
    const heap = this.#heap;
    const dict = this.#dicts.at(table);
    const found = dict.find(fieldBuffer, fieldStart, fieldEnd);
    if (found !== 0) dict.changeFound();
    const fieldLength = fieldEnd - fieldStart;
    const length = end - start;
    const needed = fieldOffset + fieldLength + length;
    const capacity = found === 0 ? 0 : heap.capacity(found);
    const isRoom = needed <= capacity && needed * 2 >= capacity;
    const field = isRoom ? found : heap.allocate(needed);
    const segment = field >>> SEGMENT_SHIFT;
    const bytes = heap.bytes[segment];
    const word = (field & UNIT_MASK) << 1;
    const at = (word << 2) + fieldOffset;
    heap.words[segment][word + valueLengthWord] = length;
    copyBytes(buffer, start, bytes, at + fieldLength, length);
    if (isRoom) {
      if (!keepTtl) this.#clearExpiry(table, field);
      return false;
    }
    heap.words[segment][word] = fieldLength;
    setPosition(heap, field, 0);
    copyBytes(fieldBuffer, fieldStart, bytes, at, fieldLength);
    if (found !== 0) {
      this.#moveExpiry(table, found, field, keepTtl);
      dict.replaceFound(field);
      heap.free(found);
      return false;
    }
    try {
      dict.insert(field);
    } catch (error) {
      heap.free(field);
      throw error;
    }
    return true;
  }

  remove(table: number, buffer: Uint8Array, start: number, end: number): boolean {
    const found = this.#dicts.at(table).find(buffer, start, end);
    if (found !== 0) this.#removeFound(table, found);
    return found !== 0;
  }

  /** Points `field` and `value` at a field by chance, each equally likely. There is one. */
  choose(table: number, field: Slice, value: Slice): void {
    const found = this.#dicts.at(table).sample(this.#random);
    this.#locateField(found, field);
    this.#locateValue(found, value);
  }

  /** Gives each field to `visit` whose time does not come before `nowMs`. */
  walk(table: number, field: Slice, value: Slice, nowMs: number, visit: VisitField): void {
    this.#dicts.at(table).forEach((found) => this.#show(table, found, field, value, nowMs, visit));
  }

  /** As `walk`, a part of the hash at a time: `Dict.scan`. */
  scan(
    table: number,
    cursor: number,
    field: Slice,
    value: Slice,
    nowMs: number,
    visit: VisitField,
  ): number {
    return this.#dicts.at(table).scan(
      cursor,
      (found) => this.#show(table, found, field, value, nowMs, visit),
    );
  }

  /** The fields of a hash, for who reads them while others use and change the hash. */
  fieldsOf(table: number): TableFields {
    return new TableFields(this.#heap, this.#dicts.at(table), this.#expiries.get(table) ?? null);
  }

  #show(
    table: number,
    found: number,
    field: Slice,
    value: Slice,
    nowMs: number,
    visit: VisitField,
  ): void {
    const expiresAtMs = this.#expiryOf(table, found);
    if (expiresAtMs < nowMs) return;
    this.#locateField(found, field);
    this.#locateValue(found, value);
    visit(field, value, expiresAtMs);
  }

  /** When a field goes, `neverMs` or `noFieldMs`; a field whose time has come is still one. */
  expiresAtMs(table: number, buffer: Uint8Array, start: number, end: number): number {
    const found = this.#dicts.at(table).find(buffer, start, end);
    return found === 0 ? noFieldMs : this.#expiryOf(table, found);
  }

  /** Gives the field, which there is, a time to live, or with `neverMs` none. */
  setExpiry(
    table: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    expiresAtMs: number,
  ): void {
    const dict = this.#dicts.at(table);
    const found = dict.find(buffer, start, end);
    dict.changeFound();
    if (expiresAtMs === neverMs) return this.#clearExpiry(table, found);
    this.#makeHeap(table).set(found, expiresAtMs);
  }

  /** The first time that a field goes at, `neverMs` if none does. */
  earliestMs(table: number): number {
    return this.#expiries.get(table)?.earliestMs ?? neverMs;
  }

  /** How many fields go before `nowMs`. */
  countBefore(table: number, nowMs: number): number {
    return this.#expiries.get(table)?.countBefore(nowMs) ?? 0;
  }

  /** Removes fields that go before `nowMs`, at most so many, and announces each; returns how many. */
  removeBefore(
    table: number,
    nowMs: number,
    fieldsMax: number,
    field: Slice,
    announce: AnnounceField,
  ): number {
    const expiries = this.#expiries.get(table);
    if (expiries === undefined) return 0;
    const dict = this.#dicts.at(table);
    let removed = 0;
    for (; removed < fieldsMax && expiries.earliestMs < nowMs; removed++) {
      const found = expiries.earliestRecord;
      this.#locateField(found, field);
      announce(field);
      invariant(dict.findRecord(found), "a field with a time to live is in its hash");
      this.#removeFound(table, found);
    }
    return removed;
  }

  timer(table: number): number {
    return this.#expiries.get(table)?.timer ?? 0;
  }

  setTimer(table: number, timer: number): void {
    this.#makeHeap(table).timer = timer;
  }

  #makeHeap(table: number): ExpiryHeap {
    let expiries = this.#expiries.get(table);
    if (expiries === undefined) {
      expiries = new ExpiryHeap(this.#heap);
      this.#expiries.set(table, expiries);
    }
    return expiries;
  }

  #heapOf(table: number): ExpiryHeap {
    const expiries = this.#expiries.get(table);
    invariant(expiries !== undefined, "who has a field with a time to live has a heap of them");
    return expiries;
  }

  #expiryOf(table: number, field: number): number {
    const position = positionOf(this.#heap, field);
    return position === 0 ? neverMs : this.#heapOf(table).expiresAtMs(position);
  }

  #clearExpiry(table: number, field: number): void {
    if (positionOf(this.#heap, field) !== 0) this.#heapOf(table).remove(field);
  }

  /** A field's record is to be another one, with its time to live if that is kept. */
  #moveExpiry(table: number, from: number, to: number, keepTtl: boolean): void {
    const position = positionOf(this.#heap, from);
    if (position === 0) return;
    if (!keepTtl) return this.#heapOf(table).remove(from);
    setPosition(this.#heap, to, position);
    this.#heapOf(table).moved(to);
  }

  #removeFound(table: number, field: number): void {
    const dict = this.#dicts.at(table);
    dict.changeFound();
    this.#clearExpiry(table, field);
    dict.removeFound();
    this.#heap.free(field);
  }

  #locateField(field: number, slice: Slice): void {
    locateField(this.#heap, field, slice);
  }

  #locateValue(field: number, slice: Slice): void {
    locateValue(this.#heap, field, slice);
  }
}

/** The fields of one hash, which can be read as long as one of them is there. */
export class TableFields {
  readonly dict: Dict;
  readonly #heap: Heap;
  readonly #expiries: ExpiryHeap | null;

  constructor(heap: Heap, dict: Dict, expiries: ExpiryHeap | null) {
    this.#heap = heap;
    this.dict = dict;
    this.#expiries = expiries;
  }

  /** Points `field` and `value` at a record of the dictionary; returns when the field goes, or `neverMs`. */
  locate(found: number, field: Slice, value: Slice): number {
    locateField(this.#heap, found, field);
    locateValue(this.#heap, found, value);
    const position = positionOf(this.#heap, found);
    return position === 0 || this.#expiries === null
      ? neverMs
      : this.#expiries.expiresAtMs(position);
  }
}

function locateField(heap: Heap, field: number, slice: Slice): void {
  const segment = field >>> SEGMENT_SHIFT;
  const word = (field & UNIT_MASK) << 1;
  const start = (word << 2) + fieldOffset;
  slice.set(heap.bytes[segment], start, start + heap.words[segment][word]);
}

function locateValue(heap: Heap, field: number, slice: Slice): void {
  const segment = field >>> SEGMENT_SHIFT;
  const word = (field & UNIT_MASK) << 1;
  const words = heap.words[segment];
  const start = (word << 2) + fieldOffset + words[word];
  slice.set(heap.bytes[segment], start, start + words[word + valueLengthWord]);
}
