/** How long a blocking command waits. */
import type { CommandContext } from "../command/context.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { int64Max } from "../resp/numbers.ts";
import { LongDouble } from "../values/long_double.ts";

const longest = Number(int64Max);
const minus = 0x2d;

/** Argument `i` in seconds, with fractions, as milliseconds rounded up; 0 is for ever. */
export function blockTimeoutMs({ args, server }: CommandContext, i: number): number {
  const seconds = LongDouble.parse(args.buffer, args.starts[i], args.ends[i]);
  if (seconds === null) throw new CommandError(errors.timeoutNotFloat);
  if (!seconds.isFinite) {
    const isNegative = args.buffer[args.starts[i]] === minus;
    throw new CommandError(isNegative ? errors.timeoutNegative : errors.timeoutOutOfRange);
  }
  const timeoutMs = Math.ceil(Number(String(seconds)) * 1000);
  if (timeoutMs > longest) throw new CommandError(errors.timeoutOutOfRange);
  return checkedTimeoutMs(timeoutMs, server.keyspace.nowMs);
}

/** Argument `i`, which is in milliseconds; 0 is for ever. */
export function blockMilliseconds({ args, server }: CommandContext, i: number): number {
  const timeoutMs = Number(args.int64(i, errors.timeoutNotInteger));
  return checkedTimeoutMs(timeoutMs, server.keyspace.nowMs);
}

function checkedTimeoutMs(timeoutMs: number, nowMs: number): number {
  if (timeoutMs < 0) throw new CommandError(errors.timeoutNegative);
  if (timeoutMs + nowMs >= longest) throw new CommandError(errors.timeoutOutOfRange);
  return timeoutMs;
}
