/**
 * Sorted sets: members, each once, in the order of their scores; where these are equal, of their bytes.
 *
 * A small one is a listpack of member, score, member, score, … in that order, which the record's root
 * names. A large one is a `Dict` of its members and an `OrderedIndex` of the same records; the root is a
 * block of two words, the number of the dict and the tree of the index:
 *
 *     word 0   length of the member
 *     byte 4   score, as f64
 *     byte 12  member
 *
 * Every range, by score or by bytes, is found as a range of ranks, which `SortedSetCursor` walks.
 * When a sorted set changes its encoding is as in Redis (`zsetAdd`): it never goes back to a listpack by
 * itself, only the results of ZUNIONSTORE and its siblings may.
 */
import { compareBytes, copyBytes } from "../memory/bytes.ts";
import type { Dict } from "../memory/dict.ts";
import type { Dicts } from "../memory/dicts.ts";
import { type Heap, HeapFullError, SEGMENT_SHIFT, UNIT_MASK } from "../memory/heap.ts";
import type { OrderedCursor } from "../memory/ordered_cursor.ts";
import { OrderedIndex } from "../memory/ordered_index.ts";
import type { Reclaimer } from "../memory/reclaimer.ts";
import { type Random, randomBelow } from "../random.ts";
import { formatDouble, parseDecimal } from "../resp/doubles.ts";
import type { Int64 } from "../resp/numbers.ts";
import { DetachedValues } from "./detached.ts";
import type { ValueLimits } from "./limits.ts";
import { Listpacks } from "./listpack.ts";
import { ListpackDuplicates } from "./listpack_duplicates.ts";
import { Encoding, encodingOf, rootOf, setEncoding, setRoot, ValueType } from "./record.ts";
import { Slice } from "./slice.ts";
import { SortedSetCursor } from "./sorted_set_cursor.ts";
import type { ValueKind } from "./value_kind.ts";
import type { ValueFoundation } from "./values.ts";

const scoreOffset = 4;
const memberOffset = 12;

/** The block that the root of a large one names. */
const TREE_WORD = 1;
const ROOT_BYTES = 8;

/** Whole scores up to here are integers in a listpack, as in Redis. */
const wholeScoreMax = 2 ** 62;
/** Room for any score in decimal. */
const scoreTextBytesMax = 32;

/** What `update` may do and how; Redis' ZADD_IN flags. */
export const UpdateFlag = { NX: 1, XX: 2, GT: 4, LT: 8, INCR: 16 } as const;

/** What `update` has done. */
export enum Update {
  /** The conditions did not let it. */
  Refused,
  Added,
  Moved,
  /** The member has that score already. */
  Unchanged,
  /** The sum is no number; nothing has changed. */
  NotANumber,
}

/** Hears of a member, which is `buffer[start, end)`, and its score. */
export type MemberVisitor = (
  buffer: Uint8Array,
  start: number,
  end: number,
  score: number,
) => void;

const encoder = new TextEncoder();

export class SortedSets implements ValueKind {
  readonly listpacks: Listpacks;
  /** For walks of which nobody needs two at a time. */
  readonly cursor: SortedSetCursor;
  /** What `find` found, or `update` gave. */
  score = 0;
  readonly detached: DetachedValues;
  readonly #heap: Heap;
  readonly #dicts: Dicts;
  readonly #index: OrderedIndex;
  readonly #reclaimer: Reclaimer;
  readonly #random: Random;
  readonly #limits: ValueLimits;
  /** What entries are compared with, and where a change of encoding walks. */
  readonly #entry: Slice = new Slice();
  readonly #walker: SortedSetCursor;
  readonly #ordered: OrderedCursor;
  readonly #duplicates: ListpackDuplicates;
  /** Neighbours, while a listpack is looked through. */
  readonly #member: Slice = new Slice();
  readonly #lastMember: Slice = new Slice();
  /** The score that was encoded last: a whole number, or its text. */
  #wholeScore: Int64 | null = null;
  readonly #scoreText = new Uint8Array(scoreTextBytesMax);
  #scoreTextBytes = 0;

