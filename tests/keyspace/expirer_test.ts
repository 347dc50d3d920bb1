import { assert, assertEquals } from "@std/assert";
import { type CancelTimer, ManualClock } from "../../src/clock.ts";
import { Expirer } from "../../src/keyspace/expirer.ts";
import type { Keyspace } from "../../src/keyspace/keyspace.ts";
import { randomBelow } from "../../src/random.ts";
import { testScale, withSeed } from "../support/property.ts";
import { EventLog, get, has, keys, newKeyspace, set, startMs } from "./support.ts";

/** A clock that counts the timers that were set. */
class CountingClock extends ManualClock {
  timersSet = 0;

  override after(delayMs: number, run: () => void): CancelTimer {
    this.timersSet++;
    return super.after(delayMs, run);
  }
}

/** A clock whose monotonic time goes on with every look, as if work took time. */
class BusyClock extends ManualClock {
  #elapsedUs = 0;
  /** What the timer that was set last is to run. */
  run: (() => void) | null = null;

  override monotonicUs(): number {
    return this.#elapsedUs += 400;
  }

  override after(_delayMs: number, run: () => void): CancelTimer {
    this.run = run;
    return () => this.run = null;
  }
}

function newExpirer(keyspace: Keyspace, clock = new ManualClock(startMs)) {
  const expirer = new Expirer(keyspace, clock);
  expirer.start();
  return { clock, expirer };
}

Deno.test("a key goes in the millisecond of its expiry without being asked for", () => {
  const events = new EventLog();
  const keyspace = newKeyspace({ events });
  const { clock, expirer } = newExpirer(keyspace);
  const [first, second] = keyspace.databases;
  set(first, "soon", "1", { expiresAtMs: startMs + 1000 });
  set(first, "later", "2", { expiresAtMs: startMs + 100_000 });
  set(first, "never", "3");
  set(second, "soon", "4", { expiresAtMs: startMs + 1001 });
  expirer.schedule();

  clock.advance(999);
  assertEquals([first.size, second.size], [3, 1]);
  clock.advance(1);
  assertEquals([keys(first), keys(second)], [["later", "never"], ["soon"]]);
  clock.advance(1);
  assertEquals(second.size, 0);
  assertEquals(events.lines, ["expired 0 soon", "expired 1 soon"]);
  assertEquals(keyspace.stats.expired, 2);
  clock.advance(99_000);
  assertEquals(keys(first), ["never"]);
  assertEquals([first.volatileSize, keyspace.nextDueMs], [0, Infinity]);
});

Deno.test("a key armed for an earlier time wakes the expirer earlier", () => {
  const keyspace = newKeyspace();
  const { clock, expirer } = newExpirer(keyspace);
  const [database] = keyspace.databases;
  set(database, "later", "1", { expiresAtMs: startMs + 500 });
  expirer.schedule();
  set(database, "sooner", "2", { expiresAtMs: startMs + 5 });
  expirer.schedule();
  clock.advance(5);
  assertEquals(keys(database), ["later"]);
});

Deno.test("scheduling again and again neither sets a timer anew nor puts it off", () => {
  const keyspace = newKeyspace();
  const clock = new CountingClock(startMs);
  const { expirer } = newExpirer(keyspace, clock);
  const [database] = keyspace.databases;
  for (let i = 0; i < 100; i++) {
    set(database, `key:${i}`, "1", { expiresAtMs: startMs - i });
    expirer.schedule();
  }
  assertEquals(clock.timersSet, 1);
});

Deno.test("without volatile keys the expirer sleeps", () => {
  const keyspace = newKeyspace();
  const clock = new CountingClock(startMs);
  const { expirer } = newExpirer(keyspace, clock);
  set(keyspace.databases[0], "key", "1");
  expirer.schedule();
  clock.advance(60_000);
  assertEquals(clock.timersSet, 0);
});

