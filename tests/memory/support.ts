/** What the tests of memory share: records, and a `Dict` of them. */
import { Dict } from "../../src/memory/dict.ts";
import { Hasher } from "../../src/memory/hash.ts";
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "../../src/memory/heap.ts";

export const KEY_OFFSET = 16;

export function keyOf(number: number): Uint8Array {
  return new TextEncoder().encode(`key:${number}`);
}

export function newDict(heap: Heap, seedLow = 1, seedHigh = 2): Dict {
  return new Dict(heap, new Hasher(seedLow, seedHigh), { keyOffset: KEY_OFFSET });
}

/** The word of a block at an offset in bytes. */
export function wordAt(heap: Heap, address: number, byteOffset: number): number {
  return heap.words[address >>> SEGMENT_SHIFT][((address & UNIT_MASK) << 1) + (byteOffset >>> 2)];
}

export function setWord(heap: Heap, address: number, byteOffset: number, value: number): void {
  heap.words[address >>> SEGMENT_SHIFT][((address & UNIT_MASK) << 1) + (byteOffset >>> 2)] = value;
}

/** Makes a record with this key and a number as its value. */
export function makeRecord(heap: Heap, key: Uint8Array, value: number, spareBytes = 0): number {
  const record = heap.allocate(KEY_OFFSET + key.length + spareBytes);
  const base = (record & UNIT_MASK) << 1;
  heap.words[record >>> SEGMENT_SHIFT][base] = key.length;
  heap.words[record >>> SEGMENT_SHIFT][base + 1] = value;
  heap.bytes[record >>> SEGMENT_SHIFT].set(key, (base << 2) + KEY_OFFSET);
  return record;
}

export function valueOf(heap: Heap, record: number): number {
  return wordAt(heap, record, 4);
}

export function setValue(heap: Heap, record: number, value: number): void {
  setWord(heap, record, 4, value);
}

export function keyText(heap: Heap, record: number): string {
  const base = (record & UNIT_MASK) << 1;
  const length = heap.words[record >>> SEGMENT_SHIFT][base];
  const start = (base << 2) + KEY_OFFSET;
  return new TextDecoder().decode(
    heap.bytes[record >>> SEGMENT_SHIFT].subarray(start, start + length),
  );
}

/** Adds a record with this key, which must be missing. */
export function insertKey(
  heap: Heap,
  dict: Dict,
  key: Uint8Array,
  value: number,
  spareBytes = 0,
): number {
  if (dict.find(key, 0, key.length) !== 0) throw new Error("the key is there already");
  const record = makeRecord(heap, key, value, spareBytes);
  dict.insert(record);
  return record;
}
