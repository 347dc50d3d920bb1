/**
 * DEBUG: what test suites reach into a server with. Dispatch lets it run only where
 * `enable-debug-command` does.
 *
 * Its subcommands are no commands of their own (COMMAND does not know them), so they are looked up here,
 * by name and number of arguments at once.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handler, Handlers } from "../command/spec.ts";
import { datasetDigest, valueDigest } from "../observe/digest.ts";
import { CommandError, errors, unknownSubcommandOrArity } from "../resp/errors.ts";
import {
  debugListpack,
  debugObject,
  debugPopulate,
  debugQuicklist,
  debugStringLength,
  debugTable,
  debugTableOfKey,
} from "./debug_keys.ts";
import { debugProtocol } from "./debug_protocol.ts";
import { replyHelp } from "./help.ts";

/** A subcommand, with the number of arguments that it takes, `debug` and its own name included. */
interface DebugSubcommand {
  readonly argumentsMin: number;
  readonly argumentsMax: number;
  readonly run: Handler;
}

function subcommand(
  run: Handler,
  argumentsMin: number,
  argumentsMax = argumentsMin,
): DebugSubcommand {
  return { argumentsMin, argumentsMax, run };
}

const subcommands = new Map<string, DebugSubcommand>(Object.entries({
  "digest": subcommand(digest, 2),
  "digest-value": subcommand(digestValue, 2, Infinity),
  "error": subcommand(error, 3),
  "help": subcommand(help, 2),
  "htstats": subcommand(debugTable, 3, Infinity),
  "htstats-key": subcommand(debugTableOfKey, 3, Infinity),
  "listpack": subcommand(debugListpack, 3),
  "loadaof": subcommand(loadAof, 2, Infinity),
  "log": subcommand(log, 3),
  "object": subcommand(debugObject, 3),
  "populate": subcommand(debugPopulate, 3, 5),
  "protocol": subcommand(debugProtocol, 3),
  "quicklist": subcommand(debugQuicklist, 3, 4),
  "reload": subcommand(reload, 2, Infinity),
  "sdslen": subcommand(debugStringLength, 3),
  "set-active-expire": subcommand(setActiveExpire, 3),
  "sleep": subcommand(sleep, 3),
}));

function debug(context: CommandContext): void {
  const { args } = context;
  const found = subcommands.get(args.string(1).toLowerCase());
  if (!found || args.count < found.argumentsMin || args.count > found.argumentsMax) {
    throw unknown(context);
  }
  found.run(context);
}

function unknown({ args }: CommandContext): CommandError {
  return new CommandError(unknownSubcommandOrArity(args.cString(1), "DEBUG"));
}

function digest({ reply, server }: CommandContext): void {
  reply.simpleString(datasetDigest(server.keyspace.databases));
}

function digestValue({ args, database, reply }: CommandContext): void {
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    const record = database.dict.find(args.buffer, args.starts[i], args.ends[i]);
    reply.simpleString(valueDigest(database, record));
  }
}

/** Replies an error that is none: nothing failed, so it is not counted as one. */
function error({ args, reply }: CommandContext): void {
  reply.error(args.cString(2));
}

function log({ args, reply, server }: CommandContext): void {
  server.log.warning(`DEBUG LOG: ${args.string(2)}`);
  reply.ok();
}

function sleep({ args, reply, server }: CommandContext): void {
  const seconds = Number.parseFloat(args.string(2));
  if (seconds > 0) server.clock.block(seconds * 1000);
  reply.ok();
}

function setActiveExpire({ args, reply, server }: CommandContext): void {
  server.expirer.enabled = leadingInteger(args.string(2)) !== 0;
  reply.ok();
}

/** As C reads a number: what comes behind it, or if there is none at all, is no error. */
function leadingInteger(text: string): number {
  return Number.parseInt(text, 10) || 0;
}

function reload({ args }: CommandContext): void {
  for (let i = 2; i < args.count; i++) {
    if (!["MERGE", "NOFLUSH", "NOSAVE"].some((option) => args.is(i, option))) {
      throw new CommandError(errors.debugReloadOptions);
    }
  }
  throw new CommandError(errors.notPersistent);
}

function loadAof(): void {
  throw new CommandError(errors.notPersistent);
}

function help(context: CommandContext): void {
  replyHelp(context, [
    "DIGEST",
    "    Output a hex signature representing the current DB content.",
    "DIGEST-VALUE <key> [<key> ...]",
    "    Output a hex signature of the values of all the specified keys.",
    "ERROR <string>",
    "    Return a Redis protocol error with <string> as message. Useful for clients",
    "    unit tests to simulate Redis errors.",
    "LOG <message>",
    "    Write <message> to the server log.",
    "HTSTATS <dbid> [full]",
    "    Return hash table statistics of the specified Redis database.",
    "HTSTATS-KEY <key> [full]",
    "    Like HTSTATS but for the hash table stored at <key>'s value.",
    "OBJECT <key>",
    "    Show low level info about `key` and associated value.",
    "POPULATE <count> [<prefix>] [<size>]",
    "    Create <count> string keys named key:<num>. If <prefix> is specified then",
    "    it is used instead of the 'key' prefix. These are not propagated to",
    "    replicas. Cluster slots are not respected so keys not belonging to the",
    "    current node can be created in cluster mode.",
    "PROTOCOL <type>",
    "    Reply with a test value of the specified type. <type> can be: string,",
    "    integer, double, bignum, null, array, set, map, attrib, push, verbatim,",
    "    true, false.",
    "SDSLEN <key>",
    "    Show low level SDS string info representing `key` and value.",
    "SET-ACTIVE-EXPIRE <0|1>",
    "    Setting it to 0 disables expiring keys (and hash-fields) in background ",
    "    when they are not accessed (otherwise the Redis behavior). Setting it",
    "    to 1 reenables back the default.",
    "SLEEP <seconds>",
    "    Stop the server for <seconds>. Decimals allowed.",
    "LISTPACK <key>",
    "    Show low level info about the listpack encoding of <key>.",
    "QUICKLIST <key> [<0|1>]",
    "    Show low level info about the quicklist encoding of <key>.",
    "    The optional argument (0 by default) sets the level of detail",
  ]);
}

export const debugHandlers: Handlers = { debug };
