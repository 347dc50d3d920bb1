/** MULTI, EXEC, DISCARD, WATCH and UNWATCH. What is queued in between is the dispatcher's business. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { Transaction } from "../session/transaction.ts";

function multi({ client, reply }: CommandContext): void {
  if (client.transaction !== null) throw new CommandError(errors.nestedMulti);
  client.transaction = new Transaction();
  reply.ok();
}

function discard({ client, reply, server }: CommandContext): void {
  if (client.transaction === null) throw new CommandError(errors.discardWithoutMulti);
  client.transaction = null;
  server.watchedKeys.unwatch(client);
  reply.ok();
}

function exec(context: CommandContext): void {
  const { client, reply, server } = context;
  const { transaction } = client;
  if (transaction === null) throw new CommandError(errors.execWithoutMulti);
  const hasChanged = server.watchedKeys.hasSeenChange(client, server.keyspace.databases);
  server.watchedKeys.unwatch(client);
  client.transaction = null;
  if (transaction.refused) throw new CommandError(errors.transactionRefused);
  if (hasChanged) return reply.nullArray();
  const { args } = context;
  context.mayBlock = false;
  reply.array(transaction.queue.length);
  for (const queued of transaction.queue) {
    context.args = queued;
    server.runner.runNested(context);
  }
  context.mayBlock = true;
  context.args = args;
}

function watch({ args, client, database, reply, server }: CommandContext): void {
  if (client.transaction !== null) throw new CommandError(errors.watchInMulti);
  const { buffer, starts, ends } = args;
  reply.ok();
  // whoever has seen a change already learns no more from watching
  if (client.watchedChanged) return;
  for (let i = 1; i < args.count; i++) {
    server.watchedKeys.watch(client, database, buffer, starts[i], ends[i]);
  }
}

function unwatch({ client, reply, server }: CommandContext): void {
  server.watchedKeys.unwatch(client);
  reply.ok();
}

export const transactionHandlers: Handlers = { discard, exec, multi, unwatch, watch };
