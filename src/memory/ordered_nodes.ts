/**
 * The nodes of ordered indexes: their layout in the heap, and what is done within one or two of them.
 * How nodes make up a tree is the business of `ordered_index.ts`.
 *
 *     word 0       entries in use
 *     word 1       room (entries that fit), and in the high half how many columns follow the scores
 *     f64 * room   scores
 *     u32 * room   records
 *     u32 * room   children                                      } inner nodes only
 *     u32 * room   how many records there are below each child   }
 *
 * An entry of a leaf is a record with its score. An entry of an inner node is a child; its score and
 * record are those of the first record below it, the separator that a search compares with. The first
 * entry of an inner node has none: what its score and record hold is arbitrary.
 *
 * Scores lie side by side, so that a binary search stays within a few cache lines, and are compared
 * before any record is looked at. Entries are moved by plain loops: for the 20 or so of a usual insertion
 * they are quicker than `copyWithin` in each column.
 */

import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "./heap.ts";
import { UNIT_BYTES } from "./size_classes.ts";

// Both fill a size class of the heap: 704 and 896 bytes. Of leaves of 42 to 90 entries and inner nodes of 25
// to 63 all are within a tenth of these in time; small leaves take more memory.
/** Entries of a leaf; a leaf that is the root may have less room. */
export const LEAF_ROOM = 58;
/** Entries of an inner node. */
export const INNER_ROOM = 44;

const LEAF_COLUMNS = 1;
const INNER_COLUMNS = 3;

const COLUMNS_SHIFT = 16;
const ROOM_MASK = (1 << COLUMNS_SHIFT) - 1;

/** Out of reach: siblings have 11 entries on average at least, and there are 2^32 addresses. */
export const HEIGHT_MAX = 16;

/** The nodes from a leaf (level 0) to the root, and the slot in each. */
export class Path {
  readonly nodes: Uint32Array = new Uint32Array(HEIGHT_MAX);
  readonly slots: Uint32Array = new Uint32Array(HEIGHT_MAX);
}

/** How records with equal scores are ordered. */
export interface RecordOrder {
  /** Negative if `a` comes before `b`, positive if after it; never 0 for two records of one tree. */
  compareTies(a: number, b: number): number;
}

/** Access to nodes by their addresses. */
export class OrderedNodes {
  readonly #heap: Heap;
  readonly #order: RecordOrder;

  constructor(heap: Heap, order: RecordOrder) {
    this.#heap = heap;
    this.#order = order;
  }

  /** @throws {HeapFullError} */
  allocateLeaf(room: number): number {
    return this.#allocate(room, LEAF_COLUMNS);
  }

  /** @throws {HeapFullError} */
  allocateInner(): number {
    return this.#allocate(INNER_ROOM, INNER_COLUMNS);
  }

