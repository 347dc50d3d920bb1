/** The commands on HyperLogLogs, as COMMAND INFO and COMMAND DOCS tell of them. */

import {
  AclCategory,
  CommandFlag,
  type CommandGroup,
  DocFlag,
  key,
  keyAt,
  KeyFlag,
  keyRange,
  multiple,
  optional,
  string,
} from "../spec.ts";

const { WRITE, READONLY, DENYOOM, ADMIN, FAST, MAY_REPLICATE } = CommandFlag;
const { RO, RW, ACCESS, INSERT } = KeyFlag;

export const hyperloglogCommands: CommandGroup = {
  group: "hyperloglog",
  commands: [
    {
      name: "pfadd",
      summary: "Adds elements to a HyperLogLog key. Creates the key if it doesn't exist.",
      since: "2.8.9",
      complexity: "O(1) to add every element.",
      arity: -2,
      flags: WRITE | DENYOOM | FAST,
      categories: AclCategory.HYPERLOGLOG,
      keys: [keyAt(1, RW | INSERT)],
      arguments: [key(), optional(multiple(string("element")))],
    },
    {
      name: "pfcount",
      summary:
        "Returns the approximated cardinality of the set(s) observed by the HyperLogLog key(s).",
      since: "2.8.9",
      complexity:
        "O(1) with a very small average constant time when called with a single key. O(N) with N being the number of keys, and much bigger constant times, when called with multiple keys.",
      arity: -2,
      flags: READONLY | MAY_REPLICATE,
      categories: AclCategory.HYPERLOGLOG,
      keys: [
        keyRange(
          1,
          -1,
          RW | ACCESS,
          "RW because it may change the internal representation of the key, and propagate to replicas",
        ),
      ],
      arguments: [multiple(key())],
    },
    {
      name: "pfdebug",
      summary: "Internal commands for debugging HyperLogLog values.",
      since: "2.8.9",
      complexity: "N/A",
      arity: 3,
      flags: WRITE | DENYOOM | ADMIN,
      categories: AclCategory.HYPERLOGLOG,
      keys: [keyAt(2, RW | ACCESS)],
      docFlags: DocFlag.SYSCMD,
      arguments: [string("subcommand"), key()],
    },
    {
      name: "pfmerge",
      summary: "Merges one or more HyperLogLog values into a single key.",
      since: "2.8.9",
      complexity: "O(N) to merge N HyperLogLogs, but with high constant times.",
      arity: -2,
      flags: WRITE | DENYOOM,
      categories: AclCategory.HYPERLOGLOG,
      keys: [keyAt(1, RW | ACCESS | INSERT), keyRange(2, -1, RO | ACCESS)],
      arguments: [key("destkey"), optional(multiple(key("sourcekey", { keySpecIndex: 1 })))],
    },
    {
      name: "pfselftest",
      summary: "An internal command for testing HyperLogLog values.",
      since: "2.8.9",
      complexity: "N/A",
      arity: 1,
      flags: ADMIN,
      categories: AclCategory.HYPERLOGLOG,
      docFlags: DocFlag.SYSCMD,
    },
  ],
};
