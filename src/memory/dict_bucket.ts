/**
 * One bucket of a `Dict`: 16 words, which are a cache line.
 *
 *     word  0 .. 10   addresses of records, 0 where the slot is empty
 *     word 11 .. 13   a tag of one byte for each slot, 0 where empty: what a search looks at first
 *     word 14         address of the overflow bucket, 0 if none
 *     word 15         version: the last snapshot that all records of the bucket were told of for; of an
 *                     overflow bucket, which goes with its bucket: its place in the dictionary's list of them
 */

// The compiler knows the value of a constant of the module that it compiles, and loads one of another
// module, or an exported one, at each use. So there are two of those that hot code needs: what another
// module imports it gives a name of its own.
const slots = 11;
const tagsWord = 11;
const eachByte = 0x01010101;
const lowBits = 0x7f7f7f7f;
const noSlot = -1;

export const SLOTS = slots;
export const OVERFLOW_WORD = 14;
export const VERSION_WORD = 15;
export const PLACE_WORD = 15;
export const BUCKET_WORDS = 16;
export const BUCKET_BYTES = 64;
export const BUCKET_UNITS = 8;

/** The index of no slot. */
export const NO_SLOT = noSlot;

/** The tag of a hash: of its highest bits, as the lowest choose the bucket; never 0. */
export function tagOf(hash: number): number {
  return (hash >>> 24) || 1;
}

/** A tag as `taggedSlots` compares it: a byte four times over. */
export function patternOf(tag: number): number {
  return Math.imul(tag, eachByte);
}

/**
 * The slots of the bucket at `words[base]` whose tag a pattern is of, a bit for each, that of slot 0 being
 * the lowest. The empty slots are those with the pattern 0.
 */
export function taggedSlots(words: Uint32Array, base: number, pattern: number): number {
  const at = base + tagsWord;
  const found = zeroBytes(words[at] ^ pattern) | zeroBytes(words[at + 1] ^ pattern) << 4 |
    zeroBytes(words[at + 2] ^ pattern) << 8;
  // the spare twelfth byte is no slot
  return found & ((1 << slots) - 1);
}

/** The number of the lowest bit that is set in what `taggedSlots` returned, which is not 0. */
export function firstSlot(found: number): number {
  return 31 - Math.clz32(found & -found);
}

/** The first slot of the bucket at `words[base]` that holds no record, or `NO_SLOT`. */
export function emptySlot(words: Uint32Array, base: number): number {
  const empty = taggedSlots(words, base, 0);
  return empty === 0 ? noSlot : firstSlot(empty);
}

/** How many slots of the bucket at `words[base]` hold a record. */
export function recordCount(words: Uint32Array, base: number): number {
  let count = slots;
  for (let empty = taggedSlots(words, base, 0); empty !== 0; empty &= empty - 1) count--;
  return count;
}

/** The tag of a slot, 0 where it is empty. */
export function slotTag(words: Uint32Array, base: number, slot: number): number {
  return (words[base + tagsWord + (slot >>> 2)] >>> ((slot & 3) << 3)) & 0xff;
}

/** Puts a record into an empty slot. */
export function fillSlot(
  words: Uint32Array,
  base: number,
  slot: number,
  record: number,
  tag: number,
): void {
  words[base + slot] = record;
  words[base + tagsWord + (slot >>> 2)] |= tag << ((slot & 3) << 3);
}

export function clearSlot(words: Uint32Array, base: number, slot: number): void {
  words[base + slot] = 0;
  words[base + tagsWord + (slot >>> 2)] &= ~(0xff << ((slot & 3) << 3));
}

/** Whether no slot of the bucket at `words[base]` holds a record. */
export function isEmptyBucket(words: Uint32Array, base: number): boolean {
  const at = base + tagsWord;
  return (words[at] | words[at + 1] | words[at + 2]) === 0;
}

/** Which of the four bytes of a word are 0: a bit for each, that of the lowest byte being the lowest. */
function zeroBytes(word: number): number {
  const highBits = ~(((word & lowBits) + lowBits) | word | lowBits);
  // each of the four bits is multiplied to a place of its own in the highest four
  return Math.imul(highBits >>> 7, 0x10204080) >>> 28;
}
