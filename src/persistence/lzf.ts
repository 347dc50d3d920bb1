/**
 * LZF, which long strings of RDB files are compressed by: an algorithm of Marc Lehmann's liblzf, with the
 * settings that Redis compiles it with, so that both write the same bytes.
 *
 *     000nnnnn                             n + 1 bytes follow as they are
 *     nnnooooo oooooooo                    n + 2 bytes as they were o + 1 bytes before (n from 1 to 6)
 *     111ooooo nnnnnnnn oooooooo           the same for n + 9 bytes
 *
 * The compressor looks for what it has seen in a table of places, by a hash of three bytes. A place is
 * kept as a number that grows from string to string: those of earlier strings are too low to count, and
 * the table (256 KiB) need not be cleared for each. Redis doesn't clear its own either; what lies there
 * from earlier can make it find another copy of the same bytes, once in many thousands of strings.
 */
import { LastView } from "../memory/bytes.ts";

const HASH_BITS = 16;
const HASH_MASK = (1 << HASH_BITS) - 1;
/** Three bytes are hashed. */
const HASHED_MASK = 0xffffff;

/** A run of bytes as they are has at most so many. */
const LITERALS_MAX = 32;
/** A copy is from at most so far back, */
const OFFSET_MAX = 1 << 13;
/** and has at most two bytes more than this. */
const COPY_MAX = (1 << 8) + (1 << 3);
const COPY_MIN = 3;
/** liblzf compares so many bytes behind the first three without a look at how many a copy may have. */
const COPY_UNCHECKED = 16;
/** A length of this in the first byte is continued in the second. */
const LENGTH_CONTINUED = 7;

/** The table is cleared when places get here. */
const PLACE_MAX = 0x7fffffff;

/** Runs are written by words of so many bytes. */
const WORD_BYTES = 8;

const inputViews = new LastView();
const outputViews = new LastView();

/** What `compressUntil` returns before it comes to the end. */
export const UNFINISHED = -1;

/** Compresses strings, one after the other. */
export class LzfCompressor {
  /** The last place of each hash, as an offset into the string plus `#base`. */
  readonly #places = new Int32Array(1 << HASH_BITS);
  #base = 1;
  /** Where the string goes on, and from where on it is to be written as it is, to where in the output. */
  #at = 0;
  #literals = 0;
  #to = 0;
  /** Where the copy found last is from. */
  #from = 0;

  /**
   * Writes `input[start, end)` compressed to `output[outputStart, outputEnd)` and returns how many bytes
   * these are; 0 if it takes more room than there is. Bytes behind those are undefined then.
   */
  compress(
    input: Uint8Array,
    start: number,
    end: number,
    output: Uint8Array,
    outputStart: number,
    outputEnd: number,
  ): number {
    if (start === end || outputStart === outputEnd) return 0;
    this.begin(start, end, outputStart);
    return this.compressUntil(end, input, start, end, output, outputStart, outputEnd);
  }

  /** Begins with `input[start, end)`, which is to be written from `outputStart` on. */
  begin(start: number, end: number, outputStart: number): void {
    this.#takePlaces(end - start);
    this.#at = start;
    this.#literals = start;
    this.#to = outputStart;
  }

  /**
   * As `compress`, but of the string that was begun with, and no further than to `input[until]` or a little
   * behind: returns `UNFINISHED` if more is to come.
   */
  compressUntil(
    until: number,
    input: Uint8Array,
    start: number,
    end: number,
    output: Uint8Array,
    outputStart: number,
    outputEnd: number,
  ): number {
    const lowest = this.#base - (end - start);
    const bias = lowest - start;
    const last = end - 2;
    let at = this.#at;
    let literals = this.#literals;
    let to = this.#to;
    for (const goal = Math.min(until, last); at < goal;) {
      const stop = Math.min(goal, literals + literalsFor(outputEnd - to));
      at = this.#findCopy(input, at, stop, bias, lowest);
      if (at >= stop) break;
      to = writeLiterals(output, to, input, literals, at);
      if (to + 4 >= outputEnd) return 0;
      const length = commonBytes(input, this.#from, at, end);
      to = writeCopy(output, to, at - this.#from - 1, length);
      at += length;
      literals = at;
      // the last two places of the copy are noted, those before are not
      if (at < last) this.#notePlaces(input, at - 2, bias);
    }
    if (at < last) {
      // without having come as far as it was to, it has found no room
      if (at < until) return 0;
      this.#at = at;
      this.#literals = literals;
      this.#to = to;
      return UNFINISHED;
    }
    const count = at - literals;
    if (to + count + Math.floor(count / LITERALS_MAX) + 4 > outputEnd) return 0;
    return writeLiterals(output, to, input, literals, end) - outputStart;
  }

  /**
   * Looks, from `at` to `stop`, for the first place whose bytes have been there before, and notes what it
   * passes; returns `stop` if there is none, or `at` if that is behind. Where they have been is in `#from`.
   *
   * It is all that happens to bytes that are new, and keeps to that: 1 KiB that can't be compressed takes
   * 4.9 us, where it was written byte by byte, for nothing in the end, 9.2 (2026-11-27).
   */
  #findCopy(input: Uint8Array, at: number, stop: number, bias: number, lowest: number): number {
    const places = this.#places;
    let hashed = (input[at] << 8) | input[at + 1];
    let i = at;
    for (; i < stop; i++) {
      hashed = ((hashed << 8) | input[i + 2]) & HASHED_MASK;
      const slot = hashOf(hashed);
      const place = places[slot];
      places[slot] = i + bias;
      if (place <= lowest) continue;
      const from = place - bias;
      if (
        i - from > OFFSET_MAX || input[from] !== input[i] || input[from + 1] !== input[i + 1] ||
        input[from + 2] !== input[i + 2]
      ) continue;
      this.#from = from;
      break;
    }
    return i;
  }

  /** Notes the two places from `at` on. */
  #notePlaces(input: Uint8Array, at: number, bias: number): void {
    let hashed = (input[at] << 8) | input[at + 1];
    for (let i = at; i < at + 2; i++) {
      hashed = ((hashed << 8) | input[i + 2]) & HASHED_MASK;
      this.#places[hashOf(hashed)] = i + bias;
    }
  }

