// In a file of its own, so in a JavaScript heap of its own: a thousand segments are a thousand
// collections of garbage, each as long as that heap is large.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Heap, HeapFullError, SEGMENT_BYTES } from "../../src/memory/heap.ts";
import { setWord, wordAt } from "./support.ts";

const MEBIBYTE = 1024 * 1024;

Deno.test("Heap uses all 32 GiB of addresses, then throws HeapFullError and goes on", () => {
  const heap = new Heap();
  // Never written, so never resident.
  const huge: number[] = [];
  assertThrows(() => {
    for (;;) huge.push(heap.allocate(SEGMENT_BYTES));
  }, HeapFullError);
  assertEquals(huge.length, 1022);
  const last = huge.at(-1)!;
  assert(last > 2 ** 31 && heap.usedBytes > 31 * 2 ** 30);
  setWord(heap, last, SEGMENT_BYTES - 4, 0xcafe);
  assertEquals(wordAt(heap, last, SEGMENT_BYTES - 4), 0xcafe);
  assertThrows(() => heap.reallocate(last, 2 * SEGMENT_BYTES, SEGMENT_BYTES), HeapFullError);
  // Small and medium blocks in the last segments.
  for (let i = 0; i < 3; i++) heap.free(huge.pop()!);
  const small: number[] = [];
  for (let i = 0; i < 40_000; i++) {
    const address = heap.allocate(2000);
    setWord(heap, address, 0, i);
    small.push(address);
  }
  const medium = heap.allocate(MEBIBYTE);
  assert(small[39_999] > 1020 * 2 ** 22 && medium > 1020 * 2 ** 22);
  heap.checkInvariants();
  small.forEach((address, i) => assertEquals(wordAt(heap, address, 0), i));
  for (const address of small) heap.free(address);
  heap.free(medium);
  for (const address of huge) heap.free(address);
  heap.checkInvariants();
  assertEquals(heap.usedBytes, 0);
  heap.clear();
  heap.checkInvariants();
  assertEquals(heap.heldBytes, 0);
  assert(heap.allocate(8) !== 0);
});
