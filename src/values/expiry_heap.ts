/**
 * The times to live of the fields of one large hash: a binary heap (J. Williams, 1964), the earliest
 * first, in one block of the `Heap`:
 *
 *     entry  word 0  expiry, low word
 *            word 1  expiry, high word: milliseconds since the epoch
 *            word 2  record of the field
 *
 * Each field's record says where its entry is: `positionWord` is the entry's number, counted from 1, and 0
 * for a field without a time to live. So a field's time is found, changed and taken away without a search.
 */
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "../memory/heap.ts";

/** Index of the word of a field's record that this class keeps. */
export const positionWord = 1;

const entryWords = 3;
const entryBytes = 12;
const entriesInitial = 5;
const twoTo32 = 0x100000000;

/** The entry number that a field's record has, 0 for none. */
export function positionOf(heap: Heap, record: number): number {
  return heap.words[record >>> SEGMENT_SHIFT][((record & UNIT_MASK) << 1) + positionWord];
}

/** For a new record, which has no entry; the entries' own are kept by `ExpiryHeap`. */
export function setPosition(heap: Heap, record: number, position: number): void {
  heap.words[record >>> SEGMENT_SHIFT][((record & UNIT_MASK) << 1) + positionWord] = position;
}

/**
 * The times to live of a hash's fields.
 *
 * @example
 * ```ts
 * const expiries = new ExpiryHeap(heap);
 * expiries.set(field, nowMs + 1000);
 * while (expiries.earliestMs < nowMs) expiries.remove(expiries.earliestRecord);
 * ```
 */
export class ExpiryHeap {
  /** The timer of the hash, which its database keeps; 0 for none. */
  timer = 0;
  readonly #heap: Heap;
  #block: number;
  #count = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#block = heap.allocate(entriesInitial * entryBytes);
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes of heap. */
  get bytes(): number {
    return this.#heap.capacity(this.#block);
  }

  /** The first time that a field goes at; Infinity if none does. */
  get earliestMs(): number {
    return this.#count === 0 ? Infinity : this.expiresAtMs(1);
  }

  /** The record of the field that goes first. There is one. */
  get earliestRecord(): number {
    return this.#words[this.#wordOf(1) + 2];
  }

  expiresAtMs(position: number): number {
    const words = this.#words;
    const at = this.#wordOf(position);
    return words[at + 1] * twoTo32 + words[at];
  }

  /**
   * Gives a field a time to live, in place of any that it had.
   *
   * @throws {HeapFullError} if there is no memory for it; nothing has changed then.
   */
  set(record: number, expiresAtMs: number): void {
    let position = positionOf(this.#heap, record);
    if (position === 0) {
      this.#reserve();
      position = ++this.#count;
    }
    const at = this.#wordOf(position);
    this.#words[at + 2] = record;
    this.#place(this.#siftUp(position, expiresAtMs), record, expiresAtMs);
    this.#siftDown(positionOf(this.#heap, record));
  }

  /** Takes a field's time to live away, if it has one. */
  remove(record: number): void {
    const position = positionOf(this.#heap, record);
    if (position === 0) return;
    setPosition(this.#heap, record, 0);
    const last = this.#count--;
    if (position === last) return;
    const at = this.#wordOf(last);
    const moved = this.#words[at + 2];
    const expiresAtMs = this.expiresAtMs(last);
    this.#place(this.#siftUp(position, expiresAtMs), moved, expiresAtMs);
    this.#siftDown(positionOf(this.#heap, moved));
  }

  /** A field's record is at another address now, with all that it said. */
  moved(record: number): void {
    const position = positionOf(this.#heap, record);
    if (position !== 0) this.#words[this.#wordOf(position) + 2] = record;
  }

  /** How many fields go before `nowMs`: looks at these and as many more at most. */
  countBefore(nowMs: number, position = 1): number {
    if (position > this.#count || this.expiresAtMs(position) >= nowMs) return 0;
    return 1 + this.countBefore(nowMs, position * 2) + this.countBefore(nowMs, position * 2 + 1);
  }

  free(): void {
    this.#heap.free(this.#block);
  }

  get #words(): Uint32Array {
    return this.#heap.words[this.#block >>> SEGMENT_SHIFT];
  }

  #wordOf(position: number): number {
    return ((this.#block & UNIT_MASK) << 1) + (position - 1) * entryWords;
  }

  #reserve(): void {
    const used = this.#count * entryBytes;
    if (used + entryBytes <= this.#heap.capacity(this.#block)) return;
    this.#block = this.#heap.reallocate(this.#block, used * 2, used);
  }

  /** Moves those that go later down from above a free place; returns the place for `expiresAtMs`. */
  #siftUp(position: number, expiresAtMs: number): number {
    while (position > 1) {
      const parent = position >>> 1;
      const parentMs = this.expiresAtMs(parent);
      if (parentMs <= expiresAtMs) break;
      this.#place(position, this.#words[this.#wordOf(parent) + 2], parentMs);
      position = parent;
    }
    return position;
  }

  /** Moves an entry down below all that go earlier. */
  #siftDown(position: number): void {
    const expiresAtMs = this.expiresAtMs(position);
    const record = this.#words[this.#wordOf(position) + 2];
    for (;;) {
      let child = position * 2;
      if (child > this.#count) break;
      if (child < this.#count && this.expiresAtMs(child + 1) < this.expiresAtMs(child)) child++;
      const childMs = this.expiresAtMs(child);
      if (childMs >= expiresAtMs) break;
      this.#place(position, this.#words[this.#wordOf(child) + 2], childMs);
      position = child;
    }
    this.#place(position, record, expiresAtMs);
  }

  #place(position: number, record: number, expiresAtMs: number): void {
    const words = this.#words;
    const at = this.#wordOf(position);
    words[at] = expiresAtMs >>> 0;
    words[at + 1] = Math.floor(expiresAtMs / twoTo32);
    words[at + 2] = record;
    setPosition(this.#heap, record, position);
  }
}
