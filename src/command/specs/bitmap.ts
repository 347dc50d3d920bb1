/** The commands on the bits of string values, as COMMAND INFO and COMMAND DOCS tell of them. */

import type { Arguments } from "../../resp/arguments.ts";
import {
  AclCategory,
  block,
  changed,
  CommandFlag,
  type CommandGroup,
  type FoundKeys,
  integer,
  key,
  keyAt,
  KeyFlag,
  keyRange,
  multiple,
  multipleWithToken,
  oneOf,
  optional,
  string,
  token,
} from "../spec.ts";

const { WRITE, READONLY, DENYOOM, FAST } = CommandFlag;
const { RO, RW, OW, ACCESS, UPDATE, VARIABLE_FLAGS } = KeyFlag;

const unit = optional(oneOf("unit", [token("BYTE"), token("BIT")], { since: "7.0.0" }));

/** BITFIELD only reads when it does nothing but GET; what it would refuse counts as a write. */
function bitfieldKeys(args: Arguments): FoundKeys {
  let at = 2;
  let reads = true;
  while (at < args.count && reads) {
    const following = args.count - at - 1;
    if (args.is(at, "GET") && following >= 2) at += 3;
    else if (args.is(at, "OVERFLOW") && following >= 1) at += 2;
    else reads = false;
  }
  return { positions: [1], flags: [reads ? RO | ACCESS : RW | ACCESS | UPDATE] };
}

export const bitmapCommands: CommandGroup = {
  group: "bitmap",
  commands: [
    {
      name: "bitcount",
      summary: "Counts the number of set bits (population counting) in a string.",
      since: "2.6.0",
      complexity: "O(N)",
      arity: -2,
      flags: READONLY,
      categories: AclCategory.BITMAP,
      keys: [keyAt(1, RO | ACCESS)],
      history: [changed("7.0.0", "Added the `BYTE|BIT` option.")],
      arguments: [key(), optional(block("range", [integer("start"), integer("end"), unit]))],
    },
    {
      name: "bitfield",
      summary: "Performs arbitrary bitfield integer operations on strings.",
      since: "3.2.0",
      complexity: "O(1) for each subcommand specified",
      arity: -2,
      flags: WRITE | DENYOOM,
      categories: AclCategory.BITMAP,
      keys: [
        keyAt(
          1,
          RW | ACCESS | UPDATE | VARIABLE_FLAGS,
          "This command allows both access and modification of the key",
        ),
      ],
      getKeys: bitfieldKeys,
      arguments: [
        key(),
        optional(
          multiple(
            oneOf("operation", [
              block("get-block", [string("encoding"), integer("offset")], { token: "GET" }),
              block("write", [
                optional(
                  oneOf("overflow-block", [token("WRAP"), token("SAT"), token("FAIL")], {
                    token: "OVERFLOW",
                  }),
                ),
                oneOf("write-operation", [
                  block("set-block", [string("encoding"), integer("offset"), integer("value")], {
                    token: "SET",
                  }),
                  block("incrby-block", [
                    string("encoding"),
                    integer("offset"),
                    integer("increment"),
                  ], { token: "INCRBY" }),
                ]),
              ]),
            ]),
          ),
        ),
      ],
    },
    {
      name: "bitfield_ro",
      summary: "Performs arbitrary read-only bitfield integer operations on strings.",
      since: "6.0.0",
      complexity: "O(1) for each subcommand specified",
      arity: -2,
      flags: READONLY | FAST,
      categories: AclCategory.BITMAP,
      keys: [keyAt(1, RO | ACCESS)],
      arguments: [
        key(),
        optional(
          multipleWithToken(
            block("get-block", [string("encoding"), integer("offset")], { token: "GET" }),
          ),
        ),
      ],
    },
    {
      name: "bitop",
      summary: "Performs bitwise operations on multiple strings, and stores the result.",
      since: "2.6.0",
      complexity: "O(N)",
      arity: -4,
      flags: WRITE | DENYOOM,
      categories: AclCategory.BITMAP,
      keys: [keyAt(2, OW | UPDATE), keyRange(3, -1, RO | ACCESS)],
      arguments: [
        oneOf("operation", [token("AND"), token("OR"), token("XOR"), token("NOT")]),
        key("destkey"),
        multiple(key("key", { keySpecIndex: 1 })),
      ],
    },
    {
      name: "bitpos",
      summary: "Finds the first set (1) or clear (0) bit in a string.",
      since: "2.8.7",
      complexity: "O(N)",
      arity: -3,
      flags: READONLY,
      categories: AclCategory.BITMAP,
      keys: [keyAt(1, RO | ACCESS)],
      history: [changed("7.0.0", "Added the `BYTE|BIT` option.")],
      arguments: [
        key(),
        integer("bit"),
        optional(
          block("range", [
            integer("start"),
            optional(block("end-unit-block", [integer("end"), unit])),
          ]),
        ),
      ],
    },
    {
      name: "getbit",
      summary: "Returns a bit value by offset.",
      since: "2.2.0",
      complexity: "O(1)",
      arity: 3,
      flags: READONLY | FAST,
      categories: AclCategory.BITMAP,
      keys: [keyAt(1, RO | ACCESS)],
      arguments: [key(), integer("offset")],
    },
    {
      name: "setbit",
      summary:
        "Sets or clears the bit at offset of the string value. Creates the key if it doesn't exist.",
      since: "2.2.0",
      complexity: "O(1)",
      arity: 4,
      flags: WRITE | DENYOOM,
      categories: AclCategory.BITMAP,
      keys: [keyAt(1, RW | ACCESS | UPDATE)],
      arguments: [key(), integer("offset"), integer("value")],
    },
  ],
};
