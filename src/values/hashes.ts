/**
 * Hashes: values by field, and times to live of fields.
 *
 * A small hash is a listpack (`packed_hashes.ts`), a large one a dictionary (`hash_tables.ts`), whose
 * number the record's root is. When a hash becomes a large one is as in Redis (`hashTypeTryConversion`,
 * `hashTypeSet`); it never goes back.
 *
 * A field whose time to live is over isn't seen any more: it counts (`count`), and can be removed or set
 * anew, until the database removes it (`Database.expireFields`), which has a timer for each hash with times
 * to live. Which timer that is, is kept with the hash.
 */
import type { Dict } from "../memory/dict.ts";
import type { Heap } from "../memory/heap.ts";
import { type Random, randomBelow } from "../random.ts";
import { type AnnounceField, neverMs, type VisitField } from "./hash_fields.ts";
import { HashTables, type TableFields } from "./hash_tables.ts";
import type { ValueLimits } from "./limits.ts";
import { PackedHashes } from "./packed_hashes.ts";
import { Encoding, encodingOf, rootOf, setEncoding, setRoot } from "./record.ts";
import { Slice } from "./slice.ts";
import type { ValueKind } from "./value_kind.ts";
import type { CommandTime, ValueFoundation } from "./values.ts";

/** Before all times: nothing is hidden from who looks then. */
const beforeAllMs = -Infinity;

export class Hashes implements ValueKind {
  /** The field that was last chosen, located or visited. */
  readonly field: Slice = new Slice();
  /** The value that was last found, chosen, located or visited. */
  readonly value: Slice = new Slice();
  /** What a change of encoding, a copy and the removal of what is due walk with. */
  readonly #movedField: Slice = new Slice();
  readonly #movedValue: Slice = new Slice();
  readonly #heap: Heap;
  readonly #packed: PackedHashes;
  readonly #tables: HashTables;
  readonly #random: Random;
  readonly #limits: ValueLimits;
  readonly #time: CommandTime;

  constructor(foundation: ValueFoundation) {
    this.#heap = foundation.heap;
    this.#packed = new PackedHashes(foundation);
    this.#tables = new HashTables(foundation);
    this.#random = foundation.random;
    this.#limits = foundation.limits;
    this.#time = foundation.time;
  }

  init(record: number): void {
    this.#packed.init(record);
  }

