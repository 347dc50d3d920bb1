/**
 * Where RDB is written to: numbers, lengths and strings become bytes (`rdb_format.ts` draws them), which
 * gather in chunks. Whoever has a file or a peer takes the full ones and gives the buffers back.
 *
 * The checksum is taken of whole chunks, while they are in the processor's cache. Outputs whose bytes go
 * into another one later do without.
 *
 * A string may be so long that to compress it, or to sum it up, would keep others waiting. Where that is
 * not to be, it is put off, as a copy, and with it all that is written behind it, until `catchUp` has seen
 * to it piece by piece:
 *
 *     full chunks, to be taken | long string | chunks | long string | … | chunk that is being filled
 */
import { invariant } from "../assert.ts";
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

/** No number or length takes more, */
const numberBytesMax = 9;
/** nor what is in front of a string. */
const headBytesMax = 1 + 2 * numberBytesMax;

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

/** Of what was written: bytes, or a string that was put off. */
export type RdbPart = Uint8Array | LongString;

/** What an output does beyond gathering bytes. */
export interface RdbOutputOptions {
  /** Whether long strings are compressed: `rdbcompression`. */
  readonly compresses: boolean;
  /** Whether there is a checksum, `rdbchecksum`; what `checksum` writes is 0 without. */
  readonly sums: boolean;
  /** Length of a chunk; there may be many outputs whose chunks are small. */
  readonly chunkBytes?: number;
  /** Longer strings are put off. Without, none are. */
  readonly longBytes?: number;
}

export class RdbOutput {
  /** Whether long strings are compressed from now on. */
  compresses: boolean;
  readonly #crc: Crc64 | null;
  readonly #chunkBytes: number;
  readonly #longBytes: number;
  #buffer: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #position = 0;
  /** How far in the buffer the checksum has come. */
  #summedTo = 0;
  #full: RdbChunk[] = [];
  /** The first string that is put off, and what is behind it: of that no checksum is taken yet. */
  #late: (RdbChunk | LongString)[] = [];
  /** Of strings that are put off: one of them after the other. */
  #compressor: LzfCompressor | null = null;
  /** Bytes of all chunks before this one, taken or not. */
  #bytesBefore = 0;
  readonly #buffers: Uint8Array<ArrayBuffer>[] = [];

  constructor(options: RdbOutputOptions) {
    const { compresses, sums, chunkBytes = chunkBytesUsual, longBytes = Infinity } = options;
    this.#chunkBytes = chunkBytes;
    this.#longBytes = longBytes;
    this.#buffer = new Uint8Array(chunkBytes);
    this.#view = new DataView(this.#buffer.buffer);
    this.compresses = compresses;
    this.#crc = sums ? new Crc64() : null;
  }

  /** Bytes written so far; a string that is put off counts as if it were not compressed. */
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
    // those of long strings are part of a larger one
    const isOwn = buffer.buffer.byteLength === this.#chunkBytes;
    if (isOwn && this.#buffers.length < buffersKeptMax) this.#buffers.push(buffer);
  }

  /** Whether a string is put off. */
  get isBehind(): boolean {
    return this.#late.length > 0;
  }

