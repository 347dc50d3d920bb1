/** Keys that change their place: renamed, moved, copied, swapped, with their values and times to live. */
import { assertEquals } from "@std/assert";
import type { Database } from "../../src/keyspace/database.ts";
import { inlineBytesMax } from "../../src/keyspace/record.ts";
import type { Keyspace } from "../../src/keyspace/keyspace.ts";
import { EventLog, find, get, has, keyOf, keys, newKeyspace, set, startMs } from "./support.ts";

const encoder = new TextEncoder();

/** One of each way in which a string is kept. */
const values = ["", "-12345", "9223372036854775807", "text", "r".repeat(100), "x".repeat(100_000)];

function rename(database: Database, from: string, to: string): void {
  const key = encoder.encode(to);
  database.rename(find(database, from), key, 0, key.length);
}

function copy(source: Database, from: string, target: Database, to: string): void {
  const key = encoder.encode(to);
  source.copyTo(target, find(source, from), key, 0, key.length);
}

function ttlMs(database: Database, key: string): number {
  const expiresAtMs = Number(database.expiresAtMs(find(database, key)));
  return expiresAtMs < 0 ? -1 : expiresAtMs - startMs;
}

/** Removes every key and asserts that nothing is left of them. */
function assertNothingLeaks(keyspace: Keyspace, usedBytes: number): void {
  for (const database of keyspace.databases) {
    for (const key of keys(database)) {
      find(database, key);
      database.removeFound(find(database, key));
    }
    assertEquals(database.volatileSize, 0);
  }
  assertEquals(keyspace.heap.usedBytes, usedBytes);
}

Deno.test("a renamed key keeps its value and its time to live", () => {
  const keyspace = newKeyspace();
  const [database] = keyspace.databases;
  const usedBytes = keyspace.heap.usedBytes;
  for (const value of values) {
    set(database, "from", value, { expiresAtMs: startMs + 5000 });
    rename(database, "from", "a much longer name than before");
    assertEquals(has(database, "from"), false);
    assertEquals(get(database, "a much longer name than before"), value);
    rename(database, "a much longer name than before", `to ${value.length}`);
    assertEquals(ttlMs(database, `to ${value.length}`), 5000);
  }
  assertEquals(database.volatileSize, database.size);
  keyspace.setNow(startMs + 5001);
  for (const key of keys(database)) assertEquals(has(database, key), false);
  assertNothingLeaks(keyspace, usedBytes);
});

Deno.test("a moved key takes its value and its time to live along", () => {
  const keyspace = newKeyspace();
  const [source, target] = keyspace.databases;
  const usedBytes = keyspace.heap.usedBytes;
  for (const [i, value] of values.entries()) {
    set(source, `plain ${i}`, value);
    set(source, `volatile ${i}`, value, { expiresAtMs: startMs + 5000 });
    source.moveTo(target, find(source, `plain ${i}`));
    source.moveTo(target, find(source, `volatile ${i}`));
    assertEquals(get(target, `plain ${i}`), value);
    assertEquals(get(target, `volatile ${i}`), value);
    assertEquals(ttlMs(target, `volatile ${i}`), 5000);
  }
  assertEquals([source.size, source.volatileSize], [0, 0]);
  assertEquals([target.size, target.volatileSize], [2 * values.length, values.length]);
  assertNothingLeaks(keyspace, usedBytes);
});

Deno.test("a copy is independent of what it was copied from", () => {
  const keyspace = newKeyspace();
  const [source, target] = keyspace.databases;
  const usedBytes = keyspace.heap.usedBytes;
  for (const value of values) {
    set(source, "from", value, { expiresAtMs: startMs + 5000 });
    copy(source, "from", target, `to ${value.length}`);
    set(source, "from", "z".repeat(value.length));
    assertEquals(get(target, `to ${value.length}`), value);
    assertEquals(ttlMs(target, `to ${value.length}`), 5000);
  }
  copy(source, "from", source, "beside");
  assertEquals(get(source, "beside"), "z".repeat(values.at(-1)!.length));
  assertEquals(ttlMs(source, "beside"), -1);
  assertNothingLeaks(keyspace, usedBytes);
});

Deno.test("swapped databases exchange their keys and keep their numbers", () => {
  const events = new EventLog();
  const keyspace = newKeyspace({ events });
  const [first, second] = keyspace.databases;
  set(first, "a", "1", { expiresAtMs: startMs + 5000 });
  set(second, "b", "2");
  first.swapWith(second);
  assertEquals([keys(first), keys(second)], [["b"], ["a"]]);
  assertEquals([first.index, second.index], [0, 1]);
  assertEquals([first.volatileSize, second.volatileSize], [0, 1]);
  keyspace.setNow(startMs + 5001);
  assertEquals(has(second, "a"), false);
  assertEquals(events.lines, ["swapped 0 1", "expired 1 a"]);
});

Deno.test("a string that grows step by step keeps its bytes, its key and its time to live", () => {
  const keyspace = newKeyspace();
  const [database] = keyspace.databases;
  const usedBytes = keyspace.heap.usedBytes;
  let expected = "12";
  set(database, "key", expected, { expiresAtMs: startMs + 5000 });
  for (let length = 3; length < 3 * inlineBytesMax; length = Math.ceil(length * 1.37)) {
    const added = "abcdefgh".repeat(length).slice(0, length - expected.length);
    const record = database.resizeString(find(database, "key"), length);
    database.locateValue(record);
    encoder.encodeInto(
      added,
      database.valueBuffer.subarray(database.valueStart + expected.length, database.valueEnd),
    );
    expected += added;
    assertEquals(get(database, "key"), expected);
    assertEquals(ttlMs(database, "key"), 5000);
  }
  assertNothingLeaks(keyspace, usedBytes);
});

Deno.test("a random key is one that lives", () => {
  const keyspace = newKeyspace();
  const [database] = keyspace.databases;
  for (let i = 0; i < 20; i++) set(database, `gone ${i}`, "1", { expiresAtMs: startMs + 10 });
  set(database, "stays", "1");
  keyspace.setNow(startMs + 11);
  assertEquals(keyOf(database, database.randomRecord()), "stays");
  database.removeFound(find(database, "stays"));
  assertEquals(database.randomRecord(), 0);
  assertEquals(database.size, 0);
});
