import { assert, assertEquals } from "@std/assert";
import type { Database } from "../../src/keyspace/database.ts";
import {
  accessOf,
  Encoding,
  encodingOf,
  externalBit,
  inlineBytesMax,
} from "../../src/values/record.ts";
import { randomBelow, SeededRandom } from "../../src/random.ts";
import { testScale, withSeed } from "../support/property.ts";
import { EventLog, find, get, has, keys, newKeyspace, set, startMs } from "./support.ts";

function newDatabase(): Database {
  return newKeyspace().databases[0];
}

/** Makes the string of a key this long, new bytes being `fill`. */
function resize(database: Database, key: string, length: number, fill: string): void {
  const oldLength = get(database, key)!.length;
  const record = database.resizeString(find(database, key), length);
  database.locateValue(record);
  const { valueBuffer, valueStart, valueEnd } = database;
  if (length > oldLength) valueBuffer.fill(fill.charCodeAt(0), valueStart + oldLength, valueEnd);
}

Deno.test("a key is seen up to the millisecond of its expiry, and not after", () => {
  const events = new EventLog();
  const keyspace = newKeyspace({ events });
  const [database] = keyspace.databases;
  set(database, "key", "1", { expiresAtMs: startMs + 10 });
  keyspace.setNow(startMs + 10);
  assertEquals(get(database, "key"), "1");
  keyspace.setNow(startMs + 11);
  assertEquals(database.size, 1);
  assertEquals(get(database, "key"), null);
  assertEquals([database.size, database.volatileSize], [0, 0]);
  assertEquals(events.lines, ["expired 0 key"]);
  const { hits, misses, expired } = keyspace.stats;
  assertEquals([hits, misses, expired], [1, 1, 1]);
});

Deno.test("a time to live goes with an overwrite unless it is kept", () => {
  const database = newDatabase();
  set(database, "key", "1", { expiresAtMs: startMs + 10 });
  set(database, "key", "2", { keepTtl: true });
  assertEquals(database.expiresAtMs(find(database, "key")), startMs + 10);
  // kept, too, when the record moves
  set(database, "key", "x".repeat(500), { keepTtl: true });
  assertEquals(database.expiresAtMs(find(database, "key")), startMs + 10);
  database.wheel.checkInvariants();
  database.wheel.advance(startMs + 10);
  assertEquals(database.wheel.firstDue(), find(database, "key"));
  set(database, "key", "3");
  assertEquals(database.expiresAtMs(find(database, "key")), -1);
  assertEquals(database.volatileSize, 0);
});

Deno.test("setExpiry and removeExpiry keep count", () => {
  const database = newDatabase();
  const record = set(database, "key", "1");
  assertEquals(database.removeExpiry(find(database, "key")), false);
  database.setExpiry(find(database, "key"), startMs + 10);
  database.setExpiry(find(database, "key"), 2n ** 63n - 1n);
  assertEquals([database.volatileSize, database.expiresAtMs(record)], [1, 2n ** 63n - 1n]);
  assertEquals(database.removeExpiry(find(database, "key")), true);
  assertEquals([database.volatileSize, database.expiresAtMs(record)], [0, -1]);
});

Deno.test("the keyspace knows the earliest time at which a wheel has something to do", () => {
  const keyspace = newKeyspace();
  assertEquals(keyspace.nextDueMs, Infinity);
  set(keyspace.databases[0], "a", "1", { expiresAtMs: startMs + 200 });
  assertEquals(keyspace.nextDueMs, startMs + 200);
  set(keyspace.databases[1], "b", "1", { expiresAtMs: startMs + 100 });
  set(keyspace.databases[2], "c", "1", { expiresAtMs: startMs + 300 });
  assertEquals(keyspace.nextDueMs, startMs + 100);
});

Deno.test("an overwritten key keeps its LFU counter, whether or not its record moves", () => {
  const keyspace = newKeyspace();
  const [database] = keyspace.databases;
  keyspace.setPolicy({ lfu: true, lfuLogFactor: 0, lfuDecayTime: 1 });
  set(database, "key", "1");
  const counters: number[] = [];
  for (
    const value of ["2", "x".repeat(40), "x".repeat(1000), "x".repeat(inlineBytesMax + 1), "3"]
  ) {
    set(database, "key", value);
    counters.push(accessOf(database.heap, find(database, "key")) & 0xff);
  }
  // from 5, each write being an access; a log factor of 0 has each access count
  assertEquals(counters, [6, 7, 8, 9, 10]);
});

Deno.test("LRU clocks say how long a key has been idle, over the wrap of 24 bits", () => {
  const keyspace = newKeyspace();
  const [database] = keyspace.databases;
  const wrapMs = Math.ceil(startMs / 1000 / 2 ** 24) * 2 ** 24 * 1000;
  keyspace.setNow(wrapMs - 5000);
  const record = set(database, "key", "1");
  keyspace.setNow(wrapMs + 7000);
  assertEquals(keyspace.idleSeconds(accessOf(database.heap, record)), 12);
  keyspace.touchDisabled = true;
  get(database, "key");
  assertEquals(keyspace.idleSeconds(accessOf(database.heap, record)), 12);
  keyspace.touchDisabled = false;
  get(database, "key");
  assertEquals(keyspace.idleSeconds(accessOf(database.heap, record)), 0);
});

