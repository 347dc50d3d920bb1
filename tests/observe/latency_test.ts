import { assertEquals, assertStringIncludes } from "@std/assert";
import { ConfigValues } from "../../src/config/values.ts";
import { describeLatency } from "../../src/observe/latency_doctor.ts";
import { latencyGraph } from "../../src/observe/latency_graph.ts";
import { LatencyMonitor } from "../../src/observe/latency.ts";

Deno.test("a second has one sample: its slowest event", () => {
  const latency = new LatencyMonitor();
  latency.note("command", 20.7, 5000);
  latency.note("command", 30, 5400);
  latency.note("command", 10, 5999);
  latency.note("command", 5, 6000);
  assertEquals(latency.events.get("command"), {
    samples: [{ atSeconds: 5, latencyMs: 30 }, { atSeconds: 6, latencyMs: 5 }],
    maxMs: 30,
  });
});

Deno.test("160 samples are kept, and the slowest event ever", () => {
  const latency = new LatencyMonitor();
  latency.note("command", 1000, 0);
  for (let i = 1; i <= 160; i++) latency.note("command", i, i * 1000);
  const { samples, maxMs } = latency.events.get("command")!;
  assertEquals(samples.length, 160);
  assertEquals(samples[0], { atSeconds: 1, latencyMs: 1 });
  assertEquals(maxMs, 1000);
});

Deno.test("an event can be forgotten once", () => {
  const latency = new LatencyMonitor();
  latency.note("command", 1, 0);
  assertEquals(latency.forget("command"), true);
  assertEquals(latency.forget("command"), false);
});

Deno.test("LATENCY GRAPH draws columns with their ages below", () => {
  const latency = new LatencyMonitor();
  [[10, 1], [20, 60], [30, 62], [40, 65]].forEach(([ms, s]) =>
    latency.note("command", ms, s * 1000)
  );
  assertEquals(
    latencyGraph("command", latency.events.get("command")!, 125_000),
    [
      "command - high 40 ms, low 10 ms (all time high 40 ms)",
      "-".repeat(80),
      "   #",
      "  #|",
      " o||",
      "_|||",
      "    ",
      "2111",
      "mmmm",
      "",
    ].join("\n"),
  );
});

Deno.test("LATENCY DOCTOR sums up each event and advises", () => {
  const latency = new LatencyMonitor();
  const values = new ConfigValues();
  values.latencyMonitorThresholdMs = 1;
  latency.note("command", 10, 100_000);
  latency.note("command", 21, 104_000);
  latency.note("fast-command", 2, 104_000);
  const report = describeLatency(latency.events, values, 110_000);
  assertStringIncludes(
    report,
    "\n1. command: 2 latency spikes (average 15ms, mean deviation 5ms, period 5.00 sec). " +
      "Worst all time event 21ms.\n2. fast-command: 1 latency spikes (average 2ms, mean " +
      "deviation 0ms, period 6.00 sec). Worst all time event 2ms.\n\nI have a few advices",
  );
  assertStringIncludes(report, "CONFIG SET slowlog-log-slower-than 1000'");
});

Deno.test("LATENCY DOCTOR says whether it has not looked or not found", () => {
  const values = new ConfigValues();
  assertStringIncludes(describeLatency(new Map(), values, 0), "Latency monitoring is disabled");
  values.latencyMonitorThresholdMs = 1;
  assertStringIncludes(describeLatency(new Map(), values, 0), "no latency spike was observed");
});
