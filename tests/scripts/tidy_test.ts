import { assertEquals, assertMatch } from "@std/assert";
import { checkFile, checkPath, checkTopLevel, isIgnored } from "../../scripts/tidy.ts";
import { layerOf } from "../../scripts/tidy/layers.ts";
import type { Project } from "../../scripts/tidy/rules.ts";

const project: Project = {
  dependencies: ["@std/assert", "@std/cli", "redis"],
  differences: "| DUMP | slow-dump | later |",
};

const header = "/** Owns whatever this sample is about, and nothing besides it. */\n";

/** What tidy has to say of a file with this code below a header, as `line: message`. */
function messagesFor(path: string, code: string): string[] {
  return checkFile(path, header + code, project).map(({ line, message }) => `${line}: ${message}`);
}

/** One message, on the line below the header, that begins with these words. */
function assertFound(path: string, code: string, start: string): void {
  const messages = messagesFor(path, code);
  assertEquals(messages.length, 1, `${code} gives ${messages.join("\n") || "nothing"}`);
  assertEquals(messages[0].slice(0, start.length + 3), `2: ${start}`);
}

function assertClean(path: string, code: string): void {
  assertEquals(messagesFor(path, code), []);
}

Deno.test("async and await are found where data lives, and only there", () => {
  assertFound("src/commands/x.ts", "async function f() {}", "`async`");
  assertFound("src/values/x.ts", "const f = async () => {};", "`async`");
  assertFound("src/keyspace/x.ts", "class C { async f() {} }", "`async`");
  assertFound("src/memory/x.ts", "await f();", "`await`");
  assertFound("src/memory/x.ts", "for await (const x of y) {}", "`await`");
  assertClean("src/commands/x.ts", 'const text = "async"; // async is no word here');
  assertClean("src/net/x.ts", "async function f() { await g(); }");
});

Deno.test("time and randomness are found outside the files that own them", () => {
  for (
    const code of [
      "Date.now();",
      "new Date();",
      "performance.now();",
      "globalThis.performance.now();",
      "Math.random();",
      "const random = Math.random;",
      "crypto.getRandomValues(bytes);",
      "setTimeout(f, 1);",
      "globalThis.setInterval(f, 1);",
      "later(setTimeout);",
    ]
  ) {
    assertFound("src/net/x.ts", code, "`");
  }
  assertClean("src/clock.ts", "Date.now(); setTimeout(f, 1); performance.now();");
  assertClean("src/random.ts", "Math.random();");
  assertClean("src/net/x.ts", "clock.setTimeout(f, 1); class C { setTimeout() {} }");
  assertClean("src/net/x.ts", "new Date(timeMs);");
  assertClean("tests/x_test.ts", "Date.now();");
});

Deno.test("any is found unless a comment above defends it", () => {
  assertFound("src/net/x.ts", "let x: any;", "`any`");
  assertFound("scripts/x.ts", "let x: Array<any>;", "`any`");
  assertEquals(
    messagesFor("src/net/x.ts", "// deno-lint-ignore no-explicit-any\nlet x: any;").length,
    1,
  );
  assertClean(
    "src/net/x.ts",
    "// deno-lint-ignore no-explicit-any -- the shape is npm's\nlet x: any;",
  );
  assertClean(
    "src/net/x.ts",
    "// `any`: the shape is npm's.\n// deno-lint-ignore no-explicit-any\nlet x: any;",
  );
  assertClean("src/net/x.ts", 'const any = "any";');
});

Deno.test("a RegExp that is not a literal is found", () => {
  assertFound("src/values/x.ts", "new RegExp(pattern);", "a `RegExp`");
  assertFound("src/values/x.ts", "RegExp(`^${pattern}`);", "a `RegExp`");
  assertClean("src/values/x.ts", 'new RegExp("^a+$"); /^a+$/.test(text);');
});

Deno.test("an array spread into a call is found unless it is said to be bounded", () => {
  assertFound("src/values/x.ts", "items.push(...more);", "an array spread");
  assertFound("src/values/x.ts", "new Set(...more);", "an array spread");
  assertClean("src/values/x.ts", "// Bounded: one address per directive.\nitems.push(...more);");
  assertClean("src/values/x.ts", "const all = [...items, ...more]; const copy = { ...one };");
});

Deno.test("private is found but on constructors", () => {
  assertFound("src/net/x.ts", "class C { private x = 1; }", "`private`");
  assertFound("src/net/x.ts", "class C { constructor(private x: number) {} }", "`private`");
  assertClean("src/net/x.ts", "class C { #x = 1; private constructor() {} }");
});

Deno.test("imports that nobody listed are found", () => {
  const start = "import of ";
  assertFound("src/net/x.ts", 'import "lodash";', start);
  assertFound("src/net/x.ts", 'import "npm:lodash@4";', start);
  assertFound("src/net/x.ts", 'export * from "@std/path";', start);
  assertFound("src/net/x.ts", 'await import("@std/clinic");', start);
  assertFound("src/net/x.ts", 'let x: import("lodash").Lodash;', start);
  assertFound("src/net/x.ts", 'import "node:net";', start);
  assertClean("src/net/x.ts", 'import "@std/cli"; import "@std/cli/parse-args"; import "node:os";');
});

Deno.test("src imports no test dependency and nothing outside itself", () => {
  assertFound("src/net/x.ts", 'import "redis";', "import of ");
  assertFound("src/net/x.ts", 'import "@std/assert";', "import of ");
  assertFound("src/net/x.ts", 'import "../../tests/support/x.ts";', "import of ");
  assertClean("src/version.ts", 'import project from "../deno.json" with { type: "json" };');
  assertClean("tests/x_test.ts", 'import "redis"; import "../src/mod.ts";');
});

