/** Times to live of the fields of hashes: HEXPIRE and its variants, HTTL and its, HPERSIST, HGETEX, HSETEX. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { NotifyClass } from "../keyspace/events.ts";
import {
  CommandError,
  errors,
  invalidExpire,
  unknownArgument,
  wrongArity,
} from "../resp/errors.ts";
import { neverMs, noFieldMs } from "../values/hash_fields.ts";
import { ValueType } from "../values/record.ts";
import {
  type ExpireUnit,
  expireUnitNamed,
  millisecondsFromNow,
  secondsFromNow,
  unixMilliseconds,
  unixSeconds,
} from "./expire_time.ts";
import { findField, hashesOf, replyValue, requireFields } from "./hash_fields.ts";
import { readValue, writeOrCreateValue, writeValue } from "./lookup.ts";

/** The latest time that a field can go at. */
const expiryMsMax = 2 ** 46 - 1;

const int32Max = 0x7fffffff;

/** What is answered for a field: there is none, */
const fieldMissing = -2;
/** it has no time to live, */
const fieldPersistent = -1;
/** the condition does not hold, */
const conditionNotMet = 0;
/** its time to live has been set, or taken away, */
const fieldUpdated = 1;
/** or it is gone, because its time has passed. */
const fieldDeleted = 2;

/** When HEXPIRE is to do anything. */
type ExpireCondition = "" | "NX" | "XX" | "GT" | "LT";

const expireConditions: readonly ExpireCondition[] = ["NX", "XX", "GT", "LT"];

/** The arguments that are fields to which HEXPIRE has given a time to live. */
const updatedFields: number[] = [];

/** Argument `i` as when a field is to go, in milliseconds since the epoch. */
function fieldExpiryMs(context: CommandContext, i: number, unit: ExpireUnit): number {
  const value = context.args.int64(i);
  if (value < 0) throw new CommandError(errors.expireTimeNegative);
  const baseMs = unit.isRelative ? context.database.keyspace.nowMs : 0;
  const timeMs = Number(value) * unit.milliseconds + baseMs;
  if (timeMs > expiryMsMax) throw new CommandError(invalidExpire(context.command!.fullName));
  return timeMs;
}

/** When the field that argument `i` is goes, as `Hashes.expiresAtMs`; `record` is 0 where there is no hash. */
function currentExpiryMs(context: CommandContext, record: number, i: number): number {
  const { buffer, starts, ends } = context.args;
  if (record === 0) return noFieldMs;
  return hashesOf(context).expiresAtMs(record, buffer, starts[i], ends[i]);
}

/** A condition holds for fields that go at `currentMs`; those that never go are like the last to go. */
function isAllowed(condition: ExpireCondition, currentMs: number, newMs: number): boolean {
  if (condition === "NX") return currentMs === neverMs;
  if (condition === "XX") return currentMs !== neverMs;
  if (condition === "GT") return newMs > currentMs;
  return condition !== "LT" || newMs < currentMs;
}

/**
 * Has the field that argument `i` is, and that there is, go at `expiresAtMs`: at once if that has passed.
 * Says `fieldUpdated` or `fieldDeleted`.
 */
function expireAt(context: CommandContext, record: number, i: number, expiresAtMs: number): number {
  const { args: { buffer, starts, ends }, database, database: { keyspace } } = context;
  if (expiresAtMs > keyspace.nowMs) {
    database.setFieldExpiry(record, buffer, starts[i], ends[i], expiresAtMs);
    return fieldUpdated;
  }
  hashesOf(context).remove(record, buffer, starts[i], ends[i]);
  keyspace.stats.expiredFields++;
  context.propagate(3)?.word("HDEL").argument(context.args, 1).argument(context.args, i);
  return fieldDeleted;
}

/** Says what has become of so many fields, all by the same time, and removes a hash without any. */
function noteExpireAt(
  context: CommandContext,
  record: number,
  updated: number,
  deleted: number,
): void {
  if (updated + deleted === 0) return;
  context.notify(NotifyClass.HASH, deleted > 0 ? "hdel" : "hexpire", 1);
  if (deleted > 0) context.database.fieldsRemoved(record);
}

