/**
 * Hashes: values by field.
 *
 * A small hash is a listpack in which each field is followed by its value, one heap block that the
 * record's root names; a large one is a `Dict`, the root being its number, of records
 *
 *     word 0   length of the field
 *     word 1   length of the value
 *     byte 8   field
 *     behind   value
 *
 * When a hash becomes a large one is as in Redis (`hashTypeTryConversion`, `hashTypeSet`); it never
 * goes back.
 */
import { copyBytes } from "../memory/bytes.ts";
import type { Dict } from "../memory/dict.ts";
import type { Dicts } from "../memory/dicts.ts";
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "../memory/heap.ts";
import type { Reclaimer } from "../memory/reclaimer.ts";
import { type Random, randomBelow } from "../random.ts";
import type { ValueLimits } from "./limits.ts";
import { Listpacks } from "./listpack.ts";
import { Encoding, encodingOf, rootOf, setEncoding, setRoot } from "./record.ts";
import { Slice } from "./slice.ts";
import type { ValueKind } from "./value_kind.ts";
import type { ValueFoundation } from "./values.ts";

const valueLengthWord = 1;
const fieldOffset = 8;

/** Room that a new hash has, in bytes: most are given a field at once. */
const listpackBytesInitial = 32;

/** A field and its value that are shorter than this together need no more in a listpack than their bytes */
const shortPairBytes = 64;
/** and so many: a head and a tail each. */
const shortPairOverheadBytes = 4;

/** Is given each field with its value; the slices are valid during the call. */
export type VisitField = (field: Slice, value: Slice) => void;

export class Hashes implements ValueKind {
  /** The field that was last chosen, located or visited. */
  readonly field: Slice = new Slice();
  /** The value that was last found, chosen, located or visited. */
  readonly value: Slice = new Slice();
  /** What a change of encoding and a copy walk with. */
  readonly #movedField: Slice = new Slice();
  readonly #movedValue: Slice = new Slice();
  readonly #heap: Heap;
  readonly #listpacks: Listpacks;
  readonly #dicts: Dicts;
  readonly #reclaimer: Reclaimer;
  readonly #random: Random;
  readonly #limits: ValueLimits;

  constructor(foundation: ValueFoundation) {
    this.#heap = foundation.heap;
    this.#listpacks = new Listpacks(foundation.heap, 0);
    this.#dicts = foundation.dicts;
    this.#reclaimer = foundation.reclaimer;
    this.#random = foundation.random;
    this.#limits = foundation.limits;
  }

  init(record: number): void {
    this.#become(record, Encoding.LISTPACK, this.#listpacks.create(listpackBytesInitial));
  }

