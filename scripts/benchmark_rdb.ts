/**
 * Measures the RDB codec alone, without disk and commands: checksum, compression, writing a keyspace into
 * memory and reading it from there. The figures in the headers of `src/persistence/` come from here.
 *
 *     deno run scripts/benchmark_rdb.ts codec
 *     deno run scripts/benchmark_rdb.ts save --keys 5000000
 *     deno run scripts/benchmark_rdb.ts load --keys 5000000
 *
 * It needs no permissions. Times are the processor's, and of several rounds the best counts: so other
 * programs matter little.
 */
import process from "node:process";
import { parseArgs } from "@std/cli/parse-args";
import { ManualClock } from "../src/clock.ts";
import type { Keyspace } from "../src/keyspace/keyspace.ts";
import { Log, LogLevel } from "../src/log.ts";
import { Crc64 } from "../src/persistence/crc64.ts";
import { LzfCompressor, lzfDecompress } from "../src/persistence/lzf.ts";
import type { ByteSource } from "../src/persistence/rdb_input.ts";
import { type RdbChunk, RdbOutput } from "../src/persistence/rdb_output.ts";
import { RdbReader } from "../src/persistence/rdb_reader.ts";
import { AccessInfo, RdbWriter, versionFor } from "../src/persistence/rdb_writer.ts";
import { type Random, randomBelow, SeededRandom } from "../src/random.ts";
import { ValueType } from "../src/values/record.ts";
import { newKeyspace } from "../tests/keyspace/support.ts";

const ROUNDS = 3;

/** A key as redis-benchmark makes it: "key:" and twelve digits. */
const KEY_BYTES = 16;
const VALUE_BYTES_MIN = 8;
const VALUE_BYTES_MAX = 32;

/** Of the mixed keys every tenth is a collection with so many elements. */
const COLLECTION_EVERY = 10;
const COLLECTION_ELEMENTS = 20;

/** Bytes that are read at a time. */
const STEP_BYTES = 65536;

/** The shortest time of some runs, in milliseconds of the processor. */
function bestMs(run: () => void): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

function report(name: string, ...figures: string[]): void {
  console.log(`${name.padEnd(44)} ${figures.join("  ")}`);
}

function measureCodec(): void {
  const random = new SeededRandom(1);
  const noise = new Uint8Array(2 ** 20);
  for (let i = 0; i < noise.length; i++) noise[i] = random.uint32();
  const crc = new Crc64();
  for (const length of [64, 4096, noise.length]) {
    const times = 200 * noise.length / length;
    const ms = bestMs(() => {
      for (let i = 0; i < times; i++) crc.update(noise, 0, length);
    });
    report(`CRC-64 of ${length} bytes`, `${(times * length / ms / 1e6).toFixed(2)} GB/s`);
  }
  const words = Array.from({ length: 20_000 }, () =>
    `${
      "field value text number".slice(
        randomBelow(random, 18),
      )
    } ${randomBelow(random, 1000)} `).join("");
  const text = new TextEncoder().encode(words);
  for (
    const [name, bytes, length] of [
      ["text", text, 65536],
      ["text", text, 100],
      ["noise", noise, 65536],
      ["noise", noise, 32],
    ] as const
  ) {
    measureLzf(`${length} bytes of ${name}`, bytes, length);
  }
}

function measureLzf(name: string, bytes: Uint8Array, length: number): void {
  const compressor = new LzfCompressor();
  const compressed = new Uint8Array(length);
  const whole = new Uint8Array(length);
  const times = Math.ceil(2e7 / length);
  const speed = (ms: number) => `${(times * length / ms / 1e3).toFixed(0)} MB/s`;
  let size = 0;
  const compressing = bestMs(() => {
    for (let i = 0; i < times; i++) {
      size = compressor.compress(bytes, 0, length, compressed, 0, length - 4);
    }
  });
  const decompressing = bestMs(() => {
    for (let i = 0; i < times; i++) lzfDecompress(compressed, 0, size, whole, 0, length);
  });
  report(
    `LZF of ${name}`,
    speed(compressing),
    size === 0 ? "not compressible" : `to ${size} bytes and back ${speed(decompressing)}`,
  );
}

/** Fills a database with small strings and, if wanted, now and then a collection. */
class Filler {
  readonly keyspace: Keyspace = newKeyspace();
  readonly #random: Random = new SeededRandom(1);
  readonly #key = new TextEncoder().encode("key:".padEnd(KEY_BYTES, "0"));
  readonly #value = new Uint8Array(VALUE_BYTES_MAX);

  fill(keys: number, isMixed: boolean): void {
    for (let i = 0; i < keys; i++) {
      const type = isMixed && i % COLLECTION_EVERY === 0
        ? [ValueType.LIST, ValueType.SET, ValueType.SORTED_SET, ValueType.HASH][
          i / COLLECTION_EVERY % 4
        ]
        : ValueType.STRING;
      this.#setKey(i);
      if (type === ValueType.STRING) this.#setString();
      else this.#addCollection(type);
    }
  }

