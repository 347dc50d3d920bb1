/** How handlers find the values that they work on, which must be of their type. */
import type { CommandContext } from "../command/context.ts";
import { typeOf } from "../values/record.ts";
import { CommandError, errors } from "../resp/errors.ts";

/** The record of argument `i` to read a value of a `ValueType`; 0 where there is none. */
export function readValue({ args, database }: CommandContext, i: number, type: number): number {
  const record = database.lookupRead(args.buffer, args.starts[i], args.ends[i]);
  if (record !== 0 && typeOf(database.heap, record) !== type) {
    throw new CommandError(errors.wrongType);
  }
  return record;
}

/**
 * As `readValue`, for what Redis counts as a look at a key and yet changes its value. Snapshots hear of
 * the change to come.
 */
export function readValueToChange(context: CommandContext, i: number, type: number): number {
  const record = readValue(context, i, type);
  if (record !== 0) context.database.dict.changeFound();
  return record;
}

/**
 * The record of argument `i` to change a value of a `ValueType`; 0 where there is none. Snapshots hear
 * of the change to come.
 */
export function writeValue({ args, database }: CommandContext, i: number, type: number): number {
  const record = database.lookupWrite(args.buffer, args.starts[i], args.ends[i]);
  if (record === 0) return 0;
  if (typeOf(database.heap, record) !== type) throw new CommandError(errors.wrongType);
  database.dict.changeFound();
  return record;
}

/** As `writeValue`, but makes an empty value where there is none. */
export function writeOrCreateValue(context: CommandContext, i: number, type: number): number {
  const record = writeValue(context, i, type);
  if (record !== 0) return record;
  const { args, database } = context;
  return database.create(0, args.buffer, args.starts[i], args.ends[i], type);
}
