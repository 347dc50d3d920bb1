import { assertEquals } from "@std/assert";
import { ManualClock } from "../../src/clock.ts";
import { Pause } from "../../src/session/pause.ts";

Deno.test("a pause ends at its time", async () => {
  const clock = new ManualClock(1000);
  const pause = new Pause(clock);
  assertEquals(pause.active, false);
  await pause.ended;
  pause.begin(1500, true);
  let ended = false;
  const waiter = pause.ended.then(() => ended = true);
  clock.advance(499);
  assertEquals([pause.active, pause.writesOnly, ended], [true, true, false]);
  clock.advance(1);
  await waiter;
  assertEquals(pause.active, false);
});

Deno.test("a pause can be called off", async () => {
  const pause = new Pause(new ManualClock(1000));
  pause.begin(1e15, false);
  const { ended } = pause;
  pause.end();
  await ended;
  assertEquals(pause.active, false);
});

Deno.test("a second pause makes one under way longer and wider, not shorter nor narrower", () => {
  const clock = new ManualClock(0);
  const pause = new Pause(clock);
  pause.begin(100, true);
  pause.begin(50, false);
  pause.begin(60, true);
  assertEquals(pause.writesOnly, false);
  clock.advance(99);
  assertEquals(pause.active, true);
  clock.advance(1);
  assertEquals(pause.active, false);
  pause.begin(200, true);
  assertEquals(pause.writesOnly, true);
});

Deno.test("a pause that is over when it begins is none", () => {
  const pause = new Pause(new ManualClock(1000));
  pause.begin(1000, false);
  assertEquals(pause.active, false);
});
