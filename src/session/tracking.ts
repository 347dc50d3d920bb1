/**
 * Client-side caching: which clients have read which keys, and must hear when these change.
 *
 * There are two ways. By default the server remembers each key that a tracking client reads, until it
 * changes once. In broadcast mode it remembers nothing: clients give prefixes, and at the end of a turn
 * of the event loop hear of every changed key that begins with one. Invalidations go to the client
 * itself in RESP3, or to another one, which in RESP2 subscribes to `__redis__:invalidate`. Keys have no
 * database here, as in Redis, and are strings with a character for each byte.
 */
import type { Client } from "./client.ts";
import { trackedPrefixBytes } from "./client_memory.ts";
import type { Clients } from "./clients.ts";
import { encodeArray, encodeMessage, type Pushes } from "./pushes.ts";

/** What CLIENT TRACKING ON asks for. */
export interface TrackingOptions {
  readonly broadcast: boolean;
  /** Tracks only what is read after CLIENT CACHING YES. */
  readonly optIn: boolean;
  /** Tracks all but what is read after CLIENT CACHING NO. */
  readonly optOut: boolean;
  /** Does not hear of the client's own changes. */
  readonly noLoop: boolean;
  /** Id of the client that hears of changes instead; 0 for none. */
  readonly redirect: number;
}

/** One client's tracking. */
export class TrackingState {
  options: TrackingOptions;
  /** Whether CLIENT CACHING was called for the next request. */
  caching = false;
  /** Whether the client that it redirects to was found to be gone. */
  brokenRedirect = false;
  /** The prefixes it hears of, by name. */
  readonly prefixes: Map<string, Uint8Array> = new Map();
  /** What they take of memory. */
  prefixesBytes = 0;

  constructor(options: TrackingOptions) {
    this.options = options;
  }

  /** Whether the keys of the running command are to be remembered. */
  get remembers(): boolean {
    const { broadcast, optIn, optOut } = this.options;
    return !broadcast && (optIn ? this.caching : !(optOut && this.caching));
  }
}

/** A prefix, those who want to hear of it, and the keys that have changed in this turn. */
interface Prefix {
  readonly clients: Set<Client>;
  /** By whom each key was changed last, null for nobody. */
  readonly changed: Map<string, { readonly key: Uint8Array; readonly by: Client | null }>;
}

/** Keys that go from a table which is too large at a time, so that no command waits for long. */
const evictedMax = 100;

const latin1 = new TextDecoder("latin1");
const encoder = new TextEncoder();
const invalidateWord = encoder.encode("invalidate");
const messageWord = encoder.encode("message");
const invalidationChannel = encoder.encode("__redis__:invalidate");
const redirectionBrokenWord = encoder.encode("tracking-redir-broken");
const nullBulk = encoder.encode("$-1\r\n");
const nullReply = encoder.encode("_\r\n");

interface TrackedKey {
  readonly key: Uint8Array;
  /** Ids of the clients that have read it; some may be gone. */
  readonly readers: Set<number>;
}

export class Tracking {
  readonly #clients: Clients;
  readonly #pushes: Pushes;
  readonly #limits: { readonly trackingTableMaxKeys: number };
  readonly #keys = new Map<string, TrackedKey>();
  readonly #prefixes = new Map<string, Prefix>();
  readonly #trackers = new Set<Client>();
  #isBroadcastDue = false;
  /** Keys remembered, once for each of their readers. */
  itemCount = 0;

  constructor(
    clients: Clients,
    pushes: Pushes,
    limits: { readonly trackingTableMaxKeys: number },
  ) {
    this.#clients = clients;
    this.#pushes = pushes;
    this.#limits = limits;
  }

  /** Whether anybody may have to hear of a change. */
  get active(): boolean {
    return this.#keys.size > 0 || this.#prefixes.size > 0;
  }

  get clientCount(): number {
    return this.#trackers.size;
  }

  get keyCount(): number {
    return this.#keys.size;
  }

  get prefixCount(): number {
    return this.#prefixes.size;
  }

  /** Has a client track keys from now on; prefixes come on top of those that it has. */
  enable(client: Client, options: TrackingOptions, prefixes: readonly Uint8Array[]): void {
    this.#trackers.add(client);
    client.tracking ??= new TrackingState(options);
    client.tracking.options = options;
    client.tracking.brokenRedirect = false;
    if (!options.broadcast) return;
    for (const bytes of prefixes.length > 0 ? prefixes : [new Uint8Array(0)]) {
      const name = latin1.decode(bytes);
      let prefix = this.#prefixes.get(name);
      if (prefix === undefined) {
        prefix = { clients: new Set(), changed: new Map() };
        this.#prefixes.set(name, prefix);
      }
      if (prefix.clients.has(client)) continue;
      prefix.clients.add(client);
      client.tracking.prefixes.set(name, bytes);
      client.tracking.prefixesBytes += trackedPrefixBytes + 2 * bytes.length;
    }
  }

