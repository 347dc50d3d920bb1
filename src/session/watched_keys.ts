/**
 * WATCH: which clients watch which keys, and which of them have seen one change.
 *
 * It is told of changes by `command/propagation.ts`, and costs one look at `count` while nobody watches.
 * Keys are held as strings of their bytes: there are as many as are watched, and no more.
 *
 * A key whose time has come is there until somebody looks at it, and is no key: who begins to watch it
 * sees no change when it goes, and who watched it before has seen one when its time came.
 */
import type { Database } from "../keyspace/database.ts";
import type { Client } from "./client.ts";
import { watchedKeyBytes } from "./client_memory.ts";
import { KeyFilter } from "./key_filter.ts";

interface WatchedKey {
  /** Number of the database, as SWAPDB exchanges contents and not numbers. */
  readonly database: number;
  readonly key: Uint8Array;
  /** Who watches it; true where its time had already come then. */
  readonly clients: Map<Client, boolean>;
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
      watched = { database: database.index, key, clients: new Map() };
      this.#keys.set(name, watched);
      this.#filter.add(key);
    }
    if (watched.clients.has(client)) return;
    watched.clients.set(client, database.isPast(buffer, start, end));
    // the key is there as bytes and in a name
    client.watchedBytes += watchedKeyBytes + 2 * (end - start);
    const ofClient = this.#byClient.get(client);
    if (ofClient === undefined) this.#byClient.set(client, new Set([watched]));
    else ofClient.add(watched);
  }

  /** Has a client watch nothing; what it has seen is forgotten. */
  unwatch(client: Client): void {
    client.watchedChanged = false;
    client.watchedBytes = 0;
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

  /** Whether a client has seen a change: the end of a key's time, too. */
  hasSeenChange(client: Client, databases: readonly Database[]): boolean {
    if (client.watchedChanged) return true;
    for (const { clients, database, key } of this.#byClient.get(client) ?? []) {
      if (!clients.get(client) && databases[database].isPast(key, 0, key.length)) return true;
    }
    return false;
  }

  /** A key has changed. */
  changed(database: Database, buffer: Uint8Array, start: number, end: number): void {
    if (!this.#filter.mayHold(buffer, start, end)) return;
    const watched = this.#keys.get(nameOf(database.index, buffer, start, end));
    if (watched === undefined) return;
    for (const [client, wasPast] of watched.clients) {
      // that it goes is all that can happen to a key whose time has come
      if (wasPast) watched.clients.set(client, false);
      else client.watchedChanged = true;
    }
  }

  /** A database is about to lose all its keys. */
  flushed(database: Database): void {
    for (const watched of this.#keys.values()) {
      if (watched.database === database.index) touchReplaced(watched, database, null);
    }
  }

  /** Two databases are about to exchange their contents. */
  swapped(first: Database, second: Database): void {
    for (const watched of this.#keys.values()) {
      if (watched.database === first.index) touchReplaced(watched, first, second);
      else if (watched.database === second.index) touchReplaced(watched, second, first);
    }
  }
}

/** A key changes with its whole database if there was one, or if there will be. */
function touchReplaced(watched: WatchedKey, from: Database, to: Database | null): void {
  const { clients, key } = watched;
  const isThere = (database: Database) => database.dict.find(key, 0, key.length) !== 0;
  const was = isThere(from);
  const willBe = to !== null && isThere(to);
  const willBePast = to !== null && to.isPast(key, 0, key.length);
  if (!was && !willBe) return;
  for (const [client, wasPast] of clients) {
    const isNoChange = wasPast ? !willBe || willBePast : !was && willBePast;
    if (isNoChange) clients.set(client, willBePast);
    else client.watchedChanged = true;
  }
}
