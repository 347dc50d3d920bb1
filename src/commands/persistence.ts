/** Saving: SAVE, BGSAVE, LASTSAVE, BGREWRITEAOF. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { StorageError } from "../storage.ts";

function save({ reply, server: { persistence } }: CommandContext): void {
  const { rdb } = persistence;
  if (rdb.isRunning) throw new CommandError(errors.saveInProgress);
  rdb.savesTotal++;
  try {
    rdb.saveNow();
  } catch (error) {
    if (error instanceof StorageError) throw new CommandError(errors.saveFailed);
    throw error;
  }
  reply.ok();
}

function bgsave({ args, mayBlock, reply, server: { persistence } }: CommandContext): void {
  if (args.count > 2 || (args.count === 2 && !args.is(1, "SCHEDULE"))) {
    throw new CommandError(errors.syntax);
  }
  const { rdb, slot } = persistence;
  if (rdb.isRunning) throw new CommandError(errors.saveInProgress);
  if (slot.save !== null || !mayBlock) {
    if (args.count === 1 && mayBlock) throw new CommandError(errors.rewriteInProgress);
    rdb.isScheduled = true;
    return reply.simpleString("Background saving scheduled");
  }
  rdb.saveInBackground();
  reply.simpleString("Background saving started");
}

function lastsave({ reply, server }: CommandContext): void {
  reply.integer(Math.floor(server.persistence.rdb.lastSaveMs / 1000));
}

function bgrewriteaof({ mayBlock, reply, server: { persistence } }: CommandContext): void {
  const { aof } = persistence;
  if (aof.isRewriting) throw new CommandError(errors.aofRewriteInProgress);
  if (!mayBlock) {
    aof.isRewriteScheduled = true;
    return reply.simpleString("Background append only file rewriting scheduled");
  }
  const outcome = aof.rewrite();
  if (outcome === "failed") throw new CommandError(errors.aofRewriteFailed);
  reply.simpleString(`Background append only file rewriting ${outcome}`);
}

export const persistenceHandlers: Handlers = { bgrewriteaof, bgsave, lastsave, save };