  /** Has a client track nothing. What it has read is forgotten when it changes. */
  disable(client: Client): void {
    if (client.tracking === null) return;
    for (const name of client.tracking.prefixes.keys()) {
      const prefix = this.#prefixes.get(name)!;
      prefix.clients.delete(client);
      if (prefix.clients.size === 0) this.#prefixes.delete(name);
    }
    client.tracking = null;
    this.#trackers.delete(client);
  }

  /** A client has read the key `buffer[start, end)`. */
  remember(client: Client, buffer: Uint8Array, start: number, end: number): void {
    const key = buffer.slice(start, end);
    const name = latin1.decode(key);
    let tracked = this.#keys.get(name);
    if (tracked === undefined) {
      tracked = { key, readers: new Set() };
      this.#keys.set(name, tracked);
    }
    if (!tracked.readers.has(client.id)) this.itemCount++;
    tracked.readers.add(client.id);
  }

  /** Sees to the limit of the table: readers of the oldest keys are told that these have changed. */
  limitKeys(): void {
    const { trackingTableMaxKeys } = this.#limits;
    if (trackingTableMaxKeys === 0 || this.#keys.size <= trackingTableMaxKeys) return;
    const excess = Math.min(evictedMax, this.#keys.size - trackingTableMaxKeys);
    let evicted = 0;
    for (const name of this.#keys.keys()) {
      if (evicted++ === excess) return;
      // nobody has changed them
      this.#invalidate(name, null);
    }
  }

  /** The key `buffer[start, end)` has changed. */
  changed(buffer: Uint8Array, start: number, end: number): void {
    const name = latin1.decode(buffer.subarray(start, end));
    if (this.#prefixes.size > 0) this.#noteForBroadcast(name, buffer.slice(start, end));
    this.#invalidate(name, this.#pushes.running);
  }

  /** All keys of a database are gone: everybody is told to forget everything. */
  flushed(): void {
    for (const client of this.#trackers) {
      this.#send(client, client.reply.protocol === 3 ? nullReply : nullBulk);
    }
    this.#keys.clear();
    this.itemCount = 0;
  }

  /** @param by Who has changed the key, and may not want to hear of that. */
  #invalidate(name: string, by: Client | null): void {
    const tracked = this.#keys.get(name);
    if (tracked === undefined) return;
    const keys = encodeArray([tracked.key]);
    for (const id of tracked.readers) {
      const client = this.#clients.byId(id);
      if (!client?.tracking || client.tracking.options.broadcast) continue;
      if (client.tracking.options.noLoop && client === by) continue;
      this.#send(client, keys);
    }
    this.itemCount -= tracked.readers.size;
    this.#keys.delete(name);
  }

  #noteForBroadcast(name: string, key: Uint8Array): void {
    for (const [start, prefix] of this.#prefixes) {
      if (!name.startsWith(start)) continue;
      prefix.changed.set(name, { key, by: this.#pushes.running });
      if (this.#isBroadcastDue) continue;
      this.#isBroadcastDue = true;
      queueMicrotask(() => this.#broadcast());
    }
  }

  #broadcast(): void {
    this.#isBroadcastDue = false;
    for (const { clients, changed } of this.#prefixes.values()) {
      if (changed.size === 0) continue;
      const changes = [...changed.values()];
      const keys = encodeArray(changes.map(({ key }) => key));
      for (const client of clients) {
        if (!client.tracking!.options.noLoop) {
          this.#send(client, keys);
          continue;
        }
        const foreign = changes.filter(({ by }) => by !== client).map(({ key }) => key);
        if (foreign.length > 0) this.#send(client, encodeArray(foreign));
      }
      changed.clear();
    }
  }

  /** Sends an invalidation, whose keys are encoded, to a client or to where it redirects to. */
  #send(client: Client, keys: Uint8Array): void {
    const { redirect } = client.tracking!.options;
    const target = redirect === 0 ? client : this.#clients.byId(redirect);
    if (target === undefined) return this.#redirectionBroken(client, redirect);
    if (target.reply.protocol === 3) {
      this.#pushes.send(target, encodeMessage([invalidateWord], keys));
    } else if (redirect !== 0 && target.subscriptions !== null) {
      this.#pushes.send(target, encodeMessage([messageWord, invalidationChannel], keys));
    }
  }

  #redirectionBroken(client: Client, redirect: number): void {
    client.tracking!.brokenRedirect = true;
    if (client.reply.protocol !== 3) return;
    const id = encoder.encode(`:${redirect}\r\n`);
    this.#pushes.send(client, encodeMessage([redirectionBrokenWord], id));
  }
}
