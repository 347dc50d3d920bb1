/**
 * RDB files, and payloads for RESTORE, put together byte by byte: also such as no Redis of today writes,
 * and broken ones. It knows nothing of `src/persistence/` but the checksum.
 */
import { Crc64 } from "../../src/persistence/crc64.ts";

const utf8 = new TextEncoder();

/** Bytes, or text that stands for its UTF-8. */
export type Bytes = string | Uint8Array;

export function bytesOf(bytes: Bytes): Uint8Array {
  return typeof bytes === "string" ? utf8.encode(bytes) : bytes;
}

export class RdbBuilder {
  readonly #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  byte(...values: number[]): this {
    this.#bytes.push(...values);
    return this;
  }

  raw(bytes: Bytes): this {
    for (const byte of bytesOf(bytes)) this.#bytes.push(byte);
    return this;
  }

  /** An integer of so many bytes, little endian. */
  fixed(value: number | bigint, byteLength: number): this {
    for (let i = 0; i < byteLength; i++) {
      this.#bytes.push(Number(BigInt.asUintN(8, BigInt(value) >> BigInt(8 * i))));
    }
    return this;
  }

  /** The same, big endian. */
  fixedBig(value: number | bigint, byteLength: number): this {
    for (let i = byteLength - 1; i >= 0; i--) {
      this.#bytes.push(Number(BigInt.asUintN(8, BigInt(value) >> BigInt(8 * i))));
    }
    return this;
  }

  /** A length in as few bytes as can be. */
  count(value: number | bigint): this {
    const whole = BigInt.asUintN(64, BigInt(value));
    if (whole < 64n) return this.fixed(whole, 1);
    if (whole < 16384n) return this.fixedBig(whole | 0x4000n, 2);
    if (whole <= 0xffffffffn) return this.byte(0x80).fixedBig(whole, 4);
    return this.byte(0x81).fixedBig(whole, 8);
  }

  /** A string as it is. */
  string(bytes: Bytes): this {
    const raw = bytesOf(bytes);
    return this.count(raw.length).raw(raw);
  }

  /** A string that is an integer, of 1, 2 or 4 bytes. */
  integer(value: number, byteLength: 1 | 2 | 4): this {
    return this.byte(0xc0 | (byteLength >> 1)).fixed(value, byteLength);
  }

  /** A string that is compressed, if only in form: all its bytes are literals. */
  compressed(bytes: Bytes): this {
    const raw = bytesOf(bytes);
    const packed = new RdbBuilder();
    for (let at = 0; at < raw.length; at += 32) {
      const run = raw.subarray(at, at + 32);
      packed.byte(run.length - 1).raw(run);
    }
    return this.byte(0xc3).count(packed.length).count(raw.length).raw(packed.take());
  }

  double(value: number): this {
    return this.raw(new Uint8Array(new Float64Array([value]).buffer));
  }

  /** A score as text, as Redis before 4.0 wrote it. */
  score(text: string): this {
    if (text === "nan") return this.byte(253);
    if (text === "inf") return this.byte(254);
    if (text === "-inf") return this.byte(255);
    return this.byte(text.length).raw(text);
  }

  /** The ID of a stream's entry as nodes and pending entries have it. */
  streamId(ms: number | bigint, sequence: number | bigint): this {
    return this.fixedBig(ms, 8).fixedBig(sequence, 8);
  }

  /** The checksum of all so far. */
  checksum(): this {
    const crc = new Crc64();
    crc.update(this.take(), 0, this.length);
    return this.fixed(crc.low, 4).fixed(crc.high, 4);
  }

  take(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** What RESTORE takes: a value of a type, with the version and the checksum behind it. */
export function payload(
  type: number,
  write: (builder: RdbBuilder) => unknown,
  version = 12,
): Uint8Array {
  const builder = new RdbBuilder().byte(type);
  write(builder);
  return builder.fixed(version, 2).checksum().take();
}

/** A file of a version, with what `write` writes between head and end. */
export function rdbFile(version: number, write: (builder: RdbBuilder) => unknown): Uint8Array {
  const builder = new RdbBuilder().raw(`REDIS${String(version).padStart(4, "0")}`);
  write(builder);
  builder.byte(0xff);
  return version < 5 ? builder.take() : builder.checksum().take();
}

/** An element of a packed form: a number is packed as an integer. */
export type PackedEntry = Bytes | number | bigint;

/** Redis' list of small things before 7.0. An integer is packed in the least bytes. */
export function ziplist(entries: readonly PackedEntry[]): Uint8Array {
  const body = new RdbBuilder();
  let tail = 10;
  let previous = 0;
  for (const entry of entries) {
    tail = 10 + body.length;
    if (previous < 254) body.byte(previous);
    else body.byte(254).fixed(previous, 4);
    ziplistEntry(body, entry);
    previous = 10 + body.length - tail;
  }
  return new RdbBuilder().fixed(body.length + 11, 4).fixed(tail, 4)
    .fixed(Math.min(entries.length, 0xffff), 2).raw(body.take()).byte(0xff).take();
}

function ziplistEntry(body: RdbBuilder, entry: PackedEntry): void {
  if (typeof entry !== "number" && typeof entry !== "bigint") {
    const raw = bytesOf(entry);
    if (raw.length < 64) body.byte(raw.length);
    else if (raw.length < 16384) body.fixedBig(raw.length | 0x4000, 2);
    else body.byte(0x80).fixedBig(raw.length, 4);
    body.raw(raw);
  } else if (entry >= 0 && entry <= 12) body.byte(0xf1 + Number(entry));
  else if (fitsIn(entry, 1)) body.byte(0xfe).fixed(entry, 1);
  else if (fitsIn(entry, 2)) body.byte(0xc0).fixed(entry, 2);
  else if (fitsIn(entry, 3)) body.byte(0xf0).fixed(entry, 3);
  else if (fitsIn(entry, 4)) body.byte(0xd0).fixed(entry, 4);
  else body.byte(0xe0).fixed(entry, 8);
}

/** Whether an integer fits in so many bytes. */
function fitsIn(value: number | bigint, byteLength: number): boolean {
  return BigInt.asIntN(byteLength * 8, BigInt(value)) === BigInt(value);
}

/** Redis' small hash before 2.6. `free` bytes are left behind each value. */
export function zipmap(pairs: readonly (readonly [Bytes, Bytes])[], free = 0): Uint8Array {
  const builder = new RdbBuilder().byte(Math.min(pairs.length, 254));
  const lengthOf = (bytes: Uint8Array) =>
    bytes.length < 254 ? builder.byte(bytes.length) : builder.byte(254).fixed(bytes.length, 4);
  for (const [field, value] of pairs) {
    lengthOf(bytesOf(field)).raw(field);
    lengthOf(bytesOf(value)).byte(free).raw(value).raw("?".repeat(free));
  }
  return builder.byte(0xff).take();
}

/** Redis' list of small things since 7.0. */
export function listpack(entries: readonly PackedEntry[]): Uint8Array {
  const body = new RdbBuilder();
  for (const entry of entries) {
    const packed = listpackEntry(entry);
    body.raw(packed).raw(backlen(packed.length));
  }
  return new RdbBuilder().fixed(body.length + 7, 4).fixed(Math.min(entries.length, 0xffff), 2)
    .raw(body.take()).byte(0xff).take();
}

function listpackEntry(entry: PackedEntry): Uint8Array {
  const builder = new RdbBuilder();
  if (typeof entry !== "number" && typeof entry !== "bigint") {
    const raw = bytesOf(entry);
    if (raw.length < 64) builder.byte(0x80 | raw.length);
    else if (raw.length < 4096) builder.fixedBig(0xe000 | raw.length, 2);
    else builder.byte(0xf0).fixed(raw.length, 4);
    return builder.raw(raw).take();
  }
  if (entry >= 0 && entry <= 127) return builder.byte(Number(entry)).take();
  if (entry >= -4096 && entry <= 4095) {
    return builder.fixedBig(0xc000 | (Number(entry) & 0x1fff), 2).take();
  }
  if (fitsIn(entry, 2)) return builder.byte(0xf1).fixed(entry, 2).take();
  if (fitsIn(entry, 3)) return builder.byte(0xf2).fixed(entry, 3).take();
  if (fitsIn(entry, 4)) return builder.byte(0xf3).fixed(entry, 4).take();
  return builder.byte(0xf4).fixed(entry, 8).take();
}

/** The size of an entry, to be read from its end. */
function backlen(length: number): Uint8Array {
  if (length <= 127) return Uint8Array.of(length);
  if (length < 16383) return Uint8Array.of(length >> 7, (length & 127) | 128);
  if (length >= 2097151) throw new RangeError("no test has an entry of that size");
  return Uint8Array.of(length >> 14, ((length >> 7) & 127) | 128, (length & 127) | 128);
}

/** Redis' small set of integers, each of `width` bytes. */
export function intset(members: readonly (number | bigint)[], width: 2 | 4 | 8): Uint8Array {
  const builder = new RdbBuilder().fixed(width, 4).fixed(members.length, 4);
  for (const member of members) builder.fixed(member, width);
  return builder.take();
}
