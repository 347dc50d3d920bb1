import { assert, assertEquals, assertThrows } from "@std/assert";
import { TimerWheel } from "../../src/keyspace/timer_wheel.ts";
import { Heap, HeapFullError } from "../../src/memory/heap.ts";
import { type Random, randomBelow, SeededRandom } from "../../src/random.ts";
import type { Int64 } from "../../src/resp/numbers.ts";
import { testScale, withSeed } from "../support/property.ts";

const startMs = Date.UTC(2026, 0, 1);

function newWheel(nowMs = startMs): { heap: Heap; wheel: TimerWheel } {
  const heap = new Heap();
  return { heap, wheel: new TimerWheel(heap, nowMs) };
}

/** Cascades all there is and removes what is due; returns the owners in order. */
function popAll(wheel: TimerWheel, timers: Map<number, number>): number[] {
  const owners: number[] = [];
  for (;;) {
    const owner = wheel.firstDue();
    if (owner !== 0) {
      owners.push(owner);
      wheel.cancel(timers.get(owner)!);
    } else if (wheel.cascade(64) === 0) {
      return owners;
    }
  }
}

Deno.test("a timer is due in the millisecond of its expiry, whatever the distance", () => {
  const distances = [1, 127, 128, 255, 256, 257, 16384, 32768, 65536, 5e6, 4.2e6, 1e9, 1e11, 8e15];
  for (const distance of distances) {
    const { heap, wheel } = newWheel();
    const timer = wheel.arm(7, startMs + distance);
    for (;;) {
      const nextMs = wheel.nextDueMs();
      assert(nextMs <= startMs + distance, `${distance}: woken too late`);
      wheel.advance(nextMs);
      while (wheel.cascade(1) > 0);
      if (nextMs === startMs + distance) break;
      assertEquals(wheel.firstDue(), 0, `${distance}: due too early`);
    }
    assertEquals(wheel.firstDue(), 7);
    assertEquals(wheel.firstDue(), 7, "stays until it is cancelled");
    wheel.cancel(timer);
    assertEquals([wheel.firstDue(), wheel.count, heap.usedBytes], [0, 0, 0]);
    assertEquals(wheel.nextDueMs(), Infinity);
  }
});

Deno.test("a timer is woken for at most once a level", () => {
  const { wheel } = newWheel();
  wheel.arm(7, startMs + 123_456_789_012);
  let wakes = 0;
  while (wheel.firstDue() === 0) {
    wheel.advance(wheel.nextDueMs());
    while (wheel.cascade(1) > 0);
    wakes++;
  }
  assert(wakes <= 8, `${wakes} wakes`);
});

Deno.test("what expires must not be seen from the millisecond after its expiry on", () => {
  const { wheel } = newWheel();
  const timer = wheel.arm(7, startMs + 10);
  assertEquals(wheel.isDue(timer, startMs + 10), false);
  assertEquals(wheel.isDue(timer, startMs + 11), true);
});

Deno.test("times in the past are due at once, down to the least int64", () => {
  const times: Int64[] = [startMs, startMs - 1, 0, -1, -(2 ** 33), -(2n ** 63n)];
  for (const time of times) {
    const { wheel } = newWheel();
    const timer = wheel.arm(7, time);
    assertEquals(wheel.expiresAtMs(timer), time);
    assertEquals(wheel.nextDueMs(), startMs);
    assertEquals(wheel.firstDue(), 7);
    assertEquals(wheel.isDue(timer, startMs), time < startMs);
  }
});

Deno.test("times beyond 2^53 are kept exactly and never come", () => {
  const { heap, wheel } = newWheel();
  const times: Int64[] = [2 ** 53 - 1, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n];
  for (const time of times) {
    const timer = wheel.arm(7, time);
    assertEquals(wheel.expiresAtMs(timer), time);
    wheel.advance(2 ** 52);
    while (wheel.cascade(10) > 0);
    assertEquals(wheel.firstDue(), 0);
    wheel.checkInvariants();
    wheel.cancel(timer);
  }
  assertEquals(heap.usedBytes, 0);
});

Deno.test("moving a timer forgets its old time", () => {
  const { wheel } = newWheel();
  const timer = wheel.arm(7, startMs + 10);
  wheel.move(timer, startMs + 1000);
  wheel.advance(startMs + 999);
  while (wheel.cascade(10) > 0);
  assertEquals(wheel.firstDue(), 0);
  wheel.advance(startMs + 1000);
  assertEquals(wheel.firstDue(), 7);
  wheel.move(timer, startMs + 2000);
  assertEquals(wheel.firstDue(), 0);
  wheel.setOwner(timer, 8);
  wheel.move(timer, startMs);
  assertEquals([wheel.firstDue(), wheel.owner(timer)], [8, 8]);
});

Deno.test("timers of one millisecond are due in the order in which they were armed", () => {
  const { wheel } = newWheel();
  const timers = new Map<number, number>();
  for (let owner = 1; owner <= 1000; owner++) {
    timers.set(owner, wheel.arm(owner, startMs + 1_000_000));
  }
  wheel.advance(startMs + 1_000_000);
  assertEquals(popAll(wheel, timers), Array.from({ length: 1000 }, (_, i) => i + 1));
});