  constructor(foundation: ValueFoundation) {
    this.#heap = foundation.heap;
    this.detached = new DetachedValues(foundation.heap, this, ValueType.SORTED_SET);
    this.#dicts = foundation.dicts;
    this.#reclaimer = foundation.reclaimer;
    this.#random = foundation.random;
    this.#limits = foundation.limits;
    this.#duplicates = new ListpackDuplicates(foundation.dicts.hasher);
    this.listpacks = new Listpacks(foundation.heap, 0);
    this.#index = new OrderedIndex(foundation.heap, {
      compareTies: (a, b) => this.#compareMembers(a, b),
    });
    this.cursor = this.newCursor();
    this.#walker = this.newCursor();
    this.#ordered = this.#index.cursor();
  }

  /** A walk of its own, for who goes on while others use `cursor`. */
  newCursor(): SortedSetCursor {
    return new SortedSetCursor(this, this.#index.cursor());
  }

  /** Makes an empty listpack; `prepare` chooses what fits the members to come. */
  init(record: number): void {
    this.#become(record, Encoding.LISTPACK, this.listpacks.create());
  }

  free(record: number): void {
    const root = rootOf(this.#heap, record);
    if (this.isListpack(record)) return this.#heap.free(root);
    const tree = this.treeOf(record);
    const dict = this.#dicts.remove(this.#wordOf(root, 0));
    this.#heap.free(root);
    this.#reclaimer.later((stepsMax) => {
      if (!this.#index.drain(tree, stepsMax)) return false;
      if (!dict.drain(stepsMax, (member) => this.#heap.free(member))) return false;
      this.#index.release(tree);
      dict.release();
      return true;
    });
  }

  copy(record: number, copy: number): void {
    if (this.isListpack(record)) {
      setRoot(this.#heap, copy, this.listpacks.copy(rootOf(this.#heap, record)));
    } else {
      this.#copyToSkiplist(record, copy);
    }
  }

  bytes(record: number, samples: number): number {
    const root = rootOf(this.#heap, record);
    if (this.isListpack(record)) return this.#heap.capacity(root);
    const dict = this.dictOf(record)!;
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
    return this.#heap.capacity(root) + dict.tableBytes + this.#index.bytes(this.treeOf(record)) +
      (looked === 0 ? 0 : Math.ceil(bytes / looked * dict.count));
  }

  isListpack(record: number): boolean {
    return encodingOf(this.#heap, record) === Encoding.LISTPACK;
  }

  count(record: number): number {
    if (this.isListpack(record)) return this.listpacks.count(rootOf(this.#heap, record)) >>> 1;
    return this.#index.count(this.treeOf(record));
  }

  /** Chooses the encoding of a new, still empty one that `size` members are about to be added to. */
  prepare(record: number, size: number, firstLength: number): void {
    const { zsetMaxListpackEntries, zsetMaxListpackValueBytes } = this.#limits;
    const fits = size <= zsetMaxListpackEntries && firstLength <= zsetMaxListpackValueBytes;
    if (!fits) this.toSkiplist(record);
  }

  /** Changes the encoding of one that is about to be given so many members at once. */
  expect(record: number, size: number): void {
    if (this.isListpack(record) && size > this.#limits.zsetMaxListpackEntries) {
      this.toSkiplist(record);
    }
  }

  /**
   * Makes the bytes of a listpack the value of one that has none yet, which becomes a large one if that is
   * what so many members are. False if they are none in which all is as it must be; what it has then is to
   * be freed.
   */
  loadListpack(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    const { listpacks } = this;
    if (!listpacks.validate(buffer, start, end)) return false;
    const listpack = listpacks.load(buffer, start, end);
    this.#become(record, Encoding.LISTPACK, listpack);
    if (!this.#isInOrder(listpack) || this.#duplicates.found(listpacks, listpack, 2)) return false;
    if (this.count(record) > this.#limits.zsetMaxListpackEntries) this.toSkiplist(record);
    return true;
  }

  /** Whether the entries of a listpack are members with scores, each pair behind the one before it. */
  #isInOrder(listpack: number): boolean {
    const { listpacks } = this;
    if (listpacks.count(listpack) % 2 !== 0) return false;
    let member = this.#member;
    let last = this.#lastMember;
    let lastScore = NaN;
    const first = listpacks.first(listpack);
    for (let at = first; at !== 0;) {
      const scoreAt = listpacks.readNext(listpack, at, member);
      const score = this.scoreAt(listpack, scoreAt);
      const { buffer, start, end } = last;
      const isBehind = at === first || lastScore < score || (lastScore === score &&
        compareBytes(buffer, start, end, member.buffer, member.start, member.end) < 0);
      if (Number.isNaN(score) || !isBehind) return false;
      const unused = last;
      last = member;
      lastScore = score;
      member = unused;
      at = listpacks.next(listpack, scoreAt);
    }
    return true;
  }

  /** Whether there is such a member; leaves its score. */
  find(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    const root = rootOf(this.#heap, record);
    if (this.isListpack(record)) {
      const at = this.listpacks.find(root, 0, 1, buffer, start, end);
      if (at !== 0) this.score = this.scoreAt(root, this.listpacks.next(root, at));
      return at !== 0;
    }
    const member = this.dictOf(record)!.find(buffer, start, end);
    if (member !== 0) this.score = this.scoreOf(member);
    return member !== 0;
  }

  /**
   * Gives a member a score, or adds to its score, as far as the `UpdateFlag`s let it. Leaves the score
   * that the member has then. `score` is a number.
   */
  update(
    record: number,
    score: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    flags: number,
  ): Update {
    const isListpack = this.isListpack(record);
    // where the member is, in the listpack or as a record
    const found = isListpack
      ? this.listpacks.find(rootOf(this.#heap, record), 0, 1, buffer, start, end)
      : this.dictOf(record)!.find(buffer, start, end);
    if (found === 0) {
      if ((flags & UpdateFlag.XX) !== 0) return Update.Refused;
      this.score = score;
      if (isListpack) this.#addToListpack(record, score, buffer, start, end);
      else this.#insert(record, score, buffer, start, end);
      return Update.Added;
    }
    if ((flags & UpdateFlag.NX) !== 0) return Update.Refused;
    const current = isListpack
      ? this.scoreAt(
        rootOf(this.#heap, record),
        this.listpacks.next(rootOf(this.#heap, record), found),
      )
      : this.scoreOf(found);
    if ((flags & UpdateFlag.INCR) !== 0) score += current;
    if (Number.isNaN(score)) return Update.NotANumber;
    if ((flags & UpdateFlag.LT) !== 0 && score >= current) return Update.Refused;
    if ((flags & UpdateFlag.GT) !== 0 && score <= current) return Update.Refused;
    this.score = score;
    if (score === current) return Update.Unchanged;
    if (isListpack) this.#moveInListpack(record, found, score, buffer, start, end);
    else {
      this.dictOf(record)!.changeFound();
      this.#index.move(this.treeOf(record), current, score, found);
      this.#setScore(found, score);
    }
    return Update.Moved;
  }

  /** Removes a member; false if there was none. */
  remove(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    const root = rootOf(this.#heap, record);
    if (this.isListpack(record)) {
      const at = this.listpacks.find(root, 0, 1, buffer, start, end);
      if (at !== 0) setRoot(this.#heap, record, this.listpacks.remove(root, at, 2));
      return at !== 0;
    }
    const dict = this.dictOf(record)!;
    const member = dict.find(buffer, start, end);
    if (member === 0) return false;
    dict.removeFound();
    this.#index.remove(this.treeOf(record), this.scoreOf(member), member);
    this.#heap.free(member);
    return true;
  }

  /** Removes so many members from a rank on, all of which there are. */
  removeRange(record: number, rank: number, length: number): void {
    if (length === 0) return;
    const root = rootOf(this.#heap, record);
    if (this.isListpack(record)) {
      const at = this.listpacks.at(root, rank * 2);
      setRoot(this.#heap, record, this.listpacks.remove(root, at, length * 2));
      return;
    }
    const tree = this.treeOf(record);
    const dict = this.dictOf(record)!;
    if (length === 1) return this.#drop(dict, this.#index.removeAt(tree, rank));
    this.#index.removeRange(tree, rank, length, (member) => this.#drop(dict, member));
  }

  /** The rank of a member, -1 if there is none; leaves its score. */
  rank(record: number, buffer: Uint8Array, start: number, end: number): number {
    if (!this.isListpack(record)) {
      const member = this.dictOf(record)!.find(buffer, start, end);
      if (member === 0) return -1;
      this.score = this.scoreOf(member);
      return this.#index.rank(this.treeOf(record), this.score, member);
    }
    if (!this.find(record, buffer, start, end)) return -1;
    const root = rootOf(this.#heap, record);
    const found = this.listpacks.find(root, 0, 1, buffer, start, end);
    let rank = 0;
    for (let at = this.listpacks.first(root); at !== found; rank++) {
      at = this.listpacks.next(root, this.listpacks.next(root, at));
    }
    return rank;
  }

  /** How many members have a lower score, or an equal one if `inclusive`. */
  rankOfScore(record: number, score: number, inclusive: boolean): number {
    if (!this.isListpack(record)) {
      return this.#index.rankOfScore(this.treeOf(record), score, inclusive);
    }
    const root = rootOf(this.#heap, record);
    let rank = 0;
    for (let at = this.listpacks.first(root); at !== 0; rank++) {
      const scoreAt = this.listpacks.next(root, at);
      const found = this.scoreAt(root, scoreAt);
      if (inclusive ? found > score : found >= score) break;
      at = this.listpacks.next(root, scoreAt);
    }
    return rank;
  }

  /**
   * How many members come before `buffer[start, end)` by their bytes, that one too if `inclusive`. It
   * makes sense where all scores are equal.
   */
  rankOfBytes(
    record: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    inclusive: boolean,
  ): number {
    const entry = this.#entry;
    const isBefore = () => {
      const order = compareBytes(entry.buffer, entry.start, entry.end, buffer, start, end);
      return inclusive ? order <= 0 : order < 0;
    };
    if (!this.isListpack(record)) {
      return this.#index.rankWhere(this.treeOf(record), (member) => {
        this.locateMember(member, entry);
        return isBefore();
      });
    }
    const root = rootOf(this.#heap, record);
    let rank = 0;
    for (let at = this.listpacks.first(root); at !== 0; rank++) {
      this.listpacks.read(root, at, entry);
      if (!isBefore()) break;
      at = this.listpacks.next(root, this.listpacks.next(root, at));
    }
    return rank;
  }

  /**
   * Visits `length` members from a rank on, all of which there are, towards the end or the beginning: each is
   * `buffer[start, end)`. `visit` must not use sorted sets.
   */
  forEach(
    record: number,
    rank: number,
    length: number,
    isReverse: boolean,
    visit: MemberVisitor,
  ): void {
    if (!this.isListpack(record)) {
      return this.#forEachOrdered(this.treeOf(record), rank, length, isReverse, visit);
    }
    const { cursor } = this;
    const { member } = cursor;
    let more = length > 0 && cursor.seek(record, rank);
    for (let left = length; left > 0 && more; left--) {
      visit(member.buffer, member.start, member.end, cursor.score);
      if (left > 1) more = isReverse ? cursor.previous() : cursor.next();
    }
  }

  /** Of a large one: leaf by leaf, since a step of a cursor costs as much as writing a member. */
  #forEachOrdered(
    tree: number,
    rank: number,
    length: number,
    isReverse: boolean,
    visit: MemberVisitor,
  ): void {
    const { bytes, words } = this.#heap;
    const ordered = this.#ordered;
    const step = isReverse ? -1 : 1;
    for (let left = length; left > 0 && ordered.seek(tree, rank);) {
      const { records, scores } = ordered;
      let { recordAt, scoreAt } = ordered;
      const rest = ordered.leafRest(isReverse);
      const part = left < rest ? left : rest;
      for (let i = 0; i < part; i++, recordAt += step, scoreAt += step) {
        const segment = records[recordAt] >>> SEGMENT_SHIFT;
        const word = (records[recordAt] & UNIT_MASK) << 1;
        const start = (word << 2) + memberOffset;
        visit(bytes[segment], start, start + words[segment][word], scores[scoreAt]);
      }
      left -= part;
      rank += part * step;
    }
  }

  /** Places `cursor` at a member by chance, each equally likely. There is one. */
  chooseMember(record: number): void {
    if (this.isListpack(record)) {
      this.cursor.seek(record, randomBelow(this.#random, this.count(record)));
    } else this.cursor.show(this.dictOf(record)!.sample(this.#random));
  }

  /** The dictionary of a large one, for ZSCAN; null for a small one, which is visited at once. */
  dictOf(record: number): Dict | null {
    if (this.isListpack(record)) return null;
    return this.#dicts.at(this.#wordOf(rootOf(this.#heap, record), 0));
  }

  /** The tree of a large one. */
  treeOf(record: number): number {
    return this.#wordOf(rootOf(this.#heap, record), TREE_WORD);
  }

  /** Where a small one's listpack is. */
  listpackOf(record: number): number {
    return rootOf(this.#heap, record);
  }

  /** The score at a position of a listpack. */
  scoreAt(listpack: number, at: number): number {
    const whole = this.listpacks.integerAt(listpack, at);
    if (whole !== null) return Number(whole);
    this.listpacks.read(listpack, at, this.#entry);
    return parseDecimal(this.#entry.buffer, this.#entry.start, this.#entry.end);
  }

  /** The score of a record of `dictOf`. */
  scoreOf(member: number): number {
    const at = ((member & UNIT_MASK) << 3) + scoreOffset;
    return this.#heap.views[member >>> SEGMENT_SHIFT].getFloat64(at, true);
  }

  /** Points `slice` at the member of a record of `dictOf`. */
  locateMember(member: number, slice: Slice): void {
    const start = ((member & UNIT_MASK) << 3) + memberOffset;
    slice.set(
      this.#heap.bytes[member >>> SEGMENT_SHIFT],
      start,
      start + this.#wordOf(member, 0),
    );
  }

  /**
   * Lets a large one become a listpack, if its members are few and short enough; without the memory for that
   * it stays as it is.
   */
  compact(record: number): void {
    const { zsetMaxListpackEntries, zsetMaxListpackValueBytes } = this.#limits;
    if (this.isListpack(record) || this.count(record) > zsetMaxListpackEntries) return;
    const { member } = this.#walker;
    for (let more = this.#walker.seek(record, 0); more; more = this.#walker.next()) {
      if (member.length > zsetMaxListpackValueBytes) return;
    }
    const a = this.#listpackOfMembers(record);
    if (a === 0) return;
    this.free(record);
    this.#become(record, Encoding.LISTPACK, a);
  }

  /** A listpack with the members of a large one; 0 if there is no memory for it. */
  #listpackOfMembers(record: number): number {
    const { member } = this.#walker;
    let a = 0;
    try {
      a = this.listpacks.create();
      for (let more = this.#walker.seek(record, 0); more; more = this.#walker.next()) {
        a = this.listpacks.append(a, member.buffer, member.start, member.end);
        this.#encodeScore(this.#walker.score);
        a = this.#insertScore(a, 0);
      }
      return a;
    } catch (error) {
      if (!(error instanceof HeapFullError)) throw error;
      if (a !== 0) this.listpacks.free(a);
      return 0;
    }
  }

  /** Keeps it as a dictionary and an index from now on. */
  toSkiplist(record: number): void {
    const listpack = rootOf(this.#heap, record);
    this.#copyToSkiplist(record, record);
    this.#heap.free(listpack);
  }

  /** Gives `target` the members of `source` as a large one; `target` is as it was if there is no memory. */
  #copyToSkiplist(source: number, target: number): void {
    const heap = this.#heap;
    const made = this.detached.make((made) => {
      const root = this.#createRoot();
      heap.free(rootOf(heap, made));
      this.#become(made, Encoding.SKIPLIST, root);
      const walker = this.#walker;
      const { member } = walker;
      for (let more = walker.seek(source, 0); more; more = walker.next()) {
        this.dictOf(made)!.find(member.buffer, member.start, member.end);
        this.#insert(made, walker.score, member.buffer, member.start, member.end);
      }
    });
    this.#become(target, Encoding.SKIPLIST, rootOf(heap, made));
    heap.free(made);
  }

  /** An empty dictionary and index. */
  #createRoot(): number {
    const heap = this.#heap;
    const root = heap.allocate(ROOT_BYTES);
    let tree = 0;
    try {
      tree = this.#index.create();
      const words = heap.words[root >>> SEGMENT_SHIFT];
      const at = (root & UNIT_MASK) << 1;
      words[at] = this.#dicts.create(memberOffset);
      words[at + TREE_WORD] = tree;
      return root;
    } catch (error) {
      if (tree !== 0) this.#index.release(tree);
      heap.free(root);
      throw error;
    }
  }

  /** Adds a member to a large one, whose dictionary has just looked for it in vain. */
  #insert(record: number, score: number, buffer: Uint8Array, start: number, end: number): void {
    const heap = this.#heap;
    const length = end - start;
    const member = heap.allocate(memberOffset + length);
    const first = (member & UNIT_MASK) << 1;
    heap.words[member >>> SEGMENT_SHIFT][first] = length;
    this.#setScore(member, score);
    const bytes = heap.bytes[member >>> SEGMENT_SHIFT];
    copyBytes(buffer, start, bytes, (first << 2) + memberOffset, length);
    const tree = this.treeOf(record);
    const dict = this.dictOf(record)!;
    let isIndexed = false;
    try {
      this.#index.insert(tree, score, member);
      isIndexed = true;
      dict.insert(member);
    } catch (error) {
      if (isIndexed) this.#index.remove(tree, score, member);
      heap.free(member);
      throw error;
    }
  }

  /** Adds a member that a small one does not have. */
  #addToListpack(
    record: number,
    score: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { zsetMaxListpackEntries, zsetMaxListpackValueBytes } = this.#limits;
    const length = end - start;
    const isFull = this.count(record) >= zsetMaxListpackEntries ||
      length > zsetMaxListpackValueBytes ||
      !this.listpacks.isSafeToAdd(rootOf(this.#heap, record), length);
    if (isFull) {
      this.toSkiplist(record);
      this.dictOf(record)!.find(buffer, start, end);
      this.#insert(record, score, buffer, start, end);
    } else this.#insertInListpack(record, score, buffer, start, end);
  }

  /** Puts a member before the first that comes after it. Returns the position that it has then. */
  #insertInListpack(
    record: number,
    score: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): number {
    const { listpacks } = this;
    const neededBytes = listpacks.entryBytes(buffer, start, end) + this.#encodeScore(score);
    let a = listpacks.reserve(rootOf(this.#heap, record), neededBytes);
    setRoot(this.#heap, record, a);
    const before = this.#placeInListpack(a, score, buffer, start, end);
    if (before === 0) {
      a = listpacks.append(a, buffer, start, end);
      const { position } = listpacks;
      this.#insertScore(a, 0);
      return position;
    }
    a = listpacks.insertBefore(a, before, buffer, start, end);
    this.#insertScore(a, listpacks.next(a, before));
    return before;
  }

  /** The position of the first member that comes after one with this score, or 0. */
  #placeInListpack(
    a: number,
    score: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): number {
    const { listpacks } = this;
    const entry = this.#entry;
    for (let at = listpacks.first(a); at !== 0;) {
      const scoreAt = listpacks.next(a, at);
      const found = this.scoreAt(a, scoreAt);
      if (found > score) return at;
      if (found === score) {
        listpacks.read(a, at, entry);
        if (compareBytes(entry.buffer, entry.start, entry.end, buffer, start, end) > 0) return at;
      }
      at = listpacks.next(a, scoreAt);
    }
    return 0;
  }

  /** Gives the member at a position another score: where that is, it is added before it is removed here. */
  #moveInListpack(
    record: number,
    at: number,
    score: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { listpacks } = this;
    const oldBytes = listpacks.bytes(rootOf(this.#heap, record));
    const position = this.#insertInListpack(record, score, buffer, start, end);
    const a = rootOf(this.#heap, record);
    const old = position <= at ? at + listpacks.bytes(a) - oldBytes : at;
    setRoot(this.#heap, record, listpacks.remove(a, old, 2));
  }

  /** Brings a score into the form that it has in a listpack; returns the bytes that it takes there. */
  #encodeScore(score: number): number {
    if (Number.isInteger(score) && Math.abs(score) <= wholeScoreMax) {
      // beyond 2^53 it is a bigint; and there is no -0 in a listpack
      const whole = Number.isSafeInteger(score) ? score + 0 : BigInt(score);
      this.#wholeScore = whole;
      return this.listpacks.integerEntryBytes(whole);
    }
    const text = this.#scoreText;
    this.#wholeScore = null;
    this.#scoreTextBytes = encoder.encodeInto(formatDouble(score), text).written;
    return this.listpacks.entryBytes(text, 0, this.#scoreTextBytes);
  }

  /** Puts the score that was encoded last before a position of a listpack, or at its end if that is 0. */
  #insertScore(a: number, before: number): number {
    const { listpacks } = this;
    const whole = this.#wholeScore;
    if (whole !== null) {
      if (before === 0) return listpacks.appendInteger(a, whole);
      return listpacks.insertIntegerBefore(a, before, whole);
    }
    const text = this.#scoreText;
    if (before === 0) return listpacks.append(a, text, 0, this.#scoreTextBytes);
    return listpacks.insertBefore(a, before, text, 0, this.#scoreTextBytes);
  }

  /** Frees a member that is no longer in the index. */
  #drop(dict: Dict, member: number): void {
    if (dict.findRecord(member)) dict.removeFound();
    this.#heap.free(member);
  }

  #compareMembers(a: number, b: number): number {
    const heap = this.#heap;
    const aStart = ((a & UNIT_MASK) << 3) + memberOffset;
    const bStart = ((b & UNIT_MASK) << 3) + memberOffset;
    return compareBytes(
      heap.bytes[a >>> SEGMENT_SHIFT],
      aStart,
      aStart + this.#wordOf(a, 0),
      heap.bytes[b >>> SEGMENT_SHIFT],
      bStart,
      bStart + this.#wordOf(b, 0),
    );
  }

  #setScore(member: number, score: number): void {
    const at = ((member & UNIT_MASK) << 3) + scoreOffset;
    this.#heap.views[member >>> SEGMENT_SHIFT].setFloat64(at, score, true);
  }

  #wordOf(block: number, word: number): number {
    return this.#heap.words[block >>> SEGMENT_SHIFT][((block & UNIT_MASK) << 1) + word];
  }

  #become(record: number, encoding: number, root: number): void {
    setEncoding(this.#heap, record, encoding);
    setRoot(this.#heap, record, root);
  }
}