  /** Sees to about so many bytes of what is put off. */
  catchUp(byteLength: number): void {
    for (let left = byteLength; left > 0 && this.#late.length > 0;) {
      const next = this.#late[0];
      if (next instanceof LongString) {
        const compressor = this.compresses ? this.#compressor ??= new LzfCompressor() : null;
        const written = next.step(compressor, left);
        if (written === null) return;
        const chunks = written.flatMap((bytes) => chunksOf(bytes, this.#chunkBytes));
        for (const { length } of chunks) this.#bytesBefore += length;
        this.#bytesBefore -= next.byteLength;
        this.#late = [...chunks, ...this.#late.slice(1)];
        return;
      }
      this.#late.shift();
      this.#crc?.update(next.buffer, 0, next.length);
      this.#full.push(next);
      left -= next.length;
    }
  }

  /** All that was written, nothing of which was taken yet, for another output. */
  takeParts(): RdbPart[] {
    this.flush();
    const parts = [...this.#full, ...this.#late].map((part) => {
      if (part instanceof LongString) return part;
      const bytes = part.buffer.slice(0, part.length);
      this.release(part.buffer);
      return bytes;
    });
    this.#full = [];
    this.#late = [];
    this.#bytesBefore = 0;
    return parts;
  }

  /** Writes what another output had. */
  add(parts: readonly RdbPart[]): void {
    for (const part of parts) {
      if (part instanceof LongString) this.#putOff(part);
      else this.raw(part, 0, part.length);
    }
  }

  /** All bytes in one piece, none of which was taken yet; valid until more are written, from the start. */
  takeAll(): Uint8Array<ArrayBuffer> {
    invariant(!this.isBehind, "all is there at once where nothing is put off");
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
    invariant(!this.isBehind, "a checksum is of all that comes before");
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
    } else if (length > this.#longBytes) {
      return this.#putOff(new LongString(buffer.slice(start, end)));
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

  /** Begins a string of `byteLength` bytes, as the `compressedBytes` that follow. */
  compressedHead(compressedBytes: number, byteLength: number): void {
    this.byte(encoded(StringEncoding.LZF));
    this.length(compressedBytes);
    this.length(byteLength);
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
    this.compressedHead(compressedBytes, length);
    this.raw(output, 0, compressedBytes);
    return true;
  }

  #putOff(string: LongString): void {
    this.flush();
    this.#late.push(string);
    this.#bytesBefore += string.byteLength;
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

  #join(last: Uint8Array): Uint8Array<ArrayBuffer> {
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
    const chunk = { buffer: this.#buffer, length: this.#position };
    if (this.isBehind) this.#late.push(chunk);
    else {
      this.#sum();
      this.#full.push(chunk);
    }
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

/** A string that is put off: it is compressed piece by piece. */
export class LongString {
  readonly #text: Uint8Array<ArrayBuffer>;
  #compressed: Uint8Array<ArrayBuffer> | null = null;
  #until = 0;

  /** @param text Stays as it is. */
  constructor(text: Uint8Array<ArrayBuffer>) {
    this.#text = text;
  }

  /** Length of the string. */
  get byteLength(): number {
    return this.#text.length;
  }

  /**
   * Sees to `byteLength` bytes more, of which there must be some; when that was all, what the string is
   * written as, in two pieces.
   *
   * @param compressor Compresses nothing else until then; null where strings are not compressed.
   */
  step(compressor: LzfCompressor | null, byteLength: number): Uint8Array<ArrayBuffer>[] | null {
    const text = this.#text;
    const { length } = text;
    const asItIs = () => [headOf((output) => output.length(length)), text];
    if (compressor === null || length < compressedBytesMin) return asItIs();
    if (this.#compressed === null) {
      this.#compressed = new Uint8Array(length - savedBytesMin);
      compressor.begin(0, length, 0);
    }
    const compressed = this.#compressed;
    this.#until += byteLength;
    const compressedBytes = compressor
      .compressUntil(this.#until, text, 0, length, compressed, 0, compressed.length);
    if (compressedBytes === UNFINISHED) return null;
    if (compressedBytes === 0) return asItIs();
    const head = headOf((output) => output.compressedHead(compressedBytes, length));
    return [head, compressed.subarray(0, compressedBytes)];
  }
}

/** What is written in front of a string's bytes. */
function headOf(write: (output: RdbOutput) => void): Uint8Array<ArrayBuffer> {
  const output = new RdbOutput({ compresses: false, sums: false, chunkBytes: headBytesMax });
  write(output);
  return output.takeAll();
}

/** The same bytes as chunks of `chunkBytes` at most. */
function chunksOf(bytes: Uint8Array<ArrayBuffer>, chunkBytes: number): RdbChunk[] {
  const chunks: RdbChunk[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const buffer = bytes.subarray(at, at + chunkBytes);
    chunks.push({ buffer, length: buffer.length });
  }
  return chunks;
}

/** The first byte of a string in an encoding of its own. */
function encoded(encoding: number): number {
  return (LengthKind.ENCODED << LENGTH_KIND_SHIFT) | encoding;
}
