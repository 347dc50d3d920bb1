/** The npm package redis (node-redis) against redino: commands, pipelines, errors, lost connections. */
import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { RESP_TYPES } from "redis";
import { killConnection, test } from "./node_redis_support.ts";

test("commands", async ({ client }) => {
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

test("a pipeline", async ({ client }) => {
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

test("binary values", async ({ client }) => {
  const value = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 256));
  const key = Buffer.from([0, 13, 10, 255]);
  const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  await binary.set(key, value);
  assertEquals((await binary.get(key))?.equals(value), true);
  assertEquals(await client.strLen(key), value.length);
});

test("errors", async ({ client }) => {
  await client.set("text", "abc");
  await assertRejects(() => client.incr("text"), Error, "ERR value is not an integer");
  await assertRejects(() => client.sendCommand(["GET"]), Error, "ERR wrong number of arguments");
  assertEquals(await client.get("text"), "abc");
});

test("reconnecting after CLIENT KILL", async ({ client, connect }) => {
  await client.select(3);
  await client.set("key", "value");
  await killConnection(client, await client.clientId(), await connect());
  // The connection is made again, and with it the selected database.
  assertEquals(await client.get("key"), "value");
});

test("a password", async ({ client, connect }) => {
  await client.configSet("requirepass", "secret");
  const friend = await connect({ password: "secret" });
  assertEquals(await friend.set("key", "value"), "OK");
  // In RESP3 it is the HELLO of the connecting that is refused
  const refused = async () => await (await connect({ reconnects: false })).get("key");
  await assertRejects(refused, Error, "NOAUTH");
});
