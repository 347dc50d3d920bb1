import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Keyspace } from "../../src/keyspace/keyspace.ts";
import { Log, LogLevel } from "../../src/log.ts";
import { ManualClock } from "../../src/clock.ts";
import { datasetDigest } from "../../src/observe/digest.ts";
import { RdbError } from "../../src/persistence/rdb_input.ts";
import { RdbReader } from "../../src/persistence/rdb_reader.ts";
import { accessOf } from "../../src/values/record.ts";
import { EventLog, find, get, has, keys, newKeyspace, set, startMs } from "../keyspace/support.ts";
import { listpack, type RdbBuilder, rdbFile } from "./rdb_builder.ts";
import { rdbFiles } from "./rdb_files.ts";
import { BytesSource, bytesWhenEmpty, load, type LoadOptions } from "./support.ts";

const digestOf = ({ databases }: Keyspace) => datasetDigest(databases);

const fullFile = rdbFiles.get("version 12")!;
const fullDigest = digestOf(load(fullFile).keyspace);

/** A file of keys that are written as `write` says. */
const fileOf = (write: (builder: RdbBuilder) => unknown) => rdbFile(12, write);
const pair = (builder: RdbBuilder, key: string, value: string) =>
  builder.byte(0).string(key).string(value);

/** For files that are read by the thousand: memory for each of them would be most of the work. */
const bench = newKeyspace();
const benchBytes = bench.heap.usedBytes;

/** Reads a broken file, and gives what the reader says of it; nothing is left of what it had read. */
function refusal(bytes: Uint8Array, options: LoadOptions = {}): string {
  const error = assertThrows(() => load(bytes, { ...options, keyspace: bench }), RdbError);
  assertEquals(bytesWhenEmpty(bench), benchBytes);
  return error.message;
}

/** Reads a file with each of its bits changed in turn; `look` sees what is loaded, and may it be. */
function changeEachBit(options: LoadOptions, look: (bit: number) => void): void {
  const bytes = fullFile.slice();
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const mask = 1 << (bit & 7);
    bytes[bit >> 3] ^= mask;
    try {
      load(bytes, { ...options, keyspace: bench });
      look(bit);
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
    }
    bytes[bit >> 3] ^= mask;
    assertEquals(bytesWhenEmpty(bench), benchBytes, `bit ${bit}`);
  }
}

Deno.test("a file is read in portions of any size, and comes in portions of any size", () => {
  for (const portionBytes of [1, 2, 7, 100, Infinity]) {
    for (const isLengthKnown of [true, false]) {
      const source = new BytesSource(fullFile, portionBytes, isLengthKnown);
      const { keyspace } = load(fullFile, { source });
      assertEquals(digestOf(keyspace), fullDigest, `portions of ${portionBytes}`);
    }
  }
  for (const stepBytes of [1, 13, 200, 100_000]) {
    const { keyspace, steps } = load(fullFile, { stepBytes });
    assertEquals(digestOf(keyspace), fullDigest, `steps of ${stepBytes}`);
    assert(steps <= fullFile.length / stepBytes + 2, `${steps} steps of ${stepBytes}`);
  }
});

Deno.test("a large value is read in portions, and nobody sees it before it is whole", () => {
  const elements = 10_000;
  const bytes = fileOf((builder) => {
    builder.byte(1).string("list").count(elements);
    for (let i = 0; i < elements; i++) builder.string(`element ${i}`);
  });
  const keyspace = newKeyspace();
  const reader = readerOf(bytes, keyspace);
  const bytesBefore = keyspace.heap.usedBytes;
  let steps = 1;
  for (; !reader.step(1000); steps++) {
    if (steps % 10 === 0) assertEquals(has(keyspace.databases[0], "list"), false);
  }
  assert(steps > elements * 10 / 1000);
  assertEquals(keyspace.values.lists.count(find(keyspace.databases[0], "list")), elements);

  const abandoned = newKeyspace();
  const half = readerOf(bytes, abandoned);
  half.step(bytes.length / 2);
  half.abandon();
  assertEquals(bytesWhenEmpty(abandoned), bytesBefore);
});

