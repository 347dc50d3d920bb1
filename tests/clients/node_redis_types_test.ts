/** The npm package redis (node-redis) against redino: what programs commonly do with each type of value. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { test } from "./node_redis_support.ts";

/** Replies have objects without a prototype. */
function plain<Reply>(reply: Reply): Reply {
  return structuredClone(reply);
}

test("hashes", async ({ client }) => {
  assertEquals(await client.hSet("h", { name: "Ada", year: 1815 }), 2);
  assertEquals(await client.hSet("h", "born in", "London"), 1);
  assertEquals(plain(await client.hGetAll("h")), {
    name: "Ada",
    year: "1815",
    "born in": "London",
  });
  assertEquals(plain(await client.hGetAll("missing")), {});
  assertEquals(await client.hmGet("h", ["name", "none"]), ["Ada", null]);
  assertEquals(await client.hIncrBy("h", "year", 37), 1852);
  assertEquals(await client.hIncrByFloat("h", "ratio", 0.5), "0.5");
  assertEquals(await client.hSetNX("h", "name", "Grace"), 0);
  assertEquals((await client.hKeys("h")).toSorted(), ["born in", "name", "ratio", "year"]);
  assertEquals(await client.hDel("h", ["born in", "none"]), 1);
  const [entry] = await client.hRandFieldCountWithValues("h", 1);
  assertEquals(await client.hGet("h", entry.field), entry.value);
  assertEquals(await client.hLen("h"), 3);
});

test("lists", async ({ client }) => {
  assertEquals(await client.rPush("l", ["b", "c"]), 2);
  assertEquals(await client.lPush("l", "a"), 3);
  assertEquals(await client.lInsert("l", "BEFORE", "c", "b2"), 4);
  assertEquals(await client.lRange("l", 0, -1), ["a", "b", "b2", "c"]);
  assertEquals(await client.lPos("l", "b2"), 2);
  assertEquals(await client.lMove("l", "m", "LEFT", "RIGHT"), "a");
  assertEquals(await client.lPopCount("l", 2), ["b", "b2"]);
  assertEquals(await client.lmPop(["none", "l"], "RIGHT", { COUNT: 5 }), ["l", ["c"]]);
  assertEquals(await client.rPop("l"), null);
  assertEquals(await client.lTrim("m", 1, 0), "OK");
  assertEquals(await client.exists(["l", "m"]), 0);
});

test("sets", async ({ client }) => {
  assertEquals(await client.sAdd("odd", ["1", "3", "5", "7"]), 4);
  assertEquals(await client.sAdd("prime", ["2", "3", "5", "7"]), 4);
  assertEquals((await client.sInter(["odd", "prime"])).toSorted(), ["3", "5", "7"]);
  assertEquals((await client.sUnion(["odd", "prime"])).toSorted(), ["1", "2", "3", "5", "7"]);
  assertEquals(await client.sDiff(["odd", "prime"]), ["1"]);
  assertEquals(await client.sInterCard(["odd", "prime"], 2), 2);
  assertEquals(await client.sDiffStore("left", ["prime", "odd"]), 1);
  assertEquals(await client.sMembers("left"), ["2"]);
  assertEquals(await client.smIsMember("odd", ["1", "2"]), [1, 0]);
  assertEquals(await client.sMove("odd", "left", "1"), 1);
  assertEquals((await client.sPopCount("odd", 2)).length, 2);
  assert(["2", "3", "5", "7"].includes(await client.sRandMember("prime") as string));
});

