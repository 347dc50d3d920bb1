/** A log that is turned on and off while the server runs. */
import { assert, assertEquals } from "@std/assert";
import { AofState } from "../../src/persistence/aof.ts";
import { StorageError } from "../../src/storage.ts";
import { run, until } from "../net/support.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { StoredServer } from "../support/stored_server.ts";

const off = ["save ''"];
const on = [...off, "appendonly yes"];

/** What the key is when another server has loaded the log. */
async function logged(storage: SimulatedStorage): Promise<string> {
  await using stored = await StoredServer.start(storage.afterKill(), on);
  return await run(await stored.connect(), "GET key");
}

async function untilOn({ clock, server }: StoredServer): Promise<void> {
  const { aof } = server.persistence;
  await until(() => {
    clock.advance(100);
    return aof.state === AofState.On && aof.written() === null;
  });
}

Deno.test("CONFIG SET appendonly fails where its first rewrite can't begin, and so does BGREWRITEAOF", async () => {
  for (
    const [failing, reason] of [
      ["makeFolder", "Can't open or create append-only dir appendonlydir"],
      ["create", "Can't open the append-only file appendonly.aof.1.incr.aof"],
    ]
  ) {
    await using stored = await StoredServer.start(new SimulatedStorage(), off);
    const client = await stored.connect();
    stored.storage.fault = (operation) =>
      operation === failing ? new StorageError("Read-only file system") : null;
    assertEquals(
      await run(client, "CONFIG SET appendonly yes"),
      "ERR CONFIG SET failed (possibly related to argument 'appendonly') - Unable to turn on AOF. " +
        "Check server logs.",
    );
    assertEquals(stored.logged.at(-2), `# ${reason}: Read-only file system`);
    assertEquals(await run(client, "CONFIG GET appendonly"), "appendonly no");
    assertEquals(stored.server.persistence.aof.state, AofState.Off);
    assertEquals(await run(client, "SET key 1"), "OK");
    if (failing === "makeFolder") {
      assertEquals(
        await run(client, "BGREWRITEAOF"),
        "ERR Can't execute an AOF background rewriting. Please check the server logs for more " +
          "information.",
      );
    }
    stored.storage.fault = () => null;
    assertEquals(await run(client, "CONFIG SET appendonly yes"), "OK");
    await untilOn(stored);
    assertEquals(await logged(stored.storage), "1");
  }
});

Deno.test("a log that is turned on while it is rewritten begins with another rewrite", async () => {
  await using stored = await StoredServer.start(new SimulatedStorage(), off);
  const { aof } = stored.server.persistence;
  const client = await stored.connect();
  const replies = await Promise.all([
    run(client, "BGREWRITEAOF"),
    run(client, "SET key 1"),
    run(client, "CONFIG SET appendonly yes"),
    run(client, "SET key 2"),
  ]);
  assertEquals(replies.slice(1), ["OK", "OK", "OK"]);
  assert(
    stored.logged.some((line) => line.startsWith("* AOF was enabled but there is already an")),
  );
  // it counts with its own base, and not with that which was begun before
  assertEquals(aof.state, AofState.Beginning);
  await untilOn(stored);
  assertEquals([await logged(stored.storage), aof.rewritesTotal], ["2", 2]);
});

Deno.test("a log that a transaction turns off and on has what that did once", async () => {
  await using stored = await StoredServer.start(new SimulatedStorage(), on);
  const client = await stored.connect();
  await Promise.all([
    run(client, "MULTI"),
    run(client, "INCR key"),
    run(client, "CONFIG SET appendonly no"),
    run(client, "CONFIG SET appendonly yes"),
    run(client, "INCR key"),
    run(client, "EXEC"),
  ]);
  await untilOn(stored);
  assertEquals([await run(client, "GET key"), await logged(stored.storage)], ["2", "2"]);
});
