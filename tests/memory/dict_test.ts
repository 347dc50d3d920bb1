import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvariantError } from "../../src/assert.ts";
import { Hasher } from "../../src/memory/hash.ts";
import { Heap, HeapFullError, SEGMENT_BYTES } from "../../src/memory/heap.ts";
import { randomBelow } from "../../src/random.ts";
import {
  insertKey,
  keyOf,
  keyText,
  makeRecord,
  newDict,
  setValue,
  setWord,
  valueOf,
} from "./support.ts";
import { testScale, withSeed } from "../support/property.ts";

Deno.test("Dict does what a Map does through random insert, replace, change, remove", () => {
  withSeed((random) => {
    const heap = new Heap();
    const dict = newDict(heap, random.uint32(), random.uint32());
    const model = new Map<number, number>();
    const tableBytes = heap.usedBytes;
    const steps = 300_000 * testScale();
    const period = 100_000;
    for (let step = 0; step < steps; step++) {
      // Two thirds of each period grow, from keys of a range that moves; the rest shrinks.
      const growing = step % period < period * 2 / 3;
      const number = randomBelow(random, growing ? 60_000 : 40_000);
      const key = keyOf(number);
      const record = dict.find(key, 0, key.length);
      const expected = model.get(number);
      assertEquals(record !== 0, expected !== undefined);
      if (record !== 0) assertEquals(valueOf(heap, record), expected);
      const choice = randomBelow(random, 10);
      const value = random.uint32();
      if (record === 0) {
        if (!growing) continue;
        dict.insert(makeRecord(heap, key, value));
        model.set(number, value);
      } else if (choice < (growing ? 2 : 9)) {
        dict.removeFound();
        heap.free(record);
        model.delete(number);
      } else if (choice < 6) {
        dict.replaceFound(makeRecord(heap, key, value, 50));
        heap.free(record);
        model.set(number, value);
      } else {
        assert(dict.findRecord(record));
        dict.changeFound();
        setValue(heap, record, value);
        model.set(number, value);
      }
      assertEquals(dict.count, model.size);
      if (step % 20_000 === 0) {
        dict.checkInvariants();
        heap.checkInvariants();
      }
    }
    const seen = new Map<string, number>();
    dict.forEach((record) => seen.set(keyText(heap, record), valueOf(heap, record)));
    assertEquals(seen.size, model.size);
    for (const [number, value] of model) assertEquals(seen.get(`key:${number}`), value);
    dict.clear((record) => heap.free(record));
    dict.checkInvariants();
    heap.checkInvariants();
    assertEquals(dict.count, 0);
    assertEquals(heap.usedBytes, tableBytes);
    dict.release();
    assertEquals(heap.usedBytes, 0);
  });
});

Deno.test("Dict accepts keys of every length, the empty one too", () => {
  const heap = new Heap();
  const dict = newDict(heap);
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 251);
  for (let length = 0; length <= 300; length++) {
    insertKey(heap, dict, bytes.subarray(0, length), length);
  }
  for (let length = 0; length <= 300; length++) {
    const record = dict.find(bytes, 0, length);
    assertEquals(valueOf(heap, record), length);
  }
  assertEquals(dict.find(bytes, 1, 300), 0);
  dict.checkInvariants();
});

Deno.test("Dict grows and shrinks with its records", () => {
  const heap = new Heap();
  const dict = newDict(heap);
  const smallest = dict.tableBytes;
  assert(smallest < 300);
  const records: number[] = [];
  for (let i = 0; i < 50_000; i++) {
    records.push(insertKey(heap, dict, keyOf(i), i));
    assert(dict.tableBytes < 600 + 25 * dict.count, `${dict.tableBytes} for ${dict.count}`);
  }
  const largest = dict.bucketCount;
  for (const record of records.splice(0)) {
    assert(dict.findRecord(record));
    dict.removeFound();
    heap.free(record);
  }
  assertEquals(dict.count, 0);
  assert(dict.bucketCount < largest / 100);
  dict.checkInvariants();
  heap.checkInvariants();
});

