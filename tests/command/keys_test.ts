/** The key specs here are those of Redis's own commands, some of which redino does not have yet. */
import { assertEquals } from "@std/assert";
import { findKeys, hasKeys } from "../../src/command/keys.ts";
import {
  CommandFlag,
  type CommandRow,
  type CommandSpec,
  countedKeys,
  firstHalfBehind,
  type FoundKeys,
  keyAt,
  KeyFlag,
  keyRange,
  type KeySpec,
} from "../../src/command/spec.ts";
import { bitmapCommands } from "../../src/command/specs/bitmap.ts";
import { geoCommands } from "../../src/command/specs/geo.ts";
import { sortRows } from "../../src/command/specs/sort.ts";
import { streamCommands } from "../../src/command/specs/stream.ts";
import { CommandTable } from "../../src/command/table.ts";
import { Arguments } from "../../src/resp/arguments.ts";
import { idleHandlers, makeTable } from "./support.ts";

const { RO, RW, OW, ACCESS, UPDATE, DELETE, NOT_KEY, INCOMPLETE } = KeyFlag;

const zunionstore = withKeys(keyAt(1, OW | UPDATE), countedKeys(2, RO | ACCESS));
const xread = withKeys(firstHalfBehind("STREAMS", 1, RO | ACCESS));
const migrate = withKeys(keyAt(3, RW), {
  flags: RW | DELETE,
  beginSearch: { type: "keyword", keyword: "KEYS", startFrom: -2 },
  findKeys: { type: "range", lastKey: -1, keyStep: 1, limit: 0 },
});

/** A command whose keys are found by `keys`. */
function withKeys(...keys: KeySpec[]): CommandSpec {
  const row = { name: "command", summary: "", since: "1.0.0", arity: -1, keys };
  const groups = [{ group: "generic", commands: [row] }];
  return new CommandTable(groups, idleHandlers(groups)).commands[0];
}

function keysOf(spec: CommandSpec, ...words: string[]): string[] {
  const args = Arguments.of(...words);
  return findKeys(spec, args).positions.map((i) => args.string(i));
}

/** The commands whose keys no key spec tells, each by a function of its own. */
const ownFinders: readonly CommandRow[] = [
  ...sortRows,
  ...bitmapCommands.commands,
  ...geoCommands.commands,
  ...streamCommands.commands,
];
const ownFinderGroups = [{ group: "generic", commands: ownFinders }];
const ownFinderTable = new CommandTable(ownFinderGroups, idleHandlers(ownFinderGroups));

/** Keys and flags as COMMAND GETKEYSANDFLAGS of Redis 8.0 gives them for these calls. */
function assertKeys(call: string, expected: [string, number][]): void {
  const args = Arguments.of(...call.split(" "));
  const { positions, flags } = findKeys(ownFinderTable.lookup(args)!, args);
  const found = positions.map((at, i): [string, number] => [args.string(at), flags[i]]);
  assertEquals(found, expected, call);
}

/** The keys of a call of a command that redino has. */
function foundIn(...words: string[]): FoundKeys {
  const args = Arguments.of(...words);
  return findKeys(makeTable().lookup(args)!, args);
}

Deno.test("MSET has a key at every second place", () => {
  assertEquals(foundIn("mset", "a", "1", "b", "2").positions, [1, 3]);
});

Deno.test("SET overwrites, unless GET is among its options", () => {
  assertEquals(foundIn("set", "a", "get"), { positions: [1], flags: [OW | UPDATE] });
  assertEquals(foundIn("set", "a", "b", "nx", "gEt"), {
    positions: [1],
    flags: [RW | ACCESS | UPDATE],
  });
});

Deno.test("COPY reads one key and overwrites the other", () => {
  assertEquals(foundIn("copy", "a", "b"), { positions: [1, 2], flags: [RO | ACCESS, OW | UPDATE] });
});

Deno.test("OBJECT FREQ has its key behind the subcommand", () => {
  assertEquals(foundIn("object", "freq", "a").positions, [2]);
});

Deno.test("keys are as many as an argument says", () => {
  assertEquals(keysOf(zunionstore, "zunionstore", "to", "2", "a", "b", "WEIGHTS"), [
    "to",
    "a",
    "b",
  ]);
});

Deno.test("a number of keys that does not fit gives no keys", () => {
  for (const number of ["3", "-1", "0", "x", "", "9223372036854775807"]) {
    assertEquals(keysOf(zunionstore, "zunionstore", "to", number, "a", "b"), [], number);
  }
  assertEquals(keysOf(zunionstore, "zunionstore", "to"), []);
});

