/** The npm package redis (node-redis) against redino: replies that the client keeps, until they change. */
import { assertEquals } from "@std/assert";
import { killConnection, test } from "./node_redis_support.ts";

test("what is read again is not asked for again, until it changes", async ({ client, connect }) => {
  const caching = await connect({ RESP: 3, caches: true });
  await client.mSet({ a: "1", b: "2" });
  const hits = () => caching.clientSideCache?.stats().hitCount;
  assertEquals([await caching.get("a"), await caching.get("a")], ["1", "1"]);
  assertEquals(await caching.mGet(["a", "b"]), ["1", "2"]);
  assertEquals(hits(), 1);
  await client.set("a", "3");
  // behind the invalidation, which was sent before its reply
  await caching.ping();
  assertEquals(caching.clientSideCache?.size(), 0);
  assertEquals([await caching.get("a"), await caching.get("a")], ["3", "3"]);
  assertEquals(hits(), 2);
});

test("values of every type, and those that go", async ({ client, server, connect }) => {
  const caching = await connect({ RESP: 3, caches: true });
  await client.hSet("hash", { field: "value" });
  await client.zAdd("zset", { score: 1, value: "member" });
  await client.set("volatile", "v", { expiration: { type: "PX", value: 100 } });
  const read = async () => [
    await caching.hGet("hash", "field"),
    await caching.zScore("zset", "member"),
    await caching.get("volatile"),
    await caching.exists("missing"),
  ];
  assertEquals([await read(), await read()], Array(2).fill(["value", 1, "v", 0]));
  assertEquals(caching.clientSideCache?.stats().hitCount, 4);
  await server.advance(200);
  await client.hSet("hash", "field", "other");
  await client.zIncrBy("zset", 1, "member");
  await client.set("missing", "no more");
  await caching.ping();
  assertEquals(await read(), ["other", 2, null, 1]);
});

test("FLUSHALL and a lost connection empty the cache", async ({ client, connect }) => {
  const caching = await connect({ RESP: 3, caches: true });
  const id = await caching.clientId();
  await client.set("k", "v");
  await caching.get("k");
  await client.flushAll();
  await caching.ping();
  assertEquals(await caching.get("k"), null);
  await client.set("k", "w");
  await caching.ping();
  assertEquals(await caching.get("k"), "w");
  await killConnection(caching, id, client);
  assertEquals(caching.clientSideCache?.size(), 0);
  assertEquals(await caching.get("k"), "w");
});
