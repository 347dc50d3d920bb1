import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConnectionClosedError } from "../../src/client/client.ts";
import { run as ask, until, withServer as withFiles } from "../net/support.ts";
import { infoFields, type Session, withServer } from "./server_support.ts";

/** Fields of INFO persistence. */
async function persistence({ run }: Session): Promise<Record<string, string>> {
  return infoFields(await run("INFO persistence"));
}

/** Has time go by until a field has a value. */
async function untilIs(session: Session, field: string, value: string): Promise<void> {
  while ((await persistence(session))[field] !== value) await session.advance(100);
}

Deno.test("BGSAVE saves beside the commands, and one at a time", async () => {
  await withServer(async (session) => {
    const { run } = session;
    await run("SET key value");
    // in one turn, in which nothing is written yet
    const replies = await Promise.all(
      ["BGSAVE", "SAVE", "BGSAVE SCHEDULE", "BGREWRITEAOF", "BGREWRITEAOF"].map(run),
    );
    assertEquals(replies, [
      "Background saving started",
      "ERR Background save already in progress",
      "ERR Background save already in progress",
      "Background append only file rewriting scheduled",
      "Background append only file rewriting scheduled",
    ]);
    await untilIs(session, "rdb_bgsave_in_progress", "0");
    const { rdb_saves, rdb_changes_since_last_save, rdb_last_bgsave_status } = await persistence(
      session,
    );
    assertEquals([rdb_saves, rdb_changes_since_last_save, rdb_last_bgsave_status], [
      "1",
      "0",
      "ok",
    ]);
  });
});

Deno.test("in a transaction BGSAVE and BGREWRITEAOF are made when it is over", async () => {
  await withServer(async (session) => {
    const { run } = session;
    for (const line of ["MULTI", "BGSAVE", "BGREWRITEAOF"]) await run(line);
    assertEquals(await run("EXEC"), [
      "Background saving scheduled",
      "Background append only file rewriting scheduled",
    ]);
    await untilIs(session, "rdb_saves", "1");
    await untilIs(session, "aof_rewrites", "1");
  });
});

Deno.test("a save point that is reached makes a snapshot", async () => {
  await withServer(
    async (session) => {
      const { run } = session;
      await run("SET key 1");
      await session.advance(70_000);
      assertEquals((await persistence(session)).rdb_saves, "0");
      await run("SET key 2");
      await session.advance(200);
      await untilIs(session, "rdb_bgsave_in_progress", "0");
      assertEquals((await persistence(session)).rdb_saves, "1");
    },
    "--save",
    "60",
    "2",
  );
});

Deno.test("what is scheduled after a snapshot that failed waits as save points do", async () => {
  await withServer(
    async (session) => {
      const { run } = session;
      await run("CONFIG SET dbfilename ..");
      await run("BGSAVE");
      await untilIs(session, "rdb_last_bgsave_status", "err");
      for (const line of ["MULTI", "BGSAVE", "EXEC"]) await run(line);
      await session.advance(4_000);
      assertEquals((await persistence(session)).rdb_saves, "1");
      await session.advance(1_500);
      assertEquals((await persistence(session)).rdb_saves, "2");
    },
    "--enable-protected-configs",
    "yes",
  );
});

Deno.test("INFO counts what BGSAVE begins and what SAVE was asked for", async () => {
  await withServer(async (session) => {
    const { run } = session;
    const saves = async () => (await persistence(session)).rdb_saves;
    assertEquals(await run("BGSAVE"), "Background saving started");
    assertEquals(await saves(), "1");
    await untilIs(session, "rdb_bgsave_in_progress", "0");
    await run("DEBUG RELOAD");
    assertEquals(await saves(), "1");
    await run("SAVE");
    assertEquals(await saves(), "2");
  });
});

Deno.test("the log is turned on and off while the server runs", async () => {
  await withServer(async (session) => {
    const { run } = session;
    await run("SET before 1");
    await run("CONFIG SET appendonly yes");
    await untilIs(session, "aof_rewrite_in_progress", "0");
    await run("SET after 2");
    assertEquals(await run("DEBUG LOADAOF"), "OK");
    assertEquals(await run("MGET before after"), ["1", "2"]);
    await run("CONFIG SET appendonly no");
    assertEquals((await persistence(session)).aof_enabled, "0");
    await run("CONFIG SET appendonly yes");
    await untilIs(session, "aof_rewrite_in_progress", "0");
    assertEquals(await run("DEBUG LOADAOF"), "OK");
    assertEquals(await run("MGET before after"), ["1", "2"]);
  });
});

Deno.test("rdb-key-save-delay has each key of a snapshot take so long", async () => {
  await withServer(async (session) => {
    const { run } = session;
    await run("CONFIG SET rdb-key-save-delay 2000000");
    await run("MSET a 1 b 2 c 3");
    assertEquals(await run("BGSAVE"), "Background saving started");
    await session.advance(5_900);
    assertEquals((await persistence(session)).rdb_bgsave_in_progress, "1");
    await untilIs(session, "rdb_bgsave_in_progress", "0");
    const { rdb_last_bgsave_time_sec, rdb_saves } = await persistence(session);
    assertEquals(rdb_saves, "1");
    assert(Number(rdb_last_bgsave_time_sec) >= 6, rdb_last_bgsave_time_sec);
    const before = await secondsOf(session);
    await run("SAVE");
    assertEquals(await secondsOf(session) - before, 6);
  });
});