  #setKey(number: number): void {
    for (let i = KEY_BYTES - 1; i >= 4; i--) {
      this.#key[i] = 48 + number % 10;
      number = Math.floor(number / 10);
    }
  }

  /** Letters by chance, so that hardly any value can be compressed. */
  #drawValue(): number {
    const range = VALUE_BYTES_MAX - VALUE_BYTES_MIN + 1;
    const length = VALUE_BYTES_MIN + randomBelow(this.#random, range);
    for (let i = 0; i < length; i++) this.#value[i] = 97 + randomBelow(this.#random, 26);
    return length;
  }

  #setString(): void {
    const [database] = this.keyspace.databases;
    const length = this.#drawValue();
    const found = database.find(this.#key, 0, KEY_BYTES);
    database.setString(found, this.#key, 0, KEY_BYTES, this.#value, 0, length, false);
  }

  #addCollection(type: number): void {
    const [database] = this.keyspace.databases;
    const { lists, sets, sortedSets, hashes } = this.keyspace.values;
    const found = database.find(this.#key, 0, KEY_BYTES);
    const record = database.create(found, this.#key, 0, KEY_BYTES, type);
    const value = this.#value;
    for (let i = 0; i < COLLECTION_ELEMENTS; i++) {
      const length = this.#drawValue();
      if (type === ValueType.LIST) lists.push(record, 1, value, 0, length);
      else if (type === ValueType.SET) sets.add(record, value, 0, length);
      else if (type === ValueType.SORTED_SET) sortedSets.update(record, i, value, 0, length, 0);
      else hashes.set(record, value, 0, 8, value, 8, length, false);
    }
  }
}

/** Writes all that there is, as a file would have it, giving each chunk to `keep`; returns the bytes. */
function save(
  keyspace: Keyspace,
  compresses: boolean,
  sums: boolean,
  keep: (chunk: RdbChunk) => void = () => {},
): number {
  const output = new RdbOutput({ compresses, sums });
  const writer = new RdbWriter(keyspace, output, versionFor(keyspace), AccessInfo.None);
  writer.header({
    redisVersion: "8.0.2",
    createdAtSeconds: 0,
    usedMemoryBytes: keyspace.heap.usedBytes,
    isAofBase: false,
    functions: [],
  });
  for (const database of keyspace.databases) {
    if (database.size === 0) continue;
    writer.database(database.index, database.size, database.volatileSize);
    database.dict.forEach((record) => {
      writer.key(record, database.wheel);
      for (let chunk = output.take(); chunk !== null; chunk = output.take()) {
        keep(chunk);
        output.release(chunk.buffer);
      }
    });
  }
  writer.end();
  output.flush();
  for (let chunk = output.take(); chunk !== null; chunk = output.take()) keep(chunk);
  return output.byteLength;
}

function measureSave(keys: number): void {
  for (const isMixed of [false, true]) {
    const count = isMixed ? Math.ceil(keys / 5) : keys;
    const filler = new Filler();
    filler.fill(count, isMixed);
    for (const [compresses, sums] of [[true, true], [false, true], [false, false]]) {
      let bytes = 0;
      const ms = bestMs(() => bytes = save(filler.keyspace, compresses, sums));
      report(
        `${count} ${isMixed ? "mixed keys" : "small strings"}${compresses ? "" : ", uncompressed"}${
          sums ? "" : ", no checksum"
        }`,
        `${(ms / 1000).toFixed(2)} s`,
        `${(ms * 1e6 / count).toFixed(0)} ns a key`,
        `${(bytes / 2 ** 20).toFixed(0)} MiB`,
      );
    }
  }
}

function measureLoad(keys: number): void {
  for (const isMixed of [false, true]) {
    const count = isMixed ? Math.ceil(keys / 5) : keys;
    const filler = new Filler();
    filler.fill(count, isMixed);
    const chunks: Uint8Array[] = [];
    save(filler.keyspace, true, true, ({ buffer, length }) => chunks.push(buffer.slice(0, length)));
    const ms = bestMs(() => load(chunks));
    report(
      `${count} ${isMixed ? "mixed keys" : "small strings"}`,
      `${(ms / 1000).toFixed(2)} s`,
      `${(ms * 1e6 / count).toFixed(0)} ns a key`,
    );
  }
}

/** Reads what `save` has written into a keyspace of its own. */
function load(chunks: readonly Uint8Array[]): void {
  const log = new Log(new ManualClock(0), () => {}, LogLevel.Nothing);
  const source = new ChunkSource(chunks);
  const reader = new RdbReader({ keyspace: newKeyspace(), log, source });
  while (!reader.step(STEP_BYTES));
}

class ChunkSource implements ByteSource {
  readonly byteLength: number;
  readonly #chunks: readonly Uint8Array[];
  #chunk = 0;
  #at = 0;

  constructor(chunks: readonly Uint8Array[]) {
    this.#chunks = chunks;
    this.byteLength = chunks.reduce((total, { length }) => total + length, 0);
  }

  read(into: Uint8Array): number {
    if (this.#chunk === this.#chunks.length) return 0;
    const part = this.#chunks[this.#chunk].subarray(this.#at, this.#at + into.length);
    into.set(part);
    this.#at += part.length;
    if (this.#at === this.#chunks[this.#chunk].length) {
      this.#chunk++;
      this.#at = 0;
    }
    return part.length;
  }
}

const flags = parseArgs(Deno.args, { string: ["keys"], default: { keys: "1000000" } });
const sections: Record<string, () => void> = {
  codec: measureCodec,
  save: () => measureSave(Number(flags.keys)),
  load: () => measureLoad(Number(flags.keys)),
};
for (const section of flags._) {
  const measure = sections[section];
  if (measure === undefined) throw new Error(`sections are ${Object.keys(sections).join(", ")}`);
  measure();
}
