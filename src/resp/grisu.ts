/**
 * The decimal digits of a double by Grisu2 (Florian Loitsch, "Printing Floating-Point Numbers Quickly and
 * Accurately with Integers", 2010), with the choices that fpconv, Redis' printer, makes where the paper
 * leaves one. The digits always read back as the same double, but for one in two hundred they are not the
 * fewest or the nearest, which are those that JavaScript prints: clients would see the difference.
 *
 * A double is bracketed by the middles between it and its two neighbours; brackets are scaled by a power of
 * ten until the upper one has few bits before the binary point, and its digits are produced until the
 * remaining ones can't matter. All of it is done on 64-bit integers, each held as two halves of 32 bits.
 */

/** Powers of ten from the first in steps of eight: one of them scales any double into the window. */
const firstPower = -348;
const powerStep = 8;
const powerCount = 87;

/** The window for the binary exponent of what is scaled, which leaves its whole part 4 to 32 bits. */
const exponentMin = -60;
const exponentMax = -32;

/** fpconv guesses the power by this, and keeps the guess if it is within the window. */
const logTenOfTwo = 0.30102999566398114;

/** Binary exponent of the lowest bit of the smallest double. */
const denormalExponent = -1074;

const two32 = 2 ** 32;

/** 64 bits, as two halves; where differences are concerned, the upper one has any sign. */
interface Halves {
  high: number;
  low: number;
}

/** The significand of a power of ten, which is that times two to the exponent. */
interface Power extends Halves {
  exponent: number;
}

const powers = Array.from({ length: powerCount }, (_, i) => toPower(firstPower + i * powerStep));

/** A number greater than zero: digits that are an integer, times ten to a power. */
export interface Decimal {
  digits: string;
  power: number;
}

/** The digits of a finite double greater than zero. */
export function toDecimal(value: number): Decimal {
  const { significand, exponent, half, halfBelow } = split(value);
  const index = powerFor(exponent);
  const power = powers[index];
  // one less and one more, since either may be off by so much
  const upper = sum(product(sum(significand, half), power), { high: 0, low: -1 });
  const lower = sum(product(difference(significand, halfBelow), power), { high: 0, low: 1 });
  const { digits, zeros } = generate(
    upper,
    difference(upper, lower),
    difference(upper, product(significand, power)),
    -(exponent + power.exponent + 64),
  );
  return { digits, power: zeros - firstPower - index * powerStep };
}

const asDouble = new Float64Array(1);
const asWords = new Uint32Array(asDouble.buffer);

/** A double as 64 bits, the highest of which is set, and how far the middles to its neighbours are. */
function split(value: number) {
  // a denormal number is made a normal one
  const lift = value < 2 ** -1022 ? 54 : 0;
  asDouble[0] = value * 2 ** lift;
  const [lowWord, highWord] = asWords;
  const significand = {
    high: (0x8000_0000 | highWord << 11 | lowWord >>> 21) >>> 0,
    low: (lowWord << 11) >>> 0,
  };
  const exponent = (highWord >>> 20) - 1086 - lift;
  const half = toHalves(2 ** (Math.max(exponent + 11, denormalExponent) - 1 - exponent));
  // the doubles below a power of two are twice as near
  const isPowerOfTwo = lowWord === 0 && (highWord & 0xf_ffff) === 0 && lift === 0;
  const halfBelow = isPowerOfTwo ? { high: 0, low: half.low / 2 } : half;
  return { significand, exponent, half, halfBelow };
}

/** The index of the power that brings what has this exponent into the window. */
function powerFor(exponent: number): number {
  const guess = Math.trunc(-(exponent + powerCount) * logTenOfTwo);
  let index = Math.trunc((guess - firstPower) / powerStep);
  while (exponent + powers[index].exponent + 64 < exponentMin) index++;
  while (exponent + powers[index].exponent + 64 > exponentMax) index--;
  return index;
}

/**
 * The first digits of `upper` that bring it within `width` of itself, the last one then lowered for as
 * long as that brings it nearer to what is `distance` below; `zeros` is how many digits of its whole part
 * are left out, or less than none. The lowest `fractionBits` of all three are behind the binary point.
 */