Deno.test("Dict forbids insertion where a record was found, and removal where none was", () => {
  const heap = new Heap();
  const dict = newDict(heap);
  const key = keyOf(1);
  const record = insertKey(heap, dict, key, 1);
  dict.find(key, 0, key.length);
  assertThrows(() => dict.insert(record), InvariantError);
  dict.removeFound();
  assertThrows(() => dict.removeFound(), InvariantError);
  assertThrows(() => dict.changeFound(), InvariantError);
  assertThrows(() => dict.replaceFound(record), InvariantError);
  assert(!dict.findRecord(record));
});

Deno.test("Dict scan returns every record present throughout, at any growth and shrinking", () => {
  withSeed((random) => {
    for (let round = 0; round < 6 * testScale(); round++) {
      const heap = new Heap();
      const dict = newDict(heap, random.uint32(), random.uint32());
      const steady = randomBelow(random, 2000);
      for (let i = 0; i < steady; i++) insertKey(heap, dict, keyOf(i), i);
      const passing: number[] = [];
      let nextKey = 1_000_000;
      const seen = new Set<string>();
      let cursor = 0;
      let before = -1;
      do {
        assert(cursor > before, "the cursor advances");
        before = cursor;
        cursor = dict.scan(cursor, (record) => seen.add(keyText(heap, record)));
        // Between the calls the table grows or shrinks, by up to a multiple.
        const changes = randomBelow(random, 300);
        const grow = randomBelow(random, 3) > 0;
        for (let i = 0; i < changes; i++) {
          if (grow && passing.length < 30_000) {
            passing.push(insertKey(heap, dict, keyOf(nextKey++), 0));
          } else if (passing.length > 0) {
            const record = passing.splice(randomBelow(random, passing.length), 1)[0];
            assert(dict.findRecord(record));
            dict.removeFound();
            heap.free(record);
          }
        }
        if (passing.length > 20_000 && randomBelow(random, 20) === 0) {
          for (const record of passing.splice(0)) {
            assert(dict.findRecord(record));
            dict.removeFound();
            heap.free(record);
          }
        }
      } while (cursor !== 0);
      for (let i = 0; i < steady; i++) assert(seen.has(`key:${i}`), `key:${i} was not returned`);
      dict.checkInvariants();
    }
  });
});

Deno.test("Dict scan without changes returns each record once, and any cursor is answered", () => {
  const heap = new Heap();
  const dict = newDict(heap);
  for (let i = 0; i < 5000; i++) insertKey(heap, dict, keyOf(i), i);
  const counts = new Uint32Array(5000);
  let cursor = 0;
  let calls = 0;
  do {
    cursor = dict.scan(cursor, (record) => counts[valueOf(heap, record)]++);
    calls++;
  } while (cursor !== 0);
  assert(counts.every((count) => count === 1));
  assertEquals(calls, dict.bucketCount);
  for (const strange of [1, 12345, 2 ** 31, 2 ** 32 - 1, 2 ** 40 + 5]) {
    const next = dict.scan(strange, () => {});
    assert(next === 0 || next > strange % 2 ** 32);
  }
});

