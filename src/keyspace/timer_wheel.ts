/**
 * The times at which things expire: a hierarchical timer wheel (G. Varghese, A. Lauck, 1987) whose
 * timers are blocks in the `Heap`, so that arming, moving and cancelling one touches a few words and
 * no JavaScript object.
 *
 *     timer  word 0  previous in its list   word 3  expiry, low word
 *            word 1  next in its list       word 4  expiry, high word: an int64 in milliseconds
 *            word 2  owner                  word 5  index in the roster of all timers
 *
 * Level 0 has 256 slots of 1 ms, level 1 has 256 slots of 128 ms, and so on by 128: the slot of the
 * time t in level L is number floor(t / 128^L), at its last 8 bits. A timer is in the lowest level whose
 * slots, counted from the one that holds the present, reach its expiry. Because a level reaches twice as
 * far as a slot of the next is long, a slot is cascaded (its timers go to lower levels) one whole slot
 * *before* its time comes. So the timers of a slot with a million are at their places in time although
 * they are moved in small portions.
 *
 * Lists are rings through an anchor. Anchors are not in the heap: links name them by numbers from
 * `anchorBase` on, which the heap hands out to nobody. Moving all of a slot is thus moving one anchor's
 * two links, and a timer needn't know which list it is in.
 *
 * The wheel only says what is due; who owns it removes it, which cancels the timer. The roster, a dense
 * array of all timers, is there for fair sampling.
 */
import { invariant } from "../assert.ts";
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "../memory/heap.ts";
import { WordStack } from "../memory/word_stack.ts";
import { type Random, randomBelow } from "../random.ts";
import { type Int64, toInt64 } from "../resp/numbers.ts";

const previousWord = 0;
const nextWord = 1;
const ownerWord = 2;
const lowWord = 3;
const highWord = 4;
const rosterWord = 5;
const timerBytes = 24;

/** Levels that all times up to 2^53 - 1 need: slots of the last are 128^7 ms = 17,851 years long. */
const levelCount = 8;
const slotCount = 256;
const slotMask = slotCount - 1;
const slotListCount = levelCount * slotCount;
const bitmapWords = slotCount / 32;

/** Slot length of each level, in milliseconds. */
const slotMs = Float64Array.from({ length: levelCount }, (_, level) => 128 ** level);

// Numbers of the lists: first the slots, level by level; then
/** timers whose time has come, */
const dueList = slotListCount;
/** those so far away (285,000 years) that a number isn't exact, */
const farList = dueList + 1;
/** and those to be cascaded, by the level that they come from; 0 after the clock was set back. */
const cascadeList = farList + 1;
const listCount = cascadeList + levelCount;

/** The anchor of list number n is called `anchorBase + n`. */
const anchorBase = 0xffc00000;

const twoTo32 = 0x100000000;

/**
 * Timers by their time of expiry.
 *
 * @example
 * ```ts
 * const wheel = new TimerWheel(heap, nowMs);
 * const timer = wheel.arm(record, nowMs + 1000);
 * wheel.advance(nowMs + 1000);
 * while (wheel.cascade(100) > 0);
 * wheel.firstDue() === record;
 * wheel.cancel(timer);
 * ```
 */
export class TimerWheel {
  readonly #heap: Heap;
  readonly #roster: WordStack;
  readonly #heads = new Uint32Array(listCount);
  readonly #tails = new Uint32Array(listCount);
  /** One bit for each slot that has timers. */
  readonly #occupied = new Uint32Array(levelCount * bitmapWords);
  #nowMs: number;
  /** No slot ripens before; may be early, as a cancelled timer doesn't take it back. */
  #nextDueMs = Infinity;

  constructor(heap: Heap, nowMs: number) {
    this.#heap = heap;
    this.#roster = new WordStack(heap);
    this.#nowMs = nowMs;
    for (let list = 0; list < listCount; list++) {
      this.#heads[list] = this.#tails[list] = anchorBase + list;
    }
  }

  /** Number of timers. */
  get count(): number {
    return this.#roster.length;
  }

  /** Bytes of the timers and of the roster. */
  get bytes(): number {
    return this.#roster.length * (timerBytes + Uint32Array.BYTES_PER_ELEMENT);
  }

