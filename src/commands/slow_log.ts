/** SLOWLOG: reads and empties `observe/slow_log.ts`. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { CommandError, errors, unknownSubcommandOrArity } from "../resp/errors.ts";
import { replyHelp } from "./help.ts";

/** Entries that SLOWLOG GET answers unless told otherwise. */
const countByDefault = 10;

function slowLogGet({ args, reply, server }: CommandContext): void {
  if (args.count > 3) {
    throw new CommandError(unknownSubcommandOrArity(args.cString(1), "SLOWLOG"));
  }
  const asked = args.count === 2 ? countByDefault : args.quantity(2, -1, errors.slowLogCount);
  const entries = server.slowLog.latest(asked === -1 ? server.slowLog.length : asked);
  reply.array(entries.length);
  for (const entry of entries) {
    reply.array(6);
    reply.integer(entry.id);
    reply.integer(entry.endedAtSeconds);
    reply.integer(entry.durationUs);
    reply.array(entry.arguments.length);
    for (const argument of entry.arguments) reply.bulk(argument, 0, argument.length);
    reply.bulkString(entry.peer);
    reply.bulkString(entry.clientName);
  }
}

function slowLogLen({ reply, server }: CommandContext): void {
  reply.integer(server.slowLog.length);
}

function slowLogReset({ reply, server }: CommandContext): void {
  server.slowLog.reset();
  reply.ok();
}

function slowLogHelp(context: CommandContext): void {
  replyHelp(context, [
    "GET [<count>]",
    "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
    "    Entries are made of:",
    "    id, timestamp, time in microseconds, arguments array, client IP and port,",
    "    client name",
    "LEN",
    "    Return the length of the slowlog.",
    "RESET",
    "    Reset the slowlog.",
  ]);
}

export const slowLogHandlers: Handlers = {
  "slowlog|get": slowLogGet,
  "slowlog|help": slowLogHelp,
  "slowlog|len": slowLogLen,
  "slowlog|reset": slowLogReset,
};
