/**
 * The arguments of one request: slices of the buffer that the request came in, command name first.
 *
 * The same objects are filled again with other requests, so an argument is valid only until its handler
 * returns; what is kept must be copied. On the hot path a handler reads `buffer`, `starts` and
 * `ends` itself; the methods are for options and for everything off that path.
 */
import { parseDouble } from "./doubles.ts";
import { CommandError, errors } from "./errors.ts";
import { type Int64, parseInt64 } from "./numbers.ts";

const utf8 = new TextDecoder();

/** Slots that arguments start with; more are made as they come in, never as a header announces. */
const slotsInitial = 16;

const int32Min = -0x80000000;
const int32Max = 0x7fffffff;

export class Arguments {
  /** Number of arguments, the command's name included. */
  count = 0;
  /** What `starts` and `ends` index. */
  buffer: Uint8Array = new Uint8Array(0);
  /** First byte of each argument. */
  starts: Int32Array = new Int32Array(slotsInitial);
  /** The byte behind each argument. */
  ends: Int32Array = new Int32Array(slotsInitial);

  /** Arguments made of texts and byte strings, for callers that are not a socket. */
  static of(...values: (string | Uint8Array)[]): Arguments {
    return Arguments.from(values);
  }

  /** As `of`, for any number of them. */
  static from(values: readonly (string | Uint8Array)[]): Arguments {
    const encoder = new TextEncoder();
    const parts = values.map((value) => typeof value === "string" ? encoder.encode(value) : value);
    const made = new Arguments();
    made.buffer = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      made.buffer.set(part, at);
      made.add(at, at + part.length);
      at += part.length;
    }
    return made;
  }

  /** The same arguments in a buffer of their own, which nobody fills again. */
  copy(): Arguments {
    const made = new Arguments();
    made.buffer = new Uint8Array(this.bytesTotal);
    let at = 0;
    for (let i = 0; i < this.count; i++) {
      made.buffer.set(this.bytes(i), at);
      made.add(at, at += this.length(i));
    }
    return made;
  }

  /** Appends the argument `buffer[start, end)`. */
  add(start: number, end: number): void {
    if (this.count === this.starts.length) this.#grow();
    this.starts[this.count] = start;
    this.ends[this.count++] = end;
  }

  /** Bytes of argument `i`. */
  length(i: number): number {
    return this.ends[i] - this.starts[i];
  }

  /** Bytes of all arguments. */
  get bytesTotal(): number {
    let bytes = 0;
    for (let i = 0; i < this.count; i++) bytes += this.length(i);
    return bytes;
  }

  /** A view of argument `i`, valid until the handler returns. */
  bytes(i: number): Uint8Array {
    return this.buffer.subarray(this.starts[i], this.ends[i]);
  }

  /** Argument `i` as text; bytes that are not UTF-8 become U+FFFD. */
  string(i: number): string {
    return utf8.decode(this.bytes(i));
  }

  /**
   * What Redis shows of an argument that it prints as a C string: its bytes up to the first NUL, each as
   * the character of that code, at most `lengthMax` of them. The texts of errors are made of such.
   */
  cString(i: number, lengthMax = Infinity): string {
    const end = Math.min(this.ends[i], this.starts[i] + lengthMax);
    let text = "";
    for (let at = this.starts[i]; at < end && this.buffer[at] !== 0; at++) {
      text += String.fromCharCode(this.buffer[at]);
    }
    return text;
  }

  /**
   * Whether argument `i` is `word` (upper-case ASCII) in any case. Redis compares options as C strings,
   * so what follows a NUL doesn't count.
   */
  is(i: number, word: string): boolean {
    const start = this.starts[i];
    const length = this.ends[i] - start;
    if (length < word.length) return false;
    if (length > word.length && this.buffer[start + word.length] !== 0) return false;
    for (let k = 0; k < word.length; k++) {
      const byte = this.buffer[start + k];
      const upper = byte >= 97 && byte <= 122 ? byte - 32 : byte;
      if (upper !== word.charCodeAt(k)) return false;
    }
    return true;
  }

  /** Argument `i` as a 64-bit integer; `message` is the error where it is none. */
  int64(i: number, message: string = errors.notInteger): Int64 {
    const value = parseInt64(this.buffer, this.starts[i], this.ends[i]);
    if (value === null) throw new CommandError(message);
    return value;
  }

  /**
   * Argument `i` as an integer within `min` and `max`, which are safe integers; `message` is the error
   * where it is none or lies outside.
   */
  integer(
    i: number,
    min: number,
    max: number,
    message: string = errors.notInteger,
  ): number {
    const value = parseInt64(this.buffer, this.starts[i], this.ends[i]);
    if (typeof value !== "number" || value < min || value > max) throw new CommandError(message);
    return value;
  }

  /**
   * Argument `i` as how many things are asked for, or which of them, at least `min`; `message` is the error
   * where it isn't. Inexact beyond 2^53, where there are never so many.
   */
  quantity(i: number, min = -Infinity, message: string = errors.notInteger): number {
    const value = Number(this.int64(i, message));
    if (value < min) throw new CommandError(message);
    return value;
  }

  /** Argument `i` as a double; `message` is the error where it is none. */
  double(i: number, message: string = errors.notFloat): number {
    const value = parseDouble(this.buffer, this.starts[i], this.ends[i]);
    if (Number.isNaN(value)) throw new CommandError(message);
    return value;
  }

  /** Argument `i` as a 32-bit integer, as Redis takes the number of a database. */
  int32(i: number): number {
    const value = this.int64(i);
    if (value < int32Min || value > int32Max) throw new CommandError(errors.int32OutOfRange);
    return Number(value);
  }

  #grow(): void {
    const starts = new Int32Array(this.starts.length * 2);
    const ends = new Int32Array(starts.length);
    starts.set(this.starts);
    ends.set(this.ends);
    this.starts = starts;
    this.ends = ends;
  }
}
