/** RESTORE: values out of what DUMP has answered, here or in a Redis of any version. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { NotifyClass } from "../keyspace/events.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { addInt64, type Int64, int64Max } from "../resp/numbers.ts";
import { lowWord } from "../values/int64_words.ts";

const frequencyMax = 255;

/** The access clock counts modulo 2^24. */
const idleMask = 0xffffff;

interface RestoreOptions {
  replace: boolean;
  /** The time to live is a time. */
  isAbsolute: boolean;
  /** How recently, or how often, the key was accessed; -1 if that is not told. */
  idleSeconds: number;
  frequency: number;
}

function parseOptions({ args }: CommandContext): RestoreOptions {
  const options = { replace: false, isAbsolute: false, idleSeconds: -1, frequency: -1 };
  for (let i = 4; i < args.count; i++) {
    const hasValue = i + 1 < args.count;
    if (args.is(i, "REPLACE")) options.replace = true;
    else if (args.is(i, "ABSTTL")) options.isAbsolute = true;
    else if (args.is(i, "IDLETIME") && hasValue && options.frequency === -1) {
      const idle = args.int64(++i);
      if (idle < 0) throw new CommandError(errors.restoreIdleNegative);
      options.idleSeconds = lowWord(idle) & idleMask;
    } else if (args.is(i, "FREQ") && hasValue && options.idleSeconds === -1) {
      const frequency = args.int64(++i);
      if (frequency < 0 || frequency > frequencyMax) {
        throw new CommandError(errors.restoreFrequencyOutOfRange);
      }
      options.frequency = Number(frequency);
    } else throw new CommandError(errors.syntax);
  }
  return options;
}

function restore(context: CommandContext): void {
  const { args, database, reply, server: { keyspace } } = context;
  const { buffer, starts, ends } = args;
  const options = parseOptions(context);
  if (!options.replace && database.lookupWrite(buffer, starts[1], ends[1]) !== 0) {
    throw new CommandError(errors.busyKey);
  }
  const ttl = args.int64(2);
  if (ttl < 0) throw new CommandError(errors.restoreTtlNegative);
  const record = readPayload(context);
  const removed = options.replace && removeOld(context);
  const isTime = ttl === 0 || options.isAbsolute;
  const expiresAtMs = isTime ? ttl : addInt64(ttl, keyspace.nowMs) ?? int64Max;
  if (ttl !== 0 && expiresAtMs <= keyspace.nowMs) {
    keyspace.newRecords.discard(record);
    if (removed) {
      context.changed(1);
      context.notify(NotifyClass.GENERIC, "del", 1);
      const isLazy = context.server.config.values.lazyfreeLazyServerDel;
      context.propagate(2)?.word(isLazy ? "UNLINK" : "DEL").argument(args, 1);
    }
    return reply.ok();
  }
  add(context, record, expiresAtMs, options);
  if (!isTime) {
    context.propagate(args.count + 1)?.argument(args, 0).argument(args, 1).integer(expiresAtMs)
      .argumentsFrom(args, 3).word("ABSTTL");
  }
  reply.ok();
}

/** The record of the payload that is argument 3. */
function readPayload({ args, server: { payloadReader } }: CommandContext): number {
  const { buffer, starts, ends } = args;
  if (!payloadReader.isIntact(buffer, starts[3], ends[3])) {
    throw new CommandError(errors.payloadNotIntact);
  }
  const record = payloadReader.read(buffer, starts[3], ends[3], buffer, starts[1], ends[1]);
  if (record === 0) throw new CommandError(errors.payloadMalformed);
  return record;
}

/** Makes room for the key that is restored; whether there was one. */
function removeOld({ args, database }: CommandContext): boolean {
  const old = database.find(args.buffer, args.starts[1], args.ends[1]);
  if (old !== 0) database.removeFound(old);
  return old !== 0;
}

/** Gives the record's key its place, where there is none now. */
function add(
  context: CommandContext,
  record: number,
  expiresAtMs: Int64,
  { frequency, idleSeconds }: RestoreOptions,
): void {
  const { database, server: { keyspace } } = context;
  database.findKeyOf(record);
  database.link(record);
  if (expiresAtMs !== 0) database.setExpiry(record, expiresAtMs);
  keyspace.setUsage(record, frequency, idleSeconds);
  context.changed(1);
  context.notify(NotifyClass.GENERIC, "restore", 1);
}

export const restoreHandlers: Handlers = { restore };
