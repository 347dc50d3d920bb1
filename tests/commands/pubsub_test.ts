/** What of publish and subscribe takes several clients, or one that reads slowly. */
import { assertEquals, assertMatch } from "@std/assert";
import type { Client } from "../../src/client/client.ts";
import {
  fieldsOf,
  read,
  readToEnd,
  run,
  textOf,
  until,
  withServer,
  write,
} from "../net/support.ts";

/** What a client hears from now on, each message as its words. */
function heardBy(client: Client): string[] {
  const heard: string[] = [];
  client.onPush = (push) => heard.push(textOf(push));
  return heard;
}

Deno.test("a message goes to everybody who listens, in RESP2 and in RESP3", async () => {
  await withServer(async ({ connect, open }) => {
    const modern = await connect();
    await run(modern, "HELLO 3");
    const heard = heardBy(modern);
    modern.post(["SUBSCRIBE", "news"]);
    modern.post(["PSUBSCRIBE", "n*"]);
    const old = await open();
    await write(old, "SUBSCRIBE news\r\n");
    const subscribed = "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n";
    assertEquals(await read(old, subscribed.length), subscribed);
    // a command between messages, in RESP3
    assertEquals(await run(modern, "PING"), "PONG");
    const publisher = await connect();
    assertEquals(await run(publisher, "PUBLISH news hello"), "3");
    assertEquals(await run(publisher, "PUBLISH nobody hello"), "1");
    const message = "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n";
    assertEquals(await read(old, message.length), message);
    await until(() => heard.length === 5);
    assertEquals(heard, [
      "subscribe news 1",
      "psubscribe n* 2",
      "message news hello",
      "pmessage n* news hello",
      "pmessage n* nobody hello",
    ]);
  });
});

Deno.test("messages of several publishers keep the order of each, and of all for everybody", async () => {
  await withServer(async ({ connect }) => {
    const listeners = [await connect(), await connect(), await connect()];
    const heard = listeners.map(heardBy);
    for (const listener of listeners) listener.post(["SUBSCRIBE", "c"]);
    await until(() => heard.every((messages) => messages.length === 1));
    const publishers = [await connect(), await connect()];
    const sent: Promise<unknown>[] = [];
    for (let i = 0; i < 200; i++) sent.push(run(publishers[i % 2], `PUBLISH c ${i}`));
    await Promise.all(sent);
    await until(() => heard.every((messages) => messages.length === 201));
    assertEquals(heard[1], heard[0]);
    assertEquals(heard[2], heard[0]);
    for (const parity of [0, 1]) {
      const numbers = heard[0].slice(1).map((message) => Number(message.split(" ")[2]));
      const ofOne = numbers.filter((number) => number % 2 === parity);
      assertEquals(ofOne, Array.from({ length: 100 }, (_, i) => 2 * i + parity));
    }
  });
});

Deno.test("whoever goes while subscribed listens no more", async () => {
  await withServer(async ({ connect, open, server }) => {
    const admin = await connect();
    const gone = await open();
    await write(gone, "SUBSCRIBE a b\r\nPSUBSCRIBE p*\r\nSSUBSCRIBE s\r\n");
    const killed = await open();
    await write(killed, "SUBSCRIBE a\r\n");
    await until(() => [...server.clients].filter((client) => client.subscriptions).length === 2);
    assertEquals(await run(admin, "PUBSUB NUMSUB a b"), "a 2 b 1");
    assertMatch(await run(admin, "INFO clients"), /pubsub_clients:2\r/);
    gone.close();
    await until(async () => await run(admin, "PUBSUB NUMSUB a b") === "a 1 b 0");
    assertEquals(await run(admin, "PUBSUB NUMPAT"), "0");
    assertEquals(await run(admin, "PUBSUB SHARDCHANNELS"), "");
    assertEquals(await run(admin, "CLIENT KILL TYPE pubsub"), "1");
    await until(async () => await run(admin, "PUBLISH a message") === "0");
    assertEquals(await run(admin, "PUBSUB CHANNELS"), "");
    assertMatch(await run(admin, "INFO clients"), /pubsub_clients:0\r/);
  });
});

Deno.test("a subscriber in RESP2 is free again when it listens to nothing", async () => {
  await withServer(async ({ connect, open }) => {
    const socket = await open();
    await write(socket, "SUBSCRIBE c\r\nGET k\r\nUNSUBSCRIBE\r\nGET k\r\n");
    const refused =
      "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT " +
      "/ RESET are allowed in this context\r\n";
    const expected = "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n" + refused +
      "*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n$-1\r\n";
    assertEquals(await read(socket, expected.length), expected);
    const other = await connect();
    assertEquals(fieldsOf(await run(other, "CLIENT LIST ID 1")).flags, "N");
  });
});

/** A client that subscribes to `c` and reads nothing, and one that publishes a megabyte a time. */
async function slowSubscriber({ connect, open, server }: Parameters<
  Parameters<typeof withServer>[0]
>[0]) {
  const slow = await open();
  await write(slow, "SUBSCRIBE c\r\n");
  await until(() => [...server.clients].some((client) => client.subscriptions !== null));
  const publisher = await connect();
  const megabyte = new Uint8Array(1 << 20);
  return { slow, publish: () => publisher.send(["PUBLISH", "c", megabyte]) };
}

Deno.test("a subscriber that leaves more unread than the hard limit is disconnected", async () => {
  await withServer(async (given) => {
    const { slow, publish } = await slowSubscriber(given);
    const { clients, stats } = given.server;
    let published = 0;
    while (clients.count === 2) {
      await publish();
      assertEquals(++published < 200, true, "the subscriber is never disconnected");
    }
    assertEquals(stats.outputLimitDisconnects, 1);
    // what it has been sent before is all that it gets
    assertEquals((await readToEnd(slow)).length < published << 20, true);
  }, "client-output-buffer-limit pubsub 16mb 0 0");
});

Deno.test("a subscriber over its soft limit is disconnected when the time is over", async () => {
  await withServer(async (given) => {
    const { publish } = await slowSubscriber(given);
    const { clients, stats } = given.server;
    const [subscriber] = clients;
    while (subscriber.link.outputBytes < 9 << 20) await publish();
    given.clock.advance(2000);
    assertEquals(clients.count, 2);
    for (let i = 0; i < 20; i++) given.clock.advance(100);
    await until(() => clients.count === 1);
    assertEquals(stats.outputLimitDisconnects, 1);
  }, "client-output-buffer-limit pubsub 0 8mb 3");
});

Deno.test("the limit of subscribers is for those who have unsubscribed no more", async () => {
  await withServer(async ({ connect, open, server }) => {
    const admin = await connect();
    await admin.send(["SET", "long", new Uint8Array(4 << 20)]);
    const socket = await open();
    await write(socket, "SUBSCRIBE c\r\nUNSUBSCRIBE c\r\n" + "GET long\r\n".repeat(4));
    await until(() => [...server.clients].some(({ link }) => link.outputBytes > 4 << 20));
    await run(admin, "PING");
    assertEquals(server.stats.outputLimitDisconnects, 0);
  }, "client-output-buffer-limit pubsub 1mb 0 0");
});
