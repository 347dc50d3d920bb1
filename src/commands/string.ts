/**
 * The commands on strings. Those that are called most (GET, SET without options, INCR, MGET, MSET) make
 * no object on their way; the options of SET and GETEX are in `string_options.ts`.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import type { Database } from "../keyspace/database.ts";
import { NotifyClass } from "../keyspace/events.ts";
import {
  Encoding,
  encodingOf,
  integerOf,
  setInteger,
  typeOf,
  ValueType,
} from "../values/record.ts";
import { copyBytes } from "../memory/bytes.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors, wrongArity } from "../resp/errors.ts";
import { addInt64, type Int64, int64Min, parseInt64, toInt64 } from "../resp/numbers.ts";
import { commonLength, type CommonRun, commonSubsequence } from "../values/lcs.ts";
import { LongDouble } from "../values/long_double.ts";
import {
  type ExpireUnit,
  millisecondsFromNow,
  positiveExpireTimeMs,
  propagateExpired,
  secondsFromNow,
  unixMilliseconds,
} from "./expire_time.ts";
import { parseGetexOptions, parseSetOptions, type SetOptions } from "./string_options.ts";

const encoder = new TextEncoder();

/** Refuses a record that holds something else than a string. */
function requireString(database: Database, record: number): void {
  if (typeOf(database.heap, record) !== ValueType.STRING) throw new CommandError(errors.wrongType);
}

/** Looks argument 1 up to read it as a string; 0 where there is none. */
function readString({ args, database }: CommandContext): number {
  const record = database.lookupRead(args.buffer, args.starts[1], args.ends[1]);
  if (record !== 0) requireString(database, record);
  return record;
}

/** Looks argument 1 up to change it as a string; 0 where there is none. */
function writeString({ args, database }: CommandContext): number {
  const record = database.lookupWrite(args.buffer, args.starts[1], args.ends[1]);
  if (record !== 0) requireString(database, record);
  return record;
}

/** Answers with the string of a record, null for 0. */
function replyString({ reply }: CommandContext, database: Database, record: number): void {
  if (record === 0) return reply.null();
  database.locateValue(record);
  reply.bulk(database.valueBuffer, database.valueStart, database.valueEnd);
}

function stringLength(database: Database, record: number): number {
  database.locateValue(record);
  return database.valueEnd - database.valueStart;
}

/**
 * Makes argument 1, just looked up as `found`, hold argument `valueAt`, and gives it the time to live that
 * it is to have from now on, if one is given.
 */
function storeArgument(
  context: CommandContext,
  found: number,
  valueAt: number,
  keepTtl: boolean,
  expiresAtMs: Int64 | null = null,
  event = "set",
): void {
  const { args, database } = context;
  const { buffer, starts, ends } = args;
  const record = database.setString(
    found,
    buffer,
    starts[1],
    ends[1],
    buffer,
    starts[valueAt],
    ends[valueAt],
    keepTtl || expiresAtMs !== null,
  );
  if (expiresAtMs !== null) database.setExpiry(record, expiresAtMs);
  context.changed(1);
  context.notify(NotifyClass.STRING, event, 1);
  if (expiresAtMs !== null) context.notify(NotifyClass.GENERIC, "expire", 1);
}

function get(context: CommandContext): void {
  replyString(context, context.database, readString(context));
}

function set(context: CommandContext): void {
  const { args, database, reply } = context;
  if (args.count > 3) return setWithOptions(context, parseSetOptions(args));
  const found = database.lookupWrite(args.buffer, args.starts[1], args.ends[1]);
  storeArgument(context, found, 2, false);
  reply.ok();
}

function setWithOptions(context: CommandContext, options: SetOptions): void {
  const { args, database, reply } = context;
  const { expiry } = options;
  const expiresAtMs = expiry && positiveExpireTimeMs(context, expiry.argument, expiry.unit);
  if (options.get) replyString(context, database, readString(context));
  const found = database.lookupWrite(args.buffer, args.starts[1], args.ends[1]);
  if (options.nx ? found !== 0 : options.xx && found === 0) {
    if (!options.get) reply.null();
    return;
  }
  storeArgument(context, found, 2, options.keepTtl, expiresAtMs);
  if (!options.get) reply.ok();
  if (expiresAtMs === null) {
    if (options.get) propagateWithoutGet(context);
  } else if (expiry!.unit !== unixMilliseconds) propagateSet(context, 2, expiresAtMs);
}

/** Propagates SET of argument 1 to argument `valueAt`, until the given moment. */
function propagateSet(context: CommandContext, valueAt: number, expiresAtMs: Int64): void {
  const { args } = context;
  context.propagate(5)?.word("SET").argument(args, 1).argument(args, valueAt)
    .word("PXAT").integer(expiresAtMs);
}