Deno.test("a number of keys is read as far as it is one, as Redis does", () => {
  assertEquals(keysOf(zunionstore, "zunionstore", "to", "1.0", "a", "b"), ["a", "to"]);
});

Deno.test("half of what follows a keyword are keys", () => {
  assertEquals(keysOf(xread, "xread", "COUNT", "1", "streams", "a", "b", "0", "0"), ["a", "b"]);
  assertEquals(keysOf(xread, "xread", "COUNT", "1", "a", "b"), []);
});

Deno.test("a keyword is looked for from the end where the key spec says so", () => {
  const call = ["migrate", "host", "6379", "", "0", "9", "KEYS", "KEYS", "a"];
  assertEquals(keysOf(migrate, ...call), ["", "a"]);
});

Deno.test("what is only routed like a key is none", () => {
  const spec = withKeys(keyAt(1, NOT_KEY));
  assertEquals(hasKeys(spec), false);
  assertEquals(keysOf(spec, "spublish", "channel"), []);
});

Deno.test("the legacy range joins what is adjacent, and tells when it does not tell all", () => {
  const ranges = [
    [withKeys(keyAt(1, RO)), 1, 1, 1, false],
    [withKeys(keyAt(1, RO), keyAt(2, OW)), 1, 2, 1, false],
    [withKeys(keyRange(1, -1, OW, undefined, 2)), 1, -1, 2, false],
    [withKeys(keyAt(1, RO | INCOMPLETE)), 1, 1, 1, true],
    [zunionstore, 1, 1, 1, true],
    [xread, 0, 0, 0, true],
    [migrate, 3, 3, 1, true],
  ] as const;
  for (const [spec, first, last, step, movable] of ranges) {
    const { firstKey, lastKey, keyStep, flags } = spec;
    assertEquals([firstKey, lastKey, keyStep], [first, last, step]);
    assertEquals((flags & CommandFlag.MOVABLE_KEYS) !== 0, movable);
  }
});

Deno.test("SORT stores at its last STORE that is no argument of another option", () => {
  const stored = (name: string): [string, number][] => [["a", RO | ACCESS], [name, OW | UPDATE]];
  assertKeys("sort a", [["a", RO | ACCESS]]);
  assertKeys("sort a by b store c store d", stored("d"));
  assertKeys("sort a store store x", stored("store"));
  assertKeys("sort a limit store x Store y", stored("y"));
  assertKeys("sort a get store x", [["a", RO | ACCESS]]);
  assertKeys("sort a store", [["a", RO | ACCESS]]);
  assertKeys("sort_ro a store b", [["a", RO | ACCESS]]);
});

Deno.test("BITFIELD reads as long as it only gets", () => {
  assertKeys("bitfield a", [["a", RO | ACCESS]]);
  assertKeys("bitfield a get u8 0 overflow sat get u8 1", [["a", RO | ACCESS]]);
  for (const rest of ["get u8 0 set u8 0 1", "incrby u8 1 2", "get u8", "overflow", "x"]) {
    assertKeys(`bitfield a ${rest}`, [["a", RW | ACCESS | UPDATE]]);
  }
});

Deno.test("GEORADIUS stores at its last STORE or STOREDIST", () => {
  const stored = (name: string): [string, number][] => [["a", RO | ACCESS], [name, OW | UPDATE]];
  assertKeys("georadius a 1 2 3 m", [["a", RO | ACCESS]]);
  assertKeys("georadius a 1 2 3 m storedist b store c", stored("c"));
  assertKeys("georadius a 1 2 3 m store store c", stored("store"));
  assertKeys("georadius a 1 2 3 m store", [["a", RO | ACCESS]]);
  assertKeys("georadiusbymember a m 3 m StoreDist b", stored("b"));
  assertKeys("georadius_ro a 1 2 3 m store b", [["a", RO | ACCESS]]);
});

Deno.test("XREAD and XREADGROUP take the STREAMS that no other option claims", () => {
  assertKeys("xread streams a b 0 0", [["a", RO | ACCESS], ["b", RO | ACCESS]]);
  assertKeys("xread block streams streams a 0", [["a", RO | ACCESS]]);
  assertKeys("xread streams streams 0", [["streams", RO | ACCESS]]);
  assertKeys("xreadgroup group streams streams noack streams a 0", [["a", RO | ACCESS]]);
  const senseless = [
    "xread count 1 streams a b 0",
    "xread what streams a 0",
    "xread block streams a 0",
    "xreadgroup group streams c x streams a 0",
  ];
  for (const call of senseless) assertKeys(call, []);
});
