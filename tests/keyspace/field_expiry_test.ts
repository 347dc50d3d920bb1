/** Fields of hashes go on time, whatever becomes of their hash until then. */
import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../../src/clock.ts";
import type { Database } from "../../src/keyspace/database.ts";
import { Expirer } from "../../src/keyspace/expirer.ts";
import type { Keyspace } from "../../src/keyspace/keyspace.ts";
import { randomBelow } from "../../src/random.ts";
import { neverMs, noFieldMs } from "../../src/values/hash_fields.ts";
import { ValueType } from "../../src/values/record.ts";
import { testScale, withSeed } from "../support/property.ts";
import { EventLog, find, newKeyspace, startMs } from "./support.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A value so long that its hash is a large one. */
const longValue = "x".repeat(100);

function newExpirer(keyspace: Keyspace) {
  const clock = new ManualClock(startMs);
  const expirer = new Expirer(keyspace, clock);
  expirer.start();
  return { clock, expirer };
}

/** HSET of one field, and with a time HPEXPIREAT. */
function setField(
  database: Database,
  key: string,
  field: string,
  value: string,
  expiresAtMs = neverMs,
): void {
  const { hashes } = database.keyspace.values;
  const [a, b, c] = [encoder.encode(key), encoder.encode(field), encoder.encode(value)];
  const record = database.lookupWrite(a, 0, a.length) ||
    database.create(0, a, 0, a.length, ValueType.HASH);
  hashes.set(record, b, 0, b.length, c, 0, c.length, false);
  if (expiresAtMs !== neverMs) setExpiry(database, key, field, expiresAtMs);
}

/** HPEXPIREAT of one field, or with `neverMs` HPERSIST, if there is such a field. */
function setExpiry(database: Database, key: string, field: string, expiresAtMs: number): void {
  const { hashes } = database.keyspace.values;
  const record = find(database, key);
  const bytes = encoder.encode(field);
  if (record === 0) return;
  if (hashes.expiresAtMs(record, bytes, 0, bytes.length) === noFieldMs) return;
  hashes.extend(record);
  if (expiresAtMs !== neverMs) {
    database.setFieldExpiry(record, bytes, 0, bytes.length, expiresAtMs);
  } else {
    hashes.setExpiry(record, bytes, 0, bytes.length, neverMs);
    database.fieldsRemoved(record);
  }
}

/** The fields of a hash that are kept, sorted, be they seen or not. */
function fields(database: Database, key: string): string[] {
  const record = find(database, key);
  const found: string[] = [];
  if (record === 0) return found;
  database.keyspace.values.hashes.forEachKept(record, ({ buffer, start, end }) => {
    found.push(decoder.decode(buffer.subarray(start, end)));
  });
  return found.sort();
}

Deno.test("a field goes in the millisecond of its expiry, and its hash with the last one", () => {
  for (const value of ["1", longValue]) {
    const events = new EventLog();
    const keyspace = newKeyspace({ events });
    const { clock, expirer } = newExpirer(keyspace);
    const [database] = keyspace.databases;
    setField(database, "h", "a", value, startMs + 1000);
    setField(database, "h", "b", value, startMs + 500);
    setField(database, "h", "c", value, startMs + 500);
    setField(database, "other", "d", value);
    expirer.schedule();
    clock.advance(499);
    assertEquals(fields(database, "h"), ["a", "b", "c"]);
    clock.advance(1);
    assertEquals(fields(database, "h"), ["a"]);
    // in whichever order, as both go at once
    assertEquals(events.lines.splice(0, 2).sort(), ["fieldExpired 0 h b", "fieldExpired 0 h c"]);
    assertEquals(events.lines.splice(0), ["changed 0 h", "notify hexpired 0"]);
    assertEquals(database.fieldTimers.wheel.count, 1);
    clock.advance(499);
    assertEquals(fields(database, "h"), ["a"]);
    clock.advance(1);
    assertEquals(events.lines, [
      "fieldExpired 0 h a",
      "changed 0 h",
      "notify hexpired 0",
      "notify del 0",
    ]);
    assertEquals([database.size, database.fieldTimers.wheel.count], [1, 0]);
    assertEquals([keyspace.stats.expiredFields, keyspace.stats.expired], [3, 0]);
    assertEquals(keyspace.nextDueMs, Infinity);
  }
});

Deno.test("a timer that comes too early, as its field goes later now, or never, is set anew", () => {
  const keyspace = newKeyspace();
  const { clock, expirer } = newExpirer(keyspace);
  const [database] = keyspace.databases;
  setField(database, "h", "a", "1", startMs + 10);
  setField(database, "h", "b", "1", startMs + 30);
  setField(database, "h", "a", "2");
  setField(database, "late", "a", "1", startMs + 10);
  setExpiry(database, "late", "a", startMs + 40);
  setField(database, "never", "a", "1", startMs + 10);
  setField(database, "never", "a", "1");
  expirer.schedule();
  clock.advance(10);
  assertEquals(fields(database, "h"), ["a", "b"]);
  assertEquals(database.fieldTimers.wheel.count, 2);
  clock.advance(20);
  assertEquals([fields(database, "h"), fields(database, "late")], [["a"], ["a"]]);
  clock.advance(10);
  assertEquals([database.size, database.fieldTimers.wheel.count], [2, 0]);
  setExpiry(database, "h", "a", startMs + 100);
  setExpiry(database, "h", "a", neverMs);
  assertEquals(database.fieldTimers.wheel.count, 0);
});

