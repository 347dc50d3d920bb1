import { assert, assertEquals, assertThrows } from "@std/assert";
import { Heap, HeapFullError, SEGMENT_BYTES } from "../../src/memory/heap.ts";
import {
  CLASS_BLOCKS,
  CLASS_PAGES,
  CLASS_UNITS,
  PAGE_BYTES,
  SIZE_CLASSES,
  sizeClassOf,
  SMALL_BYTES_MAX,
} from "../../src/memory/size_classes.ts";
import { InvariantError } from "../../src/assert.ts";
import { type Random, randomBelow } from "../../src/random.ts";
import { setWord, wordAt } from "./support.ts";
import { testScale, withSeed } from "../support/property.ts";

const MEBIBYTE = 1024 * 1024;

Deno.test("size classes hold what they are chosen for and waste at most an eighth", () => {
  for (let bytes = 1; bytes <= SMALL_BYTES_MAX; bytes++) {
    const sizeClass = sizeClassOf(bytes);
    const capacity = CLASS_UNITS[sizeClass] * 8;
    assert(capacity >= bytes);
    assert(sizeClass === 0 || CLASS_UNITS[sizeClass - 1] * 8 < bytes, "the smallest that fits");
    assert(capacity - bytes < 8 || capacity <= bytes * 1.125);
  }
});

Deno.test("spans leave at most a sixteenth of their pages unused", () => {
  for (let sizeClass = 0; sizeClass < SIZE_CLASSES; sizeClass++) {
    const spanBytes = CLASS_PAGES[sizeClass] * PAGE_BYTES;
    const blockBytes = CLASS_BLOCKS[sizeClass] * CLASS_UNITS[sizeClass] * 8;
    assert(CLASS_PAGES[sizeClass] <= 16);
    assert(blockBytes <= spanBytes && spanBytes - blockBytes <= spanBytes / 16);
  }
});

/** Sizes as a server meets them: mostly small, now and then pages, segments. */
function randomBytes(random: Random): number {
  const kind = randomBelow(random, 1000);
  if (kind < 700) return randomBelow(random, 200);
  if (kind < 950) return randomBelow(random, 5000);
  if (kind < 990) return randomBelow(random, 300_000);
  if (kind < 999) return randomBelow(random, 3 * MEBIBYTE);
  return randomBelow(random, 24 * MEBIBYTE);
}

Deno.test("Heap keeps the bytes of all blocks through random allocate, reallocate and free", () => {
  withSeed((random) => {
    const heap = new Heap();
    const blocks: { address: number; bytes: number; mark: number }[] = [];
    let used = 0;
    const check = (block: { address: number; bytes: number; mark: number }) => {
      assert(heap.capacity(block.address) >= block.bytes);
      if (block.bytes >= 4) assertEquals(wordAt(heap, block.address, 0), block.mark);
      if (block.bytes >= 8) {
        assertEquals(wordAt(heap, block.address, (block.bytes - 4) & ~3), block.mark);
      }
    };
    const mark = (block: { address: number; bytes: number; mark: number }) => {
      block.mark = random.uint32();
      if (block.bytes >= 4) setWord(heap, block.address, 0, block.mark);
      if (block.bytes >= 8) setWord(heap, block.address, (block.bytes - 4) & ~3, block.mark);
      used += heap.capacity(block.address);
    };
    const steps = 300_000 * testScale();
    for (let step = 0; step < steps; step++) {
      // Grows for a while, then shrinks.
      const growing = step % 60_000 < 36_000;
      const choice = randomBelow(random, 10);
      if (blocks.length === 0 || choice < (growing ? 6 : 2)) {
        const bytes = randomBytes(random);
        const block = { address: heap.allocate(bytes), bytes, mark: 0 };
        mark(block);
        blocks.push(block);
      } else {
        const i = randomBelow(random, blocks.length);
        const block = blocks[i];
        check(block);
        used -= heap.capacity(block.address);
        if (choice === 9) {
          const bytes = randomBytes(random);
          const keep = Math.min(bytes, block.bytes);
          block.address = heap.reallocate(block.address, bytes, keep);
          if (keep >= 4) assertEquals(wordAt(heap, block.address, 0), block.mark);
          if (keep === block.bytes && keep >= 8) {
            assertEquals(wordAt(heap, block.address, (keep - 4) & ~3), block.mark);
          }
          block.bytes = bytes;
          mark(block);
        } else {
          heap.free(block.address);
          blocks[i] = blocks[blocks.length - 1];
          blocks.pop();
        }
      }
      assertEquals(heap.usedBytes, used);
      if (step % 5000 === 0) heap.trim(1);
      if (step % 20_000 === 0) heap.checkInvariants();
    }
    for (const block of blocks) check(block);
    for (const block of blocks) heap.free(block.address);
    heap.checkInvariants();
    assertEquals(heap.usedBytes, 0);
    assertEquals(heap.fragmentation, 1);
    heap.trim();
    assertEquals(heap.heldBytes, SEGMENT_BYTES);
    heap.checkInvariants();
  });
});

