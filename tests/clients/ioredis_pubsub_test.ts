/** The npm package ioredis against redino: messages, and invalidations of what is cached. */
import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { killConnection, nextEvents, test } from "./ioredis_support.ts";

test("messages of channels, patterns and shard channels", async ({ redis, connect }) => {
  const subscriber = connect();
  assertEquals(await subscriber.subscribe("a", "b"), 2);
  assertEquals(await subscriber.psubscribe("a*", "[bc]"), 4);
  assertEquals(await subscriber.ssubscribe("s"), 1);
  const messages = nextEvents(subscriber, "message", 2);
  const matches = nextEvents(subscriber, "pmessage", 3);
  const shardMessages = nextEvents(subscriber, "smessage", 1);
  assertEquals(await redis.publish("a", "1"), 2);
  assertEquals(await redis.publish("b", "2"), 2);
  assertEquals(await redis.publish("abc", "3"), 1);
  assertEquals(await redis.publish("nobody", "4"), 0);
  assertEquals(await redis.spublish("s", "5"), 1);
  assertEquals(await messages, [["a", "1"], ["b", "2"]]);
  assertEquals(await matches, [["a*", "a", "1"], ["[bc]", "b", "2"], ["a*", "abc", "3"]]);
  assertEquals(await shardMessages, [["s", "5"]]);
  assertEquals((await redis.pubsub("CHANNELS")).toSorted(), ["a", "b"]);
  assertEquals(await redis.pubsub("NUMSUB", "a", "c"), ["a", 1, "c", 0]);
  assertEquals(await redis.call("PUBSUB", "NUMPAT"), 2);
});

test("binary messages", async ({ redis, connect }) => {
  const subscriber = connect();
  await subscriber.subscribe("c");
  const message = nextEvents(subscriber, "messageBuffer", 1);
  await redis.publish("c", Buffer.from([0, 13, 10, 255]));
  const [[channel, bytes]] = await message as Buffer[][];
  assertEquals([channel.toString(), [...bytes]], ["c", [0, 13, 10, 255]]);
});

test("after unsubscribing it is a client like others", async ({ redis, connect }) => {
  const subscriber = connect();
  await subscriber.subscribe("a", "b", "c");
  await subscriber.psubscribe("p*");
  assertEquals(await subscriber.unsubscribe("a"), 3);
  assertEquals(await subscriber.punsubscribe("p*"), 2);
  assertEquals(await subscriber.unsubscribe(), 0);
  assertEquals(await redis.publish("b", ""), 0);
  assertEquals(await subscriber.set("k", "v"), "OK");
});

test("subscriptions are made again after the connection is lost", async ({ redis, connect }) => {
  const subscriber = connect();
  await subscriber.subscribe("c");
  await subscriber.psubscribe("p*");
  await subscriber.ssubscribe("s");
  await killConnection(subscriber, redis);
  const message = nextEvents(subscriber, "message", 1);
  const match = nextEvents(subscriber, "pmessage", 1);
  const shardMessage = nextEvents(subscriber, "smessage", 1);
  while (await redis.publish("c", "1") === 0);
  while (await redis.publish("p", "2") === 0);
  while (await redis.spublish("s", "3") === 0);
  assertEquals(await message, [["c", "1"]]);
  assertEquals(await match, [["p*", "p", "2"]]);
  assertEquals(await shardMessage, [["s", "3"]]);
});

test("keyspace events", async ({ redis, server, connect }) => {
  await redis.config("SET", "notify-keyspace-events", "KExg$");
  const subscriber = connect();
  await subscriber.psubscribe("__key*__:*");
  const events = nextEvents(subscriber, "pmessage", 6);
  await redis.set("k", "v", "PX", 100);
  await server.advance(200);
  const heard = (await events).map(([, channel, message]) => `${channel} ${message}`);
  assertEquals(heard, [
    ...["__keyspace@0__:k set", "__keyevent@0__:set k"],
    ...["__keyspace@0__:k expire", "__keyevent@0__:expire k"],
    ...["__keyspace@0__:k expired", "__keyevent@0__:expired k"],
  ]);
});

test("invalidations that are redirected to a subscriber", async ({ redis, connect }) => {
  // in RESP3 invalidations are pushes of their own, which this package does not hand on
  const listener = connect({ protocol: 2 });
  await listener.subscribe("__redis__:invalidate");
  const listenerId = /id=(\d+) .* sub=1 /.exec(String(await redis.client("LIST")))![1];
  const cached = connect();
  assertEquals(await cached.call("CLIENT", "TRACKING", "ON", "REDIRECT", listenerId), "OK");
  assertEquals(await cached.client("GETREDIR"), Number(listenerId));
  await redis.mset("a", 1, "b", 2);
  assertEquals(await cached.mget("a", "b"), ["1", "2"]);
  const invalidated = nextEvents(listener, "message", 2);
  await redis.mset("b", 3, "a", 4, "c", 5);
  const keys = (await invalidated).map(([, names]) => String(names));
  assertEquals(keys, ["b", "a"]);
  await cached.call("CLIENT", "TRACKING", "OFF");
  assertEquals(await cached.client("GETREDIR"), -1);
});

test("tracking that redirects to nobody is refused", async ({ redis }) => {
  await assertRejects(
    () => redis.call("CLIENT", "TRACKING", "ON", "REDIRECT", 99),
    Error,
    "ERR The client ID you want redirect to does not exist",
  );
});
