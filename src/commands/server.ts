/** The server as a whole: MONITOR, SHUTDOWN, TIME, and all that looks at it from files of their own. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { debugHandlers } from "./debug.ts";
import { infoHandlers } from "./info.ts";
import { latencyHandlers } from "./latency.ts";
import { lolwutHandlers } from "./lolwut.ts";
import { memoryHandlers } from "./memory.ts";
import { slowLogHandlers } from "./slow_log.ts";

function monitor({ client, mayBlock, reply, server }: CommandContext): void {
  if (!mayBlock) throw new CommandError(errors.monitorInMulti);
  // Redis leaves a client that listens already without a reply
  if (client.monitoring) return;
  client.monitoring = true;
  server.clients.monitors.add(client);
  reply.ok();
}

function shutdown({ args, server }: CommandContext): void {
  const options = { save: null as boolean | null, now: false, force: false };
  let abort = false;
  for (let i = 1; i < args.count; i++) {
    if (args.is(i, "ABORT")) abort = true;
    else if (args.is(i, "NOW")) options.now = true;
    else if (args.is(i, "FORCE")) options.force = true;
    else if (args.is(i, "SAVE") && options.save !== false) options.save = true;
    else if (args.is(i, "NOSAVE") && options.save !== true) options.save = false;
    else throw new CommandError(errors.syntax);
  }
  if (abort) {
    if (args.count > 2) throw new CommandError(errors.syntax);
    // nothing is waited for before the end, so there is never anything to call off
    throw new CommandError(errors.noShutdown);
  }
  // no reply where it is done: the client sees the connection end
  if (!server.shutdown(options)) throw new CommandError(errors.shutdownFailed);
}

function time({ reply, server }: CommandContext): void {
  const nowUs = server.clock.nowUs();
  reply.array(2);
  reply.bulkString(String(Math.floor(nowUs / 1e6)));
  reply.bulkString(String(nowUs % 1e6));
}

export const serverHandlers: Handlers = {
  monitor,
  shutdown,
  time,
  ...debugHandlers,
  ...infoHandlers,
  ...latencyHandlers,
  ...lolwutHandlers,
  ...memoryHandlers,
  ...slowLogHandlers,
};
