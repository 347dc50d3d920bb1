/**
 * A walk over all records of a dictionary, a portion at a time: what has much to do with each record does
 * it in a loop of its own, where `Dict.forEach` calls back for each, and finds what a portion holds read
 * already.
 *
 * `keep` compares a portion with another dictionary. The table tells most of a record's hash: the lowest
 * bits are the number of its bucket, the highest its tag. So where in the other table the same key would be
 * is known without hashing it, and mostly also that it isn't there without a look at either record.
 */
import { invariant } from "../assert.ts";
import type { Dict } from "./dict.ts";
import { firstSlot, OVERFLOW_WORD, patternOf, SLOTS, slotTag, taggedSlots } from "./dict_bucket.ts";
import { fetched } from "./fetched.ts";
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "./heap.ts";

// of this module, for the compiler: `dict_bucket.ts` says why
const segmentShift = SEGMENT_SHIFT;
const unitMask = UNIT_MASK;
const overflowWord = OVERFLOW_WORD;
const slots = SLOTS;

/** Room for the records of a portion: of a few buckets. */
const PORTION_MAX = 48;

/** Where a key could be in more buckets than this, it is hashed. */
const CANDIDATES_MAX = 4;

/** Words of no bucket. */
const NO_WORDS = new Uint32Array(0);

/**
 * A place in a dictionary, which must not change before the walk is over.
 *
 * @example
 * ```ts
 * const walk = new DictWalk(heap, dict);
 * while (walk.next()) {
 *   for (let i = 0; i < walk.count; i++) show(walk.records[i]);
 * }
 * ```
 */
export class DictWalk {
  /** How many records there are in the portion. */
  count = 0;
  readonly records: Uint32Array = new Uint32Array(PORTION_MAX);
  readonly #heap: Heap;
  readonly #dict: Dict;
  /** The bucket that has been begun, and the address of what there is of it still to visit. */
  #bucket: number;
  #at = 0;
  // Of each record of the portion its tag, its bucket, how many bits of its hash that is, and what another
  // dictionary has with the same key. Those of one bucket are in a row.
  readonly #tags = new Uint8Array(PORTION_MAX);
  readonly #buckets = new Uint32Array(PORTION_MAX);
  readonly #bits = new Uint8Array(PORTION_MAX);
  readonly #twins = new Uint32Array(PORTION_MAX);

  constructor(heap: Heap, dict: Dict) {
    this.#heap = heap;
    this.#dict = dict;
    this.#bucket = dict.bucketCount;
  }

