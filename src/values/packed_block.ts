/**
 * Blocks that hold a packed collection, listpack or intset, and grow and shrink with it.
 *
 * Small ones fit exactly, so that a small collection costs no more than in Redis. Larger ones get an
 * eighth more, and the heap's size classes up to another eighth: filling 8 KiB with entries of 10 bytes
 * moves the block about 20 times. More slack would cost memory in every full node of a list.
 */

import { type Heap, HeapFullError } from "../memory/heap.ts";

const exactBytesMax = 256;

/** `copyWithin` takes 15 ns for any short length, a loop less than 1 ns a byte. */
const moveByCallBytesMin = 16;

/** Moves bytes within a block, be it over themselves. */
export function moveBytes(bytes: Uint8Array, from: number, to: number, length: number): void {
  if (length >= moveByCallBytesMin) {
    bytes.copyWithin(to, from, from + length);
  } else if (to <= from) {
    for (let i = 0; i < length; i++) bytes[to + i] = bytes[from + i];
  } else {
    for (let i = length - 1; i >= 0; i--) bytes[to + i] = bytes[from + i];
  }
}

/** Makes room for `byteLength` bytes, keeps the first `keepBytes`, and returns where the block is now. */
export function growBlock(
  heap: Heap,
  address: number,
  byteLength: number,
  keepBytes: number,
): number {
  if (byteLength <= heap.capacity(address)) return address;
  return heap.reallocate(address, withSlack(byteLength), keepBytes);
}

/**
 * Gives memory back if `byteLength`, all that is kept, fills less than half of the block. What is removed
 * must go even where the heap is so full that it has no smaller block: it stays in the large one then.
 */
export function shrinkBlock(heap: Heap, address: number, byteLength: number): number {
  if (byteLength * 2 >= heap.capacity(address)) return address;
  try {
    return heap.reallocate(address, byteLength, byteLength);
  } catch (error) {
    if (error instanceof HeapFullError) return address;
    throw error;
  }
}

function withSlack(byteLength: number): number {
  return byteLength <= exactBytesMax ? byteLength : byteLength + (byteLength >>> 3);
}