  /**
   * Makes a timer for `owner`, an address. A time in the past is due at once.
   *
   * @throws {HeapFullError} if there is no memory for it; nothing has changed then.
   */
  arm(owner: number, expiresAtMs: Int64): number {
    this.#roster.reserve();
    const timer = this.#heap.allocate(timerBytes);
    invariant(timer < anchorBase, "no block has the number of an anchor");
    const words = this.#heap.words[timer >>> SEGMENT_SHIFT];
    const at = wordIndex(timer);
    words[at + ownerWord] = owner;
    words[at + rosterWord] = this.#roster.length;
    this.#roster.push(timer);
    writeExpiry(words, at, expiresAtMs);
    this.#place(timer);
    return timer;
  }

  /** Gives a timer another time. */
  move(timer: number, expiresAtMs: Int64): void {
    this.#unlink(timer);
    writeExpiry(this.#heap.words[timer >>> SEGMENT_SHIFT], wordIndex(timer), expiresAtMs);
    this.#place(timer);
  }

  /** Takes a timer away and frees it. */
  cancel(timer: number): void {
    this.#unlink(timer);
    // the last one on the roster takes its place
    const index = this.#heap.words[timer >>> SEGMENT_SHIFT][wordIndex(timer) + rosterWord];
    const last = this.#roster.pop();
    if (last !== timer) {
      this.#roster.set(index, last);
      this.#heap.words[last >>> SEGMENT_SHIFT][wordIndex(last) + rosterWord] = index;
    }
    this.#heap.free(timer);
  }

  /** When a timer's time comes, in milliseconds since the Unix epoch. */
  expiresAtMs(timer: number): Int64 {
    const expiresAtMs = this.#expiryOf(timer);
    if (Number.isSafeInteger(expiresAtMs)) return expiresAtMs;
    const words = this.#heap.words[timer >>> SEGMENT_SHIFT];
    const at = wordIndex(timer);
    return toInt64(BigInt(words[at + highWord] | 0) << 32n | BigInt(words[at + lowWord]));
  }

  /**
   * Whether what the timer stands for must not be seen any more. It may still be seen in the very
   * millisecond of its expiry (Redis' keyIsExpired), though it may be removed in it (`firstDue`).
   */
  isDue(timer: number, nowMs: number): boolean {
    return nowMs > this.#expiryOf(timer);
  }

  owner(timer: number): number {
    return this.#heap.words[timer >>> SEGMENT_SHIFT][wordIndex(timer) + ownerWord];
  }

  setOwner(timer: number, owner: number): void {
    this.#heap.words[timer >>> SEGMENT_SHIFT][wordIndex(timer) + ownerWord] = owner;
  }

  /** The owner of a timer by chance, each equally likely; 0 if there is none. */
  sampleOwner(random: Random): number {
    if (this.#roster.length === 0) return 0;
    return this.owner(this.#roster.get(randomBelow(random, this.#roster.length)));
  }

  /**
   * Tells the wheel what time it is; looks at slots, not at timers. A clock that was set back has all
   * timers placed anew, by `cascade`.
   */
  advance(nowMs: number): void {
    if (nowMs < this.#nowMs) this.#rewind();
    else if (nowMs >= this.#nextDueMs) this.#ripen(nowMs);
    this.#nowMs = nowMs;
  }

  /**
   * The owner of a timer whose time has come, or 0 if there is none or if it waits for `cascade`. It
   * stays the first one until its timer is moved or cancelled.
   */
  firstDue(): number {
    const timer = this.#heads[dueList];
    return timer >= anchorBase ? 0 : this.owner(timer);
  }

  /** Moves at most `timersMax` timers of ripe slots to where they belong; returns how many. */
  cascade(timersMax: number): number {
    let moved = 0;
    for (let list = cascadeList; list < listCount; list++) {
      for (; moved < timersMax; moved++) {
        const timer = this.#heads[list];
        if (timer >= anchorBase) break;
        this.#unlink(timer);
        this.#place(timer);
      }
    }
    return moved;
  }

  /**
   * When there will be something to do, for `firstDue` or `cascade`: the present or a time in the past
   * if there is already, Infinity if there are no timers. Never too late.
   */
  nextDueMs(): number {
    if (this.#nextDueMs <= this.#nowMs) this.#nextDueMs = this.#findNextDue();
    return this.#nextDueMs;
  }

  /** The expiry as a number: exact up to 2^53, and beyond that far enough away. */
  #expiryOf(timer: number): number {
    const words = this.#heap.words[timer >>> SEGMENT_SHIFT];
    const at = wordIndex(timer);
    return (words[at + highWord] | 0) * twoTo32 + words[at + lowWord];
  }

  /** Links a timer that is in no list into the list of its expiry. */
  #place(timer: number): void {
    const expiresAtMs = this.#expiryOf(timer);
    if (expiresAtMs <= this.#nowMs) {
      this.#nextDueMs = Math.min(this.#nextDueMs, this.#nowMs);
      this.#link(timer, dueList);
      return;
    }
    if (expiresAtMs > Number.MAX_SAFE_INTEGER) return this.#link(timer, farList);
    let level = 0;
    let slot = expiresAtMs;
    while (slot - Math.floor(this.#nowMs / slotMs[level]) >= slotCount) {
      level++;
      slot = Math.floor(expiresAtMs / slotMs[level]);
    }
    this.#nextDueMs = Math.min(this.#nextDueMs, ripeMs(level, slot));
    const index = slot & slotMask;
    this.#occupied[level * bitmapWords + (index >>> 5)] |= 1 << (index & 31);
    this.#link(timer, level * slotCount + index);
  }

  #link(timer: number, list: number): void {
    const last = this.#tails[list];
    const words = this.#heap.words[timer >>> SEGMENT_SHIFT];
    const at = wordIndex(timer);
    words[at + previousWord] = last;
    words[at + nextWord] = anchorBase + list;
    this.#setNext(last, timer);
    this.#tails[list] = timer;
  }

  #unlink(timer: number): void {
    const words = this.#heap.words[timer >>> SEGMENT_SHIFT];
    const at = wordIndex(timer);
    const previous = words[at + previousWord];
    const next = words[at + nextWord];
    this.#setNext(previous, next);
    this.#setPrevious(next, previous);
    if (previous >= anchorBase && next >= anchorBase) this.#markEmpty(next - anchorBase);
  }

  #setNext(link: number, next: number): void {
    if (link >= anchorBase) this.#heads[link - anchorBase] = next;
    else this.#heap.words[link >>> SEGMENT_SHIFT][wordIndex(link) + nextWord] = next;
  }

  #setPrevious(link: number, previous: number): void {
    if (link >= anchorBase) this.#tails[link - anchorBase] = previous;
    else this.#heap.words[link >>> SEGMENT_SHIFT][wordIndex(link) + previousWord] = previous;
  }

  #markEmpty(list: number): void {
    if (list < slotListCount) this.#occupied[list >>> 5] &= ~(1 << (list & 31));
  }