function readerOf(bytes: Uint8Array, keyspace: Keyspace): RdbReader {
  const log = new Log(new ManualClock(startMs), () => {}, LogLevel.Nothing);
  return new RdbReader({ keyspace, log, source: new BytesSource(bytes) });
}

Deno.test("a string longer than any portion is read whole", () => {
  const long = "0123456789".repeat(100_000);
  const bytes = fileOf((builder) => {
    pair(builder, "long", long);
    pair(builder, "k".repeat(300_000), "long key");
    builder.byte(0).string("compressed").compressed(long);
  });
  const { keyspace } = load(bytes, { source: new BytesSource(bytes, 1000) });
  const [database] = keyspace.databases;
  assertEquals(get(database, "long"), long);
  assertEquals(get(database, "compressed"), long);
  assertEquals(get(database, "k".repeat(300_000)), "long key");
});

Deno.test("a file tells of itself", () => {
  const aux = (builder: RdbBuilder, name: string, value: string) =>
    builder.byte(0xfa).string(name).string(value);
  const lines: string[] = [];
  const { reader } = load(
    fileOf((builder) => {
      aux(builder, "redis-ver", "7.4.0");
      aux(builder, "ctime", "1700000000");
      aux(builder, "used-mem", "1000000");
      aux(builder, "Repl-Id", "a".repeat(40));
      aux(builder, "repl-offset", "12345");
      builder.byte(0xfa).string("repl-stream-db").integer(3, 1);
      aux(builder, "aof-base", "1");
      aux(builder, "lua", "return 1");
      aux(builder, "%note", "for people");
      builder.byte(0xf5).string("#!lua name=one\n").byte(0xf5).string("#!lua name=two\n");
    }),
    { lines },
  );
  assertEquals(Object.fromEntries(reader.aux), {
    "redis-ver": "7.4.0",
    "ctime": "1700000000",
    "used-mem": "1000000",
    "repl-id": "a".repeat(40),
    "repl-offset": "12345",
    "repl-stream-db": "3",
    "aof-base": "1",
  });
  const code = reader.functions.map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(code, ["#!lua name=one\n", "#!lua name=two\n"]);
  assert(lines.some((line) => line.includes("RDB '%note': for people")));
});

Deno.test("the end of the RDB is known, whatever follows", () => {
  const bytes = fileOf((builder) => pair(builder, "key", "value"));
  const { reader } = load(Uint8Array.of(...bytes, 1, 2, 3, 4));
  assertEquals(reader.offset, bytes.length);
});

