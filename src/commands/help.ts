/** The reply to the HELP subcommand that every container has. */
import type { CommandContext } from "../command/context.ts";

/** Answers with the lines on the container's subcommands, between those that each HELP has. */
export function replyHelp(context: CommandContext, lines: readonly string[]): void {
  const { args, reply } = context;
  const container = args.string(0).toUpperCase();
  reply.array(lines.length + 3);
  reply.simpleString(`${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
  for (const line of lines) reply.simpleString(line);
  reply.simpleString("HELP");
  reply.simpleString("    Print this help.");
}
