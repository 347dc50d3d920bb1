/**
 * Measures the memory engine alone: what the Heap could stand on, its hash and copies, the Dict under
 * insertion and overwriting, and the OrderedIndex. The figures in the headers of `src/memory/` come from here.
 *
 *     deno run scripts/benchmark_memory.ts foundations heap bytes
 *     deno run scripts/benchmark_memory.ts dict --keys 1000000 --value-bytes 32
 *     deno run scripts/benchmark_memory.ts dict --keys 5000000 --value-bytes 32
 *     deno run scripts/benchmark_memory.ts dict --keys 20000000 --value-bytes 8
 *     deno run scripts/benchmark_memory.ts index --keys 1000000
 *
 * It needs no permissions. `dict` and `index` are best run alone, without the garbage of other sections.
 */

import { parseArgs } from "@std/cli/parse-args";
import { copyBytes, equalBytes } from "../src/memory/bytes.ts";
import { Dict } from "../src/memory/dict.ts";
import { Hasher } from "../src/memory/hash.ts";
import { Heap, SEGMENT_SHIFT, UNIT_MASK } from "../src/memory/heap.ts";
import { OrderedIndex } from "../src/memory/ordered_index.ts";
import { SeededRandom } from "../src/random.ts";

const KEY_BYTES = 16;
const KEY_OFFSET = 16;
const BATCH = 200;

/** Nanoseconds per operation of the best of `rounds` runs of `count` operations. */
function nanosecondsEach(count: number, run: (count: number) => void, rounds = 3): number {
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    run(count);
    best = Math.min(best, performance.now() - start);
  }
  return best * 1e6 / count;
}

function report(name: string, ...figures: string[]): void {
  console.log(`${name.padEnd(44)} ${figures.join("  ")}`);
}

let sink = 0;

/** Random read-modify-write of 32-bit words, in one array or in segments of 2^shift words. */
function measureFoundations(): void {
  const flat = (words: Uint32Array, mask: number) => (count: number) => {
    let state = 1;
    for (let i = 0; i < count; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      words[(state >>> 3) & mask] += state;
    }
  };
  const segmented = (segments: Uint32Array[], shift: number, mask: number) => (count: number) => {
    let state = 1;
    const low = (1 << shift) - 1;
    for (let i = 0; i < count; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const at = (state >>> 3) & mask;
      segments[at >>> shift][at & low] += state;
    }
  };
  for (const mebibytes of [64, 1024]) {
    const bytes = mebibytes * 2 ** 20;
    const mask = bytes / 4 - 1;
    const count = 5_000_000;
    const title = (what: string) => `${what}, ${mebibytes} MiB`;
    const time = (run: (count: number) => void) => `${nanosecondsEach(count, run).toFixed(1)} ns`;
    report(title("one ArrayBuffer"), time(flat(new Uint32Array(bytes / 4), mask)));
    const memory = new WebAssembly.Memory({ initial: bytes / 65536, maximum: 65536 });
    report(title("WebAssembly.Memory"), time(flat(new Uint32Array(memory.buffer), mask)));
    for (const segmentMebibytes of [1, 8, 32]) {
      const shift = 18 + Math.log2(segmentMebibytes);
      const segments = Array.from(
        { length: mebibytes / segmentMebibytes },
        () => new Uint32Array(segmentMebibytes * 2 ** 18),
      );
      report(title(`segments of ${segmentMebibytes} MiB`), time(segmented(segments, shift, mask)));
    }
  }
  // Last: its kind of array makes the same code slower for all.
  const resizable = new ArrayBuffer(2 ** 26, { maxByteLength: 2 ** 32 });
  const run = flat(new Uint32Array(resizable), 2 ** 24 - 1);
  report("one resizable ArrayBuffer, 64 MiB", `${nanosecondsEach(5_000_000, run).toFixed(1)} ns`);
}

function measureHeap(): void {
  const heap = new Heap();
  for (let bytes = 8; bytes < 300; bytes += 8) heap.allocate(bytes);
  const addresses = new Uint32Array(1000);
  const pair = nanosecondsEach(2_000_000, (count) => {
    for (let i = 0; i < count; i += addresses.length) {
      for (let j = 0; j < addresses.length; j++) addresses[j] = heap.allocate(40 + (j & 127));
      for (let j = 0; j < addresses.length; j++) heap.free(addresses[j]);
    }
  });
  report("allocate + free", `${pair.toFixed(1)} ns`);
  const lone = nanosecondsEach(2_000_000, (count) => {
    for (let i = 0; i < count; i++) heap.free(heap.allocate(2000));
  });
  report("allocate + free of a class's only block", `${lone.toFixed(1)} ns`);
}