Deno.test("a slot is cascaded in portions, a whole slot before its time", () => {
  const { wheel } = newWheel();
  const count = 10_000;
  // a slot of level 2, 16,384 ms long: a multiple of that, further away than level 1 reaches
  const slotStartMs = (Math.floor(startMs / 16384) + 4) * 16384;
  for (let owner = 1; owner <= count; owner++) wheel.arm(owner, slotStartMs + owner % 16384);
  assertEquals(wheel.nextDueMs(), slotStartMs - 16384);
  wheel.advance(slotStartMs - 16384);
  for (let left = count; left > 0; left -= 100) {
    assertEquals(wheel.nextDueMs(), slotStartMs - 16384, "there is still something to do");
    assertEquals(wheel.cascade(100), 100);
  }
  assertEquals(wheel.cascade(100), 0);
  assertEquals(wheel.firstDue(), 0);
  assert(wheel.nextDueMs() > slotStartMs - 16384);
  wheel.checkInvariants();
});

Deno.test("a clock that was set back makes nothing due early", () => {
  const { wheel } = newWheel();
  const timers = new Map<number, number>();
  for (let owner = 1; owner <= 500; owner++) {
    timers.set(owner, wheel.arm(owner, startMs + owner * 997));
  }
  wheel.advance(startMs + 100_000);
  wheel.advance(startMs - 3_600_000);
  assertEquals(wheel.nextDueMs(), startMs - 3_600_000, "the timers are to be placed anew");
  assertEquals(popAll(wheel, timers), []);
  wheel.checkInvariants();
  wheel.advance(startMs + 100 * 997);
  assertEquals(popAll(wheel, timers), Array.from({ length: 100 }, (_, i) => i + 1));
});

Deno.test("samples are fair", () => {
  const { wheel } = newWheel();
  const random = new SeededRandom(5);
  assertEquals(wheel.sampleOwner(random), 0);
  // as uneven as can be: most in one slot, others alone, some taken away again
  const timers = new Map<number, number>();
  for (let owner = 1; owner <= 60; owner++) {
    timers.set(owner, wheel.arm(owner, owner <= 40 ? startMs + 50 : startMs + 10 ** (owner % 10)));
  }
  for (let owner = 1; owner <= 60; owner += 3) wheel.cancel(timers.get(owner)!);
  const counts = new Map<number, number>();
  for (let i = 0; i < 40_000; i++) {
    const owner = wheel.sampleOwner(random);
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  assertEquals(counts.size, 40);
  for (const [owner, count] of counts) {
    assert(owner % 3 !== 1 && count > 850 && count < 1150, `${owner} came ${count} times`);
  }
});

Deno.test("a timer without memory is not armed", () => {
  const heap = new Heap({ bytesMax: 32 * 1024 * 1024 });
  const wheel = new TimerWheel(heap, startMs);
  assertThrows(() => {
    for (;;) heap.allocate(4096);
  }, HeapFullError);
  assertThrows(() => wheel.arm(7, startMs + 1), HeapFullError);
  assertEquals([wheel.count, wheel.nextDueMs()], [0, Infinity]);
  wheel.checkInvariants();
});

/** A distance of any magnitude: each level gets its share. */
function randomDistance(random: Random): number {
  const magnitude = 2 ** randomBelow(random, 45);
  const distance = Math.floor(randomBelow(random, 1 << 20) / (1 << 20) * magnitude);
  return randomBelow(random, 20) === 0 ? -distance : distance;
}

Deno.test("a wheel behaves as a list of times", () => {
  withSeed((random) => {
    const { heap, wheel } = newWheel();
    const timers = new Map<number, number>();
    const model = new Map<number, number>();
    let nowMs = startMs;
    let nextOwner = 1;
    for (let step = 0; step < 20_000 * testScale(); step++) {
      const kind = randomBelow(random, 100);
      if (kind < 45) {
        const expiresAtMs = nowMs + randomDistance(random);
        timers.set(nextOwner, wheel.arm(nextOwner, expiresAtMs));
        model.set(nextOwner++, expiresAtMs);
      } else if (kind < 70 && model.size > 0) {
        const owner = [...model.keys()][randomBelow(random, Math.min(model.size, 1000))];
        if (kind < 60) {
          const expiresAtMs = nowMs + randomDistance(random);
          wheel.move(timers.get(owner)!, expiresAtMs);
          model.set(owner, expiresAtMs);
        } else {
          wheel.cancel(timers.get(owner)!);
          model.delete(owner);
        }
      } else if (kind < 80) {
        wheel.cascade(randomBelow(random, 20));
      } else if (kind < 95) {
        // a small step, to just before or on what is next, or far ahead, or back
        if (kind < 85) nowMs += randomBelow(random, 300);
        else if (kind < 90) nowMs = Math.max(nowMs, Math.min(wheel.nextDueMs(), nowMs + 1e12));
        else if (kind < 94) nowMs += Math.max(0, randomDistance(random));
        else nowMs -= randomBelow(random, 100_000);
        wheel.advance(nowMs);
        const owner = wheel.firstDue();
        assert(owner === 0 || model.get(owner)! <= nowMs, "nothing is due early");
      } else {
        const due = [...model].filter(([, expiresAtMs]) => expiresAtMs <= nowMs);
        const owners = popAll(wheel, timers);
        assertEquals(owners.sort((a, b) => a - b), due.map(([owner]) => owner));
        for (const owner of owners) model.delete(owner);
        const leastMs = Math.min(...model.values());
        assert(wheel.nextDueMs() <= leastMs && wheel.nextDueMs() > nowMs);
      }
      assertEquals(wheel.count, model.size);
      if (step % 1000 === 0) wheel.checkInvariants();
    }
    for (const [owner, expiresAtMs] of model) {
      const timer = timers.get(owner)!;
      assertEquals([wheel.owner(timer), wheel.expiresAtMs(timer)], [owner, expiresAtMs]);
      wheel.cancel(timer);
    }
    wheel.checkInvariants();
    assertEquals(heap.usedBytes, 0);
    heap.checkInvariants();
  });
});
