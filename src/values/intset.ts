/**
 * Intsets: sorted sets of integers in one block of the heap, byte for byte as Redis has them.
 *
 *     block:  encoding (4): 2, 4 or 8 | count (4) | count integers of so many bytes, ascending
 *
 * All integers have the width that the widest one ever added needed; none is ever given up again. Words
 * are little-endian, as those of every processor that this runs on. The integers of 8 bytes are compared
 * by their words, as a bigint of each would cost more than the search.
 *
 * Nothing here checks integrity: bytes from outside must `validate` before `load` makes an intset of
 * them. Where the heap is full, `HeapFullError` leaves an intset as it was; removing always succeeds.
 */

import { copyBytes } from "../memory/bytes.ts";
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "../memory/heap.ts";
import type { Int64 } from "../resp/numbers.ts";
import { highWord, int64OfWords, lowWord } from "./int64_words.ts";
import { growBlock, moveBytes, shrinkBlock } from "./packed_block.ts";
import type { Slice } from "./slice.ts";

const HEADER_BYTES = 8;
const HEADER_WORDS = 2;

/** All intsets in a heap. */
export class Intsets {
  /** Whether the last `add` or `remove` did change the set. */
  changed = false;

  readonly #heap: Heap;
  /** Where the last search found its value, or where that belongs. */
  #index = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  create(): number {
    const a = this.#heap.allocate(HEADER_BYTES);
    this.#setHeader(a, 2, 0);
    return a;
  }

  /** Makes an intset of the valid bytes of one. */
  load(buffer: Uint8Array, start: number, end: number): number {
    const a = this.#heap.allocate(end - start);
    copyBytes(buffer, start, this.#heap.bytes[a >>> SEGMENT_SHIFT], byteBase(a), end - start);
    return a;
  }

  copy(a: number): number {
    const base = byteBase(a);
    return this.load(this.#heap.bytes[a >>> SEGMENT_SHIFT], base, base + this.bytes(a));
  }

  free(a: number): void {
    this.#heap.free(a);
  }

  count(a: number): number {
    return this.#heap.words[a >>> SEGMENT_SHIFT][wordBase(a) + 1];
  }

  /** Total bytes: what Redis counts. */
  bytes(a: number): number {
    return HEADER_BYTES + this.count(a) * this.#width(a);
  }

  /** Points `slice` at the whole intset. */
  locate(a: number, slice: Slice): void {
    const base = byteBase(a);
    slice.set(this.#heap.bytes[a >>> SEGMENT_SHIFT], base, base + this.bytes(a));
  }

  /** The integer with this index, from 0 for the least one to `count` - 1. */
  at(a: number, index: number): Int64 {
    const words = this.#heap.words[a >>> SEGMENT_SHIFT];
    const base = wordBase(a);
    if (words[base] !== 8) return readShort(words, base, words[base], index);
    const at = base + HEADER_WORDS + (index << 1);
    return int64OfWords(words[at], words[at + 1] | 0);
  }

  min(a: number): Int64 {
    return this.at(a, 0);
  }

  max(a: number): Int64 {
    return this.at(a, this.count(a) - 1);
  }

  has(a: number, value: Int64): boolean {
    return widthOf(value) <= this.#width(a) && this.#search(a, value);
  }

  /** Adds an integer, and `changed` tells whether it is new. Returns where the set is now. */
  add(a: number, value: Int64): number {
    const width = widthOf(value);
    if (width > this.#width(a)) return this.#widenAndAdd(a, value, width);
    this.changed = !this.#search(a, value);
    if (!this.changed) return a;
    const index = this.#index;
    const count = this.count(a);
    const setWidth = this.#width(a);
    const total = HEADER_BYTES + count * setWidth;
    a = growBlock(this.#heap, a, total + setWidth, total);
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    const at = byteBase(a) + HEADER_BYTES + index * setWidth;
    moveBytes(bytes, at, at + setWidth, (count - index) * setWidth);
    this.#write(a, setWidth, index, lowWord(value), highWord(value));
    this.#setHeader(a, setWidth, count + 1);
    return a;
  }

  /** Removes an integer, and `changed` tells whether it was there. Returns where the set is now. */
  remove(a: number, value: Int64): number {
    this.changed = this.has(a, value);
    if (!this.changed) return a;
    const count = this.count(a) - 1;
    const width = this.#width(a);
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    const at = byteBase(a) + HEADER_BYTES + this.#index * width;
    moveBytes(bytes, at + width, at, (count - this.#index) * width);
    this.#setHeader(a, width, count);
    return shrinkBlock(this.#heap, a, HEADER_BYTES + count * width);
  }

  /** Whether these are the bytes of an intset with members; reads nothing outside of them. */
  validate(buffer: Uint8Array, start: number, end: number): boolean {
    if (end - start < HEADER_BYTES) return false;
    const width = readWord(buffer, start);
    const count = readWord(buffer, start + 4) >>> 0;
    if (width !== 2 && width !== 4 && width !== 8) return false;
    if (count === 0 || HEADER_BYTES + count * width !== end - start) return false;
    let lowBefore = 0;
    let highBefore = 0;
    for (let at = start + HEADER_BYTES; at < end; at += width) {
      // of what is narrow the value is in `high`
      const low = width === 8 ? readWord(buffer, at) >>> 0 : 0;
      const high = width === 2
        ? (buffer[at] | buffer[at + 1] << 8) << 16 >> 16
        : readWord(buffer, at + width - 4);
      const isFirst = at === start + HEADER_BYTES;
      const isAscending = highBefore < high || (highBefore === high && lowBefore < low);
      if (!isFirst && !isAscending) return false;
      lowBefore = low;
      highBefore = high;
    }
    return true;
  }

  #width(a: number): number {
    return this.#heap.words[a >>> SEGMENT_SHIFT][wordBase(a)];
  }

  #setHeader(a: number, width: number, count: number): void {
    const words = this.#heap.words[a >>> SEGMENT_SHIFT];
    words[wordBase(a)] = width;
    words[wordBase(a) + 1] = count;
  }

  /** Looks for a value that is no wider than the set and leaves `#index` where it is or belongs. */
  #search(a: number, value: Int64): boolean {
    const words = this.#heap.words[a >>> SEGMENT_SHIFT];
    const base = wordBase(a);
    const width = words[base];
    const low = lowWord(value);
    if (width === 8) return this.#searchWide(words, base, low >>> 0, highWord(value));
    let first = 0;
    let behind = words[base + 1];
    // What is added is often the greatest so far.
    if (behind > 0 && readShort(words, base, width, behind - 1) < low) first = behind;
    while (first < behind) {
      const middle = (first + behind) >>> 1;
      const member = readShort(words, base, width, middle);
      if (member === low) {
        this.#index = middle;
        return true;
      }
      if (member < low) first = middle + 1;
      else behind = middle;
    }
    this.#index = first;
    return false;
  }

  #searchWide(words: Uint32Array, base: number, low: number, high: number): boolean {
    let first = 0;
    let behind = words[base + 1];
    while (first < behind) {
      const middle = (first + behind) >>> 1;
      const at = base + HEADER_WORDS + (middle << 1);
      const memberHigh = words[at + 1] | 0;
      const memberLow = words[at];
      if (memberHigh === high && memberLow === low) {
        this.#index = middle;
        return true;
      }
      if (memberHigh < high || (memberHigh === high && memberLow < low)) first = middle + 1;
      else behind = middle;
    }
    this.#index = first;
    return false;
  }

  /** Adds what no member is as wide as: it is the least or the greatest then. */
  #widenAndAdd(a: number, value: Int64, width: number): number {
    const count = this.count(a);
    const widthBefore = this.#width(a);
    const total = HEADER_BYTES + count * widthBefore;
    a = growBlock(this.#heap, a, HEADER_BYTES + (count + 1) * width, total);
    const words = this.#heap.words[a >>> SEGMENT_SHIFT];
    const base = wordBase(a);
    const shift = value < 0 ? 1 : 0;
    // From the last to the first, so that none is written over before it has moved.
    for (let i = count - 1; i >= 0; i--) {
      const member = readShort(words, base, widthBefore, i);
      this.#write(a, width, i + shift, member, member >> 31);
    }
    this.#write(a, width, shift === 1 ? 0 : count, lowWord(value), highWord(value));
    this.#setHeader(a, width, count + 1);
    this.changed = true;
    return a;
  }

  #write(a: number, width: number, index: number, low: number, high: number): void {
    if (width === 2) {
      const at = byteBase(a) + HEADER_BYTES + (index << 1);
      const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
      bytes[at] = low;
      bytes[at + 1] = low >>> 8;
      return;
    }
    const words = this.#heap.words[a >>> SEGMENT_SHIFT];
    const at = wordBase(a) + HEADER_WORDS;
    if (width === 4) {
      words[at + index] = low;
      return;
    }
    words[at + (index << 1)] = low;
    words[at + (index << 1) + 1] = high;
  }
}

/** 32 bits as a signed number. */
function readWord(bytes: Uint8Array, at: number): number {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24;
}

/** A member of an intset of 2 or 4 bytes each, whose block begins at word `base`. */
function readShort(words: Uint32Array, base: number, width: number, index: number): number {
  if (width === 4) return words[base + HEADER_WORDS + index] | 0;
  const word = words[base + HEADER_WORDS + (index >>> 1)];
  return (index & 1) === 0 ? word << 16 >> 16 : word >> 16;
}

/** Bytes that an integer needs. */
function widthOf(value: Int64): number {
  const low = lowWord(value);
  if (low !== value) return 8;
  return low << 16 >> 16 === low ? 2 : 4;
}

function wordBase(a: number): number {
  return (a & UNIT_MASK) << 1;
}

function byteBase(a: number): number {
  return (a & UNIT_MASK) << 3;
}
