/**
 * Ziplists, which small collections were before Redis 7.0, and how they become listpacks.
 *
 *     ziplist:  total bytes (4) | offset of the last entry (4) | entries (2) | entry | … | 0xff
 *     entry:    size of the entry before | encoding | bytes
 *
 *     size      one byte below 254, or 254 and 4 bytes
 *     encoding  00xxxxxx                      string of x bytes
 *               01xxxxxx xxxxxxxx             string of x bytes
 *               10000000 + 4 bytes            string of so many bytes
 *               11000000, 11010000, 11100000  integer of 2, 4 or 8 bytes
 *               11110000, 11111110            integer of 3 bytes or 1 byte
 *               1111xxxx                      the integer x - 1, with x from 1 to 13
 *
 * Integers and sizes are little endian, lengths of strings big endian. 65535 entries means that there may
 * be more. Reading checks all of it, and looks at nothing outside.
 */
import { int64OfWords } from "../values/int64_words.ts";
import { endListpack, writeStringEntry } from "../values/listpack_writer.ts";
import { allocateScratch } from "../memory/scratch.ts";
import type { Int64 } from "../resp/numbers.ts";
import { Slice } from "../values/slice.ts";

const headerBytes = 10;
const endByte = 0xff;
const countUnknown = 0xffff;
const longSize = 254;

const string14 = 0x40;
const string32 = 0x80;
const integers = 0xc0;
const integer32 = 0xd0;
const integer64 = 0xe0;
const integer24 = 0xf0;
const integer8 = 0xfe;
/** First bytes between these are the integers 0 to 12. */
const immediateFirst = 0xf1;
const immediateLast = 0xfd;

/** An empty listpack: its size, a count of 0 and its end. */
const emptyListpack = Uint8Array.of(7, 0, 0, 0, 0, 0, 0xff);

/**
 * A walk over a ziplist.
 *
 * @example
 * ```ts
 * ziplist.open(buffer, start, end);
 * while (ziplist.next()) show(ziplist.entry);
 * if (!ziplist.isWhole) refuse();
 * ```
 */
export class Ziplist {
  /** What `next` has gone to. */
  readonly entry: Slice = new Slice();
  /** Whether the walk has come to the end, and all was as it must be. */
  isWhole = false;

  #buffer: Uint8Array = emptyListpack;
  #start = 0;
  #end = 0;
  #at = 0;
  #previousSize = 0;
  #count = 0;

  /** Goes before the first entry of `buffer[start, end)`. */
  open(buffer: Uint8Array, start: number, end: number): void {
    this.#buffer = buffer;
    this.#start = start;
    this.#end = end;
    this.#at = start + headerBytes;
    this.#previousSize = 0;
    this.#count = 0;
    this.isWhole = false;
  }

  /** Goes to the next entry; false at the end, and where the bytes are none of a ziplist. */
  next(): boolean {
    const buffer = this.#buffer;
    const at = this.#at;
    const last = this.#end - 1;
    if (at >= last) {
      this.isWhole = at === last && this.#hasRightHeader();
      return false;
    }
    const isLong = buffer[at] === longSize;
    const head = at + (isLong ? 5 : 1);
    if (buffer[at] === endByte || head >= last) return false;
    const size = isLong ? readLittle(buffer, at + 1, 4) >>> 0 : buffer[at];
    if (size !== this.#previousSize) return false;
    const next = this.#readEntry(head, last);
    if (next === 0) return false;
    this.#previousSize = next - at;
    this.#at = next;
    this.#count++;
    return true;
  }

  /** The bytes of a listpack with the entries of a ziplist; null if it is none. */
  toListpack({ buffer, start, end }: Slice): Uint8Array | null {
    const length = end - start;
    // an entry takes a byte more at the most, or five where it has thousands
    const listpack = allocateScratch(length + (length >>> 6) + emptyListpack.length * 2);
    const { entry } = this;
    listpack.set(emptyListpack);
    let at = emptyListpack.length - 1;
    this.open(buffer, start, end);
    while (this.next()) {
      at = writeStringEntry(listpack, at, entry.buffer, entry.start, entry.end);
    }
    if (!this.isWhole) return null;
    endListpack(listpack, 0, at, this.#count);
    return listpack.subarray(0, at + 1);
  }

  /** Points `entry` at the one whose encoding is at `head`; what follows it, 0 if it is none. */
  #readEntry(head: number, last: number): number {
    const buffer = this.#buffer;
    const encoding = buffer[head];
    if (encoding >= integers) return this.#readInteger(encoding, head + 1, last);
    let start = head + 1;
    let length = encoding;
    if (encoding >= string32) {
      start = head + 5;
      if (encoding !== string32 || start > last) return 0;
      length = readBig(buffer, head + 1);
    } else if (encoding >= string14) {
      start = head + 2;
      if (start > last) return 0;
      length = (encoding & 0x3f) << 8 | buffer[head + 1];
    }
    if (length > last - start) return 0;
    this.entry.set(buffer, start, start + length);
    return start + length;
  }

  #readInteger(encoding: number, at: number, last: number): number {
    if (encoding >= immediateFirst && encoding <= immediateLast) {
      this.entry.setInteger(encoding - immediateFirst);
      return at;
    }
    const byteLength = integerBytes(encoding);
    if (byteLength === 0 || at + byteLength > last) return 0;
    this.entry.setInteger(readInteger(this.#buffer, at, byteLength));
    return at + byteLength;
  }

  /** Whether size, last entry and count are those that were found. */
  #hasRightHeader(): boolean {
    const buffer = this.#buffer;
    const start = this.#start;
    const length = this.#end - start;
    const tail = readLittle(buffer, start + 4, 4) >>> 0;
    const count = readLittle(buffer, start + 8, 2);
    const isTailRight = this.#count === 0
      ? tail < length
      : tail === this.#at - this.#previousSize - start;
    return buffer[this.#end - 1] === endByte && readLittle(buffer, start, 4) >>> 0 === length &&
      isTailRight && (count === countUnknown || count === this.#count);
  }
}

function integerBytes(encoding: number): number {
  switch (encoding) {
    case integer8:
      return 1;
    case integers:
      return 2;
    case integer24:
      return 3;
    case integer32:
      return 4;
    case integer64:
      return 8;
  }
  return 0;
}

function readInteger(buffer: Uint8Array, at: number, byteLength: number): Int64 {
  if (byteLength === 8) {
    return int64OfWords(readLittle(buffer, at, 4), readLittle(buffer, at + 4, 4));
  }
  const unused = 32 - byteLength * 8;
  return readLittle(buffer, at, byteLength) << unused >> unused;
}

/** Up to 32 bits. */
function readLittle(buffer: Uint8Array, at: number, byteLength: number): number {
  let value = 0;
  for (let i = 0; i < byteLength; i++) value |= buffer[at + i] << (i * 8);
  return value;
}

/** 32 bits. */
function readBig(buffer: Uint8Array, at: number): number {
  return (buffer[at] << 24 | buffer[at + 1] << 16 | buffer[at + 2] << 8 | buffer[at + 3]) >>> 0;
}
