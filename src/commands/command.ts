/**
 * COMMAND and its subcommands: what the command table tells of itself.
 *
 * The shapes are Redis's to the last detail (flags are sets of simple strings, documentation is maps
 * that leave out what is not there), because redis-cli's hints and client libraries are built on them.
 */
import type { CommandContext } from "../command/context.ts";
import { findKeys, hasKeys } from "../command/keys.ts";
import {
  aclCategoryNames,
  argumentFlagNames,
  type ArgumentSpec,
  type BeginSearch,
  CommandFlag,
  commandFlagNames,
  type CommandSpec,
  docFlagNames,
  type FindKeys,
  type FoundKeys,
  type Handlers,
  keyFlagNames,
  type KeySpec,
} from "../command/spec.ts";
import { Arguments } from "../resp/arguments.ts";
import { CommandError, errors } from "../resp/errors.ts";
import type { ReplyWriter } from "../resp/reply_writer.ts";
import { Glob } from "../values/glob.ts";
import { replyHelp } from "./help.ts";

export const commandHandlers: Handlers = {
  "command": replyAllInfo,
  "command|count": (context) => context.reply.integer(context.server.commands.commands.length),
  "command|docs": commandDocs,
  "command|getkeys": commandGetKeys,
  "command|getkeysandflags": commandGetKeysAndFlags,
  "command|help": (context) => replyHelp(context, help),
  "command|info": commandInfo,
  "command|list": commandList,
};

const help = [
  "(no subcommand)",
  "    Return details about all Redis commands.",
  "COUNT",
  "    Return the total number of commands in this Redis server.",
  "LIST",
  "    Return a list of all commands in this Redis server.",
  "INFO [<command-name> ...]",
  "    Return details about multiple Redis commands.",
  "    If no command names are given, documentation details for all",
  "    commands are returned.",
  "DOCS [<command-name> ...]",
  "    Return documentation details about multiple Redis commands.",
  "    If no command names are given, documentation details for all",
  "    commands are returned.",
  "GETKEYS <full-command>",
  "    Return the keys from a full Redis command.",
  "GETKEYSANDFLAGS <full-command>",
  "    Return the keys and the access flags from a full Redis command.",
];

/** COMMAND */
function replyAllInfo({ reply, server }: CommandContext): void {
  const { commands } = server.commands;
  reply.array(commands.length);
  for (const spec of commands) replyInfo(reply, spec);
}

/** COMMAND INFO [name …] */
function commandInfo(context: CommandContext): void {
  const { args, reply, server } = context;
  if (args.count === 2) return replyAllInfo(context);
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    const spec = server.commands.find(args.string(i));
    if (spec === null) reply.null();
    else replyInfo(reply, spec);
  }
}

/** COMMAND DOCS [name …]: names that are not known are passed over. */
function commandDocs({ args, reply, server }: CommandContext): void {
  const table = server.commands;
  const named: CommandSpec[] = [];
  for (let i = 2; i < args.count; i++) {
    const spec = table.find(args.string(i));
    if (spec !== null) named.push(spec);
  }
  replyDocsByName(reply, args.count === 2 ? table.commands : named);
}

/** COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN glob] */
function commandList({ args, reply, server }: CommandContext): void {
  const passes = args.count === 2 ? () => true : listFilter(args);
  const listed = server.commands.all.filter(passes);
  reply.array(listed.length);
  for (const spec of listed) reply.bulkString(spec.fullName);
}

function listFilter(args: Arguments): (spec: CommandSpec) => boolean {
  if (args.count !== 5 || !args.is(2, "FILTERBY")) throw new CommandError(errors.syntax);
  if (args.is(3, "MODULE")) return () => false;
  if (args.is(3, "ACLCAT")) {
    const bit = aclCategoryNames.findIndex((name) => args.is(4, name.toUpperCase()));
    return ({ categories }) => bit >= 0 && (categories & (1 << bit)) !== 0;
  }
  if (!args.is(3, "PATTERN")) throw new CommandError(errors.syntax);
  const glob = new Glob(args.buffer, args.starts[4], args.ends[4], true);
  const encoder = new TextEncoder();
  return ({ fullName }) => {
    const name = encoder.encode(fullName);
    return glob.matches(name, 0, name.length);
  };
}

