/**
 * Small hashes: one listpack of the heap, which the record's root names, in one of two encodings.
 *
 *     listpack                  field, value, field, value, …
 *     listpackex   timer (4) |  field, value, expiry, field, value, expiry, …
 *
 * The second is for hashes of which a field has, or had, a time to live. An expiry is in milliseconds
 * since the epoch, 0 for none; the entries are in its order, those without one last, as in Redis, so that
 * what is due is in front. The timer is the database's (`keyspace/field_timers.ts`), kept here for it.
 *
 * Which hash is small, and what happens when it no longer is, `hashes.ts` decides.
 */
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "../memory/heap.ts";
import { type AnnounceField, neverMs, noFieldMs, type VisitField } from "./hash_fields.ts";
import { Listpacks } from "./listpack.ts";
import { ListpackDuplicates } from "./listpack_duplicates.ts";
import { Encoding, encodingOf, rootOf, setEncoding, setRoot } from "./record.ts";
import { Slice } from "./slice.ts";
import type { ValueFoundation } from "./values.ts";

/** Room that a new hash has, in bytes: most are given a field at once. */
const bytesInitial = 32;

/** A field and its value that are shorter than this together need no more in a listpack than their bytes */
const shortPairBytes = 64;
/** and so many: a head and a tail each. */
const shortPairOverheadBytes = 4;

/** The latest time that a field may go at, in milliseconds since the epoch, as in Redis. */
export const fieldExpiryMsMax = 2 ** 48 - 1;

/** What stands in place of an expiry where there is none, and the bytes of its entry. */
const noExpiry = 0;
const noExpiryBytes = 2;

const timerBytes = 4;

export class PackedHashes {
  readonly #heap: Heap;
  /** Listpacks of fields and values, and of fields, values and expiries. */
  readonly #plain: Listpacks;
  readonly #extended: Listpacks;
  readonly #duplicates: ListpackDuplicates;
  /** What `extend` walks with. */
  readonly #entry: Slice = new Slice();

  constructor({ dicts, heap }: ValueFoundation) {
    this.#heap = heap;
    this.#duplicates = new ListpackDuplicates(dicts.hasher);
    this.#plain = new Listpacks(heap, 0);
    this.#extended = new Listpacks(heap, timerBytes);
  }

