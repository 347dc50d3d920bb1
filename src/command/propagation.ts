/**
 * The one place that hears of every change of data, from handlers and from the keyspace itself.
 *
 * It counts changes. Everything that must follow one (a log, replicas, notifications, waiting or
 * watching clients) is told from here, so that no handler knows any of them.
 */
import type { ConfigValues } from "../config/values.ts";
import type { Database } from "../keyspace/database.ts";
import { type KeyspaceEvents, NotifyClass } from "../keyspace/events.ts";
import { SEGMENT_SHIFT } from "../memory/heap.ts";
import type { ServerStats } from "../observe/server_stats.ts";
import type { Blocking } from "../session/blocking.ts";
import type { PubSub } from "../session/pubsub.ts";
import type { Tracking } from "../session/tracking.ts";
import type { WatchedKeys } from "../session/watched_keys.ts";
import { keyLengthOf, keyStartOf } from "../values/record.ts";
import { publishKeyspaceEvent } from "./keyspace_notifications.ts";

export class Propagation implements KeyspaceEvents {
  readonly #config: ConfigValues;
  readonly #pubsub: PubSub;
  readonly #stats: ServerStats;
  readonly #watchedKeys: WatchedKeys;
  readonly #blocking: Blocking;
  readonly #tracking: Tracking;

  constructor(
    config: ConfigValues,
    pubsub: PubSub,
    stats: ServerStats,
    watchedKeys: WatchedKeys,
    blocking: Blocking,
    tracking: Tracking,
  ) {
    this.#config = config;
    this.#pubsub = pubsub;
    this.#stats = stats;
    this.#watchedKeys = watchedKeys;
    this.#blocking = blocking;
    this.#tracking = tracking;
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
    if (this.#blocking.clientCount > 0) this.#blocking.changed(database, buffer, start, end);
    if (this.#tracking.active) this.#tracking.changed(buffer, start, end);
  }

  /** Consumer groups have changed, which neither watching nor waiting clients hear of. */
  groupsChanged(changes: number): void {
    this.#stats.dirty += changes;
  }

  /** A consumer group of the key is gone: those who wait to read as a member of it wait in vain. */
  groupDestroyed(database: Database, buffer: Uint8Array, start: number, end: number): void {
    this.#stats.dirty++;
    if (this.#blocking.clientCount > 0) this.#blocking.changed(database, buffer, start, end);
  }

  notify(
    notifyClass: number,
    event: string,
    database: Database,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void {
    const wanted = this.#config.notifyKeyspaceEvents;
    if ((wanted & notifyClass) === 0) return;
    const key = buffer.subarray(start, end);
    publishKeyspaceEvent(this.#pubsub, wanted, event, database.index, key);
  }

  expired(database: Database, record: number): void {
    this.#removed(database, record, NotifyClass.EXPIRED, "expired");
  }

  evicted(database: Database, record: number): void {
    this.#removed(database, record, NotifyClass.EVICTED, "evicted");
  }

  flushed(database: Database): void {
    this.#stats.dirty += database.size;
    if (this.#watchedKeys.count > 0) this.#watchedKeys.flushed(database);
    this.#replaced(database);
  }

  swapped(first: Database, second: Database): void {
    this.#stats.dirty++;
    if (this.#watchedKeys.count > 0) this.#watchedKeys.swapped(first, second);
    this.#replaced(first);
    this.#replaced(second);
  }

  #replaced(database: Database): void {
    if (this.#blocking.clientCount > 0) this.#blocking.replaced(database);
  }

  #removed(database: Database, record: number, notifyClass: number, event: string): void {
    const { heap } = database;
    const start = keyStartOf(record);
    const end = start + keyLengthOf(heap, record);
    const buffer = heap.bytes[record >>> SEGMENT_SHIFT];
    this.changed(database, buffer, start, end);
    this.notify(notifyClass, event, database, buffer, start, end);
  }
}
