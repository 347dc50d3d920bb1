/**
 * Requests out of a stream of bytes: RESP arrays of bulk strings, and inline commands.
 *
 * The bytes of one connection gather in one query buffer; `decode` finds the complete requests in it
 * and points `Arguments` at their parts, copying nothing. A request may be cut at any byte: what has been
 * understood of it is kept, so that no byte is looked at twice however slowly they arrive. A header
 * allocates nothing, whatever it announces.
 *
 *     buffer  ....[ request ][ request ][ half a requ          ]
 *                 ^ start               ^ #parsed   ^ end
 */
import {
  inlineBytesMax,
  multibulkCountMax,
  queryBufferBytesInitial,
  queryBufferBytesUsual,
  queryBufferGrowthBytesMax,
  unauthenticatedBulkBytesMax,
  unauthenticatedMultibulkCountMax,
} from "../limits.ts";
import { Arguments } from "./arguments.ts";
import { ProtocolError } from "./errors.ts";
import { splitInline, splitPlain } from "./inline.ts";
import { parseInt64 } from "./numbers.ts";

const carriageReturn = 13;
const lineFeed = 10;
const dollar = 36;
const star = 42;
const digitZero = 48;

/** What the decoder asks of the client whose requests it reads. */
export interface RequestLimits {
  /** Whether the client may send requests of any size. */
  readonly authenticated: boolean;
  /** Longest argument, in bytes (`proto-max-bulk-len`). */
  readonly bulkBytesMax: number;
}

export class RequestDecoder {
  /** Bytes received over the decoder's life. */
  receivedBytes = 0;
  readonly #limits: RequestLimits;
  /** The request being read. */
  #args = new Arguments();
  /** What ended the last `decode`, to be told by the next one. */
  #error: ProtocolError | null = null;
  #buffer = new Uint8Array(queryBufferBytesInitial);
  /** First byte of the request being read. */
  #start = 0;
  /** First byte not yet understood. */
  #parsed = 0;
  /** The byte behind the last one received. */
  #end = 0;
  /** Arguments of the request still to come; 0 between requests. */
  #argumentsLeft = 0;
  /** Bytes of the argument being read, or -1 before its header. */
  #bulkLength = -1;
  /** How far a line end has been looked for without success. */
  #searched = 0;
  /** Whether the last read left no room in the space given. */
  #filled = false;
  #lastReadBytes = 0;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  /** Bytes received and not yet understood. */
  get unparsedBytes(): number {
    return this.#end - this.#parsed;
  }

  /** As many of them as are known to be of one argument, its line end included. */
  get unfinishedArgumentBytes(): number {
    return this.#bulkLength < 0 ? 0 : Math.min(this.#bulkLength + 2, this.unparsedBytes);
  }

  /** Bytes of the arguments before that one, of a request that is not complete. */
  get finishedArgumentsBytes(): number {
    return this.#argumentsLeft === 0 ? 0 : this.#args.bytesTotal;
  }

  /** Size of the query buffer, in bytes. */
  get bufferBytes(): number {
    return this.#buffer.length;
  }

