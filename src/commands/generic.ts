/**
 * The commands on keys, whatever they hold. Times to live are in `expire.ts`, KEYS and SCAN in `scan.ts`,
 * OBJECT in `object.ts`.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import type { Database } from "../keyspace/database.ts";
import { NotifyClass } from "../keyspace/events.ts";
import { keyLengthOf, keyStartOf, typeNames, typeOf } from "../values/record.ts";
import { equalBytes } from "../memory/bytes.ts";
import { SEGMENT_SHIFT } from "../memory/heap.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { expireHandlers } from "./expire.ts";
import { objectHandlers } from "./object.ts";
import { scanHandlers } from "./scan.ts";
import { sortHandlers } from "./sort.ts";

/** DEL and UNLINK: freeing a value takes no longer than unlinking it, so they are the same. */
function del(context: CommandContext): void {
  const { args, database, reply } = context;
  let removed = 0;
  for (let i = 1; i < args.count; i++) {
    const record = database.find(args.buffer, args.starts[i], args.ends[i]);
    if (record === 0) continue;
    database.removeFound(record);
    context.changed(i);
    context.notify(NotifyClass.GENERIC, "del", i);
    removed++;
  }
  reply.integer(removed);
}

function exists({ args, database, reply }: CommandContext): void {
  let found = 0;
  for (let i = 1; i < args.count; i++) {
    if (database.lookupQuietly(args.buffer, args.starts[i], args.ends[i]) !== 0) found++;
  }
  reply.integer(found);
}

function touch({ args, database, reply }: CommandContext): void {
  // the one command by which a client with NO-TOUCH still touches
  database.keyspace.touchDisabled = false;
  let touched = 0;
  for (let i = 1; i < args.count; i++) {
    if (database.lookupRead(args.buffer, args.starts[i], args.ends[i]) !== 0) touched++;
  }
  reply.integer(touched);
}

function type({ args, database, reply }: CommandContext): void {
  const record = database.lookupQuietly(args.buffer, args.starts[1], args.ends[1]);
  reply.simpleString(record === 0 ? "none" : typeNames[typeOf(database.heap, record)]);
}

function randomkey({ database, reply }: CommandContext): void {
  const record = database.randomRecord();
  if (record === 0) return reply.null();
  const start = keyStartOf(record);
  const bytes = database.heap.bytes[record >>> SEGMENT_SHIFT];
  reply.bulk(bytes, start, start + keyLengthOf(database.heap, record));
}

/** Whether arguments 1 and 2 are the same key. */
function isSameKey(args: Arguments): boolean {
  const length = args.length(1);
  return length === args.length(2) &&
    equalBytes(args.buffer, args.starts[1], args.buffer, args.starts[2], length);
}

/** Renames argument 1 to argument 2; false where that is taken and must not be replaced. */
function renameKey(context: CommandContext, mayReplace: boolean): boolean {
  const { args: { buffer, starts, ends }, args, database } = context;
  const record = database.lookupWrite(buffer, starts[1], ends[1]);
  if (record === 0) throw new CommandError(errors.noSuchKey);
  if (isSameKey(args)) return mayReplace;
  const taken = database.lookupWrite(buffer, starts[2], ends[2]);
  if (taken !== 0 && !mayReplace) return false;
  database.rename(record, taken, buffer, starts[2], ends[2]);
  context.changed(1, 0);
  context.changed(2);
  context.notify(NotifyClass.GENERIC, "rename_from", 1);
  context.notify(NotifyClass.GENERIC, "rename_to", 2);
  return true;
}

function rename(context: CommandContext): void {
  renameKey(context, true);
  context.reply.ok();
}

function renamenx(context: CommandContext): void {
  context.reply.integer(renameKey(context, false) ? 1 : 0);
}

/** The database whose number is argument `i`. */
function databaseAt(context: CommandContext, i: number): Database {
  const { databases } = context.server.keyspace;
  const index = context.args.int32(i);
  if (index < 0 || index >= databases.length) throw new CommandError(errors.databaseOutOfRange);
  return databases[index];
}

function move(context: CommandContext): void {
  const { args: { buffer, starts, ends }, database, reply, server: { propagation } } = context;
  const target = databaseAt(context, 2);
  if (target === database) throw new CommandError(errors.sameObject);
  const record = database.lookupWrite(buffer, starts[1], ends[1]);
  if (record === 0 || target.lookupWrite(buffer, starts[1], ends[1]) !== 0) {
    return reply.integer(0);
  }
  database.moveTo(target, record);
  context.changed(1, 0);
  propagation.changed(target, buffer, starts[1], ends[1]);
  context.notify(NotifyClass.GENERIC, "move_from", 1);
  propagation.notify(NotifyClass.GENERIC, "move_to", target, buffer, starts[1], ends[1]);
  reply.integer(1);
}

interface CopyOptions {
  target: Database;
  replace: boolean;
}

function parseCopyOptions(context: CommandContext): CopyOptions {
  const { args } = context;
  const options = { target: context.database, replace: false };
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, "REPLACE")) options.replace = true;
    else if (args.is(i, "DB") && i + 1 < args.count) options.target = databaseAt(context, ++i);
    else throw new CommandError(errors.syntax);
  }
  return options;
}

function copy(context: CommandContext): void {
  const { args: { buffer, starts, ends }, args, database, reply } = context;
  const { propagation } = context.server;
  const { target, replace } = parseCopyOptions(context);
  if (target === database && isSameKey(args)) throw new CommandError(errors.sameObject);
  const record = database.lookupRead(buffer, starts[1], ends[1]);
  if (record === 0) return reply.integer(0);
  const taken = target.lookupWrite(buffer, starts[2], ends[2]);
  if (taken !== 0 && !replace) return reply.integer(0);
  database.copyTo(target, record, taken, buffer, starts[2], ends[2]);
  propagation.changed(target, buffer, starts[2], ends[2]);
  propagation.notify(NotifyClass.GENERIC, "copy_to", target, buffer, starts[2], ends[2]);
  reply.integer(1);
}

export const genericHandlers: Handlers = {
  copy,
  del,
  exists,
  move,
  randomkey,
  rename,
  renamenx,
  touch,
  type,
  unlink: del,
  ...expireHandlers,
  ...objectHandlers,
  ...scanHandlers,
  ...sortHandlers,
};
