/** What the rows of the commands say of their arguments, for those who make up commands. */
import type { ArgumentSpec, CommandGroup, CommandRow } from "../../src/command/spec.ts";
import { commandGroups } from "../../src/command/specs/groups.ts";

/** A command (or subcommand) and its arguments. */
export interface CommandGrammar {
  /** In words: `xgroup create`. */
  readonly name: string;
  /** Of COMMAND DOCS: `sorted-set`. */
  readonly group: string;
  /** `CommandFlag` bits. */
  readonly flags: number;
  readonly arguments: readonly ArgumentSpec[];
}

/**
 * What can't be compared command by command: replies that depend on the moment or on the process,
 * and commands that would change or end what the comparison stands on.
 */
const incomparable = new RegExp(
  "^(shutdown|debug|monitor|quit|reset|hello|auth|time|info|lolwut|command|client|config|memory" +
    "|latency|slowlog|acl|module|save|bgsave|bgrewriteaof|lastsave|replicaof|slaveof|failover" +
    "|psync|sync|replconf|migrate|cluster|script|function|eval\\w*|fcall\\w*" +
    "|object idletime|pfselftest|role|wait|waitaof|[ps]?(un)?subscribe|pubsub|asking|readonly|readwrite" +
    "|restore|restore-asking)( |$)",
);

/** The grammar of the commands that can be compared, by name. */
export function readGrammar(): Map<string, CommandGrammar> {
  const all = readWholeGrammar();
  return new Map([...all].filter(([name]) => !incomparable.test(name)));
}

/** The grammar of all commands, by name. */
export function readWholeGrammar(): Map<string, CommandGrammar> {
  const grammar = new Map<string, CommandGrammar>();
  for (const group of commandGroups) {
    for (const row of group.commands) addRow(grammar, group, row, row.name);
  }
  return grammar;
}

function addRow(
  grammar: Map<string, CommandGrammar>,
  group: CommandGroup,
  row: CommandRow,
  name: string,
): void {
  if (row.subcommands) {
    for (const inner of row.subcommands) addRow(grammar, group, inner, `${name} ${inner.name}`);
  } else {
    const { arguments: specs = [], flags = 0 } = row;
    grammar.set(name, { name, group: group.group, flags, arguments: specs });
  }
}
