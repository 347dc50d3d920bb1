import { assertEquals } from "@std/assert";
import { largeBytesUsual, LargeValues } from "../../src/persistence/large_values.ts";
import { RdbType } from "../../src/persistence/rdb_format.ts";
import { RdbOutput } from "../../src/persistence/rdb_output.ts";
import { AccessInfo, RdbFormat } from "../../src/persistence/rdb_writer.ts";
import { ValueWriter } from "../../src/persistence/value_writer.ts";
import type { Keyspace } from "../../src/keyspace/keyspace.ts";
import { type FilledServer, withFilledServer } from "./filled_server.ts";

/** What `write` writes of a value. */
function written(
  keyspace: Keyspace,
  write: (writer: ValueWriter) => void,
  version?: number,
): Uint8Array {
  const output = new RdbOutput({ compresses: false, sums: false });
  write(new ValueWriter(keyspace, output, version));
  return output.takeAll();
}

/** Whether a snapshot would write a value in parts. */
function isLarge({ server: { keyspace } }: FilledServer, record: number): boolean {
  const options = { compresses: false, sums: false, access: AccessInfo.None };
  return new LargeValues(keyspace, new RdbFormat(keyspace, options), largeBytesUsual)
    .isLarge(record);
}

/** Asserts that the head and the parts that `writeParts` writes are all of a value, in the same order. */
function assertInParts(
  filled: FilledServer,
  record: number,
  writeParts: (writer: ValueWriter) => void,
): void {
  const { keyspace } = filled.server;
  const whole = written(keyspace, (writer) => writer.write(record));
  assertEquals(isLarge(filled, record), true);
  const parts = written(keyspace, (writer) => {
    writer.begin(record);
    writeParts(writer);
  });
  assertEquals(parts, whole);
}

/** Words that stand for `count` different elements. */
function elements(count: number, each: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => each(i)).join(" ");
}

Deno.test("a large hash is its head and its fields", async () => {
  await withFilledServer(async (filled) => {
    const { hashes } = filled.server.keyspace.values;
    await filled.run(`HSET hash ${elements(3000, (i) => `field:${i} value:${i * i}`)}`);
    const record = filled.record("hash");
    const fields = hashes.fieldsOf(record)!;
    assertInParts(filled, record, (writer) => {
      fields.dict.forEach((field) => writer.part(field));
    });
    await filled.run("HPEXPIREAT hash 33177117420000 FIELDS 2 field:7 field:8");
    assertInParts(filled, record, (writer) => {
      fields.dict.forEach((field) => writer.part(field));
    });
  });
});

Deno.test("a large set is its head and its members", async () => {
  await withFilledServer(async (filled) => {
    await filled.run(`SADD set ${elements(4000, (i) => `member:${i}`)}`);
    const record = filled.record("set");
    const dict = filled.server.keyspace.values.sets.dictOf(record)!;
    assertInParts(filled, record, (writer) => {
      dict.forEach((member) => writer.part(member));
    });
  });
});

Deno.test("a large sorted set is its head and its members, whatever their order", async () => {
  await withFilledServer(async (filled) => {
    const { sortedSets } = filled.server.keyspace.values;
    await filled.run(`ZADD zset ${elements(3000, (i) => `${i * 1.5} member:${i}`)}`);
    const record = filled.record("zset");
    const dict = sortedSets.dictOf(record)!;
    assertInParts(filled, record, (writer) => {
      const members: number[] = [];
      dict.forEach((member) => members.push(member));
      members.sort((a, b) => sortedSets.scoreOf(b) - sortedSets.scoreOf(a));
      for (const member of members) writer.part(member);
    });
  });
});

Deno.test("a large list is its head and its nodes", async () => {
  await withFilledServer(async (filled) => {
    const { lists } = filled.server.keyspace.values;
    await filled.run(
      `RPUSH list ${elements(9000, (i) => `element:${i * i}`)}`,
      `LINSERT list BEFORE element:100 "x"*9000`,
    );
    const record = filled.record("list");
    assertInParts(filled, record, (writer) => {
      for (let node = lists.firstNode(record); node !== 0; node = lists.nextNode(node)) {
        writer.part(node);
      }
    });
  });
});

Deno.test("a large stream is its head, its nodes and what is behind them", async () => {
  await withFilledServer(async (filled) => {
    const { streams } = filled.server.keyspace.values;
    for (let i = 1; i <= 2000; i++) await filled.run(`XADD stream ${i}-0 field "value"*20`);
    await filled.run("XGROUP CREATE stream a 0", "XGROUP CREATE stream b 7-0");
    await filled.run("XREADGROUP GROUP a alice COUNT 100 STREAMS stream >");
    const record = filled.record("stream");
    assertInParts(filled, record, (writer) => {
      const nodes = streams.nodeCursor();
      let more = nodes.seek(streams.treeOf(record), 0);
      for (; more; more = nodes.next()) writer.part(nodes.record);
      const pending = streams.groups.pendingCursor();
      writer.streamTail(record, (owner, write) => {
        let more = pending.seek(streams.groups.pendingTree(owner), 0);
        for (; more; more = pending.next()) write(pending.record);
      });
    });
  });
});

Deno.test("a value that is written at once is not large", async () => {
  await withFilledServer(async (filled) => {
    await filled.run(
      `SET string "x"*200000`,
      "SET integer 1",
      `HSET hash field "x"*1000`,
      "SADD intset 1 2 3",
      "ZADD zset 1 a",
      `RPUSH list ${elements(500, (i) => `element:${i}`)} "x"*9000`,
      "XADD stream * field value",
    );
    filled.database.dict.forEach((record) => assertEquals(isLarge(filled, record), false));
  });
});

Deno.test("in version 11 a hash that had times to live of fields is a plain one", async () => {
  await withFilledServer(async (filled) => {
    await filled.run(
      "HSET hash a 1 b text",
      "HPEXPIREAT hash 33177117420000 FIELDS 1 a",
      "HPERSIST hash FIELDS 1 a",
      "HSET plain a 1 b text",
    );
    const { keyspace } = filled.server;
    const [hash, plain] = [filled.record("hash"), filled.record("plain")];
    const types = (version: number) => {
      const output = new RdbOutput({ compresses: false, sums: false });
      const writer = new ValueWriter(keyspace, output, version);
      return [writer.typeOf(hash), writer.typeOf(plain)];
    };
    assertEquals(types(12), [RdbType.HASH_LISTPACK_EX, RdbType.HASH_LISTPACK]);
    assertEquals(types(11), [RdbType.HASH, RdbType.HASH_LISTPACK]);
    const fields = written(keyspace, (writer) => writer.write(hash), 11);
    assertEquals(new TextDecoder("latin1").decode(fields), "\x02\x01b\x04text\x01a\xc0\x01");
  });
});
