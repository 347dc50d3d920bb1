/**
 * Zipmaps, which small hashes were before Redis 2.6:
 *
 *     zipmap:  pairs | pair | pair | … | 0xff
 *     pair:    length | field | length | free | value | as many unused bytes as `free` says
 *
 * A length is one byte below 254, or 254 and 4 bytes, little endian; 254 pairs means that there may be
 * more. Reading checks all of it, and looks at nothing outside.
 */
import { Slice } from "../values/slice.ts";

const endByte = 0xff;
const longLength = 254;
const countUnknown = 254;

/**
 * A walk over a zipmap.
 *
 * @example
 * ```ts
 * zipmap.open(buffer, start, end);
 * while (zipmap.next()) show(zipmap.field, zipmap.value);
 * if (!zipmap.isWhole) refuse();
 * ```
 */
export class Zipmap {
  /** What `next` has gone to. */
  readonly field: Slice = new Slice();
  readonly value: Slice = new Slice();
  /** Whether the walk has come to the end, and all was as it must be. */
  isWhole = false;

  #buffer: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #at = 0;
  #count = 0;
  /** What `takeLength` has found. */
  #length = 0;

  /** Goes before the first pair of `buffer[start, end)`. */
  open(buffer: Uint8Array, start: number, end: number): void {
    this.#buffer = buffer;
    this.#start = start;
    this.#end = end;
    this.#at = start + 1;
    this.#count = 0;
    this.isWhole = false;
  }

  /** Goes to the next pair; false at the end, and where the bytes are none of a zipmap. */
  next(): boolean {
    const buffer = this.#buffer;
    const last = this.#end - 1;
    if (this.#at === last && buffer[last] === endByte) {
      const count = buffer[this.#start];
      this.isWhole = this.#count > 0 && (count === countUnknown || count === this.#count);
      return false;
    }
    if (!this.#takeLength(last)) return false;
    const fieldStart = this.#at;
    this.#at += this.#length;
    this.field.set(buffer, fieldStart, this.#at);
    if (!this.#takeLength(last - 1)) return false;
    const free = buffer[this.#at];
    const valueStart = this.#at + 1;
    this.value.set(buffer, valueStart, valueStart + this.#length);
    this.#at = valueStart + this.#length + free;
    this.#count++;
    return this.#at <= last;
  }

  /** Walks over a length; false if it, or so many bytes behind it, are not before `limit`. */
  #takeLength(limit: number): boolean {
    const buffer = this.#buffer;
    const at = this.#at;
    if (at >= limit || buffer[at] === endByte) return false;
    if (buffer[at] !== longLength) {
      this.#length = buffer[at];
      this.#at = at + 1;
    } else {
      if (at + 5 > limit) return false;
      const low = buffer[at + 1] | buffer[at + 2] << 8 | buffer[at + 3] << 16;
      this.#length = low + buffer[at + 4] * 0x1000000;
      this.#at = at + 5;
    }
    return this.#length <= limit - this.#at;
  }
}
