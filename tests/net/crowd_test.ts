/**
 * A crowd of idle connections with requests over them now and then. `REDINO_TEST_SCALE` multiplies its
 * size: 1 is what the usual limit of open files allows, 25 is 10,000 connections (`ulimit -n 21000`).
 */
import { assertEquals } from "@std/assert";
import { WireConnection } from "../support/wire_connection.ts";
import { withServer } from "./support.ts";

const scale = Number(Deno.env.get("REDINO_TEST_SCALE") ?? "1");
const connectionCount = 400 * scale;
const requestCount = 200 * scale;
const requestsPerSecond = 1000;

Deno.test(`${connectionCount} idle connections with ${requestsPerSecond} requests/s: no error`, async () => {
  await withServer(async ({ server }) => {
    const connections: WireConnection[] = [];
    // a few at a time, as the system's backlog is no longer
    while (connections.length < connectionCount) {
      const more = Array.from({ length: 50 }, () => WireConnection.open(server.port));
      connections.push(...await Promise.all(more));
    }
    const request = new TextEncoder().encode("*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n");
    const decoder = new TextDecoder();
    const ask = async (connection: WireConnection) => {
      await connection.write(request);
      return decoder.decode(await connection.readReply());
    };
    const startMs = performance.now();
    const answers: Promise<string>[] = [];
    for (let i = 0; i < requestCount; i++) {
      // a stride that visits all, neighbours far apart
      answers.push(ask(connections[(i * 7919) % connectionCount]));
      const aheadMs = startMs + i * 1000 / requestsPerSecond - performance.now();
      if (aheadMs > 1) await new Promise((resolve) => setTimeout(resolve, aheadMs));
    }
    assertEquals(new Set(await Promise.all(answers)), new Set(["$5\r\nhello\r\n"]));
    assertEquals(server.clients.count, connectionCount);
    for (const connection of connections) connection.close();
  }, `maxclients ${connectionCount}`);
});
