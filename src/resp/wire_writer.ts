/**
 * Replies as bytes on the wire, in RESP2 or RESP3.
 *
 * Bytes gather in one buffer taken from a pool shared by all connections, so that an idle connection
 * holds none and a busy one writes into memory that is still in the processor's cache. When a buffer is
 * full it becomes a chunk of its own and another is taken; `take` hands the chunks out in order.
 */
import { copyBytes } from "../memory/bytes.ts";
import {
  longReplyBufferBytes,
  longReplyBuffersPooledMax,
  replyBufferBytes,
  replyBuffersPooledMax,
} from "../limits.ts";
import { formatDouble } from "./doubles.ts";
import { type Int64, integerLength, writeInteger } from "./numbers.ts";
import type { ReplyWriter } from "./reply_writer.ts";

const encoder = new TextEncoder();
const empty = new Uint8Array(0);
const carriageReturn = 13;
const lineFeed = 10;
const space = 32;

/** Room for a type byte, 20 digits and CRLF. */
const headerBytesMax = 24;

const okReply = encoder.encode("+OK\r\n");
const nullBulkReply = encoder.encode("$-1\r\n");
const nullArrayReply = encoder.encode("*-1\r\n");
const nullReply = encoder.encode("_\r\n");

/** The first bytes of the reply types. */
const type = {
  simpleString: 0x2b,
  error: 0x2d,
  integer: 0x3a,
  bulk: 0x24,
  array: 0x2a,
  map: 0x25,
  set: 0x7e,
  push: 0x3e,
  double: 0x2c,
  boolean: 0x23,
  bigNumber: 0x28,
  attribute: 0x7c,
  verbatim: 0x3d,
} as const;

/** Reply buffers of `replyBufferBytes` and `longReplyBufferBytes` that no connection holds now. */
export class ReplyBufferPool {
  readonly #free: Uint8Array[] = [];
  readonly #freeLong: Uint8Array[] = [];

  /** A buffer of at least so many bytes. */
  acquire(byteLength: number): Uint8Array {
    if (byteLength <= replyBufferBytes) return this.#free.pop() ?? new Uint8Array(replyBufferBytes);
    if (byteLength > longReplyBufferBytes) return new Uint8Array(byteLength);
    return this.#freeLong.pop() ?? new Uint8Array(longReplyBufferBytes);
  }

