/** What a log begins with that begins with commands: as Redis 8.0.2 has it for the same data. */
import { assertEquals } from "@std/assert";
import { AofRead, AofReader } from "../../src/persistence/aof_reader.ts";
import { RdbOutput } from "../../src/persistence/rdb_output.ts";
import { RewriteFormat, RewriteWriter } from "../../src/persistence/rewrite_writer.ts";
import { run, until } from "../net/support.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { StoredServer } from "../support/stored_server.ts";
import { type FilledServer, withFilledServer } from "./filled_server.ts";

const decoder = new TextDecoder();

/** The commands of a file, one a line. */
function commandsIn(bytes: Uint8Array): string[] {
  const storage = new SimulatedStorage();
  storage.put("/log", bytes);
  const reader = new AofReader(storage.open("/log"));
  const lines: string[] = [];
  while (reader.next() === AofRead.Command) {
    const { args } = reader;
    lines.push(
      Array.from({ length: args.count }, (_, i) => decoder.decode(args.bytes(i))).join(" "),
    );
  }
  return lines;
}

/** The commands that make a key again. */
function commandsOf({ database, server: { keyspace } }: FilledServer, record: number): string[] {
  const output = new RdbOutput({ compresses: false, sums: false });
  new RewriteWriter(keyspace, output, false).key(record, database.wheel);
  return commandsIn(output.takeAll());
}

/** Each with the command that fills `key`, and the commands that make it again. */
const values: readonly [name: string, commands: readonly string[], rewritten: readonly string[]][] =
  [
    ["a string", ["SET key value"], ["SET key value"]],
    ["an integer", ["SET key -12"], ["SET key -12"]],
    ["a time to live", ["SET key v PXAT 33177117420000"], [
      "SET key v",
      "PEXPIREAT key 33177117420000",
    ]],
    ["a list", ["RPUSH key a b 5"], ["RPUSH key a b 5"]],
    ["an intset", ["SADD key 5 3 -9"], ["SADD key -9 3 5"]],
    ["a small set", ["SADD key a b 7"], ["SADD key a b 7"]],
    [
      "a sorted set",
      ["ZADD key 1 a 3.14 b inf c 1e20 e 123456789012345678 h 1e-7 k 5e-324 m -0 n"],
      ["ZADD key 0 n 5e-324 m 1e-7 k 1 a 3.14 b 123456789012345680 h 1e+20 e inf c"],
    ],
    ["a hash", ["HSET key f v g 17"], ["HMSET key f v g 17"]],
    [
      "a hash of which fields have times to live",
      ["HSET key f v g w", "HPEXPIREAT key 33177117420000 FIELDS 1 g"],
      ["HMSET key g w", "HPEXPIREAT key 33177117420000 FIELDS 1 g", "HMSET key f v"],
    ],
    [
      "a stream",
      ["XADD key 1-1 a b c d", "XADD key 1-2 x y", "XADD key 2-2 z 1", "XDEL key 1-2"],
      [
        "XADD key 1-1 a b c d",
        "XADD key 2-2 z 1",
        "XSETID key 2-2 ENTRIESADDED 3 MAXDELETEDID 1-2",
      ],
    ],
    [
      "a stream without entries",
      ["XGROUP CREATE key group 5-5 MKSTREAM"],
      [
        "XADD key MAXLEN 0 0-1 x y",
        "XSETID key 0-0 ENTRIESADDED 0 MAXDELETEDID 0-0",
        "XGROUP CREATE key group 5-5 ENTRIESREAD -1",
      ],
    ],
    [
      "a stream with groups",
      [
        "XADD key 1-1 a b",
        "XGROUP CREATE key group 0",
        "XGROUP CREATECONSUMER key group idle",
        "XREADGROUP GROUP group reader STREAMS key >",
      ],
      [
        "XADD key 1-1 a b",
        "XSETID key 1-1 ENTRIESADDED 1 MAXDELETEDID 0-0",
        "XGROUP CREATE key group 1-1 ENTRIESREAD 1",
        "XGROUP CREATECONSUMER key group idle",
        "XCLAIM key group reader 0 1-1 TIME 1767225600000 RETRYCOUNT 1 JUSTID FORCE",
      ],
    ],
  ];

for (const [name, commands, rewritten] of values) {
  Deno.test(`commands that make again ${name}`, async () => {
    await withFilledServer(async (filled) => {
      await filled.run(...commands);
      assertEquals(commandsOf(filled, filled.record("key")), rewritten);
    });
  });
}

Deno.test("a command has up to 64 elements, also of a list in many nodes", async () => {
  await withFilledServer(async (filled) => {
    const words = Array.from({ length: 1500 }, (_, i) => `element:${i}`);
    await filled.run(`RPUSH list ${words.join(" ")}`, `SADD set ${words.join(" ")}`);
    const list = commandsOf(filled, filled.record("list"));
    assertEquals(list.map((line) => line.split(" ").length - 2), [...Array(23).fill(64), 28]);
    assertEquals(list.flatMap((line) => line.split(" ").slice(2)), words);
    const set = commandsOf(filled, filled.record("set"));
    assertEquals(set.map((line) => line.split(" ").length - 2), [...Array(23).fill(64), 28]);
  });
});

Deno.test("a long string goes right to the output", async () => {
  await withFilledServer(async (filled) => {
    await filled.run(`SET key "0123456789"*10000`);
    assertEquals(commandsOf(filled, filled.record("key")), [
      `SET key ${"0123456789".repeat(10000)}`,
    ]);
  });
});

Deno.test("a log with notes of the time begins with one", async () => {
  await withFilledServer(({ server: { keyspace } }) => {
    const output = new RdbOutput({ compresses: false, sums: false });
    const origin = {
      redisVersion: "",
      createdAtSeconds: 7,
      usedMemoryBytes: 0,
      isAofBase: true,
      functions: [],
    };
    new RewriteFormat(keyspace, true).writer(output).header(origin);
    assertEquals(decoder.decode(output.takeAll()), "#TS:7\r\n");
  });
});

Deno.test("aof-use-rdb-preamble says what the next base is, and either is loaded", async () => {
  const storage = new SimulatedStorage();
  const lines = ["save ''", "appendonly yes", "aof-use-rdb-preamble no"];
  const bases = () => storage.paths.filter((path) => path.includes(".base."));
  const folder = "/data/appendonlydir/appendonly.aof";
  {
    await using stored = await StoredServer.start(storage, lines);
    const { aof } = stored.server.persistence;
    const client = await stored.connect();
    assertEquals(bases(), [`${folder}.1.base.aof`]);
    assertEquals(await run(client, "RPUSH list a b c"), "3");
    const rewrite = async () => {
      await run(client, "BGREWRITEAOF");
      await until(() => !aof.isRewriting);
    };
    await rewrite();
    assertEquals(commandsIn(storage.read(`${folder}.2.base.aof`)), [
      "SELECT 0",
      "RPUSH list a b c",
    ]);
    assertEquals(await run(client, "CONFIG SET aof-use-rdb-preamble yes"), "OK");
    await rewrite();
    assertEquals(bases(), [`${folder}.3.base.rdb`]);
    assertEquals(await run(client, "CONFIG SET aof-use-rdb-preamble no"), "OK");
    assertEquals(await run(client, "RPUSH list d"), "4");
    await rewrite();
    assertEquals(await run(client, "RPUSH list e"), "5");
  }
  assertEquals(bases(), [`${folder}.4.base.aof`]);
  await using stored = await StoredServer.start(storage, lines);
  assertEquals(await run(await stored.connect(), "LRANGE list 0 -1"), "a b c d e");
});
