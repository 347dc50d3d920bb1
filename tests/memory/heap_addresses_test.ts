// In a file of its own, so in a JavaScript heap of its own: each new segment has V8 collect garbage,
// for 10 ms under `deno test` (1 ms in the server), whose own JavaScript heap is large.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Heap, HeapFullError, SEGMENT_BYTES, SEGMENT_SHIFT } from "../../src/memory/heap.ts";
import { setWord, wordAt } from "./support.ts";
import { testScale } from "../support/property.ts";

const MEBIBYTE = 1024 * 1024;

/** Takes huge blocks, which are never written and so never resident, until one is in `segment`. */
function fillAddresses(heap: Heap, segment: number): number[] {
  const huge: number[] = [];
  do huge.push(heap.allocate(SEGMENT_BYTES)); while (huge.at(-1)! >>> SEGMENT_SHIFT < segment);
  return huge;
}

/** Uses blocks of all kinds in the last segments. */
function checkHighAddresses(heap: Heap, huge: number[]): void {
  const last = huge.at(-1)!;
  setWord(heap, last, SEGMENT_BYTES - 4, 0xcafe);
  assertEquals(wordAt(heap, last, SEGMENT_BYTES - 4), 0xcafe);
  for (let i = 0; i < 3; i++) heap.free(huge.pop()!);
  const lowest = huge.at(-1)!;
  const small: number[] = [];
  // The first segment of small blocks is the one that 0 is in.
  for (let i = 0; i < 40_000; i++) {
    const address = heap.allocate(2000);
    setWord(heap, address, 0, i);
    small.push(address);
  }
  const medium = heap.allocate(MEBIBYTE);
  assert(small.at(-1)! > lowest && medium > lowest);
  assertEquals(heap.reallocate(medium, 2 * MEBIBYTE, MEBIBYTE), medium);
  heap.checkInvariants();
  small.forEach((address, i) => assertEquals(wordAt(heap, address, 0), i));
  for (const address of small) heap.free(address);
  heap.free(medium);
  for (const address of huge) heap.free(address);
  heap.checkInvariants();
  assertEquals(heap.usedBytes, 0);
}

Deno.test("Heap holds more than 4 GiB, at addresses over 2^31", () => {
  const heap = new Heap();
  const huge = fillAddresses(heap, 520);
  assert(heap.usedBytes > 16 * 2 ** 30);
  assert(huge.at(-4)! > 2 ** 31);
  checkHighAddresses(heap, huge);
});

Deno.test({
  name: "Heap uses all 32 GiB of addresses, then throws HeapFullError and goes on",
  ignore: testScale() === 1,
  fn() {
    const heap = new Heap();
    const huge = fillAddresses(heap, 1022);
    assertEquals(huge.length, 1022);
    assertThrows(() => heap.allocate(SEGMENT_BYTES), HeapFullError);
    assertThrows(() => heap.reallocate(huge[0], 2 * SEGMENT_BYTES, SEGMENT_BYTES), HeapFullError);
    checkHighAddresses(heap, huge);
    heap.clear();
    heap.checkInvariants();
    assertEquals(heap.heldBytes, 0);
    assert(heap.allocate(8) !== 0);
  },
});
