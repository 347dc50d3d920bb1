/**
 * The transcripts under tests/compat/: what is sent to a server (`<family>.commands`, written by hand)
 * and what real Redis answered (`<family>.replies`, written only by scripts/record.ts). The format is
 * described in tests/compat/README.md; here it is read and written.
 */
import { escapeBytes, splitWords, unescapeBytes } from "./escape.ts";

/** How loosely a reply is compared with that of Redis; without any, byte for byte. */
export type Looseness =
  | "unordered"
  | "near"
  | "digits"
  | "shape"
  | "kind"
  | "drawn"
  | `except ${string}`
  | `only ${string}`;

/** One line of a transcript. */
export interface Step {
  /** The line as it was written; it ties the commands to the recorded replies. */
  line: string;
  /** The connection that the step is about. */
  connection: string;
  action:
    | { kind: "command"; words: Uint8Array[] }
    | { kind: "raw"; bytes: Uint8Array }
    | { kind: "read" }
    | { kind: "closed" }
    | { kind: "close" }
    | { kind: "half-close" }
    | { kind: "advance"; milliseconds: number };
  /** Whether a reply is waited for. */
  replies: boolean;
  loosely: Looseness[];
}

/** What becomes one test: steps that start from an empty server. */
export interface Section {
  title: string;
  /** Directives that the server must be started with, as on the command line. */
  serverArguments: string[];
  /** Whether what each step has the server propagate counts, too. */
  propagates: boolean;
  steps: Step[];
}

/** Reads a `.commands` file. */
export function parseCommands(source: string): Section[] {
  const sections: Section[] = [];
  let propagates = false;
  for (const [index, raw] of source.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("//")) continue;
    if (line.startsWith("# ")) {
      const title = line.slice(2);
      if (sections.some((section) => section.title === title)) {
        throw new Error(`line ${index + 1}: a second section is called "${title}"`);
      }
      sections.push({ title, serverArguments: [], propagates, steps: [] });
      continue;
    }
    if (line === "[propagation]" && sections.length === 0) {
      propagates = true;
      continue;
    }
    const section = sections.at(-1);
    if (section === undefined) throw new Error(`line ${index + 1}: before any section`);
    if (line.startsWith("[server ")) {
      section.serverArguments.push(...line.slice(8, -1).split(" "));
      continue;
    }
    try {
      section.steps.push(parseStep(line));
    } catch (error) {
      throw new Error(`line ${index + 1}: ${(error as Error).message}`);
    }
  }
  return sections;
}

function parseStep(line: string): Step {
  const [, connection = "main", notes = "", rest] = /^(?:(\w+)> )?(?:\[([^\]]*)\]\s*)?(.*)$/.exec(
    line,
  )!;
  const step: Step = {
    line,
    connection,
    action: { kind: "command", words: [] },
    replies: true,
    loosely: [],
  };
  for (const note of notes.split(",").map((word) => word.trim()).filter(Boolean)) {
    const [name, value] = note.split(" ");
    if (name === "raw") step.action = { kind: "raw", bytes: join(splitWords(rest)) };
    else if (name === "silent") step.replies = false;
    else if (name === "read") step.action = { kind: name };
    else if (name === "closed" || name === "close" || name === "half-close") {
      step.action = { kind: name };
      step.replies = false;
    } else if (name === "advance") {
      step.action = { kind: name, milliseconds: Number(value) };
      step.replies = false;
    } else if (isLooseness(note)) {
      step.loosely.push(note);
    } else throw new Error(`no such note: [${note}]`);
  }
  if (step.action.kind === "command") step.action.words = splitWords(rest);
  return step;
}

function isLooseness(note: string): note is Looseness {
  return /^(unordered|near|digits|shape|kind|drawn|(except|only) [\w-]+)$/.test(note);
}

function join(words: Uint8Array[]): Uint8Array {
  return Uint8Array.from(words.flatMap((word) => [...word]));
}

/**
 * What happened at a step: the bytes of the reply, if there was to be one. Of a reply that is compared
 * by its kind only the first byte is kept, of an INFO the fields that are compared, and of what depends
 * on a draw only what doesn't.
 */
export interface Played {
  line: string;
  reply?: Uint8Array;
  /** The commands that the server has propagated, in the section whose business that is. */
  propagated?: string[];
}

/** What comes before a propagated command; no reply begins like that. */
const propagatedMark = "  -> ";

/** Writes a `.replies` file. */
export function formatReplies(played: { title: string; steps: Played[] }[]): string {
  return played.map(({ title, steps }) =>
    [`# ${title}`, ...steps.flatMap(linesOf)].map((line) => line + "\n").join("")
  ).join("\n");
}

function linesOf({ line, reply, propagated = [] }: Played): string[] {
  return [
    line,
    ...reply ? ["  " + escapeBytes(reply)] : [],
    ...propagated.map((command) => propagatedMark + command),
  ];
}

/** Reads a `.replies` file: for each section, its steps. */
export function parseReplies(source: string): Map<string, Played[]> {
  const sections = new Map<string, Played[]>();
  let steps: Played[] = [];
  for (const line of source.split("\n")) {
    if (line === "") continue;
    if (line.startsWith("# ")) sections.set(line.slice(2), steps = []);
    else if (line.startsWith(propagatedMark)) {
      (steps.at(-1)!.propagated ??= []).push(line.slice(propagatedMark.length));
    } else if (line.startsWith("  ")) steps.at(-1)!.reply = unescapeBytes(line.slice(2));
    else steps.push({ line });
  }
  return sections;
}