function measureBytes(): void {
  const from = new Uint8Array(4096).fill(7);
  const to = new Uint8Array(4096).fill(7);
  const hasher = new Hasher(1, 2);
  for (const length of [4, 16, 32, 64, 256, 1024]) {
    const count = 2_000_000;
    const copy = nanosecondsEach(count, (count) => {
      for (let i = 0; i < count; i++) copyBytes(from, i & 1023, to, (i * 7) & 1023, length);
    });
    const equal = nanosecondsEach(count, (count) => {
      for (let i = 0; i < count; i++) {
        if (equalBytes(from, i & 1023, to, (i * 7) & 1023, length)) sink++;
      }
    });
    const hash = nanosecondsEach(count, (count) => {
      for (let i = 0; i < count; i++) sink ^= hasher.hash(from, i & 1023, (i & 1023) + length);
    });
    report(
      `${length} bytes`,
      `copy ${copy.toFixed(1)} ns`,
      `equal ${equal.toFixed(1)} ns`,
      `hash ${hash.toFixed(1)} ns`,
    );
  }
}

/** A keyspace of the least kind: SET and GET over a Dict. */
class Store {
  readonly heap = new Heap();
  readonly dict = new Dict(this.heap, new Hasher(0x1234, 0x5678), { keyOffset: KEY_OFFSET });
  readonly #key = new TextEncoder().encode("key:".padEnd(KEY_BYTES, "0"));
  readonly #valueBytes: number;

  constructor(valueBytes: number) {
    this.#valueBytes = valueBytes;
  }

