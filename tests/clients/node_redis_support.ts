/** What the tests of node-redis share: a server of its own and a client for each, in RESP2 and in RESP3. */
import { createClient } from "redis";
import type { Target } from "../support/player.ts";
import { startRedino } from "../support/redino_server.ts";

/** What a test may have of a client beside the address of the server. */
interface Options {
  readonly password?: string;
  readonly RESP?: 2 | 3;
  /** Whether it keeps replies, and is told by the server when they change. */
  readonly caches?: boolean;
  readonly reconnects?: boolean;
}

function clientOf(port: number, options: Options) {
  const { password, RESP = 3, caches = false, reconnects = true } = options;
  const client = createClient({
    RESP,
    password,
    clientSideCache: caches ? { recordStats: true } : undefined,
    socket: { host: "127.0.0.1", port, reconnectStrategy: reconnects ? () => 1 : false },
  });
  // A connection that the server closes is reported here; the tests that close some expect it.
  client.on("error", () => {});
  return client;
}

export type NodeRedis = ReturnType<typeof clientOf>;

export interface Given {
  readonly client: NodeRedis;
  /** The server; `advance` moves its clock. */
  readonly server: Target;
  /** One more client, which ends with the test. */
  connect(options?: Options): Promise<NodeRedis>;
}

/** Runs `run` with a client that tries again at once when its connection is lost, in both protocols. */
export function test(name: string, run: (given: Given) => Promise<void>): void {
  for (const RESP of [2, 3] as const) {
    Deno.test(`node-redis, RESP${RESP}: ${name}`, async () => {
      const server = await startRedino();
      const clients: NodeRedis[] = [];
      const connect = async (options: Options = {}) => {
        const client = clientOf(server.port, { RESP, ...options });
        clients.push(client);
        await client.connect();
        return client;
      };
      try {
        await run({ client: await connect(), server, connect });
      } finally {
        for (const client of clients) if (client.isOpen) client.destroy();
        await server.stop();
      }
    });
  }
}

/** Has the server close the connection whose id is `id`, as `by` tells it, and waits for a new one. */
export async function killConnection(client: NodeRedis, id: number, by: NodeRedis): Promise<void> {
  const ready = new Promise((resolve) => client.once("ready", resolve));
  await by.sendCommand(["CLIENT", "KILL", "ID", String(id)]);
  await ready;
}

/** A listener of messages, and what it has heard. */
export function ear(): { heard: string[]; listener: (message: string, channel: string) => void } {
  const heard: string[] = [];
  return { heard, listener: (message, channel) => heard.push(`${channel}: ${message}`) };
}
