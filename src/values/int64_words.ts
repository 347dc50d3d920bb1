/**
 * The two 32-bit words of an `Int64`: how packed values store, compare and order 64-bit integers
 * without making a bigint of each. Both words are signed, as bit operations of JavaScript are.
 */

import { type Int64, toInt64 } from "../resp/numbers.ts";

/** The lower 32 bits. */
export function lowWord(value: Int64): number {
  return typeof value === "number" ? value | 0 : Number(BigInt.asIntN(32, value));
}

/** The upper 32 bits, with the sign. */
export function highWord(value: Int64): number {
  return typeof value === "number"
    ? Math.floor(value / 0x100000000)
    : Number(BigInt.asIntN(32, value >> 32n));
}

/** The integer that these words make. */
export function int64OfWords(low: number, high: number): Int64 {
  const value = high * 0x100000000 + (low >>> 0);
  if (Number.isSafeInteger(value)) return value;
  return toInt64((BigInt(high) << 32n) | BigInt(low >>> 0));
}

/** `left + right`, which goes round beyond 64 bits as in C. */
export function addWrapping(left: Int64, right: Int64): Int64 {
  if (typeof left === "number" && typeof right === "number") {
    const sum = left + right;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return toInt64(BigInt.asIntN(64, BigInt(left) + BigInt(right)));
}
