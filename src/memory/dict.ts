/**
 * A dictionary from byte strings to records in a `Heap`: the keyspace, and every large collection.
 *
 * A record is a block that begins with the length of its key (word 0) and has the key's bytes at
 * `keyOffset`; the rest of it is its owner's business, who also allocates and frees it. The dictionary
 * keeps addresses of records, in buckets of one cache line's size (`dict_bucket.ts`).
 *
 * Growth is linear hashing (W. Litwin, 1980): the table has 2^level + split buckets; whenever it is too
 * full, the one bucket `split` is shared out over itself and a new last bucket; when too empty, the last
 * bucket goes back into the one it came from. So one insertion never does more than one bucket's worth
 * of extra work. Buckets lie in chunks of 64 KiB found through a directory; a small dictionary has one
 * smaller chunk that doubles.
 *
 * SCAN: seen by the bits of its hash from the lowest to the highest, each bucket is one interval, and a
 * split halves an interval. A cursor is a position on that line, so whatever splits and merges happen
 * between two calls, what lies before it has been visited.
 *
 * Measured with `scripts/benchmark_memory.ts` (2026-11-23, 2-core AMD EPYC, Deno 2.9.6, other programs
 * running): 20M keys of 16 bytes with values of 8 go in at 0.7 us each, the worst 200 together in 4 ms,
 * and take 52 bytes each, 11 of them for the table; random overwrites of 5M keys take 0.10 ms per 200
 * (p99.9 0.20 ms, worst 0.44 ms). A find among 1000 keys takes 95 ns, of which the hash is 20; among 1M
 * 340 ns, which is two reads from memory: the bucket and the record. Tried and dropped: 4, 5, 7 and 8
 * records per bucket (7 is as quick as 6; 4 and 8 are slower); buckets aligned to cache lines by a
 * shifted view (no gain).
 *
 * Longer than 800 lines because it is one structure, whose every part depends on how the others lay it out.
 *
 * Snapshots: from `freeze` to `thaw` every record that there was then is told of once: by whoever goes through
 * the buckets, or before it changes. What changes one record passes `#willChangeFound` and tells of that alone;
 * what takes buckets apart passes `#willChange` and tells of all that is left in them. When each change told
 * of all its bucket, the command waited for six keys to be written: during a save of 1M keys of 1 KiB 50
 * clients set 8,100 keys a second then, and 13,000 now (Deno 2.9.6, 2026-11-27).
 */
import { invariant } from "../assert.ts";
import type { Random } from "../random.ts";
import { equalBytes } from "./bytes.ts";
import { Draws } from "./dict_draws.ts";
import {
  BUCKET_BYTES,
  BUCKET_UNITS,
  BUCKET_WORDS,
  clearSlot,
  emptySlot,
  fillSlot,
  firstSlot,
  isEmptyBucket,
  NO_SLOT,
  OVERFLOW_WORD,
  patternOf,
  PLACE_WORD,
  recordCount,
  SLOTS,
  slotTag,
  taggedSlots,
  tagOf,
  VERSION_WORD,
} from "./dict_bucket.ts";
import { fetched } from "./fetched.ts";
import { type Hasher, reverseBits } from "./hash.ts";
import { type Heap, HeapFullError, SEGMENT_SHIFT, UNIT_MASK } from "./heap.ts";

// of this module, for the compiler: `dict_bucket.ts` says why
const segmentShift = SEGMENT_SHIFT;
const unitMask = UNIT_MASK;
const bucketUnits = BUCKET_UNITS;
const bucketWords = BUCKET_WORDS;
const slots = SLOTS;
const overflowWord = OVERFLOW_WORD;
const versionWord = VERSION_WORD;
const placeWord = PLACE_WORD;
const noSlot = NO_SLOT;

const CHUNK_SHIFT = 10;
const CHUNK_BUCKETS = 1 << CHUNK_SHIFT;
const LEVEL_MIN = 2;

/** A bucket is split when there are more records per bucket than this, on average. */
const LOAD_MAX = 6;
/** Buckets are merged when there are fewer. */
const LOAD_MIN = 4;

/** What lists the overflow buckets of those that have none. */
const NO_OVERFLOW = new Uint32Array(0);

/** What a dictionary without a snapshot has told of. */
const NOTHING_TOLD = new Uint16Array(0);

/**
 * Room to take a bucket apart in: one for all dictionaries, of which one at a time does that and calls
 * nobody meanwhile. There may be many dictionaries, so what each has of its own is kept small.
 */
