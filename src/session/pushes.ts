/**
 * Messages that are sent to clients without being asked for: of channels, and of changed keys.
 *
 * A message is encoded once, whoever gets it: in RESP2 and RESP3 it differs in its first byte only. One
 * for the very client whose command is running follows that command's reply, as in Redis; all others
 * are written at once, and go out at the end of this turn of the event loop.
 */
import { writeInteger } from "../resp/numbers.ts";
import type { Client } from "./client.ts";

const array = 0x2a;
const push = 0x3e;
const bulk = 0x24;
const carriageReturn = 13;
const lineFeed = 10;

/** Room for a type byte, 20 digits and CRLF. */
const headerBytesMax = 24;

/** An array of byte strings, as a reply or a part of one. */
export function encodeArray(parts: readonly Uint8Array[]): Uint8Array {
  const encoded = encodeMessage(parts);
  encoded[0] = array;
  return encoded;
}

/**
 * A message made of byte strings, and of one more value in RESP; its first byte is for `Pushes.send` to
 * set.
 */
export function encodeMessage(
  parts: readonly Uint8Array[],
  value: Uint8Array | null = null,
): Uint8Array {
  let room = headerBytesMax + (value?.length ?? 0);
  for (const part of parts) room += headerBytesMax + part.length + 2;
  const out = new Uint8Array(room);
  let at = writeHeader(out, 0, push, parts.length + (value === null ? 0 : 1));
  for (const part of parts) {
    at = writeHeader(out, at, bulk, part.length);
    out.set(part, at);
    at = writeLineEnd(out, at + part.length);
  }
  if (value !== null) {
    out.set(value, at);
    at += value.length;
  }
  return out.subarray(0, at);
}

function writeHeader(out: Uint8Array, at: number, type: number, value: number): number {
  out[at] = type;
  return writeLineEnd(out, writeInteger(out, at + 1, value));
}

function writeLineEnd(out: Uint8Array, at: number): number {
  out[at] = carriageReturn;
  out[at + 1] = lineFeed;
  return at + 2;
}

export class Pushes {
  /** The client whose commands are being run. */
  running: Client | null = null;
  /** What it gets when its command has been answered. */
  #deferred: Uint8Array[] = [];

  /** Whether a message waits for the running command to end. */
  get pending(): boolean {
    return this.#deferred.length > 0;
  }

  /** Sends a message of `encodeMessage`. */
  send(client: Client, message: Uint8Array): void {
    message[0] = client.reply.protocol === 3 ? push : array;
    if (client === this.running) {
      // the caller goes on using its own
      this.#deferred.push(message.slice());
      return;
    }
    client.reply.raw(message);
    client.link.flushSoon();
  }

  /** Hands the running client what has waited for the end of its command. */
  release(): void {
    for (const message of this.#deferred) this.running?.reply.raw(message);
    this.#deferred = [];
  }
}
