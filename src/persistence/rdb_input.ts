/**
 * RDB's numbers and strings, read one after the other: from a payload that is there as a whole, or from a
 * file that comes in portions through a window.
 *
 *     window   | read and done with | what is to be read | free |
 *              0                    at                filled
 *
 * What is needed and not in the window yet is fetched: what was read goes out of it (and into the
 * checksum), the rest moves to its start. A string that is longer than the window makes it grow, by as
 * much as really comes. Nothing is believed before it is there: a length is compared with the bytes that
 * are left, a count with what so many elements would take at least.
 *
 * All reading ends with `RdbError` where bytes are missing or are none of the format.
 */
import { copyBytes } from "../memory/bytes.ts";
import { allocateScratch } from "../memory/scratch.ts";
import { stringBytesMax } from "../limits.ts";
import { parseDouble } from "../resp/doubles.ts";
import type { Int64 } from "../resp/numbers.ts";
import { int64OfWords } from "../values/int64_words.ts";
import { Slice } from "../values/slice.ts";
import { Crc64 } from "./crc64.ts";
import { lzfDecompress } from "./lzf.ts";
import {
  CHECKSUM_BYTES,
  LENGTH_32_BITS,
  LENGTH_64_BITS,
  LENGTH_KIND_SHIFT,
  LENGTH_LOW_MASK,
  LengthKind,
  StringEncoding,
} from "./rdb_format.ts";

/** What is read is not RDB, or breaks off. The message names the place. */
export class RdbError extends Error {
  override name = "RdbError";
  /** Where in the file or payload it was found out, in bytes from the start. */
  readonly offset: number;
  readonly reason: string;
  /** What Redis' log says of it, where that is something of its own. */
  readonly logLine: string | null;

  constructor(reason: string, offset: number, logLine: string | null = null) {
    super(`${reason} (at byte ${offset})`);
    this.offset = offset;
    this.reason = reason;
    this.logLine = logLine;
  }
}

/** What is read is a file of something else, or of a version that can't be read. */
export class ForeignFileError extends RdbError {
  override name = "ForeignFileError";
}

/** What the log says where bytes are missing, or memory for them. */
export const shortReadLine = "Short read or OOM loading DB. Unrecoverable error, aborting now.";

/** Where the bytes of a file come from. */
export interface ByteSource {
  /** How many bytes there are in all; Infinity where nobody knows. */
  readonly byteLength: number;
  /** Puts the bytes that follow at the start of `into`, as many as there are at once; 0 at the end. */
  read(into: Uint8Array): number;
}

/** Bytes of a window that nothing has made grow, of a small file and of others. */
const windowBytesMin = 64;
const windowBytes = 256 * 1024;

/** Room for most names; it grows with the longest. */
const nameBytes = 256;

/** Room for strings that are unpacked; a longer one has its own. */
const unpackedBytes = 64 * 1024;

/** A byte of compressed text stands for no more than this: three are at most a copy of 264. */
const unpackedPerByteMax = 88;

/** Longest score as text. */
const scoreBytesMax = 252;
const scoreNaN = 253;
const scoreInfinity = 254;
const scoreMinusInfinity = 255;

const twoTo32 = 0x100000000;
const nothing = new Uint8Array(0);

const decoder = new TextDecoder();

export class RdbInput {
  /** The string that was read last; good until the next read of any kind. */
  readonly string: Slice = new Slice();
  /** What `readName` has read; good until the next one, but it may be elsewhere after any other read. */
  readonly name: Slice = new Slice();
  /** What `stringOrInteger` has read, if that was an integer. */
  integer = 0;
  /** The words of the last length, for those of 64 bits. */
  lengthLow = 0;
  lengthHigh = 0;

  #window: Uint8Array = nothing;
  #at = 0;
  #filled = 0;
  /** Offset in all that is read of the window's first byte. */
  #base = 0;
  #source: ByteSource | null = null;
  #bytesTotal = 0;
  readonly #crc = new Crc64();
  /** How far the window is in the checksum. */
  #checkedTo = 0;
  /** Where a name is kept whose bytes are no longer where they were read. */
  #name = new Uint8Array(nameBytes);
  #isNameInWindow = false;
  /** Made when the first compressed string comes. */
  #unpacked: Uint8Array = nothing;
  readonly #double = new Float64Array(1);
  readonly #doubleBytes = new Uint8Array(this.#double.buffer);

  /** Reads from `buffer[start, end)` from now on. */
  openBytes(buffer: Uint8Array, start: number, end: number): void {
    this.#open(buffer, start, end, null);
    this.#bytesTotal = end - start;
  }

  /** Reads from a source from now on. */
  openSource(source: ByteSource): void {
    const byteLength = Math.max(windowBytesMin, Math.min(windowBytes, source.byteLength));
    this.#open(allocateScratch(byteLength), 0, 0, source);
    this.#bytesTotal = source.byteLength;
  }

