/** What a log says of consumer groups, when it is run again. */
import { assertEquals } from "@std/assert";
import { ManualClock } from "../../src/clock.ts";
import { run } from "../net/support.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { StoredServer } from "../support/stored_server.ts";

const lines = ["save ''", "appendonly yes"];
const startMs = Date.UTC(2026, 0, 1);

Deno.test("a log that is run again keeps when entries were delivered, and sees consumers now", async () => {
  const storage = new SimulatedStorage();
  {
    await using stored = await StoredServer.start(storage, lines, new ManualClock(startMs));
    const client = await stored.connect();
    await run(client, "XADD stream 1-1 field value");
    await run(client, "XGROUP CREATE stream group 0");
    await run(client, "XGROUP CREATECONSUMER stream group idle");
    assertEquals(
      await run(client, "XREADGROUP GROUP group reader STREAMS stream >"),
      "stream 1-1 field value",
    );
  }
  const laterMs = startMs + 60_000;
  await using stored = await StoredServer.start(storage, lines, new ManualClock(laterMs));
  const client = await stored.connect();
  assertEquals(await run(client, "XPENDING stream group - + 9"), "1-1 reader 60000 1");
  assertEquals(
    await run(client, "XINFO CONSUMERS stream group"),
    "name idle pending 0 idle 0 inactive -1 name reader pending 1 idle 0 inactive 0",
  );
});
