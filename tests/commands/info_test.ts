import { assertEquals, assertMatch } from "@std/assert";
import { infoFields, usedMemory, withServer } from "./server_support.ts";

/** The titles in INFO's reply. */
function titles(info: unknown): string[] {
  return [...String(info).matchAll(/^# (\w+)\r$/gm)].map((match) => match[1]);
}

Deno.test("INFO says which Redis it is, and which redino", async () => {
  await withServer(async ({ run }) => {
    const fields = infoFields(await run("INFO server"));
    assertEquals(fields.redis_version, "8.0.2");
    assertEquals(fields.redino_version, "0.1.0");
    assertEquals(fields.redis_mode, "standalone");
    assertEquals(fields.process_id, String(Deno.pid));
    assertMatch(fields.run_id, /^[0-9a-f]{40}$/);
    assertMatch(fields.listener0, /^name=tcp,bind=127.0.0.1,port=\d+$/);
  });
});

Deno.test("INFO chooses sections, in the order of the report", async () => {
  await withServer(async ({ run }) => {
    const byDefault = titles(await run("INFO"));
    const all = titles(await run("INFO all"));
    assertEquals(titles(await run("INFO default")), byDefault);
    assertEquals(titles(await run("INFO everything")), all);
    assertEquals(all.filter((title) => !byDefault.includes(title)), [
      "Commandstats",
      "Latencystats",
    ]);
    assertEquals(titles(await run("INFO Keyspace SERVER bogus server")), ["Server", "Keyspace"]);
    assertEquals(titles(await run("INFO commandstats default")).includes("Commandstats"), true);
    assertEquals(await run("INFO bogus"), "");
  });
});

Deno.test("INFO counts commands, their errors and their time", async () => {
  await withServer(async ({ run }) => {
    await run("CONFIG RESETSTAT");
    await run("DEBUG SLEEP 0.002");
    await run("GET key");
    await run("GET");
    await run("SETRANGE key -1 value");
    const stats = infoFields(await run("INFO commandstats latencystats errorstats"));
    assertEquals(
      stats.cmdstat_debug,
      "calls=1,usec=2000,usec_per_call=2000.00,rejected_calls=0,failed_calls=0",
    );
    assertEquals(
      stats.latency_percentiles_usec_debug,
      "p50=2007.039,p99=2007.039,p99.9=2007.039",
    );
    assertMatch(stats.cmdstat_get, /^calls=1,.*,rejected_calls=1,failed_calls=0$/);
    assertMatch(stats.cmdstat_setrange, /^calls=1,.*,rejected_calls=0,failed_calls=1$/);
    assertEquals(stats.errorstat_ERR, "count=2");
  });
});

Deno.test("INFO keyspace tells keys and their average time to live", async () => {
  await withServer(async ({ run, advance }) => {
    await run("SET a 1 PX 3000");
    await run("SET b 2");
    await advance(1000);
    const { db0 } = infoFields(await run("INFO keyspace"));
    assertEquals(db0, "keys=2,expires=1,avg_ttl=2000,subexpiry=0");
  });
});

Deno.test("INFO stats counts hits, misses and expired keys until CONFIG RESETSTAT", async () => {
  await withServer(async ({ run, advance }) => {
    const counted = async () => {
      const { keyspace_hits, keyspace_misses, expired_keys } = infoFields(await run("INFO stats"));
      return [keyspace_hits, keyspace_misses, expired_keys];
    };
    await run("SET key value PX 10");
    await run("GET key");
    await advance(20);
    await run("GET key");
    assertEquals(await counted(), ["1", "1", "1"]);
    await run("CONFIG RESETSTAT");
    assertEquals(await counted(), ["0", "0", "0"]);
  });
});

Deno.test("INFO memory follows the data", async () => {
  await withServer(async (session) => {
    const { run } = session;
    const startup = await usedMemory(session);
    const before = infoFields(await run("INFO memory"));
    await run("SETRANGE key 100000 x");
    const full = infoFields(await run("INFO memory"));
    await run("DEL key");
    const after = infoFields(await run("INFO memory"));
    assertEquals(startup, Number(before.used_memory_startup));
    assertEquals(Number(full.used_memory) - Number(before.used_memory) >= 100_000, true);
    assertEquals(Number(after.used_memory) < Number(full.used_memory), true);
    assertEquals(after.used_memory_peak, full.used_memory);
    assertMatch(full.used_memory_human, /^\d+\.\d\dK$/);
  });
});

Deno.test("INFO counts refused passwords", async () => {
  await withServer(async ({ run }) => {
    await run("AUTH nobody nothing");
    assertEquals(infoFields(await run("INFO stats")).acl_access_denied_auth, "1");
  });
});

Deno.test("INFO tells of what is freed behind the reply", async () => {
  await withServer(async ({ run, advance }) => {
    const freeing = async () => {
      const fields = infoFields(await run("INFO memory"));
      return [fields.lazyfree_pending_objects, fields.lazyfreed_objects].map(Number);
    };
    await run(`SADD large ${Array.from({ length: 3000 }, (_, i) => `member:${i}`).join(" ")}`);
    await run("SADD small a b c");
    await run("UNLINK small");
    assertEquals(await freeing(), [0, 0]);
    await run("MULTI");
    await run("UNLINK large");
    await run("INFO memory");
    const [, info] = await run("EXEC") as unknown[];
    assertEquals(infoFields(info).lazyfree_pending_objects, "1");
    await advance(100);
    assertEquals(await freeing(), [0, 1]);
    await run("CONFIG RESETSTAT");
    assertEquals(await freeing(), [0, 0]);
  });
});
