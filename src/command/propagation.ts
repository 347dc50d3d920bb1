/**
 * The one place that hears of every change of data, from handlers and from the keyspace itself.
 *
 * It counts changes. Everything that must follow one (a log, replicas, notifications, waiting or
 * watching clients) is told from here, so that no handler knows any of them.
 */
import type { Database } from "../keyspace/database.ts";
import type { KeyspaceEvents } from "../keyspace/events.ts";
import type { ServerStats } from "../observe/server_stats.ts";

export class Propagation implements KeyspaceEvents {
  readonly #stats: ServerStats;

  constructor(stats: ServerStats) {
    this.#stats = stats;
  }

  changed(
    _database: Database,
    _buffer: Uint8Array,
    _start: number,
    _end: number,
    changes = 1,
  ): void {
    this.#stats.dirty += changes;
  }

  notify(
    _notifyClass: number,
    _event: string,
    _database: Database,
    _buffer: Uint8Array,
    _start: number,
    _end: number,
  ): void {}

  expired(_database: Database, _record: number): void {
    this.#stats.dirty++;
  }

  evicted(_database: Database, _record: number): void {
    this.#stats.dirty++;
  }

  flushed(database: Database): void {
    this.#stats.dirty += database.size;
  }

  swapped(_first: Database, _second: Database): void {
    this.#stats.dirty++;
  }
}
