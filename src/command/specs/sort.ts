/** SORT and SORT_RO, commands of the generic group, as COMMAND INFO and COMMAND DOCS tell of them. */

import type { Arguments } from "../../resp/arguments.ts";
import {
  AclCategory,
  block,
  CommandFlag,
  type CommandRow,
  type FoundKeys,
  integer,
  key,
  keyAt,
  KeyFlag,
  multipleWithToken,
  oneOf,
  optional,
  pattern,
  token,
  unknownKeys,
} from "../spec.ts";

const { WRITE, READONLY, DENYOOM } = CommandFlag;
const { RO, OW, ACCESS, UPDATE } = KeyFlag;

/** What is sorted and the destination, which may stand anywhere among the options: the last one. */
function sortKeys(args: Arguments): FoundKeys {
  let destination = 0;
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, "LIMIT")) i += 2;
    else if (args.is(i, "GET") || args.is(i, "BY")) i++;
    else if (args.is(i, "STORE") && i + 1 < args.count) destination = ++i;
  }
  if (destination === 0) return sortReadOnlyKeys();
  return { positions: [1, destination], flags: [RO | ACCESS, OW | UPDATE] };
}

/** What the patterns of BY and GET lead to can't be known from the arguments. */
function sortReadOnlyKeys(): FoundKeys {
  return { positions: [1], flags: [RO | ACCESS] };
}

const categories = AclCategory.SET | AclCategory.SORTEDSET | AclCategory.LIST |
  AclCategory.DANGEROUS;
const complexity =
  "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N).";
const keysOfPatterns = unknownKeys(
  RO | ACCESS,
  "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort",
);
const commonArguments = [
  key(),
  optional(pattern("by-pattern", { displayText: "pattern", keySpecIndex: 1, token: "BY" })),
  optional(block("limit", [integer("offset"), integer("count")], { token: "LIMIT" })),
  optional(
    multipleWithToken(
      pattern("get-pattern", { displayText: "pattern", keySpecIndex: 1, token: "GET" }),
    ),
  ),
  optional(oneOf("order", [token("ASC"), token("DESC")])),
  optional(token("ALPHA", { name: "sorting" })),
];

export const sortRows: readonly CommandRow[] = [
  {
    name: "sort",
    summary: "Sorts the elements in a list, a set, or a sorted set, optionally storing the result.",
    since: "1.0.0",
    complexity,
    arity: -2,
    flags: WRITE | DENYOOM,
    categories,
    keys: [
      keyAt(1, RO | ACCESS),
      keysOfPatterns,
      unknownKeys(
        OW | UPDATE,
        "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array",
      ),
    ],
    getKeys: sortKeys,
    arguments: [
      ...commonArguments,
      optional(key("destination", { keySpecIndex: 2, token: "STORE" })),
    ],
  },
  {
    name: "sort_ro",
    summary: "Returns the sorted elements of a list, a set, or a sorted set.",
    since: "7.0.0",
    complexity,
    arity: -2,
    flags: READONLY,
    categories,
    keys: [
      keyAt(1, RO | ACCESS),
      keysOfPatterns,
    ],
    getKeys: sortReadOnlyKeys,
    arguments: commonArguments,
  },
];
