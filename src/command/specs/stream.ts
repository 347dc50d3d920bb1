/** The commands on streams, as COMMAND INFO and COMMAND DOCS tell of them. */

import type { Arguments } from "../../resp/arguments.ts";
import {
  AclCategory,
  block,
  changed,
  CommandFlag,
  type CommandGroup,
  firstHalfBehind,
  type FoundKeys,
  integer,
  key,
  keyAt,
  KeyFlag,
  multiple,
  oneOf,
  optional,
  string,
  token,
  unixTime,
} from "../spec.ts";

const { WRITE, READONLY, DENYOOM, BLOCKING, LOADING, STALE, FAST } = CommandFlag;
const { RO, RW, ACCESS, UPDATE, INSERT, DELETE, INCOMPLETE } = KeyFlag;

const trimStrategy = oneOf("strategy", [token("MAXLEN"), token("MINID", { since: "6.2.0" })]);
const trimOperator = optional(
  oneOf("operator", [token("=", { name: "equal" }), token("~", { name: "approximately" })]),
);
const trimLimit = optional(integer("count", { token: "LIMIT", since: "6.2.0" }));
const groupId = oneOf("id-selector", [string("id"), token("$", { name: "new-id" })]);
const entriesRead = optional(
  integer("entriesread", { displayText: "entries-read", token: "ENTRIESREAD" }),
);
const streams = block("streams", [multiple(key()), multiple(string("id"))], { token: "STREAMS" });

/** The keys behind the STREAMS that is no argument of another option, nor a key or a group itself. */
function streamKeys(args: Arguments): FoundKeys {
  let at = 1;
  while (at < args.count && !args.is(at, "STREAMS")) {
    if (args.is(at, "BLOCK") || args.is(at, "COUNT")) at += 2;
    else if (args.is(at, "GROUP")) at += 3;
    else if (args.is(at, "NOACK")) at++;
    else return { positions: [], flags: [] };
  }
  const following = args.count - at - 1;
  if (following <= 0 || following % 2 !== 0) return { positions: [], flags: [] };
  const positions = Array.from({ length: following / 2 }, (_, i) => at + 1 + i);
  return { positions, flags: positions.map(() => RO | ACCESS) };
}

