/** The npm package ioredis against redino. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { Redis } from "ioredis";
import { startRedino } from "../support/redino_server.ts";

function test(name: string, run: (redis: Redis, port: number) => Promise<void>): void {
  Deno.test(`ioredis: ${name}`, async () => {
    const server = await startRedino();
    const redis = new Redis({ port: server.port, host: "127.0.0.1", retryStrategy: () => 1 });
    // A connection that the server closes is reported here; the tests that close some expect it.
    redis.on("error", () => {});
    try {
      await run(redis, server.port);
    } finally {
      redis.disconnect();
      await server.stop();
    }
  });
}

test("commands", async (redis) => {
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

test("a pipeline", async (redis) => {
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

test("binary values", async (redis) => {
  const value = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 256));
  const key = Buffer.from([0, 13, 10, 255]);
  await redis.set(key, value);
  assertEquals((await redis.getBuffer(key))?.equals(value), true);
  assertEquals(await redis.strlen(key), value.length);
});

test("errors", async (redis) => {
  await redis.set("text", "abc");
  await assertRejects(() => redis.incr("text"), Error, "ERR value is not an integer");
  await assertRejects(() => redis.call("GET"), Error, "ERR wrong number of arguments for 'get'");
  assertEquals(await redis.get("text"), "abc");
});

test("scanning", async (redis) => {
  const pipeline = redis.pipeline();
  for (let i = 0; i < 500; i++) pipeline.set(`key:${i}`, "");
  await pipeline.exec();
  const found = new Set<string>();
  for await (const keys of redis.scanStream({ match: "key:*", count: 50 })) {
    for (const key of keys) found.add(key);
  }
  assertEquals(found.size, 500);
});

test("reconnecting after CLIENT KILL", async (redis, port) => {
  await redis.select(3);
  await redis.set("key", "value");
  const killer = new Redis({ port, host: "127.0.0.1" });
  const closed = new Promise((resolve) => redis.once("close", resolve));
  assertEquals(await killer.call("CLIENT", "KILL", "TYPE", "normal"), 1);
  await closed;
  // The connection is made again, and with it the selected database.
  assertEquals(await redis.get("key"), "value");
  killer.disconnect();
});

test("commands that wait while it reconnects", async (redis) => {
  await redis.set("key", "value");
  const id = await redis.client("ID");
  const closed = new Promise((resolve) => redis.once("close", resolve));
  redis.call("CLIENT", "KILL", "ID", id, "SKIPME", "no").catch(() => {});
  await closed;
  const replies = await Promise.all([redis.get("key"), redis.append("key", "!"), redis.get("key")]);
  assertEquals(replies, ["value", 6, "value!"]);
});

test("a password", async (redis, port) => {
  await redis.config("SET", "requirepass", "secret");
  const stranger = new Redis({ port, host: "127.0.0.1", retryStrategy: () => null });
  stranger.on("error", () => {});
  await assertRejects(() => stranger.get("key"), Error, "NOAUTH");
  stranger.disconnect();
  const friend = new Redis({ port, host: "127.0.0.1", password: "secret", db: 2 });
  assertEquals(await friend.set("key", "value"), "OK");
  friend.disconnect();
});

test("MONITOR", async (redis) => {
  const monitor = await redis.monitor();
  const heard = new Promise((resolve) => {
    monitor.on("monitor", (_time: string, args: string[]) => resolve(args));
  });
  await redis.set("key", "value");
  assertEquals(await heard, ["set", "key", "value"]);
  monitor.disconnect();
});
