/**
 * WATCH: which clients watch which keys, and which of them have seen one change.
 *
 * It is told of changes by `command/propagation.ts`, and costs one look at `count` while nobody watches.
 * Keys are held as strings of their bytes: there are as many as are watched, and no more.
 */
import type { Database } from "../keyspace/database.ts";
import type { Client } from "./client.ts";
import { KeyFilter } from "./key_filter.ts";

interface WatchedKey {
  /** Number of the database, as SWAPDB exchanges contents and not numbers. */
  readonly database: number;
  readonly key: Uint8Array;
  readonly clients: Set<Client>;
}

const latin1 = new TextDecoder("latin1");

function nameOf(database: number, buffer: Uint8Array, start: number, end: number): string {
  return `${database} ${latin1.decode(buffer.subarray(start, end))}`;
}

export class WatchedKeys {
  readonly #keys = new Map<string, WatchedKey>();
  /** Of the keys in `#keys`, whatever their database. */
  readonly #filter = new KeyFilter();
  readonly #byClient = new Map<Client, Set<WatchedKey>>();

  /** Keys that somebody watches, each counted once. */
  get count(): number {
    return this.#keys.size;
  }

  /** Clients that watch any key. */
  get clientCount(): number {
    return this.#byClient.size;
  }

  /** How many keys a client watches. */
  countOf(client: Client): number {
    return this.#byClient.get(client)?.size ?? 0;
  }

  watch(client: Client, database: Database, buffer: Uint8Array, start: number, end: number): void {
    const name = nameOf(database.index, buffer, start, end);
    let watched = this.#keys.get(name);
    if (watched === undefined) {
      const key = buffer.slice(start, end);
      watched = { database: database.index, key, clients: new Set() };
      this.#keys.set(name, watched);
      this.#filter.add(key);
    }
    watched.clients.add(client);
    const ofClient = this.#byClient.get(client);
    if (ofClient === undefined) this.#byClient.set(client, new Set([watched]));
    else ofClient.add(watched);
  }

  /** Has a client watch nothing; what it has seen is forgotten. */
  unwatch(client: Client): void {
    client.watchedChanged = false;
    const ofClient = this.#byClient.get(client);
    if (ofClient === undefined) return;
    this.#byClient.delete(client);
    for (const watched of ofClient) {
      watched.clients.delete(client);
      if (watched.clients.size > 0) continue;
      this.#keys.delete(nameOf(watched.database, watched.key, 0, watched.key.length));
      this.#filter.remove(watched.key);
    }
  }

  /** Whether the time of one of a client's keys has come, which is a change though the key is still there. */
  hasExpired(client: Client, databases: readonly Database[]): boolean {
    for (const { database, key } of this.#byClient.get(client) ?? []) {
      const record = databases[database].dict.find(key, 0, key.length);
      if (record !== 0 && databases[database].isDue(record)) return true;
    }
    return false;
  }

  /** A key has changed. */
  changed(database: Database, buffer: Uint8Array, start: number, end: number): void {
    if (!this.#filter.mayHold(buffer, start, end)) return;
    const watched = this.#keys.get(nameOf(database.index, buffer, start, end));
    if (watched !== undefined) touch(watched);
  }

  /** A database is about to lose all its keys. */
  flushed(database: Database): void {
    for (const watched of this.#keys.values()) {
      if (watched.database === database.index && holds(database, watched)) touch(watched);
    }
  }

  /** Two databases are about to exchange their contents. */
  swapped(first: Database, second: Database): void {
    for (const watched of this.#keys.values()) {
      if (watched.database === first.index) touchSwapped(watched, first, second);
      else if (watched.database === second.index) touchSwapped(watched, second, first);
    }
  }
}

/** Whether a key is there, or was when it began to be watched: one whose time has come since counts. */
function holds(database: Database, { key }: WatchedKey): boolean {
  return database.dict.find(key, 0, key.length) !== 0;
}

/** The key changes if there was one, or if there will be; one whose time has come will not be. */
function touchSwapped(watched: WatchedKey, from: Database, to: Database): void {
  const { key } = watched;
  if (holds(from, watched) || to.find(key, 0, key.length) !== 0) touch(watched);
}

function touch(watched: WatchedKey): void {
  for (const client of watched.clients) client.watchedChanged = true;
}