function hexpireGeneric(context: CommandContext, unit: ExpireUnit): void {
  const { args, args: { count }, reply } = context;
  const record = writeValue(context, 1, ValueType.HASH);
  const expiresAtMs = fieldExpiryMs(context, 2, unit);
  const condition = expireConditions.find((name) => args.is(3, name)) ?? "";
  const fieldsAt = condition === "" ? 3 : 4;
  requireFields(args, fieldsAt, errors.fieldCountNotAboveZero);
  if (record !== 0) hashesOf(context).extend(record);
  reply.array(count - fieldsAt - 2);
  let deleted = 0;
  updatedFields.length = 0;
  for (let i = fieldsAt + 2; i < count; i++) {
    const currentMs = currentExpiryMs(context, record, i);
    if (currentMs === noFieldMs) {
      reply.integer(fieldMissing);
    } else if (!isAllowed(condition, currentMs, expiresAtMs)) {
      reply.integer(conditionNotMet);
    } else {
      const result = expireAt(context, record, i, expiresAtMs);
      if (result === fieldUpdated) updatedFields.push(i);
      else deleted++;
      reply.integer(result);
    }
  }
  const updated = updatedFields.length;
  if (updated + deleted > 0) context.changed(1, updated + deleted);
  noteExpireAt(context, record, updated, deleted);
  if (updated > 0) propagateExpireAt(context, unit, expiresAtMs, fieldsAt);
}

/** Propagates HPEXPIREAT of the fields that have got a time to live. */
function propagateExpireAt(
  context: CommandContext,
  unit: ExpireUnit,
  expiresAtMs: number,
  fieldsAt: number,
): void {
  const { args } = context;
  const updated = updatedFields.length;
  if (unit === unixMilliseconds && updated === args.count - fieldsAt - 2) return;
  const command = context.propagate(fieldsAt + 2 + updated);
  if (command === null) return;
  // its own name stays as it was written
  if (unit === unixMilliseconds) command.argument(args, 0);
  else command.word("HPEXPIREAT");
  command.argument(args, 1).integer(expiresAtMs);
  for (let i = 3; i <= fieldsAt; i++) command.argument(args, i);
  command.integer(updated);
  for (const i of updatedFields) command.argument(args, i);
}

/** Answers in units of `unitMs`, any part of one counting as a whole. */
function httlGeneric(context: CommandContext, unitMs: 1 | 1000, isAbsolute: boolean): void {
  const { args, args: { count }, database, reply } = context;
  const record = readValue(context, 1, ValueType.HASH);
  requireFields(args, 2);
  const { nowMs } = database.keyspace;
  const baseMs = isAbsolute ? 0 : nowMs;
  reply.array(count - 4);
  for (let i = 4; i < count; i++) {
    const expiresAtMs = currentExpiryMs(context, record, i);
    if (expiresAtMs < nowMs) reply.integer(fieldMissing);
    else if (expiresAtMs === neverMs) reply.integer(fieldPersistent);
    else reply.integer(Math.ceil((expiresAtMs - baseMs) / unitMs));
  }
}

function hpersist(context: CommandContext): void {
  const { args, args: { buffer, starts, ends, count }, database, reply } = context;
  const hashes = hashesOf(context);
  const record = writeValue(context, 1, ValueType.HASH);
  requireFields(args, 2);
  reply.array(count - 4);
  let updated = 0;
  for (let i = 4; i < count; i++) {
    const expiresAtMs = currentExpiryMs(context, record, i);
    if (expiresAtMs < database.keyspace.nowMs) {
      reply.integer(fieldMissing);
    } else if (expiresAtMs === neverMs) {
      reply.integer(fieldPersistent);
    } else {
      hashes.setExpiry(record, buffer, starts[i], ends[i], neverMs);
      updated++;
      reply.integer(fieldUpdated);
    }
  }
  if (updated === 0) return;
  context.changed(1);
  notePersisted(context, record);
}

/** Says that fields have lost their times to live. */
function notePersisted(context: CommandContext, record: number): void {
  context.notify(NotifyClass.HASH, "hpersist", 1);
  context.database.fieldsRemoved(record);
}