  /** Room to read into; ends what `args` points at. */
  space(): Uint8Array {
    const pending = this.#end - this.#start;
    const missing = this.#bulkLength >= 0 ? this.#bulkLength + 2 - (this.#end - this.#parsed) : 1;
    // an announced length is believed as far as what has come already
    const needed = pending + Math.max(1, Math.min(missing, pending + queryBufferBytesInitial));
    const size = this.#sizeFor(pending, needed, missing);
    if (size !== this.#buffer.length) this.#moveTo(new Uint8Array(size));
    else if (this.#start > 0) this.#moveTo(this.#buffer);
    return this.#end === 0 ? this.#buffer : this.#buffer.subarray(this.#end);
  }

  /** Says that `length` bytes were read into the last `space`. */
  received(length: number): void {
    this.#end += length;
    this.#lastReadBytes = length;
    this.receivedBytes += length;
    this.#filled = this.#end === this.#buffer.length;
  }

  /**
   * Takes up to `max` complete requests: `into[0…n)` is pointed at them, and n is returned. They are
   * valid until `space`. The objects in `into` are used again, and may change places with the decoder's.
   *
   * @throws {ProtocolError} The bytes are no request; the connection can't go on.
   */
  decode(into: Arguments[], max: number): number {
    let count = 0;
    try {
      if (this.#error !== null) throw this.#error;
      while (count < max && this.#next()) {
        const complete = this.#args;
        this.#args = into[count];
        into[count++] = complete;
      }
    } catch (error) {
      // what came before the error is still to be answered
      if (count === 0 || !(error instanceof ProtocolError)) throw error;
      this.#error = error;
    }
    return count;
  }

  /** Points `#args` at the next request if all of it is here; else returns false. */
  #next(): boolean {
    while (true) {
      if (this.#argumentsLeft === 0) {
        this.#start = this.#parsed;
        if (this.#parsed === this.#end) return false;
        this.#args.count = 0;
        if (this.#buffer[this.#parsed] !== star) {
          if (!this.#nextInline()) return false;
          if (this.#args.count > 0) return true;
          continue;
        }
        if (!this.#multibulkHeader()) return false;
        if (this.#argumentsLeft === 0) continue;
      }
      return this.#bulks();
    }
  }

  /** Reads arguments until the request is complete; false when bytes are missing. */
  #bulks(): boolean {
    const buffer = this.#buffer;
    const args = this.#args;
    while (this.#argumentsLeft > 0) {
      if (this.#bulkLength < 0 && !this.#bulkHeader()) return false;
      const from = this.#parsed;
      const to = from + this.#bulkLength;
      if (to + 2 > this.#end) return false;
      args.buffer = buffer;
      args.add(from, to);
      this.#parsed = to + 2;
      this.#searched = this.#parsed;
      this.#bulkLength = -1;
      this.#argumentsLeft--;
    }
    return true;
  }

  /** Reads `*<count>CRLF`; false when bytes are missing. */
  #multibulkHeader(): boolean {
    const lineEnd = this.#lineEnd("too big mbulk count string");
    if (lineEnd < 0) return false;
    const count = this.#decimal(this.#parsed + 1, lineEnd);
    if (count === null || count > multibulkCountMax) {
      throw new ProtocolError("invalid multibulk length");
    }
    if (count > unauthenticatedMultibulkCountMax && !this.#limits.authenticated) {
      throw new ProtocolError("unauthenticated multibulk length");
    }
    this.#parsed = this.#searched = lineEnd + 2;
    if (count > 0) this.#argumentsLeft = count;
    return true;
  }

  /** Reads `$<length>CRLF`; false when bytes are missing. */
  #bulkHeader(): boolean {
    const at = this.#parsed;
    const buffer = this.#buffer;
    // nearly every header is "$" and one or two digits
    if (at + 5 < this.#end && buffer[at] === dollar) {
      const first = buffer[at + 1] - digitZero;
      if (first >= 0 && first <= 9) {
        if (buffer[at + 2] === carriageReturn) {
          this.#parsed = at + 4;
          this.#bulkLength = first;
          return true;
        }
        const second = buffer[at + 2] - digitZero;
        if (first > 0 && second >= 0 && second <= 9 && buffer[at + 3] === carriageReturn) {
          this.#parsed = at + 5;
          this.#bulkLength = first * 10 + second;
          return true;
        }
      }
    }
    return this.#longBulkHeader();
  }

  #longBulkHeader(): boolean {
    const lineEnd = this.#lineEnd("too big bulk count string");
    if (lineEnd < 0) return false;
    if (this.#buffer[this.#parsed] !== dollar) {
      const got = String.fromCharCode(this.#buffer[this.#parsed]);
      throw new ProtocolError(`expected '$', got '${got}'`);
    }
    const length = this.#decimal(this.#parsed + 1, lineEnd);
    if (length === null || length < 0 || length > this.#limits.bulkBytesMax) {
      throw new ProtocolError("invalid bulk length");
    }
    if (length > unauthenticatedBulkBytesMax && !this.#limits.authenticated) {
      throw new ProtocolError("unauthenticated bulk length");
    }
    this.#parsed = this.#searched = lineEnd + 2;
    this.#bulkLength = length;
    return true;
  }

  #nextInline(): boolean {
    const buffer = this.#buffer;
    let newline = Math.max(this.#parsed, this.#searched);
    while (newline < this.#end && buffer[newline] !== lineFeed) newline++;
    this.#searched = newline;
    if (newline === this.#end) {
      if (newline - this.#parsed > inlineBytesMax) {
        throw new ProtocolError("too big inline request");
      }
      return false;
    }
    const start = this.#parsed;
    const hasReturn = newline > start && buffer[newline - 1] === carriageReturn;
    const lineEnd = hasReturn ? newline - 1 : newline;
    this.#parsed = this.#searched = newline + 1;
    const isSplit = splitPlain(buffer, start, lineEnd, this.#args) ||
      splitInline(buffer.slice(start, lineEnd), this.#args);
    if (!isSplit) throw new ProtocolError("unbalanced quotes in request");
    return true;
  }

  /**
   * Position of the CR that ends the line at `#parsed`, or -1 when it is not here yet. As in Redis,
   * whatever byte follows the CR is taken for the LF.
   */
  #lineEnd(tooLong: string): number {
    const from = Math.max(this.#searched, this.#parsed);
    let at = from;
    while (at < this.#end && this.#buffer[at] !== carriageReturn) at++;
    this.#searched = at;
    if (at === this.#end && at - this.#parsed > inlineBytesMax) throw new ProtocolError(tooLong);
    return at + 1 < this.#end ? at : -1;
  }

  /** The integer in `#buffer[start, end)`; one beyond 2^53 is only ever compared with a limit. */
  #decimal(start: number, end: number): number | null {
    const value = parseInt64(this.#buffer, start, end);
    return value === null ? null : Number(value);
  }

  /** How large the query buffer should be for the next read; a request that waits misses nothing. */
  #sizeFor(pending: number, needed: number, missing: number): number {
    const { length } = this.#buffer;
    if (needed > length) {
      // nothing is read behind an argument that is most of its request, and the buffer fits
      if (missing > 0 && this.#bulkLength >= pending / 2) return needed;
      return Math.max(needed, Math.min(pending * 2, pending + queryBufferGrowthBytesMax));
    }
    // one that grew for a long request goes when the request has gone
    if (length > queryBufferBytesUsual) return pending === 0 ? queryBufferBytesUsual : length;
    if (this.#filled) return Math.min(length * 2, queryBufferBytesUsual);
    // one that grew for many goes by and by, as reads bring few
    const isOversized = pending === 0 && this.#lastReadBytes < length / 8;
    return isOversized ? Math.max(length >> 1, queryBufferBytesInitial) : length;
  }

  /** Moves the pending bytes to the front of `buffer`, which may be the one they are in. */
  #moveTo(buffer: Uint8Array<ArrayBuffer>): void {
    const shift = this.#start;
    if (buffer !== this.#buffer) buffer.set(this.#buffer.subarray(shift, this.#end));
    else if (shift < this.#end) buffer.copyWithin(0, shift, this.#end);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end -= shift;
    this.#parsed -= shift;
    this.#searched = Math.max(0, this.#searched - shift);
    if (this.#argumentsLeft === 0) return;
    for (let i = 0; i < this.#args.count; i++) {
      this.#args.starts[i] -= shift;
      this.#args.ends[i] -= shift;
    }
    this.#args.buffer = buffer;
  }
}
