/**
 * The slow log: the last commands that took longer than `slowlog-log-slower-than`.
 *
 * An entry outlives its request, so what it keeps is copied, and cut to a size that a log can afford:
 * the first arguments, and the first bytes of each. Dispatch decides what is slow; this decides how much
 * of it is kept and for how long.
 */
import type { ConfigValues } from "../config/values.ts";
import type { Arguments } from "../resp/arguments.ts";
import type { Client } from "../session/client.ts";
import { redacted, secretArguments } from "./secrets.ts";

/** Arguments kept of one command; the last of them says how many more there were. */
const argumentsMax = 32;

/** Bytes kept of one argument. */
const argumentBytesMax = 128;

const encoder = new TextEncoder();

/** A slow command. */
export interface SlowLogEntry {
  /** Counts up from 0 and never starts again while the server runs. */
  readonly id: number;
  /** When the command ended, in seconds since the Unix epoch. */
  readonly endedAtSeconds: number;
  readonly durationUs: number;
  readonly arguments: readonly Uint8Array[];
  readonly peer: string;
  readonly clientName: string;
}

export class SlowLog {
  readonly #values: ConfigValues;
  /** Oldest first. */
  readonly #entries: SlowLogEntry[] = [];
  #nextId = 0;

  constructor(values: ConfigValues) {
    this.#values = values;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** Keeps a command that took longer than the threshold. */
  note(client: Client, args: Arguments, durationUs: number, nowMs: number): void {
    if (this.#values.slowlogMaxLen === 0) return;
    this.#entries.push({
      id: this.#nextId++,
      endedAtSeconds: Math.floor(nowMs / 1000),
      durationUs: Math.floor(durationUs),
      arguments: shortened(args),
      peer: client.link.peer,
      clientName: client.name,
    });
    const surplus = this.#entries.length - this.#values.slowlogMaxLen;
    if (surplus > 0) this.#entries.splice(0, surplus);
  }

  /** The latest entries, newest first. */
  latest(count: number): SlowLogEntry[] {
    return this.#entries.slice(Math.max(0, this.#entries.length - count)).reverse();
  }

  reset(): void {
    this.#entries.length = 0;
  }
}

/** Copies of as much of the arguments as an entry keeps. */
function shortened(args: Arguments): Uint8Array[] {
  const secrets = secretArguments(args);
  const kept: Uint8Array[] = [];
  const whole = args.count > argumentsMax ? argumentsMax - 1 : args.count;
  for (let i = 0; i < whole; i++) {
    kept.push(secrets.has(i) ? encoder.encode(redacted) : shortenedArgument(args.bytes(i)));
  }
  if (whole < args.count) {
    kept.push(encoder.encode(`... (${args.count - whole} more arguments)`));
  }
  return kept;
}

function shortenedArgument(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= argumentBytesMax) return bytes.slice();
  const note = encoder.encode(`... (${bytes.length - argumentBytesMax} more bytes)`);
  const kept = new Uint8Array(argumentBytesMax + note.length);
  kept.set(bytes.subarray(0, argumentBytesMax));
  kept.set(note, argumentBytesMax);
  return kept;
}
