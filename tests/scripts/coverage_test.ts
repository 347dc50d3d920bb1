import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { formatCommands, replaceBetween, withCoverage } from "../../scripts/coverage.ts";

Deno.test("the README tells of the commands and directives that there are", () => {
  const readme = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
  assertEquals(readme, withCoverage(readme), "deno run -RW scripts/coverage.ts writes it anew");
});

Deno.test("a group's commands are counted and named, a container with its subcommands", () => {
  const row = { summary: "", since: "1.0.0", arity: 1 };
  const table = formatCommands([{
    group: "connection",
    commands: [
      { ...row, name: "client", subcommands: [{ ...row, name: "list" }, { ...row, name: "id" }] },
      { ...row, name: "ping" },
    ],
  }]);
  assertStringIncludes(table, "| connection | 2 of 8 | CLIENT (ID, LIST), PING |");
});

Deno.test("a group of which there is nothing is named all the same", () => {
  assertStringIncludes(formatCommands([]), "| list | 0 of 22 | not yet |");
});

Deno.test("replaceBetween replaces what is between the markers, and nothing else", () => {
  const text = "a\n<!-- x -->\nold\n<!-- /x -->\nb";
  assertEquals(replaceBetween(text, "x", "new"), "a\n<!-- x -->\nnew\n<!-- /x -->\nb");
});

Deno.test("replaceBetween refuses a text without the markers", () => {
  assertThrows(() => replaceBetween("<!-- x -->", "x", ""), Error, 'no markers for "x"');
});