Deno.test("a million keys that expire in one millisecond go in slices", () => {
  const keyspace = newKeyspace();
  const clock = new CountingClock(startMs);
  const { expirer } = newExpirer(keyspace, clock);
  const [database] = keyspace.databases;
  const count = 1_000_000;
  const dueMs = startMs + 100_000;
  for (let i = 0; i < count; i++) set(database, `key:${i}`, "1", { expiresAtMs: dueMs });
  set(database, "other", "1", { expiresAtMs: dueMs + 1 });
  expirer.schedule();

  // they are brought close in slices, ahead of time
  clock.advance(dueMs - 1 - startMs);
  assertEquals(database.size, count + 1);
  assertEquals(database.wheel.cascade(1), 0);
  const stepsMax = 128 * 32;
  const { timersSet } = clock;
  clock.advance(1);
  assertEquals(keys(database), ["other"]);
  assert(clock.timersSet - timersSet >= count / stepsMax, "between slices the event loop runs");
  assert(expirer.stats.timeCapReached >= count / stepsMax);
});

Deno.test("a slice ends when its time is up", () => {
  const keyspace = newKeyspace();
  const clock = new BusyClock(startMs);
  const { expirer } = newExpirer(keyspace, clock);
  const [database] = keyspace.databases;
  for (let i = 0; i < 1000; i++) set(database, `key:${i}`, "1", { expiresAtMs: startMs });
  expirer.schedule();
  for (let slices = 1; database.size > 0; slices++) {
    const before = database.size;
    clock.run?.();
    // with 400 µs between looks at the clock, a slice of 1 ms is three batches of 32 keys
    assertEquals(before - database.size, Math.min(96, before));
    assertEquals(expirer.stats.elapsedUs, slices * 1200);
    assertEquals(expirer.stats.timeCapReached, database.size > 0 ? slices : slices - 1);
  }
});

Deno.test("databases take turns", () => {
  const events = new EventLog();
  const keyspace = newKeyspace({ events });
  const { clock, expirer } = newExpirer(keyspace);
  const [first, , third] = keyspace.databases;
  for (let i = 0; i < 100; i++) {
    set(first, `key:${i}`, "1", { expiresAtMs: startMs + 1 });
    set(third, `key:${i}`, "1", { expiresAtMs: startMs + 1 });
  }
  expirer.schedule();
  clock.advance(1);
  const turns = events.lines.map((line) => line.split(" ")[1]).join("").match(/(.)\1*/g);
  assertEquals(turns?.length, 8);
});

Deno.test("DEBUG SET-ACTIVE-EXPIRE 0 leaves keys until they are accessed", () => {
  const keyspace = newKeyspace();
  const { clock, expirer } = newExpirer(keyspace);
  const [database] = keyspace.databases;
  expirer.enabled = false;
  set(database, "a", "1", { expiresAtMs: startMs + 1 });
  set(database, "b", "1", { expiresAtMs: startMs + 1 });
  expirer.schedule();
  clock.advance(10);
  assertEquals(database.size, 2);
  keyspace.setNow(clock.nowMs());
  assertEquals(has(database, "a"), false);
  assertEquals([database.size, database.volatileSize], [1, 1]);
  expirer.enabled = true;
  clock.advance(0);
  assertEquals(database.size, 0);
});

Deno.test("flushed databases are freed in slices, even while keys don't expire", () => {
  const keyspace = newKeyspace();
  const { clock, expirer } = newExpirer(keyspace);
  const [database] = keyspace.databases;
  const emptyBytes = keyspace.heap.usedBytes;
  for (let i = 0; i < 10_000; i++) set(database, `key:${i}`, "x".repeat(i % 100));
  set(database, "large", "x".repeat(100_000));
  for (let i = 0; i < 100; i++) {
    set(database, `volatile:${i}`, "1", { expiresAtMs: startMs + 1 + i * 1000 });
  }
  expirer.enabled = false;
  database.flush();
  assertEquals(database.size, 0);
  assert(keyspace.heap.usedBytes > emptyBytes);
  set(database, "new", "1");
  expirer.schedule();
  clock.advance(0);
  assertEquals([keyspace.reclaimer.pending, get(database, "new")], [false, "1"]);
  database.flush();
  expirer.schedule();
  clock.advance(0);
  assertEquals(keyspace.heap.usedBytes, emptyBytes);
  keyspace.heap.checkInvariants();
});

Deno.test("a flush of few keys frees them at once and leaves nothing for the collector", () => {
  const keyspace = newKeyspace();
  const [database] = keyspace.databases;
  const emptyBytes = keyspace.heap.usedBytes;
  const { dict, wheel, fieldTimers } = database;
  for (let i = 0; i < 100; i++) {
    set(database, `key:${i}`, "x", { expiresAtMs: i % 2 === 0 ? undefined : startMs + i });
  }
  database.flush();
  assertEquals(keyspace.heap.usedBytes, emptyBytes);
  assertEquals([database.size, database.volatileSize, keyspace.reclaimer.pending], [0, 0, false]);
  assert(database.dict === dict && database.wheel === wheel);
  assert(database.fieldTimers === fieldTimers);
  set(database, "key:1", "again");
  assertEquals([get(database, "key:1"), get(database, "key:2")], ["again", null]);
});

