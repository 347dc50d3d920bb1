/**
 * The few words of the protocol that the benchmark itself speaks: a request with its reply, and the
 * loading of a known data set. It shares no code with the server, so that what it finds loaded cannot
 * be a mistake that both make.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Keys are named as redis-benchmark names them, so that its GET with `-r` meets exactly these. */
const keyDigits = 12;

/** A batch of about this size is in flight at a time while loading. */
const loadBatchBytes = 1 << 20;

export class WireConnection implements Disposable {
  #connection: Deno.Conn;
  #unread = "";

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  static async connect(port: number): Promise<WireConnection> {
    return new WireConnection(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends one command; gives the text of its simple, integer or bulk reply, throws an error reply. */
  async request(...args: string[]): Promise<string> {
    const bulks = args.map((arg) => `$${encoder.encode(arg).length}\r\n${arg}\r\n`);
    await writeAll(this.#connection, encoder.encode(`*${args.length}\r\n${bulks.join("")}`));
    const line = await this.#readText("\r\n");
    if (line.startsWith("-")) throw new Error(`${args[0]} was answered ${line}`);
    if (!line.startsWith("$")) return line.slice(1);
    // Only ASCII texts are asked for, so characters are bytes.
    const bulk = await this.#readText("\r\n", Number(line.slice(1)));
    return bulk;
  }

  /**
   * Sets `key:000000000000` and on, `keyCount` of them, each to a value of `valueBytes` letters. The
   * same bytes go to every server. (Letters, because Redis keeps small integers in no memory at all.)
   */
  async load(keyCount: number, valueBytes: number): Promise<void> {
    const value = "abcdefghijklmnopqrstuvwxyz".repeat(Math.ceil(valueBytes / 26)).slice(
      0,
      valueBytes,
    );
    const head = `*3\r\n$3\r\nSET\r\n$${4 + keyDigits}\r\nkey:`;
    const digits = "0".repeat(keyDigits);
    const command = encoder.encode(`${head}${digits}\r\n$${valueBytes}\r\n${value}\r\n`);
    const batchKeys = Math.max(1, Math.floor(loadBatchBytes / command.length));
    const batch = new Uint8Array(batchKeys * command.length);
    for (let i = 0; i < batchKeys; i++) batch.set(command, i * command.length);

    for (let first = 0; first < keyCount; first += batchKeys) {
      const count = Math.min(batchKeys, keyCount - first);
      for (let i = 0; i < count; i++) {
        const number = String(first + i).padStart(keyDigits, "0");
        encoder.encodeInto(number, batch.subarray(i * command.length + head.length));
      }
      await writeAll(this.#connection, batch.subarray(0, count * command.length));
      await this.#expectOk(count);
    }

    const size = await this.request("DBSIZE");
    if (size !== String(keyCount)) {
      throw new Error(`loaded ${keyCount} keys, but DBSIZE is ${size}`);
    }
  }

  /** Sends commands, whose replies are lines, bulk strings or integers, but no errors. */
  async sendAll(commands: Iterable<string[]>): Promise<void> {
    let batch: string[] = [];
    let replies = 0;
    let bytes = 0;
    const flush = async () => {
      await writeAll(this.#connection, encoder.encode(batch.join("")));
      for (let i = 0; i < replies; i++) await this.#expectSuccess();
      batch = [];
      replies = bytes = 0;
    };
    for (const command of commands) {
      // only ASCII is sent, so characters are bytes
      const text = `*${command.length}\r\n` +
        command.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("");
      batch.push(text);
      bytes += text.length;
      replies++;
      if (bytes >= loadBatchBytes) await flush();
    }
    await flush();
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #expectSuccess(): Promise<void> {
    const line = this.#takeText("\r\n", 0) ?? await this.#readText("\r\n");
    if (line.startsWith("-")) throw new Error(`a command of a load was answered ${line}`);
    if (line.startsWith("$")) await this.#readText("\r\n", Number(line.slice(1)));
  }

  async #expectOk(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      // Most of the time the line is there already, and waiting costs a turn of the event loop.
      const line = this.#takeText("\r\n", 0) ?? await this.#readText("\r\n");
      if (line !== "+OK") throw new Error(`SET was answered ${line}`);
    }
  }

  /** Reads up to `end`, the first one at or after `least` characters; gives what stands before it. */
  async #readText(end: string, least = 0): Promise<string> {
    const buffer = new Uint8Array(64 * 1024);
    let text = this.#takeText(end, least);
    while (text === undefined) {
      const count = await this.#connection.read(buffer);
      if (count === null) throw new Error("the server closed the connection");
      this.#unread += decoder.decode(buffer.subarray(0, count));
      text = this.#takeText(end, least);
    }
    return text;
  }

  #takeText(end: string, least: number): string | undefined {
    const at = this.#unread.indexOf(end, least);
    if (at < 0) return undefined;
    const text = this.#unread.slice(0, at);
    this.#unread = this.#unread.slice(at + end.length);
    return text;
  }
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}
