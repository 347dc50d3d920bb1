/**
 * Where RDB is written to: numbers, lengths and strings become bytes (`rdb_format.ts` draws them), which
 * gather in chunks. Whoever has a file or a peer takes the full ones and gives the buffers back.
 *
 * The checksum is taken of whole chunks, while they are in the processor's cache. Outputs whose bytes go
 * into another one later do without.
 */
import { copyBytes } from "../memory/bytes.ts";
import { type Int64, parseInt64, writeInteger } from "../resp/numbers.ts";
import { highWord, lowWord } from "../values/int64_words.ts";
import type { Slice } from "../values/slice.ts";
import { Crc64 } from "./crc64.ts";
import { LzfCompressor, UNFINISHED } from "./lzf.ts";
import {
  CHECKSUM_BYTES,
  LENGTH_32_BITS,
  LENGTH_64_BITS,
  LENGTH_KIND_SHIFT,
  LengthKind,
  StringEncoding,
} from "./rdb_format.ts";

/** A full chunk is at most so long. */
export const chunkBytesUsual = 256 * 1024;

/** Buffers that were given back and are kept for the next chunks, at most. */
const buffersKeptMax = 4;

/** No number or length takes more. */
const numberBytesMax = 9;

/** Strings of so many bytes may be integers of 32 bits. */
const integerDigitsMax = 11;

/** Shorter strings are not worth compressing: Redis doesn't try, */
const compressedBytesMin = 21;
/** nor does it use what saves less. */
const savedBytesMin = 4;

/** Compressed strings gather here if they are no longer than this. */
const scratchBytes = chunkBytesUsual;

const wordRange = 0x1_0000_0000;

/** Of all outputs, of which one writes at a time. */
const compressor = new LzfCompressor();
const scratch = new Uint8Array(scratchBytes);
const digits = new Uint8Array(20);
const encoder = new TextEncoder();

/** The first `length` bytes of `buffer`. */
export interface RdbChunk {
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly length: number;
}

/** What an output does beyond gathering bytes. */
export interface RdbOutputOptions {
  /** Whether long strings are compressed: `rdbcompression`. */
  readonly compresses: boolean;
  /** Whether there is a checksum, `rdbchecksum`; what `checksum` writes is 0 without. */
  readonly sums: boolean;
  /** Length of a chunk; there may be many outputs whose chunks are small. */
  readonly chunkBytes?: number;
}

export class RdbOutput {
  /** Whether long strings are compressed from now on. */
  compresses: boolean;
  readonly #crc: Crc64 | null;
  readonly #chunkBytes: number;
  #buffer: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #position = 0;
  /** How far in the buffer the checksum has come. */
  #summedTo = 0;
  #full: RdbChunk[] = [];
  /** Bytes of all chunks before this one, taken or not. */
  #bytesBefore = 0;
  readonly #buffers: Uint8Array<ArrayBuffer>[] = [];

  constructor({ compresses, sums, chunkBytes = chunkBytesUsual }: RdbOutputOptions) {
    this.#chunkBytes = chunkBytes;
    this.#buffer = new Uint8Array(chunkBytes);
    this.#view = new DataView(this.#buffer.buffer);
    this.compresses = compresses;
    this.#crc = sums ? new Crc64() : null;
  }

  /** Bytes written so far. */
  get byteLength(): number {
    return this.#bytesBefore + this.#position;
  }

  /** The oldest full chunk not yet taken, or null; its buffer is to be given back. */
  take(): RdbChunk | null {
    return this.#full.shift() ?? null;
  }

