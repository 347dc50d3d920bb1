/** What the tests of ioredis share: a server of its own and a client for each, in RESP2 and in RESP3. */
import { Redis, type RedisOptions } from "ioredis";
import type { Target } from "../support/player.ts";
import { startRedino } from "../support/redino_server.ts";

export interface Given {
  readonly redis: Redis;
  /** The server; `advance` moves its clock. */
  readonly server: Target;
  /** One more client, which ends with the test; `options` on top of what all have. */
  connect(options?: RedisOptions): Redis;
}

/** Runs `run` with a client that tries again at once when its connection is lost. */
export function test(name: string, run: (given: Given) => Promise<void>): void {
  for (const protocol of [2, 3] as const) {
    Deno.test(`ioredis, RESP${protocol}: ${name}`, async () => {
      const server = await startRedino();
      const clients: Redis[] = [];
      const connect = (options: RedisOptions = {}) => {
        const address = { port: server.port, host: "127.0.0.1" };
        const client = new Redis({ ...address, protocol, retryStrategy: () => 1, ...options });
        // A connection that the server closes is reported here; the tests that close some expect it.
        client.on("error", () => {});
        clients.push(client);
        return client;
      };
      try {
        await run({ redis: connect(), server, connect });
      } finally {
        for (const client of clients) client.disconnect();
        await server.stop();
      }
    });
  }
}

/** Has the server close the connection of `client`, as `by` tells it. */
export async function killConnection(client: Redis, by: Redis): Promise<void> {
  const closed = new Promise((resolve) => client.once("close", resolve));
  const local = client.stream as unknown as { localAddress: string; localPort: number };
  await by.call("CLIENT", "KILL", "ADDR", `${local.localAddress}:${local.localPort}`);
  await closed;
}

/** The next `count` events `name` of a client: what each came with. */
export function nextEvents(client: Redis, name: string, count: number): Promise<unknown[][]> {
  const events: unknown[][] = [];
  return new Promise((resolve) => {
    const listener = (...args: unknown[]) => {
      if (events.push(args) < count) return;
      client.off(name, listener);
      resolve(events);
    };
    client.on(name, listener);
  });
}
