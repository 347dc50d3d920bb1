/**
 * What is sent for each position: the keys as they are made in `keys.ts`, then in a transaction the
 * commands with a value in them and the queries that show what they did. So all see one moment, and
 * commands that may wait do not. Where nothing is changed, one making of the keys serves all values.
 */
import { ReplyParser } from "../../../src/client/reply_parser.ts";
import { readWholeGrammar } from "../grammar.ts";
import { parse, textsIn } from "../reply_rules.ts";
import { directivePositions } from "./directives.ts";
import { seedCommands, thresholds } from "./keys.ts";
import { omittedCommands } from "./omissions.ts";
import { hole, type Position, positionsOf } from "./positions.ts";
import { storedPositions } from "./stored.ts";

const lineFeed = 10;

/** What a server is sent once, before all else. */
export const preparation: string[][] = [
  // a key that is past its time goes when it is looked at
  ["DEBUG", "SET-ACTIVE-EXPIRE", "0"],
  ...thresholds.map(([name, value]) => ["CONFIG", "SET", name, value]),
  ["CONFIG", "SET", "slowlog-log-slower-than", "-1"],
  ["SLOWLOG", "RESET"],
];

/** All positions there are; `directives` has the values that directives have after the preparation. */
export function allPositions(directives: Map<string, string>): Position[] {
  const commands = [...readWholeGrammar().values()];
  return [
    ...commands.filter(({ name }) => !(name in omittedCommands)).flatMap(positionsOf),
    ...storedPositions(),
    ...directivePositions(directives),
  ];
}

/** What is sent before the values of a position, which are tried in one protocol. */
export function beginning(position: Position, protocol: string): string[][] {
  return [["FLUSHALL"], ["HELLO", protocol], ...changes(position) ? [] : makingOfKeys(position)];
}

/** What is sent for one value. */
export function trial(position: Position, value: string): string[][] {
  const { commands, queries, after } = position;
  return [
    ...changes(position) ? makingOfKeys(position) : [],
    ["MULTI"],
    ...commands.map((words) => words.map((word) => word.replaceAll(hole, () => value))),
    ...queries,
    ...after,
    ["EXEC"],
  ];
}

function changes({ queries }: Position): boolean {
  return queries.length > 0;
}

function makingOfKeys({ keys }: Position): string[][] {
  return keys.length === 0 ? [] : [["DEL", ...keys], ...keys.flatMap(seedCommands)];
}

/** The bytes of each reply in an array, as EXEC answers. */
export function itemsOf(array: Uint8Array): Uint8Array[] {
  const start = array.indexOf(lineFeed) + 1;
  const parser = new ReplyParser();
  parser.feed(array.subarray(start));
  const items: Uint8Array[] = [];
  for (let at = 0; parser.next() !== undefined; at = parser.consumedBytes) {
    items.push(array.subarray(start + at, start + parser.consumedBytes));
  }
  return items;
}

/** The values of directives by name, as CONFIG GET answers. */
export function directivesIn(reply: Uint8Array): Map<string, string> {
  const words = textsIn(parse(reply));
  return new Map(words.map((word, i) => [word, words[i + 1]]));
}