Deno.test("Dict visitors may remove the record that they are given", () => {
  const heap = new Heap();
  const dict = newDict(heap);
  for (let i = 0; i < 10_000; i++) insertKey(heap, dict, keyOf(i), i);
  const seen = new Set<number>();
  const removeOdd = (record: number) => {
    const value = valueOf(heap, record);
    assert(!seen.has(value));
    seen.add(value);
    if (value % 2 === 0) return;
    assert(dict.findRecord(record));
    dict.removeFound();
    heap.free(record);
    // What frees memory may take some, too: it must not be what the visitor stands on.
    const block = heap.allocate(64);
    setWord(heap, block, 16, 0xffffffff);
    blocks.push(block);
  };
  const blocks: number[] = [];
  let cursor = 0;
  do cursor = dict.scan(cursor, removeOdd); while (cursor !== 0);
  assertEquals([seen.size, dict.count], [10_000, 5000]);
  dict.checkInvariants();
  dict.forEach((record) => {
    assert(dict.findRecord(record));
    dict.removeFound();
    heap.free(record);
  });
  assertEquals(dict.count, 0);
  dict.checkInvariants();
  // What a visitor has left too large shrinks with what follows.
  for (let i = 0; i < 20_000; i++) {
    const record = insertKey(heap, dict, keyOf(i), i);
    dict.findRecord(record);
    dict.removeFound();
    heap.free(record);
  }
  assert(dict.bucketCount < 10);
  heap.checkInvariants();
});

Deno.test("Dict sample takes each record with the same chance", () => {
  withSeed((random) => {
    const heap = new Heap();
    const dict = newDict(heap, random.uint32(), random.uint32());
    assertEquals(dict.sample(random), 0);
    const keys = 1000;
    for (let i = 0; i < keys; i++) insertKey(heap, dict, keyOf(i), i);
    const counts = new Uint32Array(keys);
    const draws = 200;
    for (let i = 0; i < keys * draws; i++) counts[valueOf(heap, dict.sample(random))]++;
    // Chi squared with 999 degrees of freedom has mean 999 and deviation 45.
    let chiSquared = 0;
    for (const count of counts) chiSquared += (count - draws) ** 2 / draws;
    assert(chiSquared < 999 + 6 * 45, `chi squared is ${chiSquared}`);
  });
});

Deno.test("Dict sample is fair to what comes, moves and stays, while the table grows and shrinks", () => {
  withSeed((random) => {
    const heap = new Heap();
    const dict = newDict(heap, random.uint32(), random.uint32());
    const remove = (record: number) => {
      assert(dict.findRecord(record));
      dict.removeFound();
      heap.free(record);
    };
    const steady = 300;
    for (let i = 0; i < steady; i++) insertKey(heap, dict, keyOf(i), i);
    const passing: number[] = [];
    const counts = new Uint32Array(steady);
    let draws = 0;
    for (let step = 0; step < 120_000; step++) {
      const record = dict.sample(random);
      const value = valueOf(heap, record);
      if (value < steady) {
        counts[value]++;
        draws++;
      }
      // what was chosen goes, and comes back
      dict.removeFound();
      heap.free(record);
      const at = passing.indexOf(record);
      if (at >= 0) passing.splice(at, 1);
      else insertKey(heap, dict, keyOf(value), value);
      if (step % 3 === 0) {
        const isGrowing = step % 6000 < 3000;
        const key = keyOf(steady + step);
        if (isGrowing) passing.push(insertKey(heap, dict, key, steady));
        else if (passing.length > 0) {
          remove(passing.splice(randomBelow(random, passing.length), 1)[0]);
        }
      }
    }
    dict.checkInvariants();
    // with 299 degrees of freedom chi squared has mean 299 and deviation 24
    const mean = draws / steady;
    let chiSquared = 0;
    for (const count of counts) chiSquared += (count - mean) ** 2 / mean;
    assert(chiSquared < 299 + 6 * 24, `chi squared is ${chiSquared}`);
    assert(draws > 50_000);
  });
});

Deno.test("Dict samples every record of a bucket that overflows", () => {
  withSeed((random) => {
    const heap = new Heap();
    const known = new Hasher(0, 0);
    const dict = newDict(heap, 0, 0);
    let keys = 0;
    for (let i = 0; keys < 100; i++) {
      const key = keyOf(i);
      if ((known.hash(key, 0, key.length) & 0xff) === 0) insertKey(heap, dict, key, keys++);
    }
    assert(dict.overflowCount >= 9);
    while (dict.count > 0) {
      const seen = new Set<number>();
      for (let i = 0; i < dict.count * 20; i++) seen.add(valueOf(heap, dict.sample(random)));
      assertEquals(seen.size, dict.count);
      const record = dict.sample(random);
      dict.removeFound();
      heap.free(record);
      dict.checkInvariants();
    }
    assertEquals(dict.overflowCount, 0);
  });
});

