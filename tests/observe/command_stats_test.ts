import { assertEquals } from "@std/assert";
import { ConfigValues } from "../../src/config/values.ts";
import { CommandStats } from "../../src/observe/command_stats.ts";

Deno.test("calls of a run share its duration", () => {
  const stats = new CommandStats(2, new ConfigValues());
  stats.record(1, 10, 40);
  assertEquals(stats.calls[1], 10);
  assertEquals(stats.microseconds[1], 40);
  assertEquals(stats.histogram(1)?.cumulative(), [{ upToUs: 4, count: 10 }]);
  assertEquals(stats.histogram(0), null);
});

Deno.test("latency-tracking no keeps the counts and no histogram", () => {
  const values = new ConfigValues();
  values.latencyTracking = false;
  const stats = new CommandStats(1, values);
  stats.record(0, 1, 5);
  assertEquals(stats.calls[0], 1);
  assertEquals(stats.histogram(0), null);
});

Deno.test("reset forgets counts and histograms", () => {
  const stats = new CommandStats(1, new ConfigValues());
  stats.record(0, 1, 5);
  stats.rejected[0]++;
  stats.failed[0]++;
  stats.reset();
  const { calls, microseconds, rejected, failed } = stats;
  assertEquals([calls[0], microseconds[0], rejected[0], failed[0]], [0, 0, 0, 0]);
  assertEquals(stats.histogram(0), null);
});