  /** Appends all timers of one list to another. */
  #moveList(from: number, to: number): void {
    const first = this.#heads[from];
    if (first >= anchorBase) return;
    const last = this.#tails[from];
    const end = this.#tails[to];
    this.#setPrevious(first, end);
    this.#setNext(end, first);
    this.#setNext(last, anchorBase + to);
    this.#tails[to] = last;
    this.#heads[from] = this.#tails[from] = anchorBase + from;
    this.#markEmpty(from);
  }

  /** Moves the slots that ripen from the present to `nowMs` to where `firstDue` and `cascade` look. */
  #ripen(nowMs: number): void {
    for (let level = 0; level < levelCount; level++) {
      const first = Math.floor(this.#nowMs / slotMs[level]);
      const ripe = Math.floor(nowMs / slotMs[level]) + (level === 0 ? 0 : 1);
      const to = level === 0 ? dueList : cascadeList + level;
      for (;;) {
        const distance = this.#nextOccupied(level, first);
        if (distance === slotCount || first + distance > ripe) break;
        this.#moveList(level * slotCount + ((first + distance) & slotMask), to);
      }
    }
    this.#nextDueMs = nowMs;
  }

  /** The clock was set back: what each timer's place means has changed. */
  #rewind(): void {
    this.#moveList(dueList, cascadeList);
    for (let list = 0; list < slotListCount; list++) this.#moveList(list, cascadeList);
    this.#nextDueMs = -Infinity;
  }

  #findNextDue(): number {
    for (let list = dueList; list < listCount; list++) {
      if (list !== farList && this.#heads[list] < anchorBase) return this.#nowMs;
    }
    let nextMs = Infinity;
    for (let level = 0; level < levelCount; level++) {
      const first = Math.floor(this.#nowMs / slotMs[level]);
      const distance = this.#nextOccupied(level, first);
      if (distance < slotCount) nextMs = Math.min(nextMs, ripeMs(level, first + distance));
    }
    return nextMs;
  }

  /** How many slots lie between slot number `first` of a level and the next one with timers; or 256. */
  #nextOccupied(level: number, first: number): number {
    const base = level * bitmapWords;
    const start = first & slotMask;
    // the word that `first` is in is looked at twice: its higher bits first, its lower ones last
    for (let i = 0; i <= bitmapWords; i++) {
      const word = ((start >>> 5) + i) & (bitmapWords - 1);
      let bits = this.#occupied[base + word];
      if (i === 0) bits &= -1 << (start & 31);
      if (bits === 0) continue;
      const index = (word << 5) + 31 - Math.clz32(bits & -bits);
      return (index - start) & slotMask;
    }
    return slotCount;
  }

  /** Walks all lists and asserts that they are consistent; for tests. */
  checkInvariants(): void {
    let count = 0;
    for (let list = 0; list < listCount; list++) {
      const isEmpty = this.#heads[list] >= anchorBase;
      if (list < slotListCount) {
        const isMarked = (this.#occupied[list >>> 5] >>> (list & 31) & 1) === 1;
        invariant(isMarked === !isEmpty, "the bitmap says which slots have timers");
      }
      let previous = anchorBase + list;
      for (let timer = this.#heads[list]; timer < anchorBase;) {
        const words = this.#heap.words[timer >>> SEGMENT_SHIFT];
        const at = wordIndex(timer);
        invariant(words[at + previousWord] === previous, "a list is linked both ways");
        invariant(this.#roster.get(words[at + rosterWord]) === timer, "the roster has each timer");
        if (list < slotListCount) this.#checkSlot(timer, list);
        previous = timer;
        timer = words[at + nextWord];
        count++;
      }
      invariant(this.#tails[list] === previous, "a list ends in its tail");
    }
    invariant(count === this.#roster.length, "each timer is in a list");
  }

  #checkSlot(timer: number, list: number): void {
    const expiresAtMs = this.#expiryOf(timer);
    const level = Math.floor(list / slotCount);
    const slot = Math.floor(expiresAtMs / slotMs[level]);
    const distance = slot - Math.floor(this.#nowMs / slotMs[level]);
    invariant((slot & slotMask) === (list & slotMask), "a timer is in the slot of its expiry");
    invariant(
      distance > (level === 0 ? 0 : 1) && distance < slotCount,
      "no slot is ripe or too far",
    );
    invariant(this.#nextDueMs <= ripeMs(level, slot), "nextDueMs is not late");
  }
}

/** When a slot's timers become due or are to be cascaded: a slot early, but for level 0. */
function ripeMs(level: number, slot: number): number {
  return level === 0 ? slot : (slot - 1) * slotMs[level];
}

/** Index of a timer's first word in the words of its segment. */
function wordIndex(timer: number): number {
  return (timer & UNIT_MASK) << 1;
}

function writeExpiry(words: Uint32Array, at: number, expiresAtMs: Int64): void {
  if (typeof expiresAtMs === "number") {
    words[at + lowWord] = expiresAtMs >>> 0;
    words[at + highWord] = Math.floor(expiresAtMs / twoTo32);
  } else {
    words[at + lowWord] = Number(BigInt.asUintN(32, expiresAtMs));
    words[at + highWord] = Number(BigInt.asUintN(32, expiresAtMs >> 32n));
  }
}
