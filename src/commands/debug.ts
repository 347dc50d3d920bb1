/**
 * DEBUG: what test suites reach into a server with. Dispatch lets it run only where
 * `enable-debug-command` does.
 *
 * Its subcommands are no commands of their own (COMMAND does not know them), so they are looked up here,
 * by name and number of arguments at once.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handler, Handlers } from "../command/spec.ts";
import { rewriteFile } from "../config/rewrite.ts";
import type { Log } from "../log.ts";
import { datasetDigest, valueDigest } from "../observe/digest.ts";
import {
  CommandError,
  errors,
  forcedRewriteFailed,
  unknownSubcommandOrArity,
} from "../resp/errors.ts";
import { leadingInteger } from "../resp/numbers.ts";
import {
  debugListpack,
  debugObject,
  debugPackedThreshold,
  debugPopulate,
  debugQuicklist,
  debugStringLength,
  debugTable,
  debugTableOfKey,
} from "./debug_keys.ts";
import { debugProtocol } from "./debug_protocol.ts";
import { LoadError } from "../persistence/loader.ts";
import type { Persistence } from "../persistence/persistence.ts";
import { StorageError } from "../storage.ts";
import { systemErrorText } from "../system_error.ts";
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
  "aof-flush-sleep": subcommand(delayLog, 3),
  "config-rewrite-force-all": subcommand(rewriteAll, 2),
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
  "pause-cron": subcommand(pauseCron, 3),
  "populate": subcommand(debugPopulate, 3, 5),
  "protocol": subcommand(debugProtocol, 3),
  "quicklist": subcommand(debugQuicklist, 3, 4),
  "quicklist-packed-threshold": subcommand(debugPackedThreshold, 3),
  "reload": subcommand(reload, 2, Infinity),
  "sdslen": subcommand(debugStringLength, 3),
  "set-active-expire": subcommand(setActiveExpire, 3),
  "set-skip-checksum-validation": subcommand(setSkipChecksum, 3),
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

/** Writes all directives into the configuration file, those at their defaults, too. */
function rewriteAll({ reply, server: { config } }: CommandContext): void {
  // what the system says of no path
  if (config.file === null) throw new CommandError(forcedRewriteFailed("Bad address"));
  try {
    rewriteFile(config.file, config, true);
  } catch (error) {
    throw new CommandError(forcedRewriteFailed(systemErrorText(error)));
  }
  reply.ok();
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

function setSkipChecksum({ args, reply, server: { payloadReader, persistence } }: CommandContext) {
  const skips = leadingInteger(args.string(2)) !== 0;
  payloadReader.skipsChecksum = skips;
  persistence.skipsChecksum = skips;
  reply.ok();
}

function delayLog({ args, reply, server }: CommandContext): void {
  server.persistence.aof.flushDelayUs = leadingInteger(args.string(2));
  reply.ok();
}

function pauseCron({ args, reply, server }: CommandContext): void {
  server.isCronPaused = leadingInteger(args.string(2)) !== 0;
  reply.ok();
}

/** Saves, forgets and loads all data again, as far as the options do not say otherwise. */
function reload(context: CommandContext): void {
  const { args, reply, server } = context;
  const { keyspace, persistence } = server;
  let [saves, flushes, merges] = [true, true, false];
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, "MERGE")) merges = true;
    else if (args.is(i, "NOFLUSH")) flushes = false;
    else if (args.is(i, "NOSAVE")) saves = false;
    else throw new CommandError(errors.debugReloadOptions);
  }
  // the log has all of it
  context.propagateNothing();
  if (saves) saveOrFail(persistence);
  if (flushes) { for (const database of keyspace.databases) database.flush(); }
  loadOrFail(server.log, errors.debugReloadFailed, () => persistence.reloadRdb(merges));
  server.log.notice("DB reloaded by DEBUG RELOAD");
  reply.ok();
}

/** Forgets all data and loads the append-only log, when all of it is in its file. */
function loadAof(context: CommandContext): void {
  const { reply, server } = context;
  const { keyspace, persistence } = server;
  const written = persistence.aof.written();
  if (written !== null) return context.postpone(written);
  context.propagateNothing();
  for (const database of keyspace.databases) database.flush();
  loadOrFail(server.log, errors.debugLoadAofFailed, () => persistence.reloadAof());
  server.log.notice("Append Only File loaded by DEBUG LOADAOF");
  reply.ok();
}

function saveOrFail(persistence: Persistence): void {
  try {
    persistence.rdb.saveNow();
  } catch (error) {
    if (error instanceof StorageError) throw new CommandError(errors.saveFailed);
    throw error;
  }
}

/** @param load Whether there was anything to load. */
function loadOrFail(log: Log, message: string, load: () => boolean): void {
  try {
    if (!load()) throw new CommandError(message);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    log.warning(error.message);
    throw new CommandError(message);
  }
}

function help(context: CommandContext): void {
  replyHelp(context, [
    "AOF-FLUSH-SLEEP <microsec>",
    "    Server will sleep before flushing the AOF, this is used for testing.",
    "CONFIG-REWRITE-FORCE-ALL",
    "    Like CONFIG REWRITE but writes all configuration options, including",
    "    keywords not listed in original configuration file or default values.",
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
    "LOADAOF",
    "    Flush the AOF buffers on disk and reload the AOF in memory.",
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
    "RELOAD [option ...]",
    "    Save the RDB on disk and reload it back to memory. Valid <option> values:",
    "    * MERGE: conflicting keys will be loaded from RDB.",
    "    * NOFLUSH: the existing database will not be removed before load, but",
    "      conflicting keys will generate an exception and kill the server.",
    "    * NOSAVE: the database will be loaded from an existing RDB file.",
    "    Examples:",
    "    * DEBUG RELOAD: verify that the server is able to persist, flush and reload",
    "      the database.",
    "    * DEBUG RELOAD NOSAVE: replace the current database with the contents of an",
    "      existing RDB file.",
    "    * DEBUG RELOAD NOSAVE NOFLUSH MERGE: add the contents of an existing RDB",
    "      file to the database.",
    "SDSLEN <key>",
    "    Show low level SDS string info representing `key` and value.",
    "SET-ACTIVE-EXPIRE <0|1>",
    "    Setting it to 0 disables expiring keys (and hash-fields) in background ",
    "    when they are not accessed (otherwise the Redis behavior). Setting it",
    "    to 1 reenables back the default.",
    "QUICKLIST-PACKED-THRESHOLD <size>",
    "    Sets the threshold for elements to be inserted as plain vs packed nodes",
    "    Default value is 1GB, allows values up to 4GB. Setting to 0 restores to default.",
    "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
    "    Enables or disables checksum checks for RDB files and RESTORE's payload.",
    "SLEEP <seconds>",
    "    Stop the server for <seconds>. Decimals allowed.",
    "LISTPACK <key>",
    "    Show low level info about the listpack encoding of <key>.",
    "QUICKLIST <key> [<0|1>]",
    "    Show low level info about the quicklist encoding of <key>.",
    "    The optional argument (0 by default) sets the level of detail",
    "PAUSE-CRON <0|1>",
    "    Stop periodic cron job processing.",
  ]);
}

export const debugHandlers: Handlers = { debug };