/** Propagates SET with its options but GET. */
function propagateWithoutGet(context: CommandContext): void {
  const { args } = context;
  let kept = args.count;
  for (let i = 3; i < args.count; i++) if (args.is(i, "GET")) kept--;
  const command = context.propagate(kept);
  if (command === null) return;
  for (let i = 0; i < 3; i++) command.argument(args, i);
  for (let i = 3; i < args.count; i++) if (!args.is(i, "GET")) command.argument(args, i);
}

function setnx(context: CommandContext): void {
  const { args, database, reply } = context;
  const found = database.lookupWrite(args.buffer, args.starts[1], args.ends[1]);
  if (found === 0) storeArgument(context, 0, 2, false);
  reply.integer(found === 0 ? 1 : 0);
}

function setWithExpiry(context: CommandContext, unit: ExpireUnit): void {
  const { args, database, reply } = context;
  const expiresAtMs = positiveExpireTimeMs(context, 2, unit);
  const found = database.lookupWrite(args.buffer, args.starts[1], args.ends[1]);
  storeArgument(context, found, 3, false, expiresAtMs);
  propagateSet(context, 3, expiresAtMs);
  reply.ok();
}

function getset(context: CommandContext): void {
  const { args } = context;
  const record = readString(context);
  replyString(context, context.database, record);
  storeArgument(context, record, 2, false);
  context.propagate(3)?.word("SET").argument(args, 1).argument(args, 2);
}

function getdel(context: CommandContext): void {
  const record = readString(context);
  replyString(context, context.database, record);
  if (record === 0) return;
  context.database.removeFound(record);
  context.changed(1);
  context.notify(NotifyClass.GENERIC, "del", 1);
  context.propagate(2)?.word("DEL").argument(context.args, 1);
}

function getex(context: CommandContext): void {
  const { args, database } = context;
  const { expiry, persist } = parseGetexOptions(args);
  const record = readString(context);
  if (record === 0) return context.reply.null();
  const expiresAtMs = expiry && positiveExpireTimeMs(context, expiry.argument, expiry.unit);
  replyString(context, database, record);
  if (expiresAtMs !== null) {
    const isPast = expiresAtMs <= database.keyspace.nowMs;
    if (isPast) database.removeFound(record);
    else database.setExpiry(record, expiresAtMs);
    context.changed(1);
    context.notify(NotifyClass.GENERIC, isPast ? "del" : "expire", 1);
    if (isPast) propagateExpired(context);
    else context.propagate(3)?.word("PEXPIREAT").argument(args, 1).integer(expiresAtMs);
  } else if (persist && database.removeExpiry(record)) {
    context.changed(1);
    context.notify(NotifyClass.GENERIC, "persist", 1);
    context.propagate(2)?.word("PERSIST").argument(args, 1);
  }
}

function mget({ args, database, reply }: CommandContext): void {
  reply.array(args.count - 1);
  for (let i = 1; i < args.count; i++) {
    const record = database.lookupRead(args.buffer, args.starts[i], args.ends[i]);
    if (record === 0 || typeOf(database.heap, record) !== ValueType.STRING) {
      reply.null();
    } else {
      database.locateValue(record);
      reply.bulk(database.valueBuffer, database.valueStart, database.valueEnd);
    }
  }
}

/** Sets each key among the arguments to the argument behind it. */
function setPairs(context: CommandContext): void {
  const { args, database } = context;
  const { buffer, starts, ends } = args;
  for (let i = 1; i < args.count; i += 2) {
    const keyStart = starts[i];
    const keyEnd = ends[i];
    const found = database.lookupWrite(buffer, keyStart, keyEnd);
    database.setString(
      found,
      buffer,
      keyStart,
      keyEnd,
      buffer,
      starts[i + 1],
      ends[i + 1],
      false,
    );
    context.changed(i);
    context.notify(NotifyClass.STRING, "set", i);
  }
}

function mset(context: CommandContext): void {
  if (context.args.count % 2 === 0) throw new CommandError(wrongArity("mset"));
  setPairs(context);
  context.reply.ok();
}

function msetnx(context: CommandContext): void {
  const { args, database, reply } = context;
  if (args.count % 2 === 0) throw new CommandError(wrongArity("msetnx"));
  for (let i = 1; i < args.count; i += 2) {
    if (database.lookupWrite(args.buffer, args.starts[i], args.ends[i]) !== 0) {
      return reply.integer(0);
    }
  }
  setPairs(context);
  reply.integer(1);
}

