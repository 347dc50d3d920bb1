/**
 * What the keyspace tells of itself: the seam through which every change of data is heard.
 *
 * The keyspace calls it and knows nothing of who listens; `command/propagation.ts` does.
 */
import type { Database } from "./database.ts";

/** Listeners must not search or change the database that calls them. */
export interface KeyspaceEvents {
  /** The value or the time to live of the key `buffer[start, end)` has changed. */
  changed(database: Database, buffer: Uint8Array, start: number, end: number): void;
  /** The key of `record` is about to go because its time has come. */
  expired(database: Database, record: number): void;
  /** The key of `record` is about to go to make room. */
  evicted(database: Database, record: number): void;
  /** All keys of the database are about to go. */
  flushed(database: Database): void;
  /** Two databases have exchanged their contents. */
  swapped(first: Database, second: Database): void;
}
