/** How handlers find the values that they work on, which must be of their type, make and drop them. */
import type { CommandContext } from "../command/context.ts";
import type { Database } from "../keyspace/database.ts";
import { NotifyClass } from "../keyspace/events.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { typeOf } from "../values/record.ts";

/** The record of argument `i` to read a value of a `ValueType`; 0 where there is none. */
export function readValue({ args, database }: CommandContext, i: number, type: number): number {
  const record = database.lookupRead(args.buffer, args.starts[i], args.ends[i]);
  checkType(database, record, type);
  return record;
}

/** Throws where a record, if it isn't 0, holds a value of another type. */
export function checkType(database: Database, record: number, type: number): void {
  if (record !== 0 && typeOf(database.heap, record) !== type) {
    throw new CommandError(errors.wrongType);
  }
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

/**
 * Removes the key of argument `i`, if there is one, since what was to be stored there is empty. As in
 * Redis a key goes so even if its time has come.
 */
export function removeForNothing(context: CommandContext, i: number): void {
  const { args: { buffer, starts, ends }, database } = context;
  const taken = database.dict.find(buffer, starts[i], ends[i]);
  if (taken === 0) return;
  database.removeFound(taken);
  context.changed(i);
  context.notify(NotifyClass.GENERIC, "del", i);
}
