/**
 * Listpacks: sequences of strings and integers packed into one block of the heap, byte for byte as Redis
 * has them, so that encodings change at the same sizes, and dumps and RDB files take them as they are.
 *
 *     block:  prefix | total bytes (4) | count (2) | entry | entry | ... | 0xFF
 *
 * The prefix belongs to the owner: links of a list's nodes, the timer of a hash's fields. Total bytes
 * are all but the prefix; a count of 65535 means that the entries must be counted. What an entry looks
 * like is in `listpack_entry.ts`.
 *
 * An entry is named by its position, the offset of its first byte behind the prefix; 0 is none. Positions
 * behind a change, and slices, are good until then. Bytes to be inserted may be anywhere but in the
 * listpack that they go into. Nothing here checks integrity: bytes from outside must `validate` before
 * `load` makes a listpack of them.
 *
 * Where the heap is full, `HeapFullError` leaves a listpack as it was; removing always succeeds.
 */

import { invariant } from "../assert.ts";
import { copyBytes, equalBytes } from "../memory/bytes.ts";
import type { FrozenBlocks } from "../memory/frozen_blocks.ts";
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "../memory/heap.ts";
import { type Int64, parseInt64 } from "../resp/numbers.ts";
import { highWord, lowWord } from "./int64_words.ts";
import {
  backlenBytes,
  encodedBytes,
  encodedStringBytes,
  encodeInteger,
  END,
  equalsEntry,
  equalsInteger,
  equalsString,
  INTEGER_13,
  integerBytesMax,
  isInteger,
  isShortString,
  LENGTH_6,
  readBacklen,
  readInteger,
  shortStringExtraBytes,
  skipBack,
  skipEntry,
  STRING_32,
  STRING_6,
  stringStart,
  writeBacklen,
  writeShortString,
  writeStringHead,
} from "./listpack_entry.ts";
import { growBlock, moveBytes, shrinkBlock } from "./packed_block.ts";
import type { Slice } from "./slice.ts";

/** Position of the first entry. */
const HEADER_BYTES = 6;
/** An empty listpack: header and end. */
const EMPTY_BYTES = HEADER_BYTES + 1;
const COUNT_UNKNOWN = 0xffff;

/** No listpack may grow beyond this: who fills one asks `isSafeToAdd` first where it could. */
const LISTPACK_BYTES_MAX = 2 ** 30;

/** Entries that are moved need no more room than this but now and then. */
const scratchBytes = 256;

/** All listpacks in a heap whose blocks begin with a prefix of one size. */
export class Listpacks {
  /** Of the entry written last, or of the one behind what was removed (0 if none is). */
  position = 0;

  readonly #heap: Heap;
  readonly #frozen: FrozenBlocks | null;
  readonly #prefixBytes: number;
  readonly #prefixWords: number;

  // The entry that is to be written: a string in the caller's buffer, or an integer encoded here.
  readonly #integer: Uint8Array = new Uint8Array(integerBytesMax);
  #integerBytes = 0;
  /** Holds entries that are moved. */
  readonly #scratch: Uint8Array = new Uint8Array(scratchBytes);
  #stringBytes = 0;

  /** `prefixBytes` is a multiple of 4; changes of what is in `frozen` are told there. */
  constructor(heap: Heap, prefixBytes: number, frozen: FrozenBlocks | null = null) {
    invariant(prefixBytes % 4 === 0, "the prefix of a listpack is made of words");
    this.#heap = heap;
    this.#frozen = frozen;
    this.#prefixBytes = prefixBytes;
    this.#prefixWords = prefixBytes / 4;
  }

  /** Makes an empty listpack, with room for `capacityBytes` as `bytes` counts them, and a prefix of 0. */
  create(capacityBytes = EMPTY_BYTES): number {
    const a = this.#allocate(Math.max(capacityBytes, EMPTY_BYTES));
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    const base = this.#base(a);
    bytes.fill(0, base, base + HEADER_BYTES);
    bytes[base] = EMPTY_BYTES;
    bytes[base + HEADER_BYTES] = END;
    return a;
  }