Deno.test("Heap.capacityFor tells what capacity will, of blocks of every kind", () => {
  const heap = new Heap();
  for (const bytes of [1, 8, 9, 129, 8200, 262_144, 262_145, MEBIBYTE + 1, 16 * MEBIBYTE + 1]) {
    const address = heap.allocate(bytes);
    assertEquals(heap.capacity(address), heap.capacityFor(bytes));
    heap.free(address);
  }
});

Deno.test("Heap knows the size of a huge block where small ones were before it was cleared", () => {
  const heap = new Heap();
  for (let i = 0; i < 3 * SEGMENT_BYTES / MEBIBYTE * 8; i++) heap.allocate(MEBIBYTE / 8);
  heap.clear();
  const huge = heap.allocate(SEGMENT_BYTES);
  assertEquals(heap.capacity(huge), SEGMENT_BYTES);
  heap.free(huge);
  heap.checkInvariants();
});

Deno.test("Heap reuses freed space", () => {
  const heap = new Heap();
  const addresses: number[] = [];
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 100_000; i++) addresses.push(heap.allocate(100));
    assertEquals(heap.heldBytes, SEGMENT_BYTES);
    for (const address of addresses.splice(0)) heap.free(address);
  }
  heap.checkInvariants();
  assertEquals(heap.usedBytes, 0);
});

Deno.test("Heap.trim gives empty segments back, as many as told, and keeps one", () => {
  const heap = new Heap();
  const addresses: number[] = [];
  while (heap.heldBytes < 8 * SEGMENT_BYTES) addresses.push(heap.allocate(1000));
  const first = addresses.shift()!;
  assertEquals(heap.trim(), 0);
  for (const address of addresses) heap.free(address);
  assertEquals(heap.usedBytes, heap.capacity(first));
  assertEquals(heap.heldBytes, 8 * SEGMENT_BYTES);
  assertEquals(heap.trim(2), 2);
  assertEquals(heap.heldBytes, 6 * SEGMENT_BYTES);
  heap.checkInvariants();
  assertEquals(heap.trim(), 4);
  assertEquals(heap.heldBytes, 2 * SEGMENT_BYTES);
  heap.free(first);
  assertEquals(heap.trim(), 1);
  assertEquals(heap.trim(), 0);
  assertEquals(heap.heldBytes, SEGMENT_BYTES);
  heap.checkInvariants();
  assert(heap.allocate(1000) !== 0);
});

Deno.test("Heap gives empty segments up before its limit keeps a huge block out", () => {
  const heap = new Heap({ bytesMax: 4 * SEGMENT_BYTES });
  const addresses: number[] = [];
  while (heap.heldBytes < 4 * SEGMENT_BYTES) addresses.push(heap.allocate(MEBIBYTE));
  for (const address of addresses) heap.free(address);
  const huge = heap.allocate(4 * SEGMENT_BYTES);
  assertEquals(heap.heldBytes, 4 * SEGMENT_BYTES);
  heap.free(huge);
  assertEquals(heap.heldBytes, 0);
});

