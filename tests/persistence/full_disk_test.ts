/** A disk that is full or broken: what clients are told, what goes on, and what is in the files after it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Client } from "../../src/client/client.ts";
import { SeededRandom } from "../../src/random.ts";
import { errors } from "../../src/resp/errors.ts";
import { StorageError } from "../../src/storage.ts";
import { run, until } from "../net/support.ts";
import { testScale } from "../support/property.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { StoredServer, turns } from "../support/stored_server.ts";

const noSpace = new StorageError("No space left on device", "full");
const aofRefusal = "MISCONF Errors writing to the AOF file: No space left on device";
const keyCount = 3;

/** Has each operation that changes the disk fail from the nth one on, at most so many; counts them. */
class Fault {
  seen = 0;
  failed = 0;

  constructor(storage: SimulatedStorage, from = Infinity, count = Infinity, error = noSpace) {
    storage.fault = (operation) => {
      if (operation === "open" || operation === "list") return null;
      if (this.seen++ < from || this.failed >= count) return null;
      this.failed++;
      return error;
    };
  }
}

/** The values of the keys of these tests. */
async function valuesOf(client: Client): Promise<string> {
  return await run(client, "MGET key:0 key:1 key:2 last");
}

/** What a server that is started with these files has. */
async function loaded(storage: SimulatedStorage, lines: readonly string[]): Promise<string> {
  await using restarted = await StoredServer.start(storage, lines);
  return await valuesOf(await restarted.connect());
}

/** Gives the keys the value, as far as the server takes it; what it says to the last. */
async function setAll(stored: StoredServer, client: Client, value: string): Promise<string> {
  let reply = "";
  for (let key = 0; key < keyCount; key++) {
    reply = await run(client, `SET key:${key} ${value}`);
    await stored.advance(1000);
  }
  return reply;
}

const everysec = ["save ''", "appendonly yes", "appendfsync everysec"];

Deno.test("everysec: a disk that is full from any operation on, and has room again", async () => {
  let isOver = false;
  for (let from = 0; !isOver; from++) {
    await using stored = await StoredServer.start(new SimulatedStorage(), everysec);
    const client = await stored.connect();
    await setAll(stored, client, "old");
    const fault = new Fault(stored.storage, from);
    await setAll(stored, client, "new");
    isOver = fault.failed === 0;
    if (!isOver) {
      assertEquals(await run(client, "SET last refused"), aofRefusal);
      assertEquals(await run(client, "PING"), aofRefusal);
      assertMatch(await run(client, "INFO persistence"), /aof_last_write_status:err/);
    }
    const before = await valuesOf(client);
    new Fault(stored.storage);
    await stored.advance(2000);
    assertEquals(await valuesOf(client), before);
    assertEquals(await run(client, "SET last taken"), "OK");
    assertMatch(await run(client, "INFO persistence"), /aof_last_write_status:ok/);
    await turns(3);
    assertEquals(await loaded(stored.storage.afterKill(), everysec), await valuesOf(client));
  }
});

Deno.test("always: a sync that fails ends the server, and nobody is told of what it was for", async () => {
  const lines = ["save ''", "appendonly yes", "appendfsync always"];
  for (const failing of ["write", "sync"]) {
    const stored = await StoredServer.start(new SimulatedStorage(), lines);
    const client = await stored.connect();
    assertEquals(await run(client, "SET key:0 safe"), "OK");
    stored.storage.fault = (operation) =>
      operation === failing ? new StorageError("Input/output error") : null;
    const outcome = await run(client, "SET key:0 unsafe").catch(({ name }) => name);
    assertEquals(outcome, "ConnectionClosedError");
    assertEquals(await stored.server.stopped, 1);
    assert(stored.logged.some((line) => line.includes("Can't recover from AOF write error")));
    const survivor = stored.storage.afterPowerCut(new SeededRandom(1));
    assertMatch(await loaded(survivor, lines), /^(un)?safe /);
  }
});

