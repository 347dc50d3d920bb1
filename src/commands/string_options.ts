/** The options of SET and GETEX. */
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { type ExpireUnit, expireUnitNamed } from "./expire_time.ts";

/** A time to live among the options: how it is written, and the argument that has its number. */
export interface ExpiryOption {
  readonly unit: ExpireUnit;
  readonly argument: number;
}

export interface SetOptions {
  nx: boolean;
  xx: boolean;
  get: boolean;
  keepTtl: boolean;
  expiry: ExpiryOption | null;
}

export interface GetexOptions {
  persist: boolean;
  expiry: ExpiryOption | null;
}

/** The options from argument 3 on. An option may be repeated; one that contradicts another may not. */
export function parseSetOptions(args: Arguments): SetOptions {
  const options: SetOptions = { nx: false, xx: false, get: false, keepTtl: false, expiry: null };
  for (let i = 3; i < args.count; i++) {
    if (!options.xx && args.is(i, "NX")) options.nx = true;
    else if (!options.nx && args.is(i, "XX")) options.xx = true;
    else if (args.is(i, "GET")) options.get = true;
    else if (options.expiry === null && args.is(i, "KEEPTTL")) options.keepTtl = true;
    else if (options.keepTtl) throw new CommandError(errors.syntax);
    else options.expiry = parseExpiry(args, i++, options.expiry);
  }
  return options;
}

/** The options from argument 2 on. */
export function parseGetexOptions(args: Arguments): GetexOptions {
  const options: GetexOptions = { persist: false, expiry: null };
  for (let i = 2; i < args.count; i++) {
    if (options.expiry === null && args.is(i, "PERSIST")) options.persist = true;
    else if (options.persist) throw new CommandError(errors.syntax);
    else options.expiry = parseExpiry(args, i++, options.expiry);
  }
  return options;
}

/** The time to live that arguments `i` and `i + 1` are; of several in one unit the last counts. */
function parseExpiry(args: Arguments, i: number, earlier: ExpiryOption | null): ExpiryOption {
  const unit = expireUnitNamed(args, i);
  const isFit = unit !== null && i + 1 < args.count && (earlier === null || earlier.unit === unit);
  if (!isFit) throw new CommandError(errors.syntax);
  return { unit, argument: i + 1 };
}
