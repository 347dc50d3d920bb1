/** What SCAN, SSCAN, HSCAN and ZSCAN take: cursors and options. */
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { int64Min } from "../resp/numbers.ts";
import { Glob } from "../values/glob.ts";
import { typeNames } from "../values/record.ts";

const asterisk = 0x2a;

/** What is walked through: it decides which options there are. */
export enum ScanOf {
  Keys,
  HashFields,
  Members,
}

/** The pattern that argument `i` is; null for the one that matches everything, the empty key too. */
export function patternAt(args: Arguments, i: number): Glob | null {
  const { buffer, starts, ends } = args;
  if (args.length(i) === 1 && buffer[starts[i]] === asterisk) return null;
  return new Glob(buffer, starts[i], ends[i]);
}

export interface ScanOptions {
  /** Elements to look at, at least. */
  count: number;
  /** What keys, fields or members must match; null for all. */
  pattern: Glob | null;
  /** The type that the values of keys must have, -1 for one that no value has; null for all. */
  type: number | null;
  /** Whether fields are answered without their values. */
  noValues: boolean;
}

/** Elements that SCAN looks at when COUNT doesn't say. */
const countDefault = 10;

/** Redis looks at no more than this many buckets for each element that COUNT asks for. */
export const bucketsPerElementMax = 10;

/** The options from argument `from` on. */
export function parseScanOptions(args: Arguments, from: number, scanOf: ScanOf): ScanOptions {
  const options: ScanOptions = { count: countDefault, pattern: null, type: null, noValues: false };
  for (let i = from; i < args.count; i++) {
    const hasValue = i + 1 < args.count;
    if (hasValue && args.is(i, "COUNT")) {
      options.count = Number(args.int64(++i));
      if (options.count < 1) throw new CommandError(errors.syntax);
    } else if (hasValue && args.is(i, "MATCH")) {
      options.pattern = patternAt(args, ++i);
    } else if (hasValue && args.is(i, "TYPE") && scanOf === ScanOf.Keys) {
      options.type = typeNames.indexOf(args.cString(++i).toLowerCase());
    } else if (args.is(i, "NOVALUES")) {
      if (scanOf !== ScanOf.HashFields) throw new CommandError(errors.scanNoValues);
      options.noValues = true;
    } else {
      throw new CommandError(errors.syntax);
    }
  }
  return options;
}

/**
 * The cursor that argument `i` is, as a dict takes it. Redis refuses a plain negative integer and reads
 * everything else with C's strtoull. A cursor that no SCAN has answered is as good as any other.
 */
export function parseCursor(args: Arguments, i: number): number {
  const text = args.cString(i);
  const [, sign, digits] = /^[ \t-\r]*([+-]?)(\d+)$/.exec(text) ?? [];
  if (digits === undefined) throw new CommandError(errors.invalidCursor);
  const magnitude = BigInt(digits);
  const isNegative = /^-[1-9]/.test(text) && -magnitude >= int64Min;
  if (isNegative || magnitude >= 1n << 64n) throw new CommandError(errors.invalidCursor);
  return Number(BigInt.asUintN(32, sign === "-" ? -magnitude : magnitude));
}
