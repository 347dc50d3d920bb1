import { assertGreaterOrEqual } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import { Server } from "../../src/mod.ts";

Deno.test("INFO stats counts the bytes and the writes that were sent", async () => {
  const server = new Server({ port: 0 });
  await server.start();
  const client = await Client.connect({ port: server.port });
  try {
    await client.send(["PING"]);
    await client.send(["PING"]);
    assertGreaterOrEqual(server.stats.netOutputBytes, 14);
    assertGreaterOrEqual(server.stats.writesTotal, 2);
  } finally {
    client.close();
    await server.stop();
  }
});