Deno.test("Heap takes its reserve when there is nothing else, and has one again when there is", () => {
  const heap = new Heap({ bytesMax: 2 * SEGMENT_BYTES, reserve: true });
  const blocks: number[] = [];
  while (!heap.isLow) blocks.push(heap.allocate(MEBIBYTE));
  assertEquals(heap.heldBytes, 3 * SEGMENT_BYTES);
  heap.replenish();
  assertEquals(heap.isLow, true);
  assertThrows(() => {
    for (;;) blocks.push(heap.allocate(MEBIBYTE));
  }, HeapFullError);
  assertEquals([heap.isLow, heap.heldBytes], [true, 3 * SEGMENT_BYTES]);
  for (const block of blocks.slice(-40)) heap.free(block);
  heap.replenish();
  assertEquals([heap.isLow, heap.heldBytes], [true, 2 * SEGMENT_BYTES], "it is above its limit");
  for (const block of blocks.slice(0, -40)) heap.free(block);
  heap.replenish();
  assertEquals([heap.isLow, heap.heldBytes], [false, SEGMENT_BYTES]);
  heap.checkInvariants();
});

Deno.test("Heap keeps its reserve from huge blocks", () => {
  const heap = new Heap({ bytesMax: SEGMENT_BYTES, reserve: true });
  assertThrows(() => heap.allocate(2 * SEGMENT_BYTES), HeapFullError);
  assertEquals(heap.isLow, false);
});

Deno.test("Heap.reallocate stays in place where it fits and where the next pages are free", () => {
  const heap = new Heap();
  const small = heap.allocate(100);
  assertEquals(heap.capacity(small), 104);
  assertEquals(heap.reallocate(small, 104, 100), small);
  assertEquals(heap.reallocate(small, 60, 60), small);
  assert(heap.reallocate(small, 40, 40) !== small, "half of the block would be unused");

  const run = heap.allocate(MEBIBYTE);
  assertEquals(heap.reallocate(run, 4 * MEBIBYTE, MEBIBYTE), run);
  assertEquals(heap.capacity(run), 4 * MEBIBYTE);
  assertEquals(heap.reallocate(run, MEBIBYTE, MEBIBYTE), run);
  assertEquals(heap.capacity(run), MEBIBYTE);
  const wall = heap.allocate(MEBIBYTE);
  assertEquals(wall, run + MEBIBYTE / 8);
  assert(heap.reallocate(run, 4 * MEBIBYTE, MEBIBYTE) !== run);
  heap.checkInvariants();
});

Deno.test("Heap throws HeapFullError at its limit and when there is no memory, unchanged", () => {
  const heap = new Heap({ bytesMax: 2 * SEGMENT_BYTES });
  const blocks: number[] = [];
  assertThrows(() => {
    for (;;) blocks.push(heap.allocate(MEBIBYTE));
  }, HeapFullError);
  heap.checkInvariants();
  assertEquals(heap.usedBytes, blocks.length * MEBIBYTE);
  assertThrows(() => heap.reallocate(blocks[0], 20 * MEBIBYTE, MEBIBYTE), HeapFullError);
  heap.checkInvariants();
  assertEquals(heap.usedBytes, blocks.length * MEBIBYTE);
  assertThrows(() => new Heap().allocate(2 ** 52), HeapFullError);
});

Deno.test("Heap notices a double free and a foreign address where that is cheap", () => {
  const heap = new Heap();
  const first = heap.allocate(64);
  const second = heap.allocate(64);
  heap.allocate(64);
  heap.free(first);
  assertThrows(() => heap.free(first), InvariantError);
  assertThrows(() => heap.free(second + 1), InvariantError);
  assertThrows(() => heap.free(second + 1_000_000), InvariantError);
  assertThrows(() => heap.free(0), InvariantError);
  const run = heap.allocate(MEBIBYTE);
  assertThrows(() => heap.free(run + 8192), InvariantError);
  heap.free(run);
  assertThrows(() => heap.free(run), InvariantError);
  heap.checkInvariants();
});