const scratch = {
  records: new Uint32Array(64),
  tags: new Uint8Array(64),
  buckets: new Uint32Array(8),
  length: 0,
  bucketsLength: 0,
};

/** What `sample` draws from, of all dictionaries. */
const draws = new Draws();

/** Hears of a record. It must neither search nor change the dictionary. */
export type TellRecord = (record: number) => void;

/** Options of a `Dict`. */
export interface DictOptions {
  /** Where the key's bytes begin in a record, in bytes: a multiple of 4, and not 0. */
  keyOffset: number;
}

/**
 * A dictionary of records by key.
 *
 * `find`, `findRecord` and `sample` remember where they looked, for the one following call of `insert`,
 * `replaceFound`, `removeFound` or `changeFound`; any other call forgets it.
 *
 * @example
 * ```ts
 * if (dict.find(key, 0, key.length) === 0) dict.insert(recordWithThatKey);
 * else dict.removeFound();
 * ```
 */
export class Dict {
  readonly #heap: Heap;
  readonly #hasher: Hasher;
  /** Where keys begin in records, in bytes. */
  readonly keyOffset: number;
  #directory = new Uint32Array(1);
  /** Buckets that the first chunk has room for: a power of two, to CHUNK_BUCKETS. */
  #firstChunkBuckets = 1 << LEVEL_MIN;
  #level = LEVEL_MIN;
  #split = 0;
  #count = 0;
  /** The addresses of the overflow buckets. */
  #overflow = NO_OVERFLOW;
  #overflowCount = 0;
  /** While a visitor runs, buckets neither split nor merge, and none is freed under its feet. */
  #visiting = 0;
  /** The number of the current snapshot, which buckets get when all of their records are told of. */
  #epoch = 0;
  /** Who is told of records, while there is a snapshot. */
  #tell: TellRecord | null = null;
  /** Of each bucket there was at `freeze`, not of its overflow, the slots that need not be told of: bits. */
  #told = NOTHING_TOLD;

  // What the last search left: the hash, the bucket and, if found, where the record's slot is.
  #foundHash = 0;
  #foundBucket = 0;
  #foundAt = 0;
  #foundSlot = noSlot;

  constructor(heap: Heap, hasher: Hasher, options: DictOptions) {
    invariant(options.keyOffset >= 4, "a record begins with its key's length");
    invariant(options.keyOffset % 4 === 0, "keys are compared by words");
    this.#heap = heap;
    this.#hasher = hasher;
    this.keyOffset = options.keyOffset;
    this.#directory[0] = this.#allocateBuckets(this.#firstChunkBuckets);
  }

  /** The number of records. */
  get count(): number {
    return this.#count;
  }

