/**
 * Writes into the README what redino covers of Redis: the commands, from the command table, and the
 * directives, from the table of directives. `deno run -RW scripts/coverage.ts`; a test fails while the
 * README says something else.
 */
import type { CommandGroup, CommandRow } from "../src/command/spec.ts";
import { commandGroups } from "../src/command/specs/groups.ts";
import { directives } from "../src/config/directives.ts";

const readme = new URL("../README.md", import.meta.url);

/** Redis' groups of commands, and how many of COMMAND DOCS of Redis 8.0.2 are in each. */
const redisCommandCounts: Readonly<Record<string, number>> = {
  string: 22,
  generic: 29,
  connection: 8,
  server: 29,
  list: 22,
  hash: 28,
  set: 17,
  "sorted-set": 35,
  stream: 15,
  pubsub: 9,
  transactions: 5,
  scripting: 8,
  bitmap: 7,
  hyperloglog: 5,
  geo: 10,
  cluster: 4,
  // COMMAND DOCS calls it `module`: Redis has them as one
  "vector-set": 12,
};

/** Puts `content` where `text` has the markers `<!-- name -->` and `<!-- /name -->`. */
export function replaceBetween(text: string, name: string, content: string): string {
  const opening = `<!-- ${name} -->`;
  const start = text.indexOf(opening) + opening.length;
  const end = text.indexOf(`<!-- /${name} -->`);
  if (start < opening.length || end < start) throw new Error(`no markers for "${name}"`);
  return `${text.slice(0, start)}\n${content}\n${text.slice(end)}`;
}

/** The README with both tables as they must be. */
export function withCoverage(text: string): string {
  const withCommands = replaceBetween(text, "commands", formatCommands(commandGroups));
  return replaceBetween(withCommands, "directives", formatDirectives());
}

/** A table of all groups that Redis has, with the commands that are here. */
export function formatCommands(groups: readonly CommandGroup[]): string {
  const lines = Object.entries(redisCommandCounts).map(([group, redisCount]) => {
    // a large group is in several files
    const commands = groups.filter((part) => part.group === group).flatMap((part) => part.commands);
    const names = commands.map(formatCommand).join(", ") || "not yet";
    return `| ${group} | ${commands.length} of ${redisCount} | ${names} |`;
  });
  return unformatted(["| Group | Commands | Which |", "| --- | --- | --- |", ...lines]);
}

/** A container is followed by its subcommands. */
function formatCommand({ name, subcommands }: CommandRow): string {
  const parts = subcommands?.map((subcommand) => subcommand.name.toUpperCase());
  return name.toUpperCase() + (parts === undefined ? "" : ` (${parts.sort().join(", ")})`);
}

function formatDirectives(): string {
  const names = directives.map(({ name }) => name).sort();
  return unformatted([names.map((name) => `\`${name}\``).join(", ") + "."]);
}

/** Lines that `deno fmt` leaves alone: it would fill every cell of a column up to the longest. */
function unformatted(lines: readonly string[]): string {
  return [
    "",
    "<!-- deno-fmt-ignore-start -->",
    "",
    ...lines,
    "",
    "<!-- deno-fmt-ignore-end -->",
    "",
  ]
    .join("\n");
}

if (import.meta.main) {
  Deno.writeTextFileSync(readme, withCoverage(Deno.readTextFileSync(readme)));
}
