/** The npm package redis (node-redis) against redino: messages. */
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { ear, killConnection, test } from "./node_redis_support.ts";

test("messages of channels, patterns and shard channels", async ({ client, connect }) => {
  const subscriber = await connect();
  const [channels, patterns, shardChannels] = [ear(), ear(), ear()];
  await subscriber.subscribe(["a", "b"], channels.listener);
  await subscriber.pSubscribe(["a*", "[bc]"], patterns.listener);
  await subscriber.sSubscribe("s", shardChannels.listener);
  assertEquals(await client.publish("a", "1"), 2);
  assertEquals(await client.publish("b", "2"), 2);
  assertEquals(await client.publish("abc", "3"), 1);
  assertEquals(await client.publish("nobody", "4"), 0);
  assertEquals(await client.sPublish("s", "5"), 1);
  assertEquals((await client.pubSubChannels()).toSorted(), ["a", "b"]);
  assertEquals({ ...await client.pubSubNumSub(["a", "c"]) }, { a: 1, c: 0 });
  assertEquals(await client.pubSubNumPat(), 2);
  assertEquals(await client.pubSubShardChannels(), ["s"]);
  // its reply comes behind the messages
  await subscriber.ping();
  assertEquals(channels.heard, ["a: 1", "b: 2"]);
  assertEquals(patterns.heard, ["a: 1", "b: 2", "abc: 3"]);
  assertEquals(shardChannels.heard, ["s: 5"]);
});

test("binary messages", async ({ client, connect }) => {
  const subscriber = await connect();
  const message = new Promise<Buffer>((resolve) => {
    subscriber.subscribe("c", (bytes) => resolve(bytes), true)
      .then(() => client.publish("c", Buffer.from([0, 13, 10, 255])));
  });
  assertEquals([...await message], [0, 13, 10, 255]);
});

test("after unsubscribing it is a client like others", async ({ client, connect }) => {
  const subscriber = await connect();
  const { heard, listener } = ear();
  await subscriber.subscribe(["a", "b"], listener);
  await subscriber.pSubscribe("p*", listener);
  await subscriber.sSubscribe("s", listener);
  await subscriber.unsubscribe("a");
  assertEquals(await client.publish("a", "1"), 0);
  assertEquals(await client.publish("b", "2"), 1);
  await subscriber.unsubscribe();
  await subscriber.pUnsubscribe();
  await subscriber.sUnsubscribe();
  for (const channel of ["b", "p"]) assertEquals(await client.publish(channel, "3"), 0);
  assertEquals(await client.sPublish("s", "3"), 0);
  // in RESP2 it goes on giving bytes
  assertEquals(String(await subscriber.set("k", "v")), "OK");
  assertEquals(heard, ["b: 2"]);
});

test("subscriptions are made again after the connection is lost", async ({ client, connect }) => {
  const subscriber = await connect();
  const id = await subscriber.clientId();
  const { heard, listener } = ear();
  await subscriber.subscribe("c", listener);
  await subscriber.pSubscribe("p*", listener);
  await subscriber.sSubscribe("s", listener);
  await killConnection(subscriber, id, client);
  assertEquals(await client.publish("c", "1"), 1);
  assertEquals(await client.publish("p", "2"), 1);
  assertEquals(await client.sPublish("s", "3"), 1);
  await subscriber.ping();
  assertEquals(heard, ["c: 1", "p: 2", "s: 3"]);
});

test("keyspace events", async ({ client, server, connect }) => {
  await client.configSet("notify-keyspace-events", "KEA");
  const subscriber = await connect();
  const { heard, listener } = ear();
  await subscriber.pSubscribe("__key*__:*", listener);
  await client.hSet("h", "f", "v");
  await client.set("k", "v", { expiration: { type: "PX", value: 100 } });
  await server.advance(200);
  await subscriber.ping();
  assertEquals(heard.filter((line) => line.startsWith("__keyevent")), [
    "__keyevent@0__:hset: h",
    "__keyevent@0__:set: k",
    "__keyevent@0__:expire: k",
    "__keyevent@0__:expired: k",
  ]);
});