Deno.test("a wall clock set forward is noticed within a second, one set back expires nothing", () => {
  /** A clock that shows another time than its timers go by. */
  class SetClock extends ManualClock {
    offsetMs = 0;
    override nowMs(): number {
      return super.nowMs() + this.offsetMs;
    }
  }
  const keyspace = newKeyspace();
  const clock = new SetClock(startMs);
  const { expirer } = newExpirer(keyspace, clock);
  const [database] = keyspace.databases;
  set(database, "key", "1", { expiresAtMs: startMs + 3_600_000 });
  set(database, "later", "1", { expiresAtMs: startMs + 7_200_000 });
  expirer.schedule();
  clock.offsetMs = 3_600_000;
  clock.advance(1000);
  assertEquals(keys(database), ["later"]);
  clock.offsetMs = -3_600_000;
  clock.advance(3_600_000);
  set(database, "key", "1", { expiresAtMs: startMs + 2000 });
  expirer.schedule();
  clock.advance(999);
  assertEquals(keys(database), ["key", "later"]);
  clock.advance(1);
  assertEquals(keys(database), ["later"]);
});

Deno.test("after stop() nothing is set any more", () => {
  const keyspace = newKeyspace();
  const { clock, expirer } = newExpirer(keyspace);
  const [database] = keyspace.databases;
  set(database, "key", "1", { expiresAtMs: startMs + 1 });
  expirer.schedule();
  expirer.stop();
  expirer.schedule();
  clock.advance(10);
  assertEquals(database.size, 1);
});

Deno.test("keys are there until their time, as in a map of times", () => {
  withSeed((random) => {
    const keyspace = newKeyspace({ random });
    const { clock, expirer } = newExpirer(keyspace);
    const model = keyspace.databases.map(() => new Map<string, number>());
    const emptyBytes = keyspace.heap.usedBytes;
    for (let step = 0; step < 5000 * testScale(); step++) {
      const index = randomBelow(random, model.length);
      const database = keyspace.databases[index];
      const key = `key:${randomBelow(random, 200)}`;
      const kind = randomBelow(random, 100);
      const ttlMs = 1 + randomBelow(random, 10 ** (1 + randomBelow(random, 5)));
      if (kind < 50) {
        const keepTtl = randomBelow(random, 3) === 0;
        const expiresAtMs = keepTtl ? undefined : clock.nowMs() + ttlMs;
        const value = "v".repeat(randomBelow(random, kind === 0 ? 50_000 : 100));
        set(database, key, value, { expiresAtMs, keepTtl });
        const oldMs = model[index].get(key) ?? 0;
        const keptMs = oldMs > clock.nowMs() ? oldMs : Infinity;
        model[index].set(key, expiresAtMs ?? keptMs);
      } else if (kind < 60) {
        set(database, key, `${step}`);
        model[index].set(key, Infinity);
      } else if (kind === 60 && randomBelow(random, 10) === 0) {
        database.flush();
        model[index].clear();
      } else if (kind < 90) {
        clock.advance(kind < 80 ? 1 : ttlMs);
        keyspace.setNow(clock.nowMs());
      }
      expirer.schedule();
      if (step % 10 !== 0) continue;
      // whatever is due now goes now
      clock.advance(0);
      for (const [index, times] of model.entries()) {
        for (const [key, expiresAtMs] of times) {
          if (expiresAtMs <= clock.nowMs()) times.delete(key);
        }
        const database = keyspace.databases[index];
        assertEquals(keys(database), [...times.keys()].sort());
        const volatile = [...times.values()].filter((expiresAtMs) => expiresAtMs < Infinity);
        assertEquals(database.volatileSize, volatile.length);
        database.wheel.checkInvariants();
      }
    }
    for (const database of keyspace.databases) database.flush();
    while (keyspace.reclaimer.pending) keyspace.reclaimer.slice(1000);
    assertEquals(keyspace.heap.usedBytes, emptyBytes);
  });
});
