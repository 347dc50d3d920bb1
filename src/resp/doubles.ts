/**
 * Doubles as text: how Redis reads and prints scores, weights, coordinates and all other `double`s.
 *
 * Printing is Redis' d2string: whole numbers of up to 62 bits in full, everything else with digits
 * that read back as the same number, chosen and laid out as fpconv does. Reading is C's strtod, hexadecimal
 * included, but for ranges of scores, which are read by a parser that knows only decimal.
 */

import { toDecimal } from "./grisu.ts";

const digitZero = 48;
const dot = 46;
const minus = 45;
const plus = 43;

/** Digits whose value is always a safe integer. */
const safeDigits = 15;

/** Whole numbers up to here are printed in full: half of the largest long long. */
const wholeMax = 2 ** 62;

const powersOfTen = Array.from({ length: safeDigits + 1 }, (_, exponent) => 10 ** exponent);

const latin1 = new TextDecoder("latin1");

const decimalForm = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const infiniteForm = /^[+-]?inf(inity)?$/i;
const hexadecimalForm = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)(?:p([+-]?\d+))?$/i;

/** The shortest text that reads back as `value`, as Redis prints a double. */
export function formatDouble(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) <= wholeMax) {
    if (Number.isSafeInteger(value)) return Object.is(value, -0) ? "-0" : String(value);
    return BigInt(value).toString();
  }
  return formatShortest(value);
}

/** Digits that read back as `value`, laid out as fpconv does, with few zeros: 1e+17. */
export function formatShortest(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  if (value === 0) return `${sign}0`;
  const { digits, power } = toDecimal(Math.abs(value));
  const exponent = power + digits.length - 1;
  if (power >= 0 && Math.abs(exponent) < digits.length + 7) {
    return sign + digits + "0".repeat(power);
  }
  if (power < 0 && (power > -7 || Math.abs(exponent) < 4)) {
    if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
    return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
  }
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
  return `${sign}${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${Math.abs(exponent)}`;
}

/** As C's `%.17g`: seventeen digits, without the zeros at their end. */
export function formatPrecise(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatShortest(value);
  const sign = value < 0 ? "-" : "";
  const [mantissa, exponentText] = roundToSeventeen(Math.abs(value)).split("e");
  const digits = mantissa.replace(".", "").replace(/0+$/, "");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent > 16) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    const power = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${power}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const fraction = digits.slice(exponent + 1);
  return sign + whole + (fraction === "" ? "" : `.${fraction}`);
}

/** In exponential form; to the even digit where two are as near, which JavaScript rounds up. */
function roundToSeventeen(value: number): string {
  const rounded = value.toExponential(16);
  const isTie = /^50*e/.test(value.toExponential(100).slice(18));
  return isTie ? rounded.replace(/[13579](?=e)/, (digit) => String(Number(digit) - 1)) : rounded;
}

/** As C's `%f`: all digits before the dot, six behind it, the last one even where two are as near. */
export function formatFixed(value: number): string {
  if (!Number.isFinite(value)) return formatShortest(value);
  if (Object.is(value, -0)) return "-0.000000";
  if (Math.abs(value) >= wholeMax) return `${BigInt(value)}.000000`;
  const text = value.toFixed(6);
  const isTie = Number.isInteger(value * 128) && !Number.isInteger(value * 64);
  return isTie && text.endsWith("3") ? `${text.slice(0, -1)}2` : text;
}

/** The double that `buffer[start, end)` is as a whole; NaN if it is none, overflows or underflows. */
export function parseDouble(buffer: Uint8Array, start: number, end: number): number {
  const decimal = parseDecimal(buffer, start, end);
  if (!Number.isNaN(decimal)) return decimal;
  return parseHexadecimal(latin1.decode(buffer.subarray(start, end)));
}

/** The same, where hexadecimal forms are none. */
export function parseDecimal(buffer: Uint8Array, start: number, end: number): number {
  const simple = parseSimple(buffer, start, end);
  if (!Number.isNaN(simple)) return simple;
  const text = latin1.decode(buffer.subarray(start, end));
  if (infiniteForm.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (!decimalForm.test(text)) return NaN;
  const value = Number(text);
  const underflows = value === 0 && /^[^e]*[1-9]/i.test(text);
  return underflows || !Number.isFinite(value) ? NaN : value;
}

/**
 * The bound of a range of scores, or a weight that SORT goes by: decimal only, up to the first NUL;
 * nothing is 0, and what overflows is infinite. NaN if it is none.
 */
export function parseBound(buffer: Uint8Array, start: number, end: number): number {
  const simple = parseSimple(buffer, start, end);
  if (!Number.isNaN(simple)) return simple;
  const [text] = latin1.decode(buffer.subarray(start, end)).split("\0", 1);
  if (text === "") return 0;
  if (infiniteForm.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  return decimalForm.test(text) ? Number(text) : NaN;
}

/** Few digits with at most one dot: what most numbers are. NaN for everything else. */
function parseSimple(buffer: Uint8Array, start: number, end: number): number {
  const sign = buffer[start];
  let at = sign === minus || sign === plus ? start + 1 : start;
  const length = end - at;
  // room for the dot, and no number without digits
  if (length === 0 || length > safeDigits + 1) return NaN;
  let value = 0;
  let digits = 0;
  let decimals = -1;
  for (; at < end; at++) {
    const byte = buffer[at];
    const digit = byte - digitZero;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digits++;
      if (decimals >= 0) decimals++;
    } else if (byte === dot && decimals < 0) decimals = 0;
    else return NaN;
  }
  if (digits === 0 || digits > safeDigits) return NaN;
  // both are exact, so the quotient is rounded once
  if (decimals > 0) value /= powersOfTen[decimals];
  return sign === minus ? -value : value;
}

/** Hexadecimal as C writes it, "0x1.8p3"; NaN if it is none, overflows or underflows. */
function parseHexadecimal(text: string): number {
  const parts = hexadecimalForm.exec(text);
  if (parts === null || parts[2].length + parts[3].length === 0) return NaN;
  const [, sign, whole, fraction, exponent = "0"] = parts;
  const significand = BigInt(`0x${whole}${fraction}`);
  // the bits beyond a double's only matter as being there
  const excess = Math.max(0, significand.toString(2).length - 64);
  const sticky = BigInt.asUintN(excess, significand) === 0n ? 0n : 1n;
  const scale = Number(exponent) - fraction.length * 4 + excess;
  // in two steps, as a power of two may be out of range where the product is not
  const firstScale = Math.max(-1000, Math.min(1000, scale));
  const value = Number((significand >> BigInt(excess)) | sticky) * 2 ** firstScale *
    2 ** (scale - firstScale);
  const isOut = !Number.isFinite(value) || (value === 0 && significand !== 0n);
  return isOut ? NaN : sign === "-" ? -value : value;
}
