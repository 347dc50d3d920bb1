import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { toBytes } from "@std/streams";
import {
  checkFile,
  checkIntegrity,
  compileArguments,
  firstBytes,
  outputPath,
  targets,
} from "../../scripts/compile.ts";
import { startFlags } from "../../scripts/start_flags.ts";

Deno.test("the executable gets the permissions of the start task, and not all of them", () => {
  const args = compileArguments(targets[0], "dist/redino");
  const permissions = startFlags().filter((flag) => flag.startsWith("--allow-"));
  assertEquals(args.filter((arg) => arg.startsWith("--allow-")), permissions);
  assertEquals(permissions.length > 0, true);
  assertEquals(args.at(-1), "dist/redino.js");
});

Deno.test("a start task that asks for everything, or is not understood, is refused", () => {
  assertEquals(startFlags("deno run --allow-net --no-prompt main.ts"), [
    "--allow-net",
    "--no-prompt",
  ]);
  assertEquals(startFlags("deno run main.ts"), []);
  assertThrows(() => startFlags("deno run --allow-all main.ts"), Error, "every permission");
  assertThrows(() => startFlags("deno run -A main.ts"), Error, "cannot tell");
  assertThrows(() => startFlags("deno run --allow-net other.ts"), Error, "cannot tell");
});

Deno.test("an executable is named by its target when one is asked for", () => {
  assertEquals(outputPath("aarch64-apple-darwin"), "dist/redino-aarch64-apple-darwin");
  assertEquals(outputPath("x86_64-pc-windows-msvc"), "dist/redino-x86_64-pc-windows-msvc.exe");
});

Deno.test("a stream is cut after the bytes that are wanted", async () => {
  for (
    const [count, expected] of [[0, ""], [1, "a"], [3, "abc"], [4, "abcd"], [9, "abcdef"]] as const
  ) {
    const chunks = ["ab", "cd", "ef"].map((text) => new TextEncoder().encode(text));
    const bytes = await toBytes(ReadableStream.from(chunks).pipeThrough(firstBytes(count)));
    assertEquals(new TextDecoder().decode(bytes), expected);
  }
});

Deno.test("a file with another checksum than the pinned one is refused", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "abc");
    const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const integrity =
      "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
    await checkFile(path, sha256);
    await checkIntegrity(path, integrity);
    await Deno.writeTextFile(path, "abd");
    await assertRejects(() => checkFile(path, sha256), Error, "has SHA-256");
    await assertRejects(() => checkIntegrity(path, integrity), Error, "has integrity");
  } finally {
    await Deno.remove(path);
  }
});
