/**
 * Accepts connections on one address, for as long as it is open.
 *
 * An accept that fails because the process has no file left, or because the peer is gone already, is
 * logged, and accepting goes on a moment later.
 */
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { systemErrorText } from "../system_error.ts";

/** How long accepting rests after it failed, in milliseconds. */
const retryDelayMs = 100;

/** What is needed of the runtime's listener. */
export type Acceptor = Pick<Deno.Listener, "accept" | "addr" | "close">;

export class Listener {
  /** The address as it was asked for. */
  readonly hostname: string;
  readonly #acceptor: Acceptor;
  readonly #clock: Clock;
  readonly #log: Log;
  #ended: Promise<void> = Promise.resolve();
  /** Ends the rest after a failure. */
  #wake: () => void = () => {};
  #closed = false;

  constructor(hostname: string, acceptor: Acceptor, clock: Clock, log: Log) {
    this.hostname = hostname;
    this.#acceptor = acceptor;
    this.#clock = clock;
    this.#log = log;
  }

  /** The port listened on; 0 for a Unix socket. */
  get port(): number {
    const { addr } = this.#acceptor;
    return addr.transport === "tcp" ? addr.port : 0;
  }

  /** Hands every connection to `accept`, from now until `close`. */
  run(accept: (socket: Deno.Conn) => void): void {
    this.#ended = this.#acceptAll(accept);
  }

  /** Stops listening; resolves when the address is free for others. */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#acceptor.close();
      this.#wake();
    }
    // the runtime holds the socket until the accept under way has been told
    await this.#ended;
  }

  async #acceptAll(accept: (socket: Deno.Conn) => void): Promise<void> {
    while (!this.#closed) {
      const socket = await this.#next();
      if (socket !== null) accept(socket);
    }
  }

  /** The next connection; null where there is none because accepting failed or has ended. */
  async #next(): Promise<Deno.Conn | null> {
    try {
      return await this.#acceptor.accept();
    } catch (error) {
      if (this.#closed) return null;
      this.#log.warning(`Accepting client connection: ${systemErrorText(error)}`);
    }
    await this.#rest();
    return null;
  }

  async #rest(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.after(retryDelayMs, resolve);
    this.#wake = () => {
      cancel();
      resolve();
    };
    await promise;
  }
}
