/**
 * What the keyspace tells of itself: the seam through which every change of data is heard.
 *
 * The keyspace calls it and knows nothing of who listens; `command/propagation.ts` does.
 */
import type { Slice } from "../values/slice.ts";
import type { Database } from "./database.ts";

export { NotifyClass } from "../config/notify_classes.ts";

/** Listeners must not change the database that calls them, nor search it but when it was flushed or swapped. */
export interface KeyspaceEvents {
  /** The value or the time to live of the key `buffer[start, end)` has changed; `changes` is what it counts for. */
  changed(
    database: Database,
    buffer: Uint8Array,
    start: number,
    end: number,
    changes?: number,
  ): void;
  /** What happened to the key, in the word of Redis' keyspace notifications, of one `NotifyClass`. */
  notify(
    notifyClass: number,
    event: string,
    database: Database,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** The key of `record` is about to go because its time has come. */
  expired(database: Database, record: number): void;
  /** A field of the hash of `record` is about to go because its time has come. */
  fieldExpired(database: Database, record: number, field: Slice): void;
  /** The key of `record` is about to go to make room. */
  evicted(database: Database, record: number): void;
  /** All keys of the database are about to go. */
  flushed(database: Database): void;
  /** Two databases are about to exchange their contents. */
  swapped(first: Database, second: Database): void;
}
