/** Intsets against sorted arrays, against bytes that Redis made, and against bytes that nobody made. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Heap, HeapFullError, SEGMENT_BYTES } from "../../src/memory/heap.ts";
import { type Random, randomBelow } from "../../src/random.ts";
import { type Int64, toInt64 } from "../../src/resp/numbers.ts";
import { Intsets } from "../../src/values/intset.ts";
import { Slice } from "../../src/values/slice.ts";
import { testScale, withSeed } from "../support/property.ts";
import { intsetDumps } from "./packed_dumps.ts";

function members(intsets: Intsets, a: number): Int64[] {
  return Array.from({ length: intsets.count(a) }, (_, i) => intsets.at(a, i));
}

function bytesOf(intsets: Intsets, a: number): Uint8Array {
  const slice = new Slice();
  intsets.locate(a, slice);
  return slice.buffer.slice(slice.start, slice.end);
}

function randomValue(random: Random, bits: number): Int64 {
  const wide = BigInt(random.uint32()) << 32n | BigInt(random.uint32());
  const edge = 1n << BigInt(bits - 1);
  if (randomBelow(random, 4) > 0) return toInt64(BigInt.asIntN(bits, wide));
  return toInt64(BigInt.asIntN(bits, edge + BigInt(randomBelow(random, 5)) - 2n));
}

Deno.test("an intset has the bytes that Redis gives it", () => {
  for (const { values, hex } of intsetDumps) {
    const heap = new Heap();
    const intsets = new Intsets(heap);
    let a = intsets.create();
    for (const value of values) a = intsets.add(a, toInt64(BigInt(value)));
    const bytes = bytesOf(intsets, a);
    assertEquals(bytes.toHex(), hex, `SADD ${values}`);
    assert(intsets.validate(bytes, 0, bytes.length));
    intsets.free(a);
    a = intsets.load(bytes, 0, bytes.length);
    for (const value of values) assert(intsets.has(a, toInt64(BigInt(value))));
    intsets.free(a);
    assertEquals(heap.usedBytes, 0);
  }
});

Deno.test("an intset is the set of what was added and not removed, in order", () => {
  withSeed((random) => {
    for (let round = 0; round < 15 * testScale(); round++) {
      const heap = new Heap();
      const intsets = new Intsets(heap);
      const model = new Set<Int64>();
      let a = intsets.create();
      let width = 2;
      for (let i = 0; i < 300; i++) {
        // What is wider comes later, so that each width is met with members of the one before.
        const bits = [16, 16, 32, 64][randomBelow(random, 1 + Math.floor(i / 75))];
        const value = randomBelow(random, 3) > 0 || model.size === 0
          ? randomValue(random, bits)
          : [...model][randomBelow(random, model.size)];
        assertEquals(intsets.has(a, value), model.has(value));
        if (randomBelow(random, 3) > 0) {
          a = intsets.add(a, value);
          assertEquals(intsets.changed, !model.has(value));
          model.add(value);
          width = Math.max(width, widthOf(value));
        } else {
          a = intsets.remove(a, value);
          assertEquals(intsets.changed, model.delete(value));
        }
        assertEquals(intsets.bytes(a), 8 + model.size * width);
      }
      const sorted = [...model].sort((x, y) => x < y ? -1 : 1);
      assertEquals(members(intsets, a), sorted);
      assertEquals(intsets.min(a), sorted[0]);
      assertEquals(intsets.max(a), sorted.at(-1));
      const copy = intsets.copy(a);
      assertEquals(bytesOf(intsets, copy), bytesOf(intsets, a));
      for (const value of sorted) {
        a = intsets.remove(a, value);
        assert(heap.capacity(a) <= Math.max(8, 2 * intsets.bytes(a)));
      }
      assertEquals(intsets.count(a), 0);
      intsets.free(a);
      intsets.free(copy);
      assertEquals(heap.usedBytes, 0);
      heap.checkInvariants();
    }
  });
});

function widthOf(value: Int64): number {
  if (value >= -32768 && value <= 32767) return 2;
  return value >= -2147483648 && value <= 2147483647 ? 4 : 8;
}

Deno.test("where the heap is full an intset stays as it was, and removing succeeds", () => {
  const heap = new Heap({ bytesMax: SEGMENT_BYTES });
  const intsets = new Intsets(heap);
  let a = intsets.create();
  for (let i = 0; i < 1000; i++) a = intsets.add(a, i);
  for (const size of [65536, 4096, 512, 64, 8]) {
    assertThrows(() => {
      for (;;) heap.allocate(size);
    }, HeapFullError);
  }
  const bytes = bytesOf(intsets, a);
  assertThrows(() => intsets.add(a, 2 ** 40), HeapFullError);
  assertThrows(() => intsets.add(a, 70000), HeapFullError);
  assertEquals(bytesOf(intsets, a), bytes);
  for (let i = 0; i < 1000; i += 2) a = intsets.remove(a, i);
  assertEquals(members(intsets, a), Array.from({ length: 500 }, (_, i) => 2 * i + 1));
});

Deno.test("bytes that are accepted are in order, whatever they are", () => {
  withSeed((random) => {
    const intsets = new Intsets(new Heap());
    for (let round = 0; round < 3000 * testScale(); round++) {
      const bytes = Uint8Array.fromHex(intsetDumps[randomBelow(random, intsetDumps.length)].hex);
      for (let i = randomBelow(random, 3); i > 0; i--) {
        bytes[randomBelow(random, bytes.length)] = randomBelow(random, 256);
      }
      const end = randomBelow(random, 4) === 0
        ? randomBelow(random, bytes.length + 1)
        : bytes.length;
      if (!intsets.validate(bytes, 0, end)) continue;
      const a = intsets.load(bytes, 0, end);
      const loaded = members(intsets, a);
      assert(loaded.every((value, i) => i === 0 || loaded[i - 1] < value));
      assert(loaded.length > 0 && loaded.every((value) => intsets.has(a, value)));
      intsets.free(a);
    }
  });
});

Deno.test("what is no intset is refused", () => {
  const intsets = new Intsets(new Heap());
  const refused: [string, string][] = [
    ["nothing", ""],
    ["half a header", "02000000"],
    ["no members", "0200000000000000"],
    ["an unknown width", "03000000010000000100"],
    ["fewer members than stated", "02000000020000000100"],
    ["more members than stated", "020000000100000001000200"],
    ["a member twice", "020000000200000001000100"],
    ["members out of order", "02000000020000000100ffff"],
    ["a count that overflows", "08000000000000200100"],
  ];
  for (const [why, hex] of refused) {
    const bytes = Uint8Array.fromHex(hex);
    assert(!intsets.validate(bytes, 0, bytes.length), why);
  }
});
