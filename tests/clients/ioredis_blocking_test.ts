/** The npm package ioredis against redino: clients that wait for keys. */
import { assertEquals, assertRejects } from "@std/assert";
import { killConnection, test } from "./ioredis_support.ts";
import { untilBlocked } from "./waiting.ts";

test("BLPOP is served by another client", async ({ redis, connect }) => {
  const waiter = connect();
  const popped = waiter.blpop("a", "b", 0);
  await untilBlocked((section) => redis.info(section), 1);
  assertEquals(await redis.rpush("b", "first", "second"), 2);
  assertEquals(await popped, ["b", "first"]);
  // what is there already is not waited for
  assertEquals(await waiter.brpop("a", "b", 0), ["b", "second"]);
});

test("what waits in vain gets null when its time is up", async ({ redis, server, connect }) => {
  const list = connect().blpop("k", 0.5);
  const sortedSet = connect().bzpopmin("k", 0.5);
  const move = connect().blmove("k", "l", "LEFT", "RIGHT", 0.5);
  const several = connect().blmpop(0.5, 2, "k", "l", "LEFT");
  await untilBlocked((section) => redis.info(section), 4);
  await server.advance(600);
  assertEquals(await Promise.all([list, sortedSet, move, several]), [null, null, null, null]);
});

test("several that wait are served in their order", async ({ redis, connect }) => {
  const served: Promise<unknown>[] = [];
  for (let i = 0; i < 5; i++) {
    served.push(connect().brpop("k", 0));
    await untilBlocked((section) => redis.info(section), i + 1);
  }
  await redis.lpush("k", 0, 1, 2, 3, 4, 5);
  assertEquals(await Promise.all(served), ["0", "1", "2", "3", "4"].map((value) => ["k", value]));
  assertEquals(await redis.lrange("k", 0, -1), ["5"]);
});

test("every blocking command is served", async ({ redis, connect }) => {
  const waiter = connect();
  const serve = async <Reply>(waiting: Promise<Reply>, ...command: string[]): Promise<Reply> => {
    await untilBlocked((section) => redis.info(section), 1);
    await redis.call(command[0], ...command.slice(1));
    return await waiting;
  };
  assertEquals(await serve(waiter.blmove("k", "to", "LEFT", "LEFT", 0), "RPUSH", "k", "v"), "v");
  assertEquals(await serve(waiter.brpoplpush("k", "to", 0), "RPUSH", "k", "w"), "w");
  assertEquals(await redis.lrange("to", 0, -1), ["w", "v"]);
  const lists = waiter.blmpop(0, 2, "j", "k", "RIGHT", "COUNT", 2);
  assertEquals(await serve(lists, "RPUSH", "k", "a", "b", "c"), ["k", ["c", "b"]]);
  await redis.del("k");
  assertEquals(await serve(waiter.bzpopmin("k", 0), "ZADD", "k", "1.5", "m"), ["k", "m", "1.5"]);
  assertEquals(await serve(waiter.bzpopmax("k", 0), "ZADD", "k", "2", "m"), ["k", "m", "2"]);
  const sortedSets = waiter.bzmpop(0, 1, "k", "MIN");
  assertEquals(await serve(sortedSets, "ZADD", "k", "1", "m"), ["k", [["m", "1"]]]);
});

test("a client that waits is unblocked with an error", async ({ redis, connect }) => {
  const waiter = connect();
  const id = await waiter.client("ID");
  const refused = assertRejects(() => waiter.blpop("k", 0), Error, "UNBLOCKED");
  await untilBlocked((section) => redis.info(section), 1);
  assertEquals(await redis.client("UNBLOCK", id, "ERROR"), 1);
  await refused;
});

test("one that loses its connection waits again", async ({ redis, connect }) => {
  const waiter = connect();
  const popped = waiter.blpop("k", 0);
  await untilBlocked((section) => redis.info(section), 1);
  await killConnection(waiter, redis);
  await untilBlocked((section) => redis.info(section), 1);
  await redis.rpush("k", "v");
  assertEquals(await popped, ["k", "v"]);
});
