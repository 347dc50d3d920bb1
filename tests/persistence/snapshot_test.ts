import { assertEquals } from "@std/assert";
import { ManualClock } from "../../src/clock.ts";
import { LogRunner } from "../../src/command/log_runner.ts";
import { Log } from "../../src/log.ts";
import { datasetDigest } from "../../src/observe/digest.ts";
import { AccessInfo } from "../../src/persistence/rdb_writer.ts";
import { RdbReader } from "../../src/persistence/rdb_reader.ts";
import { Snapshot } from "../../src/persistence/snapshot.ts";
import { type Random, randomBelow } from "../../src/random.ts";
import { Arguments } from "../../src/resp/arguments.ts";
import { Server } from "../../src/server.ts";
import { CommandGenerator } from "../support/command_generator.ts";
import { testScale, withSeed } from "../support/property.ts";
import { bytesOf } from "../support/wire_connection.ts";

const startMs = Date.UTC(2026, 0, 1);

/** A server that nobody connects to, and what runs commands in it. */
class Data {
  readonly clock = new ManualClock(startMs);
  readonly server = new Server({ port: 0, clock: this.clock });
  readonly #runner = new LogRunner(this.server);

  constructor() {
    this.#runner.reset();
  }

  run(...words: string[]): void {
    this.#runner.run(Arguments.from(words.map(bytesOf)));
  }

  get digest(): string {
    return datasetDigest(this.server.keyspace.databases);
  }

  snapshot(largeBytes?: number): Snapshot {
    const { keyspace } = this.server;
    return new Snapshot(keyspace, {
      origin: {
        redisVersion: "8.0.2",
        createdAtSeconds: startMs / 1000,
        usedMemoryBytes: 0,
        isAofBase: false,
      },
      compresses: true,
      sums: true,
      access: AccessInfo.None,
      largeBytes,
    });
  }

  /** Frees some of what waits for that. */
  reclaim(steps: number): void {
    this.server.keyspace.reclaimer.slice(steps);
  }
}

/** The chunks that a snapshot has made so far. */
function take(snapshot: Snapshot, into: Uint8Array[]): void {
  for (let chunk = snapshot.output.take(); chunk !== null; chunk = snapshot.output.take()) {
    into.push(chunk.buffer.slice(0, chunk.length));
    snapshot.output.release(chunk.buffer);
  }
}

/** The digest of a server that has loaded a file. */
function digestOf(chunks: readonly Uint8Array[]): string {
  const { server, clock } = new Data();
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  let read = 0;
  const reader = new RdbReader({
    keyspace: server.keyspace,
    log: new Log(clock, () => {}),
    source: {
      byteLength: bytes.length,
      read(into) {
        const length = Math.min(into.length, bytes.length - read);
        into.set(bytes.subarray(read, read += length));
        return length;
      },
    },
  });
  while (!reader.step(1 << 20));
  return datasetDigest(server.keyspace.databases);
}

/** Fills the databases with values of all types, some of them of many elements. */
function populate(data: Data, random: Random, generator: CommandGenerator, commands: number): void {
  for (let i = 0; i < commands; i++) for (const words of generator.next()) data.run(...words);
  for (let i = 0; i < 8; i++) {
    const count = randomBelow(random, 1500);
    const numbers = Array.from({ length: count }, (_, n) => `${n}`);
    if (count === 0) continue;
    data.run("SELECT", `${randomBelow(random, 3)}`);
    data.run("RPUSH", `list:${i % 3}`, ...numbers.map((n) => `element number ${n}`));
    data.run("SADD", `set:${i % 3}`, ...numbers.map((n) => `m${n}`));
    data.run("HSET", `hash:${i % 3}`, ...numbers.flatMap((n) => [`m${n}`, `value ${n}`]));
    data.run("ZADD", `zset:${i % 3}`, ...numbers.flatMap((n) => [n, `m${n}`]));
    data.run("APPEND", `string:${i % 3}`, "x".repeat(count * 50));
    for (const n of numbers.slice(0, 400)) data.run("XADD", `stream:${i % 3}`, "*", "field", n);
  }
}

Deno.test("a snapshot is what there was at the cut, whatever is done while it is written", () => {
  withSeed((random) => {
    for (let round = 0; round < 3 * testScale(); round++) {
      const data = new Data();
      const generator = new CommandGenerator(random);
      populate(data, random, generator, 300);
      const expected = data.digest;
      const snapshot = data.snapshot(1 + randomBelow(random, 20_000));
      const chunks: Uint8Array[] = [];
      for (let isLast = false; !isLast;) {
        for (let i = randomBelow(random, 20); i > 0; i--) {
          for (const words of generator.next()) data.run(...words);
        }
        if (randomBelow(random, 60) === 0) data.run("FLUSHALL");
        if (randomBelow(random, 60) === 0) data.run("SWAPDB", "0", "1");
        if (randomBelow(random, 3) === 0) data.reclaim(randomBelow(random, 100));
        isLast = snapshot.step(randomBelow(random, 3_000));
        take(snapshot, chunks);
      }
      assertEquals(digestOf(chunks), expected);
    }
  });
});

Deno.test("a snapshot that is given up leaves nothing behind", () => {
  withSeed((random) => {
    const data = new Data();
    const generator = new CommandGenerator(random);
    populate(data, random, generator, 300);
    const snapshot = data.snapshot(100);
    snapshot.step(5_000);
    snapshot.cancel();
    for (let i = 0; i < 300; i++) for (const words of generator.next()) data.run(...words);
    const expected = data.digest;
    const next = data.snapshot(100);
    const chunks: Uint8Array[] = [];
    while (!next.step(10_000)) take(next, chunks);
    take(next, chunks);
    assertEquals(digestOf(chunks), expected);
  });
});
