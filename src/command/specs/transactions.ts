/** The commands that make transactions, as COMMAND INFO and COMMAND DOCS tell of them. */

import {
  AclCategory,
  CommandFlag,
  type CommandGroup,
  key,
  KeyFlag,
  keyRange,
  multiple,
} from "../spec.ts";

const { NOSCRIPT, LOADING, STALE, SKIP_SLOWLOG, FAST, ALLOW_BUSY } = CommandFlag;
const { RO } = KeyFlag;

export const transactionCommands: CommandGroup = {
  group: "transactions",
  commands: [
    {
      name: "discard",
      summary: "Discards a transaction.",
      since: "2.0.0",
      complexity: "O(N), when N is the number of queued commands",
      arity: 1,
      flags: NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,
      categories: AclCategory.TRANSACTION,
    },
    {
      name: "exec",
      summary: "Executes all commands in a transaction.",
      since: "1.2.0",
      complexity: "Depends on commands in the transaction",
      arity: 1,
      flags: NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG,
      categories: AclCategory.TRANSACTION,
    },
    {
      name: "multi",
      summary: "Starts a transaction.",
      since: "1.2.0",
      complexity: "O(1)",
      arity: 1,
      flags: NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,
      categories: AclCategory.TRANSACTION,
    },
    {
      name: "unwatch",
      summary: "Forgets about watched keys of a transaction.",
      since: "2.2.0",
      complexity: "O(1)",
      arity: 1,
      flags: NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,
      categories: AclCategory.TRANSACTION,
    },
    {
      name: "watch",
      summary: "Monitors changes to keys to determine the execution of a transaction.",
      since: "2.2.0",
      complexity: "O(1) for every key.",
      arity: -2,
      flags: NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,
      categories: AclCategory.TRANSACTION,
      keys: [keyRange(1, -1, RO)],
      arguments: [multiple(key())],
    },
  ],
};
