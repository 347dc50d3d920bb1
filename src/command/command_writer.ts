/**
 * Commands as they are propagated, in RESP: each an array of bulk strings, one behind the other in a
 * buffer that is used again and again.
 *
 * What a handler propagates in place of its request it writes here, word by word, without an object or a
 * string for any of them. `propagation.ts` says when, and hands on what has been written.
 */
import { copyBytes } from "../memory/bytes.ts";
import { propagationBufferBytesUsual } from "../limits.ts";
import type { Arguments } from "../resp/arguments.ts";
import { type Int64, writeInteger } from "../resp/numbers.ts";
import type { Slice } from "../values/slice.ts";
import { type StreamId, streamIdTextBytesMax } from "../values/stream_id.ts";

const arrayType = 0x2a;
const bulkType = 0x24;
const carriageReturn = 13;
const lineFeed = 10;

/** Room for a type byte, 20 digits and CRLF. */
const headerBytesMax = 24;
const digitsMax = 20;

const encoder = new TextEncoder();

export class CommandWriter {
  bytes: Uint8Array = new Uint8Array(propagationBufferBytesUsual);
  /** How many of the bytes have been written. */
  end = 0;
  readonly #digits = new Uint8Array(Math.max(digitsMax, streamIdTextBytesMax));

  /** Forgets all that was written, and gives back the memory that much of it took. */
  clear(): void {
    this.end = 0;
    if (this.bytes.length > propagationBufferBytesUsual) {
      this.bytes = new Uint8Array(propagationBufferBytesUsual);
    }
  }

  /** Begins a command of so many words, its name included, which the caller writes. */
  begin(wordCount: number): this {
    this.#header(arrayType, wordCount);
    return this;
  }

  /** Writes a request as it came. */
  request(args: Arguments): this {
    return this.begin(args.count).argumentsFrom(args, 0);
  }

  /** Writes argument `i`. */
  argument({ buffer, starts, ends }: Arguments, i: number): this {
    return this.bulk(buffer, starts[i], ends[i]);
  }

  /** Writes the arguments from `first` on. */
  argumentsFrom({ buffer, starts, ends, count }: Arguments, first: number): this {
    for (let i = first; i < count; i++) this.bulk(buffer, starts[i], ends[i]);
    return this;
  }

  /** Writes a word of ASCII. */
  word(text: string): this {
    this.#header(bulkType, text.length);
    this.#reserve(text.length + 2);
    for (let i = 0; i < text.length; i++) this.bytes[this.end++] = text.charCodeAt(i);
    return this.#lineEnd();
  }

  slice({ buffer, start, end }: Slice): this {
    return this.bulk(buffer, start, end);
  }

  bulk(buffer: Uint8Array, start: number, end: number): this {
    const length = end - start;
    this.#header(bulkType, length);
    this.#reserve(length + 2);
    copyBytes(buffer, start, this.bytes, this.end, length);
    this.end += length;
    return this.#lineEnd();
  }

  integer(value: Int64): this {
    const length = typeof value === "number"
      ? writeInteger(this.#digits, 0, value)
      : encoder.encodeInto(value.toString(), this.#digits).written;
    return this.bulk(this.#digits, 0, length);
  }

  streamId(id: StreamId): this {
    return this.bulk(this.#digits, 0, id.write(this.#digits));
  }

  /** Writes a type byte, a length and CRLF. */
  #header(type: number, length: number): void {
    this.#reserve(headerBytesMax);
    this.bytes[this.end++] = type;
    this.end = writeInteger(this.bytes, this.end, length);
    this.#lineEnd();
  }

  #lineEnd(): this {
    this.bytes[this.end++] = carriageReturn;
    this.bytes[this.end++] = lineFeed;
    return this;
  }

  #reserve(length: number): void {
    const needed = this.end + length;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.end));
    this.bytes = larger;
  }
}
