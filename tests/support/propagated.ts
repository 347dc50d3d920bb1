/**
 * The commands that a server propagates, out of a log as Redis writes it (RESP), as the lines that they
 * are in transcripts.
 *
 * A time in them depends on when the server was asked, and is written as what it is then: `{now+5000}`.
 * All others, far from the present, are written as they are.
 */
import { type Reply, ReplyParser } from "../../src/client/reply_parser.ts";
import { quoteWord } from "./escape.ts";
import type { Looseness } from "./transcript.ts";

/** What lies so near to the present is taken for a time, in milliseconds: ten years. */
const presentMs = 10 * 365 * 86_400_000;

/** Recorded times are that coarse, in milliseconds, so that a recording made again is the same. */
const stepMs = 100;

/** How far times may be apart that count as the same, in milliseconds. */
const toleranceMs = 1000;

const latin1 = new TextDecoder("latin1");

/** A time in milliseconds, alone or as the first part of a stream's ID. */
const time = /^(\d{13})(-\d+)?$/;

/** A time as it is written, near the present or far from it. */
const writtenTime = /\{now([+-]\d+)?\}|\b\d{13,19}\b/g;

/** The lines of the commands in a log that was written at a moment. */
export function describeLog(log: Uint8Array, nowMs: number): string[] {
  const parser = new ReplyParser();
  parser.feed(log);
  const lines: string[] = [];
  for (let command = parser.next(); command !== undefined; command = parser.next()) {
    lines.push(wordsOf(command).map((word) => describeWord(word, nowMs)).join(" "));
  }
  if (parser.consumedBytes !== log.length) throw new Error("a log that ends within a command");
  return lines;
}

function wordsOf(command: Reply): Uint8Array[] {
  if (command.kind !== "array") throw new Error("a log is made of arrays");
  return command.items.map((item) => {
    if (item.kind !== "bulk") throw new Error("a command is made of bulk strings");
    return item.bytes;
  });
}

function describeWord(word: Uint8Array, nowMs: number): string {
  const [, milliseconds, rest = ""] = time.exec(latin1.decode(word)) ?? [];
  const offsetMs = Math.round((Number(milliseconds) - nowMs) / stepMs) * stepMs;
  if (milliseconds === undefined || Math.abs(offsetMs) > presentMs) return quoteWord(word);
  return `{now${offsetMs > 0 ? "+" : ""}${offsetMs || ""}}${rest}`;
}

/**
 * Whether two servers have propagated the same, but for times that are nearly the same, and for the order
 * where that is loose. Times far from the present must be the same, unless the servers have clocks that
 * are `clocksApartMs` apart.
 */
export function arePropagatedAlike(
  a: string[],
  b: string[],
  loosely: Looseness[],
  clocksApartMs = 0,
): boolean {
  if (loosely.includes("unordered")) [a, b] = [a.toSorted(), b.toSorted()];
  return a.length === b.length && a.every((line, i) => areLinesAlike(line, b[i], clocksApartMs));
}

/** As `arePropagatedAlike`, for one command. */
export function areLinesAlike(a: string, b: string, clocksApartMs: number): boolean {
  if (a === b) return true;
  if (a.replaceAll(writtenTime, "") !== b.replaceAll(writtenTime, "")) return false;
  const [times, others] = [a, b].map((line) => [...line.matchAll(writtenTime)]);
  return times.length === others.length &&
    times.every(([time], i) => areTimesAlike(time, others[i][0], clocksApartMs));
}

function areTimesAlike(a: string, b: string, clocksApartMs: number): boolean {
  const [isNear, isOtherNear] = [a, b].map((time) => time.startsWith("{"));
  if (isNear !== isOtherNear) return false;
  const [x, y] = [a, b].map((time) => Number(time.replace(/^\{now|\}$/g, "")));
  return Math.abs(x - y) <= (isNear ? toleranceMs : clocksApartMs);
}

/** The name and the key of a propagated command, and how many words follow, which chance chose. */
export function withoutDraw(line: string): string {
  const words = line.split(" ");
  return words.length > 2 ? `${words[0]} ${words[1]} +${words.length - 2}` : line;
}
