/** Expire times as commands take them: relative or absolute, in seconds or milliseconds; and what is past. */
import type { CommandContext } from "../command/context.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, invalidExpire } from "../resp/errors.ts";
import { addInt64, type Int64, int64Max, int64Min, toInt64 } from "../resp/numbers.ts";

/** How an expire time is written. */
export interface ExpireUnit {
  readonly milliseconds: 1 | 1000;
  /** Counted from now, not from the epoch. */
  readonly isRelative: boolean;
}

export const secondsFromNow: ExpireUnit = { milliseconds: 1000, isRelative: true };
export const millisecondsFromNow: ExpireUnit = { milliseconds: 1, isRelative: true };
export const unixSeconds: ExpireUnit = { milliseconds: 1000, isRelative: false };
export const unixMilliseconds: ExpireUnit = { milliseconds: 1, isRelative: false };

/** The unit that the option at argument `i` says, null where it is another option. */
export function expireUnitNamed(args: Arguments, i: number): ExpireUnit | null {
  if (args.is(i, "EX")) return secondsFromNow;
  if (args.is(i, "PX")) return millisecondsFromNow;
  if (args.is(i, "EXAT")) return unixSeconds;
  if (args.is(i, "PXAT")) return unixMilliseconds;
  return null;
}

/** Seconds that are a safe integer in milliseconds too. */
const safeSecondsMax = Math.floor(Number.MAX_SAFE_INTEGER / 1000);

/** Argument `i` in milliseconds since the epoch; throws what does not fit in 64 bits. */
export function expireTimeMs(context: CommandContext, i: number, unit: ExpireUnit): Int64 {
  const value = context.args.int64(i);
  const milliseconds = unit.milliseconds === 1 ? value : secondsToMs(value);
  const baseMs = unit.isRelative ? context.server.keyspace.nowMs : 0;
  const timeMs = milliseconds === null ? null : addInt64(milliseconds, baseMs);
  return timeMs ?? refuseExpireTime(context);
}

/** As `expireTimeMs`, for the commands that want a time above zero. */
export function positiveExpireTimeMs(context: CommandContext, i: number, unit: ExpireUnit): Int64 {
  if (context.args.int64(i) <= 0) refuseExpireTime(context);
  return expireTimeMs(context, i, unit);
}

function refuseExpireTime(context: CommandContext): never {
  throw new CommandError(invalidExpire(context.command!.fullName));
}

/** Propagates that the key of argument 1 has gone since it was to live until a moment that is over. */
export function propagateExpired(context: CommandContext): void {
  const isLazy = context.server.config.values.lazyfreeLazyExpire;
  context.propagate(2)?.word(isLazy ? "UNLINK" : "DEL").argument(context.args, 1);
}

/** Null where the product leaves 64 bits. */
function secondsToMs(seconds: Int64): Int64 | null {
  if (typeof seconds === "number" && Math.abs(seconds) <= safeSecondsMax) return seconds * 1000;
  const milliseconds = BigInt(seconds) * 1000n;
  return milliseconds < int64Min || milliseconds > int64Max ? null : toInt64(milliseconds);
}