/** COMMAND GETKEYS command [argument …] */
function commandGetKeys({ args, reply, server }: CommandContext): void {
  const inner = withoutFirstTwo(args);
  const { positions } = keysOf(inner, server.commands.lookup(inner));
  reply.array(positions.length);
  for (const i of positions) reply.bulk(inner.buffer, inner.starts[i], inner.ends[i]);
}

/** COMMAND GETKEYSANDFLAGS command [argument …] */
function commandGetKeysAndFlags({ args, reply, server }: CommandContext): void {
  const inner = withoutFirstTwo(args);
  const { positions, flags } = keysOf(inner, server.commands.lookup(inner));
  reply.array(positions.length);
  for (const [k, i] of positions.entries()) {
    reply.array(2);
    reply.bulk(inner.buffer, inner.starts[i], inner.ends[i]);
    replyFlags(reply, flags[k], keyFlagNames);
  }
}

/** The command that a COMMAND GETKEYS is about, as a request of its own. */
function withoutFirstTwo(args: Arguments): Arguments {
  const inner = new Arguments();
  inner.buffer = args.buffer;
  for (let i = 2; i < args.count; i++) inner.add(args.starts[i], args.ends[i]);
  return inner;
}

function keysOf(args: Arguments, spec: CommandSpec | null): FoundKeys {
  if (spec === null) throw new CommandError(errors.noSuchCommandToExamine);
  if (!hasKeys(spec)) throw new CommandError(errors.commandWithoutKeys);
  const { arity } = spec;
  if (arity > 0 ? args.count !== arity : args.count < -arity) {
    throw new CommandError(errors.wrongArityToExamine);
  }
  const found = findKeys(spec, args);
  if (found.positions.length === 0 && (spec.flags & CommandFlag.NO_MANDATORY_KEYS) === 0) {
    throw new CommandError(errors.keysNotFound);
  }
  return found;
}

/** One element of COMMAND INFO's reply. */
function replyInfo(reply: ReplyWriter, spec: CommandSpec): void {
  reply.array(10);
  reply.bulkString(spec.fullName);
  reply.integer(spec.arity);
  replyFlags(reply, spec.flags, commandFlagNames);
  reply.integer(spec.firstKey);
  reply.integer(spec.lastKey);
  reply.integer(spec.keyStep);
  replyFlags(reply, spec.categories, aclCategoryNames, "@");
  reply.set(spec.tips.length);
  for (const tip of spec.tips) reply.bulkString(tip);
  reply.set(spec.keySpecs.length);
  for (const keySpec of spec.keySpecs) replyKeySpec(reply, keySpec);
  if (spec.subcommands.length === 0) return reply.set(0);
  reply.array(spec.subcommands.length);
  for (const subcommand of spec.subcommands) replyInfo(reply, subcommand);
}

function replyKeySpec(reply: ReplyWriter, keySpec: KeySpec): void {
  const { notes, flags, beginSearch, findKeys } = keySpec;
  reply.map(notes === undefined ? 3 : 4);
  if (notes !== undefined) replyField(reply, "notes", notes);
  reply.bulkString("flags");
  replyFlags(reply, flags, keyFlagNames);
  reply.bulkString("begin_search");
  replySearch(reply, beginSearch.type, describeBeginSearch(beginSearch));
  reply.bulkString("find_keys");
  replySearch(reply, findKeys.type, describeFindKeys(findKeys));
}

function describeBeginSearch(search: BeginSearch): [string, string | number][] {
  switch (search.type) {
    case "index":
      return [["index", search.index]];
    case "keyword":
      return [["keyword", search.keyword], ["startfrom", search.startFrom]];
    case "unknown":
      return [];
  }
}

function describeFindKeys(find: FindKeys): [string, string | number][] {
  switch (find.type) {
    case "range":
      return [["lastkey", find.lastKey], ["keystep", find.keyStep], ["limit", find.limit]];
    case "keynum":
      return [
        ["keynumidx", find.keyNumIndex],
        ["firstkey", find.firstKey],
        ["keystep", find.keyStep],
      ];
    case "unknown":
      return [];
  }
}

