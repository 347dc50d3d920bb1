/**
 * Integers of 1 to 64 bits at any bit of a string, as BITFIELD reads and writes them: most significant bit
 * first, so that where all is aligned to bytes they are big endian. Bits are counted as in `bits.ts`.
 *
 * A field is handled in pieces of at most a byte, and summed up in a plain number; only fields of more than
 * 53 bits are put together with BigInt, of a high part and 32 low bits.
 */
import { type Int64, int64Min, toInt64 } from "../resp/numbers.ts";

/** The type of a field: `u8`, `i64`. */
export interface FieldType {
  readonly isSigned: boolean;
  readonly bits: number;
}

/** What becomes of a value that does not fit its field. */
export enum Overflow {
  Wrap,
  Saturate,
  Fail,
}

/** A plain number holds as many bits exactly. */
const exactBits = 53;

/** The string `bytes[start, end)` counts as followed by zeros. */
export function readField(
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
  { isSigned, bits }: FieldType,
): Int64 {
  if (bits <= exactBits) {
    const value = readUnsigned(bytes, start, end, offset, bits);
    return isSigned && value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
  }
  const high = readUnsigned(bytes, start, end, offset, bits - 32);
  const low = readUnsigned(bytes, start, end, offset + bits - 32, 32);
  const value = (BigInt(high) << 32n) | BigInt(low);
  return toInt64(isSigned ? BigInt.asIntN(bits, value) : value);
}

/** Writes the low bits of `value` into the string that begins at `start` and reaches beyond the field. */
export function writeField(
  bytes: Uint8Array,
  start: number,
  offset: number,
  { bits }: FieldType,
  value: Int64,
): void {
  if (bits <= exactBits) {
    const low = Number(value);
    writeUnsigned(bytes, start, offset, bits, low < 0 ? low + 2 ** bits : low);
    return;
  }
  const unsigned = BigInt.asUintN(bits, BigInt(value));
  writeUnsigned(bytes, start, offset, bits - 32, Number(unsigned >> 32n));
  writeUnsigned(bytes, start, offset + bits - 32, 32, Number(unsigned & 0xffffffffn));
}

/** What a field becomes that is set to `value`; null where the overflow fails. */
export function settled(type: FieldType, overflow: Overflow, value: Int64): Int64 | null {
  const tooLow = type.isSigned ? isFarBelow(type, value) : value < 0;
  // so do these numbers compare in Redis' unsigned arithmetic: above all that fits
  return fitted(type, overflow, tooLow ? BigInt.asUintN(64, BigInt(value)) : value);
}

/** Whether a number is so low that its distance from the greatest of a signed type leaves 64 bits. */
function isFarBelow({ bits }: FieldType, value: Int64): boolean {
  return bits < 64 && typeof value === "bigint" && value - int64Min <= greatest(bits - 1);
}

/** What a field of `value` becomes that is incremented; null where the overflow fails. */
export function incremented(
  type: FieldType,
  overflow: Overflow,
  value: Int64,
  increment: Int64,
): Int64 | null {
  if (typeof value === "number" && typeof increment === "number") {
    const sum = value + increment;
    if (Number.isSafeInteger(sum)) return fitted(type, overflow, sum);
  }
  return fitted(type, overflow, BigInt(value) + BigInt(increment));
}

/** `value`, of any size, made to fit the type. */
function fitted(type: FieldType, overflow: Overflow, value: number | bigint): Int64 | null {
  const { isSigned, bits } = type;
  const max = greatest(isSigned ? bits - 1 : bits);
  const min = !isSigned ? 0 : typeof max === "number" ? -max - 1 : -max - 1n;
  if (value >= min && value <= max) return typeof value === "number" ? value : toInt64(value);
  if (overflow === Overflow.Fail) return null;
  if (overflow === Overflow.Saturate) return toInt64(BigInt(value > max ? max : min));
  return wrapped(type, value);
}

/** The greatest number of so many bits. */
function greatest(bits: number): number | bigint {
  return bits <= exactBits ? 2 ** bits - 1 : (1n << BigInt(bits)) - 1n;
}

/** The low bits of `value`, as a number of the type. */
function wrapped({ isSigned, bits }: FieldType, value: number | bigint): Int64 {
  if (typeof value === "number" && bits <= exactBits) {
    const span = 2 ** bits;
    const low = value - Math.floor(value / span) * span;
    return isSigned && low >= span / 2 ? low - span : low;
  }
  return toInt64((isSigned ? BigInt.asIntN : BigInt.asUintN)(bits, BigInt(value)));
}

function readUnsigned(
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
  bits: number,
): number {
  let value = 0;
  let at = start + Math.floor(offset / 8);
  let skipped = offset % 8;
  for (let left = bits; left > 0; at++) {
    const taken = Math.min(8 - skipped, left);
    const scale = 1 << taken;
    const byte = at < end ? bytes[at] : 0;
    value = value * scale + ((byte >>> (8 - skipped - taken)) & (scale - 1));
    left -= taken;
    skipped = 0;
  }
  return value;
}

/** From the last byte to the first, so that the low bits of `value` are always those to write. */
function writeUnsigned(
  bytes: Uint8Array,
  start: number,
  offset: number,
  bits: number,
  value: number,
): void {
  const last = offset + bits - 1;
  let at = start + Math.floor(last / 8);
  let skipped = 7 - last % 8;
  for (let left = bits; left > 0; at--) {
    const taken = Math.min(8 - skipped, left);
    const scale = 1 << taken;
    const rest = Math.floor(value / scale);
    const mask = (scale - 1) << skipped;
    bytes[at] = (bytes[at] & ~mask) | ((value - rest * scale) << skipped);
    value = rest;
    left -= taken;
    skipped = 0;
  }
}
