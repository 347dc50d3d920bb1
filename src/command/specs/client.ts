/** Subcommands of CLIENT about tracking and blocking, as COMMAND INFO and COMMAND DOCS tell of them. */

import {
  AclCategory,
  CommandFlag,
  type CommandRow,
  integer,
  multipleWithToken,
  oneOf,
  optional,
  string,
  token,
} from "../spec.ts";

const { ADMIN, NOSCRIPT, LOADING, STALE } = CommandFlag;

/** How a client is told of changes in what it cached. */
export const clientTrackingRows: readonly CommandRow[] = [
  {
    name: "caching",
    summary: "Instructs the server whether to track the keys in the next request.",
    since: "6.0.0",
    complexity: "O(1)",
    arity: 3,
    flags: NOSCRIPT | LOADING | STALE,
    categories: AclCategory.CONNECTION,
    arguments: [oneOf("mode", [token("YES"), token("NO")])],
  },
  {
    name: "tracking",
    summary: "Controls server-assisted client-side caching for the connection.",
    since: "6.0.0",
    complexity: "O(1). Some options may introduce additional complexity.",
    arity: -3,
    flags: NOSCRIPT | LOADING | STALE,
    categories: AclCategory.CONNECTION,
    arguments: [
      oneOf("status", [token("ON"), token("OFF")]),
      optional(integer("client-id", { token: "REDIRECT" })),
      optional(multipleWithToken(string("prefix", { token: "PREFIX" }))),
      optional(token("BCAST")),
      optional(token("OPTIN")),
      optional(token("OPTOUT")),
      optional(token("NOLOOP")),
    ],
  },
  {
    name: "trackinginfo",
    summary: "Returns information about server-assisted client-side caching for the connection.",
    since: "6.2.0",
    complexity: "O(1)",
    arity: 2,
    flags: NOSCRIPT | LOADING | STALE,
    categories: AclCategory.CONNECTION,
  },
];

export const clientUnblockRow: CommandRow = {
  name: "unblock",
  summary: "Unblocks a client blocked by a blocking command from a different connection.",
  since: "5.0.0",
  complexity: "O(log N) where N is the number of client connections",
  arity: -3,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  categories: AclCategory.CONNECTION,
  arguments: [
    integer("client-id"),
    optional(oneOf("unblock-type", [token("TIMEOUT"), token("ERROR")])),
  ],
};