  #allocate(room: number, columns: number): number {
    const node = this.#heap.allocate(UNIT_BYTES + room * (8 + 4 * columns));
    const words = this.#heap.words[node >>> SEGMENT_SHIFT];
    const at = (node & UNIT_MASK) << 1;
    words[at] = 0;
    words[at + 1] = room | columns << COLUMNS_SHIFT;
    return node;
  }

  count(node: number): number {
    return this.#heap.words[node >>> SEGMENT_SHIFT][(node & UNIT_MASK) << 1];
  }

  room(node: number): number {
    return this.#heap.words[node >>> SEGMENT_SHIFT][((node & UNIT_MASK) << 1) + 1] & ROOM_MASK;
  }

  isFull(node: number): boolean {
    return this.count(node) === this.room(node);
  }

  score(node: number, slot: number): number {
    return this.#heap.doubles[node >>> SEGMENT_SHIFT][(node & UNIT_MASK) + 1 + slot];
  }

  record(node: number, slot: number): number {
    const words = this.#heap.words[node >>> SEGMENT_SHIFT];
    return words[columnAt(words, node, 0) + slot];
  }

  setEntry(node: number, slot: number, score: number, record: number): void {
    const words = this.#heap.words[node >>> SEGMENT_SHIFT];
    this.#heap.doubles[node >>> SEGMENT_SHIFT][(node & UNIT_MASK) + 1 + slot] = score;
    words[columnAt(words, node, 0) + slot] = record;
  }

  /** What a node's records are in, from index `recordsAt` on. */
  wordsOf(node: number): Uint32Array {
    return this.#heap.words[node >>> SEGMENT_SHIFT];
  }

  recordsAt(node: number): number {
    return columnAt(this.wordsOf(node), node, 0);
  }

  /** What a node's scores are in, from index `scoresAt` on. */
  scoresOf(node: number): Float64Array {
    return this.#heap.doubles[node >>> SEGMENT_SHIFT];
  }

  scoresAt(node: number): number {
    return (node & UNIT_MASK) + 1;
  }

  child(inner: number, slot: number): number {
    const words = this.#heap.words[inner >>> SEGMENT_SHIFT];
    return words[columnAt(words, inner, 1) + slot];
  }

  /** How many records there are below a child. */
  below(inner: number, slot: number): number {
    const words = this.#heap.words[inner >>> SEGMENT_SHIFT];
    return words[columnAt(words, inner, 2) + slot];
  }

  setChild(inner: number, slot: number, child: number, below: number): void {
    const words = this.#heap.words[inner >>> SEGMENT_SHIFT];
    words[columnAt(words, inner, 1) + slot] = child;
    words[columnAt(words, inner, 2) + slot] = below;
  }

  addBelow(inner: number, slot: number, difference: number): void {
    const words = this.#heap.words[inner >>> SEGMENT_SHIFT];
    words[columnAt(words, inner, 2) + slot] += difference;
  }

  /** How many records there are below the first `slots` children. */
  belowFirst(inner: number, slots: number): number {
    const words = this.#heap.words[inner >>> SEGMENT_SHIFT];
    const from = columnAt(words, inner, 2);
    let sum = 0;
    for (let at = from; at < from + slots; at++) sum += words[at];
    return sum;
  }

  /** How many records a node holds, or has below it. */
  records(node: number): number {
    const word = this.#heap.words[node >>> SEGMENT_SHIFT][((node & UNIT_MASK) << 1) + 1];
    const count = this.count(node);
    return word >>> COLUMNS_SHIFT === LEAF_COLUMNS ? count : this.belowFirst(node, count);
  }

  /**
   * The first slot from `low` on whose entry is not before a record of that score, or the count.
   *
   * The entry of the record `same` counts as equal without a look at it, and is passed by if `pass`.
   */
  search(
    node: number,
    low: number,
    score: number,
    record: number,
    same: number,
    pass: boolean,
  ): number {
    const words = this.#heap.words[node >>> SEGMENT_SHIFT];
    const doubles = this.#heap.doubles[node >>> SEGMENT_SHIFT];
    const scoresAt = (node & UNIT_MASK) + 1;
    const recordsAt = columnAt(words, node, 0);
    let high = words[(node & UNIT_MASK) << 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = doubles[scoresAt + middle];
      if (other < score) low = middle + 1;
      else if (other > score) high = middle;
      else {
        const entry = words[recordsAt + middle];
        const before = entry === same ? pass : this.#order.compareTies(entry, record) < 0;
        if (before) low = middle + 1;
        else high = middle;
      }
    }
    return low;
  }

  /** The first slot from `low` on whose score is greater, or not less unless `inclusive`. */
  searchScore(node: number, low: number, score: number, inclusive: boolean): number {
    const doubles = this.#heap.doubles[node >>> SEGMENT_SHIFT];
    const scoresAt = (node & UNIT_MASK) + 1;
    let high = this.count(node);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = doubles[scoresAt + middle];
      if (other < score || (inclusive && other === score)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first slot from `low` on whose record is not before what the predicate stands for. */
  searchWhere(node: number, low: number, isBefore: (record: number) => boolean): number {
    let high = this.count(node);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.record(node, middle))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Makes room for `length` entries at a slot; what they are is arbitrary. */
  open(node: number, slot: number, length: number): void {
    const words = this.#heap.words[node >>> SEGMENT_SHIFT];
    const doubles = this.#heap.doubles[node >>> SEGMENT_SHIFT];
    const unit = node & UNIT_MASK;
    const count = words[unit << 1];
    const shape = words[(unit << 1) + 1];
    const room = shape & ROOM_MASK;
    const scoresAt = unit + 1;
    for (let i = scoresAt + count - 1; i >= scoresAt + slot; i--) doubles[i + length] = doubles[i];
    let from = (scoresAt + room) << 1;
    for (let column = shape >>> COLUMNS_SHIFT; column > 0; column--) {
      for (let i = from + count - 1; i >= from + slot; i--) words[i + length] = words[i];
      from += room;
    }
    words[unit << 1] = count + length;
  }

  /** Takes `length` entries at a slot out. */
  close(node: number, slot: number, length: number): void {
    const words = this.#heap.words[node >>> SEGMENT_SHIFT];
    const doubles = this.#heap.doubles[node >>> SEGMENT_SHIFT];
    const unit = node & UNIT_MASK;
    const count = words[unit << 1] - length;
    const shape = words[(unit << 1) + 1];
    const room = shape & ROOM_MASK;
    const scoresAt = unit + 1;
    for (let i = scoresAt + slot; i < scoresAt + count; i++) doubles[i] = doubles[i + length];
    let from = (scoresAt + room) << 1;
    for (let column = shape >>> COLUMNS_SHIFT; column > 0; column--) {
      for (let i = from + slot; i < from + count; i++) words[i] = words[i + length];
      from += room;
    }
    words[unit << 1] = count;
  }

  /** Moves `length` entries out of a node and into another of the same kind, which has room. */
  move(from: number, fromSlot: number, length: number, to: number, toSlot: number): void {
    this.open(to, toSlot, length);
    const source = this.#heap.words[from >>> SEGMENT_SHIFT];
    const target = this.#heap.words[to >>> SEGMENT_SHIFT];
    const sourceScores = this.#heap.doubles[from >>> SEGMENT_SHIFT];
    const targetScores = this.#heap.doubles[to >>> SEGMENT_SHIFT];
    let sourceAt = (from & UNIT_MASK) + 1 + fromSlot;
    let targetAt = (to & UNIT_MASK) + 1 + toSlot;
    for (let i = 0; i < length; i++) targetScores[targetAt + i] = sourceScores[sourceAt + i];
    const columns = source[((from & UNIT_MASK) << 1) + 1] >>> COLUMNS_SHIFT;
    for (let column = 0; column < columns; column++) {
      sourceAt = columnAt(source, from, column) + fromSlot;
      targetAt = columnAt(target, to, column) + toSlot;
      for (let i = 0; i < length; i++) target[targetAt + i] = source[sourceAt + i];
    }
    this.close(from, fromSlot, length);
  }
}

/** Index of the first word of a column. */
function columnAt(words: Uint32Array, node: number, column: number): number {
  const at = (node & UNIT_MASK) << 1;
  const room = words[at + 1] & ROOM_MASK;
  return at + 2 + room * (2 + column);
}
