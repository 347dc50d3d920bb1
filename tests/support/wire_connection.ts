/**
 * A connection that gives replies as the bytes they are, for tests that care about each of them. One
 * is read either by replies or by bytes, not by both in turn.
 */
import { deadline } from "@std/async";
import { ReplyParser } from "../../src/client/reply_parser.ts";

/** A server that has not answered by then never will. */
const patienceMs = 10_000;

export class WireConnection {
  readonly #connection: Deno.TcpConn;
  readonly #parser = new ReplyParser();
  readonly #buffer = new Uint8Array(64 * 1024);
  /** Bytes received, from `#offset` (counted from the connection's first byte) on. */
  #received = new Uint8Array(0);
  #offset = 0;
  /** As many of them have been taken. */
  #taken = 0;
  #ended = false;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async open(port: number): Promise<WireConnection> {
    const connection = await Deno.connect({ port, hostname: "127.0.0.1" });
    connection.setNoDelay(true);
    return new WireConnection(connection);
  }

  /** This end of the connection, as the server's CLIENT LIST has it in `addr`. */
  get address(): string {
    const { hostname, port } = this.#connection.localAddr;
    return `${hostname}:${port}`;
  }

  /** Writes all of the bytes; a server that has closed the connection meanwhile is no error. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      let written = 0;
      while (written < bytes.length) {
        written += await this.#connection.write(bytes.subarray(written));
      }
    } catch (error) {
      if (!isDisconnection(error)) throw error;
    }
  }

  /** The bytes of the next reply; undefined when the server has closed the connection instead. */
  async readReply(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#parser.next() !== undefined) {
        return this.#take(this.#parser.consumedBytes - this.#offset - this.#taken);
      }
      if (!await this.#receive()) return undefined;
    }
  }

  /**
   * Sends the commands together, each character of their words a byte, and returns the reply to each.
   */
  async exchange(commands: string[][]): Promise<(Uint8Array | undefined)[]> {
    await this.write(requestsOf(commands));
    const replies: (Uint8Array | undefined)[] = [];
    for (let i = 0; i < commands.length; i++) replies.push(await this.readReply());
    return replies;
  }

  /** The next bytes, be they replies or not; fewer when the server closes the connection. */
  async readBytes(count: number): Promise<Uint8Array> {
    while (this.#received.length - this.#taken < count && await this.#receive());
    return this.#take(Math.min(count, this.#received.length - this.#taken));
  }

  /** Reads until the server closes the connection; returns what it had still sent. */
  async readToEnd(): Promise<Uint8Array> {
    while (await this.#receive());
    return this.#take(this.#received.length - this.#taken);
  }

  /** Tells the server that nothing more will be sent; its replies can still be read. */
  async closeWrite(): Promise<void> {
    await this.#connection.closeWrite();
  }

  close(): void {
    try {
      this.#connection.close();
    } catch {
      // Closed before.
    }
  }

  #take(count: number): Uint8Array {
    const start = this.#taken;
    this.#taken += count;
    return this.#received.slice(start, this.#taken);
  }

  async #receive(): Promise<boolean> {
    if (this.#ended) return false;
    const count = await this.#read();
    if (count === null) {
      this.#ended = true;
      return false;
    }
    const bytes = this.#buffer.subarray(0, count);
    const rest = this.#received.subarray(this.#taken);
    const received = new Uint8Array(rest.length + count);
    received.set(rest);
    received.set(bytes, rest.length);
    this.#offset += this.#taken;
    this.#taken = 0;
    this.#received = received;
    this.#parser.feed(bytes);
    return true;
  }

  async #read(): Promise<number | null> {
    try {
      return await deadline(this.#connection.read(this.#buffer), patienceMs);
    } catch (error) {
      if (isDisconnection(error)) return null;
      if (error instanceof DOMException) throw new Error("no reply came");
      throw error;
    }
  }
}

function requestsOf(commands: string[][]): Uint8Array {
  let text = "";
  for (const words of commands) {
    text += `*${words.length}\r\n`;
    for (const word of words) text += `$${word.length}\r\n${word}\r\n`;
  }
  return bytesOf(text);
}

/** Each character is a byte. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function isDisconnection(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.NotConnected;
}
