import { assert, assertEquals, assertThrows } from "@std/assert";
import { CommandTable } from "../../src/command/table.ts";
import { commandGroups } from "../../src/command/specs/groups.ts";
import { AclCategory, CommandFlag, type CommandRow } from "../../src/command/spec.ts";
import { InvariantError } from "../../src/assert.ts";
import { Arguments } from "../../src/resp/arguments.ts";
import { keepSubcommands, readRecordedRows, rowOf } from "./rows.ts";
import { idleHandlers, makeTable, run } from "./support.ts";

/** What Redis has and redino has not, or not yet. */
const subcommandsLeftOut = new Set<string>();

const table = makeTable();

for (const [name, recorded] of readRecordedRows()) {
  Deno.test(`COMMAND INFO and DOCS tell of ${name} what Redis tells`, () => {
    keepSubcommands(recorded, (fullName) => !subcommandsLeftOut.has(fullName));
    const row = rowOf(
      name,
      run(table, "command", "info", name),
      run(table, "command", "docs", name),
    );
    assertEquals(row, recorded);
    // The order of a map's fields is part of the reply, and assertEquals does not look at it.
    assertEquals(JSON.stringify(row), JSON.stringify(recorded));
  });
}

Deno.test("every command was recorded", () => {
  assertEquals(table.commands.map(({ name }) => name), [...readRecordedRows().keys()]);
});

Deno.test("no subcommand that is left out is there", () => {
  assertEquals([...subcommandsLeftOut].filter((fullName) => table.find(fullName) !== null), []);
});

Deno.test("lookup finds every command and subcommand, in any case", () => {
  for (const spec of table.all) {
    const words = spec.fullName.split("|");
    assertEquals(table.lookup(Arguments.of(...words)), spec);
    assertEquals(table.lookup(Arguments.of(...words.map((word) => word.toUpperCase()))), spec);
  }
});

Deno.test("lookup looks at the name alone where there are no subcommands", () => {
  assertEquals(table.lookup(Arguments.of("GeT", "id"))?.fullName, "get");
});

Deno.test("lookup of a container alone finds the container", () => {
  assertEquals(table.lookup(Arguments.of("client"))?.fullName, "client");
});

Deno.test("lookup of an unknown name finds nothing", () => {
  const names = ["", "ge", "gett", "g\0t", "\x47\x45\x34", "client|id", "x".repeat(100_000), "gét"];
  for (const name of names) assertEquals(table.lookup(Arguments.of(name)), null, name);
});

Deno.test("lookup tells letters from what is 32 away from them", () => {
  assertEquals(table.lookup(Arguments.of("client", "no\rtouch")), null);
  assertEquals(table.lookup(Arguments.of("client", "no-touch"))?.name, "no-touch");
});

Deno.test("an unknown subcommand leads to its container", () => {
  const args = Arguments.of("CLIENT", "nothing");
  assertEquals(table.lookup(args), null);
  assertEquals(table.lookupContainer(args)?.name, "client");
  assertEquals(table.lookupContainer(Arguments.of("get", "nothing")), null);
});

Deno.test("find takes full names in any case", () => {
  assertEquals(table.find("CLIENT|Id")?.fullName, "client|id");
  assertEquals(table.find("get|id"), null);
  assertEquals(table.find("client|"), null);
  // U+212A, whose lower case is an ordinary k.
  assertEquals(table.find("\u212aeys"), null);
});

Deno.test("ids are dense", () => {
  assertEquals(table.all.map(({ id }) => id), table.all.map((_, i) => i));
});

Deno.test("a command without a handler, or a handler without a command, is refused", () => {
  const handlers = idleHandlers(commandGroups);
  assertThrows(
    () => new CommandTable(commandGroups, { ...handlers, nothing() {} }),
    InvariantError,
    "nothing",
  );
  delete handlers["client|id"];
  assertThrows(() => new CommandTable(commandGroups, handlers), InvariantError, "client|id");
});

Deno.test("a scripting command that is marked as a reader is not in the category read", () => {
  const row: CommandRow = {
    name: "eval_ro",
    summary: "",
    since: "7.0.0",
    arity: -3,
    flags: CommandFlag.READONLY,
    categories: AclCategory.SCRIPTING,
  };
  const groups = [{ group: "scripting", commands: [row] }];
  const [spec] = new CommandTable(groups, idleHandlers(groups)).commands;
  assertEquals(spec.categories, AclCategory.SCRIPTING | AclCategory.SLOW);
  assert((spec.flags & CommandFlag.MOVABLE_KEYS) === 0);
});
