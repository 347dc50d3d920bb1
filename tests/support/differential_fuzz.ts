/**
 * Sends the same random commands to two servers, compares each reply and, now and then, all that the
 * servers hold. When they differ, the commands are cut down to those that are needed for it.
 */
import { randomBelow, SeededRandom } from "../../src/random.ts";
import { CommandGenerator, defaultThresholds } from "./command_generator.ts";
import { escapeBytes } from "./escape.ts";
import { pause } from "./open_commands.ts";
import type { Target, TargetOptions } from "./player.ts";
import { type Difference, ServerPair } from "./server_pair.ts";

/** Servers are compared and emptied when that many commands at most have been sent. */
const epochLengthMax = 1_000;
/** Cutting down a long sequence ends after so many replays. */
const replaysMax = 2_000;

/** From here on both servers are in the same state; replies in RESP2 or RESP3. */
function resetCommands(protocol: string): string[][] {
  return [
    ...[["DISCARD"], ["UNWATCH"], ["FLUSHALL"], ["HELLO", protocol], ["SELECT", "0"]],
    ...defaultThresholds,
  ];
}

/** Commands to be sent to empty servers. */
interface Epoch {
  protocol: string;
  /** Whether no collection will be kept in a table. */
  ordered: boolean;
  /** Each a command alone, or some that belong together, as a transaction does. */
  groups: string[][][];
}

/** Commands that lead to a difference. */
interface Finding extends Epoch {
  difference: Difference;
}

/** Compares the servers over `count` random commands; yields a report of each difference. */
export async function* fuzz(
  reference: Target,
  redino: Target,
  count: number,
  seed: number,
  options: TargetOptions = {},
): AsyncGenerator<string> {
  const random = new SeededRandom(seed);
  const generator = new CommandGenerator(random);
  const pair = await ServerPair.open(reference, redino, options);
  try {
    for (let sent = 0; sent < count;) {
      generator.changeScene();
      const protocol = randomBelow(random, 2) === 0 ? "2" : "3";
      const length = Math.min(count - sent, 1 + randomBelow(random, epochLengthMax));
      const groups: string[][][] = [];
      for (let i = 0; i < length; i += groups.at(-1)!.length) groups.push(generator.next());
      const epoch = { protocol, ordered: generator.scene.ordered, groups };
      const difference = await findDifferenceAfter(pair, epoch);
      if (difference) yield report(await shrink(pair, { ...epoch, difference }), seed);
      sent += groups.flat().length;
    }
  } finally {
    pair.close();
  }
}

/** The difference, in a reply or in the state, that the commands lead to from empty servers. */
async function findDifferenceAfter(
  pair: ServerPair,
  { protocol, ordered, groups }: Epoch,
): Promise<Difference | undefined> {
  await pair.reset(resetCommands(protocol), ordered);
  return await pair.findDifference(groups.flat()) ?? await pair.findStateDifference();
}

/** Leaves out what is not needed for the difference: runs of groups, ever smaller, then words. */
async function shrink(pair: ServerPair, finding: Finding): Promise<Finding> {
  let { groups, difference } = finding;
  let replays = 0;
  const isStill = async (fewer: string[][][]) => {
    if (replays++ > replaysMax) return false;
    const found = await findDifferenceAfter(pair, { ...finding, groups: fewer });
    if (found) [groups, difference] = [fewer, found];
    return found !== undefined;
  };
  if (!await isStill(groups)) return finding;
  for (let run = groups.length >> 1; run >= 1; run >>= 1) {
    for (let at = 0; at < groups.length;) {
      if (!await isStill(groups.toSpliced(at, run))) at += run;
    }
  }
  for (let at = 0; at < groups.length; at++) {
    // The first and the last of a transaction hold it together.
    for (let i = groups[at].length - 2; i > 0; i--) {
      await isStill(groups.with(at, groups[at].toSpliced(i, 1)));
    }
    for (let i = 0; i < groups[at].length; i++) {
      if (groups[at][i] === pause) continue;
      for (let word = groups[at][i].length - 1; word > 0; word--) {
        const shorter = groups[at].with(i, groups[at][i].toSpliced(word, 1));
        await isStill(groups.with(at, shorter));
      }
    }
  }
  return { ...finding, groups, difference };
}

function report({ protocol, groups, difference }: Finding, seed: number): string {
  const [reference, redino] = difference.replies.map((reply) =>
    reply ? escapeBytes(reply).slice(0, 2000) : "closed"
  );
  return [
    `the servers differ (seed ${seed}, RESP${protocol}) at ${quote(difference.command)}`,
    `  Redis:  ${reference}`,
    `  redino: ${redino}`,
    "commands that lead there:",
    ...groups.flat().map((words) => "  " + quote(words)),
  ].join("\n");
}

/** As it would stand in a transcript. */
export function quote(words: string[]): string {
  return words.map((word) => /^[\w.:*+$>~=#()\[-]+$/.test(word) ? word : JSON.stringify(word))
    .join(" ")
    .replace(/\\u00(..)/g, "\\x$1")
    .replace(/[\x80-\xff]/g, (byte) => "\\x" + byte.charCodeAt(0).toString(16));
}