  free(record: number): void {
    const root = rootOf(this.#heap, record);
    if (this.#isListpack(record)) return this.#heap.free(root);
    this.#freeDict(this.#dicts.remove(root));
  }

  copy(record: number, copy: number): void {
    const root = rootOf(this.#heap, record);
    if (this.#isListpack(record)) setRoot(this.#heap, copy, this.#listpacks.copy(root));
    else setRoot(this.#heap, copy, this.#createDict(record));
  }

  bytes(record: number, samples: number): number {
    const root = rootOf(this.#heap, record);
    if (this.#isListpack(record)) return this.#heap.capacity(root);
    const dict = this.#dicts.at(root);
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
    return dict.tableBytes + (looked === 0 ? 0 : Math.ceil(bytes / looked * dict.count));
  }

  /** How many fields there are. */
  count(record: number): number {
    const root = rootOf(this.#heap, record);
    return this.#isListpack(record) ? this.#listpacks.count(root) / 2 : this.#dicts.at(root).count;
  }

  /** Points `value` at the value of a field; false if there is no such field. */
  get(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    const root = rootOf(this.#heap, record);
    if (this.#isListpack(record)) {
      const at = this.#listpacks.find(root, 0, 1, buffer, start, end);
      if (at === 0) return false;
      this.#listpacks.read(root, this.#listpacks.next(root, at), this.value);
      return true;
    }
    const found = this.#dicts.at(root).find(buffer, start, end);
    if (found !== 0) this.#locateValue(found, this.value);
    return found !== 0;
  }

  /**
   * Changes the encoding of a hash that is about to be given `fields` fields, if so many, or any of the
   * fields and values that arguments `from` to `to` (excluded) are, are too much for a listpack.
   */
  prepare(
    record: number,
    fields: number,
    args: { readonly starts: Int32Array; readonly ends: Int32Array },
    from: number,
    to: number,
  ): void {
    if (!this.#isListpack(record)) return;
    if (fields > this.#limits.hashMaxListpackEntries) return this.#toHashTable(record);
    const lengthMax = this.#limits.hashMaxListpackValueBytes;
    let sum = 0;
    for (let i = from; i < to; i++) {
      const length = args.ends[i] - args.starts[i];
      if (length > lengthMax) return this.#toHashTable(record);
      sum += length;
    }
    const root = rootOf(this.#heap, record);
    if (!this.#listpacks.isSafeToAdd(root, sum)) this.#toHashTable(record);
  }

  /** Sets the value of a field; whether the field is new. */
  set(
    record: number,
    fieldBuffer: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    if (this.#isListpack(record)) {
      const lengthMax = this.#limits.hashMaxListpackValueBytes;
      if (fieldEnd - fieldStart <= lengthMax && end - start <= lengthMax) {
        return this.#setInListpack(record, fieldBuffer, fieldStart, fieldEnd, buffer, start, end);
      }
      this.#toHashTable(record);
    }
    const dict = this.#dicts.at(rootOf(this.#heap, record));
    return this.#setInDict(dict, fieldBuffer, fieldStart, fieldEnd, buffer, start, end);
  }

  /** Removes a field; false if it was not there. */
  remove(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    const root = rootOf(this.#heap, record);
    if (this.#isListpack(record)) {
      const at = this.#listpacks.find(root, 0, 1, buffer, start, end);
      if (at !== 0) setRoot(this.#heap, record, this.#listpacks.remove(root, at, 2));
      return at !== 0;
    }
    const dict = this.#dicts.at(root);
    const found = dict.find(buffer, start, end);
    if (found === 0) return false;
    dict.removeFound();
    this.#heap.free(found);
    return true;
  }

  /** Points `field` and `value` at one by chance, each equally likely. The hash is not empty. */
  chooseField(record: number): void {
    const root = rootOf(this.#heap, record);
    if (this.#isListpack(record)) {
      const index = randomBelow(this.#random, this.#listpacks.count(root) / 2) * 2;
      const at = this.#listpacks.at(root, index);
      this.#listpacks.read(root, at, this.field);
      this.#listpacks.read(root, this.#listpacks.next(root, at), this.value);
    } else {
      this.locateField(this.#dicts.at(root).sample(this.#random));
    }
  }

  /** Gives each field to `visit`, in the order in which the hash is kept; it must not change the hash. */
  forEach(record: number, visit: VisitField): void {
    this.#walk(record, this.field, this.value, visit);
  }

  /** The dictionary of a hash that has one, for HSCAN; null for a small hash, visited at once. */
  dictOf(record: number): Dict | null {
    return this.#isListpack(record) ? null : this.#dicts.at(rootOf(this.#heap, record));
  }

  /** Points `field` and `value` at those of a record of `dictOf`. */
  locateField(field: number): void {
    this.#locateField(field, this.field);
    this.#locateValue(field, this.value);
  }

  #walk(record: number, field: Slice, value: Slice, visit: VisitField): void {
    const root = rootOf(this.#heap, record);
    if (!this.#isListpack(record)) {
      this.#dicts.at(root).forEach((found) => {
        this.#locateField(found, field);
        this.#locateValue(found, value);
        visit(field, value);
      });
      return;
    }
    const listpacks = this.#listpacks;
    for (let at = listpacks.first(root); at !== 0; at = listpacks.next(root, at)) {
      listpacks.read(root, at, field);
      at = listpacks.next(root, at);
      listpacks.read(root, at, value);
      visit(field, value);
    }
  }

  #isListpack(record: number): boolean {
    return encodingOf(this.#heap, record) === Encoding.LISTPACK;
  }

  #become(record: number, encoding: number, root: number): void {
    setEncoding(this.#heap, record, encoding);
    setRoot(this.#heap, record, root);
  }

  /** Keeps the hash as a hash table from now on. */
  #toHashTable(record: number): void {
    const number = this.#createDict(record);
    this.free(record);
    this.#become(record, Encoding.HASH_TABLE, number);
  }

  /** Makes a dictionary of all fields of a hash and returns its number. */
  #createDict(record: number): number {
    const number = this.#dicts.create(fieldOffset);
    const dict = this.#dicts.at(number);
    try {
      this.#walk(record, this.#movedField, this.#movedValue, (field, value) => {
        this.#setInDict(
          dict,
          field.buffer,
          field.start,
          field.end,
          value.buffer,
          value.start,
          value.end,
        );
      });
    } catch (error) {
      this.#freeDict(this.#dicts.remove(number));
      throw error;
    }
    return number;
  }

  #freeDict(dict: Dict): void {
    this.#reclaimer.later((stepsMax) => {
      if (!dict.drain(stepsMax, (field) => this.#heap.free(field))) return false;
      dict.release();
      return true;
    });
  }

  #setInListpack(
    record: number,
    fieldBuffer: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const listpacks = this.#listpacks;
    const root = rootOf(this.#heap, record);
    const at = listpacks.find(root, 0, 1, fieldBuffer, fieldStart, fieldEnd);
    if (at !== 0) {
      const replaced = listpacks.replace(root, listpacks.next(root, at), buffer, start, end);
      setRoot(this.#heap, record, replaced);
      return false;
    }
    // with room for both, none is left alone where the heap is full
    const lengths = fieldEnd - fieldStart + end - start;
    const added = lengths < shortPairBytes
      ? lengths + shortPairOverheadBytes
      : listpacks.entryBytes(fieldBuffer, fieldStart, fieldEnd) +
        listpacks.entryBytes(buffer, start, end);
    let grown = listpacks.reserve(root, added);
    grown = listpacks.append(grown, fieldBuffer, fieldStart, fieldEnd);
    grown = listpacks.append(grown, buffer, start, end);
    setRoot(this.#heap, record, grown);
    if (listpacks.count(grown) / 2 > this.#limits.hashMaxListpackEntries) this.#toHashTable(record);
    return true;
  }

  #setInDict(
    dict: Dict,
    fieldBuffer: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const heap = this.#heap;
    const found = dict.find(fieldBuffer, fieldStart, fieldEnd);
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
    if (isRoom) return false;
    heap.words[segment][word] = fieldLength;
    copyBytes(fieldBuffer, fieldStart, bytes, at, fieldLength);
    if (found !== 0) {
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

  #locateField(field: number, slice: Slice): void {
    const segment = field >>> SEGMENT_SHIFT;
    const word = (field & UNIT_MASK) << 1;
    const start = (word << 2) + fieldOffset;
    slice.set(this.#heap.bytes[segment], start, start + this.#heap.words[segment][word]);
  }

  #locateValue(field: number, slice: Slice): void {
    const segment = field >>> SEGMENT_SHIFT;
    const word = (field & UNIT_MASK) << 1;
    const words = this.#heap.words[segment];
    const start = (word << 2) + fieldOffset + words[word];
    slice.set(this.#heap.bytes[segment], start, start + words[word + valueLengthWord]);
  }
}
