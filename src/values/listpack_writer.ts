/**
 * Appends several entries at once to a listpack that has room for them: its header is brought up to date
 * once, and each entry is written where it stays. `Listpacks` does the same one entry at a time, and
 * makes the room.
 */
import { copyBytes } from "../memory/bytes.ts";
import { type Int64, parseInt64 } from "../resp/numbers.ts";
import {
  encodedStringBytes,
  encodeInteger,
  END,
  integerBytesMax,
  STRING_6,
  writeBacklen,
  writeStringHead,
} from "./listpack_entry.ts";
import type { Slice } from "./slice.ts";

/** Where the count is in a listpack; it knows of no more entries than this. */
const countOffset = 4;
const countUnknown = 0xffff;

/** Integers below this, and strings of fewer bytes than `shortBytes`, have heads and backlens of a byte. */
const shortInteger = STRING_6;
const shortBytes = 64;

/**
 * @example
 * ```ts
 * listpacks.locate(a, slice);
 * writer.begin(slice);
 * writer.integer(7);
 * writer.string(buffer, 0, 5);
 * writer.end();
 * ```
 */
export class ListpackWriter {
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #at = 0;
  #added = 0;
  readonly #integer = new Uint8Array(integerBytesMax);

  /** Begins behind the last entry of a listpack, whose bytes go on behind `end` as far as is written. */
  begin({ buffer, start, end }: Slice): void {
    this.#bytes = buffer;
    this.#start = start;
    this.#at = end - 1;
    this.#added = 0;
  }

  integer(value: Int64): void {
    const bytes = this.#bytes;
    this.#added++;
    if (typeof value === "number" && value >= 0 && value < shortInteger) {
      bytes[this.#at++] = value;
      bytes[this.#at++] = 1;
      return;
    }
    const length = encodeInteger(this.#integer, value);
    for (let i = 0; i < length; i++) bytes[this.#at + i] = this.#integer[i];
    this.#at = writeBacklen(bytes, this.#at + length, length);
  }

  /** Writes `buffer[start, end)`, as an integer if that is what it says. */
  string(buffer: Uint8Array, start: number, end: number): void {
    const value = parseInt64(buffer, start, end);
    if (value !== null) return this.integer(value);
    const bytes = this.#bytes;
    const length = end - start;
    this.#added++;
    if (length < shortBytes) {
      bytes[this.#at] = STRING_6 | length;
      copyBytes(buffer, start, bytes, this.#at + 1, length);
      bytes[this.#at + 1 + length] = length + 1;
      this.#at += length + 2;
      return;
    }
    copyBytes(buffer, start, bytes, writeStringHead(bytes, this.#at, length), length);
    const encoded = encodedStringBytes(length);
    this.#at = writeBacklen(bytes, this.#at + encoded, encoded);
  }

  /** Ends the listpack behind what was written. */
  end(): void {
    const bytes = this.#bytes;
    const start = this.#start;
    bytes[this.#at] = END;
    const total = this.#at + 1 - start;
    for (let i = 0; i < countOffset; i++) bytes[start + i] = total >>> (i * 8);
    const known = bytes[start + countOffset] | bytes[start + countOffset + 1] << 8;
    const count = Math.min(known + this.#added, countUnknown);
    bytes[start + countOffset] = count;
    bytes[start + countOffset + 1] = count >>> 8;
  }
}