Deno.test("LFU counters grow slower the higher they are, and decay by the minute", () => {
  const keyspace = newKeyspace({ random: new SeededRandom(3) });
  const [database] = keyspace.databases;
  keyspace.setPolicy({ lfu: true, lfuLogFactor: 10, lfuDecayTime: 2 });
  const record = set(database, "key", "1");
  const counter = () => keyspace.lfuCounter(accessOf(database.heap, record));
  assertEquals(counter(), 5);
  for (let i = 0; i < 1000; i++) get(database, "key");
  // Redis' own table says 18 for a factor of 10 after 1,000 hits
  assert(counter() >= 14 && counter() <= 22, `${counter()}`);
  const before = counter();
  keyspace.setNow(startMs + 6 * 60_000);
  assertEquals(counter(), before - 3);
  keyspace.setNow(startMs + 1000 * 60_000);
  assertEquals(counter(), 0);
});

Deno.test("strings are kept in the encodings of Redis", () => {
  const database = newDatabase();
  const encodings = [
    ["12345", Encoding.INT],
    ["-9223372036854775808", Encoding.INT],
    ["9223372036854775808", Encoding.EMBSTR],
    ["", Encoding.EMBSTR],
    ["012", Encoding.EMBSTR],
    ["x".repeat(44), Encoding.EMBSTR],
    ["x".repeat(45), Encoding.RAW],
    ["x".repeat(inlineBytesMax), Encoding.RAW],
    ["x".repeat(inlineBytesMax + 1), Encoding.RAW | externalBit],
  ] as const;
  for (const [value, encoding] of encodings) {
    assertEquals(encodingOf(database.heap, set(database, "key", value)), encoding);
    assertEquals(get(database, "key"), value);
  }
});

Deno.test("the snapshot's seam hears of a change before the old value is gone", () => {
  const database = newDatabase();
  const large = "x".repeat(inlineBytesMax + 1);
  set(database, "key", large, { expiresAtMs: startMs + 10 });
  const seen: [string, unknown][] = [];
  const see = (record: number) => {
    database.locateValue(record);
    const { valueBuffer, valueStart, valueEnd } = database;
    const value = new TextDecoder().decode(valueBuffer.slice(valueStart, valueEnd));
    seen.push([value, database.expiresAtMs(record)]);
  };
  const changes = [
    () => set(database, "key", "small"),
    () => set(database, "key", "x".repeat(20), { expiresAtMs: startMs + 20 }),
    () => database.removeExpiry(find(database, "key")),
    () => resize(database, "key", 5, "y"),
    () => database.removeFound(find(database, "key")),
  ];
  for (const change of changes) {
    database.dict.freeze(see);
    change();
    database.dict.thaw();
  }
  assertEquals(seen, [
    [large, startMs + 10],
    ["small", -1],
    ["x".repeat(20), startMs + 20],
    ["x".repeat(20), -1],
    ["xxxxx", -1],
  ]);
});

/** A length of any of the ways in which strings are kept. */
function randomLength(random: SeededRandom): number {
  const kind = randomBelow(random, 20);
  if (kind < 12) return randomBelow(random, 60);
  if (kind < 18) return randomBelow(random, 2000);
  return inlineBytesMax - 50 + randomBelow(random, 100);
}

Deno.test("a database behaves as a map of strings", () => {
  withSeed((random) => {
    const keyspace = newKeyspace({ random });
    const [database] = keyspace.databases;
    const emptyBytes = keyspace.heap.usedBytes;
    const model = new Map<string, string>();
    for (let step = 0; step < 10_000 * testScale(); step++) {
      const key = `key:${randomBelow(random, 300)}`;
      const kind = randomBelow(random, 100);
      const letter = String.fromCharCode(97 + randomBelow(random, 26));
      const old = model.get(key);
      if (kind < 40) {
        const value = kind < 10 ? `${random.uint32()}` : letter.repeat(randomLength(random));
        set(database, key, value, { keepTtl: kind % 2 === 0 });
        model.set(key, value);
      } else if (kind < 60 && old !== undefined) {
        const length = kind < 50 ? old.length + randomBelow(random, 200) : randomLength(random);
        resize(database, key, length, letter);
        model.set(key, old.slice(0, length).padEnd(length, letter));
      } else if (kind < 70 && old !== undefined) {
        const record = find(database, key);
        if (kind < 65) database.setExpiry(record, startMs + 1 + randomBelow(random, 100_000));
        else database.removeExpiry(record);
      } else if (kind < 85) {
        const record = find(database, key);
        assertEquals(record !== 0, model.delete(key));
        if (record !== 0) database.removeFound(record);
      } else if (kind === 99 && randomBelow(random, 20) === 0) {
        database.flush();
        model.clear();
      } else if (kind > 90) {
        keyspace.reclaimer.slice(randomBelow(random, 10));
      }
      assertEquals(get(database, key), model.get(key) ?? null);
      assertEquals(database.size, model.size);
      if (step % 1000 !== 0) continue;
      assertEquals(keys(database), [...model.keys()].sort());
      for (const [key, value] of model) assertEquals(get(database, key), value);
      database.dict.checkInvariants();
      database.wheel.checkInvariants();
      keyspace.heap.checkInvariants();
    }
    database.flush();
    assertEquals(has(database, "key:0"), false);
    while (keyspace.reclaimer.pending) keyspace.reclaimer.slice(100);
    assertEquals(keyspace.heap.usedBytes, emptyBytes, "nothing is leaked");
  });
});
