/** The npm package redis (node-redis) against redino: streams with consumer groups, and fields with a time to live. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { test } from "./node_redis_support.ts";
import { untilBlocked } from "./waiting.ts";

/** Ids and fields of what was read from one stream; null where nothing was. */
function entriesOf(reply: unknown): unknown {
  const streams = structuredClone(reply) as { messages: { id: string; message: unknown }[] }[];
  return streams?.[0].messages.map(({ id, message }) => [id, message]) ?? null;
}

test("entries are added, read and trimmed", async ({ client }) => {
  assertEquals(await client.xAdd("s", "1-1", { name: "Ada" }), "1-1");
  assertEquals(await client.xAdd("s", "1-*", { name: "Grace", born: "1906" }), "1-2");
  assert(/^\d+-0$/.test(await client.xAdd("s", "*", { name: "Edsger" })));
  await assertRejects(() => client.xAdd("s", "1-1", { f: "v" }), Error, "ERR The ID specified");
  assertEquals(await client.xLen("s"), 3);
  const range = await client.xRange("s", "-", "1-2");
  assertEquals(range?.map(({ id, message }) => [id, { ...message }]), [
    ["1-1", { name: "Ada" }],
    ["1-2", { name: "Grace", born: "1906" }],
  ]);
  const [last] = await client.xRevRange("s", "+", "-", { COUNT: 1 }) ?? [];
  assertEquals({ ...last.message }, { name: "Edsger" });
  const read = await client.xRead({ key: "s", id: "1-1" }, { COUNT: 1 });
  assertEquals(entriesOf(read), [["1-2", { name: "Grace", born: "1906" }]]);
  assertEquals(await client.xTrim("s", "MAXLEN", 1), 2);
  assertEquals(await client.xDel("s", "1-1"), 0);
});

test("XREAD waits for what is new", async ({ client, server, connect }) => {
  const reader = await connect();
  const read = reader.xRead({ key: "s", id: "$" }, { BLOCK: 0 });
  await untilBlocked((section) => client.info(section), 1);
  await client.xAdd("s", "5-0", { f: "v" });
  assertEquals(entriesOf(await read), [["5-0", { f: "v" }]]);
  const inVain = reader.xRead({ key: "s", id: "5-0" }, { BLOCK: 500 });
  await untilBlocked((section) => client.info(section), 1);
  await server.advance(600);
  assertEquals(await inVain, null);
});

test("a group shares entries among its consumers", async ({ client, connect }) => {
  assertEquals(await client.xGroupCreate("s", "g", "$", { MKSTREAM: true }), "OK");
  await assertRejects(() => client.xGroupCreate("s", "g", "$"), Error, "BUSYGROUP");
  const next = async (consumer: string) =>
    entriesOf(await client.xReadGroup("g", consumer, { key: "s", id: ">" }, { COUNT: 1 }));
  for (const id of ["1-0", "2-0", "3-0"]) await client.xAdd("s", id, { f: id });
  assertEquals(await next("one"), [["1-0", { f: "1-0" }]]);
  assertEquals(await next("two"), [["2-0", { f: "2-0" }]]);
  assertEquals(await next("one"), [["3-0", { f: "3-0" }]]);
  assertEquals(await next("one"), null);
  assertEquals(await client.xAck("s", "g", ["1-0", "9-9"]), 1);
  const pending = structuredClone(await client.xPending("s", "g"));
  assertEquals(pending, {
    pending: 2,
    firstId: "2-0",
    lastId: "3-0",
    consumers: [{ name: "one", deliveriesCounter: 1 }, { name: "two", deliveriesCounter: 1 }],
  });
  const waiter = await connect();
  const waiting = waiter.xReadGroup("g", "three", { key: "s", id: ">" }, { BLOCK: 0 });
  await untilBlocked((section) => client.info(section), 1);
  await client.xAdd("s", "4-0", { f: "v" });
  assertEquals(entriesOf(await waiting), [["4-0", { f: "v" }]]);
});

test("what a consumer leaves is claimed by another", async ({ client, server }) => {
  await client.xAdd("s", "1-0", { f: "v" });
  await client.xAdd("s", "2-0", { f: "w" });
  await client.xGroupCreate("s", "g", "0");
  await client.xReadGroup("g", "gone", { key: "s", id: ">" });
  await server.advance(5000);
  const claim = async (idleMs: number) => {
    const { messages, nextId } = await client.xAutoClaim("s", "g", "heir", idleMs, "0", {
      COUNT: 1,
    });
    return [nextId, messages.map((entry) => entry?.id)];
  };
  assertEquals(await claim(60_000), ["0-0", []]);
  assertEquals(await claim(5000), ["2-0", ["1-0"]]);
  assertEquals(await client.xClaimJustId("s", "g", "heir", 5000, "2-0"), ["2-0"]);
  const pending = await client.xPendingRange("s", "g", "-", "+", 10, { consumer: "heir" });
  assertEquals(pending.map(({ id, consumer }) => [id, consumer]), [["1-0", "heir"], [
    "2-0",
    "heir",
  ]]);
  assertEquals(await client.xGroupDelConsumer("s", "g", "heir"), 2);
  assertEquals(await client.xGroupDestroy("s", "g"), 1);
});

test("XINFO", async ({ client }) => {
  await client.xAdd("s", "1-0", { f: "v" });
  await client.xGroupCreate("s", "g", "0");
  const info = await client.xInfoStream("s");
  assertEquals([info.length, info["last-generated-id"], info.groups], [1, "1-0", 1]);
  const [group] = await client.xInfoGroups("s");
  assertEquals([group.name, group.consumers, group.lag], ["g", 0, 1]);
});

test("fields with a time to live", async ({ client, server }) => {
  await client.hSet("h", { stays: 1, goes: 2 });
  assertEquals(await client.hExpire("h", ["goes", "missing"], 10), [1, -2]);
  assertEquals(await client.hTTL("h", ["goes", "stays"]), [10, -1]);
  assertEquals(await client.hPersist("h", ["stays"]), [-1]);
  await server.advance(11_000);
  assertEquals({ ...await client.hGetAll("h") }, { stays: "1" });
});
