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
const digitZero = 48;

/** Room for a type byte, 20 digits and CRLF; and for CRLF behind the bytes of a bulk string. */
const headerBytesMax = 24;
const bulkOverheadMax = headerBytesMax + 2;
const digitsMax = 20;

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
    this.#reserve(headerBytesMax);
    this.end = writeHeader(this.bytes, this.end, arrayType, wordCount);
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
    const { length } = text;
    this.#reserve(bulkOverheadMax + length);
    const { bytes } = this;
    let at = writeHeader(bytes, this.end, bulkType, length);
    for (let i = 0; i < length; i++) bytes[at++] = text.charCodeAt(i);
    this.end = writeLineEnd(bytes, at);
    return this;
  }

  slice({ buffer, start, end }: Slice): this {
    return this.bulk(buffer, start, end);
  }

  bulk(buffer: Uint8Array, start: number, end: number): this {
    const length = end - start;
    this.#reserve(bulkOverheadMax + length);
    const { bytes } = this;
    const at = writeHeader(bytes, this.end, bulkType, length);
    copyBytes(buffer, start, bytes, at, length);
    this.end = writeLineEnd(bytes, at + length);
    return this;
  }

  integer(value: Int64): this {
    if (typeof value !== "number") return this.word(value.toString());
    return this.bulk(this.#digits, 0, writeInteger(this.#digits, 0, value));
  }

  streamId(id: StreamId): this {
    return this.bulk(this.#digits, 0, id.write(this.#digits));
  }

  #reserve(length: number): void {
    if (this.end + length > this.bytes.length) this.#grow(this.end + length);
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.end));
    this.bytes = larger;
  }
}

/** Writes a type byte, a number and CRLF; returns the position behind. */
function writeHeader(bytes: Uint8Array, at: number, type: number, value: number): number {
  bytes[at++] = type;
  if (value < 10) bytes[at++] = digitZero + value;
  else at = writeInteger(bytes, at, value);
  return writeLineEnd(bytes, at);
}

function writeLineEnd(bytes: Uint8Array, at: number): number {
  bytes[at] = carriageReturn;
  bytes[at + 1] = lineFeed;
  return at + 2;
}
