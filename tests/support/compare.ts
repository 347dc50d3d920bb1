/** Compares what was played with what Redis answered, and tells the difference to people. */
import { type Reply, ReplyParser } from "../../src/client/reply_parser.ts";
import { escapeBytes } from "./escape.ts";
import { arePropagatedAlike } from "./propagated.ts";
import type { Looseness, Played, Section } from "./transcript.ts";

/** The steps at which two plays of a section differ, as text; empty when they are alike. */
export function describeDifferences(
  section: Section,
  expected: Played[] | undefined,
  actual: Played[],
): string {
  if (expected?.map(lineOf).join("\n") !== section.steps.map(lineOf).join("\n")) {
    return "the commands have changed since they were recorded: run `deno task record`";
  }
  return section.steps.flatMap((step, i) => {
    const [wanted, got] = [expected[i], actual[i]];
    const differences: string[] = [];
    if (!isAlike(wanted.reply, got.reply, step.loosely)) {
      differences.push(`  Redis:  ${show(wanted.reply)}`, `  redino: ${show(got.reply)}`);
    }
    const { propagated: wantedCommands = [] } = wanted;
    const { propagated: commands = [] } = got;
    if (!arePropagatedAlike(wantedCommands, commands, step.loosely)) {
      differences.push(`  Redis propagates:${showCommands(wantedCommands)}`);
      differences.push(`  redino propagates:${showCommands(commands)}`);
    }
    return differences.length > 0 ? [step.line, ...differences] : [];
  }).join("\n");
}

function lineOf({ line }: { line: string }): string {
  return line;
}

function show(reply: Uint8Array | undefined): string {
  const shown = reply ? escapeBytes(reply) : "(nothing)";
  return shown.length > 2000 ? shown.slice(0, 2000) + "…" : shown;
}

function showCommands(commands: string[]): string {
  return commands.map((command) => `\n    ${command}`).join("") || " nothing";
}

/** Whether two replies are the same, as far as `loosely` wants them to be. */
export function isAlike(
  a: Uint8Array | undefined,
  b: Uint8Array | undefined,
  loosely: Looseness[] = [],
): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (loosely.includes("near") && isNear(a, b)) return true;
  return canonical(a, loosely) === canonical(b, loosely);
}

/** Whether two replies that have been read are the same, as far as `loosely` wants them to be. */
export function isAlikeReply(a: Reply, b: Reply, loosely: Looseness[] = []): boolean {
  return describe(a, loosely) === describe(b, loosely);
}

/** Whether two integer replies differ no more than the time that passes during a recording. */
function isNear(a: Uint8Array, b: Uint8Array): boolean {
  const [x, y] = [latin1(a), latin1(b)];
  if (!x.startsWith(":") || !y.startsWith(":")) return false;
  return Math.abs(Number(x.slice(1)) - Number(y.slice(1))) <= Math.max(1, Number(x.slice(1)) / 100);
}

/** A text that is the same for all replies that count as alike. */
function canonical(reply: Uint8Array, loosely: Looseness[]): string {
  const raw = latin1(reply);
  if (loosely.length === 0) return raw;
  const parser = new ReplyParser();
  parser.feed(reply);
  const tree = parser.next();
  if (tree === undefined) return raw;
  return describe(tree, loosely);
}

function describe(reply: Reply, loosely: Looseness[]): string {
  const inner = (item: Reply) => describe(item, loosely);
  const isExcepted = (key?: Reply) =>
    key?.kind === "bulk" && loosely.includes(`except ${latin1(key.bytes)}`);
  if ("items" in reply) {
    const items = reply.items.filter((_, i) => !isExcepted(reply.items[i - 1])).map(inner);
    return `${reply.kind}(${order(items, loosely)})`;
  }
  if ("entries" in reply) {
    const entries = reply.entries
      .filter(([key]) => !isExcepted(key))
      .map(([key, value]) => `${inner(key)}: ${inner(value)}`);
    const of = reply.kind === "attribute" ? inner(reply.of) : "";
    return `${reply.kind}(${order(entries, loosely)})${of}`;
  }
  if (loosely.includes("shape")) return reply.kind;
  const plain = JSON.stringify(reply, (_, value) => {
    if (value instanceof Uint8Array) return latin1(value);
    return typeof value === "bigint" ? String(value) : value;
  });
  return loosely.includes("digits") ? plain.replace(/-?\d+(\.\d+)?/g, "0") : plain;
}

function order(parts: string[], loosely: Looseness[]): string {
  return (loosely.includes("unordered") ? parts.sort() : parts).join(", ");
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
