/**
 * The arithmetic of INCRBYFLOAT: the 80-bit extended precision numbers that C calls `long double` on
 * x86-64, which is what Redis adds and prints with. JavaScript's numbers have 53 bits, these have 64, and
 * clients see the difference.
 *
 * A number is a signed bigint times a power of two, rounded to the nearest, to even in the middle. It owns
 * reading, adding and printing; what is an error, and where the text is kept, is the command's business.
 */

/** Bits of the significand. */
const significandBits = 64;

/** Exponent of the lowest bit of the smallest number (2^-16445), which is denormal. */
const exponentMin = -16445;

/** No finite number reaches 2 to this power. */
const exponentEnd = 16384;

/** Redis reads no longer number than this, in bytes. */
const textBytesMax = 5 * 1024 - 1;

/** Decimals that are printed, before trailing zeros go. */
const decimals = 17;
const decimalsScale = 10n ** BigInt(decimals);

/** Powers of ten beyond which a text of `textBytesMax` digits is out of range, whatever they are. */
const decimalExponentLimit = 20_000;
const binaryExponentLimit = 50_000;

const latin1 = new TextDecoder("latin1");
const infinityText = /^[+-]?inf(inity)?$/i;
const decimalText = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;
const hexadecimalText = /^([+-]?)0x([\da-f]*)(?:\.([\da-f]*))?(?:p([+-]?\d+))?$/i;

/** An extended precision number, or an infinity or NaN, which are not told apart. */
export class LongDouble {
  static readonly zero = new LongDouble(0n, 0);
  static readonly notFinite = new LongDouble(0n, NaN);

  readonly #significand: bigint;
  readonly #exponent: number;

  private constructor(significand: bigint, exponent: number) {
    this.#significand = significand;
    this.#exponent = exponent;
  }

  /**
   * The number written in `buffer[start, end)`, or null: what C's strtold makes of all of it, less what
   * Redis refuses: NaN, space before it, and what is too large or too near to zero to be told from it.
   */
  static parse(buffer: Uint8Array, start: number, end: number): LongDouble | null {
    if (start === end || end - start > textBytesMax) return null;
    const text = latin1.decode(buffer.subarray(start, end));
    const parsed = infinityText.test(text)
      ? LongDouble.notFinite
      : parseDecimal(text) ?? parseHexadecimal(text);
    if (parsed === null || parsed instanceof LongDouble) return parsed;
    const { numerator, denominator } = parsed;
    const magnitude = nearest(numerator, denominator);
    const isOutOfRange = magnitude === null || (magnitude.significand === 0n && numerator !== 0n);
    if (isOutOfRange) return null;
    const { significand, exponent } = magnitude;
    return new LongDouble(parsed.negative ? -significand : significand, exponent);
  }

  /** Neither an infinity nor NaN. */
  get isFinite(): boolean {
    return !Number.isNaN(this.#exponent);
  }

  /** The sum, rounded. */
  plus(other: LongDouble): LongDouble {
    if (!this.isFinite || !other.isFinite) return LongDouble.notFinite;
    const exponent = Math.min(this.#exponent, other.#exponent);
    const sum = (this.#significand << BigInt(this.#exponent - exponent)) +
      (other.#significand << BigInt(other.#exponent - exponent));
    const { numerator, denominator } = exact(
      sum < 0n ? "-" : "",
      sum < 0n ? -sum : sum,
      2n,
      exponent,
    );
    const magnitude = nearest(numerator, denominator);
    if (magnitude === null) return LongDouble.notFinite;
    const { significand } = magnitude;
    return new LongDouble(sum < 0n ? -significand : significand, magnitude.exponent);
  }

  /** In decimal without an exponent, to 17 decimals, without trailing zeros: Redis' LD_STR_HUMAN. */
  toString(): string {
    const negative = this.#significand < 0n;
    const significand = negative ? -this.#significand : this.#significand;
    const scaled = this.#exponent >= 0
      ? (significand << BigInt(this.#exponent)) * decimalsScale
      : shiftToNearest(significand * decimalsScale, -this.#exponent, false);
    if (scaled === 0n) return "0";
    const digits = scaled.toString().padStart(decimals + 1, "0");
    const whole = digits.slice(0, -decimals);
    const fraction = digits.slice(-decimals).replace(/0+$/, "");
    return (negative ? "-" : "") + whole + (fraction === "" ? "" : `.${fraction}`);
  }
}

/** A number as it was written: exact, and not yet rounded. */
interface Exact {
  negative: boolean;
  numerator: bigint;
  denominator: bigint;
}

function parseDecimal(text: string): Exact | null {
  const match = decimalText.exec(text);
  if (match === null) return null;
  const [, sign, whole, fraction = "", exponentText = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  if (whole + fraction === "") return null;
  const exponent = clamp(Number(exponentText), decimalExponentLimit) - fraction.length;
  const numerator = BigInt(digits || "0");
  return exact(sign, numerator, 10n, numerator === 0n ? 0 : exponent);
}

function parseHexadecimal(text: string): Exact | null {
  const match = hexadecimalText.exec(text);
  if (match === null) return null;
  const [, sign, whole, fraction = "", exponentText = "0"] = match;
  if (whole + fraction === "") return null;
  const exponent = clamp(Number(exponentText), binaryExponentLimit) - 4 * fraction.length;
  const numerator = BigInt(`0x${whole}${fraction}`);
  return exact(sign, numerator, 2n, numerator === 0n ? 0 : exponent);
}

function exact(sign: string, significand: bigint, base: bigint, exponent: number): Exact {
  const negative = sign === "-";
  const power = base ** BigInt(Math.abs(exponent));
  return exponent >= 0
    ? { negative, numerator: significand * power, denominator: 1n }
    : { negative, numerator: significand, denominator: power };
}

/** The number nearest to a quotient that is not negative, as significand and exponent; null: too large. */
function nearest(
  numerator: bigint,
  denominator: bigint,
): { significand: bigint; exponent: number } | null {
  if (numerator === 0n) return { significand: 0n, exponent: 0 };
  // a few bits more than are kept, so that those that are dropped decide how to round
  const spareBits = 3;
  const quotientBits = bitLength(numerator) - bitLength(denominator);
  const exponent = Math.max(quotientBits - significandBits, exponentMin) - spareBits;
  const scaledNumerator = numerator << BigInt(Math.max(-exponent, 0));
  const scaledDenominator = denominator << BigInt(Math.max(exponent, 0));
  const quotient = scaledNumerator / scaledDenominator;
  const isInexact = quotient * scaledDenominator !== scaledNumerator;
  const dropped = Math.max(bitLength(quotient) - significandBits, exponentMin - exponent);
  const significand = shiftToNearest(quotient, dropped, isInexact);
  if (bitLength(significand) + exponent + dropped > exponentEnd) return null;
  return { significand, exponent: exponent + dropped };
}

/**
 * `value / 2^bits` rounded to the nearest integer, to even in the middle; `isInexact` says that the real
 * value is a little more. `bits` is at least 1.
 */
function shiftToNearest(value: bigint, bits: number, isInexact: boolean): bigint {
  const shift = BigInt(bits);
  const shifted = value >> shift;
  const rest = value - (shifted << shift);
  const half = 1n << (shift - 1n);
  const isUp = rest > half || (rest === half && (isInexact || (shifted & 1n) === 1n));
  return isUp ? shifted + 1n : shifted;
}

function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const hexadecimal = value.toString(16);
  return hexadecimal.length * 4 - Math.clz32(parseInt(hexadecimal[0], 16)) + 28;
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}