  /** Makes sure of so many places, up to `#base`, that the table doesn't know. */
  #takePlaces(count: number): void {
    if (this.#base + count > PLACE_MAX) {
      this.#places.fill(0);
      this.#base = 1;
    }
    this.#base += count;
  }
}

/**
 * Writes what `input[start, end)` stands for to `output[outputStart, outputEnd)`. False if it is not
 * exactly as long as that, or nothing that a compressor writes.
 *
 * Most runs are a few bytes: they go by words, of which the last may be too much, where there is room for
 * that. Byte by byte, as close to the ends, listpacks of 200 bytes take 310 ns instead of 140.
 */
export function lzfDecompress(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  outputStart: number,
  outputEnd: number,
): boolean {
  const from = inputViews.of(input) ?? viewOf(input);
  const into = outputViews.of(output) ?? viewOf(output);
  const wordAtMax = end - WORD_BYTES;
  const wordToMax = outputEnd - WORD_BYTES;
  let at = start;
  let to = outputStart;
  while (at < end) {
    const control = input[at++];
    if (control < LITERALS_MAX) {
      const atNext = at + control + 1;
      const toNext = to + control + 1;
      if (atNext > end || toNext > outputEnd) return false;
      if (atNext <= wordAtMax && toNext <= wordToMax) {
        for (; to < toNext; at += WORD_BYTES, to += WORD_BYTES) {
          into.setBigInt64(to, from.getBigInt64(at, true), true);
        }
      } else while (to < toNext) output[to++] = input[at++];
      at = atNext;
      to = toNext;
      continue;
    }
    let length = control >>> 5;
    if (length === LENGTH_CONTINUED) {
      if (at >= end) return false;
      length += input[at++];
    }
    if (at >= end) return false;
    let back = to - ((control & 0x1f) << 8) - input[at++] - 1;
    const toNext = to + length + 2;
    if (back < outputStart || toNext > outputEnd) return false;
    if (back + WORD_BYTES <= to && toNext <= wordToMax) {
      for (; to < toNext; back += WORD_BYTES, to += WORD_BYTES) {
        into.setBigInt64(to, into.getBigInt64(back, true), true);
      }
    } else {
      // forwards even where both overlap: that repeats what is between them
      while (to < toNext) output[to++] = output[back++];
    }
    to = toNext;
  }
  return to === outputEnd;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hashOf(hashed: number): number {
  return ((hashed >>> (24 - HASH_BITS)) - hashed * 5) & HASH_MASK;
}

/** How many bytes as they are have room in so many bytes of output, with those that say how many. */
function literalsFor(room: number): number {
  if (room < 2) return 0;
  const runs = Math.floor((room - 2) / (LITERALS_MAX + 1));
  const rest = room - 2 - runs * (LITERALS_MAX + 1);
  return runs * LITERALS_MAX + Math.min(rest, LITERALS_MAX - 1) + 1;
}

/** How many bytes are the same at `from` and at `at`, of which three are known to be. */
function commonBytes(input: Uint8Array, from: number, at: number, end: number): number {
  const most = Math.min(end - at - 2, COPY_MAX);
  const limit = Math.max(most, most > COPY_UNCHECKED ? COPY_UNCHECKED + COPY_MIN : COPY_MIN);
  const back = at - from;
  let i = at + COPY_MIN;
  for (const stop = at + limit; i < stop && input[i] === input[i - back];) i++;
  return i - at;
}

/** Writes `input[start, end)` as it is, in runs that say how long they are; returns where they end. */
function writeLiterals(
  output: Uint8Array,
  to: number,
  input: Uint8Array,
  start: number,
  end: number,
): number {
  for (let at = start; at < end;) {
    const length = Math.min(end - at, LITERALS_MAX);
    output[to++] = length - 1;
    for (const runEnd = at + length; at < runEnd;) output[to++] = input[at++];
  }
  return to;
}

/** Writes a reference to `length` bytes; returns where it ends. */
function writeCopy(output: Uint8Array, to: number, offset: number, length: number): number {
  const stored = length - 2;
  if (stored < LENGTH_CONTINUED) {
    output[to++] = (offset >>> 8) + (stored << 5);
  } else {
    output[to++] = (offset >>> 8) + (LENGTH_CONTINUED << 5);
    output[to++] = stored - LENGTH_CONTINUED;
  }
  output[to++] = offset & 0xff;
  return to;
}
