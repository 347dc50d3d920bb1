/**
 * What a snapshot is written as: RDB (`rdb_writer.ts`) or commands (`rewrite_writer.ts`). Either knows how
 * keys look as bytes; which keys, when, and in which order is the business of `snapshot.ts`.
 *
 * A key is written at once, or, where its value is large, in parts, between which others are written and
 * commands change what is there: by a writer that has the value to itself from `beginLarge` to `endLarge`.
 */
import type { TimerWheel } from "../keyspace/timer_wheel.ts";
import type { RdbOutput } from "./rdb_output.ts";

/** What a file says of where it comes from. */
export interface SnapshotOrigin {
  /** The version of Redis whose data it is. */
  readonly redisVersion: string;
  readonly createdAtSeconds: number;
  readonly usedMemoryBytes: number;
  /** Whether commands follow in an append-only file. */
  readonly isAofBase: boolean;
  /** Code of libraries of functions, which is in front of all keys. */
  readonly functions: readonly Uint8Array[];
}

/** Writes a pending entry of a consumer group. */
export type WritePending = (pending: number) => void;

/** Is told where pending entries belong: those of a group or a consumer, and what is to write each. */
export type VisitPending = (owner: number, write: WritePending) => void;

export interface SnapshotWriter {
  /** Where it writes, which may be elsewhere for each part of a large value. */
  output: RdbOutput;
  /** Begins the file. */
  header(origin: SnapshotOrigin): void;
  /** Begins a database, which has so many keys, so many of them with a time to live. */
  database(index: number, keys: number, volatileKeys: number): void;
  /** Writes a key with its value; `wheel` has the timer of its record, if it has one. */
  key(record: number, wheel: TimerWheel): void;
  /** Ends the file. */
  end(): void;

  /** Writes a key, and what of its value is before the parts. */
  beginLarge(record: number, wheel: TimerWheel): void;
  /** Writes an element of a large set, sorted set or hash: a record of its dictionary; or a node. */
  part(address: number): void;
  /** Writes what is behind the nodes of a stream, all but pending entries: `visit` is for those. */
  streamTail(record: number, visit: VisitPending): void;
  /** Writes what is behind a large value. */
  endLarge(): void;
}

/** How a snapshot is written. */
export interface SnapshotFormat {
  /** Compress long strings. */
  readonly compresses: boolean;
  /** Have a checksum. */
  readonly sums: boolean;
  writer(output: RdbOutput): SnapshotWriter;
}
