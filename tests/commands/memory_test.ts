import { assert, assertEquals } from "@std/assert";
import { withServer } from "./server_support.ts";

Deno.test("MEMORY USAGE counts the value and the time to live", async () => {
  await withServer(async ({ run }) => {
    const usage = async () => Number(await run("MEMORY USAGE key"));
    await run("SET key short");
    const short = await usage();
    await run("EXPIRE key 100");
    const volatile = await usage();
    await run(`SET key ${"v".repeat(100_000)}`);
    assert(short >= "key".length + "short".length);
    assert(volatile > short);
    assert(await usage() >= 100_000);
  });
});

Deno.test("MEMORY STATS tells of each database that has keys", async () => {
  await withServer(async ({ run }) => {
    await run("HELLO 3");
    await run("SET a 1");
    await run("SELECT 3");
    await run("SET b 2 EX 100");
    const stats = await run("MEMORY STATS") as Map<string, unknown>;
    assertEquals(stats.get("keys.count"), 2);
    assertEquals([...stats.keys()].filter((key) => key.startsWith("db.")), [
      "db.0",
      "db.3",
      "db.dict.rehashing.count",
    ]);
    const volatile = stats.get("db.3") as Map<string, number>;
    assertEquals([...volatile.keys()], ["overhead.hashtable.main", "overhead.hashtable.expires"]);
    assert(volatile.get("overhead.hashtable.expires")! > 0);
    assertEquals(stats.get("total.allocated"), stats.get("allocator.allocated"));
  });
});

Deno.test("MEMORY DOCTOR looks at a full server", async () => {
  await withServer(async ({ run, advance }) => {
    assertEquals(String(await run("MEMORY DOCTOR")).startsWith("Hi Sam, this instance"), true);
    await run("DEBUG POPULATE 3 key 3000000");
    assertEquals(String(await run("MEMORY DOCTOR")).startsWith("Hi Sam, I can't find"), true);
    await run("FLUSHALL");
    // what was flushed is freed in slices
    await advance(100);
    assertEquals(String(await run("MEMORY DOCTOR")).startsWith("Hi Sam, this instance"), true);
  });
});