  /** Goes to the next portion; false if there is none. */
  next(): boolean {
    const allWords = this.#heap.words;
    const { records } = this;
    let count = 0;
    while (count <= PORTION_MAX - slots) {
      if (this.#at === 0) {
        if (this.#bucket === 0) break;
        this.#at = this.#dict.blockAddress(--this.#bucket);
      }
      const bits = this.#dict.commonBits(this.#bucket);
      const words = allWords[this.#at >>> segmentShift];
      const base = (this.#at & unitMask) << 1;
      for (let slot = 0; slot < slots; slot++) {
        const record = words[base + slot];
        if (record === 0) continue;
        records[count] = record;
        this.#tags[count] = slotTag(words, base, slot);
        this.#bits[count] = bits;
        this.#buckets[count++] = this.#bucket;
      }
      this.#at = words[base + overflowWord];
    }
    let read = 0;
    for (let i = 0; i < count; i++) {
      read ^= allWords[records[i] >>> segmentShift][(records[i] & unitMask) << 1];
    }
    fetched.words ^= read;
    this.count = count;
    return count > 0;
  }

  /**
   * Keeps only those records in the portion whose keys another dictionary has, or unless `isShared` those
   * whose keys it has not. It has the same hasher.
   */
  keep(other: Dict, isShared: boolean): void {
    invariant(this.#dict.keyOffset === other.keyOffset, "keys are compared where they are");
    this.#findTwins(other);
    for (let i = 0; i < this.count; i++) {
      if (this.#twins[i] !== 0 && !this.#haveSameKey(this.records[i], this.#twins[i])) {
        this.#twins[i] = 0;
      }
    }
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      if ((this.#twins[i] !== 0) === isShared) this.#moveTo(kept++, i);
    }
    this.count = kept;
  }

  /** As `keep`, by a question about each record. */
  keepWhere(isWanted: (record: number) => boolean): void {
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      if (isWanted(this.records[i])) this.#moveTo(kept++, i);
    }
    this.count = kept;
  }

  #moveTo(to: number, from: number): void {
    this.records[to] = this.records[from];
    this.#tags[to] = this.#tags[from];
    this.#bits[to] = this.#bits[from];
    this.#buckets[to] = this.#buckets[from];
  }

  /** Leaves for each record what may be its twin, whose key has still to be looked at, and reads those. */
  #findTwins(other: Dict): void {
    const allWords = this.#heap.words;
    let bucket = -1;
    let words = NO_WORDS;
    let base = 0;
    let read = 0;
    for (let i = 0; i < this.count; i++) {
      if (this.#buckets[i] !== bucket) {
        bucket = this.#buckets[i];
        const mayBeIn = other.bucketOfBits(bucket, this.#bits[i]);
        const at = mayBeIn < 0 ? 0 : other.blockAddress(mayBeIn);
        words = at === 0 ? NO_WORDS : allWords[at >>> segmentShift];
        base = (at & unitMask) << 1;
      }
      if (words === NO_WORDS || words[base + overflowWord] !== 0) {
        this.#twins[i] = this.#searchTwin(other, i);
        continue;
      }
      const hits = taggedSlots(words, base, patternOf(this.#tags[i]));
      const twin = hits === 0 ? 0 : words[base + firstSlot(hits)];
      this.#twins[i] = (hits & (hits - 1)) === 0 ? twin : this.#searchTwin(other, i);
      if (twin !== 0) read ^= allWords[twin >>> segmentShift][(twin & unitMask) << 1];
    }
    fetched.words ^= read;
  }

  /** The record with the same key as number `i` of the portion, wherever it may be; 0 if there is none. */
  #searchTwin(other: Dict, i: number): number {
    const bits = this.#bits[i];
    let bucket = other.bucketOfBits(this.#buckets[i], bits);
    if (bucket < 0 && other.bucketCount >>> bits >= CANDIDATES_MAX) {
      bucket = other.bucketOfKey(this.records[i]);
    }
    if (bucket >= 0) return this.#twinIn(other, bucket, i);
    for (bucket = this.#buckets[i]; bucket < other.bucketCount; bucket += 1 << bits) {
      const twin = this.#twinIn(other, bucket, i);
      if (twin !== 0) return twin;
    }
    return 0;
  }

  #twinIn(other: Dict, bucket: number, i: number): number {
    const allWords = this.#heap.words;
    const record = this.records[i];
    const pattern = patternOf(this.#tags[i]);
    let at = other.blockAddress(bucket);
    do {
      const words = allWords[at >>> segmentShift];
      const base = (at & unitMask) << 1;
      for (let hits = taggedSlots(words, base, pattern); hits !== 0; hits &= hits - 1) {
        const twin = words[base + firstSlot(hits)];
        if (this.#haveSameKey(record, twin)) return twin;
      }
      at = words[base + overflowWord];
    } while (at !== 0);
    return 0;
  }

  #haveSameKey(a: number, b: number): boolean {
    const aWords = this.#heap.words[a >>> segmentShift];
    const bWords = this.#heap.words[b >>> segmentShift];
    let aAt = (a & unitMask) << 1;
    let bAt = (b & unitMask) << 1;
    const length = aWords[aAt];
    if (bWords[bAt] !== length) return false;
    aAt += this.#dict.keyOffset >>> 2;
    bAt += this.#dict.keyOffset >>> 2;
    for (const end = aAt + (length >>> 2); aAt < end; aAt++, bAt++) {
      if (aWords[aAt] !== bWords[bAt]) return false;
    }
    const rest = length & 3;
    return rest === 0 || ((aWords[aAt] ^ bWords[bAt]) << (32 - (rest << 3))) === 0;
  }
}
