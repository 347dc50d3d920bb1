/** What the tests of RDB share: files read into a keyspace of their own, and a look at what is there. */
import type { Keyspace } from "../../src/keyspace/keyspace.ts";
import { Log, LogLevel } from "../../src/log.ts";
import { ManualClock } from "../../src/clock.ts";
import type { ByteSource } from "../../src/persistence/rdb_input.ts";
import { RdbReader, type RdbReaderOptions } from "../../src/persistence/rdb_reader.ts";
import { newKeyspace, set, startMs } from "../keyspace/support.ts";

/** Gives bytes in portions of so many. */
export class BytesSource implements ByteSource {
  readonly byteLength: number;
  readonly #bytes: Uint8Array;
  readonly #portionBytes: number;
  #at = 0;

  constructor(bytes: Uint8Array, portionBytes = Infinity, isLengthKnown = true) {
    this.#bytes = bytes;
    this.#portionBytes = portionBytes;
    this.byteLength = isLengthKnown ? bytes.length : Infinity;
  }

  read(into: Uint8Array): number {
    const end = Math.min(this.#at + Math.min(into.length, this.#portionBytes), this.#bytes.length);
    const count = end - this.#at;
    into.set(this.#bytes.subarray(this.#at, end));
    this.#at = end;
    return count;
  }
}

/** How a file is read, if not at once into databases of its own. */
export interface LoadOptions extends Partial<RdbReaderOptions> {
  /** Bytes of each step. */
  stepBytes?: number;
  /** Log lines are added here. */
  lines?: string[];
}

export interface Loaded {
  keyspace: Keyspace;
  reader: RdbReader;
  steps: number;
}

/** Reads a file to its end; what the reader throws is thrown, when it has let go of all. */
export function load(bytes: Uint8Array, options: LoadOptions = {}): Loaded {
  const keyspace = options.keyspace ?? newKeyspace({ databaseCount: 16 });
  const { lines = [], stepBytes = Infinity } = options;
  const sink = (line: string) => void lines.push(line);
  const log = new Log(new ManualClock(startMs), sink, LogLevel.Debug);
  const source = new BytesSource(bytes);
  const reader = new RdbReader({ log, source, ...options, keyspace });
  let steps = 1;
  try {
    while (!reader.step(stepBytes)) steps++;
  } catch (error) {
    reader.abandon();
    throw error;
  }
  return { keyspace, reader, steps };
}

/** Frees what waits to be freed. */
export function reclaim({ reclaimer }: Keyspace): void {
  while (reclaimer.pending) reclaimer.slice(10_000);
}

/** Removes all keys, with the tables that there was room for them in; gives the bytes still in use. */
export function bytesWhenEmpty(keyspace: Keyspace): number {
  for (const database of keyspace.databases) {
    if (database.size === 0) set(database, "the last", "key");
    database.flush();
  }
  reclaim(keyspace);
  return keyspace.heap.usedBytes;
}
