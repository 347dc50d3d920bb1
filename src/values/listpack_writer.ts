/**
 * Writes entries one behind the other, at the end of a listpack that has room for them: each function
 * returns the offset behind what it wrote, and `endListpack` brings the header up to date once, for all.
 * `Listpacks` does the same one entry at a time, and makes the room.
 *
 * @example
 * ```ts
 * listpacks.locate(a, slice);
 * const { buffer: bytes, start, end } = slice;
 * let at = writeIntegerEntry(bytes, end - 1, 7);
 * at = writeStringEntry(bytes, at, text, 0, text.length);
 * endListpack(bytes, start, at, 2);
 * ```
 */
import { copyBytes } from "../memory/bytes.ts";
import { type Int64, parseInt64 } from "../resp/numbers.ts";
import {
  encodedStringBytes,
  encodeInteger,
  END,
  isShortString,
  STRING_6,
  writeBacklen,
  writeShortString,
  writeStringHead,
  writeWord,
} from "./listpack_entry.ts";

/** Where the count is in a listpack; it knows of no more entries than this. */
const countOffset = 4;
const countUnknown = 0xffff;

/** Integers below this have a head and a backlen of a byte each. */
const shortInteger = STRING_6;

export function writeIntegerEntry(bytes: Uint8Array, at: number, value: Int64): number {
  if (typeof value === "number" && value >= 0 && value < shortInteger) {
    bytes[at] = value;
    bytes[at + 1] = 1;
    return at + 2;
  }
  const length = encodeInteger(bytes, at, value);
  return writeBacklen(bytes, at + length, length);
}

/** Writes `buffer[start, end)`, as an integer if that is what it says. */
export function writeStringEntry(
  bytes: Uint8Array,
  at: number,
  buffer: Uint8Array,
  start: number,
  end: number,
): number {
  if (isShortString(buffer, start, end)) return writeShortString(bytes, at, buffer, start, end);
  const value = parseInt64(buffer, start, end);
  if (value !== null) return writeIntegerEntry(bytes, at, value);
  const length = end - start;
  copyBytes(buffer, start, bytes, writeStringHead(bytes, at, length), length);
  const encoded = encodedStringBytes(length);
  return writeBacklen(bytes, at + encoded, encoded);
}

/** Ends the listpack that begins at `start` behind what was written: `added` entries, the last up to `at`. */
export function endListpack(bytes: Uint8Array, start: number, at: number, added: number): void {
  bytes[at] = END;
  writeWord(bytes, start, at + 1 - start);
  const known = bytes[start + countOffset] | bytes[start + countOffset + 1] << 8;
  const count = Math.min(known + added, countUnknown);
  bytes[start + countOffset] = count;
  bytes[start + countOffset + 1] = count >>> 8;
}