Deno.test("a stand-in imported by its path is found", () => {
  assertFound("tests/x_test.ts", 'import "../scripts/std/cli/mod.ts";', "import of ");
  assertClean("scripts/std/cli/mod.ts", 'export * from "./parse_args.ts";');
});

Deno.test("an import upward is found, of types too", () => {
  assertFound("src/memory/x.ts", 'import "../resp/decoder.ts";', "import upward");
  assertFound(
    "src/values/x.ts",
    'import type { C } from "../command/context.ts";',
    "import upward",
  );
  assertFound("src/net/x.ts", 'import "../server.ts";', "import upward");
  assertFound("src/clock.ts", 'import "./memory/heap.ts";', "import upward");
  assertClean("src/server.ts", 'import "./net/listener.ts"; import "./clock.ts";');
  assertClean("src/memory/x.ts", 'import "./heap.ts"; import "../assert.ts";');
});

Deno.test("a part of src without a layer is found", () => {
  const [finding] = checkFile("src/blockchain/x.ts", header, project);
  assertMatch(finding.message, /^no layer/);
  assertEquals(layerOf("src/mod.ts")! > layerOf("src/server.ts")!, true);
  assertEquals(layerOf("src/clock_tower.ts"), undefined);
});

Deno.test("a source file without an opening paragraph is found", () => {
  const found = (text: string): number => checkFile("src/net/x.ts", text, project).length;
  assertEquals(found("const x = 1;\n/** This stands too low to be an opening paragraph. */\n"), 1);
  assertEquals(found("/** Too short. */\nconst x = 1;\n"), 1);
  assertEquals(found(`${header}const x = 1;\n`), 0);
  assertEquals(found(`#!/usr/bin/env deno\n${header}const x = 1;\n`), 0);
});

Deno.test("a file over 800 lines is found unless its header says why", () => {
  const why =
    "/** All of the tables in one. Longer than 800 lines because they are read together. */\n";
  assertEquals(checkFile("src/net/x.ts", header + "f();\n".repeat(799), project), []);
  assertEquals(checkFile("src/net/x.ts", header + "f();\n".repeat(800), project).length, 1);
  assertEquals(checkFile("src/net/x.ts", why + "f();\n".repeat(800), project), []);
});

Deno.test("a function over 70 lines is found unless the comment above says why", () => {
  const body = (lines: number): string => `{\n${"  g();\n".repeat(lines - 2)}}`;
  assertClean("src/net/x.ts", `function f() ${body(70)}`);
  assertFound("src/net/x.ts", `function f() ${body(71)}`, "a function of 71 lines");
  assertFound("src/net/x.ts", `const f = () => ${body(71)};`, "a function of 71 lines");
  assertFound("src/net/x.ts", `class C { get f() ${body(71)} }`, "a function of 71 lines");
  const why = "/** Longer than 70 lines because it is one table of cases. */";
  assertClean("src/net/x.ts", `${why}\n// deno-lint-ignore camelcase\nfunction f() ${body(71)}`);
  assertFound("src/net/x.ts", `function f() ${body(71)}\n${why}`, "a function of 71 lines");
});

Deno.test("something left to do is found unless its follow-up is listed", () => {
  assertFound("src/net/x.ts", "f(); // TODO: later", "something left to do");
  assertFound("src/net/x.ts", "f(); /* FIXME(slow-dump) */", "something left to do");
  assertFound("src/net/x.ts", "f(); // TODO(fast-dump): later", "something left to do");
  assertFound("src/net/x.ts", "{ // XXX\n}", "something left to do");
  assertClean("src/net/x.ts", 'f(); // TODO(slow-dump): later\nf("TODO");');
});

Deno.test("the host of a package registry is found in any text", () => {
  const host = ["registry", "npmjs", "org"].join(".");
  assertEquals(checkFile("README.md", `Get it from\nhttps://${host}/x`, project)[0].line, 2);
  assertEquals(checkFile("README.md", "npm install -g deno", project), []);
});

Deno.test("names that are not snake_case are found in code folders", () => {
  assertEquals(checkPath("src/net/outputQueue.ts").length, 1);
  assertEquals(checkPath("tests/Compat/string.replies").length, 1);
  assertEquals(checkPath("scripts/make-it.ts").length, 1);
  assertEquals(checkPath("src/net/output_queue.ts"), []);
  assertEquals(checkPath("src/README.md"), []);
  assertEquals(checkPath("LICENSE"), []);
});

Deno.test("the top level holds what it must and no more", () => {
  const exact = "LICENSE README.md deno.json deno.lock main.ts scripts src tests".split(" ");
  assertEquals(checkTopLevel([...exact, ".ci", ".gitignore"]), []);
  assertEquals(checkTopLevel([...exact, "notes.txt"]).map(({ path }) => path), ["notes.txt"]);
  assertEquals(checkTopLevel(exact.slice(1)).map(({ path }) => path), ["LICENSE"]);
});

Deno.test("what git ignores is not looked at", () => {
  const gitignore = "dist/\n*.log\n";
  assertEquals(isIgnored("dist", gitignore), true);
  assertEquals(isIgnored("server.log", gitignore), true);
  assertEquals(isIgnored(".git", gitignore), true);
  assertEquals(isIgnored("src", gitignore), false);
});
