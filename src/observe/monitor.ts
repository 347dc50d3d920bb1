/**
 * MONITOR: every command that runs, as a line of text to each client that asked for it.
 *
 * Dispatch feeds it after a command has run, and only while somebody listens, so that nobody else pays.
 */
import type { Clock } from "../clock.ts";
import type { Arguments } from "../resp/arguments.ts";
import { quoteBytes } from "../resp/quote.ts";
import type { Client } from "../session/client.ts";
import type { Clients } from "../session/clients.ts";
import { redacted, secretArguments } from "./secrets.ts";

export class Monitor {
  readonly #monitors: Set<Client>;
  readonly #clock: Clock;

  constructor(clients: Clients, clock: Clock) {
    this.#monitors = clients.monitors;
    this.#clock = clock;
  }

  /** Whether any client listens. */
  get active(): boolean {
    return this.#monitors.size > 0;
  }

  /** Tells every listener of a command that `client` has run. */
  feed(client: Client, args: Arguments): void {
    const line = describe(client, args, this.#clock.nowUs());
    for (const monitor of this.#monitors) {
      monitor.reply.simpleString(line);
      monitor.link.flushSoon();
    }
  }
}

/** `1339518083.107412 [0 127.0.0.1:60866] "keys" "*"` */
function describe(client: Client, args: Arguments, nowUs: number): string {
  const seconds = Math.floor(nowUs / 1e6);
  const microseconds = String(Math.floor(nowUs % 1e6)).padStart(6, "0");
  let line = `${seconds}.${microseconds} [${client.database.index} ${sourceOf(client)}]`;
  const secrets = secretArguments(args);
  for (let i = 0; i < args.count; i++) {
    line += " " + (secrets.has(i) ? `"${redacted}"` : quoteBytes(args.bytes(i)));
  }
  return line;
}

/** A Unix socket's peer is `path:0`, and shown without its port. */
function sourceOf({ link }: Client): string {
  return link.unix ? `unix:${link.peer.slice(0, link.peer.lastIndexOf(":"))}` : link.peer;
}
