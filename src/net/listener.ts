/**
 * Accepts connections on one address, for as long as it is open.
 *
 * An accept that fails because the process has no file left, or because the peer is gone already, is
 * logged, and accepting goes on a moment later.
 */
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";

/** How long accepting rests after it failed, in milliseconds. */
const retryDelayMs = 100;

export class Listener {
  readonly #listener: Deno.Listener;
  readonly #clock: Clock;
  readonly #log: Log;
  #closed = false;

  constructor(listener: Deno.Listener, clock: Clock, log: Log) {
    this.#listener = listener;
    this.#clock = clock;
    this.#log = log;
  }

  /** The port listened on; 0 for a Unix socket. */
  get port(): number {
    const { addr } = this.#listener;
    return addr.transport === "tcp" ? addr.port : 0;
  }

  /** Hands every connection to `accept`, until `close`. */
  async run(accept: (socket: Deno.Conn) => void): Promise<void> {
    while (!this.#closed) {
      try {
        for await (const socket of this.#listener) accept(socket);
      } catch (error) {
        if (this.#closed) return;
        const reason = error instanceof Error ? error.message : String(error);
        this.#log.warning(`Accepting client connection: ${reason}`);
        await new Promise<void>((resolve) => this.#clock.after(retryDelayMs, resolve));
      }
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
  }
}
