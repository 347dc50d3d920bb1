/**
 * All memory that holds data: blocks of bytes outside the JavaScript heap, handed out by address.
 *
 * An address counts units of 8 bytes and is an unsigned 32-bit number, so 32 GiB can be reached with 4
 * bytes; 0 is no address. Memory comes in segments of 32 MiB, each its own `ArrayBuffer`:
 *
 *     address  31        22 21          13 12            0
 *              +-----------+--------------+---------------+
 *              |  segment  |  page of it  |  unit of page |
 *              +-----------+--------------+---------------+
 *
 * Hot code reads and writes through the public arrays, one view per segment:
 *
 *     const words = heap.words[address >>> SEGMENT_SHIFT];
 *     const at = (address & UNIT_MASK) << 1;       // word 0 of the block is words[at]
 *     const bytes = heap.bytes[address >>> SEGMENT_SHIFT];
 *     const from = (address & UNIT_MASK) << 3;     // byte 0 of the block is bytes[from]
 *
 * A block never crosses a segment. There are three kinds:
 * - small (to 256 KiB): cut from a span of pages that holds blocks of one size class. Freed blocks are
 *   threaded into a list through their first word; the part never used yet is taken from the front.
 * - medium (to 16 MiB): a run of whole pages, that grows and shrinks in place where it can.
 * - huge: an `ArrayBuffer` and a segment number of its own.
 * A span without a block goes back to its segment at once; `trim` gives empty segments back to the
 * operating system.
 *
 * A heap with a reserve has memory for one more segment from the start. It is for what has begun when no
 * other memory is left: a command that finds none in the middle would be half done. Who begins anything
 * looks at `isLow` before.
 *
 * Why segments: a random read-modify-write takes 17 ns in them, whether of 1 or 32 MiB, 9 ns in one fixed
 * `ArrayBuffer` or one `WebAssembly.Memory`, 23 ns or more in a resizable one. But a fixed one cannot grow,
 * WebAssembly ends at 4 GiB, and neither gives memory back. 32 MiB, since glibc maps any buffer of at
 * least that apart: fresh zero pages that cost nothing until written (1 ms, mostly V8's collection of
 * garbage at each new buffer), and that really go back. An allocation with its free takes 16 ns, 60 ns
 * where a span comes and goes with it. (`scripts/benchmark_memory.ts`, 2026-11-23, 2-core AMD EPYC, Deno
 * 2.9.6.)
 *
 * The longest pause while a heap grows is V8's: after every 64 MiB of new buffers, or a tenth of all, it
 * collects garbage, of which there is none, in some 90 small tasks, and the runtime looks at its sockets between
 * few of them: 6 ms, 10 to 15 on a busy machine. Without incremental marking (`--no-incremental-marking`) a
 * hash of 5M fields grows without them, but what is collected by 2000 clients takes 116 ms at once then instead
 * of 17; `--external-memory-max-growing-factor=4` has half as many, but would let buffers that nobody uses
 * grow to a multiple of the data. (2026-11-27, Deno 2.9.6.)
 *
 * The bookkeeping of pages is apart from the blocks, so that a stray write into data cannot derail the
 * allocator, and walking the lists of spans touches no data. What a block means is its owner's business.
 */

import { invariant } from "../assert.ts";
import {
  CLASS_BLOCKS,
  CLASS_PAGES,
  CLASS_UNITS,
  PAGE_BYTES,
  SIZE_CLASSES,
  sizeClassOf,
  SMALL_BYTES_MAX,
  UNIT_BYTES,
} from "./size_classes.ts";

/** `address >>> SEGMENT_SHIFT` is the index of the address's segment. */
export const SEGMENT_SHIFT = 22;
/** `address & UNIT_MASK` is the address's unit within its segment. */
export const UNIT_MASK = (1 << SEGMENT_SHIFT) - 1;
/** The size of an ordinary segment. */
export const SEGMENT_BYTES = (1 << SEGMENT_SHIFT) * UNIT_BYTES;

