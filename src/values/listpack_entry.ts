/**
 * One entry of a listpack, in the byte format of Redis: sizes, integers, comparison. Functions over
 * bytes at an offset, which know nothing of the heap; `listpack.ts` makes a collection of them.
 *
 *     entry:   encoding and length | bytes or integer | backlen
 *
 *     0xxxxxxx                                 integer 0 .. 127
 *     10llllll  bytes                          string up to 63 bytes
 *     110xxxxx  xxxxxxxx                       13-bit integer, high bits first
 *     1110llll  llllllll  bytes                string up to 4095 bytes, high bits first
 *     11110000  4 bytes of length, bytes       string
 *     11110001 .. 11110100                     integer of 16, 24, 32, 64 bits in 2, 3, 4, 8 bytes
 *     11111111                                 end of the listpack
 *
 * Numbers of several bytes are little-endian where nothing else is said. A string that is the decimal
 * form of a 64-bit integer is stored as the integer, in the first encoding that holds it. The backlen
 * is the size of all before it, in groups of 7 bits, read from its last byte to its first: a byte with
 * the high bit has another before it.
 */

import { copyBytes, equalBytes } from "../memory/bytes.ts";
import { type Int64, parseInt64 } from "../resp/numbers.ts";
import { highWord, int64OfWords, lowWord } from "./int64_words.ts";

/** The byte behind the last entry. */
export const END = 0xff;

/** First bytes below this are 7-bit integers. */
export const STRING_6 = 0x80;
/** First bytes from `STRING_6` and below this are strings of up to 63 bytes. */
export const INTEGER_13 = 0xc0;
const STRING_12 = 0xe0;
/** The first byte of a string whose length is in the four bytes behind. */
export const STRING_32 = 0xf0;
const INTEGER_16 = 0xf1;
const INTEGER_24 = 0xf2;
const INTEGER_32 = 0xf3;
const INTEGER_64 = 0xf4;

/** Low bits of the first byte of a string of up to 63 bytes. */
export const LENGTH_6 = 0x3f;

/** What a string of up to 63 bytes takes beside these: its head and its backlen. */
export const shortStringExtraBytes = 2;

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const MINUS = 0x2d;

/** Longest encoded integer: the first byte and eight more. */
export const integerBytesMax = 9;

/** Size of the entry at `at` without its backlen. At the end it is 1; an invalid first byte gives 0. */
export function encodedBytes(bytes: Uint8Array, at: number): number {
  const head = bytes[at];
  if (head < STRING_6) return 1;
  if (head < INTEGER_13) return 1 + (head & LENGTH_6);
  if (head < STRING_12) return 2;
  if (head < STRING_32) return 2 + ((head & 0x0f) << 8 | bytes[at + 1]);
  switch (head) {
    case STRING_32:
      return 5 + (readWord(bytes, at + 1) >>> 0);
    case INTEGER_16:
      return 3;
    case INTEGER_24:
      return 4;
    case INTEGER_32:
      return 5;
    case INTEGER_64:
      return 9;
    case END:
      return 1;
    default:
      return 0;
  }
}

/** Size of a backlen that says `length`, which is not always the fewest bytes: Redis has it so. */
export function backlenBytes(length: number): number {
  if (length <= 127) return 1;
  if (length < 16383) return 2;
  if (length < 2097151) return 3;
  return length < 268435455 ? 4 : 5;
}

/** Sizes with backlen of the entries whose first byte says it all; 0 for the others. */
const sizeByHead = Uint8Array.from({ length: 256 }, (_, head) => {
  const length = encodedBytes(Uint8Array.of(head), 0);
  const isLong = head === END || (head >= STRING_12 && head <= STRING_32);
  return length === 0 || isLong ? 0 : length + backlenBytes(length);
});

/** Offset of what follows the entry at `at`. */
export function skipEntry(bytes: Uint8Array, at: number): number {
  const size = sizeByHead[bytes[at]];
  if (size !== 0) return at + size;
  const length = encodedBytes(bytes, at);
  return at + length + backlenBytes(length);
}

/** Offset of the entry that ends before `at`, by its backlen. */
export function skipBack(bytes: Uint8Array, at: number): number {
  const length = readBacklen(bytes, at - 1);
  return at - length - backlenBytes(length);
}

/** What a backlen says whose last byte is at `last`; -1 if it has more than 5 bytes. */
export function readBacklen(bytes: Uint8Array, last: number): number {
  let byte = bytes[last];
  if (byte < 128) return byte;
  let length = byte & 127;
  let scale = 128;
  for (let i = 1; i < 5; i++) {
    byte = bytes[last - i];
    length += (byte & 127) * scale;
    if (byte < 128) return length;
    scale *= 128;
  }
  return -1;
}

