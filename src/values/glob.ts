/**
 * Glob patterns on bytes, as KEYS, SCAN, PSUBSCRIBE and others understand them: `*`, `?`, `[a-z]`,
 * `[^a-z]` and `\` before a byte that is meant literally.
 *
 * Matching is iterative. Every part of a pattern other than `*` stands for exactly one byte, so when a
 * match fails, only the last `*` needs to be tried with a longer run, and when the text is used up, no
 * longer run can help. Work is at most the length of the pattern times that of the text, however
 * many stars there are.
 *
 * The corner cases are Redis's: a class that is never closed ends with the pattern, the bounds of a
 * range may be swapped, bytes from 128 on count as negative in a range, and nothing but the empty
 * pattern matches the empty text.
 */
const star = 0x2a;
const question = 0x3f;
const backslash = 0x5c;
const classOpen = 0x5b;
const classClose = 0x5d;
const caret = 0x5e;
const dash = 0x2d;

/** Redis gives a pattern up that has more runs of stars before its last part. */
const starsMax = 1000;

/** Whether `text[textStart, textEnd)` as a whole matches `pattern[patternStart, patternEnd)`. */
export function globMatch(
  pattern: Uint8Array,
  patternStart: number,
  patternEnd: number,
  text: Uint8Array,
  textStart: number,
  textEnd: number,
  ignoreCase = false,
): boolean {
  if (textStart === textEnd) return patternStart === patternEnd;
  let p = patternStart;
  let t = textStart;
  let stars = 0;
  /** The part behind the last star, and where in the text it is being tried. */
  let afterStar = -1;
  let triedAt = 0;
  while (t < textEnd) {
    if (p < patternEnd && pattern[p] === star) {
      p = skipStars(pattern, p, patternEnd);
      if (p === patternEnd) return true;
      if (++stars > starsMax) return false;
      afterStar = p;
      triedAt = t;
    }
    const next = p < patternEnd ? matchByte(pattern, p, patternEnd, text[t], ignoreCase) : -1;
    if (next >= 0) {
      p = next;
      t++;
    } else {
      if (afterStar < 0) return false;
      p = afterStar;
      t = ++triedAt;
    }
  }
  return skipStars(pattern, p, patternEnd) === patternEnd;
}

function skipStars(pattern: Uint8Array, at: number, end: number): number {
  while (at < end && pattern[at] === star) at++;
  return at;
}

/** The position behind the part of the pattern at `at` if it stands for `byte`, else -1. */
function matchByte(
  pattern: Uint8Array,
  at: number,
  end: number,
  byte: number,
  ignoreCase: boolean,
): number {
  const first = pattern[at];
  if (first === question) return at + 1;
  if (first === classOpen) return matchClass(pattern, at + 1, end, byte, ignoreCase);
  const literalAt = first === backslash && at + 1 < end ? at + 1 : at;
  return isSame(pattern[literalAt], byte, ignoreCase) ? literalAt + 1 : -1;
}

/** As `matchByte`, for the class whose bracket was opened before `at`. */
function matchClass(
  pattern: Uint8Array,
  at: number,
  end: number,
  byte: number,
  ignoreCase: boolean,
): number {
  const negated = at < end && pattern[at] === caret;
  if (negated) at++;
  let found = false;
  while (at < end && pattern[at] !== classClose) {
    if (pattern[at] === backslash && at + 1 < end) {
      // An escaped byte is compared as it stands, even where case does not matter.
      if (pattern[at + 1] === byte) found = true;
      at += 2;
    } else if (at + 2 < end && pattern[at + 1] === dash) {
      if (isInRange(byte, pattern[at], pattern[at + 2], ignoreCase)) found = true;
      at += 3;
    } else {
      if (isSame(pattern[at], byte, ignoreCase)) found = true;
      at++;
    }
  }
  if (found === negated) return -1;
  return at < end ? at + 1 : end;
}

function isInRange(byte: number, from: number, to: number, ignoreCase: boolean): boolean {
  const a = signed(from);
  const b = signed(to);
  const low = a < b ? a : b;
  const high = a < b ? b : a;
  const value = signed(byte);
  if (!ignoreCase) return value >= low && value <= high;
  return lowerCase(value) >= lowerCase(low) && lowerCase(value) <= lowerCase(high);
}

function isSame(a: number, b: number, ignoreCase: boolean): boolean {
  return a === b || (ignoreCase && lowerCase(a) === lowerCase(b));
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}

function lowerCase(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}