  #setKey(number: number): void {
    for (let i = KEY_BYTES - 1; i >= 8; i--) {
      this.#key[i] = 48 + number % 10;
      number = (number / 10) | 0;
    }
  }

  get(number: number): number {
    this.#setKey(number);
    return this.dict.find(this.#key, 0, KEY_BYTES);
  }

  set(number: number): void {
    let record = this.get(number);
    if (record === 0) {
      record = this.heap.allocate(KEY_OFFSET + KEY_BYTES + this.#valueBytes);
      const words = this.heap.words[record >>> SEGMENT_SHIFT];
      const base = (record & UNIT_MASK) << 1;
      words[base] = KEY_BYTES;
      words[base + 1] = 0;
      words[base + 2] = 0;
      words[base + 3] = this.#valueBytes;
      const bytes = this.heap.bytes[record >>> SEGMENT_SHIFT];
      copyBytes(this.#key, 0, bytes, (base << 2) + KEY_OFFSET, KEY_BYTES);
      this.dict.insert(record);
    }
    const bytes = this.heap.bytes[record >>> SEGMENT_SHIFT];
    const start = ((record & UNIT_MASK) << 3) + KEY_OFFSET + KEY_BYTES;
    for (let i = 0; i < this.#valueBytes; i++) bytes[start + i] = i;
  }
}

/** Milliseconds of each batch, sorted. */
function batchesMs(batches: number, run: (batch: number) => void): Float64Array {
  const times = new Float64Array(batches);
  for (let batch = 0; batch < batches; batch++) {
    const start = performance.now();
    run(batch);
    times[batch] = performance.now() - start;
  }
  return times.sort();
}

function percentiles(sorted: Float64Array): string {
  return [["p50", 0.5], ["p99", 0.99], ["p99.9", 0.999], ["max", 1]]
    .map(([name, part]) => {
      const at = Math.floor((sorted.length - 1) * Number(part));
      return `${name} ${sorted[at].toFixed(3)}`;
    })
    .join("  ") + " ms";
}

function measureDict(keys: number, valueBytes: number): void {
  const random = new SeededRandom(1);
  const name = `${keys} keys of 16 B, values of ${valueBytes} B`;
  const residentBefore = Deno.memoryUsage().rss;
  const store = new Store(valueBytes);
  const start = performance.now();
  const inserts = batchesMs(keys / BATCH, (batch) => {
    for (let i = 0; i < BATCH; i++) store.set(batch * BATCH + i);
  });
  const each = (performance.now() - start) * 1e6 / keys;
  report(`${name}: insert`, `${each.toFixed(0)} ns each`, `per ${BATCH}: ${percentiles(inserts)}`);
  const perKey = (bytes: number) => (bytes / keys).toFixed(1);
  report(
    "  bytes per key",
    `resident ${perKey(Deno.memoryUsage().rss - residentBefore)}`,
    `in use ${perKey(store.heap.usedBytes)}`,
    `table ${perKey(store.dict.tableBytes)}`,
    `fragmentation ${store.heap.fragmentation.toFixed(3)}`,
  );
  const found = nanosecondsEach(2_000_000, (count) => {
    for (let i = 0; i < count; i++) sink += store.get(random.uint32() % keys);
  });
  const missing = nanosecondsEach(2_000_000, (count) => {
    for (let i = 0; i < count; i++) sink += store.get(keys + random.uint32() % keys);
  });
  report("  random find", `hit ${found.toFixed(0)} ns`, `miss ${missing.toFixed(0)} ns`);
  const overwrites = batchesMs(20_000, () => {
    for (let i = 0; i < BATCH; i++) store.set(random.uint32() % keys);
  });
  report(`  random overwrites, per ${BATCH}`, percentiles(overwrites));
  const sampling = nanosecondsEach(200_000, (count) => {
    for (let i = 0; i < count; i++) sink += store.dict.sample(random);
  });
  report("  sample", `${sampling.toFixed(0)} ns`);
  const drains = [];
  for (let done = false; !done;) {
    const start = performance.now();
    done = store.dict.drain(1000, (record) => store.heap.free(record));
    drains.push(performance.now() - start);
  }
  report("  drain, per 1000", percentiles(Float64Array.from(drains).sort()));
  const trims = [];
  for (let dropped = 1; dropped > 0;) {
    const start = performance.now();
    dropped = store.heap.trim(1);
    trims.push(performance.now() - start);
  }
  report("  trim, per segment", percentiles(Float64Array.from(trims).sort()));
  report("  held after it", `${(store.heap.heldBytes / 2 ** 20).toFixed(0)} MiB`);
}

/** An index of records that are blocks of one word, and the scores that it has them under. */
function measureIndexOf(name: string, keys: number, scoreOf: (i: number) => number): void {
  const random = new SeededRandom(1);
  const heap = new Heap();
  const words = heap.words;
  const wordOf = (record: number) => words[record >>> SEGMENT_SHIFT][(record & UNIT_MASK) << 1];
  const index = new OrderedIndex(heap, { compareTies: (a, b) => wordOf(a) - wordOf(b) });
  const records = new Uint32Array(keys);
  const scores = new Float64Array(keys);
  for (let i = 0; i < keys; i++) {
    const record = heap.allocate(32);
    // distinct, and in no order
    words[record >>> SEGMENT_SHIFT][(record & UNIT_MASK) << 1] = Math.imul(i, 0x9e3779b1);
    records[i] = record;
    scores[i] = scoreOf(i);
  }
  const tree = index.create();
  const start = performance.now();
  const inserts = batchesMs(keys / BATCH, (batch) => {
    for (let i = batch * BATCH; i < (batch + 1) * BATCH; i++) {
      index.insert(tree, scores[i], records[i]);
    }
  });
  const each = (performance.now() - start) * 1e6 / keys;
  report(`${keys} records, ${name}: insert`, `${each.toFixed(0)} ns each`);
  report(`  per ${BATCH}`, percentiles(inserts));
  report("  bytes per record", (index.bytes(tree) / keys).toFixed(2));
  const time = (run: (i: number) => void) => {
    const each = nanosecondsEach(500_000, (count) => {
      for (let i = 0; i < count; i++) run(random.uint32() % keys);
    });
    return `${each.toFixed(0)} ns`;
  };
  report("  rank", time((i) => sink += index.rank(tree, scores[i], records[i])));
  report("  at", time((i) => sink += index.at(tree, i)));
  report("  rankOfScore", time((i) => sink += index.rankOfScore(tree, scores[i], true)));
  const cursor = index.cursor();
  const walk = nanosecondsEach(keys, () => {
    for (let more = cursor.seek(tree, 0); more; more = cursor.next()) sink += cursor.record;
  });
  report("  walk", `${walk.toFixed(1)} ns`);
  const remove = nanosecondsEach(keys, () => {
    for (let i = 0; i < keys; i++) index.remove(tree, scores[i], records[i]);
  }, 1);
  report("  remove", `${remove.toFixed(0)} ns`);
}

function measureIndex(keys: number): void {
  const random = new SeededRandom(1);
  measureIndexOf("random scores", keys, () => random.uint32());
  measureIndexOf("ascending scores", keys, (i) => i);
  measureIndexOf("equal scores", keys, () => 0);
}

const sections: Record<string, () => void> = {
  foundations: measureFoundations,
  heap: measureHeap,
  bytes: measureBytes,
  index: () => measureIndex(Number(flags.keys)),
  dict: () => measureDict(Number(flags.keys), Number(flags["value-bytes"])),
};
const flags = parseArgs(Deno.args, {
  string: ["keys", "value-bytes"],
  default: { keys: "1000000", "value-bytes": "32" },
});
for (const section of flags._) {
  const measure = sections[section];
  if (measure === undefined) throw new Error(`sections are ${Object.keys(sections).join(", ")}`);
  measure();
}
if (sink === 0.5) console.log("never: what is measured must have a result that is used");
