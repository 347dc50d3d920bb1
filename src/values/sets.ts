/**
 * Sets: members without order, each once.
 *
 * A small set of integers is an intset, a small set of anything a listpack, both one heap block that
 * the record's root names; a large one is a `Dict`, the root being its number, of records
 *
 *     word 0   length of the member
 *     byte 4   member
 *
 * When a set changes its encoding, and into which, is as in Redis (`setTypeAdd`): it never goes back to
 * a smaller one by itself, only the results of set algebra may become intsets in the end.
 */
import { copyBytes } from "../memory/bytes.ts";
import type { Dict } from "../memory/dict.ts";
import { DictWalk } from "../memory/dict_walk.ts";
import type { Dicts } from "../memory/dicts.ts";
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "../memory/heap.ts";
import type { Reclaimer } from "../memory/reclaimer.ts";
import { type Random, randomBelow } from "../random.ts";
import { type Int64, parseInt64 } from "../resp/numbers.ts";
import { Intsets } from "./intset.ts";
import { DetachedValues } from "./detached.ts";
import type { ValueLimits } from "./limits.ts";
import { Listpacks } from "./listpack.ts";
import { ListpackDuplicates } from "./listpack_duplicates.ts";
import { Encoding, encodingOf, rootOf, setEncoding, setRoot, ValueType } from "./record.ts";
import { Slice } from "./slice.ts";
import type { ValueKind } from "./value_kind.ts";
import type { ValueFoundation } from "./values.ts";

const memberOffset = 4;

/** Redis never makes a larger intset, whatever is configured. */
const intsetEntriesMax = 2 ** 30;

/** Is given each member of a set; the slice is valid during the call. */
export type VisitMember = (member: Slice) => void;

export class Sets implements ValueKind {
  readonly intsets: Intsets;
  readonly listpacks: Listpacks;
  /** What `random` has chosen, and what visitors are given. */
  readonly member: Slice = new Slice();
  /** What a change of encoding walks with, while a member is being added. */
  readonly #moved: Slice = new Slice();
  readonly detached: DetachedValues;
  readonly #heap: Heap;
  readonly #dicts: Dicts;
  readonly #reclaimer: Reclaimer;
  readonly #random: Random;
  readonly #duplicates: ListpackDuplicates;
  /** The record that `chooseMember` has found in a hash table. */
  #chosen = 0;
  readonly #limits: ValueLimits;

  constructor(foundation: ValueFoundation) {
    this.#heap = foundation.heap;
    this.detached = new DetachedValues(foundation.heap, this, ValueType.SET);
    this.#dicts = foundation.dicts;
    this.#reclaimer = foundation.reclaimer;
    this.#random = foundation.random;
    this.#limits = foundation.limits;
    this.#duplicates = new ListpackDuplicates(foundation.dicts.hasher);
    this.intsets = new Intsets(foundation.heap);
    this.listpacks = new Listpacks(foundation.heap, 0);
  }

  /** Makes an empty intset, the smallest of all; `prepare` chooses what fits the members to come. */
  init(record: number): void {
    this.#become(record, Encoding.INTSET, this.intsets.create());
  }

