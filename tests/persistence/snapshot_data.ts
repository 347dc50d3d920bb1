/** Data in a server that nobody connects to, snapshots of it, and what a server has that loads one. */
import { ManualClock } from "../../src/clock.ts";
import { LogRunner } from "../../src/command/log_runner.ts";
import { Log } from "../../src/log.ts";
import { datasetDigest } from "../../src/observe/digest.ts";
import { AccessInfo, RdbFormat } from "../../src/persistence/rdb_writer.ts";
import { RdbReader } from "../../src/persistence/rdb_reader.ts";
import { Snapshot } from "../../src/persistence/snapshot.ts";
import { Arguments } from "../../src/resp/arguments.ts";
import { Server } from "../../src/server.ts";
import { bytesOf } from "../support/wire_connection.ts";

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

  snapshot(largeBytes?: number): Snapshot {
    const { keyspace } = this.server;
    const format = new RdbFormat(keyspace, {
      compresses: true,
      sums: true,
      access: AccessInfo.None,
    });
    const origin = {
      redisVersion: "8.0.2",
      createdAtSeconds: startMs / 1000,
      usedMemoryBytes: 0,
      isAofBase: false,
    };
    return new Snapshot(keyspace, format, origin, largeBytes);
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

/** What a server has that has loaded a file. */
export function loaded(chunks: readonly Uint8Array[]): Data {
  const data = new Data();
  const { server, clock } = data;
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
  return data;
}