Deno.test("always: a disk that fails while the server ends changes its exit code", async () => {
  const lines = ["save ''", "appendonly yes", "appendfsync always"];
  const stored = await StoredServer.start(new SimulatedStorage(), lines);
  const client = await stored.connect();
  await run(client, "SET key:0 safe");
  stored.storage.fault = (operation) =>
    operation === "sync" ? new StorageError("Input/output error") : null;
  const reply = run(client, "SET key:0 unsafe").catch(() => "");
  await until(() => stored.logged.some((line) => line.includes("AOF write error")));
  await stored.server.stop();
  assertEquals([await reply, await stored.server.stopped], ["", 1]);
});

Deno.test("everysec: a server ends although its log can't be written", async () => {
  const stored = await StoredServer.start(new SimulatedStorage(), everysec);
  const client = await stored.connect();
  new Fault(stored.storage, 0);
  await run(client, "SET key:0 lost");
  await turns(3);
  await stored.server.stop();
  assertEquals(stored.logged.at(-2), "# Fail to fsync the AOF file: No space left on device.");
});

const snapshots = ["save 3600 1000"];

Deno.test("BGSAVE: a failure of any operation refuses writes until one succeeds", async () => {
  let isOver = false;
  for (let from = 0; !isOver; from++) {
    await using stored = await StoredServer.start(new SimulatedStorage(), snapshots);
    const { rdb } = stored.server.persistence;
    const client = await stored.connect();
    await setAll(stored, client, "old");
    assertEquals(await run(client, "SAVE"), "OK");
    const old = await valuesOf(client);
    await setAll(stored, client, "new");
    const now = await valuesOf(client);
    const fault = new Fault(stored.storage, from, 1);
    await run(client, "BGSAVE");
    await until(() => !rdb.isRunning);
    isOver = fault.failed === 0;
    if (isOver) continue;
    assertEquals(await run(client, "SET last refused"), errors.rdbMisconfigured);
    assertEquals(await run(client, "PING"), errors.rdbMisconfigured);
    assertEquals(await valuesOf(client), now);
    const kept = await loaded(stored.storage.afterKill(), snapshots);
    assert(kept === old || kept === now, `${kept} after a failure of operation ${from}`);
    await run(client, "BGSAVE");
    await until(() => !rdb.isRunning);
    assertEquals(await run(client, "SET last taken"), "OK");
    assertEquals(
      await loaded(stored.storage.afterPowerCut(new SeededRandom(from)), snapshots),
      now,
    );
  }
});

Deno.test("BGSAVE: its failure refuses nothing where stop-writes-on-bgsave-error is no", async () => {
  const lines = [...snapshots, "stop-writes-on-bgsave-error no"];
  await using stored = await StoredServer.start(new SimulatedStorage(), lines);
  const client = await stored.connect();
  new Fault(stored.storage, 0);
  await run(client, "BGSAVE");
  await until(() => !stored.server.persistence.rdb.isRunning);
  assertEquals(await run(client, "SET last taken"), "OK");
});

Deno.test("SAVE: a failure of any operation is told, and the file of before is as it was", async () => {
  let isOver = false;
  for (let from = 0; !isOver; from++) {
    await using stored = await StoredServer.start(new SimulatedStorage(), snapshots);
    const client = await stored.connect();
    await setAll(stored, client, "old");
    await run(client, "SAVE");
    const old = await valuesOf(client);
    await setAll(stored, client, "new");
    const now = await valuesOf(client);
    const fault = new Fault(stored.storage, from, 1);
    const reply = await run(client, "SAVE");
    isOver = fault.failed === 0;
    assertEquals(reply, isOver ? "OK" : errors.saveFailed);
    const kept = await loaded(stored.storage.afterKill(), snapshots);
    assert(kept === now || (!isOver && kept === old), `${kept} after operation ${from}`);
    assertEquals(await run(client, "SET last taken"), "OK");
  }
});