  free(record: number): void {
    if (this.#isPacked(record)) this.#packed.free(record);
    else this.#tables.free(rootOf(this.#heap, record));
  }

  copy(record: number, copy: number): void {
    if (this.#isPacked(record)) this.#packed.copy(record, copy);
    else setRoot(this.#heap, copy, this.#createTable(record));
  }

  bytes(record: number, samples: number): number {
    if (this.#isPacked(record)) return this.#packed.bytes(record);
    return this.#tables.bytes(rootOf(this.#heap, record), samples);
  }

  /** How many fields there are, with those whose time has come. */
  count(record: number): number {
    if (this.#isPacked(record)) return this.#packed.count(record);
    return this.#tables.count(rootOf(this.#heap, record));
  }

  /** How many fields there are to see. */
  liveCount(record: number): number {
    const { nowMs } = this.#time;
    if (this.#isPacked(record)) {
      return this.#packed.count(record) - this.#packed.countBefore(record, nowMs);
    }
    const table = rootOf(this.#heap, record);
    return this.#tables.count(table) - this.#tables.countBefore(table, nowMs);
  }

  /** Points `value` at the value of a field; false if there is no such field. */
  get(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    const { value } = this;
    const { nowMs } = this.#time;
    if (this.#isPacked(record)) return this.#packed.get(record, buffer, start, end, value, nowMs);
    return this.#tables.get(rootOf(this.#heap, record), buffer, start, end, value, nowMs);
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
    if (!this.#isPacked(record)) return;
    if (fields > this.#limits.hashMaxListpackEntries) return this.#toHashTable(record);
    const lengthMax = this.#limits.hashMaxListpackValueBytes;
    let sum = 0;
    for (let i = from; i < to; i++) {
      const length = args.ends[i] - args.starts[i];
      if (length > lengthMax) return this.#toHashTable(record);
      sum += length;
    }
    if (!this.#packed.isSafeToAdd(record, sum)) this.#toHashTable(record);
  }

  /**
   * Makes the bytes of a listpack, with expiries or without, the value of a hash that has none yet, which
   * becomes a hash table if that is what so many fields are kept in. False if they are none in which all is
   * as it must be; what the hash has then is to be freed.
   */
  loadListpack(
    record: number,
    hasExpiries: boolean,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const isValid = this.#packed.load(record, hasExpiries, buffer, start, end);
    const isTooMany = isValid && this.count(record) > this.#limits.hashMaxListpackEntries;
    if (isTooMany) this.#toHashTable(record);
    return isValid;
  }

  /** Sees to it that a hash can take in so many fields one by one: too many for a listpack go elsewhere. */
  expect(record: number, fields: number): void {
    const isTooMany = fields > this.#limits.hashMaxListpackEntries;
    if (isTooMany && this.#isPacked(record)) this.#toHashTable(record);
  }

  /** Sets the value of a field, which loses its time to live unless `keepTtl`; whether it is new. */
  set(
    record: number,
    fieldBuffer: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    keepTtl: boolean,
  ): boolean {
    if (this.#isPacked(record)) {
      const lengthMax = this.#limits.hashMaxListpackValueBytes;
      if (fieldEnd - fieldStart <= lengthMax && end - start <= lengthMax) {
        const packed = this.#packed;
        const isNew = packed.set(
          record,
          fieldBuffer,
          fieldStart,
          fieldEnd,
          buffer,
          start,
          end,
          keepTtl,
        );
        // the limit may have been lowered, so a field that was there counts as well
        if (packed.count(record) > this.#limits.hashMaxListpackEntries) this.#toHashTable(record);
        return isNew;
      }
      this.#toHashTable(record);
    }
    const table = rootOf(this.#heap, record);
    return this.#tables.set(table, fieldBuffer, fieldStart, fieldEnd, buffer, start, end, keepTtl);
  }

  /** Removes a field; false if it was not there. */
  remove(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    if (this.#isPacked(record)) return this.#packed.remove(record, buffer, start, end);
    return this.#tables.remove(rootOf(this.#heap, record), buffer, start, end);
  }

  /** Points `field` and `value` at one by chance, each equally likely. None is due, and there is one. */
  chooseField(record: number): void {
    if (this.#isPacked(record)) {
      const index = randomBelow(this.#random, this.#packed.count(record));
      this.#packed.locate(record, index, this.field, this.value);
    } else {
      this.#tables.choose(rootOf(this.#heap, record), this.field, this.value);
    }
  }

  /** Gives each field to `visit`, in the order in which the hash is kept; it must not change the hash. */
  forEach(record: number, visit: VisitField): void {
    this.#walk(record, this.field, this.value, this.#time.nowMs, visit);
  }

  /** As `forEach`, with the fields whose time has come; shown by other slices if there are any. */
  forEachKept(record: number, visit: VisitField, field = this.field, value = this.value): void {
    this.#walk(record, field, value, beforeAllMs, visit);
  }

  /**
   * Gives some fields to `visit` and returns the cursor to go on with, 0 after the last. Those of a small
   * hash are visited at once.
   */
  scan(record: number, cursor: number, visit: VisitField): number {
    if (!this.#isPacked(record)) {
      const table = rootOf(this.#heap, record);
      const { field, value } = this;
      return this.#tables.scan(table, cursor, field, value, this.#time.nowMs, visit);
    }
    this.forEach(record, visit);
    return 0;
  }

  /** Sees to it that fields can have times to live, which shows in the encoding of a small hash. */
  extend(record: number): void {
    const isPlain = encodingOf(this.#heap, record) === Encoding.LISTPACK;
    if (isPlain) this.#packed.extend(record);
  }

  /** When a field goes, `neverMs` or `noFieldMs`; a field whose time has come is still one. */
  expiresAtMs(record: number, buffer: Uint8Array, start: number, end: number): number {
    if (this.#isPacked(record)) return this.#packed.expiresAtMs(record, buffer, start, end);
    return this.#tables.expiresAtMs(rootOf(this.#heap, record), buffer, start, end);
  }

  /** Gives the field, which there is, a time to live, or with `neverMs` none. `extend` came before. */
  setExpiry(
    record: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    expiresAtMs: number,
  ): void {
    if (this.#isPacked(record)) {
      this.#packed.setExpiry(record, buffer, start, end, expiresAtMs);
    } else {
      this.#tables.setExpiry(rootOf(this.#heap, record), buffer, start, end, expiresAtMs);
    }
  }

  /** The first time that a field goes at, `neverMs` if none does. */
  earliestMs(record: number): number {
    if (this.#isPacked(record)) return this.#packed.earliestMs(record);
    return this.#tables.earliestMs(rootOf(this.#heap, record));
  }

  /**
   * Removes fields that go before `nowMs`, at most so many, each of which is `announce`d first; returns
   * how many.
   */
  removeBefore(
    record: number,
    nowMs: number,
    fieldsMax: number,
    announce: AnnounceField,
  ): number {
    if (this.#isPacked(record)) {
      return this.#packed.removeBefore(record, nowMs, fieldsMax, announce);
    }
    const table = rootOf(this.#heap, record);
    return this.#tables.removeBefore(table, nowMs, fieldsMax, this.#movedField, announce);
  }

  /** The timer that `setTimer` kept with the hash, 0 for none. */
  timer(record: number): number {
    if (this.#isPacked(record)) return this.#packed.timer(record);
    return this.#tables.timer(rootOf(this.#heap, record));
  }

  /** Keeps the database's timer of a hash of which a field has a time to live, or had one. */
  setTimer(record: number, timer: number): void {
    if (this.#isPacked(record)) this.#packed.setTimer(record, timer);
    else this.#tables.setTimer(rootOf(this.#heap, record), timer);
  }

  /** The fields of a large hash; null for a small one. */
  fieldsOf(record: number): TableFields | null {
    return this.#isPacked(record) ? null : this.#tables.fieldsOf(rootOf(this.#heap, record));
  }

  /** Points `slice` at the whole listpack of a small hash. */
  locateListpack(record: number, slice: Slice): void {
    this.#packed.locateListpack(record, slice);
  }

  #walk(record: number, field: Slice, value: Slice, nowMs: number, visit: VisitField): void {
    if (this.#isPacked(record)) this.#packed.walk(record, field, value, nowMs, visit);
    else this.#tables.walk(rootOf(this.#heap, record), field, value, nowMs, visit);
  }

  #isPacked(record: number): boolean {
    return encodingOf(this.#heap, record) !== Encoding.HASH_TABLE;
  }

  /** The dictionary of a large hash; null for a small one. */
  dictOf(record: number): Dict | null {
    return this.#isPacked(record) ? null : this.#tables.dictOf(rootOf(this.#heap, record));
  }

  /** Keeps the hash as a hash table from now on. */
  #toHashTable(record: number): void {
    const table = this.#createTable(record);
    const timer = this.#packed.timer(record);
    this.#packed.free(record);
    setEncoding(this.#heap, record, Encoding.HASH_TABLE);
    setRoot(this.#heap, record, table);
    if (timer !== 0) this.#tables.setTimer(table, timer);
  }

  /** Makes a hash table of all fields of a hash and returns its number. */
  #createTable(record: number): number {
    const tables = this.#tables;
    const table = tables.create();
    const add: VisitField = (field, value, expiresAtMs) => {
      const { buffer, start, end } = field;
      tables.set(table, buffer, start, end, value.buffer, value.start, value.end, false);
      if (expiresAtMs !== neverMs) tables.setExpiry(table, buffer, start, end, expiresAtMs);
    };
    try {
      this.#walk(record, this.#movedField, this.#movedValue, beforeAllMs, add);
    } catch (error) {
      tables.free(table);
      throw error;
    }
    return table;
  }
}
