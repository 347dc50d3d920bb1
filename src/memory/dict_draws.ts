/**
 * Places in the table of a dictionary, drawn by chance: how `Dict.sample` finds records.
 *
 * The table is made of blocks, each with as many slots: its buckets, and those that they overflow to.
 * Every slot is drawn with the same chance and an empty one is drawn again, so every record has the same
 * chance, too. About half of the slots are taken. Drawing a block of those that a bucket may overflow to
 * as if each bucket did was tried: five of six draws were in vain.
 *
 * Draws are made several at a time, and kept for the samples that follow, since what takes time is to
 * read the blocks and records. A draw knows nothing of what the slots hold, so it stays good when that
 * changes, and also when blocks go: then the draws that are left are among the slots that are left. When
 * blocks come, `forget` is called.
 */
import { type Random, randomBelow } from "../random.ts";
import { NO_SLOT, SLOTS } from "./dict_bucket.ts";
import { fetched } from "./fetched.ts";
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "./heap.ts";

// of this module, for the compiler: `dict_bucket.ts` says why
const segmentShift = SEGMENT_SHIFT;
const unitMask = UNIT_MASK;
const slots = SLOTS;

/** Slots that are drawn together. */
const DRAWN_TOGETHER = 16;

/** What is drawn from. */
export interface DrawnTable {
  /** Blocks that are numbered from 0. */
  readonly bucketCount: number;
  /** Blocks that are numbered from -1 downwards. */
  readonly overflowCount: number;
  /** The address of a block, 0 if there is none of that number. */
  blockAddress(block: number): number;
}

/** Draws of the table that was asked for last: one object for all. */
export class Draws {
  /** Where the record is that `next` returned. */
  block = 0;
  at = 0;
  slot = NO_SLOT;
  #table: DrawnTable | null = null;
  readonly #blocks = new Int32Array(DRAWN_TOGETHER);
  readonly #slots = new Uint8Array(DRAWN_TOGETHER);
  #left = 0;

  /** A record of the table, which has one. */
  next(table: DrawnTable, heap: Heap, random: Random): number {
    if (this.#table !== table) {
      this.#table = table;
      this.#left = 0;
    }
    for (;;) {
      if (this.#left === 0) this.#draw(table, heap, random);
      const i = --this.#left;
      const at = table.blockAddress(this.#blocks[i]);
      if (at === 0) continue;
      const slot = this.#slots[i];
      const record = heap.words[at >>> segmentShift][((at & unitMask) << 1) + slot];
      if (record === 0) continue;
      this.block = this.#blocks[i];
      this.at = at;
      this.slot = slot;
      return record;
    }
  }

  /** Has the table be drawn from anew, and no longer kept alive. */
  forget(table: DrawnTable): void {
    if (this.#table === table) this.#table = null;
  }

  /** Draws slots and reads them, and then the records in them. */
  #draw(table: DrawnTable, heap: Heap, random: Random): void {
    const { bucketCount } = table;
    const blocks = bucketCount + table.overflowCount;
    const allWords = heap.words;
    let read = 0;
    for (let i = 0; i < DRAWN_TOGETHER; i++) {
      const drawn = randomBelow(random, blocks);
      const block = drawn < bucketCount ? drawn : bucketCount - 1 - drawn;
      const at = table.blockAddress(block);
      this.#blocks[i] = block;
      this.#slots[i] = randomBelow(random, slots);
      read ^= allWords[at >>> segmentShift][((at & unitMask) << 1) + this.#slots[i]];
    }
    for (let i = 0; i < DRAWN_TOGETHER; i++) {
      const at = table.blockAddress(this.#blocks[i]);
      const record = allWords[at >>> segmentShift][((at & unitMask) << 1) + this.#slots[i]];
      if (record !== 0) read ^= allWords[record >>> segmentShift][(record & unitMask) << 1];
    }
    fetched.words ^= read;
    this.#left = DRAWN_TOGETHER;
  }
}