  /** The number of buckets, without overflow buckets. */
  get bucketCount(): number {
    return (1 << this.#level) + this.#split;
  }

  /** The number of overflow buckets. */
  get overflowCount(): number {
    return this.#overflowCount;
  }

  /** Bytes of the table itself, without records. */
  get tableBytes(): number {
    const chunks = Math.ceil(this.bucketCount / CHUNK_BUCKETS);
    const buckets = chunks === 1 ? this.#firstChunkBuckets : chunks * CHUNK_BUCKETS;
    return (buckets + this.#overflowCount) * BUCKET_BYTES + this.#directory.byteLength +
      this.#overflow.byteLength;
  }

  /** The record whose key is `buffer[start..end)`, or 0. */
  find(buffer: Uint8Array, start: number, end: number): number {
    const hash = this.#hasher.hash(buffer, start, end);
    const length = end - start;
    const allWords = this.#heap.words;
    const bucket = this.#bucketOf(hash);
    const pattern = patternOf(tagOf(hash));
    this.#foundHash = hash;
    this.#foundBucket = bucket;
    let at = this.#addressOf(bucket);
    do {
      const words = allWords[at >>> segmentShift];
      const base = (at & unitMask) << 1;
      for (let hits = taggedSlots(words, base, pattern); hits !== 0; hits &= hits - 1) {
        const slot = firstSlot(hits);
        const record = words[base + slot];
        const recordWords = allWords[record >>> segmentShift];
        const recordBase = (record & unitMask) << 1;
        if (recordWords[recordBase] !== length) continue;
        const bytes = this.#heap.bytes[record >>> segmentShift];
        const keyStart = (recordBase << 2) + this.keyOffset;
        if (!equalBytes(bytes, keyStart, buffer, start, length)) continue;
        this.#foundAt = at;
        this.#foundSlot = slot;
        return record;
      }
      at = words[base + overflowWord];
    } while (at !== 0);
    this.#foundSlot = noSlot;
    return 0;
  }

  /** How many of the lowest bits of their hashes all records of a bucket have in common: its number. */
  commonBits(bucket: number): number {
    const isSplit = bucket < this.#split || bucket >= 1 << this.#level;
    return this.#level + (isSplit ? 1 : 0);
  }

  /** The bucket that hashes with these lowest bits belong to; -1 if there are several. */
  bucketOfBits(low: number, bits: number): number {
    const level = this.#level;
    if (bits > level) return this.#bucketOf(low);
    return bits === level && low >= this.#split ? low : -1;
  }

  /** The bucket that the key of a record belongs to, which may be another dictionary's. */
  bucketOfKey(record: number): number {
    return this.#bucketOf(this.#hashOf(record));
  }

  /** Looks for a record itself, by its own key: whether it is in this dictionary. */
  findRecord(record: number): boolean {
    const hash = this.#hashOf(record);
    this.#foundHash = hash;
    this.#foundBucket = this.#bucketOf(hash);
    this.#foundSlot = noSlot;
    for (let at = this.#addressOf(this.#foundBucket); at !== 0;) {
      const words = this.#heap.words[at >>> segmentShift];
      const base = (at & unitMask) << 1;
      for (let slot = 0; slot < slots; slot++) {
        if (words[base + slot] !== record) continue;
        this.#foundAt = at;
        this.#foundSlot = slot;
        return true;
      }
      at = words[base + overflowWord];
    }
    return false;
  }

  /**
   * Adds a record with the key that `find` has just not found.
   *
   * @throws {HeapFullError} if there is no memory for it; the record is not added then.
   */
  insert(record: number): void {
    invariant(this.#foundSlot === noSlot, "insert() follows a search that found nothing");
    const allWords = this.#heap.words;
    let at = this.#addressOf(this.#foundBucket);
    let words = allWords[at >>> segmentShift];
    let base = (at & unitMask) << 1;
    let slot = emptySlot(words, base);
    while (slot === noSlot) {
      let next = words[base + overflowWord];
      if (next === 0) {
        next = this.#addOverflow();
        words[base + overflowWord] = next;
      }
      at = next;
      words = allWords[at >>> segmentShift];
      base = (at & unitMask) << 1;
      slot = emptySlot(words, base);
    }
    this.#foundSlot = slot;
    this.#foundAt = at;
    this.#willChangeFound();
    fillSlot(words, base, slot, record, tagOf(this.#foundHash));
    this.#count++;
    if (this.#count > this.bucketCount * LOAD_MAX && this.#visiting === 0) this.#splitBucket();
  }

  /**
   * Makes the table as large as so many records will have it, as far as there is memory, by so many buckets
   * at the most; whether that is done. What comes in then splits no bucket.
   */
  reserve(records: number, bucketsMax: number): boolean {
    invariant(this.#visiting === 0, "a table does not grow while it is visited");
    this.#foundSlot = noSlot;
    for (let i = 0; i < bucketsMax; i++) {
      const before = this.bucketCount;
      if (records <= before * LOAD_MAX) return true;
      this.#splitBucket();
      if (this.bucketCount === before) return true;
    }
    return false;
  }

  /**
   * Gives back what `reserve` has made too much of, by so many buckets at the most; whether that is done.
   */
  fit(bucketsMax: number): boolean {
    invariant(this.#visiting === 0, "a table does not shrink while it is visited");
    this.#foundSlot = NO_SLOT;
    for (let i = 0; i < bucketsMax; i++) {
      const before = this.bucketCount;
      if (this.#count >= before * LOAD_MIN) return true;
      this.#mergeBucket();
      if (this.bucketCount === before) return true;
    }
    return false;
  }

  /** Puts a record with the same key in the place of the one found. */
  replaceFound(record: number): void {
    invariant(this.#foundSlot !== noSlot, "replaceFound() follows a search that found a record");
    this.#willChangeFound();
    const at = this.#foundAt;
    this.#heap.words[at >>> segmentShift][((at & unitMask) << 1) + this.#foundSlot] = record;
  }

  /** Announces that the content of the record found is about to change in place. */
  changeFound(): void {
    invariant(this.#foundSlot !== noSlot, "changeFound() follows a search that found a record");
    this.#willChangeFound();
  }

  /** Takes the record found out. It is not freed: its owner has it back. */
  removeFound(): void {
    const slot = this.#foundSlot;
    invariant(slot !== noSlot, "removeFound() follows a search that found a record");
    this.#willChangeFound();
    const words = this.#heap.words[this.#foundAt >>> segmentShift];
    const base = (this.#foundAt & unitMask) << 1;
    clearSlot(words, base, slot);
    this.#foundSlot = noSlot;
    this.#count--;
    if (this.#visiting > 0) return;
    this.#dropEmptyOverflow(this.#foundBucket);
    if (this.#count < this.bucketCount * LOAD_MIN) this.#mergeBucket();
  }

  /**
   * Visits the records of one bucket and returns the cursor for the next call, 0 after the last.
   *
   * From 0 to 0, every record that is present all the while is visited at least once. `visit` may
   * remove the record that it is given.
   */
  scan(cursor: number, visit: (record: number) => void): number {
    const position = cursor >>> 0;
    const bucket = this.#bucketOf(reverseBits(position));
    const isSplit = bucket < this.#split || bucket >= 1 << this.#level;
    const width = 2 ** (32 - this.#level - (isSplit ? 1 : 0));
    this.visitBucket(bucket, visit);
    const next = position - position % width + width;
    return next === 2 ** 32 ? 0 : next;
  }

  /** Visits every record. `visit` may remove the record that it is given. */
  forEach(visit: (record: number) => void): void {
    const count = this.#count;
    this.#visiting++;
    try {
      for (let bucket = this.bucketCount - 1; bucket >= 0; bucket--) {
        this.#visitChain(bucket, visit);
      }
    } finally {
      this.#visiting--;
    }
    if (this.#count === count || this.#visiting > 0) return;
    for (let bucket = 0; bucket < this.bucketCount; bucket++) this.#dropEmptyOverflow(bucket);
  }

  /** Visits the records of a bucket. `visit` may remove the record that it is given. */
  visitBucket(bucket: number, visit: (record: number) => void): void {
    this.#visiting++;
    try {
      this.#visitChain(bucket, visit);
    } finally {
      this.#visiting--;
    }
    if (this.#visiting === 0) this.#dropEmptyOverflow(bucket);
  }

  /** Reads the records of a bucket, so that the processor waits for them together. */
  #fetchRecords(words: Uint32Array, base: number): void {
    const allWords = this.#heap.words;
    let read = 0;
    for (let slot = 0; slot < slots; slot++) {
      const record = words[base + slot];
      if (record !== 0) read ^= allWords[record >>> segmentShift][(record & unitMask) << 1];
    }
    fetched.words ^= read;
  }

  /** Visits the records of a bucket, but for those in some slots of it, given as bits. */
  #visitChain(bucket: number, visit: (record: number) => void, except = 0): void {
    let passed = except;
    for (let at = this.#addressOf(bucket); at !== 0;) {
      const words = this.#heap.words[at >>> segmentShift];
      const base = (at & unitMask) << 1;
      this.#fetchRecords(words, base);
      for (let slot = 0; slot < slots; slot++) {
        const record = words[base + slot];
        if (record !== 0 && (passed >>> slot & 1) === 0) visit(record);
      }
      passed = 0;
      at = words[base + overflowWord];
    }
  }

  /**
   * A record by chance, each equally likely; 0 if there is none. It counts as found: `removeFound` and
   * `changeFound` may follow.
   */
  sample(random: Random): number {
    if (this.#count === 0) return 0;
    const record = draws.next(this, this.#heap, random);
    this.#foundAt = draws.at;
    this.#foundSlot = draws.slot;
    this.#foundBucket = draws.block >= 0 ? draws.block : this.#bucketOf(this.#hashOf(record));
    return record;
  }

  /** The address of the bucket of a hash. */
  bucketAddress(hash: number): number {
    return this.#addressOf(this.#bucketOf(hash));
  }

  /**
   * The address of a bucket, by its number, or of an overflow bucket, numbered from -1 downwards; 0 if
   * there is none.
   */
  blockAddress(block: number): number {
    if (block >= 0) return block < this.bucketCount ? this.#addressOf(block) : 0;
    return ~block < this.#overflowCount ? this.#overflow[~block] : 0;
  }

  /** Removes all records, giving each to `drop`, and shrinks the table to its smallest. */
  clear(drop?: (record: number) => void): void {
    this.drain(Infinity, drop);
  }

  /**
   * Removes about `recordsMax` records, giving each to `drop`; whether the dictionary is now empty and
   * as small as it gets. In between it is a good dictionary of what is left.
   */
  drain(recordsMax: number, drop?: (record: number) => void): boolean {
    let done = 0;
    for (;;) {
      const bucket = this.bucketCount - 1;
      const isLast = bucket + 1 === 1 << LEVEL_MIN;
      if (isLast && this.#count === 0) break;
      if (done >= recordsMax) return false;
      // An empty bucket is work too.
      done++;
      if (isLast) {
        for (let i = 0; i <= bucket; i++) done += this.#emptyBucket(i, drop);
      } else {
        done += this.#emptyBucket(bucket, drop);
        this.#dropLastBucket();
      }
    }
    if (this.#firstChunkBuckets > this.bucketCount) this.#resizeFirstChunk(this.bucketCount);
    this.#foundSlot = noSlot;
    return true;
  }

  /** Frees the table of an empty dictionary, which is of no use any more. */
  release(): void {
    invariant(this.#count === 0 && this.bucketCount === 1 << LEVEL_MIN, "drain() comes first");
    this.#heap.free(this.#directory[0]);
    this.#directory[0] = 0;
    draws.forget(this);
  }

  /** Begins a snapshot of the records that there are now: `tell` hears of each once, up to `thaw`. */
  freeze(tell: TellRecord): void {
    invariant(this.#tell === null, "there is one snapshot at a time");
    this.#epoch++;
    this.#told = new Uint16Array(this.bucketCount);
    this.#tell = tell;
  }

  /** Ends the snapshot: nobody is told of records any more. */
  thaw(): void {
    this.#tell = null;
    this.#told = NOTHING_TOLD;
  }

  /** Tells of those records of a bucket that were not told of: how a snapshot gets at what does not change. */
  tellBucket(bucket: number): void {
    this.#willChange(bucket);
  }

  /** The gate of changes that buckets as a whole are part of: what it is told of may be changed then. */
  #willChange(bucket: number): void {
    const tell = this.#tell;
    if (tell === null || this.#bucketVersion(bucket) === this.#epoch) return;
    this.#visitChain(bucket, tell, this.#told[bucket]);
    this.#setVersion(bucket, this.#epoch);
  }

  /** The gate of changes of the one slot that was found, be there a record or not. */
  #willChangeFound(): void {
    if (this.#tell !== null) this.#tellFound(this.#tell);
  }

  #tellFound(tell: TellRecord): void {
    const bucket = this.#foundBucket;
    const at = this.#foundAt;
    // overflow buckets, which are few, have no bits
    if (at !== this.#addressOf(bucket)) return this.#willChange(bucket);
    const bit = 1 << this.#foundSlot;
    if (this.#bucketVersion(bucket) === this.#epoch || (this.#told[bucket] & bit) !== 0) return;
    const record = this.#heap.words[at >>> segmentShift][((at & unitMask) << 1) + this.#foundSlot];
    if (record !== 0) tell(record);
    this.#told[bucket] |= bit;
  }

  #bucketVersion(bucket: number): number {
    const at = this.#addressOf(bucket);
    return this.#heap.words[at >>> segmentShift][((at & unitMask) << 1) + versionWord];
  }

  #setVersion(bucket: number, version: number): void {
    const at = this.#addressOf(bucket);
    this.#heap.words[at >>> segmentShift][((at & unitMask) << 1) + versionWord] = version;
  }

  #bucketOf(hash: number): number {
    const low = hash & ((1 << this.#level) - 1);
    return low < this.#split ? hash & ((2 << this.#level) - 1) : low;
  }

  #addressOf(bucket: number): number {
    return this.#directory[bucket >>> CHUNK_SHIFT] +
      (bucket & (CHUNK_BUCKETS - 1)) * bucketUnits;
  }

  #hashOf(record: number): number {
    const segment = record >>> segmentShift;
    const base = (record & unitMask) << 1;
    const start = (base << 2) + this.keyOffset;
    const length = this.#heap.words[segment][base];
    return this.#hasher.hash(this.#heap.bytes[segment], start, start + length);
  }

  #allocateBuckets(buckets: number): number {
    const address = this.#heap.allocate(buckets * BUCKET_BYTES);
    const base = (address & unitMask) << 1;
    this.#heap.words[address >>> segmentShift].fill(0, base, base + buckets * bucketWords);
    return address;
  }

  /** Makes an overflow bucket, which is in no chain yet. */
  #addOverflow(): number {
    const at = this.#allocateBuckets(1);
    if (this.#overflowCount === this.#overflow.length) {
      const overflow = new Uint32Array(Math.max(4, this.#overflowCount * 2));
      overflow.set(this.#overflow);
      this.#overflow = overflow;
    }
    this.#placeOverflow(at, this.#overflowCount++);
    draws.forget(this);
    return at;
  }

  /** Frees an overflow bucket that is in no chain any more. */
  #freeOverflow(at: number): void {
    const place = this.#heap.words[at >>> segmentShift][((at & unitMask) << 1) + placeWord];
    this.#placeOverflow(this.#overflow[--this.#overflowCount], place);
    this.#heap.free(at);
  }

  #placeOverflow(at: number, place: number): void {
    this.#overflow[place] = at;
    this.#heap.words[at >>> segmentShift][((at & unitMask) << 1) + placeWord] = place;
  }

  /** Shares one bucket out over itself and a new one; leaves it if there is no memory. */
  #splitBucket(): void {
    const from = this.#split;
    const to = this.bucketCount;
    const bit = 1 << this.#level;
    if (!this.#makeRoomForBucket(to)) return;
    this.#willChange(from);
    draws.forget(this);
    if (!this.#splitAlone(from, to, bit)) this.#splitChain(from, to, bit);
    this.#setVersion(to, this.#bucketVersion(from));
    this.#split++;
    if (this.#split === bit) {
      this.#level++;
      this.#split = 0;
    }
  }

  /** Moves the records with a bit in their hash to another bucket, if it is about one without overflow. */
  #splitAlone(from: number, to: number, bit: number): boolean {
    const fromAt = this.#addressOf(from);
    const words = this.#heap.words[fromAt >>> segmentShift];
    const base = (fromAt & unitMask) << 1;
    if (words[base + overflowWord] !== 0) return false;
    const toAt = this.#addressOf(to);
    const toWords = this.#heap.words[toAt >>> segmentShift];
    const toBase = (toAt & unitMask) << 1;
    for (let word = toBase; word < toBase + bucketWords; word++) toWords[word] = 0;
    this.#fetchRecords(words, base);
    let moved = 0;
    for (let slot = 0; slot < slots; slot++) {
      const record = words[base + slot];
      if (record === 0 || (this.#hashOf(record) & bit) === 0) continue;
      fillSlot(toWords, toBase, moved++, record, slotTag(words, base, slot));
      clearSlot(words, base, slot);
    }
    return true;
  }

  #splitChain(from: number, to: number, bit: number): void {
    scratch.length = 0;
    scratch.bucketsLength = 0;
    this.#takeApart(from);
    // Those that stay gather in front.
    const records = scratch.records;
    const tags = scratch.tags;
    let stay = 0;
    let end = scratch.length;
    while (stay < end) {
      const record = records[stay];
      if ((this.#hashOf(record) & bit) === 0) {
        stay++;
        continue;
      }
      end--;
      const tag = tags[stay];
      records[stay] = records[end];
      tags[stay] = tags[end];
      records[end] = record;
      tags[end] = tag;
    }
    this.#putTogether(from, 0, stay);
    this.#putTogether(to, stay, scratch.length);
    this.#freeScratchBuckets();
  }

  /** Puts the last bucket back into the one it was split from; leaves it if there is no memory. */
  #mergeBucket(): void {
    const from = this.bucketCount - 1;
    if (from < 1 << LEVEL_MIN) return;
    const to = from - (this.#split === 0 ? 1 << (this.#level - 1) : 1 << this.#level);
    this.#willChange(from);
    this.#willChange(to);
    if (!this.#mergeAlone(from, to) && !this.#mergeChains(from, to)) return;
    this.#setVersion(to, Math.min(this.#bucketVersion(from), this.#bucketVersion(to)));
    this.#dropLastBucket();
  }

  /** Moves the records of one bucket to another if they are without overflow, before and after. */
  #mergeAlone(from: number, to: number): boolean {
    const fromAt = this.#addressOf(from);
    const toAt = this.#addressOf(to);
    const words = this.#heap.words[fromAt >>> segmentShift];
    const base = (fromAt & unitMask) << 1;
    const toWords = this.#heap.words[toAt >>> segmentShift];
    const toBase = (toAt & unitMask) << 1;
    const hasOverflow = (words[base + overflowWord] | toWords[toBase + overflowWord]) !== 0;
    if (hasOverflow || recordCount(words, base) + recordCount(toWords, toBase) > slots) {
      return false;
    }
    for (let slot = 0; slot < slots; slot++) {
      const record = words[base + slot];
      if (record === 0) continue;
      const tag = slotTag(words, base, slot);
      fillSlot(toWords, toBase, emptySlot(toWords, toBase), record, tag);
    }
    return true;
  }

  /** As `mergeAlone`, for any chains of buckets; false if there is no memory. */
  #mergeChains(from: number, to: number): boolean {
    scratch.length = 0;
    scratch.bucketsLength = 0;
    this.#takeApart(to);
    this.#takeApart(from);
    if (scratch.length > (scratch.bucketsLength + 1) * slots) {
      try {
        scratch.buckets[scratch.bucketsLength] = this.#addOverflow();
      } catch (error) {
        if (error instanceof HeapFullError) return false;
        throw error;
      }
      scratch.bucketsLength++;
    }
    this.#putTogether(to, 0, scratch.length);
    this.#freeScratchBuckets();
    return true;
  }

  /** Collects the records of a bucket, and its overflow buckets, into the scratch arrays. */
  #takeApart(bucket: number): void {
    const allWords = this.#heap.words;
    for (let at = this.#addressOf(bucket); at !== 0;) {
      const words = allWords[at >>> segmentShift];
      const base = (at & unitMask) << 1;
      if (scratch.length + slots > scratch.records.length) this.#growScratch();
      for (let slot = 0; slot < slots; slot++) {
        const record = words[base + slot];
        if (record === 0) continue;
        scratch.records[scratch.length] = record;
        scratch.tags[scratch.length++] = slotTag(words, base, slot);
      }
      at = words[base + overflowWord];
      if (at !== 0) scratch.buckets[scratch.bucketsLength++] = at;
    }
  }

  /** Fills a bucket with records from the scratch arrays, and scratch buckets as overflow. */
  #putTogether(bucket: number, start: number, end: number): void {
    let at = this.#addressOf(bucket);
    for (;;) {
      const words = this.#heap.words[at >>> segmentShift];
      const base = (at & unitMask) << 1;
      for (let word = base; word < base + versionWord; word++) words[word] = 0;
      const filled = Math.min(slots, end - start);
      for (let slot = 0; slot < filled; slot++, start++) {
        fillSlot(words, base, slot, scratch.records[start], scratch.tags[start]);
      }
      if (start === end) return;
      at = scratch.buckets[--scratch.bucketsLength];
      words[base + overflowWord] = at;
    }
  }

  #freeScratchBuckets(): void {
    while (scratch.bucketsLength > 0) this.#freeOverflow(scratch.buckets[--scratch.bucketsLength]);
  }

  #growScratch(): void {
    const records = new Uint32Array(scratch.records.length * 2);
    records.set(scratch.records);
    scratch.records = records;
    const tags = new Uint8Array(records.length);
    tags.set(scratch.tags);
    scratch.tags = tags;
    const buckets = new Uint32Array(records.length >>> 3);
    buckets.set(scratch.buckets);
    scratch.buckets = buckets;
  }

  /** Makes the table large enough for a bucket of this number; false if there is no memory. */
  #makeRoomForBucket(bucket: number): boolean {
    if (bucket < CHUNK_BUCKETS) {
      if (bucket < this.#firstChunkBuckets) return true;
      return this.#resizeFirstChunk(this.#firstChunkBuckets * 2);
    }
    if ((bucket & (CHUNK_BUCKETS - 1)) !== 0) return true;
    const chunk = bucket >>> CHUNK_SHIFT;
    const address = this.#tryAllocateBuckets(CHUNK_BUCKETS);
    if (address === 0) return false;
    if (chunk === this.#directory.length) {
      const directory = new Uint32Array(chunk * 2);
      directory.set(this.#directory);
      this.#directory = directory;
    }
    this.#directory[chunk] = address;
    return true;
  }

  #tryAllocateBuckets(buckets: number): number {
    try {
      return this.#allocateBuckets(buckets);
    } catch (error) {
      if (error instanceof HeapFullError) return 0;
      throw error;
    }
  }

  #resizeFirstChunk(buckets: number): boolean {
    const address = this.#tryAllocateBuckets(buckets);
    if (address === 0) return false;
    const from = this.#directory[0];
    const base = (from & unitMask) << 1;
    const words = Math.min(buckets, this.#firstChunkBuckets) * bucketWords;
    this.#heap.words[address >>> segmentShift].set(
      this.#heap.words[from >>> segmentShift].subarray(base, base + words),
      (address & unitMask) << 1,
    );
    this.#heap.free(from);
    this.#directory[0] = address;
    this.#firstChunkBuckets = buckets;
    return true;
  }

  /** Makes the table one bucket smaller; the last bucket's content has been moved or dropped. */
  #dropLastBucket(): void {
    if (this.#split === 0) {
      this.#level--;
      this.#split = 1 << this.#level;
    }
    this.#split--;
    const bucketCount = this.bucketCount;
    if (bucketCount >= CHUNK_BUCKETS) {
      const isChunkEmpty = (bucketCount & (CHUNK_BUCKETS - 1)) === 0;
      if (isChunkEmpty) this.#heap.free(this.#directory[bucketCount >>> CHUNK_SHIFT]);
    } else if (bucketCount * 4 <= this.#firstChunkBuckets) {
      this.#resizeFirstChunk(bucketCount);
    }
  }

  /** Frees the overflow buckets of a bucket that are empty. */
  #dropEmptyOverflow(bucket: number): void {
    if (this.#overflowCount === 0) return;
    const allWords = this.#heap.words;
    let words = allWords[this.#addressOf(bucket) >>> segmentShift];
    let base = (this.#addressOf(bucket) & unitMask) << 1;
    for (;;) {
      const at = words[base + overflowWord];
      if (at === 0) return;
      const nextWords = allWords[at >>> segmentShift];
      const nextBase = (at & unitMask) << 1;
      if (isEmptyBucket(nextWords, nextBase)) {
        words[base + overflowWord] = nextWords[nextBase + overflowWord];
        this.#freeOverflow(at);
      } else {
        words = nextWords;
        base = nextBase;
      }
    }
  }

  /** Removes the records of a bucket and returns how many they were. `drop` may use any dictionary. */
  #emptyBucket(bucket: number, drop?: (record: number) => void): number {
    this.#willChange(bucket);
    const count = this.#count;
    let at = this.#addressOf(bucket);
    for (let isFirst = true; at !== 0; isFirst = false) {
      const words = this.#heap.words[at >>> segmentShift];
      const base = (at & unitMask) << 1;
      const next = words[base + overflowWord];
      if (drop !== undefined) this.#fetchRecords(words, base);
      for (let slot = 0; slot < slots; slot++) {
        const record = words[base + slot];
        if (record === 0) continue;
        this.#count--;
        drop?.(record);
      }
      if (isFirst) words.fill(0, base, base + versionWord);
      else this.#freeOverflow(at);
      at = next;
    }
    return count - this.#count;
  }

  /** Walks the whole table and asserts that it is consistent; for tests. */
  checkInvariants(): void {
    let count = 0;
    let overflowCount = 0;
    for (let bucket = 0; bucket < this.bucketCount; bucket++) {
      let chain = 0;
      for (let at = this.#addressOf(bucket); at !== 0;) {
        const words = this.#heap.words[at >>> segmentShift];
        const base = (at & unitMask) << 1;
        let used = 0;
        for (let slot = 0; slot < slots; slot++) {
          const record = words[base + slot];
          const tag = slotTag(words, base, slot);
          invariant((record === 0) === (tag === 0), "an empty slot has no tag");
          if (record === 0) continue;
          used++;
          const hash = this.#hashOf(record);
          invariant(this.#bucketOf(hash) === bucket, "a record is in the bucket of its hash");
          invariant(tagOf(hash) === tag, "a tag is of the record's hash");
        }
        invariant(slotTag(words, base, slots) === 0, "the spare tag is 0");
        invariant(chain === 0 || used > 0, "no overflow bucket is empty");
        invariant(used === recordCount(words, base), "the tags tell how many records there are");
        count += used;
        if (chain++ > 0) {
          const place = words[base + placeWord];
          invariant(this.#overflow[place] === at, "an overflow bucket knows its place");
          overflowCount++;
        }
        at = words[base + overflowWord];
      }
    }
    invariant(count === this.#count, "records are counted");
    invariant(overflowCount === this.#overflowCount, "overflow buckets are counted");
  }
}