function strlen(context: CommandContext): void {
  const record = readString(context);
  context.reply.integer(record === 0 ? 0 : stringLength(context.database, record));
}

function getrange(context: CommandContext): void {
  const { args, database, reply } = context;
  // beyond 2^53 the exact value doesn't matter: no string is that long
  let start = Number(args.int64(2));
  let end = Number(args.int64(3));
  const record = readString(context);
  const length = record === 0 ? 0 : stringLength(database, record);
  const isReversed = start < 0 && end < 0 && start > end;
  start = Math.max(0, start < 0 ? start + length : start);
  end = Math.min(length - 1, Math.max(0, end < 0 ? end + length : end));
  const isEmpty = isReversed || start > end;
  const from = database.valueStart;
  if (isEmpty) reply.bulk(database.valueBuffer, from, from);
  else reply.bulk(database.valueBuffer, from + start, from + end + 1);
}

/** Refuses to make a string longer than the largest bulk. */
function requireLength(context: CommandContext, length: Int64): void {
  if (length <= context.server.config.values.protoMaxBulkLenBytes) return;
  throw new CommandError(errors.stringTooLong);
}

function setrange(context: CommandContext): void {
  const { args, database, reply } = context;
  const offset = args.int64(2);
  if (offset < 0) throw new CommandError(errors.offsetOutOfRange);
  const found = writeString(context);
  const length = args.length(3);
  const oldLength = found === 0 ? 0 : stringLength(database, found);
  if (length === 0) return reply.integer(oldLength);
  requireLength(context, offset);
  const from = Number(offset);
  requireLength(context, from + length);
  const newLength = Math.max(oldLength, from + length);
  const record = found === 0 ? putRaw(context, newLength) : database.resizeString(found, newLength);
  database.locateValue(record);
  const { valueBuffer, valueStart } = database;
  if (from > oldLength) valueBuffer.fill(0, valueStart + oldLength, valueStart + from);
  copyBytes(args.buffer, args.starts[3], valueBuffer, valueStart + from, length);
  context.changed(1);
  context.notify(NotifyClass.STRING, "setrange", 1);
  reply.integer(newLength);
}

/** A new raw string of undefined bytes under argument 1, which was just not found. */
function putRaw({ args, database }: CommandContext, length: number): number {
  const { buffer, starts, ends } = args;
  return database.putString(0, buffer, starts[1], ends[1], Encoding.RAW, length, false);
}

function append(context: CommandContext): void {
  const { args, database, reply } = context;
  const found = writeString(context);
  const length = args.length(2);
  if (found === 0) {
    storeArgument(context, 0, 2, false, null, "append");
    return reply.integer(length);
  }
  const oldLength = stringLength(database, found);
  requireLength(context, oldLength + length);
  database.locateValue(database.resizeString(found, oldLength + length));
  const end = database.valueStart + oldLength;
  copyBytes(args.buffer, args.starts[2], database.valueBuffer, end, length);
  context.changed(1);
  context.notify(NotifyClass.STRING, "append", 1);
  reply.integer(oldLength + length);
}

/** The integer that a string is, whichever way it is kept. */
function integerValue(database: Database, record: number): Int64 {
  if (encodingOf(database.heap, record) === Encoding.INT) return integerOf(database.heap, record);
  database.locateValue(record);
  const value = parseInt64(database.valueBuffer, database.valueStart, database.valueEnd);
  if (value === null) throw new CommandError(errors.notInteger);
  return value;
}

function incrementBy(context: CommandContext, increment: Int64): void {
  const { args, database, reply } = context;
  const found = writeString(context);
  const value = found === 0 ? 0 : integerValue(database, found);
  const sum = addInt64(value, increment);
  if (sum === null) throw new CommandError(errors.overflow);
  if (found !== 0 && encodingOf(database.heap, found) === Encoding.INT) {
    database.dict.changeFound();
    setInteger(database.heap, found, sum);
  } else {
    database.setInteger(found, args.buffer, args.starts[1], args.ends[1], sum, true);
  }
  context.changed(1);
  context.notify(NotifyClass.STRING, "incrby", 1);
  reply.integer(sum);
}

function incr(context: CommandContext): void {
  incrementBy(context, 1);
}

function decr(context: CommandContext): void {
  incrementBy(context, -1);
}

function incrby(context: CommandContext): void {
  incrementBy(context, context.args.int64(2));
}

function decrby(context: CommandContext): void {
  const decrement = context.args.int64(2);
  if (decrement === int64Min) throw new CommandError(errors.decrementOverflow);
  incrementBy(context, typeof decrement === "number" ? 0 - decrement : toInt64(-decrement));
}