Deno.test("data of modules beside the keys is skipped, with a warning", () => {
  const lines: string[] = [];
  const { keyspace } = load(
    fileOf((builder) => {
      // "ReJSON-RL", version 3
      builder.byte(0xf7).count(0x45e24820d77c45cn * 1024n + 3n).count(2).count(1);
      builder.count(1).count(7).count(2).count(9).count(3).raw("flt4").count(4).double(1.5);
      builder.count(5).string("text").count(0);
      pair(builder, "key", "value");
    }),
    { lines },
  );
  assertEquals(get(keyspace.databases[0], "key"), "value");
  assert(lines.some((line) => /# .*module '[\w-]{9}'/.test(line)), lines.join(""));
  assert(/unknown opcode 9/.test(refusal(
    fileOf((builder) => builder.byte(0xf7).count(5).count(2).count(1).count(9)),
  )));
});

Deno.test("keys whose time has come are not loaded, unless they are wanted", () => {
  const bytes = fileOf((builder) => {
    pair(builder.byte(0xfc).fixed(startMs - 1, 8), "went", "x");
    pair(builder.byte(0xfc).fixed(startMs, 8), "goes now", "x");
    pair(builder.byte(0xfc).fixed(startMs + 1, 8), "goes", "x");
    pair(builder.byte(0xfc).fixed(-2, 8), "went long ago", "x");
    builder.byte(0xfc).fixed(startMs - 1, 8).byte(1).string("list went").count(1).string("x");
    pair(builder, "stays", "x");
  });
  const { keyspace, reader } = load(bytes);
  assertEquals(keys(keyspace.databases[0]), ["goes", "goes now", "stays"]);
  assertEquals([reader.keysLoaded, reader.keysExpired], [3, 3]);
  const kept = load(bytes, { keepExpired: true });
  assertEquals([kept.reader.keysLoaded, kept.reader.keysExpired], [6, 0]);
  assertEquals(kept.keyspace.databases[0].size, 6);
});

Deno.test("fields of hashes go in time, and those whose time has come are not seen", () => {
  const { keyspace } = load(fileOf((builder) => {
    builder.byte(24).string("hash").fixed(startMs - 1, 8).count(3)
      .count(1).string("went").string("x").count(1002).string("goes").string("x")
      .count(0).string("stays").string("x");
  }));
  const [database] = keyspace.databases;
  const { hashes } = keyspace.values;
  const record = find(database, "hash");
  assertEquals([hashes.count(record), hashes.liveCount(record)], [3, 2]);
  keyspace.setNow(startMs + 2000);
  assertEquals(database.expireFields(record, 100), 2);
  assertEquals(hashes.count(record), 1);
});

Deno.test("idle time and frequency count under the policy that they are of", () => {
  const bytes = fileOf((builder) => {
    pair(builder.byte(0xf8).count(1000), "idle", "x");
    pair(builder.byte(0xf9).byte(77), "frequent", "x");
    pair(builder, "neither", "x");
  });
  for (const lfu of [false, true]) {
    const keyspace = newKeyspace();
    keyspace.setPolicy({ lfu, lfuLogFactor: 10, lfuDecayTime: 1 });
    load(bytes, { keyspace });
    const [database] = keyspace.databases;
    const access = ["idle", "frequent", "neither"].map((key) =>
      accessOf(database.heap, find(database, key))
    );
    if (lfu) assertEquals(access.map((bits) => keyspace.lfuCounter(bits)), [5, 77, 5]);
    else assertEquals(access.map((bits) => keyspace.idleSeconds(bits)), [1000, 0, 0]);
  }
});

Deno.test("a key that is there already is refused, or replaced", () => {
  const bytes = fileOf((builder) => {
    pair(builder, "key", "new");
    builder.byte(1).string("list").count(1).string("new");
  });
  const prepare = () => {
    const keyspace = newKeyspace();
    const [database] = keyspace.databases;
    set(database, "key", "old", { expiresAtMs: startMs + 1000 });
    set(database, "list", "old");
    return keyspace;
  };
  const error = assertThrows(() => load(bytes, { keyspace: prepare() }), RdbError);
  assert(error.message.startsWith("key 'key' is there already (at byte "));
  const { keyspace: { databases: [database], values } } = load(bytes, {
    keyspace: prepare(),
    replaceKeys: true,
  });
  assertEquals(get(database, "key"), "new");
  assertEquals(database.expiresAtMs(find(database, "key")), -1);
  assertEquals(values.lists.count(find(database, "list")), 1);
  assertEquals(database.size, 2);
});

Deno.test("a key that a file has twice is refused, or has the last value", () => {
  for (const between of [0, 1, 100]) {
    const bytes = fileOf((builder) => {
      pair(builder, "key", "first");
      for (let i = 0; i < between; i++) pair(builder, `another ${i}`, "value");
      pair(builder, "key", "last");
    });
    assert(refusal(bytes).startsWith("key 'key' is there already (at byte "));
    const { keyspace: { databases: [database] } } = load(bytes, { replaceKeys: true });
    assertEquals(get(database, "key"), "last");
    assertEquals(database.size, between + 1);
  }
});

Deno.test("keys are in the database that was chosen last, however often that changes", () => {
  const bytes = fileOf((builder) => {
    for (let i = 0; i < 100; i++) pair(builder.byte(0xfe).count(i % 3), `key ${i}`, `value ${i}`);
  });
  const { keyspace: { databases } } = load(bytes);
  assertEquals(databases.slice(0, 4).map(({ size }) => size), [34, 33, 33, 0]);
  for (let i = 0; i < 100; i++) assertEquals(get(databases[i % 3], `key ${i}`), `value ${i}`);
});

Deno.test("a hash with times to live that replaces another leaves no timer behind", () => {
  const bytes = fileOf((builder) => {
    const expiresAtMs = startMs + 5000;
    builder.byte(25).string("hash").fixed(expiresAtMs, 8)
      .string(listpack(["f", "v", expiresAtMs]));
  });
  const keyspace = newKeyspace({ events: new EventLog() });
  load(bytes, { keyspace });
  load(bytes, { keyspace, replaceKeys: true });
  assertEquals(keyspace.databases[0].fieldTimers.wheel.count, 1);
});

Deno.test("keys without elements are left out, and named in the log", () => {
  const lines: string[] = [];
  const { keyspace, reader } = load(
    fileOf((builder) => {
      for (let i = 0; i < 15; i++) builder.byte(1).string(`empty ${i}`).count(0);
      pair(builder, "key", "value");
    }),
    { lines },
  );
  assertEquals(keys(keyspace.databases[0]), ["key"]);
  assertEquals(reader.keysEmpty, 15);
  assertEquals(lines.filter((line) => line.includes("skipping empty key: empty")).length, 10);
  assert(lines.at(-1)!.includes("keys loaded: 1, keys expired: 0, empty keys skipped: 15."));
});

Deno.test("a wrong checksum counts, unless nobody wants it to", () => {
  const bytes = rdbFiles.get("wrong checksum")!;
  assert(/the checksum should be [\da-f]{16}, not 0707070707070707 /.test(refusal(bytes)));
  assertEquals(keys(load(bytes, { checksum: false }).keyspace.databases[0]), ["key"]);
});

Deno.test("what is refused is refused with the place and the reason", () => {
  const cases: [string, Uint8Array][] = [
    ["this is no RDB file (at byte 2)", new TextEncoder().encode("RADIS0011")],
    ["RDB of version 13 (at byte 9)", rdbFile(13, () => {})],
    [
      "database 16 where the server has 4 (at byte 11)",
      fileOf((builder) => builder.byte(0xfe).count(16)),
    ],
    [
      "a value of type 8, which there is none of (at byte 12)",
      fileOf((builder) => builder.byte(8).string("k")),
    ],
    [
      "a set has a member twice (at byte 17)",
      fileOf((builder) => builder.byte(2).string("k").count(2).string("a").string("a")),
    ],
    [
      "a sorted set is a broken listpack (at byte 29)",
      fileOf((builder) => builder.byte(17).string("k").string(listpack(["a", "0x10"]))),
    ],
    [
      "1099511627776 elements where 11 bytes are left (at byte 21)",
      fileOf((builder) => builder.byte(1).string("k").count(2 ** 40).string("a")),
    ],
    [
      "module data I can't load: no matching module type 'AAAAAAAAA' (at byte 13)",
      fileOf((builder) => builder.byte(7).string("k").count(1)),
    ],
    ["an unexpected end (at byte 9)", rdbFile(12, () => {}).subarray(0, 9)],
  ];
  for (const [message, bytes] of cases) assertEquals(refusal(bytes), message);
});

Deno.test("a file that ends too early is refused, wherever that is", () => {
  for (let length = 0; length < fullFile.length; length++) {
    for (const isLengthKnown of [true, false]) {
      const bytes = fullFile.subarray(0, length);
      const source = new BytesSource(bytes, Infinity, isLengthKnown);
      const message = refusal(bytes, { source });
      assert(/ \(at byte \d+\)$/.test(message), message);
    }
  }
});

Deno.test("a file of which a bit is wrong is refused, or means the same", () => {
  changeEachBit({}, (bit) => assertEquals(digestOf(bench), fullDigest, `bit ${bit}`));
});

Deno.test("a bit that no checksum guards never does more than change data", () => {
  changeEachBit({ checksum: false }, (bit) => {
    // whatever there is can be walked through, which takes longer than all the rest
    if (bit % 16 === 0) digestOf(bench);
  });
});

Deno.test("room is made for the keys that a file has, and not for those that it only claims", () => {
  const bytes = fileOf((builder) => {
    builder.byte(0xfb).count(2 ** 32).count(0);
    for (let i = 0; i < 1000; i++) pair(builder, `key ${i}`, "value");
  });
  const { keyspace: { databases: [{ dict }] } } = load(bytes);
  assertEquals(dict.count, 1000);
  assert(dict.bucketCount <= dict.count / 4);
  dict.checkInvariants();
});
