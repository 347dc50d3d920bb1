/** A log of one file, as Redis before 7.0 has it, becomes the first of many, whatever comes between. */
import { assert, assertEquals } from "@std/assert";
import { encodeCommand } from "../../src/client/client.ts";
import { LoadError } from "../../src/persistence/loader.ts";
import { SeededRandom } from "../../src/random.ts";
import { StorageError } from "../../src/storage.ts";
import { run } from "../net/support.ts";
import { testScale } from "../support/property.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { StoredServer } from "../support/stored_server.ts";

const lines = ["save ''", "appendonly yes"];
const oldPath = "/data/appendonly.aof";
const newPath = "/data/appendonlydir/appendonly.aof";

function storageWithOldLog(): SimulatedStorage {
  const storage = new SimulatedStorage();
  storage.put(oldPath, encodeCommand(["SET", "key", "old"]));
  return storage;
}

/** What the key is when a server has started with these files. */
async function loaded(storage: SimulatedStorage): Promise<string> {
  await using stored = await StoredServer.start(storage, lines);
  const value = await run(await stored.connect(), "GET key");
  assertEquals(storage.paths.includes(oldPath), false);
  return value;
}

Deno.test("a log of one file is moved into the folder, and goes on in others", async () => {
  const storage = storageWithOldLog();
  {
    await using stored = await StoredServer.start(storage, lines);
    const client = await stored.connect();
    assertEquals(await run(client, "GET key"), "old");
    assertEquals(await run(client, "SET key new"), "OK");
    assert(
      stored.logged.includes(
        "* Successfully migrated an old-style AOF file (appendonly.aof) into the AOF directory " +
          "(appendonlydir).",
      ),
    );
  }
  assert(storage.paths.includes(newPath));
  assertEquals(await loaded(storage), "new");
});

Deno.test("a log of one file survives a power cut behind every change of the disk", async () => {
  const images: SimulatedStorage[] = [];
  const storage = storageWithOldLog();
  let seed = 0;
  storage.changed = () => {
    for (let i = 0; i < 3 * testScale(); i++) {
      images.push(storage.afterPowerCut(new SeededRandom(seed++)));
    }
    images.push(storage.afterKill());
  };
  assertEquals(await loaded(storage), "old");
  assert(images.length > 0);
  for (const [i, image] of images.entries()) assertEquals(await loaded(image), "old", `image ${i}`);
});

Deno.test("a log of one file survives a failure of any operation, and loads at the next start", async () => {
  let isOver = false;
  for (let from = 0; !isOver; from++) {
    const storage = storageWithOldLog();
    let seen = 0;
    storage.fault = (operation) => {
      const isRead = operation === "open" || operation === "list";
      return isRead || seen++ !== from ? null : new StorageError("Input/output error");
    };
    const start = StoredServer.start(storage, lines);
    isOver = await start.then(async (stored) => {
      await stored[Symbol.asyncDispose]();
      return seen <= from;
    }, (error) => {
      assert(error instanceof LoadError, String(error));
      return false;
    });
    storage.fault = () => null;
    assertEquals(await loaded(storage.afterKill()), "old", `operation ${from}`);
    assertEquals(
      await loaded(storage.afterPowerCut(new SeededRandom(from))),
      "old",
      `operation ${from}, power cut`,
    );
  }
});

Deno.test("an old log is left alone where the folder has one that went on", async () => {
  const storage = storageWithOldLog();
  assertEquals(await loaded(storage), "old");
  storage.put(oldPath, encodeCommand(["SET", "key", "another"]));
  await using stored = await StoredServer.start(storage, lines);
  assertEquals(await run(await stored.connect(), "GET key"), "old");
  assert(storage.paths.includes(oldPath));
});
