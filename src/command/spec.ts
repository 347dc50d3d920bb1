/**
 * What a command is, as data: its name, arity, flags, keys, documentation and handler, in the words
 * of COMMAND INFO and COMMAND DOCS. This file owns the vocabulary: the types, the bits and the small
 * functions that the rows in `specs/` are written with. It does not own the rows, nor finding one by
 * name (`table.ts`), nor running one (`dispatch.ts`).
 *
 * A row (`CommandRow`) holds only what a person has to say. What Redis works out from it, such as
 * the implied ACL categories or the key range of the old COMMAND format, is worked out once, when
 * `table.ts` makes the row a `CommandSpec`.
 */
import type { Arguments } from "../resp/arguments.ts";
import type { CommandContext } from "./context.ts";

/** Runs one command: reads `context.args`, writes exactly one reply to `context.reply`. */
export type Handler = (context: CommandContext) => void;

/** Handlers by lower-case full name, `get` or `client|id`. */
export type Handlers = Record<string, Handler>;

/** What the server must know to let a command run, in the order in which COMMAND INFO lists it. */
export const CommandFlag = {
  WRITE: 1 << 0,
  READONLY: 1 << 1,
  DENYOOM: 1 << 2,
  MODULE: 1 << 3,
  ADMIN: 1 << 4,
  PUBSUB: 1 << 5,
  NOSCRIPT: 1 << 6,
  BLOCKING: 1 << 7,
  LOADING: 1 << 8,
  STALE: 1 << 9,
  SKIP_MONITOR: 1 << 10,
  SKIP_SLOWLOG: 1 << 11,
  ASKING: 1 << 12,
  FAST: 1 << 13,
  NO_AUTH: 1 << 14,
  NO_MANDATORY_KEYS: 1 << 15,
  NO_ASYNC_LOADING: 1 << 16,
  NO_MULTI: 1 << 17,
  /** The old first/last/step triple does not cover every key. Derived, never written in a row. */
  MOVABLE_KEYS: 1 << 18,
  ALLOW_BUSY: 1 << 19,
  // The server acts by these too, and COMMAND INFO keeps quiet about them.
  MAY_REPLICATE: 1 << 20,
  /** Refused unless a directive of its own allows it (DEBUG). */
  PROTECTED: 1 << 21,
  /** Reaches keys that its arguments do not name (SCAN, RANDOMKEY, FLUSHALL). */
  TOUCHES_ARBITRARY_KEYS: 1 << 22,
} as const;

/** Names of the command flags by bit, those that COMMAND INFO shows. */
export const commandFlagNames: readonly string[] = [
  "write",
  "readonly",
  "denyoom",
  "module",
  "admin",
  "pubsub",
  "noscript",
  "blocking",
  "loading",
  "stale",
  "skip_monitor",
  "skip_slowlog",
  "asking",
  "fast",
  "no_auth",
  "no_mandatory_keys",
  "no_async_loading",
  "no_multi",
  "movablekeys",
  "allow_busy",
];

/** ACL categories, in the order in which Redis lists them. */
export const AclCategory = {
  KEYSPACE: 1 << 0,
  READ: 1 << 1,
  WRITE: 1 << 2,
  SET: 1 << 3,
  SORTEDSET: 1 << 4,
  LIST: 1 << 5,
  HASH: 1 << 6,
  STRING: 1 << 7,
  BITMAP: 1 << 8,
  HYPERLOGLOG: 1 << 9,
  GEO: 1 << 10,
  STREAM: 1 << 11,
  PUBSUB: 1 << 12,
  ADMIN: 1 << 13,
  FAST: 1 << 14,
  SLOW: 1 << 15,
  BLOCKING: 1 << 16,
  DANGEROUS: 1 << 17,
  CONNECTION: 1 << 18,
  TRANSACTION: 1 << 19,
  SCRIPTING: 1 << 20,
} as const;

/** Names of the ACL categories by bit, without the `@`. */
export const aclCategoryNames: readonly string[] = [
  "keyspace",
  "read",
  "write",
  "set",
  "sortedset",
  "list",
  "hash",
  "string",
  "bitmap",
  "hyperloglog",
  "geo",
  "stream",
  "pubsub",
  "admin",
  "fast",
  "slow",
  "blocking",
  "dangerous",
  "connection",
  "transaction",
  "scripting",
];

/** What a command does with a key. */
export const KeyFlag = {
  /** Reads the value. */
  RO: 1 << 0,
  /** Changes the value, depending on what it was. */
  RW: 1 << 1,
  /** Overwrites the value, whatever it was. */
  OW: 1 << 2,
  /** Removes the key. */
  RM: 1 << 3,
  /** User data is answered, copied or used (not just its length or type). */
  ACCESS: 1 << 4,
  UPDATE: 1 << 5,
  INSERT: 1 << 6,
  DELETE: 1 << 7,
  /** Routed like a key in a cluster, and no key. */
  NOT_KEY: 1 << 8,
  /** The key spec does not find every key. */
  INCOMPLETE: 1 << 9,
  /** The flags depend on the other arguments: `getKeys` of the row knows. */
  VARIABLE_FLAGS: 1 << 10,
} as const;

