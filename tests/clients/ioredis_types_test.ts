/** The npm package ioredis against redino: what programs commonly do with each type of value. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { test } from "./ioredis_support.ts";

test("hashes", async ({ redis }) => {
  assertEquals(await redis.hset("h", { name: "Ada", year: 1815 }), 2);
  assertEquals(await redis.hset("h", new Map([["born in", "London"]])), 1);
  assertEquals(await redis.hgetall("h"), { name: "Ada", year: "1815", "born in": "London" });
  assertEquals(await redis.hgetall("missing"), {});
  assertEquals(await redis.hmget("h", "name", "none"), ["Ada", null]);
  assertEquals(await redis.hincrby("h", "year", 37), 1852);
  assertEquals(await redis.hincrbyfloat("h", "ratio", 0.5), "0.5");
  assertEquals(await redis.hsetnx("h", "name", "Grace"), 0);
  assertEquals((await redis.hkeys("h")).toSorted(), ["born in", "name", "ratio", "year"]);
  assertEquals(await redis.hdel("h", "born in", "none"), 1);
  const [field, value] = await redis.hrandfield("h", 1, "WITHVALUES") as string[];
  assertEquals(await redis.hget("h", field), value);
  assertEquals(await redis.hlen("h"), 3);
});

test("lists", async ({ redis }) => {
  assertEquals(await redis.rpush("l", "b", "c"), 2);
  assertEquals(await redis.lpush("l", "a"), 3);
  assertEquals(await redis.linsert("l", "BEFORE", "c", "b2"), 4);
  assertEquals(await redis.lrange("l", 0, -1), ["a", "b", "b2", "c"]);
  assertEquals(await redis.lpos("l", "b2"), 2);
  assertEquals(await redis.lmove("l", "m", "LEFT", "RIGHT"), "a");
  assertEquals(await redis.lpop("l", 2), ["b", "b2"]);
  assertEquals(await redis.lmpop(2, "none", "l", "RIGHT", "COUNT", 5), ["l", ["c"]]);
  assertEquals(await redis.rpop("l"), null);
  assertEquals(await redis.ltrim("m", 1, 0), "OK");
  assertEquals(await redis.exists("l", "m"), 0);
});

test("sets", async ({ redis }) => {
  assertEquals(await redis.sadd("odd", 1, 3, 5, 7), 4);
  assertEquals(await redis.sadd("prime", 2, 3, 5, 7), 4);
  assertEquals((await redis.sinter("odd", "prime")).toSorted(), ["3", "5", "7"]);
  assertEquals((await redis.sunion("odd", "prime")).toSorted(), ["1", "2", "3", "5", "7"]);
  assertEquals(await redis.sdiff("odd", "prime"), ["1"]);
  assertEquals(await redis.sintercard(2, "odd", "prime", "LIMIT", 2), 2);
  assertEquals(await redis.sdiffstore("left", "prime", "odd"), 1);
  assertEquals(await redis.smembers("left"), ["2"]);
  assertEquals(await redis.smismember("odd", 1, 2), [1, 0]);
  assertEquals(await redis.smove("odd", "left", 1), 1);
  assertEquals((await redis.spop("odd", 2)).length, 2);
  assert(["2", "3", "5", "7"].includes(await redis.srandmember("prime") as string));
});

test("sorted sets", async ({ redis }) => {
  assertEquals(await redis.zadd("z", 1, "one", 2.5, "two", "+inf", "all"), 3);
  assertEquals(await redis.zadd("z", "GT", "CH", 2, "one", 1, "two"), 1);
  assertEquals(await redis.zincrby("z", 1, "one"), "3");
  assertEquals(await redis.zscore("z", "all"), "inf");
  assertEquals(await redis.zrange("z", 0, "-1"), ["two", "one", "all"]);
  assertEquals(await redis.zrange("z", 0, "1", "WITHSCORES"), ["two", "2.5", "one", "3"]);
  assertEquals(await redis.zrange("z", "(2.5", "+inf", "BYSCORE", "LIMIT", 0, 1), ["one"]);
  assertEquals(await redis.zrevrangebyscore("z", "+inf", 3), ["all", "one"]);
  assertEquals(await redis.zrank("z", "one"), 1);
  assertEquals(await redis.zmscore("z", "two", "none"), ["2.5", null]);
  assertEquals(await redis.zcount("z", "-inf", 3), 2);
  await redis.zadd("y", 10, "one");
  assertEquals(await redis.zinterstore("x", 2, "z", "y", "WEIGHTS", 2, 1), 1);
  assertEquals(await redis.zscore("x", "one"), "16");
  assertEquals(await redis.zpopmax("z"), ["all", "inf"]);
  assertEquals(await redis.zremrangebyrank("z", 0, 0), 1);
  assertEquals(await redis.zmpop(1, "z", "MIN"), ["z", [["one", "3"]]]);
});

test("bitmaps, counting and sorting", async ({ redis }) => {
  assertEquals(await redis.setbit("bits", 100, 1), 0);
  assertEquals(await redis.bitcount("bits"), 1);
  const wrapping = await redis.bitfield("bits", "OVERFLOW", "WRAP", "INCRBY", "u8", 0, 200);
  assertEquals(wrapping, [200]);
  assertEquals(await redis.bitfield_ro("bits", "GET", "u4", 0), [12]);
  assertEquals(await redis.pfadd("visitors", "a", "b", "a"), 1);
  assertEquals(await redis.pfcount("visitors"), 2);
  await redis.rpush("l", 3, 10, 2);
  assertEquals(await redis.sort("l", "DESC"), ["10", "3", "2"]);
  await redis.mset("weight:2", 9, "weight:3", 1, "weight:10", 5);
  assertEquals(await redis.sort("l", "BY", "weight:*", "GET", "#"), ["3", "10", "2"]);
});

test("iterators over keys, fields and members", async ({ redis }) => {
  const names = Array.from({ length: 600 }, (_, i) => `member:${i}`);
  const pipeline = redis.pipeline().sadd("set", ...names);
  for (const [i, name] of names.entries()) pipeline.hset("hash", name, i).zadd("zset", i, name);
  await pipeline.mset(names.flatMap((name) => [name, ""])).exec();
  const gather = async (stream: AsyncIterable<string[]>, step: number) => {
    const found: string[] = [];
    for await (const part of stream) found.push(...part);
    return new Set(found.filter((_, i) => i % step === 0)).size;
  };
  assertEquals(await gather(redis.scanStream({ match: "member:*", count: 50 }), 1), 600);
  assertEquals(await gather(redis.scanStream({ type: "hash" }), 1), 1);
  assertEquals(await gather(redis.hscanStream("hash"), 2), 600);
  assertEquals(await gather(redis.hscanStream("hash", { noValues: true }), 1), 600);
  assertEquals(await gather(redis.sscanStream("set", { match: "*9" }), 1), 60);
  assertEquals(await gather(redis.zscanStream("zset", { count: 100 }), 2), 600);
});

test("commands of another type", async ({ redis }) => {
  await redis.lpush("l", "v");
  const wrong = [redis.get("l"), redis.hget("l", "f"), redis.sadd("l", "m"), redis.zcard("l")];
  for (const reply of wrong) await assertRejects(() => reply, Error, "WRONGTYPE");
});
