/**
 * One bucket of a `Dict`: 16 words, which are a cache line.
 *
 *     word  0 .. 10   addresses of records, 0 where the slot is empty
 *     word 11 .. 13   a tag of one byte for each slot, 0 where empty: what a search looks at first
 *     word 14         address of the overflow bucket, 0 if none
 *     word 15         version: the epoch in which the bucket was last announced; of an overflow bucket,
 *                     which is announced with its bucket: its place in the dictionary's list of them
 */

export const SLOTS = 11;
export const TAGS_WORD = 11;
export const OVERFLOW_WORD = 14;
export const VERSION_WORD = 15;
export const PLACE_WORD = 15;
export const BUCKET_WORDS = 16;
export const BUCKET_BYTES = 64;
export const BUCKET_UNITS = 8;

/** The index of no slot. */
export const NO_SLOT = -1;

/** Copies a byte into each of a word, by multiplication. */
export const EACH_BYTE = 0x01010101;
const LOW_BITS = 0x7f7f7f7f;
/** The spare fourth byte of the last tags word is not a slot. */
export const LAST_TAGS = 0x00ffffff;

/** The tag of a hash: of its highest bits, as the lowest choose the bucket; never 0. */
export function tagOf(hash: number): number {
  return (hash >>> 24) || 1;
}

/** A word with the high bit set of exactly those bytes that are 0 in `word`. */
export function zeroBytes(word: number): number {
  return ~(((word & LOW_BITS) + LOW_BITS) | word | LOW_BITS);
}

/** The number of the first byte of which `zeroBytes` has set the bit. */
export function firstByte(hits: number): number {
  return (31 - Math.clz32(hits & -hits)) >>> 3;
}

/** The first record in the bucket at `words[base]` with the tag of a hash, or 0. */
export function firstHit(words: Uint32Array, base: number, hash: number): number {
  const pattern = Math.imul(tagOf(hash), EACH_BYTE);
  let hits = zeroBytes(words[base + TAGS_WORD] ^ pattern);
  if (hits !== 0) return words[base + firstByte(hits)];
  hits = zeroBytes(words[base + TAGS_WORD + 1] ^ pattern);
  if (hits !== 0) return words[base + 4 + firstByte(hits)];
  hits = zeroBytes(words[base + TAGS_WORD + 2] ^ pattern);
  return hits !== 0 ? words[base + 8 + firstByte(hits)] : 0;
}

/** The first slot of the bucket at `words[base]` that holds no record, or `NO_SLOT`. */
export function emptySlot(words: Uint32Array, base: number): number {
  let hits = zeroBytes(words[base + TAGS_WORD]);
  if (hits !== 0) return firstByte(hits);
  hits = zeroBytes(words[base + TAGS_WORD + 1]);
  if (hits !== 0) return 4 + firstByte(hits);
  hits = zeroBytes(words[base + TAGS_WORD + 2]) & LAST_TAGS;
  return hits !== 0 ? 8 + firstByte(hits) : NO_SLOT;
}

/** How many slots of the bucket at `words[base]` hold a record. */
export function recordCount(words: Uint32Array, base: number): number {
  const tags = base + TAGS_WORD;
  return 12 - countZeroBytes(words[tags]) - countZeroBytes(words[tags + 1]) -
    countZeroBytes(words[tags + 2]);
}

function countZeroBytes(word: number): number {
  return Math.imul(zeroBytes(word) >>> 7, EACH_BYTE) >>> 24;
}

/** Moves a record with its tag from a slot of one bucket to an empty slot of another. */
export function moveRecord(
  from: Uint32Array,
  fromBase: number,
  fromSlot: number,
  to: Uint32Array,
  toBase: number,
  toSlot: number,
): void {
  const tags = fromBase + TAGS_WORD + (fromSlot >>> 2);
  const shift = (fromSlot & 3) << 3;
  const tag = (from[tags] >>> shift) & 0xff;
  to[toBase + toSlot] = from[fromBase + fromSlot];
  to[toBase + TAGS_WORD + (toSlot >>> 2)] |= tag << ((toSlot & 3) << 3);
  from[fromBase + fromSlot] = 0;
  from[tags] &= ~(0xff << shift);
}