/** One less than addresses allow: the end of the last span must not be 2^32. */
const SEGMENTS_MAX = 2 ** 32 / (1 << SEGMENT_SHIFT) - 1;
const MEDIUM_BYTES_MAX = SEGMENT_BYTES / 2;

const PAGE_SHIFT = 13;
const PAGE_UNITS = 1 << PAGE_SHIFT;
const PAGES_PER_SEGMENT = SEGMENT_BYTES / PAGE_BYTES;

// What a segment number stands for.
const SEGMENT_NONE = 0;
const SEGMENT_PAGED = 1;
const SEGMENT_HUGE = 2;

// What a page belongs to.
const KIND_FREE = 0;
const KIND_SMALL = 1;
const KIND_MEDIUM = 2;
const KIND_RESERVED = 3;

// The record of a page; all but PAGE_HEAD and PAGE_UNITS_EACH are valid in the first page of a span or run
// only. A page's number counts through all segments: it is `address >>> PAGE_SHIFT` of each address in it.
const PAGE_RECORD_SHIFT = 3;
const PAGE_HEAD = 0; // number of the first page of the span or run
const PAGE_CLASS = 1; // size class of a span
const PAGE_FREED = 2; // address of the first freed block of a span, 0 if none
const PAGE_FRESH = 3; // address of the first block never used in a span
const PAGE_USED = 4; // blocks in use of a span, pages of a run
const PAGE_NEXT = 5; // next span of the class with room, 0 if none (page 0 is reserved)
const PAGE_PREVIOUS = 6; // previous one
const PAGE_UNITS_EACH = 7; // units of each block of a span, 0 in all other pages

/** What a segment number without a segment shows. */
const NO_BUFFER = new ArrayBuffer(0);

/** The heap can't grow: its limit, the address space or the operating system's memory is exhausted. */
export class HeapFullError extends Error {
  override name = "HeapFullError";
}

/** Options of a `Heap`. */
export interface HeapOptions {
  /** The most bytes that segments may take together, the reserve excepted; no limit if left out. */
  bytesMax?: number;
  /** Whether a segment is kept back until there is no other memory. */
  reserve?: boolean;
}

/**
 * An allocator of blocks outside the JavaScript heap.
 *
 * @example
 * ```ts
 * const heap = new Heap();
 * const address = heap.allocate(100);
 * heap.bytes[address >>> SEGMENT_SHIFT][(address & UNIT_MASK) << 3] = 42;
 * heap.free(address);
 * ```
 */
export class Heap {
  /** Segments as 32-bit words in the machine's order. */
  readonly words: Uint32Array<ArrayBuffer>[] = [];
  /** Segments as bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>[] = [];
  /** Segments as doubles, one per unit: an address's double is at `address & UNIT_MASK`. */
  readonly doubles: Float64Array<ArrayBuffer>[] = [];
  /** Segments as views, for what is not aligned. */
  readonly views: DataView[] = [];

  /**
   * Whether the reserve is in use: there is memory for what has begun, to be done as a whole, and nothing
   * more should begin.
   */
  isLow = false;

  readonly #bytesMax: number;
  /** Memory for one more segment, which costs nothing until it is written to. */
  #reserve: ArrayBuffer | null = null;
  /** First span with room of each class, as a page number; 0 if none. */
  readonly #roomy = new Uint32Array(SIZE_CLASSES);
  #pages = new Uint32Array(0);
  #pageKind = new Uint8Array(0);
  readonly #segmentKind = new Uint8Array(SEGMENTS_MAX);
  readonly #freePages = new Uint16Array(SEGMENTS_MAX);
  /** No run of free pages in a segment is longer than this: spares vain searches. */
  readonly #freeRunMax = new Uint16Array(SEGMENTS_MAX);
  /** Segments below this have been in use. */
  #segmentsEnd = 0;
  #emptySegments = 0;
  #usedUnits = 0;
  #usedPages = 0;
  #heldBytes = 0;

  constructor(options: HeapOptions = {}) {
    this.#bytesMax = options.bytesMax ?? Infinity;
    if (options.reserve) this.replenish();
  }