  /** Makes a listpack of the valid bytes of one, and a prefix of 0. */
  load(buffer: Uint8Array, start: number, end: number): number {
    const a = this.#allocate(end - start);
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    copyBytes(buffer, start, bytes, this.#base(a), end - start);
    return a;
  }

  /** Makes a listpack with the same entries, and a prefix of 0. */
  copy(a: number): number {
    const base = this.#base(a);
    return this.load(this.#heap.bytes[a >>> SEGMENT_SHIFT], base, base + this.bytes(a));
  }

  free(a: number): void {
    this.willChange(a);
    this.#heap.free(a);
  }

  /** Says that a listpack is about to change in another way than by the methods here. */
  willChange(a: number): void {
    if (this.#frozen !== null && this.#frozen.count > 0) this.#frozen.beforeChange(a);
  }

  /** Total bytes, without the prefix: what Redis counts. */
  bytes(a: number): number {
    return this.#heap.words[a >>> SEGMENT_SHIFT][((a & UNIT_MASK) << 1) + this.#prefixWords];
  }

  /** How many entries there are. Where the header does not know, it learns it if it can, as in Redis. */
  count(a: number): number {
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    const base = this.#base(a);
    const known = bytes[base + 4] | bytes[base + 5] << 8;
    if (known !== COUNT_UNKNOWN) return known;
    let count = 0;
    for (let at = base + HEADER_BYTES; bytes[at] !== END; at = skipEntry(bytes, at)) count++;
    if (count < COUNT_UNKNOWN) writeCount(bytes, base, count);
    return count;
  }

  /** Points `slice` at the whole listpack without the prefix. */
  locate(a: number, slice: Slice): void {
    const base = this.#base(a);
    slice.set(this.#heap.bytes[a >>> SEGMENT_SHIFT], base, base + this.bytes(a));
  }

  first(a: number): number {
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    return bytes[this.#base(a) + HEADER_BYTES] === END ? 0 : HEADER_BYTES;
  }

  last(a: number): number {
    return this.previous(a, this.bytes(a) - 1);
  }

  next(a: number, at: number): number {
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    const base = this.#base(a);
    const next = skipEntry(bytes, base + at);
    return bytes[next] === END ? 0 : next - base;
  }

  previous(a: number, at: number): number {
    if (at === HEADER_BYTES) return 0;
    const base = this.#base(a);
    return skipBack(this.#heap.bytes[a >>> SEGMENT_SHIFT], base + at) - base;
  }

  /** Position of the entry with this index, from the end if negative (-1 is the last); 0 if none is. */
  at(a: number, index: number): number {
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    const base = this.#base(a);
    const count = bytes[base + 4] | bytes[base + 5] << 8;
    if (count !== COUNT_UNKNOWN) {
      if (index < 0) index += count;
      if (index < 0 || index >= count) return 0;
      if (index > count >> 1) index -= count;
    }
    const end = base + this.bytes(a) - 1;
    let at: number;
    if (index >= 0) {
      at = base + HEADER_BYTES;
      for (; index > 0 && at !== end; index--) at = skipEntry(bytes, at);
      return at === end ? 0 : at - base;
    }
    at = end;
    for (; index < 0; index++) {
      if (at === base + HEADER_BYTES) return 0;
      at = skipBack(bytes, at);
    }
    return at - base;
  }

  /** Points `slice` at the entry: a string where it lies, an integer as its digits. */
  read(a: number, at: number, slice: Slice): void {
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    const from = this.#base(a) + at;
    if (isInteger(bytes, from)) slice.setInteger(readInteger(bytes, from));
    else slice.set(bytes, stringStart(bytes, from), from + encodedBytes(bytes, from));
  }

  /** As `read` and `next` in one step: points `slice` at the entry and returns the position behind it. */
  readNext(a: number, at: number, slice: Slice): number {
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    const base = this.#base(a);
    const from = base + at;
    const head = bytes[from];
    let next: number;
    if (head >= STRING_6 && head < INTEGER_13) {
      // the usual case, decoded once
      const end = from + 1 + (head & LENGTH_6);
      slice.set(bytes, from + 1, end);
      next = end + 1;
    } else {
      this.read(a, at, slice);
      next = skipEntry(bytes, from);
    }
    return bytes[next] === END ? 0 : next - base;
  }

  /** The entry's value, or null if it is a string. */
  integerAt(a: number, at: number): Int64 | null {
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    const from = this.#base(a) + at;
    return isInteger(bytes, from) ? readInteger(bytes, from) : null;
  }

  /** Whether the entry is `buffer[start, end)`: an integer equals its decimal form. */
  equals(a: number, at: number, buffer: Uint8Array, start: number, end: number): boolean {
    return equalsEntry(
      this.#heap.bytes[a >>> SEGMENT_SHIFT],
      this.#base(a) + at,
      buffer,
      start,
      end,
    );
  }

  /**
   * Position of the first entry that equals `buffer[start, end)`, or 0. It looks at `from` (0 for the
   * first entry), then skips `skip` entries before each further one.
   */
  find(
    a: number,
    from: number,
    skip: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): number {
    const value = parseInt64(buffer, start, end);
    if (value !== null) return this.#findInteger(a, from, skip, value, buffer, start, end);
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    const base = this.#base(a);
    const length = end - start;
    let at = base + (from === 0 ? HEADER_BYTES : from);
    let skipped = skip;
    for (let head = bytes[at]; head !== END; head = bytes[at]) {
      if (skipped < skip) {
        skipped++;
        at = skipEntry(bytes, at);
        continue;
      }
      skipped = 0;
      if (head >= STRING_6 && head < INTEGER_13) {
        // the usual case, without calls that decode it again
        const entryLength = head & LENGTH_6;
        if (entryLength === length && equalBytes(bytes, at + 1, buffer, start, length)) {
          return at - base;
        }
        at += 2 + entryLength;
      } else {
        if (equalsString(bytes, at, buffer, start, length)) return at - base;
        at = skipEntry(bytes, at);
      }
    }
    return 0;
  }

  /** As `find`, for the decimal form of `value`, which bytes from elsewhere may also have as a string. */
  #findInteger(
    a: number,
    from: number,
    skip: number,
    value: Int64,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): number {
    const low = lowWord(value);
    const high = highWord(value);
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    const base = this.#base(a);
    let at = base + (from === 0 ? HEADER_BYTES : from);
    let skipped = skip;
    for (; bytes[at] !== END; at = skipEntry(bytes, at)) {
      if (skipped < skip) {
        skipped++;
        continue;
      }
      skipped = 0;
      const isEqual = isInteger(bytes, at)
        ? equalsInteger(bytes, at, low, high)
        : equalsString(bytes, at, buffer, start, end - start);
      if (isEqual) return at - base;
    }
    return 0;
  }

  /** What an entry of these bytes takes, with its backlen. */
  entryBytes(buffer: Uint8Array, start: number, end: number): number {
    this.#encode(buffer, start, end);
    return this.#entryBytes();
  }

  /** What an entry of this integer takes, with its backlen. */
  integerEntryBytes(value: Int64): number {
    this.#encodeInteger(value);
    return this.#entryBytes();
  }

  /** Whether a listpack may grow by so many bytes: Redis' lpSafeToAdd. */
  isSafeToAdd(a: number, byteLength: number): boolean {
    return this.bytes(a) + byteLength <= LISTPACK_BYTES_MAX;
  }

  /** Makes room for entries of `byteLength` bytes: to insert so many moves no block and can't fail. */
  reserve(a: number, byteLength: number): number {
    this.willChange(a);
    const total = this.bytes(a);
    return growBlock(
      this.#heap,
      a,
      this.#prefixBytes + total + byteLength,
      this.#prefixBytes + total,
    );
  }

  insertBefore(a: number, at: number, buffer: Uint8Array, start: number, end: number): number {
    return this.#insert(a, at, buffer, start, end);
  }

  insertAfter(a: number, at: number, buffer: Uint8Array, start: number, end: number): number {
    return this.#insert(a, this.#behind(a, at), buffer, start, end);
  }

  append(a: number, buffer: Uint8Array, start: number, end: number): number {
    return this.#insert(a, this.bytes(a) - 1, buffer, start, end);
  }

  prepend(a: number, buffer: Uint8Array, start: number, end: number): number {
    return this.#insert(a, HEADER_BYTES, buffer, start, end);
  }

  replace(a: number, at: number, buffer: Uint8Array, start: number, end: number): number {
    this.#encode(buffer, start, end);
    return this.#put(a, at, this.#behind(a, at) - at, buffer, start);
  }

  insertIntegerBefore(a: number, at: number, value: Int64): number {
    this.#encodeInteger(value);
    return this.#insertEncoded(a, at, this.#integer, 0);
  }

  appendInteger(a: number, value: Int64): number {
    this.#encodeInteger(value);
    return this.#insertEncoded(a, this.bytes(a) - 1, this.#integer, 0);
  }

  replaceInteger(a: number, at: number, value: Int64): number {
    this.#encodeInteger(value);
    return this.#put(a, at, this.#behind(a, at) - at, this.#integer, 0);
  }

  /** Appends the entries of another listpack of this prefix, which stays as it is. */
  appendAll(a: number, other: number): number {
    const count = this.count(a) + this.count(other);
    const added = this.bytes(other) - EMPTY_BYTES;
    const at = this.bytes(a) - 1;
    a = this.#splice(a, at, 0, added);
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    const base = this.#base(a);
    const from = this.#base(other) + HEADER_BYTES;
    copyBytes(this.#heap.bytes[other >>> SEGMENT_SHIFT], from, bytes, base + at, added);
    writeCount(bytes, base, count < COUNT_UNKNOWN ? count : COUNT_UNKNOWN);
    return a;
  }

  /** Removes `entryCount` entries from the one at `at` on, or as many as there are. */
  remove(a: number, at: number, entryCount: number): number {
    this.willChange(a);
    const heap = this.#heap;
    const bytes = heap.bytes[a >>> SEGMENT_SHIFT];
    const words = heap.words[a >>> SEGMENT_SHIFT];
    const header = ((a & UNIT_MASK) << 1) + this.#prefixWords;
    const from = (header << 2) + at;
    let behind = from;
    let removed = 0;
    for (; removed < entryCount && bytes[behind] !== END; removed++) {
      behind = skipEntry(bytes, behind);
    }
    this.position = bytes[behind] === END ? 0 : at;
    const total = words[header];
    const left = total - (behind - from);
    moveBytes(bytes, behind, from, left - at);
    words[header] = left;
    // the count is in the lower half of this word
    if ((words[header + 1] & COUNT_UNKNOWN) !== COUNT_UNKNOWN) words[header + 1] -= removed;
    return shrinkBlock(heap, a, this.#prefixBytes + left);
  }

  /** Moves `entryCount` entries from the one at `at` on to before that at `to`, or with 0 to the end. */
  move(a: number, at: number, entryCount: number, to: number): void {
    this.willChange(a);
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    const base = this.#base(a);
    const from = base + at;
    let behind = from;
    for (let i = 0; i < entryCount; i++) behind = skipEntry(bytes, behind);
    const length = behind - from;
    const entries = length <= scratchBytes ? this.#scratch : new Uint8Array(length);
    copyBytes(bytes, from, entries, 0, length);
    const target = base + (to === 0 ? this.bytes(a) - 1 : to);
    if (target > behind) {
      moveBytes(bytes, behind, from, target - behind);
      copyBytes(entries, 0, bytes, target - length, length);
    } else if (target < from) {
      moveBytes(bytes, target, target + length, from - target);
      copyBytes(entries, 0, bytes, target, length);
    }
  }

  /**
   * Whether these are the bytes of a listpack, to the last one; reads nothing outside of them. Accepts
   * what Redis' lpValidateIntegrity accepts, but for lengths that overflow there.
   */
  validate(buffer: Uint8Array, start: number, end: number): boolean {
    const total = end - start;
    if (total < EMPTY_BYTES || total > LISTPACK_BYTES_MAX) return false;
    const stated = buffer[start] + buffer[start + 1] * 0x100 + buffer[start + 2] * 0x10000 +
      buffer[start + 3] * 0x1000000;
    const last = end - 1;
    if (stated !== total || buffer[last] !== END) return false;
    let count = 0;
    let at = start + HEADER_BYTES;
    while (at < last) {
      if (buffer[at] === END || (buffer[at] === STRING_32 && at + 5 > end)) return false;
      const length = encodedBytes(buffer, at);
      if (length === 0) return false;
      const next = at + length + backlenBytes(length);
      if (next > last || readBacklen(buffer, next - 1) !== length) return false;
      at = next;
      count++;
    }
    const known = buffer[start + 4] | buffer[start + 5] << 8;
    return known === COUNT_UNKNOWN || known === count;
  }

  /** Byte of the segment at which the listpack begins. */
  #base(a: number): number {
    return ((a & UNIT_MASK) << 3) + this.#prefixBytes;
  }

  #allocate(byteLength: number): number {
    const a = this.#heap.allocate(this.#prefixBytes + byteLength);
    const words = this.#heap.words[a >>> SEGMENT_SHIFT];
    const first = (a & UNIT_MASK) << 1;
    for (let i = 0; i < this.#prefixWords; i++) words[first + i] = 0;
    return a;
  }

  /** Position behind an entry, which may be the end. */
  #behind(a: number, at: number): number {
    const base = this.#base(a);
    return skipEntry(this.#heap.bytes[a >>> SEGMENT_SHIFT], base + at) - base;
  }

  /** Chooses how the bytes are to be stored. */
  #encode(buffer: Uint8Array, start: number, end: number): void {
    const value = parseInt64(buffer, start, end);
    if (value !== null) return this.#encodeInteger(value);
    this.#integerBytes = 0;
    this.#stringBytes = end - start;
  }

  #encodeInteger(value: Int64): void {
    this.#integerBytes = encodeInteger(this.#integer, 0, value);
  }

  /** Size of the entry that is to be written. */
  #entryBytes(): number {
    const length = this.#encodedBytes();
    return length + backlenBytes(length);
  }

  #encodedBytes(): number {
    return this.#integerBytes !== 0 ? this.#integerBytes : encodedStringBytes(this.#stringBytes);
  }

  #insert(a: number, at: number, buffer: Uint8Array, start: number, end: number): number {
    if (!isShortString(buffer, start, end)) {
      this.#encode(buffer, start, end);
      return this.#insertEncoded(a, at, buffer, start);
    }
    a = this.#open(a, at, end - start + shortStringExtraBytes);
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    writeShortString(bytes, this.#base(a) + at, buffer, start, end);
    this.position = at;
    return a;
  }

  #insertEncoded(a: number, at: number, buffer: Uint8Array, start: number): number {
    a = this.#open(a, at, this.#entryBytes());
    this.#write(a, at, buffer, start);
    return a;
  }

  /** Makes room for an entry of `entryBytes` at `at`, and counts it. */
  #open(a: number, at: number, entryBytes: number): number {
    this.willChange(a);
    const heap = this.#heap;
    const total = this.bytes(a);
    const changed = total + entryBytes;
    invariant(changed <= LISTPACK_BYTES_MAX, "who fills a listpack looks at its size");
    a = growBlock(heap, a, this.#prefixBytes + changed, this.#prefixBytes + total);
    const words = heap.words[a >>> SEGMENT_SHIFT];
    const header = ((a & UNIT_MASK) << 1) + this.#prefixWords;
    const from = (header << 2) + at;
    moveBytes(heap.bytes[a >>> SEGMENT_SHIFT], from, from + entryBytes, total - at);
    words[header] = changed;
    // the count is in the lower half of this word
    if ((words[header + 1] & COUNT_UNKNOWN) !== COUNT_UNKNOWN) words[header + 1]++;
    return a;
  }

  /** Writes the encoded entry in place of `replacedBytes` at `at`. */
  #put(a: number, at: number, replacedBytes: number, buffer: Uint8Array, start: number): number {
    a = this.#splice(a, at, replacedBytes, this.#entryBytes());
    this.#write(a, at, buffer, start);
    return a;
  }

