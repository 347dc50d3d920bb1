/**
 * Decimal 64-bit integers as bytes: how Redis reads and writes them, without a BigInt on the usual path.
 *
 * An `Int64` is a plain number as long as it is a safe integer (±(2^53 - 1)) and a bigint beyond, never
 * both ways for one value, so `===` compares two of them.
 */

/** An integer from -2^63 to 2^63 - 1: a number where that is exact, a bigint elsewhere. */
export type Int64 = number | bigint;

export const int64Max = 0x7fff_ffff_ffff_ffffn;
export const int64Min = -0x8000_0000_0000_0000n;

const digitZero = 48;
const minus = 45;

/** Longest decimal form of an int64: "-9223372036854775808". */
const int64DigitsMax = 20;

/** Digits whose value is always a safe integer. */
const safeDigits = 15;

const latin1 = new TextDecoder("latin1");

/** `value` in its one form: a number where that is exact. */
export function toInt64(value: bigint): Int64 {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

/**
 * The integer written in `buffer[start, end)`, or null. Strict as Redis' string2ll: no spaces, no plus
 * sign, no leading zeros, no `-0`, nothing beyond 64 bits. What is accepted is printed the same.
 */
export function parseInt64(buffer: Uint8Array, start: number, end: number): Int64 | null {
  const length = end - start;
  if (length === 0 || length > int64DigitsMax) return null;
  const negative = buffer[start] === minus;
  const first = negative ? start + 1 : start;
  if (first === end) return null;
  if (buffer[first] === digitZero) return length === 1 ? 0 : null;
  let value = 0;
  for (let i = first; i < end; i++) {
    const digit = buffer[i] - digitZero;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  if (end - first <= safeDigits) return negative ? -value : value;
  const exact = BigInt(latin1.decode(buffer.subarray(start, end)));
  return exact < int64Min || exact > int64Max ? null : toInt64(exact);
}

/** As C reads a number (`atoi`): what comes behind it, or if there is none at all, is no error. */
export function leadingInteger(text: string): number {
  return Number.parseInt(text, 10) || 0;
}

/** `left + right`, or null where it leaves 64 bits. */
export function addInt64(left: Int64, right: Int64): Int64 | null {
  if (typeof left === "number" && typeof right === "number") {
    const sum = left + right;
    if (Number.isSafeInteger(sum)) return sum;
  }
  const sum = BigInt(left) + BigInt(right);
  return sum < int64Min || sum > int64Max ? null : toInt64(sum);
}

/**
 * Writes a safe integer in decimal at `buffer[at…]`, which has room for 20 bytes, and returns the
 * position behind it.
 */
export function writeInteger(buffer: Uint8Array, at: number, value: number): number {
  if (value < 0) {
    buffer[at++] = minus;
    value = -value;
  }
  if (value < 10) {
    buffer[at] = digitZero + value;
    return at + 1;
  }
  if (value > 0x7fffffff) return writeLongInteger(buffer, at, value);
  return writeDigits(buffer, at, decimalLength(value), value);
}

/** In halves, each of which is written with 32-bit arithmetic. */
function writeLongInteger(buffer: Uint8Array, at: number, value: number): number {
  const high = Math.floor(value / 1e9);
  const middle = writeDigits(buffer, at, decimalLength(high), high);
  return writeDigits(buffer, middle, 9, value - high * 1e9);
}

/** Writes so many digits of an integer from 0 to 2^31 - 1; returns the position behind them. */
function writeDigits(buffer: Uint8Array, at: number, length: number, value: number): number {
  let rest = value | 0;
  for (let i = at + length - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    buffer[i] = digitZero + rest - tenth * 10;
    rest = tenth;
  }
  return at + length;
}

/** How many bytes `writeInteger` writes. */
export function integerLength(value: number): number {
  if (value < 0) return 1 + integerLength(-value);
  return value > 0x7fffffff ? 9 + decimalLength(Math.floor(value / 1e9)) : decimalLength(value);
}

/** How many digits an integer from 0 to 2^31 - 1 has. */
function decimalLength(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  if (value < 100_000_000) return 8;
  return value < 1_000_000_000 ? 9 : 10;
}