Deno.test("the log names the file that can't be saved", async () => {
  await using stored = await StoredServer.start(new SimulatedStorage(), ["save ''"]);
  const client = await stored.connect();
  new Fault(stored.storage, 0);
  await run(client, "SAVE");
  assertEquals(
    stored.logged.at(-1),
    "# Error saving DB on disk (/data/dump.rdb): No space left on device",
  );
  await run(client, "BGSAVE");
  await until(() => !stored.server.persistence.rdb.isRunning);
  assertEquals(
    stored.logged.at(-1),
    "# Background saving error (/data/dump.rdb): No space left on device",
  );
});

Deno.test("BGREWRITEAOF: a failure of any operation leaves a log that loads", async () => {
  let isOver = false;
  for (let from = 0; !isOver; from++) {
    await using stored = await StoredServer.start(new SimulatedStorage(), everysec);
    const { aof } = stored.server.persistence;
    const client = await stored.connect();
    await setAll(stored, client, "old");
    const fault = new Fault(stored.storage, from, 1);
    const rewritten = run(client, "BGREWRITEAOF");
    await setAll(stored, client, "new");
    await rewritten;
    await until(() => !aof.isRewriting);
    isOver = fault.failed === 0;
    new Fault(stored.storage);
    await stored.advance(2000);
    assertEquals(await run(client, "SET last taken"), "OK");
    await stored.advance(2000);
    const now = await valuesOf(client);
    assertEquals(await loaded(stored.storage.afterKill(), everysec), now, `operation ${from}`);
    for (let seed = 0; seed < testScale(); seed++) {
      const survivor = stored.storage.afterPowerCut(new SeededRandom(seed));
      assertEquals(await loaded(survivor, everysec), now, `operation ${from}, power cut ${seed}`);
    }
    await run(client, "BGREWRITEAOF");
    await until(() => !aof.isRewriting);
    assert(aof.lastRewriteSucceeded);
    assertEquals(await loaded(stored.storage.afterKill(), everysec), now);
  }
});

Deno.test("SAVE while the log is rewritten: both files have all data", async () => {
  const lines = ["appendonly yes", "appendfsync always"];
  await using stored = await StoredServer.start(new SimulatedStorage(), lines);
  const { aof } = stored.server.persistence;
  const client = await stored.connect();
  for (let i = 0; i < 100; i++) await run(client, `SET other:${i} ${"x".repeat(100)}`);
  const replies = await Promise.all([
    run(client, "BGREWRITEAOF"),
    run(client, "SAVE"),
    run(client, "SET key:0 later"),
    run(client, "DBSIZE"),
  ]);
  assertEquals(replies.slice(1), ["OK", "OK", "101"]);
  await until(() => !aof.isRewriting);
  await stored.advance(200);
  await until(() => !aof.isRewriting);
  // that which was given up, and another
  assertEquals(aof.rewritesTotal, 2);
  assertEquals(await loaded(stored.storage.afterKill(), lines), await valuesOf(client));
  await using fromSnapshot = await StoredServer.start(stored.storage.afterKill(), []);
  assertEquals(await run(await fromSnapshot.connect(), "DBSIZE"), "100");
});

Deno.test("a server starts with the log that there is although the disk is full", async () => {
  const storage = new SimulatedStorage();
  {
    await using stored = await StoredServer.start(storage, everysec);
    await setAll(stored, await stored.connect(), "old");
  }
  const files = storage.paths;
  storage.fault = (operation) =>
    operation === "create" || operation === "write" || operation === "rename" ? noSpace : null;
  await using restarted = await StoredServer.start(storage, everysec);
  assertEquals(await valuesOf(await restarted.connect()), "old old old (null)");
  assertEquals(storage.paths, files);
});

Deno.test("a server starts with a log whose base can only be read", async () => {
  const storage = new SimulatedStorage();
  {
    await using stored = await StoredServer.start(storage, everysec);
    const client = await stored.connect();
    await setAll(stored, client, "old");
    await run(client, "BGREWRITEAOF");
    await until(() => !stored.server.persistence.aof.isRewriting);
  }
  storage.fault = (operation, path) =>
    operation === "append" && path.includes("base") ? new StorageError("Permission denied") : null;
  await using restarted = await StoredServer.start(storage, everysec);
  assertEquals(await valuesOf(await restarted.connect()), "old old old (null)");
});
