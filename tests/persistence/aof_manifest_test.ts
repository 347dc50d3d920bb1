import { assertEquals, assertThrows } from "@std/assert";
import { AofManifest, ManifestError } from "../../src/persistence/aof_manifest.ts";

const text = `file appendonly.aof.2.base.rdb seq 2 type b
file appendonly.aof.1.base.rdb seq 1 type h
file appendonly.aof.3.incr.aof seq 3 type i
file "with blank.4.incr.aof" seq 4 type i
`;

Deno.test("a manifest is written as it was read", () => {
  const manifest = AofManifest.parse(text);
  assertEquals(manifest.base?.sequence, 2);
  assertEquals(manifest.increments.map(({ sequence }) => sequence), [3, 4]);
  assertEquals(manifest.history.map(({ name }) => name), ["appendonly.aof.1.base.rdb"]);
  assertEquals(manifest.format(), text);
});

Deno.test("words that a later version adds and comments are taken", () => {
  const manifest = AofManifest.parse(
    "# a comment\nfile a.2.incr.aof seq 2 type i startoffset 1 endoffset 7\n# the end",
  );
  assertEquals(manifest.format(), "file a.2.incr.aof seq 2 type i\n");
});

Deno.test("numbers and types are read as C does, and the last of several words counts", () => {
  const manifest = AofManifest.parse(
    "FILE a Seq 01x TYPE ix\nfile b file c seq +2 type i\n#a\0b\n" +
      `#${"a".repeat(1022)}\nfile "" seq -1 type b\r\n`,
  );
  assertEquals(
    manifest.format(),
    'file "" seq -1 type b\nfile a seq 1 type i\nfile c seq 2 type i\n',
  );
  assertEquals(manifest.withBase("log", true, 2).base?.sequence, 1);
});

Deno.test("a log begins with a base and a file of commands, and is rewritten to others", () => {
  const first = new AofManifest().withBase("log", true, 0).withIncrement("log");
  assertEquals(
    first.format(),
    "file log.1.base.rdb seq 1 type b\nfile log.1.incr.aof seq 1 type i\n",
  );
  // commands go on in another file while the base is written
  const rewriting = first.withIncrement("log");
  const rewritten = rewriting.withBase("log", true, 1);
  assertEquals(rewritten.files.map(({ name }) => name), ["log.2.base.rdb", "log.2.incr.aof"]);
  assertEquals(rewritten.history.map(({ name }) => name), ["log.1.incr.aof", "log.1.base.rdb"]);
  assertEquals(rewritten.withoutHistory().format().includes("type h"), false);
  // a number once given is not given again
  assertEquals(rewritten.withoutHistory().withIncrement("log").increments.at(-1)?.sequence, 3);
});

Deno.test("a log of one file becomes the base", () => {
  const manifest = AofManifest.ofOldFile("appendonly.aof").withIncrement("appendonly.aof");
  assertEquals(
    manifest.format(),
    "file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n",
  );
});

const refused: readonly [manifest: string, reason: string][] = [
  ["", "Found an empty AOF manifest"],
  ["\n", "Invalid AOF manifest file format"],
  ["file a seq 1\n", "Invalid AOF manifest file format"],
  ["file a seq 0 type i\n", "Invalid AOF manifest file format"],
  ["file a seq x type i\n", "Invalid AOF manifest file format"],
  ["file a seq 1 type i foo\n", "Invalid AOF manifest file format"],
  ['file "a seq 1 type i\n', "Invalid AOF manifest file format"],
  ["file a/b seq 1 type i\n", "File can't be a path, just a filename"],
  ["file a seq 1 type x\n", "Unknown AOF file type"],
  ["file a seq 1 type b\nfile b seq 2 type b\n", "Found duplicate base file information"],
  ["file a seq 1 type i\nfile b seq 1 type i\n", "Found a non-monotonic sequence number"],
  ["file a seq -1 type i\n", "Found a non-monotonic sequence number"],
  ["file a seq 9007199254740992 type i\n", "Invalid AOF manifest file format"],
  ['file a seq 1 type ""\n', "Invalid AOF manifest file format"],
  ["file a/b file a seq 1 type i\n", "File can't be a path, just a filename"],
  ["file a\0 seq 1 type i\n", "The AOF manifest file contains too long line"],
  // what is behind its first 1,024 characters is a line of its own
  [`#${"a".repeat(1023)}\n`, "Invalid AOF manifest file format"],
  ["file a seq 1 type i", "The AOF manifest file contains too long line"],
  [`file ${"a".repeat(1100)} seq 1 type i\n`, "The AOF manifest file contains too long line"],
];

for (const [manifest, reason] of refused) {
  Deno.test(`a manifest is refused: ${JSON.stringify(manifest.slice(0, 50))}`, () => {
    const { message } = assertThrows(() => AofManifest.parse(manifest), ManifestError);
    assertEquals(message.split("\n").at(-1), reason);
  });
}
