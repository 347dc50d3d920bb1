/** Compares what was played with what Redis answered, and tells the difference to people. */
import { type Reply, ReplyParser } from "../../src/client/reply_parser.ts";
import { escapeBytes } from "./escape.ts";
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
    const [wanted, got] = [expected[i].reply, actual[i].reply];
    if (isAlike(wanted, got, step.loosely)) return [];
    return [`${step.line}\n  Redis:  ${show(wanted)}\n  redino: ${show(got)}`];
  }).join("\n");
}

function lineOf({ line }: { line: string }): string {
  return line;
}

function show(reply: Uint8Array | undefined): string {
  const shown = reply ? escapeBytes(reply) : "(nothing)";
  return shown.length > 2000 ? shown.slice(0, 2000) + "…" : shown;
}

/** Whether two replies are the same, as far as `loosely` wants them to be. */
export function isAlike(
  a: Uint8Array | undefined,
  b: Uint8Array | undefined,
  loosely: Looseness[] = [],
): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonical(a, loosely) === canonical(b, loosely);
}

/** A text that is the same for all replies that count as alike. */
function canonical(reply: Uint8Array, loosely: Looseness[]): string {
  const raw = latin1(reply);
  if (loosely.length === 0) return raw;
  if (loosely.includes("kind")) return raw[0];
  const parser = new ReplyParser();
  parser.feed(reply);
  const tree = parser.next();
  if (tree === undefined) return raw;
  return describe(tree, loosely);
}

function describe(reply: Reply, loosely: Looseness[]): string {
  const inner = (item: Reply) => describe(item, loosely);
  if ("items" in reply) return `${reply.kind}(${order(reply.items.map(inner), loosely)})`;
  if ("entries" in reply) {
    const entries = reply.entries.map(([key, value]) => `${inner(key)}: ${inner(value)}`);
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