  /** Lets go of what was read from. */
  close(): void {
    this.#open(nothing, 0, 0, null);
    this.#bytesTotal = 0;
    this.string.set(nothing, 0, 0);
    this.name.set(nothing, 0, 0);
  }

  #open(window: Uint8Array, start: number, end: number, source: ByteSource | null): void {
    this.#window = window;
    this.#at = start;
    this.#filled = end;
    // no negative zero, which is a floating-point number
    this.#base = 0 - start;
    this.#source = source;
    this.#checkedTo = start;
    this.#isNameInWindow = false;
    this.#crc.reset();
  }

  /** Bytes that were read so far. */
  get offset(): number {
    return this.#base + this.#at;
  }

  /** Bytes that are there to be read, at most. */
  get bytesLeft(): number {
    return this.#bytesTotal - this.offset;
  }

  /** Ends the reading: what was read makes no sense. */
  fail(reason: string, logLine?: string): never {
    throw new RdbError(reason, this.offset, logLine);
  }

  byte(): number {
    this.#need(1);
    return this.#window[this.#at++];
  }

  /** 32 bits with a sign, little endian. */
  int32(): number {
    this.#need(4);
    const window = this.#window;
    const at = this.#at;
    this.#at = at + 4;
    return window[at] | window[at + 1] << 8 | window[at + 2] << 16 | window[at + 3] << 24;
  }

  /** 32 bits with a sign, big endian. */
  int32BigEndian(): number {
    this.#need(4);
    const window = this.#window;
    const at = this.#at;
    this.#at = at + 4;
    return window[at] << 24 | window[at + 1] << 16 | window[at + 2] << 8 | window[at + 3];
  }

  /** 64 bits with a sign, little endian. */
  int64(): Int64 {
    const low = this.int32();
    return int64OfWords(low, this.int32());
  }

  double(): number {
    this.#need(8);
    copyBytes(this.#window, this.#at, this.#doubleBytes, 0, 8);
    this.#at += 8;
    return this.#double[0];
  }

  /** A score as text, of Redis before 4.0; NaN too where it is none. */
  textScore(): number {
    const length = this.byte();
    if (length === scoreInfinity) return Infinity;
    if (length === scoreMinusInfinity) return -Infinity;
    if (length === scoreNaN) return NaN;
    this.#need(length);
    const start = this.#at;
    this.#at += length;
    return length > scoreBytesMax ? NaN : parseDouble(this.#window, start, this.#at);
  }

  /** A length or any other number that is written like one. Above 2^53 it is not exact. */
  length(): number {
    if (this.#readLength()) this.fail("a string where a length should be");
    // only where it must be it is a floating-point number, as all that is computed from it would be one, too
    if (this.lengthHigh === 0) return this.lengthLow;
    return this.lengthHigh * twoTo32 + this.lengthLow;
  }

  /** A length as the 64 bits that it is, with a sign. */
  lengthAsInt64(): Int64 {
    this.length();
    return int64OfWords(this.lengthLow | 0, this.lengthHigh | 0);
  }

  /** How many elements follow, each of `bytesEach` bytes or more. */
  count(bytesEach: number): number {
    const count = this.length();
    if (count * bytesEach > this.bytesLeft) {
      this.fail(`${count} elements where ${this.bytesLeft} bytes are left`);
    }
    return count;
  }

  /** Points `string` at the string that follows. */
  readString(): void {
    if (this.stringOrInteger()) this.string.setInteger(this.integer);
  }

  /** As `readString`, but leaves a string that is written as an integer in `integer`; whether it was. */
  stringOrInteger(): boolean {
    if (this.#readLength()) return this.#readEncoded(this.lengthLow);
    const length = this.#stringLength();
    this.#need(length);
    const start = this.#at;
    this.#at = start + length;
    this.string.set(this.#window, start, this.#at);
    return false;
  }

  /** Points `name` at the string that follows, which stays while others are read. */
  readName(): void {
    this.readString();
    const { buffer, start, end } = this.string;
    this.name.set(buffer, start, end);
    this.#isNameInWindow = buffer === this.#window;
    if (!this.#isNameInWindow) this.#keepName();
  }

  #keepName(): void {
    const { buffer, start, length } = this.name;
    if (length > this.#name.length) this.#name = allocateScratch(length);
    copyBytes(buffer, start, this.#name, 0, length);
    this.name.set(this.#name, 0, length);
    this.#isNameInWindow = false;
  }

  /** `string` as text: for what is told to people. */
  stringAsText(): string {
    const { buffer, start, end } = this.string;
    return decoder.decode(buffer.subarray(start, end));
  }

  /**
   * Reads the checksum that follows; whether there is one, and not the 0 that stands for none. Where it
   * `counts`, it must be that of all that was read before.
   */
  checksum(counts: boolean): boolean {
    this.#crc.update(this.#window, this.#checkedTo, this.#at);
    this.#checkedTo = this.#at;
    const { low, high } = this.#crc;
    this.#need(CHECKSUM_BYTES);
    const givenLow = this.int32() >>> 0;
    const givenHigh = this.int32() >>> 0;
    const isGiven = (givenLow | givenHigh) !== 0;
    if (!counts || !isGiven || (givenLow === low && givenHigh === high)) return isGiven;
    const wanted = hexadecimal(high, low);
    const given = hexadecimal(givenHigh, givenLow);
    this.fail(
      `the checksum should be ${wanted}, not ${given}`,
      `Wrong RDB checksum expected: (${wanted}) but got (${given}). Aborting now.`,
    );
  }

  /** Reads a length into its words; true if it is the encoding of a string instead, in the lower one. */
  #readLength(): boolean {
    const head = this.byte();
    this.lengthHigh = 0;
    const kind = head >>> LENGTH_KIND_SHIFT;
    if (kind === LengthKind.BITS_6) {
      this.lengthLow = head;
      return false;
    }
    if (kind === LengthKind.BITS_14) {
      this.lengthLow = (head & LENGTH_LOW_MASK) << 8 | this.byte();
      return false;
    }
    if (kind === LengthKind.ENCODED) {
      this.lengthLow = head & LENGTH_LOW_MASK;
      return true;
    }
    if (head === LENGTH_64_BITS) this.lengthHigh = this.int32BigEndian() >>> 0;
    else if (head !== LENGTH_32_BITS) this.fail(`a length that begins with ${head}`);
    this.lengthLow = this.int32BigEndian() >>> 0;
    return false;
  }

  /** The last length, as that of a string. */
  #stringLength(): number {
    if (this.lengthHigh !== 0 || this.lengthLow > stringBytesMax) {
      const length = this.lengthHigh * twoTo32 + this.lengthLow;
      this.fail(`a string of ${length} bytes, which is longer than any may be`);
    }
    return this.lengthLow;
  }

  #readEncoded(encoding: number): boolean {
    switch (encoding) {
      case StringEncoding.INT8:
        this.integer = this.byte() << 24 >> 24;
        return true;
      case StringEncoding.INT16:
        this.#need(2);
        this.integer = (this.byte() | this.byte() << 8) << 16 >> 16;
        return true;
      case StringEncoding.INT32:
        this.integer = this.int32();
        return true;
      case StringEncoding.LZF:
        this.#readCompressed();
        return false;
    }
    this.fail(`a string in encoding ${encoding}, which there is none of`);
  }

  #readCompressed(): void {
    const packedLength = this.length();
    const length = this.length();
    this.#stringLength();
    if (packedLength > this.bytesLeft) this.#failAtEnd();
    if (length > packedLength * unpackedPerByteMax) {
      this.fail(`${packedLength} bytes are no ${length} that were compressed`);
    }
    this.#need(packedLength);
    const start = this.#at;
    this.#at = start + packedLength;
    const unpacked = this.#roomToUnpack(length);
    if (!lzfDecompress(this.#window, start, this.#at, unpacked, 0, length)) {
      this.fail("a string that is compressed badly");
    }
    this.string.set(unpacked, 0, length);
  }

  #roomToUnpack(byteLength: number): Uint8Array {
    if (byteLength > unpackedBytes) return allocateScratch(byteLength);
    if (this.#unpacked === nothing) this.#unpacked = new Uint8Array(unpackedBytes);
    return this.#unpacked;
  }

  /** Sees to it that so many bytes are in the window. */
  #need(byteLength: number): void {
    if (byteLength > this.#filled - this.#at) this.#fetch(byteLength);
  }

  #fetch(byteLength: number): void {
    const source = this.#source;
    if (source === null || byteLength > this.bytesLeft) this.#failAtEnd();
    if (this.#isNameInWindow) this.#keepName();
    this.#crc.update(this.#window, this.#checkedTo, this.#at);
    this.#window.copyWithin(0, this.#at, this.#filled);
    this.#base += this.#at;
    this.#filled -= this.#at;
    this.#at = this.#checkedTo = 0;
    while (this.#filled < byteLength) {
      if (this.#filled === this.#window.length) this.#growWindow();
      const read = source.read(this.#window.subarray(this.#filled));
      if (read === 0) this.#failAtEnd();
      this.#filled += read;
    }
  }

  #growWindow(): void {
    const grown = allocateScratch(this.#window.length * 2);
    grown.set(this.#window);
    this.#window = grown;
  }

  #failAtEnd(): never {
    this.fail("an unexpected end", shortReadLine);
  }
}

function hexadecimal(high: number, low: number): string {
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}
