/** Data in a server that nobody connects to, snapshots of it, and what a server has that loads one. */
import { ManualClock } from "../../src/clock.ts";
import { LogRunner } from "../../src/command/log_runner.ts";
import { datasetDigest } from "../../src/observe/digest.ts";
import { AofRead, AofReader } from "../../src/persistence/aof_reader.ts";
import { RDB_MAGIC } from "../../src/persistence/rdb_format.ts";
import { AccessInfo, RdbFormat } from "../../src/persistence/rdb_writer.ts";
import { RdbReader } from "../../src/persistence/rdb_reader.ts";
import { RewriteFormat } from "../../src/persistence/rewrite_writer.ts";
import { Snapshot } from "../../src/persistence/snapshot.ts";
import { Arguments } from "../../src/resp/arguments.ts";
import { Server } from "../../src/server.ts";
import type { ReadableFile } from "../../src/storage.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { bytesOf } from "../support/wire_connection.ts";

/** What a snapshot is written as. */
export type Form = "RDB" | "commands";

const path = "/file";
const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 0, 1);

/** A server that nobody connects to, and what runs commands in it. */
export class Data {
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

  snapshot(largeBytes?: number, form: Form = "RDB"): Snapshot {
    const { keyspace } = this.server;
    const format = form === "commands"
      ? new RewriteFormat(keyspace, false)
      : new RdbFormat(keyspace, {
        compresses: true,
        sums: true,
        access: AccessInfo.None,
      });
    const origin = {
      redisVersion: "8.0.2",
      createdAtSeconds: startMs / 1000,
      usedMemoryBytes: 0,
      isAofBase: false,
      functions: [],
    };
    return new Snapshot(keyspace, format, origin, largeBytes);
  }

  /** Reads an RDB file. */
  load(source: ReadableFile): void {
    const { keyspace, log } = this.server;
    const reader = new RdbReader({ keyspace, log, source });
    while (!reader.step(1 << 20));
  }

  /** Runs the commands of a log, an hour later; as at a time before all times to live. */
  replay(file: ReadableFile): void {
    this.clock.advance(hourMs);
    this.server.keyspace.setNow(0);
    const reader = new AofReader(file);
    while (reader.next() === AofRead.Command) this.#runner.run(reader.args);
  }

  /** Frees some of what waits for that. */
  reclaim(steps: number): void {
    this.server.keyspace.reclaimer.slice(steps);
  }
}

/** Moves the chunks that a snapshot has made so far. */
export function take(snapshot: Snapshot, into: Uint8Array[]): void {
  for (let chunk = snapshot.output.take(); chunk !== null; chunk = snapshot.output.take()) {
    into.push(chunk.buffer.slice(0, chunk.length));
    snapshot.output.release(chunk.buffer);
  }
}

/** What a server has that has loaded a file: RDB, or commands. */
export function loaded(chunks: readonly Uint8Array[]): Data {
  const data = new Data();
  // a sorted set that becomes a small one forgets the sign of -0, in Redis too
  data.run("CONFIG", "SET", "zset-max-listpack-entries", "0");
  const storage = new SimulatedStorage();
  const file = storage.create(path);
  for (const chunk of chunks) file.writeNow(chunk);
  if (new TextDecoder().decode(chunks[0]).startsWith(RDB_MAGIC)) data.load(storage.open(path));
  else data.replay(storage.open(path));
  return data;
}
