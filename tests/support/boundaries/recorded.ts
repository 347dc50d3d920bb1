/**
 * What real Redis answers to some of the boundary values at each argument in its usual place, kept in
 * tests/compat/boundaries.replies: a part of the comparison that needs no other server. Per argument the
 * file has each reply, and behind it the values that were answered by it.
 */
import { quote } from "../differential_fuzz.ts";
import { escapeBytes, splitWords, unescapeBytes } from "../escape.ts";
import type { Target } from "../player.ts";
import { areRepliesAlike, latin1 } from "../reply_rules.ts";
import { WireConnection } from "../wire_connection.ts";
import { omissionOf } from "./omissions.ts";
import { allPositions, beginning, directivesIn, itemsOf, preparation, trial } from "./plan.ts";
import type { Position } from "./positions.ts";

const path = new URL("../../compat/boundaries.replies", import.meta.url);

/** Few enough that they are played in a moment. */
const recordedValues = [
  ...["0", "-0", "1", "-1", "+1", "007", "1.5", "1e3", "0x10", "", " 1", "1 ", "1\x00"],
  ...["inf", "+inf", "-inf", "nan", "1e400", "-1e400", "1e-400"],
  ...["2147483647", "2147483648", "-2147483649", "4294967296", "9007199254740993"],
  ...["9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"],
  ...["18446744073709551615", "18446744073709551616", "9".repeat(5000)],
];

/** By value, what was answered to a command. */
type Answers = Map<string, Uint8Array>;

/** Arguments whose replies have times in them, which are of the day of the recording. */
const dated = /^xinfo stream/;

/** Plays all of it to one server; the answers by the names of the positions. */
export async function playBoundaries(target: Target): Promise<Map<string, Answers>> {
  const connection = await WireConnection.open(target.port);
  try {
    await connection.exchange(preparation);
    const [config] = await connection.exchange([["CONFIG", "GET", "*"]]);
    const positions = allPositions(directivesIn(config!))
      .filter(({ isUsual, argument }) => isUsual && !dated.test(argument));
    const played = new Map<string, Answers>();
    for (const position of positions) played.set(position.name, await play(connection, position));
    return played;
  } finally {
    connection.close();
  }
}

async function play(connection: WireConnection, position: Position): Promise<Answers> {
  await connection.exchange(beginning(position, "2"));
  const values = [...new Set([position.plain, ...recordedValues])]
    .filter((value) => omissionOf(value, position) === undefined);
  const sent = values.map((value) => trial(position, value));
  const replies = await connection.exchange(sent.flat());
  const answers: Answers = new Map();
  for (const [i, commands] of sent.entries()) {
    const exec = replies.splice(0, commands.length).at(-1)!;
    answers.set(values[i], itemsOf(exec)[position.commands.length - 1]);
  }
  return answers;
}

/** What redino answered otherwise than Redis, as text; empty when they agree. */
export function describeBoundaryDifferences(
  expected: Map<string, Answers>,
  actual: Map<string, Answers>,
): string[] {
  const differences = [...expected.keys()].filter((name) => !actual.has(name))
    .map((name) => `${name}: is recorded, and there is no such argument any more`);
  for (const [name, answers] of actual) {
    for (const [value, reply] of answers) {
      const wanted = expected.get(name)?.get(value);
      if (areRepliesAlike(name.split(" "), wanted, reply, false)) continue;
      const shown = [wanted, reply].map((each) => each ? escapeBytes(each) : "(nothing)");
      differences.push(`${name}: ${quote([value])}\n  Redis:  ${shown[0]}\n  redino: ${shown[1]}`);
    }
  }
  return differences;
}

export function readBoundaries(): Map<string, Answers> {
  const played = new Map<string, Answers>();
  let answers: Answers = new Map();
  let reply: Uint8Array = new Uint8Array();
  for (const line of Deno.readTextFileSync(path).split("\n")) {
    if (line.startsWith("# ")) played.set(line.slice(2), answers = new Map());
    else if (line.startsWith("    ")) {
      for (const word of splitWords(line)) answers.set(latin1(word), reply);
    } else if (line.startsWith("  ")) reply = unescapeBytes(line.slice(2));
  }
  return played;
}

export function writeBoundaries(played: Map<string, Answers>): void {
  const sections = [...played].map(([name, answers]) => {
    const values = Map.groupBy(answers.keys(), (value) => escapeBytes(answers.get(value)!));
    const replies = [...values].map(([reply, values]) =>
      `  ${reply}\n    ${values.map(quoteValue).join(" ")}\n`
    );
    return `# ${name}\n${replies.join("")}`;
  });
  Deno.writeTextFileSync(path, sections.join("\n"));
}

/** As in a transcript: a long one of one digit with how often it comes. */
function quoteValue(value: string): string {
  return value.length > 100 ? `"${value[0]}"*${value.length}` : quote([value]);
}