function replySearch(reply: ReplyWriter, type: string, fields: [string, string | number][]): void {
  reply.map(2);
  replyField(reply, "type", type);
  reply.bulkString("spec");
  reply.map(fields.length);
  for (const [name, value] of fields) replyField(reply, name, value);
}

function replyDocsByName(reply: ReplyWriter, specs: readonly CommandSpec[]): void {
  reply.map(specs.length);
  for (const spec of specs) {
    reply.bulkString(spec.fullName);
    replyDocs(reply, spec);
  }
}

/** One value of COMMAND DOCS' reply. */
function replyDocs(reply: ReplyWriter, spec: CommandSpec): void {
  const fields = new OptionalFields(reply);
  fields.text("summary", spec.summary);
  fields.text("since", spec.since);
  fields.text("group", spec.group);
  fields.text("complexity", spec.complexity);
  if (spec.docFlags !== 0) {
    fields.add("doc_flags", () => replyFlags(reply, spec.docFlags, docFlagNames));
  }
  fields.text("deprecated_since", spec.deprecatedSince);
  fields.text("replaced_by", spec.replacedBy);
  if (spec.history.length > 0) {
    fields.add("history", () => {
      reply.set(spec.history.length);
      for (const { since, description } of spec.history) {
        reply.array(2);
        reply.bulkString(since);
        reply.bulkString(description);
      }
    });
  }
  if (spec.arguments.length > 0) {
    fields.add("arguments", () => replyArguments(reply, spec.arguments));
  }
  if (spec.subcommands.length > 0) {
    fields.add("subcommands", () => replyDocsByName(reply, spec.subcommands));
  }
  fields.end();
}

function replyArguments(reply: ReplyWriter, specs: readonly ArgumentSpec[]): void {
  reply.array(specs.length);
  for (const spec of specs) replyArgument(reply, spec);
}

function replyArgument(reply: ReplyWriter, spec: ArgumentSpec): void {
  const fields = new OptionalFields(reply);
  fields.text("name", spec.name);
  fields.text("type", spec.type);
  fields.text("display_text", spec.displayText);
  const { keySpecIndex } = spec;
  if (keySpecIndex !== undefined) {
    fields.add("key_spec_index", () => reply.integer(keySpecIndex));
  }
  fields.text("token", spec.token);
  fields.text("summary", spec.summary);
  fields.text("since", spec.since);
  fields.text("deprecated_since", spec.deprecatedSince);
  if (spec.flags !== 0) {
    fields.add("flags", () => replyFlags(reply, spec.flags, argumentFlagNames));
  }
  const { arguments: inner } = spec;
  if (inner !== undefined) fields.add("arguments", () => replyArguments(reply, inner));
  fields.end();
}

/** A map of which the length is known only when it has been decided what is in it. */
class OptionalFields {
  readonly #reply: ReplyWriter;
  readonly #fields: { name: string; replyValue: () => void }[] = [];

  constructor(reply: ReplyWriter) {
    this.#reply = reply;
  }

  add(name: string, replyValue: () => void): void {
    this.#fields.push({ name, replyValue });
  }

  text(name: string, value: string | null | undefined): void {
    if (value !== null && value !== undefined) this.add(name, () => this.#reply.bulkString(value));
  }

  /** Writes the map. */
  end(): void {
    this.#reply.map(this.#fields.length);
    for (const { name, replyValue } of this.#fields) {
      this.#reply.bulkString(name);
      replyValue();
    }
  }
}

function replyField(reply: ReplyWriter, name: string, value: string | number): void {
  reply.bulkString(name);
  if (typeof value === "number") reply.integer(value);
  else reply.bulkString(value);
}

/** The names of the bits that are set, those beyond the names left out. */
function replyFlags(
  reply: ReplyWriter,
  flags: number,
  names: readonly string[],
  prefix = "",
): void {
  const set = names.filter((_, bit) => (flags & (1 << bit)) !== 0);
  reply.set(set.length);
  for (const name of set) reply.simpleString(prefix + name);
}
