/** The npm package redis (node-redis) against redino: clients that wait for keys. */
import { assertEquals, assertRejects } from "@std/assert";
import { killConnection, test } from "./node_redis_support.ts";
import { untilBlocked } from "./waiting.ts";

test("BLPOP is served by another client", async ({ client, connect }) => {
  const waiter = await connect();
  const popped = waiter.blPop(["a", "b"], 0);
  await untilBlocked((section) => client.info(section), 1);
  assertEquals(await client.rPush("b", ["first", "second"]), 2);
  assertEquals({ ...await popped }, { key: "b", element: "first" });
  // what is there already is not waited for
  assertEquals({ ...await waiter.brPop(["a", "b"], 0) }, { key: "b", element: "second" });
});

test("what waits in vain gets null when its time is up", async ({ client, server, connect }) => {
  const waiters = await Promise.all([connect(), connect(), connect(), connect()]);
  const replies = Promise.all([
    waiters[0].blPop("k", 0.5),
    waiters[1].bzPopMin("k", 0.5),
    waiters[2].blMove("k", "l", "LEFT", "RIGHT", 0.5),
    waiters[3].blmPop(0.5, ["k", "l"], "LEFT"),
  ]);
  await untilBlocked((section) => client.info(section), 4);
  await server.advance(600);
  assertEquals(await replies, [null, null, null, null]);
});

test("several that wait are served in their order", async ({ client, connect }) => {
  const served: Promise<unknown>[] = [];
  for (let i = 0; i < 5; i++) {
    const waiter = await connect();
    served.push(waiter.brPop("k", 0).then((popped) => popped?.element));
    await untilBlocked((section) => client.info(section), i + 1);
  }
  await client.lPush("k", ["0", "1", "2", "3", "4", "5"]);
  assertEquals(await Promise.all(served), ["0", "1", "2", "3", "4"]);
  assertEquals(await client.lRange("k", 0, -1), ["5"]);
});

test("sorted sets are waited for", async ({ client, connect }) => {
  const waiter = await connect();
  const serve = async <Reply>(waiting: Promise<Reply>, score: number): Promise<Reply> => {
    await untilBlocked((section) => client.info(section), 1);
    await client.zAdd("k", { score, value: "m" });
    return await waiting;
  };
  const smallest = await serve(waiter.bzPopMin("k", 0), 1.5);
  assertEquals({ ...smallest }, { key: "k", value: "m", score: 1.5 });
  const largest = await serve(waiter.bzPopMax("k", 0), Infinity);
  assertEquals({ ...largest }, { key: "k", value: "m", score: Infinity });
  const several = await serve(waiter.bzmPop(0, ["j", "k"], "MIN"), -1);
  assertEquals({ ...several, members: several?.members.map((member) => ({ ...member })) }, {
    key: "k",
    members: [{ value: "m", score: -1 }],
  });
});

test("a client that waits is unblocked with an error", async ({ client, connect }) => {
  const waiter = await connect();
  const id = await waiter.clientId();
  const refused = assertRejects(() => waiter.blPop("k", 0), Error, "UNBLOCKED");
  await untilBlocked((section) => client.info(section), 1);
  assertEquals(await client.clientUnblock(id, "ERROR"), 1);
  await refused;
});

test("what is for one that lost its connection is for the next", async ({ client, connect }) => {
  const gone = await connect();
  const id = await gone.clientId();
  const lost = assertRejects(() => gone.blPop("k", 0), Error);
  await untilBlocked((section) => client.info(section), 1);
  const waiter = await connect();
  const popped = waiter.blPop("k", 0);
  await untilBlocked((section) => client.info(section), 2);
  await killConnection(gone, id, client);
  await lost;
  await client.rPush("k", "v");
  assertEquals((await popped)?.element, "v");
});
