import { assertEquals } from "@std/assert";
import { RdbOutput } from "../../src/persistence/rdb_output.ts";
import { AccessInfo, RdbWriter, versionFor } from "../../src/persistence/rdb_writer.ts";
import type { Keyspace } from "../../src/keyspace/keyspace.ts";
import { escapeBytes } from "../support/escape.ts";
import { withFilledServer } from "./filled_server.ts";

/** A file with all data of a keyspace, as text. */
function fileOf(keyspace: Keyspace, { access = AccessInfo.None, sums = true } = {}): string {
  const output = new RdbOutput({ compresses: true, sums });
  const writer = new RdbWriter(keyspace, output, versionFor(keyspace), access);
  writer.header({
    redisVersion: "8.0.2",
    createdAtSeconds: 1767225600,
    usedMemoryBytes: 1000,
    isAofBase: false,
    functions: [],
  });
  for (const database of keyspace.databases) {
    if (database.size === 0) continue;
    writer.database(database.index, database.size, database.volatileSize);
    database.dict.forEach((record) => writer.key(record, database.wheel));
  }
  writer.end();
  return escapeBytes(output.takeAll());
}

/** What is behind the version of each file here. */
const header = "\\xfa\\x09redis-ver\\x058.0.2\\xfa\\nredis-bits\\xc0@" +
  "\\xfa\\x05ctime\\xc2\\x00\\xb9Ui\\xfa\\x08used-mem\\xc1\\xe8\\x03\\xfa\\x08aof-base\\xc0\\x00";

Deno.test("a file of nothing has a header and an end", async () => {
  await withFilledServer(({ server: { keyspace } }) => {
    assertEquals(fileOf(keyspace), `REDIS0011${header}\\xffu\\xed8\\x92yf\\x96L`);
  });
});

Deno.test("keys stand in their databases, with their times", async () => {
  await withFilledServer(async (filled) => {
    await filled.run("SET key value", "SELECT 3", "SET 12 1", "PEXPIREAT 12 33177117420000");
    assertEquals(
      fileOf(filled.server.keyspace, { sums: false }),
      `REDIS0011${header}` +
        "\\xfe\\x00\\xfb\\x01\\x00\\x00\\x03key\\x05value" +
        "\\xfe\\x03\\xfb\\x01\\x01\\xfc\\xe0iL\\xa6,\\x1e\\x00\\x00\\x00\\xc0\\x0c\\xc0\\x01" +
        "\\xff\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00",
    );
  });
});

Deno.test("keys have what the eviction policy goes by", async () => {
  await withFilledServer(async (filled) => {
    const { keyspace } = filled.server;
    await filled.run("SET key value");
    filled.clock.advance(100_000);
    keyspace.setNow(filled.clock.nowMs());
    const keyWith = (access: AccessInfo) => fileOf(keyspace, { access }).split("\\xfb")[1];
    assertEquals(keyWith(AccessInfo.Idle).startsWith("\\x01\\x00\\xf8@d\\x00\\x03key"), true);
    await filled.run("DEL key", "CONFIG SET maxmemory-policy allkeys-lfu", "SET key value");
    assertEquals(
      keyWith(AccessInfo.Frequency).startsWith("\\x01\\x00\\xf9\\x05\\x00\\x03key"),
      true,
    );
  });
});

Deno.test("a file is of version 12 while a field has a time to live", async () => {
  await withFilledServer(async (filled) => {
    const { keyspace } = filled.server;
    await filled.run("SELECT 5", "HSET hash field value");
    assertEquals(versionFor(keyspace), 11);
    await filled.run("HPEXPIREAT hash 33177117420000 FIELDS 1 field");
    assertEquals(versionFor(keyspace), 12);
    assertEquals(fileOf(keyspace).startsWith("REDIS0012"), true);
    await filled.run("HPERSIST hash FIELDS 1 field");
    assertEquals(versionFor(keyspace), 11);
  });
});
