/** Hashes against a map, through every change of encoding. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Heap, HeapFullError, SEGMENT_BYTES } from "../../src/memory/heap.ts";
import { randomBelow, type SeededRandom } from "../../src/random.ts";
import { neverMs, noFieldMs } from "../../src/values/hash_fields.ts";
import type { Hashes } from "../../src/values/hashes.ts";
import { Encoding, encodingOf, recordBytes, setMeta, ValueType } from "../../src/values/record.ts";
import type { Slice } from "../../src/values/slice.ts";
import { testScale, withSeed } from "../support/property.ts";
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

/** A field of the model: its value, and when it goes. */
interface ModelField {
  value: string;
  expiresAtMs: number;
}

/** A hash with times to live, and what it should be. */
class ExpiringHash {
  readonly bench: ValueBench;
  readonly model = new Map<string, ModelField>();
  readonly record: number;
  readonly #hashes: Hashes;

  constructor(bench: ValueBench) {
    this.bench = bench;
    this.#hashes = bench.values.hashes;
    this.record = bench.create(ValueType.HASH);
  }

  get #nowMs(): number {
    return this.bench.time.nowMs;
  }

  set(field: string, value: string, keepTtl: boolean): void {
    const [a, b] = [encoder.encode(field), encoder.encode(value)];
    const isNew = this.#hashes.set(this.record, a, 0, a.length, b, 0, b.length, keepTtl);
    const before = this.model.get(field);
    assertEquals(isNew, before === undefined);
    const expiresAtMs = keepTtl && before !== undefined ? before.expiresAtMs : neverMs;
    this.model.set(field, { value, expiresAtMs });
  }

  get(field: string): void {
    const bytes = encoder.encode(field);
    const expected = this.model.get(field);
    const isLive = expected !== undefined && expected.expiresAtMs >= this.#nowMs;
    assertEquals(this.#hashes.get(this.record, bytes, 0, bytes.length), isLive);
    if (isLive) assertEquals(textOf(this.#hashes.value), expected.value);
    const expiresAtMs = this.#hashes.expiresAtMs(this.record, bytes, 0, bytes.length);
    assertEquals(expiresAtMs, expected?.expiresAtMs ?? noFieldMs);
  }

  remove(field: string): void {
    const bytes = encoder.encode(field);
    const isRemoved = this.#hashes.remove(this.record, bytes, 0, bytes.length);
    assertEquals(isRemoved, this.model.delete(field));
  }

  setExpiry(field: string, expiresAtMs: number): void {
    const expected = this.model.get(field);
    if (expected === undefined) return;
    const bytes = encoder.encode(field);
    this.#hashes.extend(this.record);
    this.#hashes.setExpiry(this.record, bytes, 0, bytes.length, expiresAtMs);
    expected.expiresAtMs = expiresAtMs;
  }

  removeDue(fieldsMax: number): void {
    const due = [...this.model].filter(([, { expiresAtMs }]) => expiresAtMs < this.#nowMs);
    const announced: string[] = [];
    const announce = (field: Slice) => announced.push(textOf(field));
    const removed = this.#hashes.removeBefore(this.record, this.#nowMs, fieldsMax, announce);
    assertEquals(removed, Math.min(due.length, fieldsMax));
    const kept = new Set<string>();
    this.#hashes.forEachKept(this.record, (field) => kept.add(textOf(field)));
    const gone = due.map(([field]) => field).filter((field) => !kept.has(field));
    assertEquals(announced.sort(), gone.sort());
    for (const field of gone) this.model.delete(field);
  }

  /** Compares all that can be seen, of this hash or of a copy of it. */
  check(record = this.record): void {
    const hashes = this.#hashes;
    const live = new Map<string, string>();
    const kept = new Map<string, ModelField>();
    const times: number[] = [];
    hashes.forEach(record, (field, value, expiresAtMs) => {
      live.set(textOf(field), textOf(value));
      times.push(expiresAtMs);
    });
    hashes.forEachKept(record, (field, value, expiresAtMs) => {
      kept.set(textOf(field), { value: textOf(value), expiresAtMs });
    });
    assertEquals(kept, this.model);
    const visible = [...this.model].filter(([, { expiresAtMs }]) => expiresAtMs >= this.#nowMs);
    assertEquals(live, new Map(visible.map(([field, { value }]) => [field, value])));
    assertEquals([hashes.count(record), hashes.liveCount(record)], [this.model.size, live.size]);
    const earliestMs = Math.min(...[...this.model.values()].map((field) => field.expiresAtMs));
    assertEquals(hashes.earliestMs(record), earliestMs);
    if (encodingOf(this.bench.heap, record) === Encoding.LISTPACK_EX) {
      assertEquals(times, times.toSorted((a, b) => a < b ? -1 : a > b ? 1 : 0));
    }
    const scanned = new Set<string>();
    let cursor = 0;
    do {
      cursor = hashes.scan(record, cursor, (field) => scanned.add(textOf(field)));
    } while (cursor !== 0);
    assertEquals(scanned, new Set(live.keys()));
  }
}

Deno.test("fields with times to live are seen until then, through every change of encoding", () => {
  withSeed((random) => {
    for (let round = 0; round < 12 * testScale(); round++) {
      const bench = new ValueBench(random.uint32());
      const { hashes } = bench.values;
      bench.limits.hashMaxListpackEntries = randomBelow(random, 40);
      const hash = new ExpiringHash(bench);
      const { record } = hash;
      // what the database keeps with the hash from its first time to live on
      let timer = 0;
      for (let i = 0; i < 250; i++) {
        const field = randomText(random);
        const kind = randomBelow(random, 12);
        if (kind < 4) hash.set(field, randomText(random), randomBelow(random, 2) === 0);
        else if (kind < 5) hash.remove(field);
        else if (kind < 9) hash.setExpiry(field, bench.time.nowMs + randomBelow(random, 40));
        else if (kind < 10) hash.setExpiry(field, neverMs);
        else if (kind < 11) bench.time.nowMs += randomBelow(random, 8);
        else hash.removeDue(randomBelow(random, 5));
        hash.get(field);
        if (timer === 0 && hashes.earliestMs(record) !== neverMs) {
          timer = 1 + randomBelow(random, 1000);
          hashes.setTimer(record, timer);
        }
        assertEquals(hashes.timer(record), timer);
        if (i % 25 === 0) hash.check();
      }
      hash.check();
      const copy = bench.heap.allocate(recordBytes(0, 0));
      setMeta(bench.heap, copy, ValueType.HASH | (encodingOf(bench.heap, record) << 4));
      hashes.copy(record, copy);
      bench.drop(record);
      hash.check(copy);
      assertEquals(hashes.timer(copy), 0);
      bench.drop(copy);
      assertEquals([bench.heap.usedBytes, bench.dicts.count], [0, 0]);
    }
  });
});

/** Takes all that is left of a heap, down to the smallest blocks. */
function fill(heap: Heap): number[] {
  const blocks: number[] = [];
  for (const size of [65536, 4096, 512, 64, 8]) {
    try {
      for (;;) blocks.push(heap.allocate(size));
    } catch (error) {
      assert(error instanceof HeapFullError);
    }
  }
  return blocks;
}

Deno.test("where the heap is full, a hash and the times to live of its fields stay as they were", () => {
  for (const entriesMax of [0, 512]) {
    const bench = new ValueBench(1, new Heap({ bytesMax: SEGMENT_BYTES }));
    bench.limits.hashMaxListpackEntries = entriesMax;
    const hash = new ExpiringHash(bench);
    for (let i = 0; i < 30; i++) hash.set(`field ${i}`, String(i), false);
    hash.setExpiry("field 3", 5000);
    const blocks = fill(bench.heap);
    assertThrows(() => hash.set("another", "x".repeat(60), false), HeapFullError);
    assertThrows(() => hash.set("field 3", "x".repeat(60), true), HeapFullError);
    assertThrows(() => {
      for (let i = 4; i < 30; i++) hash.setExpiry(`field ${i}`, 4000 + i);
    }, HeapFullError);
    hash.check();
    hash.setExpiry("field 3", neverMs);
    hash.remove("field 4");
    hash.check();
    for (const block of blocks) bench.heap.free(block);
    bench.drop(hash.record);
    assertEquals(bench.heap.usedBytes, 0);
  }
});
