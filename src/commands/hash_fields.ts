/** How the commands on hashes take fields: as arguments, and as what is left of them in time. */
import type { CommandContext } from "../command/context.ts";
import type { Database } from "../keyspace/database.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors } from "../resp/errors.ts";
import type { Hashes } from "../values/hashes.ts";

export function hashesOf({ database }: CommandContext): Hashes {
  return database.keyspace.values.hashes;
}

/**
 * Checks `FIELDS numfields field …` from argument `i` on, where each field may be followed by other
 * arguments; `message` is the error where the number is none.
 */
export function requireFields(
  args: Arguments,
  i: number,
  message: string = errors.fieldCountNotPositive,
): void {
  if (!args.is(i, "FIELDS")) throw new CommandError(errors.fieldsMissing);
  if (i + 1 === args.count) throw new CommandError(errors.fieldCountMismatch);
  const fieldCount = args.quantity(i + 1, 1, message);
  if (fieldCount !== args.count - i - 2) throw new CommandError(errors.fieldCountMismatch);
}

/** Points `Hashes.value` at the value of the field that argument `i` is; false if there is none. */
export function findField(context: CommandContext, record: number, i: number): boolean {
  const { args: { buffer, starts, ends } } = context;
  return hashesOf(context).get(record, buffer, starts[i], ends[i]);
}

/**
 * Answers with the value of the field that argument `i` is, or with null; whether there is one. `record`
 * is 0 where there is no hash.
 */
export function replyValue(context: CommandContext, record: number, i: number): boolean {
  if (record === 0 || !findField(context, record, i)) {
    context.reply.null();
    return false;
  }
  const { value } = hashesOf(context);
  context.reply.bulk(value.buffer, value.start, value.end);
  return true;
}

/** As `expireFieldAt`, for the field that argument `i` is; `record` is 0 where there is no hash. */
export function expireField(context: CommandContext, record: number, i: number): boolean {
  const { args: { buffer, starts, ends }, database } = context;
  return record !== 0 && expireFieldAt(database, record, buffer, starts[i], ends[i]);
}

/**
 * Removes a field if its time has come, and with the last one the hash: Redis does so where a field is
 * looked at. Whether it did.
 */
export function expireFieldAt(
  database: Database,
  record: number,
  buffer: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (!database.expireField(record, buffer, start, end)) return false;
  database.fieldsExpired(record, 1);
  database.fieldsRemoved(record);
  return true;
}
