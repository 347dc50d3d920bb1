/** Plays a section of a transcript to a server and returns what it answered. */
import { withoutDraw } from "./propagated.ts";
import type { Played, Section, Step } from "./transcript.ts";
import { WireConnection } from "./wire_connection.ts";
import { type Argument, Client, encodeCommand, type Reply } from "../../src/client/client.ts";

/** A running server, whichever it is. */
export interface Target {
  readonly port: number;
  /** Lets time pass for the server: really, or by moving its clock. */
  advance(milliseconds: number): Promise<void>;
  /**
   * The commands that it has propagated since it was asked last, as lines of a transcript. Only one that
   * was started for that knows.
   */
  takePropagated(): Promise<string[]>;
  stop(): Promise<void>;
}

/** How a server is started. */
export interface TargetOptions {
  /** Whether it is to tell what it propagates. */
  propagates?: boolean;
  /** Another server than Redis, of those that speak as it does. */
  program?: string;
}

/** Starts servers of one kind. */
export type StartTarget = (serverArguments: string[], options?: TargetOptions) => Promise<Target>;

/** What is in a transcript where the server closed the connection instead of answering. */
const closedMark = new TextEncoder().encode("closed");

/**
 * Plays sections to servers of one kind. One server serves all sections that ask for no special
 * arguments, and another one those about propagation; before each it is emptied, and after each its
 * configuration is put back, and keys expire by themselves again.
 */
export class Player {
  readonly #start: StartTarget;
  readonly #shared = new Map<boolean, Target>();

  constructor(start: StartTarget) {
    this.#start = start;
  }

  async play(section: Section): Promise<Played[]> {
    const { propagates, serverArguments } = section;
    if (serverArguments.length === 0) {
      const shared = this.#shared.get(propagates) ?? await this.#start([], { propagates });
      this.#shared.set(propagates, shared);
      return await playFromEmpty(section, shared);
    }
    const target = await this.#start(serverArguments, { propagates });
    try {
      return await playFromEmpty(section, target);
    } finally {
      await target.stop();
    }
  }

  async stop(): Promise<void> {
    for (const target of this.#shared.values()) await target.stop();
  }
}

async function playFromEmpty(section: Section, target: Target): Promise<Played[]> {
  const control = await Client.connect(target);
  const has = (words: RegExp) => section.steps.some((step) => words.test(step.line));
  const stopsExpiry = has(/SET-ACTIVE-EXPIRE 0/);
  await empty(control);
  const config = has(/CONFIG SET/i) ? await readConfig(control) : undefined;
  if (section.propagates) await target.takePropagated();
  try {
    return await playSteps(section, target);
  } finally {
    if (config) await restoreConfig(control, config);
    if (stopsExpiry) await control.send(["DEBUG", "SET-ACTIVE-EXPIRE", "1"]);
    control.close();
  }
}

/** The connections of a section by name. */
type Connections = Map<string, WireConnection>;

async function playSteps({ propagates, steps }: Section, target: Target): Promise<Played[]> {
  const connections: Connections = new Map();
  const played: Played[] = [];
  try {
    for (const step of steps) {
      if (!connections.has(step.connection)) {
        connections.set(step.connection, await WireConnection.open(target.port));
      }
      try {
        const reply = await playStep(step, connections, target);
        let propagated = propagates ? await target.takePropagated() : undefined;
        if (step.loosely.includes("drawn")) propagated = propagated?.map(withoutDraw);
        played.push({ line: step.line, reply, propagated });
      } catch (cause) {
        throw new Error(`at "${step.line}": ${(cause as Error).message}`, { cause });
      }
    }
  } finally {
    for (const connection of connections.values()) connection.close();
  }
  return played;
}

async function playStep(
  step: Step,
  connections: Connections,
  target: Target,
): Promise<Uint8Array | undefined> {
  const { action } = step;
  const connection = connections.get(step.connection)!;
  switch (action.kind) {
    case "command":
      await connection.write(encodeCommand(await fillIn(action.words, connections)));
      break;
    case "raw":
      await connection.write(action.bytes);
      break;
    case "advance":
      await target.advance(action.milliseconds);
      break;
    case "close":
      connection.close();
      break;
    case "half-close":
      await connection.closeWrite();
      break;
    case "closed": {
      const rest = await connection.readToEnd();
      return rest.length > 0 ? rest : closedMark;
    }
  }
  if (!step.replies) return undefined;
  const reply = await connection.readReply() ?? closedMark;
  if (step.loosely.includes("kind") || step.loosely.includes("drawn")) return reply.subarray(0, 1);
  const names = step.loosely.filter((note) => note.startsWith("only ")).map((note) =>
    note.slice(5)
  );
  return names.length === 0 ? reply : fieldsOf(reply, names);
}

/** These fields of an INFO, in its order, as a reply. */
function fieldsOf(info: Uint8Array, names: string[]): Uint8Array {
  const lines = new TextDecoder().decode(info).split("\r\n");
  const wanted = lines.filter((line) => names.includes(line.split(":")[0]));
  return new TextEncoder().encode(`+${wanted.join(" ")}\r\n`);
}

/**
 * Puts in what only the running server knows, `{id other}` and `{address other}`, and the many numbers
 * that `{1..1000}` stands for.
 */
async function fillIn(words: Uint8Array[], connections: Connections): Promise<Argument[]> {
  const filled: Argument[] = [];
  for (const word of words) {
    const text = new TextDecoder().decode(word);
    const [, what, name] = /^\{(id|address) (\w+)\}$/.exec(text) ?? [];
    const [, first, last] = /^\{(\d+)\.\.(\d+)\}$/.exec(text) ?? [];
    const connection = connections.get(name);
    if (connection !== undefined) {
      filled.push(what === "id" ? await idOf(connection) : connection.address);
    } else if (last !== undefined) {
      for (let i = Number(first); i <= Number(last); i++) filled.push(i);
    } else filled.push(word);
  }
  return filled;
}

async function idOf(connection: WireConnection): Promise<string> {
  await connection.write(encodeCommand(["CLIENT", "ID"]));
  return new TextDecoder().decode(await connection.readReply()).slice(1).trim();
}

/** Leaves nothing of earlier sections. A command that the server does not know yet is no failure. */
async function empty(control: Client): Promise<void> {
  await Promise.all([
    control.send(["FLUSHALL"]),
    control.send(["CONFIG", "RESETSTAT"]),
    control.send(["SLOWLOG", "RESET"]),
    control.send(["LATENCY", "RESET"]),
  ]);
}

async function readConfig(control: Client): Promise<Map<string, string>> {
  const reply = await control.send(["CONFIG", "GET", "*"]);
  const words = reply.kind === "array" ? reply.items.map(textOf) : [];
  const config = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) config.set(words[i], words[i + 1]);
  return config;
}

async function restoreConfig(control: Client, before: Map<string, string>): Promise<void> {
  const after = await readConfig(control);
  for (const [name, value] of before) {
    if (after.get(name) !== value) await control.send(["CONFIG", "SET", name, value]);
  }
}

function textOf(reply: Reply): string {
  return reply.kind === "bulk" ? new TextDecoder().decode(reply.bytes) : "";
}
