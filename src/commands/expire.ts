/** Times to live: EXPIRE and its variants, TTL and its variants, PERSIST. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { NotifyClass } from "../keyspace/events.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors, unsupportedOption } from "../resp/errors.ts";
import { addInt64, type Int64, toInt64 } from "../resp/numbers.ts";
import {
  expireTimeMs,
  type ExpireUnit,
  millisecondsFromNow,
  propagateExpired,
  secondsFromNow,
  unixMilliseconds,
  unixSeconds,
} from "./expire_time.ts";

/** When EXPIRE is to do anything. */
interface ExpireConditions {
  nx: boolean;
  xx: boolean;
  gt: boolean;
  lt: boolean;
}

const unconditional: ExpireConditions = { nx: false, xx: false, gt: false, lt: false };

function parseConditions(args: Arguments): ExpireConditions {
  if (args.count === 3) return unconditional;
  const conditions = { ...unconditional };
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, "NX")) conditions.nx = true;
    else if (args.is(i, "XX")) conditions.xx = true;
    else if (args.is(i, "GT")) conditions.gt = true;
    else if (args.is(i, "LT")) conditions.lt = true;
    else throw new CommandError(unsupportedOption(args.cString(i)));
  }
  const { nx, xx, gt, lt } = conditions;
  if (nx && (xx || gt || lt)) throw new CommandError(errors.expireNxExclusive);
  if (gt && lt) throw new CommandError(errors.expireGtLtExclusive);
  return conditions;
}

/** Whether the conditions hold; a key without a time to live, -1, counts as one that lives forever. */
function isAllowed(conditions: ExpireConditions, currentMs: Int64, newMs: Int64): boolean {
  const isPersistent = currentMs === -1;
  if (conditions.nx && !isPersistent) return false;
  if (conditions.xx && isPersistent) return false;
  if (conditions.gt && (isPersistent || newMs <= currentMs)) return false;
  return !conditions.lt || isPersistent || newMs < currentMs;
}

function expireGeneric(context: CommandContext, unit: ExpireUnit): void {
  const { args, database, reply } = context;
  const conditions = parseConditions(args);
  const expiresAtMs = expireTimeMs(context, 2, unit);
  const record = database.lookupWrite(args.buffer, args.starts[1], args.ends[1]);
  if (record === 0 || !isAllowed(conditions, database.expiresAtMs(record), expiresAtMs)) {
    reply.integer(0);
    return;
  }
  const isPast = expiresAtMs <= database.keyspace.nowMs;
  if (isPast) database.removeFound(record);
  else database.setExpiry(record, expiresAtMs);
  context.changed(1);
  context.notify(NotifyClass.GENERIC, isPast ? "del" : "expire", 1);
  if (isPast) propagateExpired(context);
  else if (unit !== unixMilliseconds) {
    context.propagate(args.count)?.word("PEXPIREAT").argument(args, 1).integer(expiresAtMs)
      .argumentsFrom(args, 3);
  }
  reply.integer(1);
}

/** What TTL answers for a missing key, and for one that stays. */
const ttlMissing = -2;
const ttlPersistent = -1;

/** Answers in units of `unitMs`, to the nearest one. */
function ttlGeneric(context: CommandContext, unitMs: 1 | 1000, isAbsolute: boolean): void {
  const { args, database, reply } = context;
  const record = database.lookupQuietly(args.buffer, args.starts[1], args.ends[1]);
  if (record === 0) return reply.integer(ttlMissing);
  const expiresAtMs = database.expiresAtMs(record);
  if (expiresAtMs === -1) return reply.integer(ttlPersistent);
  const nowMs = database.keyspace.nowMs;
  const remainingMs = isAbsolute ? expiresAtMs : addInt64(expiresAtMs, -nowMs)!;
  reply.integer(unitMs === 1 ? remainingMs : toSeconds(remainingMs));
}

function toSeconds(milliseconds: Int64): Int64 {
  if (typeof milliseconds === "number") return Math.floor((milliseconds + 500) / 1000);
  return toInt64((milliseconds + 500n) / 1000n);
}

function persist(context: CommandContext): void {
  const { args, database, reply } = context;
  const record = database.lookupWrite(args.buffer, args.starts[1], args.ends[1]);
  const wasVolatile = record !== 0 && database.removeExpiry(record);
  if (wasVolatile) {
    context.changed(1);
    context.notify(NotifyClass.GENERIC, "persist", 1);
  }
  reply.integer(wasVolatile ? 1 : 0);
}

export const expireHandlers: Handlers = {
  expire: (context) => expireGeneric(context, secondsFromNow),
  expireat: (context) => expireGeneric(context, unixSeconds),
  expiretime: (context) => ttlGeneric(context, 1000, true),
  persist,
  pexpire: (context) => expireGeneric(context, millisecondsFromNow),
  pexpireat: (context) => expireGeneric(context, unixMilliseconds),
  pexpiretime: (context) => ttlGeneric(context, 1, true),
  pttl: (context) => ttlGeneric(context, 1, false),
  ttl: (context) => ttlGeneric(context, 1000, false),
};