Deno.test("Dict drain empties in slices and stays good in between", () => {
  const heap = new Heap();
  const dict = newDict(heap);
  const keys = 20_000;
  for (let i = 0; i < keys; i++) insertKey(heap, dict, keyOf(i), i);
  const dropped = new Set<number>();
  let slices = 0;
  let before = 0;
  while (
    !dict.drain(500, (record) => {
      dropped.add(valueOf(heap, record));
      heap.free(record);
    })
  ) {
    slices++;
    assert(dropped.size - before < 600);
    before = dropped.size;
    assertEquals(dict.count, keys - dropped.size);
    if (slices % 10 !== 0) continue;
    dict.checkInvariants();
    for (let i = 0; i < keys; i += 7) {
      const key = keyOf(i);
      assertEquals(dict.find(key, 0, key.length) === 0, dropped.has(i));
    }
  }
  assertEquals(dropped.size, keys);
  assert(slices > 30);
  dict.release();
  assertEquals(heap.usedBytes, 0);
});

Deno.test("Dict is whole after its heap was full, and goes on", () => {
  const heap = new Heap({ bytesMax: SEGMENT_BYTES });
  const dict = newDict(heap);
  let count = 0;
  assertThrows(() => {
    for (;;) {
      insertKey(heap, dict, keyOf(count), count, 500);
      count++;
    }
  }, HeapFullError);
  dict.checkInvariants();
  for (let i = 0; i < count; i++) {
    const key = keyOf(i);
    assertEquals(valueOf(heap, dict.find(key, 0, key.length)), i);
  }
  for (let i = 0; i < count; i++) {
    const key = keyOf(i);
    const record = dict.find(key, 0, key.length);
    dict.removeFound();
    heap.free(record);
  }
  dict.checkInvariants();
  heap.checkInvariants();
  dict.clear();
  dict.release();
  assertEquals(heap.usedBytes, 0);
});

Deno.test("Dict tells a snapshot of every record once, before its first change", () => {
  withSeed((random) => {
    const heap = new Heap();
    const dict = newDict(heap, random.uint32(), random.uint32());
    const model = new Map<string, number>();
    const change = (range: number, removes: number) => {
      const number = randomBelow(random, range);
      const key = keyOf(number);
      const value = random.uint32();
      const record = dict.find(key, 0, key.length);
      if (record === 0) {
        if (randomBelow(random, 10) < removes) return;
        dict.insert(makeRecord(heap, key, value));
        model.set(`key:${number}`, value);
      } else if (randomBelow(random, 10) < removes) {
        dict.removeFound();
        heap.free(record);
        model.delete(`key:${number}`);
      } else if (randomBelow(random, 2) === 0) {
        dict.replaceFound(makeRecord(heap, key, value));
        heap.free(record);
        model.set(`key:${number}`, value);
      } else {
        dict.changeFound();
        setValue(heap, record, value);
        model.set(`key:${number}`, value);
      }
    };
    for (let i = 0; i < 3000; i++) change(5000, 0);
    for (let snapshot = 0; snapshot < 6 * testScale(); snapshot++) {
      // The image at the cut, and what a snapshot collects while changes go on.
      const image = new Map(model);
      const collected = new Map<string, number>();
      dict.freeze((record) => {
        const key = keyText(heap, record);
        assert(!collected.has(key), `${key} is collected twice`);
        collected.set(key, valueOf(heap, record));
      });
      // Some of them grow the table to a multiple, some shrink it, while the walk goes on.
      const range = snapshot % 2 === 0 ? 40_000 : 5000;
      const removes = snapshot % 2 === 0 ? 1 : 8;
      for (let bucket = 0; bucket < dict.bucketCount; bucket++) {
        dict.tellBucket(bucket);
        for (let i = 0; i < 20; i++) change(range, removes);
      }
      dict.thaw();
      assertEquals(collected, image);
      dict.checkInvariants();
      for (let i = 0; i < 5000; i++) change(range, removes);
    }
  });
});

