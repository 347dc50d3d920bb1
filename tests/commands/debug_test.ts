import { assertEquals, assertMatch } from "@std/assert";
import { withServer } from "./server_support.ts";

Deno.test("DEBUG is refused unless enable-debug-command allows it", async () => {
  const allowed = "--enable-debug-command";
  await withServer(
    async ({ run }) => {
      assertMatch(String(await run("DEBUG SLEEP 0")), /^ERR DEBUG command not allowed\. /);
    },
    allowed,
    "no",
  );
  await withServer(
    async ({ run }) => {
      assertEquals(await run("DEBUG SLEEP 0"), "OK");
    },
    allowed,
    "local",
  );
});

Deno.test("DEBUG SLEEP lets time pass within the command", async () => {
  await withServer(async ({ run }) => {
    const before = await run("TIME") as string[];
    await run("DEBUG SLEEP 2.5");
    const after = await run("TIME") as string[];
    const toMs = ([seconds, us]: string[]) => Number(seconds) * 1000 + Number(us) / 1000;
    assertEquals(Math.round(toMs(after) - toMs(before)), 2500);
  });
});

Deno.test("DEBUG SET-ACTIVE-EXPIRE 0 leaves expired keys until they are accessed", async () => {
  await withServer(async ({ run, advance }) => {
    await run("DEBUG SET-ACTIVE-EXPIRE 0");
    await run("SET a 1 PX 10");
    await run("SET b 1 PX 10");
    await advance(100);
    assertEquals(await run("DBSIZE"), 2);
    assertEquals(await run("GET a"), null);
    assertEquals(await run("DBSIZE"), 1);
    await run("DEBUG SET-ACTIVE-EXPIRE 1");
    await advance(100);
    assertEquals(await run("DBSIZE"), 0);
  });
});

Deno.test("DEBUG PAUSE-CRON holds up what happens by the clock", async () => {
  await withServer(async ({ run, advance, connect }) => {
    await run("CONFIG SET timeout 10");
    await connect();
    await run("DEBUG PAUSE-CRON 1");
    await advance(20_000);
    const clients = async () => String(await run("CLIENT LIST")).trimEnd().split("\n").length;
    assertEquals(await clients(), 2);
    await run("DEBUG PAUSE-CRON 0");
    await advance(200);
    assertEquals(await clients(), 1);
  });
});

Deno.test("DEBUG DIGEST is the same for the same data, however it came about", async () => {
  await withServer(async ({ run }) => {
    const empty = await run("DEBUG DIGEST");
    await run("MSET a 1 b 2");
    const digest = await run("DEBUG DIGEST");
    await run("FLUSHALL");
    assertEquals(await run("DEBUG DIGEST"), empty);
    await run("SET b two");
    await run("SET a 1");
    await run("SET b 2");
    assertEquals(await run("DEBUG DIGEST"), digest);
    await run("EXPIRE a 100");
    assertEquals(await run("DEBUG DIGEST") === digest, false);
  });
});

Deno.test("DEBUG OBJECT tells encoding and length, and is no access", async () => {
  await withServer(async ({ run, advance }) => {
    await run("SET number 40000");
    await run("SET text abc");
    await advance(5000);
    const number = String(await run("DEBUG OBJECT number"));
    assertMatch(number, /^Value at:0x[0-9a-f]+ refcount:1 encoding:int serializedlength:5 lru:/);
    assertMatch(String(await run("DEBUG OBJECT text")), / encoding:embstr serializedlength:4 /);
    assertMatch(String(await run("DEBUG OBJECT text")), / lru_seconds_idle:5$/);
  });
});

Deno.test("DEBUG OBJECT tells how long a value is in a file, as Redis does", async () => {
  await withServer(async ({ run }) => {
    const lengthOf = async (key: string) => {
      return Number(/serializedlength:(\d+)/.exec(String(await run(`DEBUG OBJECT ${key}`)))![1]);
    };
    await run(`SET text ${"a".repeat(100)}`);
    assertEquals(await lengthOf("text"), 13);
    await run("CONFIG SET rdbcompression no");
    assertEquals(await lengthOf("text"), 102);
    await run("RPUSH list a b c");
    assertEquals(await lengthOf("list"), 19);
    await run("HSET hash f v");
    assertEquals(await lengthOf("hash"), 14);
    await run("SADD set 1 2 3");
    assertEquals(await lengthOf("set"), 15);
  });
});

Deno.test("DEBUG RELOAD saves, forgets and loads, as its options say", async () => {
  await withServer(async ({ run }) => {
    await run("SET saved 1");
    assertEquals(await run("DEBUG RELOAD"), "OK");
    await run("MSET saved 2 unsaved 2");
    assertEquals(await run("DEBUG RELOAD NOSAVE NOFLUSH MERGE"), "OK");
    assertEquals(await run("MGET saved unsaved"), ["1", "2"]);
    assertEquals(await run("DEBUG RELOAD NOSAVE"), "OK");
    assertEquals(await run("MGET saved unsaved"), ["1", null]);
    assertEquals(
      await run("DEBUG RELOAD bogus"),
      "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",
    );
  });
});

Deno.test("DEBUG HTSTATS tells the size of the table", async () => {
  await withServer(async ({ run }) => {
    assertEquals(await run("DEBUG HTSTATS 0"), "[Dictionary HT]\n[Expires HT]\n");
    await run("MSET a 1 b 2");
    await run("EXPIRE a 100");
    assertMatch(
      String(await run("DEBUG HTSTATS 0")),
      /^\[Dictionary HT\]\nHash table 0 stats \(main hash table\):\n table size: \d+\n number of elements: 2\n\[Expires HT\]\n number of elements: 1\n$/,
    );
    assertEquals(await run("DEBUG HTSTATS 99"), "ERR Out of range database");
  });
});