Deno.test("the fields of a large hash that are due at once go in slices", () => {
  const keyspace = newKeyspace();
  const { clock, expirer } = newExpirer(keyspace);
  const [database] = keyspace.databases;
  const count = 50_000 * testScale();
  for (let i = 0; i < count; i++) setField(database, "h", `field:${i}`, "1", startMs + 5);
  setField(database, "h", "other", "1");
  const record = find(database, "h");
  const { hashes } = keyspace.values;
  keyspace.setNow(startMs + 6);
  assertEquals([hashes.count(record), hashes.liveCount(record)], [count + 1, 1]);
  keyspace.setNow(startMs);
  let left = count + 1;
  let slices = 0;
  // commands that run between slices see that no slice has done too much
  const watch = () => {
    const now = hashes.count(record);
    assert(left - now <= 128 * 128, "a slice ends");
    if (now < left) slices++;
    left = now;
    if (left > 1) clock.after(0, watch);
  };
  clock.after(5, watch);
  expirer.schedule();
  clock.advance(5);
  assertEquals(fields(database, "h"), ["other"]);
  assert(slices > count / (128 * 128));
  assert(expirer.stats.timeCapReached > 0);
  assertEquals(keyspace.stats.expiredFields, count);
});

Deno.test("while keys and fields don't go by themselves, what asks for a field has it removed", () => {
  const events = new EventLog();
  const keyspace = newKeyspace({ events });
  const { clock, expirer } = newExpirer(keyspace);
  const [database] = keyspace.databases;
  expirer.enabled = false;
  setField(database, "h", "a", "1", startMs + 1);
  setField(database, "h", "b", "1", startMs + 10);
  expirer.schedule();
  clock.advance(10);
  keyspace.setNow(clock.nowMs());
  const record = find(database, "h");
  assertEquals(database.expireField(record, encoder.encode("b"), 0, 1), false);
  assertEquals(database.expireField(record, encoder.encode("x"), 0, 1), false);
  assertEquals(database.expireField(record, encoder.encode("a"), 0, 1), true);
  database.fieldsExpired(record, 1);
  database.fieldsRemoved(record);
  assertEquals(events.lines, ["fieldExpired 0 h a", "changed 0 h", "notify hexpired 0"]);
  expirer.enabled = true;
  clock.advance(0);
  assertEquals(database.size, 0);
});

/** When each field goes, by hash. */
type Model = Map<string, Map<string, number>>;

function removeDue(model: Model, nowMs: number): void {
  for (const hash of model.values()) {
    for (const [field, timeMs] of hash) if (timeMs <= nowMs) hash.delete(field);
  }
}

function assertSame(database: Database, model: Model): void {
  database.fieldTimers.wheel.checkInvariants();
  for (const [key, hash] of model) assertEquals(fields(database, key), [...hash.keys()].sort());
}

Deno.test("hashes of the same fields in other places have fields go as in a map of times", () => {
  withSeed((random) => {
    const keyspace = newKeyspace({ random });
    const { clock, expirer } = newExpirer(keyspace);
    const { databases } = keyspace;
    const emptyBytes = keyspace.heap.usedBytes;
    const model = databases.map((): Model => new Map());
    const textOf = (n: number) => String(randomBelow(random, n));

    for (let step = 0; step < 3000 * testScale(); step++) {
      const i = randomBelow(random, databases.length);
      const [database, hashes] = [databases[i], model[i]];
      const key = textOf(4);
      const record = find(database, key);
      const kind = randomBelow(random, 20);
      const soonMs = clock.nowMs() + 1 + randomBelow(random, 30);
      if (kind < 10) {
        const field = textOf(20);
        const expiresAtMs = kind < 3 ? neverMs : soonMs;
        setField(database, key, field, kind === 0 ? longValue : "1", expiresAtMs);
        if (!hashes.has(key)) hashes.set(key, new Map());
        hashes.get(key)!.set(field, expiresAtMs);
      } else if (kind < 12) {
        const [field, expiresAtMs] = [textOf(20), kind === 10 ? neverMs : soonMs];
        setExpiry(database, key, field, expiresAtMs);
        if (hashes.get(key)?.has(field)) hashes.get(key)!.set(field, expiresAtMs);
      } else if (kind < 16 && record !== 0) {
        // COPY, RENAME, MOVE
        const j = kind === 14 ? randomBelow(random, databases.length) : i;
        const name = kind === 14 ? key : textOf(8);
        if (find(databases[j], name) !== 0) continue;
        const bytes = encoder.encode(name);
        find(database, key);
        model[j].set(name, new Map(hashes.get(key)!));
        if (kind === 12) database.copyTo(databases[j], record, 0, bytes, 0, bytes.length);
        else if (kind === 14) database.moveTo(databases[j], record);
        else database.rename(record, 0, bytes, 0, bytes.length);
        if (kind !== 12) hashes.delete(key);
      } else if (kind === 16 && record !== 0) {
        database.remove(record);
        hashes.delete(key);
      } else if (kind === 17 && randomBelow(random, 20) === 0) {
        database.flush();
        hashes.clear();
      } else if (kind === 18) {
        const j = randomBelow(random, databases.length);
        if (i === j) continue;
        database.swapWith(databases[j]);
        [model[i], model[j]] = [model[j], model[i]];
      } else {
        clock.advance(randomBelow(random, 10));
        keyspace.setNow(clock.nowMs());
      }
      expirer.schedule();
      clock.advance(0);
      model.forEach((hashes) => removeDue(hashes, clock.nowMs()));
      if (step % 20 === 0) databases.forEach((database, i) => assertSame(database, model[i]));
    }
    for (const database of databases) database.flush();
    expirer.schedule();
    clock.advance(0);
    assertEquals(keyspace.heap.usedBytes, emptyBytes);
  });
});