  /** Bytes of all blocks handed out and not freed, as large as `capacity` says they are. */
  get usedBytes(): number {
    return this.#usedUnits * UNIT_BYTES;
  }

  /** Bytes of all segments. Pages of them that were never written cost no resident memory. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Bytes of the pages that hold a block, over the bytes of the blocks: 1 is perfect. */
  get fragmentation(): number {
    return this.#usedUnits === 0 ? 1 : this.#usedPages * PAGE_BYTES / this.usedBytes;
  }

  /**
   * Hands out a block of at least `byteLength` bytes, whose content is arbitrary.
   *
   * @throws {HeapFullError} if there is no memory for it; nothing has changed then.
   */
  allocate(byteLength: number): number {
    if (byteLength > SMALL_BYTES_MAX) return this.#allocateLarge(byteLength);
    const sizeClass = sizeClassOf(byteLength);
    let page = this.#roomy[sizeClass];
    if (page === 0) page = this.#takeSpan(sizeClass);
    const pages = this.#pages;
    const record = page << PAGE_RECORD_SHIFT;
    const units = CLASS_UNITS[sizeClass];
    let address = pages[record + PAGE_FREED];
    if (address !== 0) {
      pages[record + PAGE_FREED] =
        this.words[address >>> SEGMENT_SHIFT][(address & UNIT_MASK) << 1];
    } else {
      address = pages[record + PAGE_FRESH];
      pages[record + PAGE_FRESH] = address + units;
    }
    if (++pages[record + PAGE_USED] === CLASS_BLOCKS[sizeClass]) this.#unlinkSpan(page, sizeClass);
    this.#usedUnits += units;
    return address;
  }

  /** Takes a block back. */
  free(address: number): void {
    const pages = this.#pages;
    const pageRecord = (address >>> PAGE_SHIFT) << PAGE_RECORD_SHIFT;
    const units = pages[pageRecord + PAGE_UNITS_EACH];
    if (units === 0) return this.#freeLarge(address);
    const head = pages[pageRecord + PAGE_HEAD];
    const record = head << PAGE_RECORD_SHIFT;
    const sizeClass = pages[record + PAGE_CLASS];
    const freed = pages[record + PAGE_FREED];
    invariant(
      (address - head * PAGE_UNITS) % units === 0 && address < pages[record + PAGE_FRESH] &&
        address !== freed,
      "free() of what is not a block in use",
    );
    this.words[address >>> SEGMENT_SHIFT][(address & UNIT_MASK) << 1] = freed;
    pages[record + PAGE_FREED] = address;
    const used = --pages[record + PAGE_USED];
    this.#usedUnits -= units;
    if (used === CLASS_BLOCKS[sizeClass] - 1) this.#linkSpan(head, sizeClass);
    if (used === 0) {
      this.#unlinkSpan(head, sizeClass);
      this.#freePageRun(head, CLASS_PAGES[sizeClass]);
    }
  }

  /** The bytes that the owner of a block may use: at least what was asked for. */
  capacity(address: number): number {
    const page = address >>> PAGE_SHIFT;
    const units = this.#pages[(page << PAGE_RECORD_SHIFT) + PAGE_UNITS_EACH];
    return units !== 0 ? units * UNIT_BYTES : this.#largeCapacity(address);
  }

