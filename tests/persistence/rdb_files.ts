/**
 * RDB files of all versions, with all that may be in them, and what real Redis makes of each: recorded by
 * `scripts/record_rdb.ts` in `recorded_files.jsonl`, compared by `rdb_files_test.ts`.
 */
import { intset, listpack, type RdbBuilder, rdbFile, ziplist, zipmap } from "./rdb_builder.ts";

/** A key as real Redis tells of it. */
export interface RecordedKey {
  key: string;
  type: string;
  encoding: string;
  /** In milliseconds since the epoch, -1 for never. */
  expiresAtMs: number;
}

/** What Redis has made of a file: nothing, as it has refused it, or keys by database. */
export interface RecordedFile {
  name: string;
  refused: boolean;
  digest?: string;
  databases?: Record<string, RecordedKey[]>;
}

const recorded = new URL("recorded_files.jsonl", import.meta.url);

export function readRecordedFiles(): RecordedFile[] {
  const lines = Deno.readTextFileSync(recorded).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

export function writeRecordedFiles(files: RecordedFile[]): void {
  Deno.writeTextFileSync(recorded, files.map((file) => JSON.stringify(file) + "\n").join(""));
}

/** Moments before and behind the present of everybody. */
const pastMs = 1_600_000_000_000;
const futureMs = 4_102_444_800_000;

/** A string key. */
const pair = (builder: RdbBuilder, key: string, value: string) =>
  builder.byte(0).string(key).string(value);

const select = (builder: RdbBuilder, index: number) => builder.byte(0xfe).count(index);

const aux = (builder: RdbBuilder, name: string, value: string) =>
  builder.byte(0xfa).string(name).string(value);

function oldTypes(builder: RdbBuilder): void {
  select(builder, 0);
  pair(builder, "text", "hello");
  builder.byte(0).string("small").integer(-7, 1).byte(0).integer(1234, 2).integer(70000, 4);
  builder.byte(0).string("long").compressed("as compressed as it gets");
  builder.byte(1).string("list").count(3).string("a").integer(5, 1).string("b");
  builder.byte(2).string("set").count(3).string("a").integer(5, 1).string("b");
  builder.byte(2).string("integers").count(2).integer(1, 1).integer(2, 1);
  builder.byte(3).string("zset").count(3).string("a").score("1.5").string("b").score("-inf")
    .string("c").score("0.10000000000000001");
  builder.byte(4).string("hash").count(2).string("f").string("v").integer(1, 1).integer(2, 1);
}

function ziplistTypes(builder: RdbBuilder): void {
  builder.byte(10).string("short list").string(ziplist(["a", 1, -300, "b".repeat(64), "c"]));
  builder.byte(11).string("intset").string(intset([-70000, 5, 70000], 4));
  builder.byte(12).string("small zset").string(ziplist(["a", 1, "b", "2.5"]));
  builder.byte(13).string("small hash").compressed(ziplist(["f", "v", "g", 100, "h", "f"]));
}

function listpackTypes(builder: RdbBuilder): void {
  builder.byte(16).string("lp hash").string(listpack(["f", "v", "g", 100]));
  builder.byte(17).string("lp zset").string(listpack(["a", 1, "b", "2.5"]));
  builder.byte(18).string("lp list").count(2).count(2).string(listpack(["a", 1])).count(1)
    .string("b".repeat(70));
}

function hashTypes(builder: RdbBuilder): void {
  builder.byte(24).string("fields").fixed(futureMs, 8).count(2).count(1).string("f").string("v")
    .count(0).string("g").string("w");
  builder.byte(25).string("packed fields").fixed(futureMs, 8)
    .string(listpack(["f", "v", futureMs, "g", "w", 0]));
}

function stream(builder: RdbBuilder, type: number, key: string): void {
  const form = type === 15 ? 1 : type === 19 ? 2 : 3;
  builder.byte(type).string(key).count(1).count(16).streamId(5, 1)
    .string(listpack([2, 0, 1, "f", 0, 2, 0, 0, "v", 4, 2, 7, 0, "w", 4]))
    .count(2).count(12).count(1);
  if (form > 1) builder.count(5).count(1).count(0).count(0).count(2);
  builder.count(1).string("group").count(5).count(1);
  if (form > 1) builder.count(1);
  builder.count(1).streamId(5, 1).fixed(pastMs, 8).count(2);
  builder.count(1).string("consumer").fixed(pastMs, 8);
  if (form > 2) builder.fixed(pastMs, 8);
  builder.count(1).streamId(5, 1);
}

/** Keys that go, in seconds and in milliseconds, and the ways to say how they are used. */
function attributes(builder: RdbBuilder, version: number): void {
  select(builder, 3);
  pair(builder.byte(0xfd).fixed(futureMs / 1000, 4), "goes", "later");
  pair(builder.byte(0xfd).fixed(pastMs / 1000, 4), "went", "before");
  if (version < 3) return;
  pair(builder.byte(0xfc).fixed(futureMs + 1, 8), "goes ms", "later");
  pair(builder.byte(0xfc).fixed(pastMs + 1, 8), "went ms", "before");
  builder.byte(0xfc).fixed(futureMs, 8).byte(2).string("going set").count(1).string("m");
  if (version < 9) return;
  pair(builder.byte(0xf9).byte(200), "often", "used");
  pair(builder.byte(0xfc).fixed(futureMs, 8).byte(0xf8).count(1000), "seldom", "used");
}

/** All that a version of the format has. */
function fileOf(version: number): Uint8Array {
  return rdbFile(version, (builder) => {
    if (version >= 7) {
      aux(builder, "redis-ver", "of no version");
      aux(builder, "ctime", "1600000000");
      aux(builder, "%note", "for the log");
      aux(builder, "unheard-of", "left out");
    }
    oldTypes(builder);
    if (version >= 2) {
      builder.byte(9).string("zipmap").string(zipmap([["f", "v"], ["g", "1"]], 2));
      ziplistTypes(builder);
    }
    if (version >= 7) {
      select(builder, 1).byte(0xfb).count(2).count(0);
      builder.byte(14).string("quicklist").count(2).string(ziplist(["a", 1])).string(
        ziplist(["b"]),
      );
      pair(builder, "other", "database");
    }
    if (version >= 8) {
      builder.byte(5).string("zset").count(2).string("a").double(1.5).string("b")
        .double(-Infinity);
    }
    if (version >= 9) stream(builder, 15, "stream");
    if (version >= 10) {
      listpackTypes(builder);
      stream(builder, 19, "stream 2");
    }
    if (version >= 11) {
      builder.byte(20).string("lp set").string(listpack(["a", 1]));
      stream(builder, 21, "stream 3");
    }
    if (version >= 12) {
      builder.byte(0xf4).count(7).count(3).count(0);
      hashTypes(builder);
    }
    attributes(builder, version);
  });
}

function plain(version: number, write: (builder: RdbBuilder) => unknown): Uint8Array {
  return rdbFile(version, (builder) => {
    select(builder, 0);
    write(builder);
  });
}

/** A file with another checksum than it should have. */
function withChecksum(bytes: Uint8Array, checksum: number): Uint8Array {
  return bytes.slice().fill(checksum, bytes.length - 8);
}

const simple = plain(11, (builder) => pair(builder, "key", "value"));

/** Files by name. */
export const rdbFiles: ReadonlyMap<string, Uint8Array> = new Map([
  ...Array.from({ length: 12 }, (_, i): [string, Uint8Array] => [
    `version ${i + 1}`,
    fileOf(i + 1),
  ]),
  ["empty", rdbFile(11, () => {})],
  ["without checksum", withChecksum(simple, 0)],
  ["wrong checksum", withChecksum(simple, 7)],
  ["something behind the end", Uint8Array.of(...simple, 1, 2, 3)],
  ["cut off", simple.subarray(0, simple.length - 9)],
  ["without its checksum's end", simple.subarray(0, simple.length - 1)],
  ["not RDB", new TextEncoder().encode("RADIS0011 and so on")],
  ["version 0", rdbFile(0, () => {})],
  ["version 13", rdbFile(13, () => {})],
  ["version of letters", new TextEncoder().encode("REDISabcd")],
  [
    "version with spaces",
    Uint8Array.of(
      ...new TextEncoder().encode("REDIS 9 x"),
      ...simple.subarray(9, -8),
      ...new Uint8Array(8),
    ),
  ],
  [
    "a time to live of -1",
    plain(11, (builder) =>
      pair(
        pair(builder.byte(0xfc).fixed(-1, 8), "stays", "on").byte(0xfc).fixed(-2, 8),
        "goes",
        "at once",
      )),
  ],
  ["a key twice", plain(11, (builder) => pair(pair(builder, "key", "one"), "key", "two"))],
  [
    "a key in two databases",
    plain(11, (builder) => pair(select(pair(builder, "key", "one"), 5), "key", "two")),
  ],
  ["database out of range", plain(11, (builder) => pair(select(builder, 16), "key", "value"))],
  [
    "empty collections",
    plain(11, (builder) => {
      for (const type of [1, 2, 3, 4, 5, 14, 18]) {
        builder.byte(type).string(`empty ${type}`).count(0);
      }
      builder.byte(16).string("empty lp").string(listpack([]));
      builder.byte(12).string("empty zl").string(ziplist([]));
      pair(builder, "key", "value");
    }),
  ],
  [
    "functions",
    plain(11, (builder) => {
      builder.byte(0xf5).string(
        "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
      );
      pair(builder, "key", "value");
    }),
  ],
  ["functions of a release candidate", plain(11, (builder) => builder.byte(0xf6).string("x"))],
  ["an empty key", plain(11, (builder) => pair(builder, "", ""))],
  ["an integer key", plain(11, (builder) => builder.byte(0).integer(12345, 2).string("value"))],
  ["unknown type", plain(11, (builder) => builder.byte(8).string("key").string("value"))],
  ["unknown opcode", plain(11, (builder) => builder.byte(0xf3).string("key").string("value"))],
  ["module value", plain(11, (builder) => builder.byte(7).string("key").count(1).count(0))],
  [
    "broken set",
    plain(11, (builder) => builder.byte(2).string("key").count(2).string("a").string("a")),
  ],
  ["too many elements", plain(11, (builder) => builder.byte(1).string("key").count(2 ** 40))],
  [
    "many tables",
    plain(11, (builder) => {
      builder.byte(2).string("set").count(200);
      for (let i = 0; i < 200; i++) builder.string(`member ${i}`);
      builder.byte(5).string("zset").count(200);
      for (let i = 0; i < 200; i++) builder.string(`member ${i}`).double(i % 7);
      builder.byte(4).string("hash").count(600);
      for (let i = 0; i < 600; i++) builder.string(`field ${i}`).string(`value ${i}`);
      builder.byte(18).string("large").count(2).count(1).string("b".repeat(9000)).count(2)
        .string(listpack(["a", 1]));
      builder.byte(10).string("ziplist").string(ziplist(["a", "b".repeat(300), 5, -5]));
      builder.byte(1).string("list").count(2000);
      for (let i = 0; i < 2000; i++) builder.string(`element ${i}`);
      builder.byte(16).string("lp hash").string(listpack(
        Array.from({ length: 1200 }, (_, i) => `entry ${i}`),
      ));
      builder.byte(17).string("lp zset").string(listpack(
        Array.from({ length: 400 }, (_, i) => i % 2 === 0 ? `member ${i}` : i),
      ));
      builder.byte(20).string("lp set").string(listpack(
        Array.from({ length: 200 }, (_, i) => `member ${i}`),
      ));
      builder.byte(11).string("intset").string(intset(Array.from({ length: 600 }, (_, i) => i), 2));
    }),
  ],
]);