  /** Has `take` give the bytes of the last chunk too, which is not full. */
  flush(): void {
    if (this.#position > 0) this.#nextChunk();
  }

  /** Takes the buffer of a chunk back. */
  release(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#buffers.length < buffersKeptMax) this.#buffers.push(buffer);
  }

  /** All bytes in one piece, none of which was taken yet; valid until more are written, from the start. */
  takeAll(): Uint8Array {
    const last = this.#buffer.subarray(0, this.#position);
    const whole = this.#full.length === 0 ? last : this.#join(last);
    this.#bytesBefore = 0;
    this.#position = 0;
    this.#summedTo = 0;
    this.#crc?.reset();
    return whole;
  }

  /** Writes the checksum of all bytes before, 0 if there is none. */
  checksum(): void {
    this.#sum();
    this.#reserve(CHECKSUM_BYTES);
    this.#words(this.#crc?.low ?? 0, this.#crc?.high ?? 0);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#position++] = value;
  }

  /** Two bytes. */
  uint16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.#position, value, true);
    this.#position += 2;
  }

  /** Eight bytes. */
  int64(value: Int64): void {
    this.#reserve(8);
    this.#words(lowWord(value), highWord(value));
  }

  /** Eight bytes. */
  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#position, value, true);
    this.#position += 8;
  }

  /** A length: an integer from 0 to 2^53 - 1. */
  length(value: number): void {
    this.#reserve(numberBytesMax);
    const buffer = this.#buffer;
    if (value < 1 << 6) {
      buffer[this.#position++] = value;
    } else if (value < 1 << 14) {
      buffer[this.#position++] = (LengthKind.BITS_14 << LENGTH_KIND_SHIFT) | (value >>> 8);
      buffer[this.#position++] = value;
    } else if (value < wordRange) {
      buffer[this.#position++] = LENGTH_32_BITS;
      this.#view.setUint32(this.#position, value);
      this.#position += 4;
    } else this.#length64(Math.floor(value / wordRange), value >>> 0);
  }

  /** A length of 64 bits without a sign, given as its words. */
  lengthOfWords(high: number, low: number): void {
    if (high === 0) return this.length(low);
    this.#reserve(numberBytesMax);
    this.#length64(high, low);
  }

  /** A length of 64 bits: a negative one stands for 2^64 more. */
  lengthOf64(value: Int64): void {
    this.lengthOfWords(highWord(value) >>> 0, lowWord(value) >>> 0);
  }

  /** A string: as an integer if it is one, compressed if that is shorter, or as it is. */
  string(buffer: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length <= integerDigitsMax) {
      const value = parseInt64(buffer, start, end);
      if (value !== null && this.#shortInteger(value)) return;
    } else if (this.compresses && length >= compressedBytesMin) {
      if (this.#compress(buffer, start, end)) return;
    }
    this.length(length);
    this.raw(buffer, start, end);
  }

  /** What a slice is at, as a string. */
  slice(slice: Slice): void {
    this.string(slice.buffer, slice.start, slice.end);
  }

  text(text: string): void {
    const bytes = encoder.encode(text);
    this.string(bytes, 0, bytes.length);
  }

  /** A string that is the decimal form of an integer. */
  integer(value: Int64): void {
    if (this.#shortInteger(value)) return;
    if (typeof value === "bigint") return this.text(value.toString());
    const length = writeInteger(digits, 0, value);
    this.length(length);
    this.raw(digits, 0, length);
  }

  /** A string of `byteLength` bytes, as the first `compressedBytes` of what it was compressed to. */
  compressed(compressed: Uint8Array, compressedBytes: number, byteLength: number): void {
    this.byte(encoded(StringEncoding.LZF));
    this.length(compressedBytes);
    this.length(byteLength);
    this.raw(compressed, 0, compressedBytes);
  }

  /** Bytes as they are. */
  raw(buffer: Uint8Array, start: number, end: number): void {
    for (let from = start; from < end;) {
      if (this.#position === this.#chunkBytes) this.#nextChunk();
      const length = Math.min(end - from, this.#chunkBytes - this.#position);
      copyBytes(buffer, from, this.#buffer, this.#position, length);
      this.#position += length;
      from += length;
    }
  }

  /** Writes an integer of up to 32 bits in the encoding that holds it; false if it has more. */
  #shortInteger(value: Int64): boolean {
    const word = lowWord(value);
    if (word !== value) return false;
    this.#reserve(numberBytesMax);
    const view = this.#view;
    const at = this.#position;
    if (word << 24 >> 24 === word) {
      view.setUint8(at, encoded(StringEncoding.INT8));
      view.setInt8(at + 1, word);
      this.#position = at + 2;
    } else if (word << 16 >> 16 === word) {
      view.setUint8(at, encoded(StringEncoding.INT16));
      view.setInt16(at + 1, word, true);
      this.#position = at + 3;
    } else {
      view.setUint8(at, encoded(StringEncoding.INT32));
      view.setInt32(at + 1, word, true);
      this.#position = at + 5;
    }
    return true;
  }

  /** Writes a string compressed; false if that saves too little. */
  #compress(buffer: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    const room = length - savedBytesMin;
    const output = room <= scratchBytes ? scratch : new Uint8Array(room);
    const compressedBytes = compressor.compress(buffer, start, end, output, 0, room);
    if (compressedBytes === 0) return false;
    this.compressed(output, compressedBytes, length);
    return true;
  }

  #length64(high: number, low: number): void {
    this.#buffer[this.#position] = LENGTH_64_BITS;
    this.#view.setUint32(this.#position + 1, high);
    this.#view.setUint32(this.#position + 5, low);
    this.#position += 9;
  }

  #words(low: number, high: number): void {
    this.#view.setInt32(this.#position, low, true);
    this.#view.setInt32(this.#position + 4, high, true);
    this.#position += 8;
  }

  /** Makes room for `byteLength` bytes in a row, which are few. */
  #reserve(byteLength: number): void {
    if (this.#position + byteLength > this.#chunkBytes) this.#nextChunk();
  }

  #join(last: Uint8Array): Uint8Array {
    const whole = new Uint8Array(this.byteLength);
    let at = 0;
    for (const { buffer, length } of this.#full) {
      whole.set(buffer.subarray(0, length), at);
      at += length;
      this.release(buffer);
    }
    whole.set(last, at);
    this.#full = [];
    return whole;
  }

  #nextChunk(): void {
    this.#sum();
    this.#full.push({ buffer: this.#buffer, length: this.#position });
    this.#bytesBefore += this.#position;
    this.#buffer = this.#buffers.pop() ?? new Uint8Array(this.#chunkBytes);
    this.#view = new DataView(this.#buffer.buffer);
    this.#position = 0;
    this.#summedTo = 0;
  }

  #sum(): void {
    this.#crc?.update(this.#buffer, this.#summedTo, this.#position);
    this.#summedTo = this.#position;
  }
}

/** A long string that is written piece by piece: it is compressed before its length is known. */
export class LongString {
  readonly #text: Uint8Array;
  readonly #compressed: Uint8Array;
  readonly #compressor: LzfCompressor;
  #until = 0;

  /**
   * @param text Stays as it is until all is written.
   * @param compressor Compresses nothing else until then.
   */
  constructor(text: Uint8Array, compressor: LzfCompressor) {
    this.#text = text;
    this.#compressor = compressor;
    this.#compressed = new Uint8Array(text.length - savedBytesMin);
    compressor.begin(0, text.length, 0);
  }

  /** Sees to `byteLength` bytes more, of which there must be some; whether it is in the output now. */
  step(output: RdbOutput, byteLength: number): boolean {
    this.#until += byteLength;
    const [text, compressed] = [this.#text, this.#compressed];
    const { length } = text;
    const compressedBytes = this.#compressor
      .compressUntil(this.#until, text, 0, length, compressed, 0, compressed.length);
    if (compressedBytes === UNFINISHED) return false;
    if (compressedBytes > 0) output.compressed(compressed, compressedBytes, length);
    else {
      output.length(length);
      output.raw(text, 0, length);
    }
    return true;
  }
}

/** The first byte of a string in an encoding of its own. */
function encoded(encoding: number): number {
  return (LengthKind.ENCODED << LENGTH_KIND_SHIFT) | encoding;
}