  /** Takes back a buffer; one of another size, made for a longer reply, is left to the collector. */
  release(buffer: Uint8Array): void {
    if (buffer.length === replyBufferBytes) {
      if (this.#free.length < replyBuffersPooledMax) this.#free.push(buffer);
    } else if (buffer.length === longReplyBufferBytes) {
      if (this.#freeLong.length < longReplyBuffersPooledMax) this.#freeLong.push(buffer);
    }
  }
}

/** A part of the output: the first `length` bytes of `buffer`. */
export interface Chunk {
  buffer: Uint8Array;
  length: number;
}

export class WireWriter implements ReplyWriter {
  /** 2 or 3; a client changes it with HELLO. */
  protocol = 2;
  /** Is called when a long reply goes on in another buffer. */
  onGrown: () => void = () => {};
  readonly #pool: ReplyBufferPool;
  #abandoned = false;
  #buffer: Uint8Array = empty;
  #position = 0;
  #full: Chunk[] = [];
  #fullBytes = 0;
  /** Bytes taken since a first buffer was acquired. */
  #takenBytes = 0;

  constructor(pool: ReplyBufferPool) {
    this.#pool = pool;
  }

  /** Bytes written and not yet taken. */
  get pendingBytes(): number {
    return this.#fullBytes + this.#position;
  }

  /** Bytes of the buffers held for replies. */
  get heldBytes(): number {
    return this.#full.reduce((sum, { buffer }) => sum + buffer.length, this.#buffer.length);
  }

  /** The oldest bytes not yet taken, or null; the caller gives the buffer back with `release`. */
  take(): Chunk | null {
    const first = this.#full.shift();
    if (first !== undefined) {
      this.#fullBytes -= first.length;
      this.#takenBytes += first.length;
      return first;
    }
    if (this.#position === 0) return null;
    const chunk = { buffer: this.#buffer, length: this.#position };
    this.#takenBytes += chunk.length;
    this.#buffer = empty;
    this.#position = 0;
    return chunk;
  }

  /** Gives a taken buffer back: to go on writing in, or to the pool. */
  release(buffer: Uint8Array): void {
    this.#pool.release(buffer);
  }

  /** Forgets all that was written and not yet taken. */
  discard(): void {
    for (let chunk = this.take(); chunk !== null; chunk = this.take()) this.release(chunk.buffer);
  }

  /** Keeps little of what is written from now on: the connection ends before anybody could read it. */
  abandon(): void {
    this.#abandoned = true;
  }

  /** Forgets what was written since `pendingBytes` was `mark`. */
  rewind(mark: number): void {
    while (this.#fullBytes > mark) {
      const last = this.#full.pop()!;
      this.#fullBytes -= last.length;
      this.#pool.release(this.#buffer);
      this.#buffer = last.buffer;
      this.#position = last.length;
    }
    this.#position = mark - this.#fullBytes;
  }

  /** Writes bytes that are replies already. */
  raw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    copyBytes(bytes, 0, this.#buffer, at, bytes.length);
    this.#position = at + bytes.length;
  }

  ok(): void {
    this.raw(okReply);
  }

  simpleString(text: string): void {
    this.#line(type.simpleString, text);
  }

  error(text: string): void {
    this.#line(type.error, text);
  }

  integer(value: Int64): void {
    if (typeof value === "number") this.#header(type.integer, value);
    else this.#line(type.integer, value.toString());
  }

  bulk(buffer: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const at = this.#reserve(length + headerBytesMax + 2);
    const out = this.#buffer;
    out[at] = type.bulk;
    let position = writeInteger(out, at + 1, length);
    out[position++] = carriageReturn;
    out[position++] = lineFeed;
    copyBytes(buffer, start, out, position, length);
    position += length;
    out[position++] = carriageReturn;
    out[position++] = lineFeed;
    this.#position = position;
  }

  bulkString(text: string): void {
    const bytes = encoder.encode(text);
    this.bulk(bytes, 0, bytes.length);
  }

  null(): void {
    this.raw(this.protocol === 3 ? nullReply : nullBulkReply);
  }

  nullArray(): void {
    this.raw(this.protocol === 3 ? nullReply : nullArrayReply);
  }

  array(length: number): void {
    this.#header(type.array, length);
  }

  map(length: number): void {
    if (this.protocol === 3) this.#header(type.map, length);
    else this.#header(type.array, length * 2);
  }

  set(length: number): void {
    this.#header(this.protocol === 3 ? type.set : type.array, length);
  }

  push(length: number): void {
    this.#header(this.protocol === 3 ? type.push : type.array, length);
  }

  attribute(length: number): void {
    this.#header(type.attribute, length);
  }

  double(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      const text = formatDouble(value);
      if (this.protocol === 3) this.#line(type.double, text);
      else this.bulkString(text);
    } else if (this.protocol === 3) this.#header(type.double, value);
    else this.#bulkInteger(value);
  }

  /** What most scores are, without a string. */
  #bulkInteger(value: number): void {
    this.#header(type.bulk, integerLength(value));
    const at = this.#reserve(headerBytesMax);
    const out = this.#buffer;
    const position = writeInteger(out, at, value);
    out[position] = carriageReturn;
    out[position + 1] = lineFeed;
    this.#position = position + 2;
  }

  bigNumber(value: bigint): void {
    if (this.protocol === 3) this.#line(type.bigNumber, value.toString());
    else this.bulkString(value.toString());
  }

  boolean(value: boolean): void {
    if (this.protocol === 3) this.#line(type.boolean, value ? "t" : "f");
    else this.integer(value ? 1 : 0);
  }

  verbatim(format: string, text: string): void {
    if (this.protocol !== 3) return this.bulkString(text);
    const bytes = encoder.encode(`${format}:${text}`);
    this.#header(type.verbatim, bytes.length);
    this.raw(bytes);
    const at = this.#reserve(2);
    this.#buffer[at] = carriageReturn;
    this.#buffer[at + 1] = lineFeed;
    this.#position = at + 2;
  }

  #header(typeByte: number, value: number): void {
    const at = this.#reserve(headerBytesMax);
    const out = this.#buffer;
    out[at] = typeByte;
    const position = writeInteger(out, at + 1, value);
    out[position] = carriageReturn;
    out[position + 1] = lineFeed;
    this.#position = position + 2;
  }

  /** A line may hold no line end and, as in Redis, no NUL: each becomes a space. */
  #line(typeByte: number, text: string): void {
    const at = this.#reserve(text.length + 3);
    const out = this.#buffer;
    out[at] = typeByte;
    for (let i = 0; i < text.length; i++) {
      const byte = text.charCodeAt(i) & 0xff;
      const isForbidden = byte === carriageReturn || byte === lineFeed || byte === 0;
      out[at + 1 + i] = isForbidden ? space : byte;
    }
    const position = at + 1 + text.length;
    out[position] = carriageReturn;
    out[position + 1] = lineFeed;
    this.#position = position + 2;
  }

  /** Makes room for `length` bytes in the buffer and returns where they go. */
  #reserve(length: number): number {
    if (this.#position + length <= this.#buffer.length) return this.#position;
    return this.#reserveSlow(length);
  }

  #reserveSlow(length: number): number {
    if (this.#abandoned) {
      this.#position = 0;
      if (length <= this.#buffer.length) return 0;
    }
    if (this.#position > 0) {
      this.#full.push({ buffer: this.#buffer, length: this.#position });
      this.#fullBytes += this.#position;
      this.#position = 0;
      this.onGrown();
    } else if (this.#buffer.length > 0) {
      this.#pool.release(this.#buffer);
    }
    // replies that have filled a buffer, or did the last time, are likely to fill more: fewer writes
    const isLong = this.#full.length > 0 || this.#takenBytes > replyBufferBytes;
    if (this.#full.length === 0) this.#takenBytes = 0;
    this.#buffer = this.#pool.acquire(isLong ? Math.max(length, longReplyBufferBytes) : length);
    return 0;
  }
}