test("sorted sets", async ({ client }) => {
  const members = [["one", 1], ["two", 2.5], ["all", Infinity]] as const;
  assertEquals(await client.zAdd("z", members.map(([value, score]) => ({ value, score }))), 3);
  const higher = [{ value: "one", score: 2 }, { value: "two", score: 1 }];
  assertEquals(await client.zAdd("z", higher, { comparison: "GT", CH: true }), 1);
  assertEquals(await client.zIncrBy("z", 1, "one"), 3);
  assertEquals(await client.zScore("z", "all"), Infinity);
  assertEquals(await client.zRange("z", 0, -1), ["two", "one", "all"]);
  assertEquals(plain(await client.zRangeWithScores("z", 0, 1)), [
    { value: "two", score: 2.5 },
    { value: "one", score: 3 },
  ]);
  const limited = { BY: "SCORE", LIMIT: { offset: 0, count: 1 } } as const;
  assertEquals(await client.zRange("z", "(2.5", "+inf", limited), ["one"]);
  assertEquals(await client.zRank("z", "one"), 1);
  assertEquals(await client.zmScore("z", ["two", "none"]), [2.5, null]);
  assertEquals(await client.zCount("z", "-inf", 3), 2);
  await client.zAdd("y", { value: "one", score: 10 });
  const weighted = [{ key: "z", weight: 2 }, { key: "y", weight: 1 }] as const;
  assertEquals(plain(await client.zInterWithScores([...weighted])), [{ value: "one", score: 16 }]);
  assertEquals(plain(await client.zPopMax("z")), { value: "all", score: Infinity });
  assertEquals(await client.zRemRangeByRank("z", 0, 0), 1);
  const popped = plain(await client.zmPop("z", "MIN"));
  assertEquals(popped, { key: "z", members: [{ value: "one", score: 3 }] });
});

test("bitmaps, counting and sorting", async ({ client }) => {
  assertEquals(await client.setBit("bits", 100, 1), 0);
  assertEquals(await client.bitCount("bits"), 1);
  const steps = [
    { operation: "INCRBY", encoding: "u8", offset: 0, increment: 200 },
    { operation: "GET", encoding: "u4", offset: 0 },
  ] as const;
  assertEquals(await client.bitField("bits", [...steps]), [200, 12]);
  assertEquals(await client.pfAdd("visitors", ["a", "b", "a"]), 1);
  assertEquals(await client.pfCount("visitors"), 2);
  await client.rPush("l", ["3", "10", "2"]);
  assertEquals(await client.sort("l", { DIRECTION: "DESC" }), ["10", "3", "2"]);
  await client.mSet({ "weight:2": "9", "weight:3": "1", "weight:10": "5" });
  assertEquals(await client.sort("l", { BY: "weight:*", GET: "#" }), ["3", "10", "2"]);
});

test("iterators over keys, fields and members", async ({ client }) => {
  const names = Array.from({ length: 600 }, (_, i) => `member:${i}`);
  await Promise.all([
    client.mSet(names.map((name): [string, string] => [name, ""])),
    client.hSet("hash", Object.fromEntries(names.map((name) => [name, "value"]))),
    client.sAdd("set", names),
    client.zAdd("zset", names.map((value, score) => ({ value, score }))),
  ]);
  const gather = async <Found>(parts: AsyncIterable<Found[]>) => {
    const found = new Set<unknown>();
    for await (const part of parts) for (const each of part) found.add(each);
    return found.size;
  };
  assertEquals(await gather(client.scanIterator({ MATCH: "member:*", COUNT: 50 })), 600);
  assertEquals(await gather(client.scanIterator({ TYPE: "hash" })), 1);
  assertEquals(await gather(client.hScanIterator("hash")), 600);
  assertEquals(await gather(client.hScanNoValuesIterator("hash")), 600);
  assertEquals(await gather(client.sScanIterator("set", { MATCH: "*9" })), 60);
  assertEquals(await gather(client.zScanIterator("zset", { COUNT: 100 })), 600);
});

test("commands of another type", async ({ client }) => {
  await client.lPush("l", "v");
  const wrong = [client.get("l"), client.hGet("l", "f"), client.sAdd("l", "m"), client.zCard("l")];
  for (const reply of wrong) await assertRejects(async () => await reply, Error, "WRONGTYPE");
});
