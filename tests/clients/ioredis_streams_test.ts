/** The npm package ioredis against redino: streams with consumer groups, and fields with a time to live. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { test } from "./ioredis_support.ts";
import { untilBlocked } from "./waiting.ts";

test("entries are added, read and trimmed", async ({ redis }) => {
  assertEquals(await redis.xadd("s", "1-1", "name", "Ada"), "1-1");
  assertEquals(await redis.xadd("s", "1-*", "name", "Grace", "born", "1906"), "1-2");
  assert(/^\d+-0$/.test(await redis.xadd("s", "*", "name", "Edsger") ?? ""));
  await assertRejects(() => redis.xadd("s", "1-1", "f", "v"), Error, "ERR The ID specified");
  assertEquals(await redis.xlen("s"), 3);
  assertEquals(await redis.xrange("s", "-", "1-2"), [
    ["1-1", ["name", "Ada"]],
    ["1-2", ["name", "Grace", "born", "1906"]],
  ]);
  const [[, fields]] = await redis.xrevrange("s", "+", "-", "COUNT", 1);
  assertEquals(fields, ["name", "Edsger"]);
  assertEquals(await redis.xread("COUNT", 1, "STREAMS", "s", "1-1"), [
    ["s", [["1-2", ["name", "Grace", "born", "1906"]]]],
  ]);
  assertEquals(await redis.xtrim("s", "MAXLEN", 1), 2);
  assertEquals(await redis.xdel("s", "1-1"), 0);
});

test("XREAD waits for what is new", async ({ redis, server, connect }) => {
  const reader = connect();
  const read = reader.xread("BLOCK", 0, "STREAMS", "s", "$");
  await untilBlocked((section) => redis.info(section), 1);
  await redis.xadd("s", "5-0", "f", "v");
  assertEquals(await read, [["s", [["5-0", ["f", "v"]]]]]);
  const inVain = reader.xread("BLOCK", 500, "STREAMS", "s", "5-0");
  await untilBlocked((section) => redis.info(section), 1);
  await server.advance(600);
  assertEquals(await inVain, null);
});

test("a group shares entries among its consumers", async ({ redis, connect }) => {
  assertEquals(await redis.xgroup("CREATE", "s", "g", "$", "MKSTREAM"), "OK");
  await assertRejects(() => redis.xgroup("CREATE", "s", "g", "$"), Error, "BUSYGROUP");
  const next = (consumer: string) =>
    redis.xreadgroup("GROUP", "g", consumer, "COUNT", 1, "STREAMS", "s", ">");
  for (const id of ["1-0", "2-0", "3-0"]) await redis.xadd("s", id, "f", id);
  assertEquals(await next("one"), [["s", [["1-0", ["f", "1-0"]]]]]);
  assertEquals(await next("two"), [["s", [["2-0", ["f", "2-0"]]]]]);
  assertEquals(await next("one"), [["s", [["3-0", ["f", "3-0"]]]]]);
  assertEquals(await next("one"), null);
  assertEquals(await redis.xack("s", "g", "1-0", "9-9"), 1);
  assertEquals(await redis.xpending("s", "g"), [2, "2-0", "3-0", [["one", "1"], ["two", "1"]]]);
  const waiter = connect();
  const waiting = waiter.xreadgroup("GROUP", "g", "three", "BLOCK", 0, "STREAMS", "s", ">");
  await untilBlocked((section) => redis.info(section), 1);
  await redis.xadd("s", "4-0", "f", "v");
  assertEquals(await waiting, [["s", [["4-0", ["f", "v"]]]]]);
});

test("what a consumer leaves is claimed by another", async ({ redis, server }) => {
  await redis.xadd("s", "1-0", "f", "v");
  await redis.xadd("s", "2-0", "f", "w");
  await redis.xgroup("CREATE", "s", "g", "0");
  await redis.xreadgroup("GROUP", "g", "gone", "STREAMS", "s", ">");
  await server.advance(5000);
  assertEquals(await redis.xautoclaim("s", "g", "heir", 60_000, "0"), ["0-0", [], []]);
  assertEquals(await redis.xautoclaim("s", "g", "heir", 5000, "0", "COUNT", 1), [
    "2-0",
    [["1-0", ["f", "v"]]],
    [],
  ]);
  assertEquals(await redis.xclaim("s", "g", "heir", 5000, "2-0", "JUSTID"), ["2-0"]);
  const pending = await redis.xpending("s", "g", "-", "+", 10, "heir") as unknown[][];
  assertEquals(pending.map(([id, consumer]) => [id, consumer]), [["1-0", "heir"], ["2-0", "heir"]]);
  assertEquals(await redis.xgroup("DELCONSUMER", "s", "g", "heir"), 2);
  assertEquals(await redis.xgroup("DESTROY", "s", "g"), 1);
});

test("XINFO", async ({ redis }) => {
  await redis.xadd("s", "1-0", "f", "v");
  await redis.xgroup("CREATE", "s", "g", "0");
  const info = await redis.xinfo("STREAM", "s") as unknown[];
  assertEquals(info.slice(0, 2), ["length", 1]);
  assertEquals(info[info.indexOf("last-generated-id") + 1], "1-0");
  const [group] = await redis.xinfo("GROUPS", "s") as unknown[][];
  assertEquals(group.slice(0, 4), ["name", "g", "consumers", 0]);
  assertEquals(group.slice(-2), ["lag", 1]);
});

test("fields with a time to live", async ({ redis, server }) => {
  await redis.hset("h", { stays: 1, goes: 2 });
  assertEquals(await redis.hexpire("h", 10, "FIELDS", 2, "goes", "missing"), [1, -2]);
  assertEquals(await redis.httl("h", "FIELDS", 2, "goes", "stays"), [10, -1]);
  assertEquals(await redis.hpersist("h", "FIELDS", 1, "stays"), [-1]);
  await server.advance(11_000);
  assertEquals(await redis.hgetall("h"), { stays: "1" });
});