function generate(upper: Halves, width: Halves, distance: Halves, fractionBits: number) {
  const shift = fractionBits - 32;
  const one = 2 ** shift;
  let whole = upper.high >>> shift;
  let digits = "";
  for (let zeros = 9; zeros >= 0; zeros--) {
    const unit = 10 ** zeros;
    const digit = Math.floor(whole / unit);
    if (digit > 0 || digits !== "") digits += digit;
    whole -= digit * unit;
    const rest = { high: whole * one + upper.high % one, low: upper.low };
    if (compare(rest, width) <= 0) {
      return { digits: lowerLast(digits, rest, unit * one, width, distance), zeros };
    }
  }
  const rest = { high: upper.high % one, low: upper.low };
  for (let zeros = -1;; zeros--) {
    timesTen(rest);
    timesTen(width);
    timesTen(distance);
    const digit = Math.floor(rest.high / one);
    if (digit > 0 || digits !== "") digits += digit;
    rest.high -= digit * one;
    if (compare(rest, width) < 0) {
      return { digits: lowerLast(digits, rest, one, width, distance), zeros };
    }
  }
}

/** Lowers the last digit, which is worth `unit` times 2^32, while what is left gets nearer to `distance`. */
function lowerLast(
  digits: string,
  rest: Halves,
  unit: number,
  width: Halves,
  distance: Halves,
): string {
  let { high } = rest;
  const { low } = rest;
  let last = Number(digits.at(-1));
  const next = { high, low };
  while (compare({ high, low }, distance) < 0) {
    next.high = high + unit;
    const isWithin = compare(next, width) <= 0;
    const isNearer = compare(next, distance) < 0 ||
      compare(sum(distance, distance), sum({ high, low }, next)) > 0;
    if (!isWithin || !isNearer) break;
    high = next.high;
    last--;
  }
  return digits.slice(0, -1) + last;
}

/** 10 to this, rounded to 64 bits. */
function toPower(power: number): Power {
  const whole = 10n ** BigInt(Math.abs(power));
  const bits = whole.toString(2).length;
  // one bit more than is kept decides how to round
  const shift = power < 0 ? 64 + bits : 65 - bits;
  const scaled = power < 0 ? (1n << BigInt(shift)) / whole : whole << BigInt(shift);
  const significand = (scaled + 1n) >> 1n;
  return {
    high: Number(significand >> 32n),
    low: Number(significand & 0xffff_ffffn),
    exponent: 1 - shift,
  };
}

/** A whole number below 2^64. */
function toHalves(value: number): Halves {
  return { high: Math.floor(value / two32), low: value % two32 };
}

function sum(a: Halves, b: Halves): Halves {
  const low = a.low + b.low;
  return { high: a.high + b.high + Math.floor(low / two32), low: low >>> 0 };
}

function difference(a: Halves, b: Halves): Halves {
  return sum(a, { high: -b.high, low: -b.low });
}

/** Below, above or equal to 0, as `a` is to `b`. */
function compare(a: Halves, b: Halves): number {
  return (a.high - b.high) * two32 + (a.low - b.low);
}

function timesTen(value: Halves): void {
  const low = value.low * 10;
  value.high = value.high * 10 + Math.floor(low / two32);
  value.low = low >>> 0;
}

/** The upper 64 bits of the product, rounded. */
function product(a: Halves, b: Halves): Halves {
  const middle = (Math.imul(a.high, b.low) >>> 0) + (Math.imul(a.low, b.high) >>> 0) +
    upperProduct(a.low, b.low) + two32 / 2;
  const low = (Math.imul(a.high, b.high) >>> 0) + upperProduct(a.high, b.low) +
    upperProduct(a.low, b.high) + Math.floor(middle / two32);
  return { high: upperProduct(a.high, b.high) + Math.floor(low / two32), low: low >>> 0 };
}

/** The upper 32 bits of the product of two numbers of 32 bits. */
function upperProduct(a: number, b: number): number {
  const lower = Math.floor((a & 0xffff) * b / 0x1_0000);
  return Math.floor(((a >>> 16) * b + lower) / 0x1_0000);
}