/** Names of the key flags by bit. */
export const keyFlagNames: readonly string[] = [
  "RO",
  "RW",
  "OW",
  "RM",
  "access",
  "update",
  "insert",
  "delete",
  "not_key",
  "incomplete",
  "variable_flags",
];

/** Where the search for the keys of a key spec begins. */
export type BeginSearch =
  | { readonly type: "index"; readonly index: number }
  | { readonly type: "keyword"; readonly keyword: string; readonly startFrom: number }
  | { readonly type: "unknown" };

/** How the keys are found from where the search begins. */
export type FindKeys =
  | {
    readonly type: "range";
    readonly lastKey: number;
    readonly keyStep: number;
    readonly limit: number;
  }
  | {
    readonly type: "keynum";
    readonly keyNumIndex: number;
    readonly firstKey: number;
    readonly keyStep: number;
  }
  | { readonly type: "unknown" };

/** Which arguments are keys, and what is done with them. */
export interface KeySpec {
  readonly flags: number;
  readonly notes?: string;
  readonly beginSearch: BeginSearch;
  readonly findKeys: FindKeys;
}

/** The keys of one call: positions in its arguments, and `KeyFlag` bits of each. */
export interface FoundKeys {
  readonly positions: number[];
  readonly flags: number[];
}

/** Finds the keys of a call where key specs can't tell; none when the arguments make no sense. */
export type GetKeys = (args: Arguments) => FoundKeys;

export type ArgumentType =
  | "string"
  | "integer"
  | "double"
  | "key"
  | "pattern"
  | "unix-time"
  | "pure-token"
  | "oneof"
  | "block";

/** What COMMAND DOCS tells of one argument. */
export interface ArgumentSpec {
  readonly name: string;
  readonly type: ArgumentType;
  /** Absent for `oneof` and `block`, which are not shown themselves. */
  readonly displayText?: string;
  readonly keySpecIndex?: number;
  readonly token?: string;
  readonly summary?: string;
  readonly since?: string;
  readonly deprecatedSince?: string;
  readonly flags: number;
  /** What a `oneof` or a `block` is made of. */
  readonly arguments?: readonly ArgumentSpec[];
}

export const ArgumentFlag = {
  OPTIONAL: 1 << 0,
  MULTIPLE: 1 << 1,
  MULTIPLE_TOKEN: 1 << 2,
} as const;

/** Names of the argument flags by bit. */
export const argumentFlagNames: readonly string[] = ["optional", "multiple", "multiple_token"];

export const DocFlag = { DEPRECATED: 1 << 0, SYSCMD: 1 << 1 } as const;

/** Names of the documentation flags by bit. */
export const docFlagNames: readonly string[] = ["deprecated", "syscmd"];

/** What changed in a command, and in which version. */
export interface Change {
  readonly since: string;
  readonly description: string;
}

/** A command as it is written down in `specs/`. */
export interface CommandRow {
  /** Lower case; of a subcommand, its own part alone (`id` of `client|id`). */
  readonly name: string;
  readonly summary: string;
  readonly since: string;
  readonly complexity?: string;
  /** Number of arguments with the name; negative: at least that many. */
  readonly arity: number;
  /** `CommandFlag` bits. */
  readonly flags?: number;
  /** `AclCategory` bits beyond those that the flags imply. */
  readonly categories?: number;
  readonly tips?: readonly string[];
  readonly keys?: readonly KeySpec[];
  readonly getKeys?: GetKeys;
  readonly docFlags?: number;
  readonly deprecatedSince?: string;
  readonly replacedBy?: string;
  readonly history?: readonly Change[];
  readonly arguments?: readonly ArgumentSpec[];
  readonly subcommands?: readonly CommandRow[];
}

/** The rows of one group of COMMAND DOCS. */
export interface CommandGroup {
  readonly group: string;
  readonly commands: readonly CommandRow[];
}

/** A command ready to run: a row, what follows from it, and its handler. */
export interface CommandSpec {
  /** Dense from 0, containers and subcommands included: the slot of per-command figures. */
  readonly id: number;
  /** As in the row: `id`. */
  readonly name: string;
  /** `get`, or for a subcommand `client|id`. */
  readonly fullName: string;
  readonly parent: CommandSpec | null;
  readonly group: string;
  readonly arity: number;
  readonly flags: number;
  readonly categories: number;
  /** Of a container that does nothing itself, one that must never be called. */
  readonly handler: Handler;
  /** Empty but for a container. */
  readonly subcommands: readonly CommandSpec[];
  readonly keySpecs: readonly KeySpec[];
  readonly getKeys: GetKeys | null;
  /** Key range as COMMAND told it before key specs; all 0 when there are no keys to tell of. */
  readonly firstKey: number;
  readonly lastKey: number;
  readonly keyStep: number;
  readonly tips: readonly string[];
  readonly summary: string;
  readonly since: string;
  readonly complexity: string | null;
  readonly docFlags: number;
  readonly deprecatedSince: string | null;
  readonly replacedBy: string | null;
  readonly history: readonly Change[];
  readonly arguments: readonly ArgumentSpec[];
}

