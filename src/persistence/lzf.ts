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
/** So many bytes of a copy are compared without a look at how many it may have. */
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
  /** Where the string goes on, in the input and in the output, and how many bytes there are as they are. */
  #at = 0;
  #to = 0;
  #literals = 0;

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
    this.#to = outputStart + 1;
    this.#literals = 0;
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
    const places = this.#places;
    const lowest = this.#base - (end - start);
    const bias = lowest - start;
    const last = end - 2;
    const stop = until < last ? until : last;
    let literals = this.#literals;
    let to = this.#to;
    let at = this.#at;
    let hashed = (input[at] << 8) | input[at + 1];
    while (at < stop) {
      hashed = ((hashed << 8) | input[at + 2]) & HASHED_MASK;
      const slot = hashOf(hashed);
      const from = places[slot] - bias;
      places[slot] = at + bias;
      const offset = at - from - 1;
      if (
        offset >= OFFSET_MAX || from + bias <= lowest ||
        input[from] !== input[at] || input[from + 1] !== input[at + 1] ||
        input[from + 2] !== input[at + 2]
      ) {
        if (to >= outputEnd) return 0;
        output[to++] = input[at++];
        if (++literals === LITERALS_MAX) {
          output[to - literals - 1] = literals - 1;
          literals = 0;
          to++;
        }
        continue;
      }
      if (to - (literals === 0 ? 1 : 0) + 4 >= outputEnd) return 0;
      output[to - literals - 1] = literals - 1;
      if (literals === 0) to--;
      const length = commonBytes(input, from, at, end);
      to = writeCopy(output, to, offset, length);
      literals = 0;
      to++;
      at += length;
      if (at >= last) break;
      // the last two places of the copy are noted, those before are not
      at -= 2;
      hashed = (input[at] << 8) | input[at + 1];
      for (let i = 0; i < 2; i++) {
        hashed = ((hashed << 8) | input[at + 2]) & HASHED_MASK;
        places[hashOf(hashed)] = at + bias;
        at++;
      }
    }
    if (at < last) {
      this.#at = at;
      this.#to = to;
      this.#literals = literals;
      return UNFINISHED;
    }
    if (to + 3 > outputEnd) return 0;
    return writeLiterals(output, to, literals, input, at, end) - outputStart;
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

/** How many bytes are the same at `from` and at `at`, of which three are known to be. */
function commonBytes(input: Uint8Array, from: number, at: number, end: number): number {
  const left = end - at - 2;
  const most = left > COPY_MAX ? COPY_MAX : left;
  let length = COPY_MIN - 1;
  if (most > COPY_UNCHECKED) {
    do {
      length++;
      if (input[from + length] !== input[at + length]) return length;
    } while (length < COPY_UNCHECKED + COPY_MIN - 1);
  }
  do length++; while (length < most && input[from + length] === input[at + length]);
  return length;
}

/** Writes the last bytes as they are, behind others that are not counted yet; returns where they end. */
function writeLiterals(
  output: Uint8Array,
  to: number,
  literals: number,
  input: Uint8Array,
  start: number,
  end: number,
): number {
  for (let at = start; at < end; at++) {
    output[to++] = input[at];
    if (++literals === LITERALS_MAX) {
      output[to - literals - 1] = literals - 1;
      literals = 0;
      to++;
    }
  }
  output[to - literals - 1] = literals - 1;
  return literals === 0 ? to - 1 : to;
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