/** When HGETEX has fields go, `neverMs` with PERSIST, or null where it only reads; and where FIELDS is. */
function parseHgetex(context: CommandContext): { expiresAtMs: number | null; fieldsAt: number } {
  const { args } = context;
  if (args.is(2, "PERSIST")) return { expiresAtMs: neverMs, fieldsAt: 3 };
  const unit = expireUnitNamed(args, 2);
  if (unit === null) return { expiresAtMs: null, fieldsAt: 2 };
  return { expiresAtMs: fieldExpiryMs(context, 3, unit), fieldsAt: 4 };
}

function hgetex(context: CommandContext): void {
  const { args, args: { buffer, starts, ends, count }, database, reply } = context;
  const hashes = hashesOf(context);
  const record = writeValue(context, 1, ValueType.HASH);
  const { expiresAtMs, fieldsAt } = parseHgetex(context);
  requireFields(args, fieldsAt);
  if (record !== 0 && expiresAtMs !== null) hashes.extend(record);
  reply.array(count - fieldsAt - 2);
  let expired = 0;
  let updated = 0;
  let deleted = 0;
  for (let i = fieldsAt + 2; i < count; i++) {
    if (!replyValue(context, record, i)) {
      const isExpired = record !== 0 && database.expireField(record, buffer, starts[i], ends[i]);
      if (isExpired) expired++;
    } else if (expiresAtMs === neverMs) {
      if (currentExpiryMs(context, record, i) === neverMs) continue;
      hashes.setExpiry(record, buffer, starts[i], ends[i], neverMs);
      updated++;
    } else if (expiresAtMs !== null) {
      if (expireAt(context, record, i, expiresAtMs) === fieldUpdated) updated++;
      else deleted++;
    }
  }
  if (expired > 0) database.fieldsExpired(record, expired);
  if (updated + deleted > 0) context.changed(1, updated + deleted);
  if (expiresAtMs === neverMs && updated > 0) notePersisted(context, record);
  else if (updated + deleted > 0) noteExpireAt(context, record, updated, deleted);
  else if (expired > 0) database.fieldsRemoved(record);
  if (updated > 0) propagateHgetex(context, expiresAtMs!, fieldsAt);
}

/** Propagates what HGETEX does, but for reading. */
function propagateHgetex(context: CommandContext, expiresAtMs: number, fieldsAt: number): void {
  const { args } = context;
  const persists = expiresAtMs === neverMs;
  const wordCount = args.count - fieldsAt + (persists ? 2 : 3);
  const command = context.propagate(wordCount);
  if (command === null) return;
  if (persists) command.word("HPERSIST").argument(args, 1);
  else command.word("HPEXPIREAT").argument(args, 1).integer(expiresAtMs);
  command.argumentsFrom(args, fieldsAt);
}

/** The options of HSETEX. */
interface HsetexOptions {
  /** Whether the fields must be there (FXX), mustn't (FNX), or may. */
  condition: "" | "FXX" | "FNX";
  keepTtl: boolean;
  /** When the fields are to go, null where they don't. */
  expiresAtMs: number | null;
  /** The argument that says so, where it is not in milliseconds since the epoch; 0 where there is none. */
  expiryAt: number;
  /** The argument that the first field is. */
  fieldsFrom: number;
}

function parseHsetex(context: CommandContext): HsetexOptions {
  const { args } = context;
  const options: HsetexOptions = {
    condition: "",
    keepTtl: false,
    expiresAtMs: null,
    expiryAt: 0,
    fieldsFrom: 0,
  };
  let i = 2;
  for (; i < args.count && !args.is(i, "FIELDS"); i++) {
    if (args.is(i, "FXX") || args.is(i, "FNX")) {
      if (options.condition !== "") throw new CommandError(errors.hsetexConditions);
      options.condition = args.is(i, "FXX") ? "FXX" : "FNX";
      continue;
    }
    const unit = expireUnitNamed(args, i);
    const isKeepTtl = args.is(i, "KEEPTTL");
    if (unit === null && !isKeepTtl) throw new CommandError(unknownArgument(args.cString(i)));
    if (options.keepTtl || options.expiresAtMs !== null) {
      throw new CommandError(errors.hsetexExpiries);
    }
    options.keepTtl = isKeepTtl;
    if (unit === null) continue;
    if (++i === args.count) throw new CommandError(errors.expireTimeMissing);
    options.expiresAtMs = fieldExpiryMs(context, i, unit);
    if (unit !== unixMilliseconds) options.expiryAt = i;
  }
  requirePairs(context, i);
  options.fieldsFrom = i + 2;
  return options;
}

