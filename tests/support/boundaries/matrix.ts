/**
 * Sends every boundary value at every position to two servers and compares what they answer, and what
 * they hold afterwards. Nothing is left to chance: each run sends the same.
 */
import { quote } from "../differential_fuzz.ts";
import { escapeBytes } from "../escape.ts";
import type { Target } from "../player.ts";
import { areBytesEqual, areRepliesAlike } from "../reply_rules.ts";
import { type Replies, WirePair } from "../wire_pair.ts";
import { omissionOf } from "./omissions.ts";
import { allPositions, beginning, directivesIn, itemsOf, preparation, trial } from "./plan.ts";
import type { Position } from "./positions.ts";
import { boundaryValues } from "./values.ts";

/** Values sent in one write. */
const batchLength = 32;
/** Differences at one position that are told in full. */
const shownMax = 3;
const replyShownMax = 500;

const minus = 45;

/** What the servers answered to one value. */
interface Trial {
  readonly value: string;
  readonly commands: string[][];
  readonly replies: Replies[];
}

/** How much was compared. */
export class Figures {
  positions = 0;
  arguments = 0;
  /** Values sent, over all positions. */
  values = 0;
  omitted = 0;
}

/** Compares the servers; yields a report of each position at which they differ. */
export async function* compareBoundaries(
  reference: Target,
  redino: Target,
  { only, figures }: { only: string[]; figures: Figures },
): AsyncGenerator<string> {
  const pair = await WirePair.open(reference, redino);
  try {
    await pair.exchange(preparation);
    const accepted = new Map<string, boolean>();
    let passedToMs = performance.now();
    for (const position of await positionsFor(pair, only)) {
      const nowMs = performance.now();
      await redino.advance(Math.round(nowMs - passedToMs));
      passedToMs = nowMs;
      const trials = await tryAll(pair, position, figures.positions % 2 === 0 ? "2" : "3");
      figures.positions++;
      figures.values += trials.length;
      figures.omitted += boundaryValues.length + 1 - trials.length;
      const { argument } = position;
      accepted.set(argument, accepted.get(argument) || isAccepted(trials[0], position));
      const different = trials.filter((trial) => differencesIn(trial).length > 0);
      if (different.length > 0) yield report(position, different, trials.length);
    }
    figures.arguments = accepted.size;
    for (const [argument, isAccepted] of accepted) {
      if (!isAccepted && !alwaysRefused.test(argument)) {
        yield `no value is accepted for ${argument}`;
      }
    }
  } finally {
    pair.close();
  }
}

/** Arguments for which no value is right on a server without other clients. */
const alwaysRefused = /^client tracking REDIRECT client-id$/;

/** All positions, or those in the commands named. */
async function positionsFor(pair: WirePair, only: string[]): Promise<Position[]> {
  const [[config]] = await pair.exchange([["CONFIG", "GET", "*"]]);
  return allPositions(config === undefined ? new Map() : directivesIn(config))
    .filter(({ argument }) => only.length === 0 || only.includes(argument.split(" ")[0]));
}

/** The plain value first, then all of the others that are not left out. */
async function tryAll(pair: WirePair, position: Position, protocol: string): Promise<Trial[]> {
  await pair.exchange(beginning(position, protocol));
  const values = [position.plain, ...boundaryValues]
    .filter((value) => omissionOf(value, position) === undefined);
  const trials: Trial[] = [];
  for (let at = 0; at < values.length; at += batchLength) {
    const batch = values.slice(at, at + batchLength);
    const sent = batch.map((value) => trial(position, value));
    const replies = await pair.exchange(sent.flat()).catch((cause) => {
      throw new Error(`at ${position.name}, from ${JSON.stringify(batch[0])} on`, { cause });
    });
    for (const [i, commands] of sent.entries()) {
      trials.push({ value: batch[i], commands, replies: replies.splice(0, commands.length) });
    }
  }
  return trials;
}

/** A command that was answered differently. */
interface Answered {
  readonly command: string[];
  readonly replies: Replies;
}

function differencesIn({ commands, replies }: Trial): Answered[] {
  const answered = commands.map((command, i) => ({ command, replies: replies[i] }));
  const exec = answered.pop()!;
  // a key that has a moment to live may be gone by now
  if (commands[0][0] === "DEL") answered.shift();
  const queued = commands.slice(commands.findIndex(([name]) => name === "MULTI") + 1, -1);
  return [...answered, ...answeredIn(exec, queued)]
    .filter(({ command, replies: [a, b] }) => !areRepliesAlike(command, a, b, false));
}

/** What was answered to each command of a transaction, or to EXEC where that is not to be told. */
function answeredIn(exec: Answered, queued: string[][]): Answered[] {
  const [a, b] = exec.replies;
  if (a === undefined || b === undefined || areBytesEqual(a, b)) return [exec];
  const [x, y] = [itemsOf(a), itemsOf(b)];
  if (x.length !== queued.length || y.length !== queued.length) return [exec];
  return queued.map((command, i) => ({ command, replies: [x[i], y[i]] }));
}

/** Whether the last of the position's commands was no error to the reference server. */
function isAccepted({ replies }: Trial, { commands }: Position): boolean {
  const [exec] = replies.at(-1)!;
  const reply = exec && itemsOf(exec)[commands.length - 1];
  return reply !== undefined && reply[0] !== minus;
}

function report({ name }: Position, different: Trial[], count: number): string {
  const lines = [`${name}: ${different.length} of ${count} values are answered differently`];
  for (const trial of different.slice(0, shownMax)) {
    for (const { command, replies } of differencesIn(trial).slice(0, 2)) {
      lines.push(`  ${JSON.stringify(trial.value).slice(0, 80)}: ${quote(command)}`);
      for (const [i, server] of ["Redis", "redino"].entries()) {
        lines.push(`    ${server.padEnd(6)} ${show(replies[i])}`);
      }
    }
  }
  if (different.length > shownMax) {
    const others = different.slice(shownMax).map(({ value }) => JSON.stringify(value).slice(0, 40));
    lines.push(`  and ${others.join(" ")}`);
  }
  return lines.join("\n");
}

function show(reply: Uint8Array | undefined): string {
  return reply === undefined ? "closed" : escapeBytes(reply).slice(0, replyShownMax);
}
