import { assertEquals } from "@std/assert";
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
