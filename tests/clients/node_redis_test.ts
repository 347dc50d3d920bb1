/** The npm package redis (node-redis) against redino, in RESP2 and in RESP3. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { createClient, RESP_TYPES } from "redis";
import { startRedino } from "../support/redino_server.ts";

/** A client that tries again at once when its connection is lost. */
function clientOf(port: number, RESP: 2 | 3, password?: string) {
  const client = createClient({
    RESP,
    password,
    socket: { host: "127.0.0.1", port, reconnectStrategy: () => 1 },
  });
  // A connection that the server closes is reported here; the tests that close some expect it.
  client.on("error", () => {});
  return client;
}

type Client = ReturnType<typeof clientOf>;

function test(name: string, run: (client: Client, port: number) => Promise<void>): void {
  for (const version of [2, 3] as const) {
    Deno.test(`node-redis, RESP${version}: ${name}`, async () => {
      const server = await startRedino();
      const client = clientOf(server.port, version);
      try {
        await client.connect();
        await run(client, server.port);
      } finally {
        client.destroy();
        await server.stop();
      }
    });
  }
}

test("commands", async (client) => {
  assertEquals(await client.set("key", "value"), "OK");
  assertEquals(await client.get("key"), "value");
  assertEquals(await client.get("missing"), null);
  assertEquals(await client.incrBy("counter", 5), 5);
  assertEquals(await client.mGet(["key", "missing", "counter"]), ["value", null, "5"]);
  await client.set("volatile", "v", { expiration: { type: "EX", value: 100 }, condition: "NX" });
  assertEquals(await client.ttl("volatile"), 100);
  assertEquals(await client.del(["key", "counter"]), 2);
  assertEquals(await client.exists("key"), 0);
  assertEquals({ ...await client.configGet("maxmemory") }, { maxmemory: "0" });
  assertEquals((await client.info("server")).includes("redis_version:"), true);
  assertEquals(await client.clientGetName(), null);
  assertEquals(await client.lcsLen("volatile", "volatile"), 1);
});

test("a pipeline", async (client) => {
  const sets = Array.from({ length: 1000 }, (_, i) => client.set(`key:${i}`, String(i)));
  assertEquals(new Set(await Promise.all(sets)), new Set(["OK"]));
  assertEquals(await client.dbSize(), 1000);
  const replies = await Promise.allSettled([
    client.get("key:1"),
    client.sendCommand(["nothing"]),
    client.get("key:2"),
  ]);
  assertEquals(replies.map((reply) => reply.status), ["fulfilled", "rejected", "fulfilled"]);
  assertEquals(replies[2].status === "fulfilled" && replies[2].value, "2");
});

test("binary values", async (client) => {
  const value = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 256));
  const key = Buffer.from([0, 13, 10, 255]);
  const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  await binary.set(key, value);
  assertEquals((await binary.get(key))?.equals(value), true);
  assertEquals(await client.strLen(key), value.length);
});

test("errors", async (client) => {
  await client.set("text", "abc");
  await assertRejects(() => client.incr("text"), Error, "ERR value is not an integer");
  await assertRejects(() => client.sendCommand(["GET"]), Error, "ERR wrong number of arguments");
  assertEquals(await client.get("text"), "abc");
});

test("scanning", async (client) => {
  await client.mSet(Array.from({ length: 500 }, (_, i): [string, string] => [`key:${i}`, ""]));
  const found = new Set<string>();
  for await (const keys of client.scanIterator({ MATCH: "key:*", COUNT: 50 })) {
    for (const key of keys) found.add(key);
  }
  assertEquals(found.size, 500);
});

test("reconnecting after CLIENT KILL", async (client, port) => {
  await client.select(3);
  await client.set("key", "value");
  const killer = clientOf(port, 2);
  await killer.connect();
  const reconnecting = new Promise((resolve) => client.once("reconnecting", resolve));
  assertEquals(Number(await killer.sendCommand(["CLIENT", "KILL", "TYPE", "normal"])), 1);
  await reconnecting;
  // The connection is made again, and with it the selected database.
  assertEquals(await client.get("key"), "value");
  killer.destroy();
});

test("a password", async (client, port) => {
  await client.configSet("requirepass", "secret");
  const friend = clientOf(port, 3, "secret");
  await friend.connect();
  assertEquals(await friend.set("key", "value"), "OK");
  friend.destroy();
  const stranger = createClient({
    socket: { host: "127.0.0.1", port, reconnectStrategy: false },
  });
  stranger.on("error", () => {});
  // In RESP3 it is the HELLO of the connecting that is refused
  const refused = await assertRejects(() => stranger.connect().then(() => stranger.get("key")));
  assert((refused as Error).message.startsWith("NOAUTH"));
  if (stranger.isOpen) stranger.destroy();
});
