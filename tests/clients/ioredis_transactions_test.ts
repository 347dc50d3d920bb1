/** The npm package ioredis against redino: transactions. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { killConnection, test } from "./ioredis_support.ts";

test("MULTI and EXEC as a pipeline", async ({ redis }) => {
  const results = await redis.multi().set("k", 1).incrby("k", 5).get("k").hset("h", { a: 1 })
    .exec();
  assertEquals(results, [[null, "OK"], [null, 6], [null, "6"], [null, 1]]);
});

test("MULTI and EXEC one by one", async ({ redis, connect }) => {
  assertEquals(await redis.multi({ pipeline: false }), "OK");
  assertEquals(await redis.set("k", "v"), "QUEUED");
  assertEquals(await connect().get("k"), null);
  assertEquals(await redis.exec(), [[null, "OK"]]);
  assertEquals(await redis.get("k"), "v");
  await assertRejects(() => redis.exec(), Error, "ERR EXEC without MULTI");
});

test("an error inside leaves the rest as it is", async ({ redis }) => {
  const results = await redis.multi().set("k", "text").incr("k").append("k", "!").exec();
  assertEquals(results![0], [null, "OK"]);
  assert(results![1][0]?.message.startsWith("ERR value is not an integer"));
  assertEquals(results![2], [null, 5]);
});

test("a request that is refused ends all", async ({ redis }) => {
  const transaction = redis.multi().set("k", "v").call("nothing");
  await assertRejects(() => transaction.exec(), Error, "EXECABORT");
  assertEquals(await redis.exists("k"), 0);
});

test("DISCARD", async ({ redis }) => {
  await redis.multi({ pipeline: false });
  await redis.set("k", "v");
  assertEquals(await redis.discard(), "OK");
  assertEquals(await redis.exists("k"), 0);
});

test("a watched key that another client changes", async ({ redis, connect }) => {
  await redis.set("balance", 10);
  await redis.watch("balance", "other");
  await connect().incr("balance");
  assertEquals(await redis.multi().set("balance", 0).exec(), null);
  // it is watched no more
  assertEquals(await redis.multi().incr("balance").exec(), [[null, 12]]);
  await redis.watch("balance");
  await connect().incr("balance");
  await redis.unwatch();
  assertEquals(await redis.multi().incr("balance").exec(), [[null, 14]]);
});

test("what is watched is forgotten with the connection", async ({ redis, connect }) => {
  const other = connect();
  await redis.watch("k");
  await other.set("k", "v");
  await killConnection(redis, other);
  assertEquals(await redis.multi().append("k", "!").exec(), [[null, 2]]);
});
