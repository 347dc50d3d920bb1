/** Hashes against a map, through every change of encoding. */
import { assert, assertEquals } from "@std/assert";
import { randomBelow, type SeededRandom } from "../../src/random.ts";
import type { Hashes } from "../../src/values/hashes.ts";
import { Encoding, encodingOf, recordBytes, setMeta, ValueType } from "../../src/values/record.ts";
import { testScale, withSeed } from "../memory/support.ts";
import { ValueBench } from "./support.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function textOf({ buffer, start, end }: Hashes["value"]): string {
  return decoder.decode(buffer.subarray(start, end));
}

function contents(hashes: Hashes, record: number): Map<string, string> {
  const found = new Map<string, string>();
  hashes.forEach(record, (field, value) => {
    assert(!found.has(textOf(field)), "each field is there once");
    found.set(textOf(field), textOf(value));
  });
  return found;
}

function set(hashes: Hashes, record: number, field: string, value: string): boolean {
  const [a, b] = [encoder.encode(field), encoder.encode(value)];
  return hashes.set(record, a, 0, a.length, b, 0, b.length, false);
}

function randomText(random: SeededRandom): string {
  const kind = randomBelow(random, 40);
  if (kind === 0) return "x".repeat(randomBelow(random, 5000));
  return kind < 20 ? String(randomBelow(random, 60)) : "v".repeat(randomBelow(random, 50));
}

function assertSame(hashes: Hashes, record: number, model: Map<string, string>): void {
  assertEquals(hashes.count(record), model.size);
  assertEquals(contents(hashes, record), model);
}

Deno.test("a hash is the map of what was set and not removed", () => {
  withSeed((random) => {
    for (let round = 0; round < 12 * testScale(); round++) {
      const bench = new ValueBench(random.uint32());
      const { hashes } = bench.values;
      bench.limits.hashMaxListpackEntries = randomBelow(random, 60);
      const record = bench.create(ValueType.HASH);
      const model = new Map<string, string>();
      for (let i = 0; i < 300; i++) {
        const field = randomText(random);
        const bytes = encoder.encode(field);
        assertEquals(hashes.get(record, bytes, 0, bytes.length), model.has(field));
        if (model.has(field)) assertEquals(textOf(hashes.value), model.get(field));
        if (randomBelow(random, 3) > 0) {
          const value = randomText(random);
          assertEquals(set(hashes, record, field, value), !model.has(field));
          model.set(field, value);
        } else {
          assertEquals(hashes.remove(record, bytes, 0, bytes.length), model.delete(field));
        }
        if (model.size === 0) continue;
        hashes.chooseField(record);
        assertEquals(textOf(hashes.value), model.get(textOf(hashes.field)));
      }
      assertSame(hashes, record, model);
      bench.drop(record);
      assertEquals(bench.heap.usedBytes, 0);
      assertEquals(bench.dicts.count, 0);
    }
  });
});

Deno.test("a copy of a hash has fields of its own, in either encoding", () => {
  for (const entriesMax of [0, 512]) {
    const bench = new ValueBench();
    const { hashes } = bench.values;
    bench.limits.hashMaxListpackEntries = entriesMax;
    const record = bench.create(ValueType.HASH);
    const model = new Map<string, string>();
    for (let i = 0; i < 100; i++) {
      set(hashes, record, `field ${i}`, String(i));
      model.set(`field ${i}`, String(i));
    }
    const encoding = encodingOf(bench.heap, record);
    assertEquals(encoding, entriesMax === 0 ? Encoding.HASH_TABLE : Encoding.LISTPACK);
    const copy = bench.heap.allocate(recordBytes(0, 0));
    setMeta(bench.heap, copy, ValueType.HASH | (encoding << 4));
    hashes.copy(record, copy);
    set(hashes, copy, "field 1", "changed");
    assertSame(hashes, record, model);
    assertSame(hashes, copy, new Map(model).set("field 1", "changed"));
    assert(hashes.bytes(record, 0) > 0);
    bench.drop(record);
    bench.drop(copy);
    assertEquals(bench.heap.usedBytes, 0);
  }
});
