/**
 * The commands of one append-only file: RESP arrays of bulk strings, one behind the other, between which
 * lines that begin with `#` may stand.
 *
 * It finds the commands and says where each ends. What a file that ends too early means, and how commands
 * are run, is for `loader.ts`.
 */
import { Arguments } from "../resp/arguments.ts";
import type { ReadableFile } from "../storage.ts";

const windowBytes = 1024 * 1024;
/** No argument is longer than this. */
const argumentBytesMax = 512 * 1024 * 1024;
const argumentsMax = 0x7fffffff;
/** A line of digits, or an annotation, is no longer, its end included. */
const lineBytesMax = 1023;

const carriageReturn = 13;
const lineFeed = 10;
const hash = 35;
const star = 42;
const dollar = 36;
const digitZero = 48;

/** What `next` has found. */
export enum AofRead {
  Command,
  /** The file is over, behind a whole command. */
  End,
  /** The file is over in the middle of a command. */
  Truncated,
  /** What stands here is no command. */
  Malformed,
}

export class AofReader {
  /** The command that `next` found; its bytes are good until the next call. */
  readonly args: Arguments = new Arguments();
  readonly #file: ReadableFile;
  #buffer: Uint8Array = new Uint8Array(windowBytes);
  /** Where the buffer begins in the file. */
  #bufferOffset: number;
  /** First byte of the buffer that is not read, and the byte behind its content. */
  #at = 0;
  #end = 0;
  #isAtEnd = false;
  /** Why the last step went no further. */
  #failure = AofRead.Truncated;

  /** @param offset Where the file was opened at. */
  constructor(file: ReadableFile, offset = 0) {
    this.#file = file;
    this.#bufferOffset = offset;
  }

  /** Where the next command begins: the bytes before are whole commands. */
  get offset(): number {
    return this.#bufferOffset + this.#at;
  }

  /** Points `args` at the next command. */
  next(): AofRead {
    for (;;) {
      if (!this.#has(this.#at + 1)) return AofRead.End;
      if (this.#buffer[this.#at] !== hash) break;
      const end = this.#lineEnd(this.#at);
      if (end < 0) return this.#failure;
      this.#at = end;
    }
    const count = this.#header(this.#at, star);
    if (count < 0) return this.#failure;
    if (count === 0 || count > argumentsMax) return AofRead.Malformed;
    return this.#arguments(count) ? AofRead.Command : this.#failure;
  }

  #headerEnd = 0;

  #arguments(count: number): boolean {
    const { args } = this;
    args.count = 0;
    // relative to the command, since the buffer may move under it
    let at = this.#headerEnd - this.#at;
    for (let i = 0; i < count; i++) {
      const length = this.#header(this.#at + at, dollar);
      if (length < 0) return false;
      if (length > argumentBytesMax) return this.#fail(AofRead.Malformed);
      const start = this.#headerEnd - this.#at;
      if (!this.#has(this.#at + start + length + 2)) return this.#fail(AofRead.Truncated);
      at = start + length + 2;
      const end = this.#at + at;
      if (this.#buffer[end - 2] !== carriageReturn || this.#buffer[end - 1] !== lineFeed) {
        return this.#fail(AofRead.Malformed);
      }
      args.add(start, start + length);
    }
    for (let i = 0; i < count; i++) {
      args.starts[i] += this.#at;
      args.ends[i] += this.#at;
    }
    args.buffer = this.#buffer;
    this.#at += at;
    return true;
  }

  /** Reads `<type><digits>\r\n`; -1 where that is not there. `#headerEnd` is behind it. */
  #header(at: number, type: number): number {
    const offset = at - this.#at;
    if (!this.#has(at + 1)) return this.#failNumber(AofRead.Truncated);
    if (this.#buffer[this.#at + offset] !== type) return this.#failNumber(AofRead.Malformed);
    const end = this.#lineEnd(this.#at + offset);
    if (end < 0) return -1;
    const first = this.#at + offset + 1;
    if (end - first < 3 || this.#buffer[end - 2] !== carriageReturn) {
      return this.#failNumber(AofRead.Malformed);
    }
    let value = 0;
    for (let i = first; i < end - 2; i++) {
      const digit = this.#buffer[i] - digitZero;
      if (digit < 0 || digit > 9) return this.#failNumber(AofRead.Malformed);
      value = value * 10 + digit;
    }
    this.#headerEnd = end;
    return value;
  }

  /** The byte behind the line that begins at `at`; -1 where it does not end. */
  #lineEnd(at: number): number {
    const offset = at - this.#at;
    for (let i = 0; i < lineBytesMax; i++) {
      if (!this.#has(this.#at + offset + i + 1)) return this.#failNumber(AofRead.Truncated);
      if (this.#buffer[this.#at + offset + i] === lineFeed) return this.#at + offset + i + 1;
    }
    return this.#failNumber(AofRead.Malformed);
  }

  #fail(failure: AofRead): false {
    this.#failure = failure;
    return false;
  }

  #failNumber(failure: AofRead): -1 {
    this.#failure = failure;
    return -1;
  }

  /**
   * Has the buffer hold all up to `end`, as far as the file goes. The buffer may move: positions are to be
   * counted from `#at` then.
   */
  #has(end: number): boolean {
    if (end <= this.#end) return true;
    const needed = end - this.#at;
    if (this.#at > 0) {
      this.#buffer.copyWithin(0, this.#at, this.#end);
      this.#bufferOffset += this.#at;
      this.#end -= this.#at;
      this.#at = 0;
    }
    if (needed > this.#buffer.length) this.#grow(needed);
    while (this.#end < needed && !this.#isAtEnd) {
      const length = this.#file.read(this.#buffer.subarray(this.#end));
      if (length === 0) this.#isAtEnd = true;
      this.#end += length;
    }
    return this.#end >= needed;
  }

  /** What an argument's length announces is believed as far as the file is long. */
  #grow(needed: number): void {
    const left = this.#file.byteLength - this.#bufferOffset;
    const size = Math.min(Math.max(needed, this.#buffer.length * 2), Math.max(left, windowBytes));
    if (size <= this.#buffer.length) return;
    const larger = new Uint8Array(size);
    larger.set(this.#buffer.subarray(0, this.#end));
    this.#buffer = larger;
  }
}