Deno.test("a delayed snapshot is given up at once", async () => {
  await withServer(async (session) => {
    const { run } = session;
    await run("CONFIG SET rdb-key-save-delay 2000000000");
    await run("MSET a 1 b 2 c 3");
    await run("BGSAVE");
    await run("FLUSHALL");
    // no time goes by
    while ((await persistence(session)).rdb_bgsave_in_progress === "1");
    assertEquals((await persistence(session)).rdb_changes_since_last_save, "6");
  });
});

Deno.test("key-load-delay has each key that is loaded take so long", async () => {
  await withServer(async (session) => {
    const { run } = session;
    await run("MSET a 1 b 2 c 3");
    await run("SAVE");
    await run("CONFIG SET key-load-delay 1500000");
    const before = await secondsOf(session);
    await run("DEBUG RELOAD NOSAVE");
    const between = await secondsOf(session);
    assert(between - before >= 4.5, `${between - before}`);
    await run("CONFIG SET key-load-delay -1000000");
    await run("DEBUG RELOAD NOSAVE");
    assertEquals(await secondsOf(session), between);
    assertEquals(await run("MGET a b c"), ["1", "2", "3"]);
  });
});

Deno.test("DEBUG AOF-FLUSH-SLEEP holds up what is written to the log", async () => {
  await withServer(async (session) => {
    const { run } = session;
    await run("DEBUG AOF-FLUSH-SLEEP 2500000");
    const before = await secondsOf(session);
    await run("GET key");
    assertEquals(await secondsOf(session), before);
    await run("SET key value");
    assertEquals(await secondsOf(session) - before, 2.5);
  }, ...["--appendonly", "yes"]);
});

Deno.test("SHUTDOWN waits for the first log, unless it is forced", async () => {
  await withServer(async (session) => {
    const { run } = session;
    await run("CONFIG SET rdb-key-save-delay 2000000000");
    await run("SET key value");
    await run("CONFIG SET appendonly yes");
    while ((await persistence(session)).aof_rewrite_in_progress === "0") await session.advance(100);
    assertEquals(await run("SHUTDOWN"), "ERR Errors trying to SHUTDOWN. Check logs.");
    assertEquals(await run("GET key"), "value");
    const other = await session.connect();
    await assertRejects(() => other.send(["SHUTDOWN", "FORCE"]), ConnectionClosedError);
  });
});

Deno.test("aof-disable-auto-gc keeps the files that were replaced", async () => {
  await withFiles(
    async ({ connect, directory, server }) => {
      const client = await connect();
      await ask(client, "CONFIG SET aof-disable-auto-gc yes");
      for (let i = 0; i < 2; i++) {
        await ask(client, "BGREWRITEAOF");
        await until(() => !server.persistence.aof.isRewriting);
      }
      const folder = `${directory}/appendonlydir`;
      const manifest = `${folder}/appendonly.aof.manifest`;
      const lines = [
        "file appendonly.aof.3.base.rdb seq 3 type b",
        "file appendonly.aof.2.incr.aof seq 2 type h",
        "file appendonly.aof.2.base.rdb seq 2 type h",
        "file appendonly.aof.1.incr.aof seq 1 type h",
        "file appendonly.aof.1.base.rdb seq 1 type h",
        "file appendonly.aof.3.incr.aof seq 3 type i",
        "",
      ];
      assertEquals(await Deno.readTextFile(manifest), lines.join("\n"));
      const filesOf = () => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      assertEquals(filesOf().length, 7);
      await ask(client, "CONFIG SET aof-disable-auto-gc no");
      assertEquals(
        await Deno.readTextFile(manifest),
        lines.filter((line) => !line.endsWith("h")).join("\n"),
      );
      assertEquals(filesOf(), [
        "appendonly.aof.3.base.rdb",
        "appendonly.aof.3.incr.aof",
        "appendonly.aof.manifest",
      ]);
    },
    "appendonly yes",
    'save ""',
  );
});

Deno.test("a file with a wrong checksum is loaded where checksums don't count", async () => {
  await withFiles(async ({ connect, directory }) => {
    const client = await connect();
    await ask(client, "SET key value");
    await ask(client, "SAVE");
    const file = await Deno.readFile(`${directory}/dump.rdb`);
    file[file.length - 1] ^= 1;
    await Deno.writeFile(`${directory}/dump.rdb`, file);
    assertEquals(
      await ask(client, "DEBUG RELOAD NOSAVE"),
      "ERR Error trying to load the RDB dump, check server logs.",
    );
    await ask(client, "DEBUG SET-SKIP-CHECKSUM-VALIDATION 1");
    assertEquals(await ask(client, "DEBUG RELOAD NOSAVE"), "OK");
    assertEquals(await ask(client, "GET key"), "value");
  }, "enable-debug-command yes");
});

/** What time it is to the server, in seconds. */
async function secondsOf({ run }: Session): Promise<number> {
  const [seconds, microseconds] = await run("TIME") as [string, string];
  return Number(seconds) + Number(microseconds) / 1e6;
}
