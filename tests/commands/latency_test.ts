import { assertEquals, assertMatch } from "@std/assert";
import { withServer } from "./server_support.ts";

Deno.test("commands beyond the threshold are latency events", async () => {
  await withServer(async ({ run, advance }) => {
    await run("CONFIG SET latency-monitor-threshold 10");
    const startSeconds = Number((await run("TIME") as string[])[0]);
    await run("DEBUG SLEEP 0.009");
    assertEquals(await run("LATENCY LATEST"), []);
    await run("DEBUG SLEEP 0.03");
    await advance(10_000);
    await run("DEBUG SLEEP 0.02");
    const history = await run("LATENCY HISTORY command") as [number, number][];
    assertEquals(history.map(([, latencyMs]) => latencyMs), [30, 20]);
    assertEquals(history.map(([atSeconds]) => atSeconds - startSeconds < 12), [true, true]);
    const [atSeconds] = history[1];
    assertEquals(await run("LATENCY LATEST"), [["command", atSeconds, 20, 30]]);
    assertMatch(String(await run("LATENCY DOCTOR")), /\n1\. command: 2 latency spikes/);
    assertMatch(String(await run("LATENCY GRAPH command")), /^command - high 30 ms, low 20 ms/);
    assertEquals(await run("LATENCY RESET fast-command COMMAND"), 1);
    assertEquals(await run("LATENCY HISTORY command"), []);
  });
});

Deno.test("LATENCY HISTOGRAM counts each command alone and a container's together", async () => {
  await withServer(async ({ run }) => {
    await run("CONFIG RESETSTAT");
    await run("DEBUG SLEEP 0.003");
    await run("DEBUG SLEEP 0.001");
    await run("CONFIG GET port");
    await run("HELLO 3");
    assertEquals(
      await run("LATENCY HISTOGRAM debug"),
      new Map([
        [
          "debug",
          new Map<string, unknown>([["calls", 2], [
            "histogram_usec",
            new Map([[1056, 1], [4227, 2]]),
          ]]),
        ],
      ]),
    );
    const ofConfig = await run("LATENCY HISTOGRAM config config|get bogus") as Map<string, unknown>;
    assertEquals([...ofConfig.keys()].sort(), ["config|get", "config|resetstat"]);
  });
});
