/** Libraries of functions, which nobody runs here, are in all files that are written later. */
import { assertEquals } from "@std/assert";
import { AofRead, AofReader } from "../../src/persistence/aof_reader.ts";
import { RdbReader } from "../../src/persistence/rdb_reader.ts";
import { run, until } from "../net/support.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { StoredServer } from "../support/stored_server.ts";
import { Data } from "./snapshot_data.ts";

/** What Redis 8.0.2 has saved of two FUNCTION LOADs and SET key value. */
const recorded = Uint8Array.fromBase64(
  "UkVESVMwMDEy+glyZWRpcy12ZXIFOC4wLjL6CnJlZGlzLWJpdHPAQPoFY3RpbWXCN6kJa/oIdXNlZC1tZW3CsKkLAPoIYW9m" +
    "LWJhc2XAAPVATCMhbHVhIG5hbWU9Zmlyc3QKcmVkaXMucmVnaXN0ZXJfZnVuY3Rpb24oJ2Fuc3dlcicsIGZ1bmN0aW9uKCkg" +
    "cmV0dXJuIDQyIGVuZCn1w0BgQKkfIyFsdWEgbmFtZT1zZWNvbmQKcmVkaXMucmVnaXN0ZXIRX2Z1bmN0aW9uKCdlY2hvJywg" +
    "4AAQEWtleXMsIGFyZ3MpIHJldHVybmAMDFsxXSBlbmQpCi0tIGHgPwABYWH+APsBAAADa2V5BXZhbHVl/4sEJnrjLWAT",
);

const codes = [
  "#!lua name=first\nredis.register_function('answer', function() return 42 end)",
  "#!lua name=second\nredis.register_function('echo', function(keys, args) return args[1] end)\n-- " +
  "a".repeat(75),
];

const decoder = new TextDecoder();

function functionsIn(storage: SimulatedStorage, path: string): string[] {
  const { keyspace, log } = new Data().server;
  const reader = new RdbReader({ keyspace, log, source: storage.open(path) });
  while (!reader.step(1 << 20));
  return reader.functions.map((code) => decoder.decode(code));
}

function storageWithFunctions(): SimulatedStorage {
  const storage = new SimulatedStorage();
  storage.put("/data/dump.rdb", recorded);
  return storage;
}

Deno.test("libraries of functions are saved again, through any number of starts", async () => {
  const storage = storageWithFunctions();
  for (let start = 0; start < 3; start++) {
    await using stored = await StoredServer.start(storage, ["save ''"]);
    const client = await stored.connect();
    assertEquals(await run(client, "GET key"), "value");
    if (start === 1) await run(client, "FLUSHALL");
    await run(client, "SET key value");
    assertEquals(await run(client, "SAVE"), "OK");
    assertEquals(functionsIn(storage, "/data/dump.rdb"), codes);
  }
});

for (const preamble of ["yes", "no"]) {
  Deno.test(`libraries of functions are in a log with aof-use-rdb-preamble ${preamble}`, async () => {
    const storage = storageWithFunctions();
    const lines = ["save ''", `aof-use-rdb-preamble ${preamble}`];
    {
      await using stored = await StoredServer.start(storage, lines);
      const { aof } = stored.server.persistence;
      const client = await stored.connect();
      await run(client, "CONFIG SET appendonly yes");
      await until(() => !aof.isRewriting);
      await run(client, "SET key later");
    }
    {
      await using stored = await StoredServer.start(storage, [...lines, "appendonly yes"]);
      const client = await stored.connect();
      assertEquals(await run(client, "GET key"), "later");
      await run(client, "SAVE");
    }
    assertEquals(functionsIn(storage, "/data/dump.rdb"), codes);
    if (preamble === "yes") return;
    const base = storage.paths.find((path) => path.endsWith(".base.aof"))!;
    const reader = new AofReader(storage.open(base));
    assertEquals(reader.next(), AofRead.Command);
    assertEquals(decoder.decode(reader.args.bytes(2)), codes[0]);
  });
}
