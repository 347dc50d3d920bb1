/** Every change of a key is told, once, and nothing else is. */
import { assertEquals } from "@std/assert";
import { changesOf, withServer } from "./server_support.ts";

Deno.test("a command that changes a key tells of it once for each key", async () => {
  await withServer(async (session) => {
    const changes: [string, number][] = [
      ["SET a 1", 1],
      ["SET a 2 XX GET EX 100", 1],
      ["MSET a 1 b 2 c 3", 3],
      ["MSETNX d 1 e 2", 2],
      ["INCR a", 1],
      ["INCRBYFLOAT a 1.5", 1],
      ["APPEND b x", 1],
      ["SETRANGE b 5 x", 1],
      ["GETSET a 1", 1],
      ["EXPIRE a 100", 1],
      ["GETEX a PX 100000", 1],
      ["GETEX a PERSIST", 1],
      ["EXPIRE a -1", 1],
      ["GETDEL b", 1],
      ["COPY c b", 1],
      ["RENAME c a", 1],
      ["MOVE a 1", 1],
      ["DEL b d e missing", 3],
      ["HSET h a 1 b 2 c 3", 3],
      ["HEXPIRE h 100 FIELDS 3 a b missing", 2],
      ["HPERSIST h FIELDS 2 a b", 1],
      ["HGETEX h EX 100 FIELDS 3 a b missing", 2],
      ["HGETEX h PERSIST FIELDS 3 a b c", 2],
      ["HGETEX h PXAT 1 FIELDS 1 a", 1],
      ["HEXPIRE h 0 FIELDS 1 b", 1],
      ["HSETEX h EX 100 FIELDS 2 a 1 b 2", 2],
      ["HSETEX h KEEPTTL FIELDS 1 a 1", 1],
      ["HSETEX h PXAT 1 FIELDS 2 a 1 d 2", 2],
      ["HGETDEL h FIELDS 2 b missing", 1],
      ["DEL h", 1],
      ["SWAPDB 0 1", 1],
      ["FLUSHALL", 1],
    ];
    for (const [line, expected] of changes) {
      assertEquals(await changesOf(session, line), expected, line);
    }
  });
});

Deno.test("a command that changes nothing tells of nothing", async () => {
  await withServer(async (session) => {
    await session.run("MSET a text b 2");
    const lines = [
      "GET a",
      "SET a 1 NX",
      "SET missing 1 XX",
      "SETNX a 1",
      "MSETNX c 1 a 2",
      "GETEX a",
      "GETEX a PERSIST",
      "GETDEL missing",
      "INCR a",
      "SETRANGE missing 5 ",
      "EXPIRE missing 100",
      "EXPIRE a 100 XX",
      "PERSIST a",
      "DEL missing",
      "RENAME a a",
      "RENAMENX a b",
      "COPY a b",
      "COPY missing c",
      "MOVE missing 1",
      "HEXPIRE missing 100 FIELDS 1 a",
      "HGETEX missing EX 100 FIELDS 1 a",
      "HSETEX missing FXX FIELDS 1 a 1",
      "TOUCH a",
      "KEYS *",
    ];
    for (const line of lines) assertEquals(await changesOf(session, line), 0, line);
    assertEquals(await session.run("MGET a b"), ["text", "2"]);
  });
});

Deno.test("what goes because its time has come is no change", async () => {
  await withServer(async (session) => {
    await session.run("SET key value PX 10");
    await session.run("HSET hash a 1 b 2");
    await session.run("HPEXPIRE hash 10 FIELDS 1 a");
    await session.run("DEBUG SET-ACTIVE-EXPIRE 0");
    await session.advance(20);
    for (const line of ["GET key", "HGET hash a"]) {
      assertEquals(await changesOf(session, line), 0, line);
      assertEquals(await session.run(line), null);
    }
  });
});

Deno.test("INCR of an integer keeps the time to live, and so does INCRBYFLOAT", async () => {
  await withServer(async ({ run }) => {
    await run("SET n 5 EX 100");
    await run("INCR n");
    await run("INCRBYFLOAT n 0.5");
    assertEquals([await run("GET n"), await run("TTL n")], ["6.5", 100]);
  });
});

Deno.test("SCAN returns every key that stays, whatever comes and goes between its calls", async () => {
  await withServer(async ({ run }) => {
    for (let i = 0; i < 500; i++) await run(`SET stays:${i} 1`);
    const seen = new Set<string>();
    let cursor = "0";
    let round = 0;
    do {
      const [next, keys] = await run(`SCAN ${cursor} MATCH stays:* COUNT 7`) as [string, string[]];
      for (const key of keys) seen.add(key);
      // the table grows, then shrinks
      const command = round < 20 ? "SET" : "DEL";
      for (let i = 0; i < 50; i++) {
        await run(`${command} other:${(round % 20) * 50 + i}${command === "SET" ? " 1" : ""}`);
      }
      cursor = next;
      round++;
    } while (cursor !== "0");
    assertEquals(seen.size, 500);
  });
});
