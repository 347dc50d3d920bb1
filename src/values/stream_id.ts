/**
 * IDs of stream entries: milliseconds and a sequence number, 64 bits each, unsigned.
 *
 * A `StreamId` holds them as four words, so that IDs are compared, counted on and stored without making
 * a bigint of them. They are made once and set again and again. In the heap an ID is its words from the
 * lowest to the highest: sequence, then milliseconds.
 */
import { type Int64, parseInt64, writeInteger } from "../resp/numbers.ts";
import { int64OfWords } from "./int64_words.ts";

/** Words of an ID in the heap. */
export const streamIdWords = 4;

/** Room for the longest ID in decimal. */
export const streamIdTextBytesMax = 41;

/** What is longer is no ID, as in Redis. */
const textBytesMax = 127;

const wordMax = 0xffffffff;
const wordRange = 0x100000000;
/** Up to here the two words of a number are a safe integer. */
const safeHighMax = 0x1fffff;

const dash = 0x2d;
const plus = 0x2b;
const star = 0x2a;
const nul = 0;

const latin1 = new TextDecoder("latin1");
const encoder = new TextEncoder();

/** The milliseconds written last, with the dash: those of neighbours are mostly the same. */
const written = { low: 0, high: -1, end: 0, text: new Uint8Array(streamIdTextBytesMax) };

export class StreamId {
  msHigh = 0;
  msLow = 0;
  seqHigh = 0;
  seqLow = 0;

  static readonly min: StreamId = new StreamId();
  static readonly max: StreamId = new StreamId().setMax();

  set(other: StreamId): this {
    this.msHigh = other.msHigh;
    this.msLow = other.msLow;
    this.seqHigh = other.seqHigh;
    this.seqLow = other.seqLow;
    return this;
  }

  setMax(): this {
    this.msHigh =
      this.msLow =
      this.seqHigh =
      this.seqLow =
        wordMax;
    return this;
  }

  /** Makes this the first ID of a moment, which is a safe integer. */
  setMs(ms: number): this {
    this.msHigh = Math.floor(ms / wordRange);
    this.msLow = ms >>> 0;
    this.seqHigh = this.seqLow = 0;
    return this;
  }

  get isZero(): boolean {
    return (this.msHigh | this.msLow | this.seqHigh | this.seqLow) === 0;
  }

  get isMax(): boolean {
    return this.msHigh === wordMax && this.compare(StreamId.max) === 0;
  }

  /** The milliseconds as a double: never out of order, and exact up to 2^53. */
  get msApproximate(): number {
    return this.msHigh * wordRange + this.msLow;
  }

  hasMsOf(other: StreamId): boolean {
    return this.msLow === other.msLow && this.msHigh === other.msHigh;
  }

  /** Negative if this comes before `other`, positive if after it. */
  compare(other: StreamId): number {
    if (this.msHigh !== other.msHigh) return this.msHigh - other.msHigh;
    if (this.msLow !== other.msLow) return this.msLow - other.msLow;
    if (this.seqHigh !== other.seqHigh) return this.seqHigh - other.seqHigh;
    return this.seqLow - other.seqLow;
  }

  /** Goes to the next sequence number of the same moment; false if this was the last one. */
  incrementSequence(): boolean {
    if (this.seqLow === wordMax && this.seqHigh === wordMax) return false;
    if (this.seqLow === wordMax) this.seqHigh++;
    this.seqLow = (this.seqLow + 1) >>> 0;
    return true;
  }

  /** Becomes the ID behind this; false, and unchanged, if there is none. */
  increment(): boolean {
    if (this.incrementSequence()) return true;
    if (this.msLow === wordMax && this.msHigh === wordMax) return false;
    if (this.msLow === wordMax) this.msHigh++;
    this.msLow = (this.msLow + 1) >>> 0;
    this.seqHigh = this.seqLow = 0;
    return true;
  }

  /** Becomes the ID before this; false, and unchanged, if there is none. */
  decrement(): boolean {
    if (this.isZero) return false;
    if (this.seqLow !== 0 || this.seqHigh !== 0) {
      if (this.seqLow === 0) this.seqHigh--;
      this.seqLow = (this.seqLow - 1) >>> 0;
      return true;
    }
    if (this.msLow === 0) this.msHigh--;
    this.msLow = (this.msLow - 1) >>> 0;
    this.seqHigh = this.seqLow = wordMax;
    return true;
  }

  load(words: Uint32Array, at: number): this {
    this.seqLow = words[at];
    this.seqHigh = words[at + 1];
    this.msLow = words[at + 2];
    this.msHigh = words[at + 3];
    return this;
  }

  /** Becomes the ID of the 16 bytes at `at`, which are as nodes of streams have it in files. */
  loadBigEndian(bytes: Uint8Array, at: number): this {
    this.msHigh = readBigEndian(bytes, at);
    this.msLow = readBigEndian(bytes, at + 4);
    this.seqHigh = readBigEndian(bytes, at + 8);
    this.seqLow = readBigEndian(bytes, at + 12);
    return this;
  }

  store(words: Uint32Array, at: number): void {
    words[at] = this.seqLow;
    words[at + 1] = this.seqHigh;
    words[at + 2] = this.msLow;
    words[at + 3] = this.msHigh;
  }

  /** How many milliseconds this is behind `base`, modulo 2^64. */
  msSince(base: StreamId): Int64 {
    return difference(this.msLow, this.msHigh, base.msLow, base.msHigh);
  }

  /** How many sequence numbers this is behind `base`, modulo 2^64: negative where its moment is later. */
  sequenceSince(base: StreamId): Int64 {
    return difference(this.seqLow, this.seqHigh, base.seqLow, base.seqHigh);
  }