export const streamCommands: CommandGroup = {
  group: "stream",
  commands: [
    {
      name: "xack",
      summary:
        "Returns the number of messages that were successfully acknowledged by the consumer group member of a stream.",
      since: "5.0.0",
      complexity: "O(1) for each message ID processed.",
      arity: -4,
      flags: WRITE | FAST,
      categories: AclCategory.STREAM,
      keys: [keyAt(1, RW | UPDATE)],
      arguments: [key(), string("group"), multiple(string("id"))],
    },
    {
      name: "xadd",
      summary: "Appends a new message to a stream. Creates the key if it doesn't exist.",
      since: "5.0.0",
      complexity:
        "O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.",
      arity: -5,
      flags: WRITE | DENYOOM | FAST,
      categories: AclCategory.STREAM,
      tips: ["nondeterministic_output"],
      keys: [
        keyAt(1, RW | UPDATE, "UPDATE instead of INSERT because of the optional trimming feature"),
      ],
      history: [
        changed(
          "6.2.0",
          "Added the `NOMKSTREAM` option, `MINID` trimming strategy and the `LIMIT` option.",
        ),
        changed("7.0.0", "Added support for the `<ms>-*` explicit ID form."),
      ],
      arguments: [
        key(),
        optional(token("NOMKSTREAM", { since: "6.2.0" })),
        optional(block("trim", [trimStrategy, trimOperator, string("threshold"), trimLimit])),
        oneOf("id-selector", [token("*", { name: "auto-id" }), string("id")]),
        multiple(block("data", [string("field"), string("value")])),
      ],
    },
    {
      name: "xautoclaim",
      summary:
        "Changes, or acquires, ownership of messages in a consumer group, as if the messages were delivered to as consumer group member.",
      since: "6.2.0",
      complexity: "O(1) if COUNT is small.",
      arity: -6,
      flags: WRITE | FAST,
      categories: AclCategory.STREAM,
      tips: ["nondeterministic_output"],
      keys: [keyAt(1, RW | DELETE)],
      history: [
        changed(
          "7.0.0",
          "Added an element to the reply array, containing deleted entries the command cleared from the PEL",
        ),
      ],
      arguments: [
        key(),
        string("group"),
        string("consumer"),
        string("min-idle-time"),
        string("start"),
        optional(integer("count", { token: "COUNT" })),
        optional(token("JUSTID")),
      ],
    },
    {
      name: "xclaim",
      summary:
        "Changes, or acquires, ownership of a message in a consumer group, as if the message was delivered a consumer group member.",
      since: "5.0.0",
      complexity: "O(log N) with N being the number of messages in the PEL of the consumer group.",
      arity: -6,
      flags: WRITE | FAST,
      categories: AclCategory.STREAM,
      tips: ["nondeterministic_output"],
      keys: [keyAt(1, RW | UPDATE)],
      arguments: [
        key(),
        string("group"),
        string("consumer"),
        string("min-idle-time"),
        multiple(string("id")),
        optional(integer("ms", { token: "IDLE" })),
        optional(unixTime("unix-time-milliseconds", { token: "TIME" })),
        optional(integer("count", { token: "RETRYCOUNT" })),
        optional(token("FORCE")),
        optional(token("JUSTID")),
        optional(string("lastid", { token: "LASTID" })),
      ],
    },
    {
      name: "xdel",
      summary: "Returns the number of messages after removing them from a stream.",
      since: "5.0.0",
      complexity:
        "O(1) for each single item to delete in the stream, regardless of the stream size.",
      arity: -3,
      flags: WRITE | FAST,
      categories: AclCategory.STREAM,
      keys: [keyAt(1, RW | DELETE)],
      arguments: [key(), multiple(string("id"))],
    },
    {
      name: "xgroup",
      summary: "A container for consumer groups commands.",
      since: "5.0.0",
      complexity: "Depends on subcommand.",
      arity: -2,
      subcommands: [
        {
          name: "create",
          summary: "Creates a consumer group.",
          since: "5.0.0",
          complexity: "O(1)",
          arity: -5,
          flags: WRITE | DENYOOM,
          categories: AclCategory.STREAM,
          keys: [keyAt(2, RW | INSERT)],
          history: [changed("7.0.0", "Added the `entries_read` named argument.")],
          arguments: [key(), string("group"), groupId, optional(token("MKSTREAM")), entriesRead],
        },
        {
          name: "createconsumer",
          summary: "Creates a consumer in a consumer group.",
          since: "6.2.0",
          complexity: "O(1)",
          arity: 5,
          flags: WRITE | DENYOOM,
          categories: AclCategory.STREAM,
          keys: [keyAt(2, RW | INSERT)],
          arguments: [key(), string("group"), string("consumer")],
        },
        {
          name: "delconsumer",
          summary: "Deletes a consumer from a consumer group.",
          since: "5.0.0",
          complexity: "O(1)",
          arity: 5,
          flags: WRITE,
          categories: AclCategory.STREAM,
          keys: [keyAt(2, RW | DELETE)],
          arguments: [key(), string("group"), string("consumer")],
        },
        {
          name: "destroy",
          summary: "Destroys a consumer group.",
          since: "5.0.0",
          complexity:
            "O(N) where N is the number of entries in the group's pending entries list (PEL).",
          arity: 4,
          flags: WRITE,
          categories: AclCategory.STREAM,
          keys: [keyAt(2, RW | DELETE)],
          arguments: [key(), string("group")],
        },
        {
          name: "help",
          summary: "Returns helpful text about the different subcommands.",
          since: "5.0.0",
          complexity: "O(1)",
          arity: 2,
          flags: LOADING | STALE,
          categories: AclCategory.STREAM,
        },
        {
          name: "setid",
          summary: "Sets the last-delivered ID of a consumer group.",
          since: "5.0.0",
          complexity: "O(1)",
          arity: -5,
          flags: WRITE,
          categories: AclCategory.STREAM,
          keys: [keyAt(2, RW | UPDATE)],
          history: [changed("7.0.0", "Added the optional `entries_read` argument.")],
          arguments: [key(), string("group"), groupId, entriesRead],
        },
      ],
    },
    {
      name: "xinfo",
      summary: "A container for stream introspection commands.",
      since: "5.0.0",
      complexity: "Depends on subcommand.",
      arity: -2,
      subcommands: [
        {
          name: "consumers",
          summary: "Returns a list of the consumers in a consumer group.",
          since: "5.0.0",
          complexity: "O(1)",
          arity: 4,
          flags: READONLY,
          categories: AclCategory.STREAM,
          tips: ["nondeterministic_output"],
          keys: [keyAt(2, RO | ACCESS)],
          history: [
            changed("7.2.0", "Added the `inactive` field, and changed the meaning of `idle`."),
          ],
          arguments: [key(), string("group")],
        },
        {
          name: "groups",
          summary: "Returns a list of the consumer groups of a stream.",
          since: "5.0.0",
          complexity: "O(1)",
          arity: 3,
          flags: READONLY,
          categories: AclCategory.STREAM,
          keys: [keyAt(2, RO | ACCESS)],
          history: [changed("7.0.0", "Added the `entries-read` and `lag` fields")],
          arguments: [key()],
        },
        {
          name: "help",
          summary: "Returns helpful text about the different subcommands.",
          since: "5.0.0",
          complexity: "O(1)",
          arity: 2,
          flags: LOADING | STALE,
          categories: AclCategory.STREAM,
        },
        {
          name: "stream",
          summary: "Returns information about a stream.",
          since: "5.0.0",
          complexity: "O(1)",
          arity: -3,
          flags: READONLY,
          categories: AclCategory.STREAM,
          keys: [keyAt(2, RO | ACCESS)],
          history: [
            changed("6.0.0", "Added the `FULL` modifier."),
            changed(
              "7.0.0",
              "Added the `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag` fields",
            ),
            changed(
              "7.2.0",
              "Added the `active-time` field, and changed the meaning of `seen-time`.",
            ),
          ],
          arguments: [
            key(),
            optional(
              block("full-block", [token("FULL"), optional(integer("count", { token: "COUNT" }))]),
            ),
          ],
        },
      ],
    },
    {
      name: "xlen",
      summary: "Return the number of messages in a stream.",
      since: "5.0.0",
      complexity: "O(1)",
      arity: 2,
      flags: READONLY | FAST,
      categories: AclCategory.STREAM,
      keys: [keyAt(1, RO)],
      arguments: [key()],
    },
    {
      name: "xpending",
      summary:
        "Returns the information and entries from a stream consumer group's pending entries list.",
      since: "5.0.0",
      complexity:
        "O(N) with N being the number of elements returned, so asking for a small fixed number of entries per call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. When the command returns just the summary and the list of consumers is small, it runs in O(1) time; otherwise, an additional O(N) time for iterating every consumer.",
      arity: -3,
      flags: READONLY,
      categories: AclCategory.STREAM,
      tips: ["nondeterministic_output"],
      keys: [keyAt(1, RO | ACCESS)],
      history: [changed("6.2.0", "Added the `IDLE` option and exclusive range intervals.")],
      arguments: [
        key(),
        string("group"),
        optional(
          block("filters", [
            optional(integer("min-idle-time", { token: "IDLE", since: "6.2.0" })),
            string("start"),
            string("end"),
            integer("count"),
            optional(string("consumer")),
          ]),
        ),
      ],
    },
    {
      name: "xrange",
      summary: "Returns the messages from a stream within a range of IDs.",
      since: "5.0.0",
      complexity:
        "O(N) with N being the number of elements being returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).",
      arity: -4,
      flags: READONLY,
      categories: AclCategory.STREAM,
      keys: [keyAt(1, RO | ACCESS)],
      history: [changed("6.2.0", "Added exclusive ranges.")],
      arguments: [
        key(),
        string("start"),
        string("end"),
        optional(integer("count", { token: "COUNT" })),
      ],
    },
    {
      name: "xread",
      summary:
        "Returns messages from multiple streams with IDs greater than the ones requested. Blocks until a message is available otherwise.",
      since: "5.0.0",
      arity: -4,
      flags: READONLY | BLOCKING,
      categories: AclCategory.STREAM,
      keys: [
        firstHalfBehind(
          "STREAMS",
          1,
          RO | ACCESS | INCOMPLETE,
          "Incomplete because a stream key named STREAMS (or options before it) can shift the STREAMS keyword; fall back to xreadGetKeys",
        ),
      ],
      getKeys: streamKeys,
      arguments: [
        optional(integer("count", { token: "COUNT" })),
        optional(integer("milliseconds", { token: "BLOCK" })),
        streams,
      ],
    },
    {
      name: "xreadgroup",
      summary:
        "Returns new or historical messages from a stream for a consumer in a group. Blocks until a message is available otherwise.",
      since: "5.0.0",
      complexity:
        "For each stream mentioned: O(M) with M being the number of elements returned. If M is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1). On the other side when XREADGROUP blocks, XADD will pay the O(N) time in order to serve the N clients blocked on the stream getting new data.",
      arity: -7,
      flags: WRITE | BLOCKING,
      categories: AclCategory.STREAM,
      keys: [
        firstHalfBehind(
          "STREAMS",
          4,
          RO | ACCESS | INCOMPLETE,
          "Incomplete because a consumer/group named STREAMS (or options before GROUP) can shift the STREAMS keyword; fall back to xreadGetKeys",
        ),
      ],
      getKeys: streamKeys,
      arguments: [
        block("group-block", [string("group"), string("consumer")], { token: "GROUP" }),
        optional(integer("count", { token: "COUNT" })),
        optional(integer("milliseconds", { token: "BLOCK" })),
        optional(token("NOACK")),
        streams,
      ],
    },
    {
      name: "xrevrange",
      summary: "Returns the messages from a stream within a range of IDs in reverse order.",
      since: "5.0.0",
      complexity:
        "O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).",
      arity: -4,
      flags: READONLY,
      categories: AclCategory.STREAM,
      keys: [keyAt(1, RO | ACCESS)],
      history: [changed("6.2.0", "Added exclusive ranges.")],
      arguments: [
        key(),
        string("end"),
        string("start"),
        optional(integer("count", { token: "COUNT" })),
      ],
    },
    {
      name: "xsetid",
      summary: "An internal command for replicating stream values.",
      since: "5.0.0",
      complexity: "O(1)",
      arity: -3,
      flags: WRITE | DENYOOM | FAST,
      categories: AclCategory.STREAM,
      keys: [keyAt(1, RW | UPDATE)],
      history: [
        changed("7.0.0", "Added the `entries_added` and `max_deleted_entry_id` arguments."),
      ],
      arguments: [
        key(),
        string("last-id"),
        optional(integer("entries-added", { token: "ENTRIESADDED", since: "7.0.0" })),
        optional(string("max-deleted-id", { token: "MAXDELETEDID", since: "7.0.0" })),
      ],
    },
    {
      name: "xtrim",
      summary: "Deletes messages from the beginning of a stream.",
      since: "5.0.0",
      complexity:
        "O(N), with N being the number of evicted entries. Constant times are very small however, since entries are organized in macro nodes containing multiple entries that can be released with a single deallocation.",
      arity: -4,
      flags: WRITE,
      categories: AclCategory.STREAM,
      tips: ["nondeterministic_output"],
      keys: [keyAt(1, RW | DELETE)],
      history: [changed("6.2.0", "Added the `MINID` trimming strategy and the `LIMIT` option.")],
      arguments: [
        key(),
        block("trim", [trimStrategy, trimOperator, string("threshold"), trimLimit]),
      ],
    },
  ],
};
