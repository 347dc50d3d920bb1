/** The command table without the server that it serves. */
import type { CommandContext } from "../../src/command/context.ts";
import type { CommandGroup, CommandRow, Handlers } from "../../src/command/spec.ts";
import { commandGroups } from "../../src/command/specs/groups.ts";
import { CommandTable } from "../../src/command/table.ts";
import { type Reply, ReplyParser } from "../../src/client/reply_parser.ts";
import { commandHandlers } from "../../src/commands/command.ts";
import { Arguments } from "../../src/resp/arguments.ts";
import { ReplyBufferPool, WireWriter } from "../../src/resp/wire_writer.ts";

/** A table of all commands, of which only COMMAND can be run. */
export function makeTable(): CommandTable {
  return new CommandTable(commandGroups, { ...idleHandlers(commandGroups), ...commandHandlers });
}

/** Handlers that do nothing, one for each command that needs one. */
export function idleHandlers(groups: readonly CommandGroup[]): Handlers {
  const handlers: Handlers = {};
  const add = ({ name, subcommands }: CommandRow, prefix: string) => {
    if (subcommands === undefined) handlers[prefix + name] = () => {};
    for (const subcommand of subcommands ?? []) add(subcommand, `${prefix}${name}|`);
  };
  for (const { commands } of groups) {
    for (const row of commands) add(row, "");
  }
  return handlers;
}

/** Runs a COMMAND without dispatch, in RESP3. */
export function run(table: CommandTable, ...words: string[]): Reply {
  const args = Arguments.of(...words);
  const reply = new WireWriter(new ReplyBufferPool());
  reply.protocol = 3;
  const context = { args, reply, server: { commands: table } };
  table.lookup(args)!.handler(context as unknown as CommandContext);
  const parser = new ReplyParser();
  for (let chunk = reply.take(); chunk !== null; chunk = reply.take()) {
    parser.feed(chunk.buffer.subarray(0, chunk.length));
  }
  const parsed = parser.next();
  if (parsed === undefined) throw new Error(`${words.join(" ")} gave no reply`);
  return parsed;
}