  #largeCapacity(address: number): number {
    const page = address >>> PAGE_SHIFT;
    if (this.#pageKind[page] === KIND_MEDIUM) {
      return this.#pages[(page << PAGE_RECORD_SHIFT) + PAGE_USED] * PAGE_BYTES;
    }
    const segment = address >>> SEGMENT_SHIFT;
    invariant(
      this.#segmentKind[segment] === SEGMENT_HUGE,
      "capacity() of what is not a block in use",
    );
    return this.bytes[segment].length;
  }

  /** What `capacity` would say of a block made for `byteLength`. */
  capacityFor(byteLength: number): number {
    if (byteLength <= SMALL_BYTES_MAX) return CLASS_UNITS[sizeClassOf(byteLength)] * UNIT_BYTES;
    const unit = byteLength <= MEDIUM_BYTES_MAX ? PAGE_BYTES : UNIT_BYTES;
    return Math.ceil(byteLength / unit) * unit;
  }

  /**
   * Makes a block large or small enough for `byteLength` bytes, keeps its first `keepBytes`, and says
   * where it is now: the same place if it fits there and would not leave more than half of it unused.
   *
   * @throws {HeapFullError} if there is no memory for it; the block is as it was then.
   */
  reallocate(address: number, byteLength: number, keepBytes: number): number {
    const capacity = this.capacity(address);
    if (byteLength <= capacity && byteLength > capacity / 2) return address;
    if (this.#resizeRun(address, byteLength)) return address;
    const moved = this.allocate(byteLength);
    const from = (address & UNIT_MASK) * UNIT_BYTES;
    this.bytes[moved >>> SEGMENT_SHIFT].set(
      this.bytes[address >>> SEGMENT_SHIFT].subarray(from, from + keepBytes),
      (moved & UNIT_MASK) * UNIT_BYTES,
    );
    this.free(address);
    return moved;
  }

  /**
   * Gives empty segments, all but one and at most so many, back to the operating system. Returns how many.
   *
   * The server's cron calls it. `free` leaves them alone, as a segment that was all written takes 2 ms,
   * and the last thousand deletions of many can empty all segments: that was a pause of 76 ms for 1 GB.
   */
  trim(segmentsMax = Infinity): number {
    return this.#dropEmptySegments(segmentsMax, 1);
  }

  /** Tries to have a reserve again; the server's cron calls it while there is none. */
  replenish(): void {
    this.#dropEmptySegments(1, 0);
    const hasAddress = this.#freeSegment(0) < SEGMENTS_MAX;
    this.#reserve = hasAddress ? this.#newBuffer(SEGMENT_BYTES) : null;
    this.isLow = this.#reserve === null;
  }

  /** Takes all blocks back and gives all segments back. */
  clear(): void {
    for (let segment = 0; segment < this.#segmentsEnd; segment++) {
      if (this.#segmentKind[segment] !== SEGMENT_NONE) this.#dropSegment(segment);
    }
    this.#roomy.fill(0);
    this.#emptySegments = 0;
    this.#usedUnits = 0;
    this.#usedPages = 0;
  }

  #takeSpan(sizeClass: number): number {
    const pageCount = CLASS_PAGES[sizeClass];
    const head = this.#takePageRun(pageCount, CLASS_UNITS[sizeClass]);
    const record = head << PAGE_RECORD_SHIFT;
    this.#pages[record + PAGE_CLASS] = sizeClass;
    this.#pages[record + PAGE_FREED] = 0;
    this.#pages[record + PAGE_FRESH] = head * PAGE_UNITS;
    this.#pages[record + PAGE_USED] = 0;
    this.#linkSpan(head, sizeClass);
    return head;
  }

  /** Puts a span first in the list of those with room. */
  #linkSpan(page: number, sizeClass: number): void {
    const pages = this.#pages;
    const next = this.#roomy[sizeClass];
    pages[(page << PAGE_RECORD_SHIFT) + PAGE_NEXT] = next;
    pages[(page << PAGE_RECORD_SHIFT) + PAGE_PREVIOUS] = 0;
    if (next !== 0) pages[(next << PAGE_RECORD_SHIFT) + PAGE_PREVIOUS] = page;
    this.#roomy[sizeClass] = page;
  }

  #unlinkSpan(page: number, sizeClass: number): void {
    const pages = this.#pages;
    const next = pages[(page << PAGE_RECORD_SHIFT) + PAGE_NEXT];
    const previous = pages[(page << PAGE_RECORD_SHIFT) + PAGE_PREVIOUS];
    if (next !== 0) pages[(next << PAGE_RECORD_SHIFT) + PAGE_PREVIOUS] = previous;
    if (previous !== 0) pages[(previous << PAGE_RECORD_SHIFT) + PAGE_NEXT] = next;
    else this.#roomy[sizeClass] = next;
  }

  #allocateLarge(byteLength: number): number {
    if (byteLength > MEDIUM_BYTES_MAX) return this.#allocateHuge(byteLength);
    const pageCount = Math.ceil(byteLength / PAGE_BYTES);
    const head = this.#takePageRun(pageCount, 0);
    this.#pages[(head << PAGE_RECORD_SHIFT) + PAGE_USED] = pageCount;
    this.#usedUnits += pageCount * PAGE_UNITS;
    return head * PAGE_UNITS;
  }

  #allocateHuge(byteLength: number): number {
    const roundBytes = Math.ceil(byteLength / UNIT_BYTES) * UNIT_BYTES;
    const segment = this.#addSegment(roundBytes, SEGMENT_HUGE);
    this.#usedUnits += roundBytes / UNIT_BYTES;
    this.#usedPages += Math.ceil(roundBytes / PAGE_BYTES);
    return segment * (1 << SEGMENT_SHIFT);
  }

  #freeLarge(address: number): void {
    const page = address >>> PAGE_SHIFT;
    if (this.#pageKind[page] === KIND_MEDIUM) {
      const record = page << PAGE_RECORD_SHIFT;
      invariant(
        this.#pages[record + PAGE_HEAD] === page && address % PAGE_UNITS === 0,
        "free() of what is not a block in use",
      );
      const pageCount = this.#pages[record + PAGE_USED];
      this.#usedUnits -= pageCount * PAGE_UNITS;
      this.#freePageRun(page, pageCount);
      return;
    }
    const segment = address >>> SEGMENT_SHIFT;
    invariant(
      this.#segmentKind[segment] === SEGMENT_HUGE && (address & UNIT_MASK) === 0,
      "free() of what is not a block in use",
    );
    const byteLength = this.bytes[segment].length;
    this.#usedUnits -= byteLength / UNIT_BYTES;
    this.#usedPages -= Math.ceil(byteLength / PAGE_BYTES);
    this.#dropSegment(segment);
  }

  /** Grows or shrinks a medium block in place, if that is what it is and can be. */
  #resizeRun(address: number, byteLength: number): boolean {
    const head = address >>> PAGE_SHIFT;
    if (this.#pageKind[head] !== KIND_MEDIUM) return false;
    if (byteLength > MEDIUM_BYTES_MAX || byteLength <= SMALL_BYTES_MAX) return false;
    const record = head << PAGE_RECORD_SHIFT;
    const before = this.#pages[record + PAGE_USED];
    const after = Math.ceil(byteLength / PAGE_BYTES);
    if (after > before) {
      const end = head + after;
      if (end > (Math.floor(head / PAGES_PER_SEGMENT) + 1) * PAGES_PER_SEGMENT) return false;
      for (let page = head + before; page < end; page++) {
        if (this.#pageKind[page] !== KIND_FREE) return false;
      }
      this.#markRun(head, head + before, end, 0);
    } else if (after < before) {
      this.#freePageRun(head + after, before - after);
    }
    this.#pages[record + PAGE_USED] = after;
    this.#usedUnits += (after - before) * PAGE_UNITS;
    return true;
  }

  /**
   * Takes free pages in a row, for a span of blocks of `unitsEach` units or, where that is 0, for one
   * medium block: the first that fit, so that high segments may run empty.
   */
  #takePageRun(pageCount: number, unitsEach: number): number {
    for (let segment = 0; segment < this.#segmentsEnd; segment++) {
      if (this.#freeRunMax[segment] < pageCount) continue;
      const head = this.#findPageRun(segment, pageCount);
      if (head < 0) continue;
      this.#markRun(head, head, head + pageCount, unitsEach);
      return head;
    }
    const segment = this.#addSegment(SEGMENT_BYTES, SEGMENT_PAGED);
    this.#emptySegments++;
    const head = segment * PAGES_PER_SEGMENT + (segment === 0 ? 1 : 0);
    this.#markRun(head, head, head + pageCount, unitsEach);
    return head;
  }

  #findPageRun(segment: number, pageCount: number): number {
    const kinds = this.#pageKind;
    const end = (segment + 1) * PAGES_PER_SEGMENT;
    let run = 0;
    let runMax = 0;
    for (let page = end - PAGES_PER_SEGMENT; page < end; page++) {
      if (kinds[page] !== KIND_FREE) {
        run = 0;
        continue;
      }
      if (++run === pageCount) return page - pageCount + 1;
      if (run > runMax) runMax = run;
    }
    this.#freeRunMax[segment] = runMax;
    return -1;
  }

  /**
   * Gives the pages from `from` to `to`, free until now, to the span or run that begins at `head`;
   * `unitsEach` is as for `#takePageRun`.
   */
  #markRun(head: number, from: number, to: number, unitsEach: number): void {
    const segment = Math.floor(head / PAGES_PER_SEGMENT);
    this.#pageKind.fill(unitsEach === 0 ? KIND_MEDIUM : KIND_SMALL, from, to);
    for (let page = from; page < to; page++) {
      const record = page << PAGE_RECORD_SHIFT;
      this.#pages[record + PAGE_HEAD] = head;
      this.#pages[record + PAGE_UNITS_EACH] = unitsEach;
    }
    if (this.#freePages[segment] === segmentPages(segment)) this.#emptySegments--;
    this.#freePages[segment] -= to - from;
    this.#usedPages += to - from;
  }

  #freePageRun(from: number, pageCount: number): void {
    const segment = Math.floor(from / PAGES_PER_SEGMENT);
    this.#pageKind.fill(KIND_FREE, from, from + pageCount);
    for (let page = from; page < from + pageCount; page++) {
      this.#pages[(page << PAGE_RECORD_SHIFT) + PAGE_UNITS_EACH] = 0;
    }
    this.#usedPages -= pageCount;
    const freePages = this.#freePages[segment] += pageCount;
    this.#freeRunMax[segment] = freePages;
    if (freePages === segmentPages(segment)) this.#emptySegments++;
  }

  #dropEmptySegments(segmentsMax: number, keep: number): number {
    let dropped = 0;
    // From the end, where allocation comes last.
    for (let segment = this.#segmentsEnd - 1; segment >= 0; segment--) {
      if (dropped === segmentsMax || this.#emptySegments <= keep) break;
      if (this.#segmentKind[segment] !== SEGMENT_PAGED) continue;
      if (this.#freePages[segment] < segmentPages(segment)) continue;
      this.#dropSegment(segment);
      this.#emptySegments--;
      dropped++;
    }
    return dropped;
  }

  #addSegment(byteLength: number, kind: number): number {
    // Segment 0 must be a paged one: a huge block there would have the address 0.
    const segment = this.#freeSegment(kind === SEGMENT_HUGE ? 1 : 0);
    // the last number is the reserve's
    const hasAddress = segment < SEGMENTS_MAX - (this.#reserve === null ? 0 : 1);
    let buffer = hasAddress ? this.#newBuffer(byteLength) : null;
    if (buffer === null && kind === SEGMENT_PAGED) buffer = this.#takeReserve();
    if (buffer === null) throw new HeapFullError(`no memory for a segment of ${byteLength} bytes`);
    while (this.#segmentsEnd <= segment) this.#setSegment(this.#segmentsEnd++, NO_BUFFER, 0);
    this.#setSegment(segment, buffer, byteLength);
    this.#segmentKind[segment] = kind;
    this.#heldBytes += byteLength;
    this.#makeRoomForPages(segment);
    if (kind === SEGMENT_HUGE) return segment;
    const freePages = segmentPages(segment);
    if (segment === 0) this.#pageKind[0] = KIND_RESERVED;
    this.#freePages[segment] = freePages;
    this.#freeRunMax[segment] = freePages;
    return segment;
  }

  /** Memory for a segment; null if the heap's limit forbids it, or the system has none. */
  #newBuffer(byteLength: number): ArrayBuffer | null {
    if (this.#heldBytes + byteLength > this.#bytesMax) this.#dropEmptySegments(Infinity, 0);
    if (this.#heldBytes + byteLength > this.#bytesMax) return null;
    try {
      // From 32 MiB on, glibc always maps fresh zero pages; a smaller buffer it may take from its own
      // heap, and then fill with zeros (45 ms for 17 MiB) and keep when it is freed.
      return new ArrayBuffer(Math.max(byteLength, SEGMENT_BYTES));
    } catch {
      return null;
    }
  }

  #takeReserve(): ArrayBuffer | null {
    const reserve = this.#reserve;
    if (reserve !== null) this.isLow = true;
    this.#reserve = null;
    return reserve;
  }

  /** The first number from `from` on that no segment has, perhaps `SEGMENTS_MAX`. */
  #freeSegment(from: number): number {
    let segment = from;
    while (segment < this.#segmentsEnd && this.#segmentKind[segment] !== SEGMENT_NONE) segment++;
    return segment;
  }

  #dropSegment(segment: number): void {
    this.#heldBytes -= this.bytes[segment].length;
    // Detaching returns the memory at once (2 ms for 32 MiB that were all written). Left to the garbage
    // collector, 1.3 GB stayed for seconds, and then went in one pause of 83 ms.
    this.bytes[segment].buffer.transfer(0);
    this.#setSegment(segment, NO_BUFFER, 0);
    const page = segment * PAGES_PER_SEGMENT;
    const endPage = page + PAGES_PER_SEGMENT;
    this.#pageKind.fill(KIND_FREE, page, endPage);
    this.#pages.fill(0, page << PAGE_RECORD_SHIFT, endPage << PAGE_RECORD_SHIFT);
    this.#segmentKind[segment] = SEGMENT_NONE;
    this.#freePages[segment] = 0;
    this.#freeRunMax[segment] = 0;
  }

  #setSegment(segment: number, buffer: ArrayBuffer, byteLength: number): void {
    this.words[segment] = new Uint32Array(buffer, 0, byteLength / 4);
    this.bytes[segment] = new Uint8Array(buffer, 0, byteLength);
    this.doubles[segment] = new Float64Array(buffer, 0, byteLength / UNIT_BYTES);
    this.views[segment] = new DataView(buffer, 0, byteLength);
  }

  #makeRoomForPages(segment: number): void {
    const needed = (segment + 1) * PAGES_PER_SEGMENT;
    if (needed <= this.#pageKind.length) return;
    const length = Math.max(needed, this.#pageKind.length * 2);
    const pages = new Uint32Array(length << PAGE_RECORD_SHIFT);
    pages.set(this.#pages);
    const kinds = new Uint8Array(length);
    kinds.set(this.#pageKind);
    this.#pages = pages;
    this.#pageKind = kinds;
  }

  /** Walks all bookkeeping and asserts that it is consistent; for tests. */
  checkInvariants(): void {
    let usedUnits = 0;
    let usedPages = 0;
    let heldBytes = 0;
    let emptySegments = 0;
    for (let segment = 0; segment < this.#segmentsEnd; segment++) {
      const kind = this.#segmentKind[segment];
      const byteLength = this.bytes[segment].length;
      heldBytes += byteLength;
      if (kind === SEGMENT_HUGE) {
        usedUnits += byteLength / UNIT_BYTES;
        usedPages += Math.ceil(byteLength / PAGE_BYTES);
      } else if (kind === SEGMENT_PAGED) {
        invariant(byteLength === SEGMENT_BYTES, "a paged segment has its full size");
        const first = segment * PAGES_PER_SEGMENT;
        let freePages = 0;
        for (let page = first; page < first + PAGES_PER_SEGMENT;) {
          const pageKind = this.#pageKind[page];
          if (pageKind === KIND_FREE) freePages++;
          if (pageKind === KIND_FREE || pageKind === KIND_RESERVED) {
            page++;
            continue;
          }
          const pageCount = this.#checkRun(page, pageKind);
          usedUnits += pageKind === KIND_MEDIUM ? pageCount * PAGE_UNITS : this.#spanUnits(page);
          usedPages += pageCount;
          page += pageCount;
        }
        invariant(freePages === this.#freePages[segment], "free pages are counted");
        if (freePages === segmentPages(segment)) emptySegments++;
      } else {
        invariant(byteLength === 0, "a dropped segment holds nothing");
      }
    }
    invariant(usedUnits === this.#usedUnits, "usedBytes is the sum of the blocks");
    invariant(usedPages === this.#usedPages, "used pages are counted");
    invariant(heldBytes === this.#heldBytes, "heldBytes is the sum of the segments");
    invariant(emptySegments === this.#emptySegments, "empty segments are counted");
    this.#checkLists();
  }

  #spanUnits(head: number): number {
    const record = head << PAGE_RECORD_SHIFT;
    return this.#pages[record + PAGE_USED] * CLASS_UNITS[this.#pages[record + PAGE_CLASS]];
  }

  /** Checks the span or run that begins at a page and returns its page count. */
  #checkRun(head: number, kind: number): number {
    const pages = this.#pages;
    const record = head << PAGE_RECORD_SHIFT;
    const used = pages[record + PAGE_USED];
    const sizeClass = pages[record + PAGE_CLASS];
    const pageCount = kind === KIND_MEDIUM ? used : CLASS_PAGES[sizeClass];
    const units = kind === KIND_MEDIUM ? 0 : CLASS_UNITS[sizeClass];
    for (let page = head; page < head + pageCount; page++) {
      invariant(this.#pageKind[page] === kind, "the pages of a run are of one kind");
      const pageRecord = page << PAGE_RECORD_SHIFT;
      invariant(pages[pageRecord + PAGE_HEAD] === head, "and know its head");
      invariant(pages[pageRecord + PAGE_UNITS_EACH] === units, "and the size of its blocks");
    }
    if (kind === KIND_MEDIUM) return pageCount;
    const start = head * PAGE_UNITS;
    const fresh = pages[record + PAGE_FRESH];
    let freed = 0;
    const seen = new Set<number>();
    for (let at = pages[record + PAGE_FREED]; at !== 0;) {
      invariant(
        at >= start && at < fresh && (at - start) % units === 0,
        "a freed block is of its span",
      );
      invariant(!seen.has(at), "a block is freed once");
      seen.add(at);
      freed++;
      at = this.words[at >>> SEGMENT_SHIFT][(at & UNIT_MASK) << 1];
    }
    invariant((fresh - start) / units === used + freed, "each block is used, freed or fresh");
    invariant(used > 0 && used <= CLASS_BLOCKS[sizeClass], "no empty span is kept");
    return pageCount;
  }

  #checkLists(): void {
    const listed = new Set<number>();
    for (let sizeClass = 0; sizeClass < SIZE_CLASSES; sizeClass++) {
      let previous = 0;
      for (let page = this.#roomy[sizeClass]; page !== 0;) {
        const record = page << PAGE_RECORD_SHIFT;
        invariant(this.#pages[record + PAGE_CLASS] === sizeClass, "a list has spans of one class");
        invariant(this.#pages[record + PAGE_PREVIOUS] === previous, "a list is linked both ways");
        listed.add(page);
        previous = page;
        page = this.#pages[record + PAGE_NEXT];
      }
    }
    for (let page = 0; page < this.#pageKind.length; page++) {
      const record = page << PAGE_RECORD_SHIFT;
      if (this.#pageKind[page] !== KIND_SMALL || this.#pages[record + PAGE_HEAD] !== page) continue;
      const hasRoom = this.#pages[record + PAGE_USED] <
        CLASS_BLOCKS[this.#pages[record + PAGE_CLASS]];
      invariant(listed.has(page) === hasRoom, "the spans with room are listed");
    }
  }
}

/** Pages of a paged segment that can be handed out. */
function segmentPages(segment: number): number {
  return segment === 0 ? PAGES_PER_SEGMENT - 1 : PAGES_PER_SEGMENT;
}