  init(record: number): void {
    const root = this.#plain.create(bytesInitial);
    setEncoding(this.#heap, record, Encoding.LISTPACK);
    setRoot(this.#heap, record, root);
  }

  free(record: number): void {
    this.#heap.free(rootOf(this.#heap, record));
  }

  /**
   * Makes the bytes of a listpack the value of a hash that has none yet; false if they are none of fields
   * and values, and of expiries if there are to be any. What the hash has then is to be freed.
   */
  load(
    record: number,
    hasExpiries: boolean,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const listpacks = hasExpiries ? this.#extended : this.#plain;
    if (!listpacks.validate(buffer, start, end)) return false;
    const root = listpacks.load(buffer, start, end);
    setEncoding(this.#heap, record, hasExpiries ? Encoding.LISTPACK_EX : Encoding.LISTPACK);
    setRoot(this.#heap, record, root);
    const entriesEach = hasExpiries ? 3 : 2;
    if (listpacks.count(root) % entriesEach !== 0) return false;
    if (this.#duplicates.found(listpacks, root, entriesEach)) return false;
    return !hasExpiries || this.#hasOrderedExpiries(root);
  }

  /** Whether each third entry is an expiry, none of which is before another but those that are none. */
  #hasOrderedExpiries(root: number): boolean {
    const listpacks = this.#extended;
    let last = 0;
    for (let at = listpacks.first(root); at !== 0; at = listpacks.next(root, at)) {
      at = this.#expiryPosition(root, at);
      if (listpacks.integerAt(root, at) === null) return false;
      const expiresAtMs = this.#expiryAt(root, at);
      const isInRange = expiresAtMs === neverMs ||
        (expiresAtMs > 0 && expiresAtMs <= fieldExpiryMsMax);
      if (!isInRange || expiresAtMs < last) return false;
      last = expiresAtMs;
    }
    return true;
  }

  /** Gives `copy` a listpack of its own; it has no timer. */
  copy(record: number, copy: number): void {
    setRoot(this.#heap, copy, this.#listpacksOf(record).copy(rootOf(this.#heap, record)));
  }

  bytes(record: number): number {
    return this.#heap.capacity(rootOf(this.#heap, record));
  }

  count(record: number): number {
    const root = rootOf(this.#heap, record);
    return this.isExtended(record) ? this.#extended.count(root) / 3 : this.#plain.count(root) / 2;
  }

  /** Whether so many bytes of fields and values may be added. */
  isSafeToAdd(record: number, byteLength: number): boolean {
    return this.#plain.isSafeToAdd(rootOf(this.#heap, record), byteLength);
  }

  /** Whether fields can have times to live. */
  isExtended(record: number): boolean {
    return encodingOf(this.#heap, record) === Encoding.LISTPACK_EX;
  }

  /** Points `value` at the value of a field; false if there is none, or its time came before `nowMs`. */
  get(
    record: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    value: Slice,
    nowMs: number,
  ): boolean {
    const root = rootOf(this.#heap, record);
    if (this.isExtended(record)) {
      const at = this.#extended.find(root, 0, 2, buffer, start, end);
      if (at === 0) return false;
      const expiryAt = this.#extended.readNext(root, this.#extended.next(root, at), value);
      return this.#expiryAt(root, expiryAt) >= nowMs;
    }
    const at = this.#plain.find(root, 0, 1, buffer, start, end);
    if (at === 0) return false;
    this.#plain.read(root, this.#plain.next(root, at), value);
    return true;
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
    const isExtended = this.isExtended(record);
    const listpacks = this.#listpacksOf(record);
    const root = rootOf(this.#heap, record);
    const at = listpacks.find(root, 0, isExtended ? 2 : 1, fieldBuffer, fieldStart, fieldEnd);
    if (at !== 0) {
      const replaced = listpacks.replace(root, listpacks.next(root, at), buffer, start, end);
      setRoot(this.#heap, record, replaced);
      if (isExtended && !keepTtl) this.#setExpiryAt(record, at, neverMs);
      return false;
    }
    // with room for all, no field is left alone where the heap is full
    const lengths = fieldEnd - fieldStart + end - start;
    const added = lengths < shortPairBytes
      ? lengths + shortPairOverheadBytes
      : listpacks.entryBytes(fieldBuffer, fieldStart, fieldEnd) +
        listpacks.entryBytes(buffer, start, end);
    let grown = listpacks.reserve(root, isExtended ? added + noExpiryBytes : added);
    grown = listpacks.append(grown, fieldBuffer, fieldStart, fieldEnd);
    grown = listpacks.append(grown, buffer, start, end);
    if (isExtended) grown = listpacks.appendInteger(grown, noExpiry);
    setRoot(this.#heap, record, grown);
    return true;
  }

  remove(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    const at = this.#find(record, buffer, start, end);
    if (at !== 0) this.#removeAt(record, at, 1);
    return at !== 0;
  }

  /** Points `field` and `value` at the field with this index. */
  locate(record: number, index: number, field: Slice, value: Slice): void {
    const root = rootOf(this.#heap, record);
    const listpacks = this.#listpacksOf(record);
    const at = listpacks.at(root, index * (this.isExtended(record) ? 3 : 2));
    listpacks.read(root, listpacks.readNext(root, at, field), value);
  }

  /** Points `slice` at the whole listpack. */
  locateListpack(record: number, slice: Slice): void {
    this.#listpacksOf(record).locate(rootOf(this.#heap, record), slice);
  }

  /** Gives each field to `visit` whose time does not come before `nowMs`. */
  walk(record: number, field: Slice, value: Slice, nowMs: number, visit: VisitField): void {
    const root = rootOf(this.#heap, record);
    if (this.isExtended(record)) return this.#walkExtended(root, field, value, nowMs, visit);
    const listpacks = this.#plain;
    for (let at = listpacks.first(root); at !== 0;) {
      at = listpacks.readNext(root, at, field);
      at = listpacks.readNext(root, at, value);
      visit(field, value, neverMs);
    }
  }

  #walkExtended(
    root: number,
    field: Slice,
    value: Slice,
    nowMs: number,
    visit: VisitField,
  ): void {
    const listpacks = this.#extended;
    for (let at = listpacks.first(root); at !== 0; at = listpacks.next(root, at)) {
      at = listpacks.readNext(root, at, field);
      at = listpacks.readNext(root, at, value);
      const expiresAtMs = this.#expiryAt(root, at);
      if (expiresAtMs >= nowMs) visit(field, value, expiresAtMs);
    }
  }

  /** When a field goes, `neverMs` or `noFieldMs`; a field whose time has come is still one. */
  expiresAtMs(record: number, buffer: Uint8Array, start: number, end: number): number {
    const at = this.#find(record, buffer, start, end);
    if (at === 0) return noFieldMs;
    if (!this.isExtended(record)) return neverMs;
    const root = rootOf(this.#heap, record);
    return this.#expiryAt(root, this.#expiryPosition(root, at));
  }

  /** Gives the field, which there is, a time to live, or with `neverMs` none. The hash is extended. */
  setExpiry(
    record: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    expiresAtMs: number,
  ): void {
    this.#setExpiryAt(record, this.#find(record, buffer, start, end), expiresAtMs);
  }

  /** The first time that a field goes at, `neverMs` if none does. */
  earliestMs(record: number): number {
    if (!this.isExtended(record)) return neverMs;
    const root = rootOf(this.#heap, record);
    const at = this.#extended.first(root);
    return at === 0 ? neverMs : this.#expiryAt(root, this.#expiryPosition(root, at));
  }

  /** How many fields go before `nowMs`. */
  countBefore(record: number, nowMs: number): number {
    if (this.earliestMs(record) >= nowMs) return 0;
    const root = rootOf(this.#heap, record);
    let count = 0;
    for (let at = this.#extended.first(root); at !== 0; count++) {
      const expiryAt = this.#expiryPosition(root, at);
      if (this.#expiryAt(root, expiryAt) >= nowMs) break;
      at = this.#extended.next(root, expiryAt);
    }
    return count;
  }

  /** Removes fields that go before `nowMs`, at most so many, and announces each; returns how many. */
  removeBefore(
    record: number,
    nowMs: number,
    fieldsMax: number,
    announce: AnnounceField,
  ): number {
    const count = Math.min(this.countBefore(record, nowMs), fieldsMax);
    if (count === 0) return 0;
    const root = rootOf(this.#heap, record);
    const first = this.#extended.first(root);
    let at = first;
    for (let i = 0; i < count; i++) {
      const valueAt = this.#extended.readNext(root, at, this.#entry);
      announce(this.#entry);
      at = this.#extended.next(root, this.#extended.next(root, valueAt));
    }
    this.#removeAt(record, first, count);
    return count;
  }

  /** From now on fields can have times to live. */
  extend(record: number): void {
    const plain = this.#plain;
    const extended = this.#extended;
    const entry = this.#entry;
    const root = rootOf(this.#heap, record);
    let copy = extended.create(plain.bytes(root) + this.count(record) * noExpiryBytes);
    for (let at = plain.first(root); at !== 0;) {
      at = plain.readNext(root, at, entry);
      copy = extended.append(copy, entry.buffer, entry.start, entry.end);
      at = plain.readNext(root, at, entry);
      copy = extended.append(copy, entry.buffer, entry.start, entry.end);
      copy = extended.appendInteger(copy, noExpiry);
    }
    plain.free(root);
    setEncoding(this.#heap, record, Encoding.LISTPACK_EX);
    setRoot(this.#heap, record, copy);
  }

  timer(record: number): number {
    if (!this.isExtended(record)) return 0;
    const root = rootOf(this.#heap, record);
    return this.#heap.words[root >>> SEGMENT_SHIFT][(root & UNIT_MASK) << 1];
  }

  /** The hash is extended. */
  setTimer(record: number, timer: number): void {
    const root = rootOf(this.#heap, record);
    this.#heap.words[root >>> SEGMENT_SHIFT][(root & UNIT_MASK) << 1] = timer;
  }

  #listpacksOf(record: number): Listpacks {
    return this.isExtended(record) ? this.#extended : this.#plain;
  }

  /** Position of a field, 0 if there is none. */
  #find(record: number, buffer: Uint8Array, start: number, end: number): number {
    const skip = this.isExtended(record) ? 2 : 1;
    return this.#listpacksOf(record).find(rootOf(this.#heap, record), 0, skip, buffer, start, end);
  }

  #removeAt(record: number, at: number, fields: number): void {
    const root = rootOf(this.#heap, record);
    const shrunk = this.isExtended(record)
      ? this.#extended.remove(root, at, fields * 3)
      : this.#plain.remove(root, at, fields * 2);
    setRoot(this.#heap, record, shrunk);
  }

  /** Position of the expiry of the field at `at`. */
  #expiryPosition(root: number, at: number): number {
    return this.#extended.next(root, this.#extended.next(root, at));
  }

  #expiryAt(root: number, at: number): number {
    const expiresAtMs = Number(this.#extended.integerAt(root, at));
    return expiresAtMs === noExpiry ? neverMs : expiresAtMs;
  }

  /** Gives the field at `at` another expiry, and the place that it has by it: before those of the same. */
  #setExpiryAt(record: number, at: number, expiresAtMs: number): void {
    const extended = this.#extended;
    const before = rootOf(this.#heap, record);
    const oldMs = this.#expiryAt(before, this.#expiryPosition(before, at));
    if (oldMs === neverMs && expiresAtMs === neverMs) return;
    const expiry = expiresAtMs === neverMs ? noExpiry : expiresAtMs;
    const root = extended.replaceInteger(before, this.#expiryPosition(before, at), expiry);
    let place = expiresAtMs === neverMs ? 0 : extended.first(root);
    while (place !== 0) {
      const expiryAt = this.#expiryPosition(root, place);
      if (place !== at && this.#expiryAt(root, expiryAt) >= expiresAtMs) break;
      place = extended.next(root, expiryAt);
    }
    extended.move(root, at, 3, place);
    setRoot(this.#heap, record, root);
  }
}