  /** Writes the encoded entry where there is room for it. */
  #write(a: number, at: number, buffer: Uint8Array, start: number): void {
    const length = this.#encodedBytes();
    const bytes = this.#heap.bytes[a >>> SEGMENT_SHIFT];
    const from = this.#base(a) + at;
    if (this.#integerBytes !== 0) {
      for (let i = 0; i < length; i++) bytes[from + i] = this.#integer[i];
    } else {
      const to = writeStringHead(bytes, from, this.#stringBytes);
      copyBytes(buffer, start, bytes, to, this.#stringBytes);
    }
    writeBacklen(bytes, from + length, length);
    this.position = at;
  }

  /** Makes `removed` bytes at `at` `added` ones, whose content is arbitrary, and sees to the total. */
  #splice(a: number, at: number, removed: number, added: number): number {
    this.willChange(a);
    const heap = this.#heap;
    const total = this.bytes(a);
    const changed = total - removed + added;
    invariant(changed <= LISTPACK_BYTES_MAX, "who fills a listpack looks at its size");
    if (added > removed) {
      a = growBlock(heap, a, this.#prefixBytes + changed, this.#prefixBytes + total);
    }
    if (added !== removed) {
      const bytes = heap.bytes[a >>> SEGMENT_SHIFT];
      const from = this.#base(a) + at;
      moveBytes(bytes, from + removed, from + added, total - at - removed);
      heap.words[a >>> SEGMENT_SHIFT][((a & UNIT_MASK) << 1) + this.#prefixWords] = changed;
    }
    if (added < removed) a = shrinkBlock(heap, a, this.#prefixBytes + changed);
    return a;
  }
}

function writeCount(bytes: Uint8Array, base: number, count: number): void {
  bytes[base + 4] = count;
  bytes[base + 5] = count >>> 8;
}
