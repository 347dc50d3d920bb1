/** Which events the latency monitor is told of, on a machine where whatever is timed takes long. */
import { assertEquals, assertMatch } from "@std/assert";
import { ManualClock } from "../../src/clock.ts";
import { run, until } from "../net/support.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { StoredServer, turns } from "../support/stored_server.ts";

const stepMs = 10;

/** Goes on by some milliseconds with each look. */
class SlowClock extends ManualClock {
  override monotonicUs(): number {
    this.block(stepMs);
    return super.monotonicUs();
  }
}

async function slowServer(...lines: string[]): Promise<StoredServer> {
  const config = ["save ''", `latency-monitor-threshold ${stepMs}`, ...lines];
  return await StoredServer.start(new SimulatedStorage(), config, new SlowClock(1_000_000));
}

function eventsOf({ server: { latency } }: StoredServer): string[] {
  return [...latency.events.keys()].filter((event) => !event.includes("command")).sort();
}

Deno.test("slow writes, syncs and renames of the log are latency events", async () => {
  await using stored = await slowServer("appendonly yes", "appendfsync always");
  const client = await stored.connect();
  await run(client, "SET key value");
  const always = ["aof-fsync-always", "aof-write", "aof-write-alone"];
  assertEquals(eventsOf(stored), always);
  assertMatch(await run(client, "LATENCY HISTORY aof-write"), /^\d+ 10/);
  await run(client, "CONFIG SET rdb-key-save-delay 10000000");
  await run(client, "BGREWRITEAOF");
  await run(client, "SET key other");
  await until(() => {
    stored.clock.advance(1000);
    return !stored.server.persistence.aof.isRewriting;
  });
  assertEquals(eventsOf(stored), [
    "aof-fsync-always",
    "aof-rename",
    "aof-write",
    "aof-write-active-child",
    "aof-write-alone",
  ]);
  assertMatch(
    await run(client, "LATENCY DOCTOR"),
    /aof-rename: 1 latency spikes .*The disk was slow/s,
  );
});

Deno.test("a slow slice of removing what is past its time is a latency event", async () => {
  await using stored = await slowServer();
  const client = await stored.connect();
  await run(client, "SET key value PX 5000");
  stored.clock.advance(10_000);
  await turns(2);
  assertEquals(eventsOf(stored), ["expire-cycle"]);
  assertMatch(await run(client, "LATENCY DOCTOR"), /Removing keys took long/);
});

Deno.test("slow eviction is a latency event", async () => {
  await using stored = await slowServer("maxmemory-policy allkeys-random");
  const client = await stored.connect();
  for (let i = 0; i < 10; i++) await run(client, `SET key:${i} value`);
  await run(client, "CONFIG SET maxmemory 1");
  await run(client, "SET key value");
  assertEquals(eventsOf(stored).includes("eviction-cycle"), true);
});
