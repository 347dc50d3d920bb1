/** What is asked for while data is being loaded waits for that, or leaves the files alone. */
import { assert, assertEquals } from "@std/assert";
import { AofState } from "../../src/persistence/aof.ts";
import { run, until } from "../net/support.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { StoredServer } from "../support/stored_server.ts";

const keyCount = 500;
const snapshotPath = "/data/dump.rdb";
/** A turn for each key, so that clients are served before the last. */
const slowly = "key-load-delay 1";

const oldLog = new TextEncoder().encode(
  Array.from({ length: keyCount }, (_, i) => {
    const key = `key:${i}`;
    return `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$1\r\n1\r\n`;
  }).join(""),
);

/** Files of all keys: a log, and a snapshot besides. */
async function filledStorage(): Promise<SimulatedStorage> {
  const storage = new SimulatedStorage();
  storage.put("/data/appendonly.aof", oldLog);
  await using stored = await StoredServer.start(storage, ["save ''", "appendonly yes"]);
  assertEquals(await run(await stored.connect(), "SAVE"), "OK");
  return storage;
}

/** What a server finds in the log that another one has left. */
async function sizeOfLog(storage: SimulatedStorage): Promise<string> {
  await using stored = await StoredServer.start(storage, ["save ''", "appendonly yes"]);
  return await run(await stored.connect(), "DBSIZE");
}

Deno.test("a server that ends while it loads a snapshot leaves it as it was", async () => {
  const storage = await filledStorage();
  const snapshot = storage.read(snapshotPath);
  for (const end of ["SHUTDOWN", "SHUTDOWN SAVE", "stop"]) {
    await using stored = StoredServer.begin(storage, ["save 1 1", slowly]);
    const client = await stored.connect();
    assert(stored.server.persistence.loading !== null);
    if (end === "stop") await stored.server.stop();
    else await run(client, end).catch(() => {});
    await stored.started;
    assertEquals(await stored.server.stopped, 0);
    assertEquals(storage.read(snapshotPath), snapshot, end);
    // loading went no further
    assert(stored.server.keyspace.databases[0].size < keyCount);
  }
});

/** Has a server load, set the log so meanwhile, and do as it says afterwards. */
async function setWhileLoading(
  appendonly: "yes" | "no",
  settings: readonly ("yes" | "no")[],
): Promise<{ state: AofState; size: string }> {
  const storage = await filledStorage();
  {
    await using stored = StoredServer.begin(storage, [
      "save ''",
      `appendonly ${appendonly}`,
      slowly,
    ]);
    const { persistence } = stored.server;
    const client = await stored.connect();
    for (const setting of settings) {
      assertEquals(await run(client, `CONFIG SET appendonly ${setting}`), "OK");
    }
    assert(persistence.loading !== null);
    await stored.started;
    await until(() => persistence.aof.state !== AofState.Beginning);
    assertEquals(await run(client, "SET later 1"), "OK");
    if (persistence.aof.state === AofState.Off) {
      return { state: AofState.Off, size: await run(client, "DBSIZE") };
    }
  }
  return { state: AofState.On, size: await sizeOfLog(storage) };
}

const all = String(keyCount + 1);

Deno.test("a log that is turned on while a snapshot is loaded begins with all of that", async () => {
  assertEquals(await setWhileLoading("no", ["yes"]), { state: AofState.On, size: all });
});

Deno.test("a log that is turned off while it is loaded is off behind that", async () => {
  assertEquals(await setWhileLoading("yes", ["no"]), { state: AofState.Off, size: all });
});

Deno.test("a log that is turned off and on while it is loaded goes on", async () => {
  assertEquals(await setWhileLoading("yes", ["no", "yes"]), { state: AofState.On, size: all });
});

Deno.test("INFO has the fields of a log while it is loaded", async () => {
  await using stored = StoredServer.begin(await filledStorage(), ["appendonly yes", slowly]);
  const client = await stored.connect();
  const info = await run(client, "INFO persistence");
  assert(stored.server.persistence.loading !== null);
  for (
    const field of ["loading:1", "aof_enabled:0", "aof_current_size:0", "loading_total_bytes:"]
  ) {
    assert(info.includes(`\n${field}`), field);
  }
  await stored.started;
});

Deno.test("what a log has grown from is its base, and not what was added before the start", async () => {
  const storage = await filledStorage();
  const lines = ["save ''", "appendonly yes"];
  const sizes = async (stored: StoredServer) => {
    const info = await run(await stored.connect(), "INFO persistence");
    return ["base", "current"].map((name) => Number(info.match(`aof_${name}_size:(.*)`)![1]));
  };
  {
    await using stored = await StoredServer.start(storage, lines);
    assertEquals(await sizes(stored), [oldLog.length, oldLog.length]);
    assertEquals(await run(await stored.connect(), "SET key:0 2"), "OK");
  }
  await using stored = await StoredServer.start(storage, lines);
  const [base, current] = await sizes(stored);
  assertEquals([base, current > oldLog.length], [oldLog.length, true]);
  // nothing was loaded, and as in Redis the empty base is not counted
  await using empty = await StoredServer.start(new SimulatedStorage(), lines);
  assertEquals(await sizes(empty), [0, 0]);
});

Deno.test("key-load-delay may be changed while data is loaded", async () => {
  for (const appendonly of ["yes", "no"]) {
    const lines = ["save ''", `appendonly ${appendonly}`, "key-load-delay 1000000"];
    await using stored = StoredServer.begin(await filledStorage(), lines);
    const startedMs = stored.clock.nowMs();
    const client = await stored.connect();
    assert(stored.server.persistence.loading !== null);
    assertEquals(await run(client, "CONFIG SET key-load-delay 0"), "OK");
    await stored.started;
    assertEquals(await run(client, "DBSIZE"), String(keyCount));
    const seconds = (stored.clock.nowMs() - startedMs) / 1000;
    assert(seconds < keyCount - 1, `${seconds} seconds`);
  }
});
