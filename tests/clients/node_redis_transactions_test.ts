/** The npm package redis (node-redis) against redino: transactions. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ErrorReply, MultiErrorReply, WatchError } from "redis";
import { killConnection, test } from "./node_redis_support.ts";

test("MULTI and EXEC", async ({ client }) => {
  const replies = await client.multi().set("k", "1").incrBy("k", 5).get("k").hSet("h", "f", "v")
    .hGetAll("h").exec();
  assertEquals<unknown>(replies.slice(0, 4), ["OK", 6, "6", 1]);
  assertEquals<unknown>({ ...replies[4] }, { f: "v" });
});

test("an error inside leaves the rest as it is", async ({ client }) => {
  const transaction = client.multi().set("k", "text").incr("k").append("k", "!");
  const error = await assertRejects(() => transaction.exec());
  assert(error instanceof MultiErrorReply);
  assertEquals([error.replies[0], error.replies[2]], ["OK", 5]);
  assert(error.replies[1] instanceof ErrorReply);
  assertEquals(await client.get("k"), "text!");
});

test("a request that is refused ends all", async ({ client }) => {
  const transaction = client.multi().set("k", "v").addCommand(["nothing"]);
  // it tells of the first refusal, not of the EXECABORT
  await assertRejects(() => transaction.exec(), Error, "ERR unknown command 'nothing'");
  assertEquals(await client.exists("k"), 0);
});

test("a watched key that another client changes", async ({ client, connect }) => {
  const other = await connect();
  await client.set("balance", "10");
  await client.watch(["balance", "other"]);
  await other.incr("balance");
  await assertRejects(() => client.multi().set("balance", "0").exec(), WatchError);
  // it is watched no more
  assertEquals<unknown>(await client.multi().incr("balance").exec(), [12]);
  await client.watch("balance");
  await other.incr("balance");
  await client.unwatch();
  assertEquals<unknown>(await client.multi().incr("balance").exec(), [14]);
});

test("what is watched on a connection that is lost", async ({ client, connect }) => {
  await client.watch("k");
  await killConnection(client, await client.clientId(), await connect());
  await assertRejects(() => client.multi().set("k", "v").exec(), WatchError);
  assertEquals(await client.exists("k"), 0);
});

test("many at once on one connection", async ({ client }) => {
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, i) => client.multi().incr("k").get("k").set(`k${i}`, "").exec()),
  );
  const expected = Array.from({ length: 50 }, (_, i) => [i + 1, `${i + 1}`, "OK"]);
  assertEquals<unknown>(replies, expected);
});
