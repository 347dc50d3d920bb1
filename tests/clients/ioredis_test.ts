/** The npm package ioredis against redino: commands, pipelines, errors, connections that are lost. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { killConnection, test } from "./ioredis_support.ts";

test("commands", async ({ redis }) => {
  assertEquals(await redis.set("key", "value"), "OK");
  assertEquals(await redis.get("key"), "value");
  assertEquals(await redis.get("missing"), null);
  assertEquals(await redis.incrby("counter", 5), 5);
  assertEquals(await redis.mget("key", "missing", "counter"), ["value", null, "5"]);
  assertEquals(await redis.set("volatile", "v", "EX", 100, "NX"), "OK");
  assertEquals(await redis.ttl("volatile"), 100);
  assertEquals(await redis.del("key", "counter"), 2);
  assertEquals((await redis.info("server")).includes("redis_version:"), true);
});

test("a pipeline", async ({ redis }) => {
  const pipeline = redis.pipeline();
  for (let i = 0; i < 1000; i++) pipeline.set(`key:${i}`, i);
  pipeline.get("key:999");
  pipeline.call("nothing");
  const results = await pipeline.exec();
  assertEquals(results?.length, 1002);
  assertEquals(results?.[0], [null, "OK"]);
  assertEquals(results?.[1000], [null, "999"]);
  assert(results?.[1001][0]?.message.startsWith("ERR unknown command 'nothing'"));
  assertEquals(await redis.dbsize(), 1000);
});

test("binary values", async ({ redis }) => {
  const value = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 256));
  const key = Buffer.from([0, 13, 10, 255]);
  await redis.set(key, value);
  assertEquals((await redis.getBuffer(key))?.equals(value), true);
  assertEquals(await redis.strlen(key), value.length);
});

test("errors", async ({ redis }) => {
  await redis.set("text", "abc");
  await assertRejects(() => redis.incr("text"), Error, "ERR value is not an integer");
  await assertRejects(() => redis.call("GET"), Error, "ERR wrong number of arguments for 'get'");
  assertEquals(await redis.get("text"), "abc");
});

test("reconnecting after CLIENT KILL", async ({ redis, connect }) => {
  await redis.select(3);
  await redis.set("key", "value");
  await killConnection(redis, connect());
  // The connection is made again, and with it the selected database.
  assertEquals(await redis.get("key"), "value");
});

test("commands that wait while it reconnects", async ({ redis }) => {
  await redis.set("key", "value");
  const id = await redis.client("ID");
  const closed = new Promise((resolve) => redis.once("close", resolve));
  redis.call("CLIENT", "KILL", "ID", id, "SKIPME", "no").catch(() => {});
  await closed;
  const replies = await Promise.all([redis.get("key"), redis.append("key", "!"), redis.get("key")]);
  assertEquals(replies, ["value", 6, "value!"]);
});

test("a password", async ({ redis, connect }) => {
  await redis.config("SET", "requirepass", "secret");
  const stranger = connect({ retryStrategy: () => null });
  await assertRejects(() => stranger.get("key"), Error, "NOAUTH");
  const friend = connect({ password: "secret", db: 2 });
  assertEquals(await friend.set("key", "value"), "OK");
});

test("MONITOR", async ({ redis }) => {
  const monitor = await redis.monitor();
  const heard = new Promise((resolve) => {
    monitor.on("monitor", (_time: string, args: string[]) => resolve(args));
  });
  await redis.set("key", "value");
  assertEquals(await heard, ["set", "key", "value"]);
  monitor.disconnect();
});
