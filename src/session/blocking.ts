/**
 * Clients that wait for keys (BLPOP, XREAD BLOCK and their like), and the keys that may serve them.
 *
 * A key that somebody waits for has a queue, first come, first served. `command/propagation.ts` tells of
 * every key that changes; one with a queue becomes ready, and the dispatcher, who alone runs commands,
 * takes the ready keys when the command that changed them is over. While nobody waits, a change costs
 * one look at `clientCount`. Keys are strings of their bytes: there are as many as are waited for.
 */
import type { CancelTimer, Clock } from "../clock.ts";
import type { Database } from "../keyspace/database.ts";
import type { Arguments } from "../resp/arguments.ts";
import type { ReplyWriter } from "../resp/reply_writer.ts";
import type { Client } from "./client.ts";
import { KeyFilter } from "./key_filter.ts";

/** What a client waits for. */
export interface BlockRequest {
  /** The keys, as positions among the arguments: `keyCount` from `firstKey` on. */
  readonly firstKey: number;
  readonly keyCount: number;
  /** The `ValueType` that can serve it. */
  readonly type: number;
  /** How long it waits; 0 is for ever. */
  readonly timeoutMs: number;
  /** The reply to one that waited in vain. */
  readonly replyNothing: (reply: ReplyWriter) => void;
  /** Whether it also ends when a key goes or gets another type (XREADGROUP). */
  readonly endsWithKey?: boolean;
  /** What is to be run when a key may serve it, where that is not the request itself (XREAD with `$`). */
  readonly args?: Arguments;
}

/** A client that waits. */
export interface BlockedClient {
  readonly client: Client;
  /** What is run when a key may serve it, in a buffer of its own. */
  readonly args: Arguments;
  readonly type: number;
  readonly endsWithKey: boolean;
  readonly replyNothing: (reply: ReplyWriter) => void;
  readonly keys: Set<AwaitedKey>;
  /** False while its command is run again, until that asks to wait on. */
  waits: boolean;
  /** How long its command has run so far, waiting not counted. */
  runUs: number;
  /** Takes its timeout back; null where it has none. */
  cancelTimer: CancelTimer | null;
}

/** A key that somebody waits for. */
export interface AwaitedKey {
  readonly database: Database;
  readonly key: Uint8Array;
  /** In the order in which they came. */
  readonly queue: Set<BlockedClient>;
  /** How many of them end their wait when the key goes. */
  endingCount: number;
  ready: boolean;
}

const latin1 = new TextDecoder("latin1");

function nameOf(database: Database, buffer: Uint8Array, start: number, end: number): string {
  return `${database.index} ${latin1.decode(buffer.subarray(start, end))}`;
}

/** Who acts on what the registry notices. */
export interface BlockingListener {
  /** A key has become ready, and none was: `takeReady` is due. */
  keysReady(): void;
  /** A client has waited as long as it would. */
  timedOut(client: Client): void;
}

export class Blocking {
  readonly #keys = new Map<string, AwaitedKey>();
  /** Of the keys in `#keys`, whatever their database. */
  readonly #filter = new KeyFilter();
  #ready: AwaitedKey[] = [];
  readonly #clock: Clock;
  readonly #listener: BlockingListener;
  /** Clients that wait. */
  clientCount = 0;
  /** Clients that wait no longer than until a moment. */
  timedCount = 0;

  constructor(clock: Clock, listener: BlockingListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Keys that somebody waits for. */
  get keyCount(): number {
    return this.#keys.size;
  }

  /** Keys whose going ends somebody's wait. */
  get endingKeyCount(): number {
    let count = 0;
    for (const { endingCount } of this.#keys.values()) if (endingCount > 0) count++;
    return count;
  }

  /** Keys that have become ready and are not taken yet. */
  get readyCount(): number {
    return this.#ready.length;
  }

  /** Has a client wait at the end of the queues of the keys that it names in `args`. */
  add(client: Client, args: Arguments, request: BlockRequest): void {
    const { type, endsWithKey = false, replyNothing } = request;
    const blocked: BlockedClient = {
      ...{ client, type, endsWithKey, replyNothing },
      args: (request.args ?? args).copy(),
      keys: new Set(),
      waits: true,
      runUs: 0,
      cancelTimer: null,
    };
    const { buffer, starts, ends } = args;
    for (let i = request.firstKey; i < request.firstKey + request.keyCount; i++) {
      const awaited = this.#awaited(client.database, buffer, starts[i], ends[i]);
      // a key may be named twice
      if (blocked.keys.has(awaited)) continue;
      blocked.keys.add(awaited);
      awaited.queue.add(blocked);
      if (endsWithKey) awaited.endingCount++;
    }
    client.blocked = blocked;
    this.clientCount++;
    if (request.timeoutMs > 0) {
      this.timedCount++;
      this.#arm(blocked, this.#clock.nowMs() + request.timeoutMs);
    }
  }

  /** Ends a client's wait; it may not wait at all. */
  remove(client: Client): void {
    const { blocked } = client;
    if (blocked === null) return;
    client.blocked = null;
    this.clientCount--;
    if (blocked.cancelTimer !== null) {
      this.timedCount--;
      blocked.cancelTimer();
    }
    for (const awaited of blocked.keys) {
      const { database, key, queue } = awaited;
      queue.delete(blocked);
      if (blocked.endsWithKey) awaited.endingCount--;
      if (queue.size > 0) continue;
      this.#keys.delete(nameOf(database, key, 0, key.length));
      this.#filter.remove(key);
    }
  }

  /** A key has changed. */
  changed(database: Database, buffer: Uint8Array, start: number, end: number): void {
    if (!this.#filter.mayHold(buffer, start, end)) return;
    const awaited = this.#keys.get(nameOf(database, buffer, start, end));
    if (awaited !== undefined) this.#setReady(awaited);
  }

  /** A database's contents have changed altogether. */
  replaced(database: Database): void {
    for (const awaited of this.#keys.values()) {
      if (awaited.database === database) this.#setReady(awaited);
    }
  }

  /** The key that has been ready for longest, which is so no more; null if none is. */
  takeReady(): AwaitedKey | null {
    const awaited = this.#ready.shift() ?? null;
    if (awaited !== null) awaited.ready = false;
    return awaited;
  }

  #setReady(awaited: AwaitedKey): void {
    if (awaited.ready) return;
    awaited.ready = true;
    if (this.#ready.push(awaited) === 1) this.#listener.keysReady();
  }

  #arm(blocked: BlockedClient, untilMs: number): void {
    const leftMs = untilMs - this.#clock.nowMs();
    // a timer may fire early where the delay was cut to the longest that a platform takes
    blocked.cancelTimer = this.#clock.after(leftMs, () => {
      if (this.#clock.nowMs() < untilMs) this.#arm(blocked, untilMs);
      else this.#listener.timedOut(blocked.client);
    });
  }

  #awaited(database: Database, buffer: Uint8Array, start: number, end: number): AwaitedKey {
    const name = nameOf(database, buffer, start, end);
    let awaited = this.#keys.get(name);
    if (awaited === undefined) {
      awaited = {
        database,
        key: buffer.slice(start, end),
        queue: new Set(),
        endingCount: 0,
        ready: false,
      };
      this.#keys.set(name, awaited);
      this.#filter.add(awaited.key);
    }
    return awaited;
  }
}