  free(record: number): void {
    const root = rootOf(this.#heap, record);
    if (encodingOf(this.#heap, record) !== Encoding.HASH_TABLE) return this.#heap.free(root);
    this.#freeDict(this.#dicts.remove(root));
  }

  copy(record: number, copy: number): void {
    const root = rootOf(this.#heap, record);
    const encoding = encodingOf(this.#heap, record);
    if (encoding === Encoding.INTSET) return setRoot(this.#heap, copy, this.intsets.copy(root));
    if (encoding === Encoding.LISTPACK) return setRoot(this.#heap, copy, this.listpacks.copy(root));
    const number = this.#dicts.create(memberOffset);
    const dict = this.#dicts.at(number);
    try {
      this.#dicts.at(root).forEach((member) => {
        this.#locate(member, this.#moved);
        this.#insert(dict, this.#moved.buffer, this.#moved.start, this.#moved.end);
      });
    } catch (error) {
      this.#freeDict(this.#dicts.remove(number));
      throw error;
    }
    setRoot(this.#heap, copy, number);
  }

  bytes(record: number, samples: number): number {
    const root = rootOf(this.#heap, record);
    if (encodingOf(this.#heap, record) !== Encoding.HASH_TABLE) return this.#heap.capacity(root);
    const dict = this.#dicts.at(root);
    let looked = 0;
    let bytes = 0;
    const visit = (member: number) => {
      looked++;
      bytes += this.#heap.capacity(member);
    };
    let cursor = 0;
    do {
      cursor = dict.scan(cursor, visit);
    } while (cursor !== 0 && (samples === 0 || looked < samples));
    return dict.tableBytes + (looked === 0 ? 0 : Math.ceil(bytes / looked * dict.count));
  }

  count(record: number): number {
    const root = rootOf(this.#heap, record);
    const encoding = encodingOf(this.#heap, record);
    if (encoding === Encoding.INTSET) return this.intsets.count(root);
    if (encoding === Encoding.LISTPACK) return this.listpacks.count(root);
    return this.#dicts.at(root).count;
  }

  isListpack(record: number): boolean {
    return encodingOf(this.#heap, record) === Encoding.LISTPACK;
  }

  isIntset(record: number): boolean {
    return encodingOf(this.#heap, record) === Encoding.INTSET;
  }

  has(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    const root = rootOf(this.#heap, record);
    const encoding = encodingOf(this.#heap, record);
    if (encoding === Encoding.HASH_TABLE) {
      return this.#dicts.at(root).find(buffer, start, end) !== 0;
    }
    if (encoding === Encoding.LISTPACK) {
      return this.listpacks.find(root, 0, 0, buffer, start, end) !== 0;
    }
    const value = parseInt64(buffer, start, end);
    return value !== null && this.intsets.has(root, value);
  }

  /**
   * Chooses the encoding that Redis gives a new, still empty set which `size` members are about to be
   * added to, the first of them being `buffer[start, end)`.
   */
  prepare(record: number, size: number, buffer: Uint8Array, start: number, end: number): void {
    const isInteger = parseInt64(buffer, start, end) !== null;
    if (isInteger && size <= this.#limits.setMaxIntsetEntries) return;
    if (size <= this.#limits.setMaxListpackEntries) this.toListpack(record);
    else this.toHashTable(record);
  }

  /** Changes the encoding of a set that is about to be given so many members at once. */
  expect(record: number, size: number): void {
    const encoding = encodingOf(this.#heap, record);
    const { setMaxIntsetEntries, setMaxListpackEntries } = this.#limits;
    const isTooMany = encoding === Encoding.INTSET && size > setMaxIntsetEntries ||
      encoding === Encoding.LISTPACK && size > setMaxListpackEntries;
    if (isTooMany) this.toHashTable(record);
  }

  /**
   * Makes the bytes of an intset the value of a set that has none yet, which becomes a hash table if that is what so
   * many are kept in. False if they are none; what the set has then is to be freed.
   */
  loadIntset(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    if (!this.intsets.validate(buffer, start, end)) return false;
    this.#become(record, Encoding.INTSET, this.intsets.load(buffer, start, end));
    if (this.count(record) > this.#intsetEntriesMax) this.toHashTable(record);
    return true;
  }

  /** As `loadIntset`, for those of a listpack. */
  loadListpack(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    if (!this.listpacks.validate(buffer, start, end)) return false;
    const root = this.listpacks.load(buffer, start, end);
    this.#become(record, Encoding.LISTPACK, root);
    if (this.#duplicates.found(this.listpacks, root, 1)) return false;
    if (this.count(record) > this.#limits.setMaxListpackEntries) this.toHashTable(record);
    return true;
  }

  /** Adds a member; false if it was there. */
  add(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    const encoding = encodingOf(this.#heap, record);
    if (encoding === Encoding.HASH_TABLE) {
      const dict = this.#dicts.at(rootOf(this.#heap, record));
      return this.#insert(dict, buffer, start, end);
    }
    if (encoding === Encoding.LISTPACK) return this.#addToListpack(record, buffer, start, end);
    const value = parseInt64(buffer, start, end);
    if (value !== null) return this.#addInteger(record, value);
    this.#convertForText(record, end - start);
    return this.add(record, buffer, start, end);
  }

  /** Removes a member; false if it was not there. */
  remove(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    const root = rootOf(this.#heap, record);
    const encoding = encodingOf(this.#heap, record);
    if (encoding === Encoding.HASH_TABLE) {
      const dict = this.#dicts.at(root);
      const member = dict.find(buffer, start, end);
      if (member === 0) return false;
      dict.removeFound();
      this.#heap.free(member);
      return true;
    }
    if (encoding === Encoding.LISTPACK) {
      const at = this.listpacks.find(root, 0, 0, buffer, start, end);
      if (at !== 0) setRoot(this.#heap, record, this.listpacks.remove(root, at, 1));
      return at !== 0;
    }
    const value = parseInt64(buffer, start, end);
    if (value === null) return false;
    setRoot(this.#heap, record, this.intsets.remove(root, value));
    return this.intsets.changed;
  }

  /** Points `member` at one by chance, each equally likely. The set is not empty. */
  chooseMember(record: number): void {
    const root = rootOf(this.#heap, record);
    const encoding = encodingOf(this.#heap, record);
    if (encoding === Encoding.HASH_TABLE) {
      this.#chosen = this.#dicts.at(root).sample(this.#random);
      return this.#locate(this.#chosen, this.member);
    }
    const index = randomBelow(this.#random, this.count(record));
    if (encoding === Encoding.INTSET) this.member.setInteger(this.intsets.at(root, index));
    else this.listpacks.read(root, this.listpacks.at(root, index), this.member);
  }

  /** Removes the member that `chooseMember` has just chosen. */
  removeChosen(record: number): void {
    const root = rootOf(this.#heap, record);
    if (encodingOf(this.#heap, record) === Encoding.HASH_TABLE) {
      this.#dicts.at(root).removeFound();
      this.#heap.free(this.#chosen);
      return;
    }
    const { buffer, start, end } = this.member;
    this.remove(record, buffer, start, end);
  }

  /** Gives each member to `visit`, in the order in which the set is kept; it must not change the set. */
  forEach(record: number, visit: VisitMember, member: Slice = this.member): void {
    this.#walk(record, member, visit);
  }

  /** As `forEach`, but only those members that all of `others` have. */
  forEachShared(record: number, others: readonly number[], visit: VisitMember): void {
    this.#walkWhere(record, others, true, Infinity, visit);
  }

  /** How many members all of `others` have; none beyond `limit` is counted. */
  countShared(record: number, others: readonly number[], limit: number): number {
    return this.#walkWhere(record, others, true, limit, () => {});
  }

  /** As `forEach`, but only those members that none of `others` has. */
  forEachUnshared(record: number, others: readonly number[], visit: VisitMember): void {
    this.#walkWhere(record, others, false, Infinity, visit);
  }

  /** Walks over at most `limit` members that each of `others` has, or none has; returns how many there were. */
  #walkWhere(
    record: number,
    others: readonly number[],
    isShared: boolean,
    limit: number,
    visit: VisitMember,
  ): number {
    const { member } = this;
    const dict = this.dictOf(record);
    let count = 0;
    if (dict === null) {
      this.#walk(record, member, () => {
        if (count === limit) return;
        const { buffer, start, end } = member;
        for (const other of others) {
          if (this.has(other, buffer, start, end) !== isShared) return;
        }
        count++;
        visit(member);
      });
      return count;
    }
    const walk = new DictWalk(this.#heap, dict);
    while (count < limit && walk.next()) {
      for (const other of others) this.#keep(walk, other, isShared);
      for (let i = 0; i < walk.count && count < limit; i++) {
        this.#locate(walk.records[i], member);
        count++;
        visit(member);
      }
    }
    return count;
  }

  /** Keeps only those records in a portion whose members a set has, or has not. */
  #keep(walk: DictWalk, record: number, isShared: boolean): void {
    const dict = this.dictOf(record);
    if (dict !== null) return walk.keep(dict, isShared);
    const moved = this.#moved;
    walk.keepWhere((member) => {
      this.#locate(member, moved);
      return this.has(record, moved.buffer, moved.start, moved.end) === isShared;
    });
  }

  #walk(record: number, member: Slice, visit: VisitMember): void {
    const root = rootOf(this.#heap, record);
    const encoding = encodingOf(this.#heap, record);
    if (encoding === Encoding.HASH_TABLE) {
      const walk = new DictWalk(this.#heap, this.#dicts.at(root));
      while (walk.next()) {
        for (let i = 0; i < walk.count; i++) {
          this.#locate(walk.records[i], member);
          visit(member);
        }
      }
    } else if (encoding === Encoding.INTSET) {
      const count = this.intsets.count(root);
      for (let i = 0; i < count; i++) {
        member.setInteger(this.intsets.at(root, i));
        visit(member);
      }
    } else {
      for (let at = this.listpacks.first(root); at !== 0;) {
        at = this.listpacks.readNext(root, at, member);
        visit(member);
      }
    }
  }

  /** The dictionary of a set that has one, for SSCAN; null for a small set, which is visited at once. */
  dictOf(record: number): Dict | null {
    if (encodingOf(this.#heap, record) !== Encoding.HASH_TABLE) return null;
    return this.#dicts.at(rootOf(this.#heap, record));
  }

  /** Points `slice` at the member of a record of `dictOf`. */
  locateMember(member: number, slice: Slice = this.member): void {
    this.#locate(member, slice);
  }

  /** Points `slice` at the whole intset or listpack of a small set. */
  locatePacked(record: number, slice: Slice): void {
    const root = rootOf(this.#heap, record);
    if (this.isIntset(record)) this.intsets.locate(root, slice);
    else this.listpacks.locate(root, slice);
  }

  /** Lets a set that has only integers become an intset, if it is small enough. */
  compact(record: number): void {
    const count = this.count(record);
    const encoding = encodingOf(this.#heap, record);
    if (encoding === Encoding.INTSET || count > this.#intsetEntriesMax) return;
    let a = this.intsets.create();
    this.#walk(record, this.#moved, (member) => {
      a = this.intsets.add(a, parseInt64(member.buffer, member.start, member.end)!);
    });
    this.#replace(record, Encoding.INTSET, a);
  }

  /** Keeps the set as a listpack from now on. */
  toListpack(record: number): void {
    let a = this.listpacks.create();
    this.#walk(record, this.#moved, (member) => {
      a = this.listpacks.append(a, member.buffer, member.start, member.end);
    });
    this.#replace(record, Encoding.LISTPACK, a);
  }

  /** Keeps the set as a hash table from now on. */
  toHashTable(record: number): void {
    const number = this.#dicts.create(memberOffset);
    const dict = this.#dicts.at(number);
    try {
      this.#walk(
        record,
        this.#moved,
        (member) => this.#insert(dict, member.buffer, member.start, member.end),
      );
    } catch (error) {
      this.#freeDict(this.#dicts.remove(number));
      throw error;
    }
    this.#replace(record, Encoding.HASH_TABLE, number);
  }

  get #intsetEntriesMax(): number {
    return Math.min(this.#limits.setMaxIntsetEntries, intsetEntriesMax);
  }

  #become(record: number, encoding: number, root: number): void {
    setEncoding(this.#heap, record, encoding);
    setRoot(this.#heap, record, root);
  }

  /** As `become`, where the set has a value that is to be freed. */
  #replace(record: number, encoding: number, root: number): void {
    this.free(record);
    this.#become(record, encoding, root);
  }

  #freeDict(dict: Dict): void {
    this.#reclaimer.later((stepsMax) => {
      if (!dict.drain(stepsMax, (member) => this.#heap.free(member))) return false;
      dict.release();
      return true;
    });
  }

  #addInteger(record: number, value: Int64): boolean {
    const root = this.intsets.add(rootOf(this.#heap, record), value);
    setRoot(this.#heap, record, root);
    if (!this.intsets.changed) return false;
    if (this.intsets.count(root) > this.#intsetEntriesMax) this.toHashTable(record);
    return true;
  }

  #addToListpack(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    const root = rootOf(this.#heap, record);
    if (this.listpacks.find(root, 0, 0, buffer, start, end) !== 0) return false;
    const length = end - start;
    if (
      this.listpacks.count(root) < this.#limits.setMaxListpackEntries &&
      length <= this.#limits.setMaxListpackValueBytes && this.listpacks.isSafeToAdd(root, length)
    ) {
      setRoot(this.#heap, record, this.listpacks.append(root, buffer, start, end));
      return true;
    }
    this.toHashTable(record);
    return this.add(record, buffer, start, end);
  }

  /** An intset is to take in a text of so many bytes: it becomes what can. */
  #convertForText(record: number, length: number): void {
    const root = rootOf(this.#heap, record);
    const count = this.intsets.count(root);
    const { setMaxListpackEntries, setMaxListpackValueBytes } = this.#limits;
    const longest = count === 0 ? 0 : Math.max(
      String(this.intsets.min(root)).length,
      String(this.intsets.max(root)).length,
    );
    const fits = count < setMaxListpackEntries && length <= setMaxListpackValueBytes &&
      longest <= setMaxListpackValueBytes;
    if (fits) this.toListpack(record);
    else this.toHashTable(record);
  }

  #insert(dict: Dict, buffer: Uint8Array, start: number, end: number): boolean {
    if (dict.find(buffer, start, end) !== 0) return false;
    const heap = this.#heap;
    const length = end - start;
    const member = heap.allocate(memberOffset + length);
    const segment = member >>> SEGMENT_SHIFT;
    const unit = member & UNIT_MASK;
    heap.words[segment][unit << 1] = length;
    copyBytes(buffer, start, heap.bytes[segment], (unit << 3) + memberOffset, length);
    try {
      dict.insert(member);
    } catch (error) {
      heap.free(member);
      throw error;
    }
    return true;
  }

  #locate(member: number, slice: Slice): void {
    const segment = member >>> SEGMENT_SHIFT;
    const unit = member & UNIT_MASK;
    const start = (unit << 3) + memberOffset;
    const length = this.#heap.words[segment][unit << 1];
    slice.set(this.#heap.bytes[segment], start, start + length);
  }
}
