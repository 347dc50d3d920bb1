/** Whole databases: DBSIZE, FLUSHALL, FLUSHDB, SWAPDB. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import type { Database } from "../keyspace/database.ts";
import { CommandError, errors } from "../resp/errors.ts";

const int32Min = -0x80000000;
const int32Max = 0x7fffffff;

function dbsize({ database, reply }: CommandContext): void {
  reply.integer(database.size);
}

/** ASYNC and SYNC are accepted, and are the same: memory is always freed in the background. */
function flush(context: CommandContext, databases: readonly Database[]): void {
  const { args, mayBlock, reply, server } = context;
  const isAsync = args.count === 2 && args.is(1, "ASYNC");
  const isKnown = args.count === 1 || isAsync || (args.count === 2 && args.is(1, "SYNC"));
  if (!isKnown) throw new CommandError(errors.syntax);
  for (const database of databases) database.flush();
  server.tracking.flushed();
  context.propagateRequest();
  // Redis has a thread free the memory and answers when it has, behind what it pushes to the caller
  if (!isAsync && mayBlock) server.pushes.release();
  reply.ok();
}

function flushdb(context: CommandContext): void {
  flush(context, [context.database]);
}

function flushall(context: CommandContext): void {
  const { keyspace, persistence } = context.server;
  flush(context, keyspace.databases);
  if (persistence.loading === null) persistence.rdb.flushed();
}

function swapdb({ args, reply, server }: CommandContext): void {
  const { databases } = server.keyspace;
  const first = args.integer(1, int32Min, int32Max, errors.firstDatabaseInvalid);
  const second = args.integer(2, int32Min, int32Max, errors.secondDatabaseInvalid);
  const isInRange = (index: number) => index >= 0 && index < databases.length;
  if (!isInRange(first) || !isInRange(second)) throw new CommandError(errors.databaseOutOfRange);
  databases[first].swapWith(databases[second]);
  reply.ok();
}

export const databaseHandlers: Handlers = { dbsize, flushall, flushdb, swapdb };