Deno.test("Dict tells of the record that changes, and not of its neighbours", () => {
  const heap = new Heap();
  const dict = newDict(heap);
  for (let i = 0; i < 3000; i++) insertKey(heap, dict, keyOf(i), i);
  const told: number[] = [];
  dict.freeze((record) => told.push(valueOf(heap, record)));
  for (const i of [7, 8, 7]) {
    dict.find(keyOf(i), 0, keyOf(i).length);
    dict.changeFound();
  }
  dict.find(keyOf(9), 0, keyOf(9).length);
  dict.removeFound();
  // in its place, so that no bucket is split
  insertKey(heap, dict, keyOf(3000), 3000);
  assertEquals(told, [7, 8, 9]);
  dict.thaw();
  dict.find(keyOf(10), 0, keyOf(10).length);
  dict.changeFound();
  assertEquals(told, [7, 8, 9]);
});

Deno.test("Dict tells of what drain removes", () => {
  const heap = new Heap();
  const dict = newDict(heap);
  for (let i = 0; i < 3000; i++) insertKey(heap, dict, keyOf(i), i);
  let collected = 0;
  dict.freeze(() => collected++);
  dict.clear((record) => heap.free(record));
  assertEquals(collected, 3000);
});

Deno.test("Dict treats keys made to collide under a zero seed as any others", () => {
  // An attacker who knew the secret (here: 0) would search keys whose hashes end in the same bits, and
  // so share a bucket as long as the table has no more than 2^bits. Each key takes 2^bits tries.
  const known = new Hasher(0, 0);
  const bits = 8;
  const wanted = 4000 * testScale();
  const crafted: Uint8Array[] = [];
  for (let i = 0; crafted.length < wanted; i++) {
    const key = keyOf(i);
    if ((known.hash(key, 0, key.length) & ((1 << bits) - 1)) === 0) crafted.push(key);
  }
  const fullestBucket = (seedLow: number, seedHigh: number, keys: Uint8Array[]) => {
    const heap = new Heap();
    const dict = newDict(heap, seedLow, seedHigh);
    for (const key of keys) insertKey(heap, dict, key, 0);
    let fullest = 0;
    for (let bucket = 0; bucket < dict.bucketCount; bucket++) {
      let records = 0;
      dict.visitBucket(bucket, () => records++);
      fullest = Math.max(fullest, records);
    }
    return fullest;
  };
  const plain = crafted.map((_, i) => keyOf(i));
  assert(fullestBucket(0, 0, crafted) > 500, "the attack works where the secret is known");
  assert(fullestBucket(0, 0, plain) < 40);
  assert(fullestBucket(0x5eed, 0xfeed, crafted) < 40);
});

Deno.test("Dict makes room ahead, and gives back what was too much", () => {
  const heap = new Heap();
  const dict = newDict(heap);
  const bytesBefore = heap.usedBytes;
  let portions = 1;
  while (!dict.reserve(60_000, 1000)) portions++;
  assert(portions > 5);
  const { bucketCount } = dict;
  for (let i = 0; i < 60_000; i++) insertKey(heap, dict, keyOf(i), i);
  assertEquals(dict.bucketCount, bucketCount, "no bucket was split on the way");
  dict.checkInvariants();
  assert(dict.fit(1), "nothing is too much");
  while (!dict.reserve(600_000, 1000));
  while (!dict.fit(1000));
  dict.checkInvariants();
  assert(dict.bucketCount <= 15_000);
  dict.clear((record) => heap.free(record));
  assertEquals(heap.usedBytes, bytesBefore);
});
