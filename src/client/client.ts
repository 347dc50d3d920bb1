/**
 * A small Redis client over one connection: commands in, typed replies out. It is what the CLI,
 * replication and the tests talk with, and so it hides nothing: errors are replies, the kinds of the
 * wire are kept, there is no reconnecting and no pool.
 *
 * Commands sent in one turn of the event loop leave in one write (that is all there is to pipelining),
 * and replies are given to those who wait in the order of the wire. A connection that turns into
 * something other than RESP (the reply to PSYNC is followed by a snapshot) is handed over with
 * `sendThenRaw`.
 */
import { type Reply, ReplyParser } from "./reply_parser.ts";

export type { Reply } from "./reply_parser.ts";

/** What a word of a command may be; text is sent as UTF-8, a number in its shortest decimal form. */
export type Argument = string | Uint8Array | number | bigint;

/** Where to connect to: a TCP port (of this machine, unless a host is named) or a Unix socket. */
export type Address = { port: number; hostname?: string } | { path: string };

/** The connection ended while a reply was awaited, or before a command was sent. */
export class ConnectionClosedError extends Error {
  override name = "ConnectionClosedError";
}

interface Waiter {
  resolve(reply: Reply): void;
  reject(error: Error): void;
  /** Set when what follows the reply is no RESP. */
  raw?: WritableStreamDefaultWriter<Uint8Array>;
}

const readBytes = 64 * 1024;
const utf8 = new TextEncoder();

/**
 * A connection to a Redis server.
 *
 * @example
 * ```ts
 * const client = await Client.connect({ port: 6379 });
 * const [set, got] = await Promise.all([client.send(["SET", "k", 1]), client.send(["GET", "k"])]);
 * client.close();
 * ```
 */
export class Client {
  readonly #connection: Deno.Conn;
  readonly #parser = new ReplyParser();
  readonly #waiters: Waiter[] = [];
  #outgoing: Uint8Array[] = [];
  #flushing = false;
  #raw: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #failure: Error | undefined;

  /** Hears of push messages, and of replies that no command waits for (as MONITOR sends them). */
  onPush: (message: Reply) => void = () => {};

  /** Fulfilled when the connection has ended, from whichever side. */
  readonly closed: Promise<void>;

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
    this.closed = this.#readReplies();
  }

  /** Opens a connection; throws what `Deno.connect` throws when that fails. */
  static async connect(address: Address): Promise<Client> {
    if ("path" in address) {
      return new Client(await Deno.connect({ transport: "unix", path: address.path }));
    }
    const { port, hostname = "127.0.0.1" } = address;
    const connection = await Deno.connect({ port, hostname });
    connection.setNoDelay(true);
    return new Client(connection);
  }

  /** Sends a command; resolves to its reply, be it an error. Rejects when the connection ends. */
  send(args: Argument[]): Promise<Reply> {
    return this.#sendAwaited(args);
  }

  /** Sends a command that has no reply (after CLIENT REPLY OFF). */
  post(args: Argument[]): void {
    this.write(encodeCommand(args));
  }

  /** Sends bytes as they are. The reply to them, if any, goes to `onPush`. */
  write(bytes: Uint8Array): void {
    if (this.#failure) throw this.#failure;
    this.#outgoing.push(bytes);
    if (!this.#flushing) {
      this.#flushing = true;
      queueMicrotask(() => this.#flush());
    }
  }

  /**
   * Sends a command whose reply is followed by bytes that are not RESP. All that comes after the reply
   * arrives in `rest`, which is read no faster than its consumer reads.
   */
  async sendThenRaw(args: Argument[]): Promise<{ reply: Reply; rest: ReadableStream<Uint8Array> }> {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const reply = await this.#sendAwaited(args, writable.getWriter());
    return { reply, rest: readable };
  }

  /** Ends the connection; commands that wait are rejected. */
  close(): void {
    this.#fail(new ConnectionClosedError("the connection was closed"));
  }

  #sendAwaited(args: Argument[], raw?: Waiter["raw"]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.write(encodeCommand(args));
      this.#waiters.push({ resolve, reject, raw });
    });
  }

  async #flush(): Promise<void> {
    try {
      while (this.#outgoing.length > 0 && !this.#failure) {
        const bytes = concatenate(this.#outgoing);
        this.#outgoing = [];
        let written = 0;
        while (written < bytes.length) {
          written += await this.#connection.write(bytes.subarray(written));
        }
      }
    } catch {
      // The peer is gone. What it sent before is still read; reading then meets the end itself.
    }
    this.#flushing = false;
  }

  async #readReplies(): Promise<void> {
    const buffer = new Uint8Array(readBytes);
    try {
      for (;;) {
        const count = await this.#connection.read(buffer);
        if (count === null) break;
        if (this.#raw) {
          await this.#raw.write(buffer.slice(0, count));
        } else {
          this.#parser.feed(buffer.subarray(0, count));
          await this.#deliver();
        }
      }
      this.#fail(new ConnectionClosedError("the server closed the connection"));
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
    await this.#raw?.close().catch(() => {});
  }

  async #deliver(): Promise<void> {
    for (let reply = this.#parser.next(); reply; reply = this.#parser.next()) {
      const waiter = reply.kind === "push" ? undefined : this.#waiters.shift();
      if (waiter === undefined) {
        this.onPush(reply);
        continue;
      }
      waiter.resolve(reply);
      if (waiter.raw) {
        this.#raw = waiter.raw;
        await this.#raw.write(this.#parser.takeRest());
        return;
      }
    }
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#connection.close();
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }
}

/** The bytes of a command: an array of bulk strings. */
export function encodeCommand(args: Argument[]): Uint8Array {
  const parts: Uint8Array[] = [utf8.encode(`*${args.length}\r\n`)];
  for (const argument of args) {
    const bytes = argument instanceof Uint8Array ? argument : utf8.encode(String(argument));
    parts.push(utf8.encode(`$${bytes.length}\r\n`), bytes, utf8.encode("\r\n"));
  }
  return concatenate(parts);
}

function concatenate(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
