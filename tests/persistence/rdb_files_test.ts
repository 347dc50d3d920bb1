/** What redino makes of RDB files of all versions, compared with what Redis makes of them. */
import { assertEquals, assertThrows } from "@std/assert";
import type { Database } from "../../src/keyspace/database.ts";
import { datasetDigest } from "../../src/observe/digest.ts";
import { RdbError } from "../../src/persistence/rdb_input.ts";
import { encodingName, typeNames, typeOf } from "../../src/values/record.ts";
import { keyOf } from "../keyspace/support.ts";
import { rdbFiles, readRecordedFiles, type RecordedKey } from "./rdb_files.ts";
import { load } from "./support.ts";

/** The keys of a database as a recording has them. */
function keysOf(database: Database): RecordedKey[] {
  const keys: RecordedKey[] = [];
  database.dict.forEach((record) => {
    keys.push({
      key: keyOf(database, record),
      type: typeNames[typeOf(database.heap, record)],
      encoding: encodingName(database.heap, record),
      expiresAtMs: Number(database.expiresAtMs(record)),
    });
  });
  return keys.sort((a, b) => a.key < b.key ? -1 : 1);
}

for (const { name, refused, digest, databases } of readRecordedFiles()) {
  Deno.test(`an RDB file is read as Redis reads it: ${name}`, () => {
    const bytes = rdbFiles.get(name)!;
    if (refused) {
      assertThrows(() => load(bytes), RdbError);
      return;
    }
    const { keyspace } = load(bytes);
    const found = keyspace.databases.filter(({ size }) => size > 0)
      .map((database) => [String(database.index), keysOf(database)]);
    assertEquals(Object.fromEntries(found), databases);
    assertEquals(datasetDigest(keyspace.databases), digest);
  });
}

Deno.test("what Redis makes of each file is recorded", () => {
  assertEquals(readRecordedFiles().map(({ name }) => name), [...rdbFiles.keys()]);
});