  /** Becomes the ID that is `ms` and `sequence` behind `base`, each modulo 2^64. */
  setSince(base: StreamId, ms: Int64, sequence: Int64): void {
    const msSum = add(base.msLow, base.msHigh, ms);
    this.msLow = msSum;
    this.msHigh = sumHigh;
    const sequenceSum = add(base.seqLow, base.seqHigh, sequence);
    this.seqLow = sequenceSum;
    this.seqHigh = sumHigh;
  }

  /** Writes the ID in decimal to the start of `buffer` and returns how many bytes these are. */
  write(buffer: Uint8Array): number {
    if (this.msLow !== written.low || this.msHigh !== written.high) {
      written.low = this.msLow;
      written.high = this.msHigh;
      written.end = writeUint64(written.text, 0, this.msLow, this.msHigh);
      written.text[written.end++] = dash;
    }
    const { end, text } = written;
    for (let i = 0; i < end; i++) buffer[i] = text[i];
    return writeUint64(buffer, end, this.seqLow, this.seqHigh);
  }

  toString(): string {
    const buffer = new Uint8Array(streamIdTextBytesMax);
    return latin1.decode(buffer.subarray(0, this.write(buffer)));
  }
}

/** The upper word of the last `add`. */
let sumHigh = 0;

/** Adds a signed number to two words; leaves the upper word in `sumHigh` and returns the lower one. */
function add(low: number, high: number, addend: Int64): number {
  if (typeof addend === "number" && addend >= 0 && low + addend <= wordMax) {
    sumHigh = high;
    return low + addend;
  }
  const sum = BigInt.asUintN(64, (BigInt(high) << 32n) + BigInt(low) + BigInt(addend));
  sumHigh = Number(sum >> 32n);
  return Number(sum & 0xffffffffn);
}

function difference(low: number, high: number, baseLow: number, baseHigh: number): Int64 {
  if (high === baseHigh && low >= baseLow) return low - baseLow;
  const lower = low - baseLow;
  return int64OfWords(lower | 0, (high - baseHigh - (lower < 0 ? 1 : 0)) | 0);
}

function readBigEndian(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
}

function writeUint64(buffer: Uint8Array, at: number, low: number, high: number): number {
  if (high <= safeHighMax) return writeInteger(buffer, at, high * wordRange + low);
  const text = ((BigInt(high) << 32n) | BigInt(low)).toString();
  return at + encoder.encodeInto(text, buffer.subarray(at)).written;
}

/** How an ID may be written, and what is made of one without a sequence number. */
export interface StreamIdSyntax {
  /** `-` and `+` are the first and the last ID. */
  readonly edges?: boolean;
  /** `ms-*` leaves the sequence number to the server. */
  readonly autoSequence?: boolean;
  /** An ID without a sequence number has the last one of its moment, not 0. */
  readonly lastOfMs?: boolean;
}

/** What `parseStreamId` has found. */
export enum ParsedId {
  Invalid,
  Whole,
  /** `ms-*`. */
  WithoutSequence,
}

/** Sets `id` to the one that is written in `buffer[start, end)`. */
export function parseStreamId(
  id: StreamId,
  buffer: Uint8Array,
  start: number,
  end: number,
  { edges = false, autoSequence = false, lastOfMs = false }: StreamIdSyntax = {},
): ParsedId {
  if (end - start > textBytesMax) return ParsedId.Invalid;
  // a C string: what follows a NUL doesn't count
  const nulAt = buffer.subarray(start, end).indexOf(nul);
  if (nulAt !== -1) end = start + nulAt;
  if (end - start === 1 && (buffer[start] === dash || buffer[start] === plus)) {
    if (!edges) return ParsedId.Invalid;
    id.set(buffer[start] === dash ? StreamId.min : StreamId.max);
    return ParsedId.Whole;
  }
  let dashAt = start;
  while (dashAt < end && buffer[dashAt] !== dash) dashAt++;
  if (!parseUint64(buffer, start, dashAt)) return ParsedId.Invalid;
  id.msLow = parsedLow;
  id.msHigh = parsedHigh;
  id.seqLow = id.seqHigh = lastOfMs ? wordMax : 0;
  if (dashAt === end) return ParsedId.Whole;
  if (autoSequence && end - dashAt === 2 && buffer[dashAt + 1] === star) {
    id.seqLow = id.seqHigh = 0;
    return ParsedId.WithoutSequence;
  }
  if (!parseUint64(buffer, dashAt + 1, end)) return ParsedId.Invalid;
  id.seqLow = parsedLow;
  id.seqHigh = parsedHigh;
  return ParsedId.Whole;
}

/** The words of the last number that `parseUint64` has read. */
let parsedLow = 0;
let parsedHigh = 0;

/** Reads a number as Redis' string2ull: what is no plain one gets a second chance as strtoull has it. */
function parseUint64(buffer: Uint8Array, start: number, end: number): boolean {
  const plain = parseInt64(buffer, start, end);
  if (typeof plain === "number") {
    if (plain < 0) return false;
    parsedLow = plain >>> 0;
    parsedHigh = Math.floor(plain / wordRange);
    return true;
  }
  // a plain number is not negated: that is for those that strtoull alone can read
  if (plain !== null && plain < 0n) return false;
  const parts = /^[ \t-\r]*([+-]?)(\d+)$/.exec(latin1.decode(buffer.subarray(start, end)));
  if (parts === null) return false;
  const magnitude = BigInt(parts[2]);
  if (magnitude > 0xffff_ffff_ffff_ffffn) return false;
  const value = BigInt.asUintN(64, parts[1] === "-" ? -magnitude : magnitude);
  parsedLow = Number(value & 0xffffffffn);
  parsedHigh = Number(value >> 32n);
  return true;
}
