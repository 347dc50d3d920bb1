/** A server in this process whose time the test moves and whose log it reads, and peers of any manners. */
import { Client, encodeCommand } from "../../src/client/client.ts";
import type { Reply } from "../../src/client/reply_parser.ts";
import { ManualClock } from "../../src/clock.ts";
import { Config } from "../../src/config/config.ts";
import { splitWords } from "../../src/config/words.ts";
import { Log, LogLevel } from "../../src/log.ts";
import { Server } from "../../src/server.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export interface TestServer {
  readonly server: Server;
  readonly clock: ManualClock;
  readonly directory: string;
  /** The lines logged so far, without time and process. */
  readonly logged: string[];
  /** A client that is closed when the test ends. */
  connect(hostname?: string): Promise<Client>;
  /** Opens a socket that is closed when the test ends; it does only what the test does with it. */
  open(hostname?: string): Promise<Deno.TcpConn>;
}

/** Lines of a configuration, as in a file. */
export function configFrom(directory: string, lines: readonly string[]): Config {
  const config = new Config(directory);
  for (const line of lines) {
    const [name, ...words] = splitWords(line)!;
    config.load(name, words);
  }
  return config;
}

/** A log that keeps its lines. */
export function keptLog(clock: ManualClock, lines: string[]): Log {
  const keep = (line: string) => lines.push(line.slice(line.search(/[-.*#] /)).trimEnd());
  return new Log(clock, keep, LogLevel.Verbose);
}

/** Runs `test` with a server on a free port, configured with `lines`. */
export async function withServer(
  test: (given: TestServer) => Promise<void>,
  ...lines: string[]
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "redino-test-" });
  const clock = new ManualClock(Date.now());
  const logged: string[] = [];
  const config = configFrom(directory, ["bind 127.0.0.1", ...lines]);
  const server = new Server({ clock, config, port: 0, log: keptLog(clock, logged) });
  const opened: { close(): void }[] = [];
  await server.start();
  const kept = <Peer extends { close(): void }>(peer: Peer): Peer => {
    opened.push(peer);
    return peer;
  };
  try {
    await test({
      ...{ server, clock, directory, logged },
      connect: async (hostname) => kept(await Client.connect({ port: server.port, hostname })),
      open: async (hostname = "127.0.0.1") =>
        kept(await Deno.connect({ port: server.port, hostname })),
    });
  } finally {
    for (const peer of opened) close(peer);
    await server.stop();
    await Deno.remove(directory, { recursive: true });
  }
}

function close(peer: { close(): void }): void {
  try {
    peer.close();
  } catch {
    // by the test, or by an error
  }
}

/** Sends the words of `line` and gives the reply as text: of an error and a bulk string, their text. */
export async function run(client: Client, line: string): Promise<string> {
  return textOf(await client.send(line.split(" ")));
}

/** A reply as text: of an error and a bulk string, their text. */
export function textOf(reply: Reply): string {
  switch (reply.kind) {
    case "simple":
    case "error":
      return reply.text;
    case "bulk":
    case "verbatim":
      return decoder.decode(reply.bytes);
    case "null":
      return "(null)";
    case "array":
    case "set":
    case "push":
      return reply.items.map(textOf).join(" ");
    case "map":
      return reply.entries.flat().map(textOf).join(" ");
    case "attribute":
      return textOf(reply.of);
    default:
      return String(reply.value);
  }
}

/** Writes all of `data`, as far as the server takes it. */
export async function write(socket: Deno.Conn, data: string | Uint8Array): Promise<void> {
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  for (let written = 0; written < bytes.length;) {
    written += await socket.write(bytes.subarray(written));
  }
}

/** What the server still sends until it ends the connection. */
export async function readToEnd(socket: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(64 * 1024);
  let text = "";
  try {
    for (;;) {
      const count = await socket.read(buffer);
      if (count === null) return text;
      text += decoder.decode(buffer.subarray(0, count));
    }
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset) return text;
    throw error;
  }
}

/** Reads until `count` bytes have come. */
export async function read(socket: Deno.Conn, count: number): Promise<string> {
  const buffer = new Uint8Array(count);
  let filled = 0;
  while (filled < count) {
    const more = await socket.read(buffer.subarray(filled));
    if (more === null) break;
    filled += more;
  }
  return decoder.decode(buffer.subarray(0, filled));
}

export { encodeCommand };

/** Lets the event loop turn until `condition` holds; throws when it does not come to hold. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, turn < 100 ? 0 : 5));
  }
  throw new Error(`never came to hold: ${condition}`);
}

/** The fields of the line of CLIENT LIST for one client. */
export function fieldsOf(line: string): Record<string, string> {
  return Object.fromEntries(line.trim().split(" ").map((field) => field.split("=", 2)));
}
