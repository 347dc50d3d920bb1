/**
 * A range of bytes and where it is: how values of every kind hand out what they hold without a copy.
 *
 * The bytes may be in the heap, in a request, or the digits of an integer that is kept in binary, which
 * a slice writes into a buffer of its own. Slices are made once and pointed elsewhere again and again.
 */

import { type Int64, writeInteger } from "../resp/numbers.ts";

/** Room for "-9223372036854775808". */
const digitsMax = 20;

const encoder = new TextEncoder();

/** `buffer[start, end)`: valid until the heap changes, or the slice is set again. */
export class Slice {
  buffer: Uint8Array;
  start = 0;
  end = 0;
  readonly #digits: Uint8Array = new Uint8Array(digitsMax);

  constructor() {
    this.buffer = this.#digits;
  }

  get length(): number {
    return this.end - this.start;
  }

  set(buffer: Uint8Array, start: number, end: number): void {
    this.buffer = buffer;
    this.start = start;
    this.end = end;
  }

  /** Makes this the decimal form of `value`. */
  setInteger(value: Int64): void {
    this.buffer = this.#digits;
    this.start = 0;
    this.end = typeof value === "number"
      ? writeInteger(this.#digits, 0, value)
      : encoder.encodeInto(value.toString(), this.#digits).written;
  }
}
