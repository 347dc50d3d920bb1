/**
 * The one place that hears of every change of data, from handlers and from the keyspace itself.
 *
 * It counts changes. Everything that must follow one (a log, replicas, notifications, waiting or
 * watching clients) is told from here, so that no handler knows any of them.
 */
import type { Database } from "../keyspace/database.ts";
import type { KeyspaceEvents } from "../keyspace/events.ts";
import { SEGMENT_SHIFT } from "../memory/heap.ts";
import type { ServerStats } from "../observe/server_stats.ts";
import type { WatchedKeys } from "../session/watched_keys.ts";
import { keyLengthOf, keyStartOf } from "../values/record.ts";

export class Propagation implements KeyspaceEvents {
  readonly #stats: ServerStats;
  readonly #watchedKeys: WatchedKeys;

  constructor(stats: ServerStats, watchedKeys: WatchedKeys) {
    this.#stats = stats;
    this.#watchedKeys = watchedKeys;
  }

  changed(
    database: Database,
    buffer: Uint8Array,
    start: number,
    end: number,
    changes = 1,
  ): void {
    this.#stats.dirty += changes;
    if (this.#watchedKeys.count > 0) this.#watchedKeys.changed(database, buffer, start, end);
  }

  notify(
    _notifyClass: number,
    _event: string,
    _database: Database,
    _buffer: Uint8Array,
    _start: number,
    _end: number,
  ): void {}

  expired(database: Database, record: number): void {
    this.#removed(database, record);
  }

  evicted(database: Database, record: number): void {
    this.#removed(database, record);
  }

  flushed(database: Database): void {
    this.#stats.dirty += database.size;
    if (this.#watchedKeys.count > 0) this.#watchedKeys.replaced(database, database);
  }

  swapped(first: Database, second: Database): void {
    this.#stats.dirty++;
    if (this.#watchedKeys.count > 0) this.#watchedKeys.replaced(first, second);
  }

  #removed(database: Database, record: number): void {
    const { heap } = database;
    const start = keyStartOf(record);
    const end = start + keyLengthOf(heap, record);
    this.changed(database, heap.bytes[record >>> SEGMENT_SHIFT], start, end);
  }
}