/** Checks `FIELDS numfields field value …` from argument `i` on. */
function requirePairs({ args, command }: CommandContext, i: number): void {
  const arityError = wrongArity(command!.fullName);
  if (i >= args.count - 3) throw new CommandError(arityError);
  const pairs = args.integer(i + 1, 1, int32Max, errors.fieldCountInvalid);
  if (pairs * 2 !== args.count - i - 2) throw new CommandError(arityError);
}

/**
 * Whether the fields are there, or not there, as the condition has it. Those that it meets past their time
 * go, which is neither an event nor a change for who watches.
 */
function isConditionMet(
  context: CommandContext,
  record: number,
  { condition, fieldsFrom }: HsetexOptions,
): boolean {
  if (condition === "") return true;
  if (record === 0) return condition === "FNX";
  const { args: { buffer, starts, ends, count }, database } = context;
  for (let i = fieldsFrom; i < count; i += 2) {
    const isThere = findField(context, record, i);
    if (!isThere && database.expireField(record, buffer, starts[i], ends[i])) {
      database.fieldsExpired(record, 1, false, false);
    }
    if (isThere !== (condition === "FXX")) return false;
  }
  return true;
}

function hsetex(context: CommandContext): void {
  const { args, args: { buffer, starts, ends, count }, database, reply } = context;
  const hashes = hashesOf(context);
  const options = parseHsetex(context);
  const { expiresAtMs, fieldsFrom, keepTtl } = options;
  let record = writeValue(context, 1, ValueType.HASH);
  if (!isConditionMet(context, record, options)) {
    if (record !== 0) database.fieldsRemoved(record);
    return reply.integer(0);
  }
  if (record === 0) record = writeOrCreateValue(context, 1, ValueType.HASH);
  const pairs = (count - fieldsFrom) / 2;
  hashes.prepare(record, pairs, args, fieldsFrom, count);
  if (expiresAtMs !== null) hashes.extend(record);
  let updated = 0;
  let deleted = 0;
  for (let i = fieldsFrom; i < count; i += 2) {
    // as in Redis a time to live is kept even if it is over, and the field goes by it
    hashes.set(
      record,
      buffer,
      starts[i],
      ends[i],
      buffer,
      starts[i + 1],
      ends[i + 1],
      keepTtl || expiresAtMs !== null,
    );
    if (expiresAtMs === null) continue;
    if (expireAt(context, record, i, expiresAtMs) === fieldUpdated) updated++;
    else deleted++;
  }
  context.changed(1, pairs);
  context.notify(NotifyClass.HASH, "hset", 1);
  noteExpireAt(context, record, updated, deleted);
  if (updated > 0 && options.expiryAt > 0) propagateHsetex(context, options);
  reply.integer(1);
}

/** Propagates HSETEX with the moment when the fields are to go. */
function propagateHsetex(
  context: CommandContext,
  { expiresAtMs, expiryAt }: HsetexOptions,
): void {
  const { args } = context;
  const command = context.propagate(args.count);
  if (command === null) return;
  for (let i = 0; i < expiryAt - 1; i++) command.argument(args, i);
  command.word("PXAT").integer(expiresAtMs!).argumentsFrom(args, expiryAt + 1);
}

export const hashFieldExpireHandlers: Handlers = {
  hexpire: (context) => hexpireGeneric(context, secondsFromNow),
  hexpireat: (context) => hexpireGeneric(context, unixSeconds),
  hexpiretime: (context) => httlGeneric(context, 1000, true),
  hgetex,
  hpersist,
  hpexpire: (context) => hexpireGeneric(context, millisecondsFromNow),
  hpexpireat: (context) => hexpireGeneric(context, unixMilliseconds),
  hpexpiretime: (context) => httlGeneric(context, 1, true),
  hpttl: (context) => httlGeneric(context, 1, false),
  hsetex,
  httl: (context) => httlGeneric(context, 1000, false),
};
