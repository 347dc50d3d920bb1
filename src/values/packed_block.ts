/**
 * Blocks that hold a packed collection, listpack or intset, and grow and shrink with it.
 *
 * Small ones fit exactly, so that a small collection costs no more than in Redis. Larger ones get an
 * eighth more, and the heap's size classes up to another eighth: filling 8 KiB with entries of 10 bytes
 * moves the block about 20 times. Where many such blocks follow each other, in a list or a stream, the
 * next one is as large from the beginning as the full one before it (`nextNodeBytes`), and what is full
 * gives back what it had for growing if `isWorthFitting`.
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

/** So many times as long as a node's unused part is a chain of nodes at least. */
const chainPerSlack = 8;

/**
 * How large a node is made that is to be filled behind one of `fullBytes`, the `nodeCount`th: like that
 * one, so that it doesn't move while it grows, but no more than an eighth of what the chain takes.
 */
export function nextNodeBytes(fullBytes: number, nodeCount: number): number {
  return Math.trunc(fullBytes * Math.min(1, nodeCount / chainPerSlack));
}

/** Whether a copy of a full block that holds `byteLength` bytes would save a sixteenth of them. */
export function isWorthFitting(heap: Heap, address: number, byteLength: number): boolean {
  return heap.capacity(address) - heap.capacityFor(byteLength) > byteLength >>> 4;
}

function withSlack(byteLength: number): number {
  return byteLength <= exactBytesMax ? byteLength : byteLength + (byteLength >>> 3);
}