/** Writes the backlen of an entry of `length` bytes at `at` and returns the offset behind it. */
export function writeBacklen(bytes: Uint8Array, at: number, length: number): number {
  const end = at + backlenBytes(length);
  let rest = length;
  for (let i = end - 1; i > at; i--) {
    bytes[i] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[at] = rest;
  return end;
}

/** Size of a string of `length` bytes with its first byte and length. */
export function encodedStringBytes(length: number): number {
  if (length < 64) return 1 + length;
  return length < 4096 ? 2 + length : 5 + length;
}

/** Writes what precedes the bytes of a string at `at` and returns where they go. */
export function writeStringHead(bytes: Uint8Array, at: number, length: number): number {
  if (length < 64) {
    bytes[at] = STRING_6 | length;
    return at + 1;
  }
  if (length < 4096) {
    bytes[at] = STRING_12 | (length >>> 8);
    bytes[at + 1] = length;
    return at + 2;
  }
  bytes[at] = STRING_32;
  writeWord(bytes, at + 1, length);
  return at + 5;
}

/**
 * Whether a string is surely no integer, by its first byte, and its head and backlen are a byte each: what
 * most of them are.
 */
export function isShortString(buffer: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length > LENGTH_6) return false;
  return length === 0 || buffer[start] > DIGIT_9 ||
    (buffer[start] < DIGIT_0 && buffer[start] !== MINUS);
}

/** Writes an entry with a string for which `isShortString` holds, and returns the offset behind it. */
export function writeShortString(
  bytes: Uint8Array,
  at: number,
  buffer: Uint8Array,
  start: number,
  end: number,
): number {
  const length = end - start;
  bytes[at] = STRING_6 | length;
  copyBytes(buffer, start, bytes, at + 1, length);
  bytes[at + 1 + length] = length + 1;
  return at + length + shortStringExtraBytes;
}

/** Whether the entry at `at` is an integer. */
export function isInteger(bytes: Uint8Array, at: number): boolean {
  const head = bytes[at];
  return head < STRING_6 || (head >= INTEGER_13 && (head < STRING_12 || head > STRING_32));
}

/** Offset of the bytes of the string at `at`. */
export function stringStart(bytes: Uint8Array, at: number): number {
  const head = bytes[at];
  if (head < INTEGER_13) return at + 1;
  return head < STRING_32 ? at + 2 : at + 5;
}

/**
 * Encodes an integer at `at`, where there is room for the longest, and returns how many bytes it takes.
 * Those behind them may be changed.
 */
export function encodeInteger(bytes: Uint8Array, at: number, value: Int64): number {
  const low = lowWord(value);
  if (low !== value) {
    bytes[at] = INTEGER_64;
    writeWord(bytes, at + 1, low);
    writeWord(bytes, at + 5, highWord(value));
    return 9;
  }
  if (low >= 0 && low <= 127) {
    bytes[at] = low;
    return 1;
  }
  if (low >= -4096 && low <= 4095) {
    bytes[at] = INTEGER_13 | ((low >> 8) & 0x1f);
    bytes[at + 1] = low;
    return 2;
  }
  writeWord(bytes, at + 1, low);
  if (low >= -32768 && low <= 32767) {
    bytes[at] = INTEGER_16;
    return 3;
  }
  if (low >= -8388608 && low <= 8388607) {
    bytes[at] = INTEGER_24;
    return 4;
  }
  bytes[at] = INTEGER_32;
  return 5;
}

/** The integer at `at`, which is one. */
export function readInteger(bytes: Uint8Array, at: number): Int64 {
  if (bytes[at] === INTEGER_64) {
    return int64OfWords(readWord(bytes, at + 1), readWord(bytes, at + 5));
  }
  return readShortInteger(bytes, at);
}

/** Whether the integer at `at` has these words. */
export function equalsInteger(bytes: Uint8Array, at: number, low: number, high: number): boolean {
  if (bytes[at] === INTEGER_64) {
    return readWord(bytes, at + 1) === low && readWord(bytes, at + 5) === high;
  }
  return readShortInteger(bytes, at) === low && low >> 31 === high;
}

/** Whether the entry at `at` is a string of these bytes. */
export function equalsString(
  bytes: Uint8Array,
  at: number,
  buffer: Uint8Array,
  start: number,
  length: number,
): boolean {
  if (isInteger(bytes, at)) return false;
  const from = stringStart(bytes, at);
  return at + encodedBytes(bytes, at) - from === length &&
    equalBytes(bytes, from, buffer, start, length);
}

/** Whether the entry at `at` is `buffer[start, end)`: an integer equals its decimal form. */
export function equalsEntry(
  bytes: Uint8Array,
  at: number,
  buffer: Uint8Array,
  start: number,
  end: number,
): boolean {
  const head = bytes[at];
  if (head >= STRING_6 && head < INTEGER_13) {
    const length = head & LENGTH_6;
    return length === end - start && equalBytes(bytes, at + 1, buffer, start, length);
  }
  if (!isInteger(bytes, at)) return equalsString(bytes, at, buffer, start, end - start);
  const value = parseInt64(buffer, start, end);
  return value !== null && equalsInteger(bytes, at, lowWord(value), highWord(value));
}

/** The integer at `at`, if it has no more than 32 bits. */
function readShortInteger(bytes: Uint8Array, at: number): number {
  const head = bytes[at];
  if (head < STRING_6) return head;
  if (head < STRING_12) return ((head & 0x1f) << 8 | bytes[at + 1]) << 19 >> 19;
  if (head === INTEGER_16) return (bytes[at + 1] | bytes[at + 2] << 8) << 16 >> 16;
  if (head === INTEGER_24) {
    return (bytes[at + 1] | bytes[at + 2] << 8 | bytes[at + 3] << 16) << 8 >> 8;
  }
  return readWord(bytes, at + 1);
}

/** 32 bits as a signed number. */
function readWord(bytes: Uint8Array, at: number): number {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24;
}

/** Writes the lower 32 bits of a number. */
export function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
}
