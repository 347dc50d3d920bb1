/**
 * What COMMAND INFO and COMMAND DOCS say of a command, as JSON that keeps the kinds of the wire apart:
 * a simple string is written with a leading `+`, a set as `{"~": […]}`, a map as an object
 * with its fields in their order. The lines of
 * `recorded_rows.jsonl` are such rows of real Redis, written by scripts/record_rows.ts.
 */
import type { Reply } from "../../src/client/reply_parser.ts";

export type Json = string | number | null | Json[] | { [name: string]: Json };

/** One command: its element of COMMAND INFO's reply and its value in that of COMMAND DOCS. */
export interface Row {
  name: string;
  info: Json;
  docs: Json;
}

const recorded = new URL("recorded_rows.jsonl", import.meta.url);

/** Rows by name, as Redis gave them. */
export function readRecordedRows(): Map<string, Row> {
  const lines = Deno.readTextFileSync(recorded).trimEnd().split("\n");
  return new Map(lines.map((line) => JSON.parse(line)).map((row: Row) => [row.name, row]));
}

export function writeRecordedRows(rows: Row[]): void {
  Deno.writeTextFileSync(recorded, rows.map((row) => JSON.stringify(row) + "\n").join(""));
}

/** The row in the replies to `COMMAND INFO name` and `COMMAND DOCS name`. */
export function rowOf(name: string, infoReply: Reply, docsReply: Reply): Row {
  const [info] = toJson(infoReply) as Json[];
  const docs = (toJson(docsReply) as Record<string, Json>)[name];
  const row: Row = { name, info, docs };
  keepSubcommands(row, () => true);
  return row;
}

/**
 * Leaves out the subcommands that `isKept` (by full name) refuses, and sorts the others: Redis lists
 * them in the order of a hash table, which is another one at each start.
 */
export function keepSubcommands(row: Row, isKept: (fullName: string) => boolean): void {
  const info = row.info as Json[];
  const infos = info[9];
  if (!Array.isArray(infos)) return;
  info[9] = infos.filter((sub) => isKept(nameOf(sub))).sort((a, b) =>
    nameOf(a) < nameOf(b) ? -1 : 1
  );
  const docs = row.docs as Record<string, Json>;
  const kept = Object.entries(docs.subcommands as Record<string, Json>)
    .filter(([name]) => isKept(name))
    .sort(([a], [b]) => a < b ? -1 : 1);
  docs.subcommands = Object.fromEntries(kept);
}

/** The full name in an element of COMMAND INFO's reply. */
function nameOf(info: Json): string {
  return (info as Json[])[0] as string;
}

function toJson(reply: Reply): Json {
  switch (reply.kind) {
    case "simple":
      return "+" + reply.text;
    case "bulk":
      return new TextDecoder().decode(reply.bytes);
    case "integer":
      return Number(reply.value);
    case "null":
      return null;
    case "array":
      return reply.items.map(toJson);
    case "set":
      return { "~": reply.items.map(toJson) };
    case "map":
      return Object.fromEntries(
        reply.entries.map(([name, value]) => [toJson(name) as string, toJson(value)]),
      );
    default:
      throw new Error(`a reply of the kind ${reply.kind} in the description of a command`);
  }
}
