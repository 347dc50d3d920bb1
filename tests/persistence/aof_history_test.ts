/** The files that a rewrite has replaced go, and a server that has ended does nothing more. */
import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { run } from "../net/support.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { StoredServer } from "../support/stored_server.ts";

/** A disk that needs some time to free what a file took. */
class SlowToRemove extends SimulatedStorage {
  override async remove(path: string): Promise<void> {
    await delay(50);
    await super.remove(path);
  }
}

Deno.test("a server that has ended has removed what its log has no use for", async () => {
  const storage = new SlowToRemove();
  {
    await using stored = await StoredServer.start(storage, ["save ''", "appendonly yes"]);
    const client = await stored.connect();
    const { aof } = stored.server.persistence;
    await run(client, "SET key value");
    await run(client, "BGREWRITEAOF");
    while (aof.isRewriting) await run(client, "PING");
  }
  assertEquals(storage.paths.toSorted(), [
    "/data/appendonlydir/appendonly.aof.2.base.rdb",
    "/data/appendonlydir/appendonly.aof.2.incr.aof",
    "/data/appendonlydir/appendonly.aof.manifest",
  ]);
});