function incrbyfloat(context: CommandContext): void {
  const { args, database, reply } = context;
  const { buffer, starts, ends } = args;
  const found = writeString(context);
  const value = found === 0 ? LongDouble.zero : floatValue(database, found);
  const increment = LongDouble.parse(buffer, starts[2], ends[2]);
  if (value === null || increment === null) throw new CommandError(errors.notFloat);
  const sum = value.plus(increment);
  if (!sum.isFinite) throw new CommandError(errors.nanOrInfinity);
  const text = encoder.encode(sum.toString());
  // never as an integer, even where it is one
  database.setText(found, buffer, starts[1], ends[1], text, 0, text.length, true);
  context.changed(1);
  context.notify(NotifyClass.STRING, "incrbyfloat", 1);
  // the sum, as arithmetic may differ where it is replayed
  context.propagate(4)?.word("SET").argument(args, 1).bulk(text, 0, text.length).word("KEEPTTL");
  reply.bulk(text, 0, text.length);
}

function floatValue(database: Database, record: number): LongDouble | null {
  database.locateValue(record);
  return LongDouble.parse(database.valueBuffer, database.valueStart, database.valueEnd);
}

interface LcsOptions {
  length: boolean;
  indexes: boolean;
  withMatchLength: boolean;
  matchLengthMin: Int64;
}

function parseLcsOptions(args: Arguments): LcsOptions {
  const options = {
    length: false,
    indexes: false,
    withMatchLength: false,
    matchLengthMin: 0 as Int64,
  };
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, "IDX")) options.indexes = true;
    else if (args.is(i, "LEN")) options.length = true;
    else if (args.is(i, "WITHMATCHLEN")) options.withMatchLength = true;
    else if (args.is(i, "MINMATCHLEN") && i + 1 < args.count) {
      options.matchLengthMin = args.int64(++i);
    } else throw new CommandError(errors.syntax);
  }
  if (options.length && options.indexes) throw new CommandError(errors.lcsLengthAndIndexes);
  return options;
}

/** A copy of the string that argument `i` names; empty where there is none, null for another type. */
function copyOfString({ args, database }: CommandContext, i: number): Uint8Array | null {
  const record = database.lookupRead(args.buffer, args.starts[i], args.ends[i]);
  if (record === 0) return new Uint8Array(0);
  if (typeOf(database.heap, record) !== ValueType.STRING) return null;
  database.locateValue(record);
  return database.valueBuffer.slice(database.valueStart, database.valueEnd);
}

function lcs(context: CommandContext): void {
  const { args, reply, server } = context;
  const a = copyOfString(context, 1);
  const b = copyOfString(context, 2);
  if (a === null || b === null) throw new CommandError(errors.lcsWrongType);
  const options = parseLcsOptions(args);
  // what Redis's table would take
  const tableBytes = (a.length + 1) * (b.length + 1) * 4;
  if (tableBytes > server.config.values.protoMaxBulkLenBytes) {
    throw new CommandError(errors.lcsTooLarge);
  }
  if (options.length) return reply.integer(commonLength(a, b));
  const { bytes, runs } = commonSubsequence(a, b);
  if (!options.indexes) return reply.bulk(bytes, 0, bytes.length);
  reply.map(2);
  reply.bulkString("matches");
  replyRuns(context, runs, options);
  reply.bulkString("len");
  reply.integer(bytes.length);
}

function replyRuns(
  { reply }: CommandContext,
  runs: readonly CommonRun[],
  { matchLengthMin, withMatchLength }: LcsOptions,
): void {
  const lengthOf = (run: CommonRun) => run.aEnd - run.aStart + 1;
  const shown = runs.filter((run) => lengthOf(run) >= matchLengthMin);
  reply.array(shown.length);
  for (const run of shown) {
    reply.array(withMatchLength ? 3 : 2);
    reply.array(2);
    reply.integer(run.aStart);
    reply.integer(run.aEnd);
    reply.array(2);
    reply.integer(run.bStart);
    reply.integer(run.bEnd);
    if (withMatchLength) reply.integer(lengthOf(run));
  }
}

export const stringHandlers: Handlers = {
  append,
  decr,
  decrby,
  get,
  getdel,
  getex,
  getrange,
  getset,
  incr,
  incrby,
  incrbyfloat,
  lcs,
  mget,
  mset,
  msetnx,
  psetex: (context) => setWithExpiry(context, millisecondsFromNow),
  set,
  setex: (context) => setWithExpiry(context, secondsFromNow),
  setnx,
  setrange,
  strlen,
  substr: getrange,
};
