/**
 * The two orders that streams keep things in: by ID (nodes, pending entries) and by name (groups,
 * consumers). Both are ordered indexes of blocks that begin with what they are ordered by, looked for
 * with an ID or a name that is in no block: record 0 stands for that one.
 */
import { compareBytes } from "../memory/bytes.ts";
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "../memory/heap.ts";
import type { OrderedCursor } from "../memory/ordered_cursor.ts";
import { OrderedIndex } from "../memory/ordered_index.ts";
import type { Slice } from "./slice.ts";
import { StreamId, streamIdWords } from "./stream_id.ts";

/** Stands for what is looked for. */
const sought = 0;

/** Trees of blocks whose first words are an ID. */
export class StreamIdIndex {
  readonly trees: OrderedIndex;
  readonly #heap: Heap;
  readonly #sought = new StreamId();
  readonly #other = new StreamId();

  constructor(heap: Heap) {
    this.#heap = heap;
    this.trees = new OrderedIndex(heap, { compareTies: (a, b) => this.#compare(a, b) });
  }

  cursor(): OrderedCursor {
    return this.trees.cursor();
  }

  /** How many blocks have an ID before `id`. */
  rank(tree: number, id: StreamId): number {
    this.#sought.set(id);
    return this.trees.rank(tree, id.msApproximate, sought);
  }

  /** The block with this ID, or 0. */
  find(tree: number, id: StreamId): number {
    return this.#at(tree, this.rank(tree, id));
  }

  /** The rank of the last block whose ID is `id` or before it, -1 if there is none. */
  floorRank(tree: number, id: StreamId): number {
    const rank = this.rank(tree, id);
    return this.#at(tree, rank) !== 0 ? rank : rank - 1;
  }

  /** @throws {HeapFullError} */
  insert(tree: number, block: number): void {
    this.trees.insert(tree, this.#scoreOf(block), block);
  }

  remove(tree: number, block: number): void {
    this.trees.remove(tree, this.#scoreOf(block), block);
  }

  /** A block is at another address now; the old one may be freed. */
  relocate(tree: number, from: number, to: number): void {
    this.trees.relocate(tree, this.#scoreOf(to), from, to);
  }

  /** The block of a rank if it has the ID that is looked for, or 0. */
  #at(tree: number, rank: number): number {
    if (rank === this.trees.count(tree)) return 0;
    const block = this.trees.at(tree, rank);
    return this.#compare(block, sought) === 0 ? block : 0;
  }

  #scoreOf(block: number): number {
    const words = this.#heap.words[block >>> SEGMENT_SHIFT];
    return this.#other.load(words, (block & UNIT_MASK) << 1).msApproximate;
  }

  #compare(a: number, b: number): number {
    const { words } = this.#heap;
    const aWords = words[a >>> SEGMENT_SHIFT];
    const bWords = words[b >>> SEGMENT_SHIFT];
    const aAt = (a & UNIT_MASK) << 1;
    const bAt = (b & UNIT_MASK) << 1;
    if (a === sought) return this.#sought.compare(this.#other.load(bWords, bAt));
    if (b === sought) return this.#other.load(aWords, aAt).compare(this.#sought);
    for (let i = streamIdWords - 1; i >= 0; i--) {
      if (aWords[aAt + i] !== bWords[bAt + i]) return aWords[aAt + i] - bWords[bAt + i];
    }
    return 0;
  }
}

/** Trees of blocks whose first word is the length of a name, which is further behind. */
export class StreamNameIndex {
  readonly trees: OrderedIndex;
  readonly #heap: Heap;
  readonly #nameOffset: number;
  #buffer: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;

  /** The name is `nameOffset` bytes behind the block's first. */
  constructor(heap: Heap, nameOffset: number) {
    this.#heap = heap;
    this.#nameOffset = nameOffset;
    this.trees = new OrderedIndex(heap, { compareTies: (a, b) => this.#compare(a, b) });
  }

  /** The block with the name `buffer[start, end)`, or 0. */
  find(tree: number, buffer: Uint8Array, start: number, end: number): number {
    this.#buffer = buffer;
    this.#start = start;
    this.#end = end;
    const rank = this.trees.rank(tree, 0, sought);
    if (rank === this.trees.count(tree)) return 0;
    const block = this.trees.at(tree, rank);
    return this.#compare(block, sought) === 0 ? block : 0;
  }

  /** @throws {HeapFullError} */
  insert(tree: number, block: number): void {
    this.trees.insert(tree, 0, block);
  }

  remove(tree: number, block: number): void {
    this.trees.remove(tree, 0, block);
  }

  /** Points `slice` at the name of a block. */
  locateName(block: number, slice: Slice): void {
    const start = this.#startOf(block);
    slice.set(this.#heap.bytes[block >>> SEGMENT_SHIFT], start, start + this.#lengthOf(block));
  }

  #startOf(block: number): number {
    return ((block & UNIT_MASK) << 3) + this.#nameOffset;
  }

  #lengthOf(block: number): number {
    return this.#heap.words[block >>> SEGMENT_SHIFT][(block & UNIT_MASK) << 1];
  }

  #compare(a: number, b: number): number {
    if (a === sought) return -this.#compare(b, a);
    const { bytes } = this.#heap;
    const aStart = this.#startOf(a);
    const aEnd = aStart + this.#lengthOf(a);
    const aBytes = bytes[a >>> SEGMENT_SHIFT];
    if (b === sought) {
      return compareBytes(aBytes, aStart, aEnd, this.#buffer, this.#start, this.#end);
    }
    const bStart = this.#startOf(b);
    const bEnd = bStart + this.#lengthOf(b);
    return compareBytes(aBytes, aStart, aEnd, bytes[b >>> SEGMENT_SHIFT], bStart, bEnd);
  }
}
