/** What the tests of the keyspace share: a keyspace that remembers its events, and keys as text. */
import type { Database } from "../../src/keyspace/database.ts";
import { ConfigValues } from "../../src/config/values.ts";
import { type KeyspaceEvents, NotifyClass } from "../../src/keyspace/events.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import type { Int64 } from "../../src/resp/numbers.ts";
import { SeededRandom } from "../../src/random.ts";
import type { Slice } from "../../src/values/slice.ts";

export const startMs = Date.UTC(2026, 0, 1);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Listens to a keyspace and writes down what it hears, as "expired 0 key". */
export class EventLog implements KeyspaceEvents {
  readonly lines: string[] = [];

  changed(database: Database, buffer: Uint8Array, start: number, end: number): void {
    this.lines.push(`changed ${database.index} ${decoder.decode(buffer.subarray(start, end))}`);
  }

  /** The tests ask for what goes, not for what is there and what is not. */
  notify(notifyClass: number, event: string, database: Database): void {
    if (notifyClass === NotifyClass.NEW || notifyClass === NotifyClass.KEY_MISS) return;
    this.lines.push(`notify ${event} ${database.index}`);
  }

  expired(database: Database, record: number): void {
    this.lines.push(`expired ${database.index} ${keyOf(database, record)}`);
  }

  fieldExpired(database: Database, record: number, field: Slice): void {
    const { buffer, start, end } = field;
    const text = decoder.decode(buffer.subarray(start, end));
    this.lines.push(`fieldExpired ${database.index} ${keyOf(database, record)} ${text}`);
  }

  evicted(database: Database, record: number): void {
    this.lines.push(`evicted ${database.index} ${keyOf(database, record)}`);
  }

  flushed(database: Database): void {
    this.lines.push(`flushed ${database.index}`);
  }

  swapped(first: Database, second: Database): void {
    this.lines.push(`swapped ${first.index} ${second.index}`);
  }
}

/** Hears nothing: for tests with so many keys that a log would be what takes the time. */
export const noEvents: KeyspaceEvents = {
  changed() {},
  notify() {},
  expired() {},
  fieldExpired() {},
  evicted() {},
  flushed() {},
  swapped() {},
};

export function newKeyspace(options: {
  random?: SeededRandom;
  events?: KeyspaceEvents;
  databaseCount?: number;
} = {}): Keyspace {
  return new Keyspace({
    databaseCount: options.databaseCount ?? 4,
    nowMs: startMs,
    hashSeed: new Uint32Array([1, 2]),
    random: options.random ?? new SeededRandom(1),
    events: options.events ?? noEvents,
    limits: new ConfigValues(),
  });
}

export function keyOf(database: Database, record: number): string {
  return decoder.decode(database.keyBytes(record));
}

/** The record of a live key, or 0. */
export function find(database: Database, key: string): number {
  const bytes = encoder.encode(key);
  return database.find(bytes, 0, bytes.length);
}

export function has(database: Database, key: string): boolean {
  return find(database, key) !== 0;
}

/** SET, with a time to live if one is given; returns the record. */
export function set(
  database: Database,
  key: string,
  value: string,
  options: { expiresAtMs?: Int64; keepTtl?: boolean } = {},
): number {
  const keyBytes = encoder.encode(key);
  const bytes = encoder.encode(value);
  const found = database.lookupWrite(keyBytes, 0, keyBytes.length);
  const keepTtl = options.keepTtl ?? false;
  const end = keyBytes.length;
  const record = database.setString(found, keyBytes, 0, end, bytes, 0, bytes.length, keepTtl);
  if (options.expiresAtMs !== undefined) database.setExpiry(record, options.expiresAtMs);
  return record;
}

/** The value of a live key as text, or null. */
export function get(database: Database, key: string): string | null {
  const bytes = encoder.encode(key);
  const record = database.lookupRead(bytes, 0, bytes.length);
  if (record === 0) return null;
  database.locateValue(record);
  return decoder.decode(
    database.valueBuffer.subarray(database.valueStart, database.valueEnd),
  );
}

/** The keys of a database, sorted. */
export function keys(database: Database): string[] {
  const all: string[] = [];
  database.dict.forEach((record) => all.push(keyOf(database, record)));
  return all.sort();
}