export function changed(since: string, description: string): Change {
  return { since, description };
}

/** What an argument may say beside its name and type. */
export interface ArgumentDetails {
  /** Where it differs from the name. */
  readonly displayText?: string;
  readonly keySpecIndex?: number;
  readonly token?: string;
  readonly summary?: string;
  readonly since?: string;
  readonly deprecatedSince?: string;
}

function argument(name: string, type: ArgumentType, details?: ArgumentDetails): ArgumentSpec {
  return { name, type, displayText: name, flags: 0, ...details };
}

/** A key, found by the first key spec unless `details` says by which. */
export function key(name = "key", details?: ArgumentDetails): ArgumentSpec {
  return argument(name, "key", { keySpecIndex: 0, ...details });
}

export function string(name: string, details?: ArgumentDetails): ArgumentSpec {
  return argument(name, "string", details);
}

export function integer(name: string, details?: ArgumentDetails): ArgumentSpec {
  return argument(name, "integer", details);
}

export function double(name: string, details?: ArgumentDetails): ArgumentSpec {
  return argument(name, "double", details);
}

export function pattern(name: string, details?: ArgumentDetails): ArgumentSpec {
  return argument(name, "pattern", details);
}

export function unixTime(name: string, details?: ArgumentDetails): ArgumentSpec {
  return argument(name, "unix-time", details);
}

/** A word that stands for itself; its name is the word in lower case unless `details` gives one. */
export function token(
  word: string,
  details?: ArgumentDetails & { readonly name?: string },
): ArgumentSpec {
  return argument(details?.name ?? word.toLowerCase(), "pure-token", { token: word, ...details });
}

/** Exactly one of the alternatives. */
export function oneOf(
  name: string,
  alternatives: readonly ArgumentSpec[],
  details?: ArgumentDetails,
): ArgumentSpec {
  return { name, type: "oneof", flags: 0, ...details, arguments: alternatives };
}

/** All the parts, one after the other. */
export function block(
  name: string,
  parts: readonly ArgumentSpec[],
  details?: ArgumentDetails,
): ArgumentSpec {
  return { name, type: "block", flags: 0, ...details, arguments: parts };
}

/** The argument may be left out. */
export function optional(inner: ArgumentSpec): ArgumentSpec {
  return { ...inner, flags: inner.flags | ArgumentFlag.OPTIONAL };
}

/** The argument may come several times, behind one token if it has one. */
export function multiple(inner: ArgumentSpec): ArgumentSpec {
  return { ...inner, flags: inner.flags | ArgumentFlag.MULTIPLE };
}

/** The argument may come several times, each with its token. */
export function multipleWithToken(inner: ArgumentSpec): ArgumentSpec {
  return { ...inner, flags: inner.flags | ArgumentFlag.MULTIPLE | ArgumentFlag.MULTIPLE_TOKEN };
}

/** One key at a fixed place. */
export function keyAt(index: number, flags: number, notes?: string): KeySpec {
  return keyRange(index, 0, flags, notes);
}

/**
 * Keys from a fixed place: `lastKey` counts from the first key, or from the end of the arguments when
 * negative (-1: the last one), and every `keyStep`-th argument is a key.
 */
export function keyRange(
  index: number,
  lastKey: number,
  flags: number,
  notes?: string,
  keyStep = 1,
): KeySpec {
  return {
    flags,
    notes,
    beginSearch: { type: "index", index },
    findKeys: { type: "range", lastKey, keyStep, limit: 0 },
  };
}

/** Keys behind an argument at a fixed place that says how many they are. */
export function countedKeys(index: number, flags: number, notes?: string): KeySpec {
  return {
    flags,
    notes,
    beginSearch: { type: "index", index },
    findKeys: { type: "keynum", keyNumIndex: 0, firstKey: 1, keyStep: 1 },
  };
}

/** One key behind a keyword, which is looked for from `startFrom` on. */
export function keyBehind(
  keyword: string,
  startFrom: number,
  flags: number,
  notes?: string,
): KeySpec {
  return {
    flags,
    notes,
    beginSearch: { type: "keyword", keyword, startFrom },
    findKeys: { type: "range", lastKey: 0, keyStep: 1, limit: 0 },
  };
}

/** Of what follows a keyword, which is looked for from `startFrom` on, the first half are keys. */
export function firstHalfBehind(
  keyword: string,
  startFrom: number,
  flags: number,
  notes?: string,
): KeySpec {
  return {
    flags,
    notes,
    beginSearch: { type: "keyword", keyword, startFrom },
    findKeys: { type: "range", lastKey: -1, keyStep: 1, limit: 2 },
  };
}

/** Keys that no key spec can find. */
export function unknownKeys(flags: number, notes: string): KeySpec {
  return { flags, notes, beginSearch: { type: "unknown" }, findKeys: { type: "unknown" } };
}

/** Whether a command may be called with so many arguments, its name included. */
export function hasArity({ arity }: CommandSpec, count: number): boolean {
  return arity >= 0 ? count === arity : count >= -arity;
}
