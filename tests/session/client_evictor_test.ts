import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Client } from "../../src/client/client.ts";
import { fieldsOf, read, run, type TestServer, until, withServer, write } from "../net/support.ts";

const kilobyte = 1 << 10;
const megabyte = 1 << 20;

/** A thousand requests. */
function repeated(line: (i: number) => string): string {
  return Array.from({ length: 1000 }, (_, i) => `${line(i)}\r\n`).join("");
}

/** A client that stays whatever happens. */
async function connectAdmin({ connect }: TestServer): Promise<Client> {
  const admin = await connect();
  await run(admin, "CLIENT NO-EVICT ON");
  return admin;
}

/** The memory of each client but the first, by its id. */
async function memoryById(admin: Client): Promise<Map<number, number>> {
  const lines = (await run(admin, "CLIENT LIST")).trimEnd().split("\n").slice(1);
  return new Map(
    lines.map(fieldsOf).map((fields) => [Number(fields.id), Number(fields["tot-mem"])]),
  );
}

/** A peer that has sent so much of an argument, and no more. */
async function openSender({ open, server }: TestServer, byteLength: number): Promise<Deno.Conn> {
  const peer = await open();
  await write(peer, `*2\r\n$${byteLength}\r\n`);
  await write(peer, new Uint8Array(byteLength));
  await until(() => [...server.clients].at(-1)!.link.queryPendingBytes === byteLength);
  return peer;
}

Deno.test("the largest clients are ended, and no more than it takes", async () => {
  await withServer(async (given) => {
    const admin = await connectAdmin(given);
    for (const size of [300, 100, 500, 200, 400]) await openSender(given, size * kilobyte);
    const memory = await memoryById(admin);
    for (const [id, size] of [[2, 300], [3, 100], [4, 500], [5, 200], [6, 400]]) {
      assert(memory.get(id)! >= size * kilobyte);
      assert(memory.get(id)! < size * kilobyte + 10_000);
    }
    await run(admin, `CONFIG SET maxmemory-clients ${650 * kilobyte}`);
    await until(async () => (await memoryById(admin)).size === 3);
    assertEquals([...(await memoryById(admin)).keys()], [2, 3, 5]);
    assertEquals(given.server.stats.clientsEvicted, 2);
    assertMatch(given.logged.at(-2)!, /^\* Evicting client: id=4 addr=127\.0\.0\.1:\d+ tot-mem=5/);
    assertMatch(given.logged.at(-1)!, /^\* Evicting client: id=6 /);
    assertMatch(await run(admin, "INFO stats"), /\r\nevicted_clients:2\r\n/);
    await run(admin, "CONFIG RESETSTAT");
    assertMatch(await run(admin, "INFO stats"), /\r\nevicted_clients:0\r\n/);
  });
});

Deno.test("a client that CLIENT NO-EVICT protects stays, and others pay for it", async () => {
  await withServer(async (given) => {
    const admin = await connectAdmin(given);
    const large = await given.open();
    await write(large, "CLIENT NO-EVICT on\r\nHELLO 3\r\n" + repeated((i) => `SUBSCRIBE ${i}`));
    await until(async () => (await memoryById(admin)).get(2)! > 500 * kilobyte);
    await openSender(given, 10 * kilobyte);
    await run(admin, "CONFIG SET maxmemory-clients 500kb");
    await until(async () => (await memoryById(admin)).size === 1);
    assert((await memoryById(admin)).has(2));
    await write(large, "CLIENT NO-EVICT off\r\n");
    await until(async () => (await memoryById(admin)).size === 0);
  });
});

Deno.test("maxmemory-clients may be a percentage of maxmemory, and none below 128 KB", async () => {
  await withServer(async (given) => {
    const admin = await connectAdmin(given);
    await openSender(given, megabyte);
    await openSender(given, 100 * kilobyte);
    await run(admin, "CONFIG SET maxmemory-clients 10%");
    await run(admin, "CONFIG SET maxmemory 20mb");
    assertEquals((await memoryById(admin)).size, 2);
    await run(admin, "CONFIG SET maxmemory 5mb");
    await until(async () => (await memoryById(admin)).size === 1);
    await run(admin, "CONFIG SET maxmemory-clients 1 maxmemory 0");
    assertEquals([...(await memoryById(admin)).keys()], [3]);
    await openSender(given, 50 * kilobyte).catch(() => {});
    await until(async () => !(await memoryById(admin)).has(3));
  });
});

/** What a client may have the server keep for it, in more than 300 KB. */
const requests: Readonly<Record<string, string>> = {
  "an argument": `*2\r\n$300000\r\n${"x".repeat(300_000)}`,
  "arguments of a request that is not complete": `*3\r\n$300000\r\n${"x".repeat(300_000)}\r\n`,
  "what waits for EXEC": `MULTI\r\nSET key ${"x".repeat(60_000)}\r\n` +
    `SET key ${"x".repeat(60_000)}\r\n`.repeat(5),
  "many small requests that wait for EXEC": "MULTI\r\n" + repeated(() => "PING"),
  "what waits behind a request": "BLPOP list 0\r\n" + repeated(() => `PING ${"x".repeat(300)}`),
  "watched keys": repeated((i) => `WATCH key:${i}`),
  "channels": repeated((i) => `SUBSCRIBE channel:${i}`),
  "patterns": repeated((i) => `PSUBSCRIBE channel:${i}:*`),
  "shard channels": repeated((i) => `SSUBSCRIBE channel:${i}`),
  "tracked prefixes": "HELLO 3\r\n" +
    repeated((i) => `CLIENT TRACKING ON BCAST PREFIX ${String(i).padStart(6, "0")}:`),
};

Deno.test("what counts for maxmemory-clients", async (t) => {
  for (const [what, sent] of Object.entries(requests)) {
    await t.step(what, async () => {
      await withServer(async (given) => {
        const admin = await connectAdmin(given);
        const peer = await given.open();
        // the replies are read: they are not what this is about
        peer.readable.pipeTo(new WritableStream()).catch(() => {});
        await write(peer, sent).catch(() => {});
        await until(async () => (await memoryById(admin)).size === 0);
        assertEquals(given.server.stats.clientsEvicted, 1);
        assertEquals(given.server.watchedKeys.count, 0);
      }, "maxmemory-clients 300kb");
    });
  }
});

Deno.test("what is given up counts no longer for maxmemory-clients", async () => {
  await withServer(async (given) => {
    const admin = await connectAdmin(given);
    const peer = await given.open();
    const memory = async () => (await memoryById(admin)).get(2)!;
    const before = await memory();
    await write(peer, "HELLO 3\r\n");
    for (
      const [taken, givenUp] of [
        ["WATCH a b a", "UNWATCH"],
        ["MULTI\r\nPING", "DISCARD"],
        ["SUBSCRIBE a b a", "UNSUBSCRIBE"],
        ["PSUBSCRIBE a b a", "PUNSUBSCRIBE a b"],
        ["SSUBSCRIBE a", "SUNSUBSCRIBE a a"],
        ["CLIENT TRACKING ON BCAST PREFIX a PREFIX b", "CLIENT TRACKING OFF"],
      ]
    ) {
      await write(peer, `${taken}\r\n`);
      await until(async () => await memory() > before);
      await write(peer, `${givenUp}\r\n`);
      await until(async () => await memory() === before);
    }
    peer.close();
    const { clients } = given.server;
    await until(() => clients.count === 1);
    assertEquals(clients.memoryBytes, [...clients][0].memoryBytes);
  });
});

Deno.test("replies that are not read, and messages, count for maxmemory-clients", async () => {
  await withServer(async (given) => {
    const admin = await connectAdmin(given);
    await admin.send(["SET", "long", new Uint8Array(megabyte)]);
    const sleeper = await given.open();
    await write(sleeper, "GET long\r\n".repeat(32));
    await until(() => given.server.stats.clientsEvicted === 1);
    const subscriber = await given.open();
    await write(subscriber, "SUBSCRIBE news\r\n");
    await read(subscriber, 10);
    for (let i = 0; i < 32; i++) await admin.send(["PUBLISH", "news", new Uint8Array(megabyte)]);
    await until(() => given.server.stats.clientsEvicted === 2);
    assertEquals((await memoryById(admin)).size, 0);
  }, "maxmemory-clients 8mb");
});

Deno.test("what clients take counts for maxmemory, and keys go for it", async () => {
  await withServer(
    async (given) => {
      const admin = await connectAdmin(given);
      await run(admin, "DEBUG POPULATE 1000 key 1000");
      const usedBefore = given.server.usedMemoryBytes();
      await run(admin, `CONFIG SET maxmemory ${usedBefore + 200 * kilobyte}`);
      assertEquals(await run(admin, "DBSIZE"), "1000");
      const peer = await openSender(given, 500 * kilobyte);
      assert(given.server.usedMemoryBytes() - usedBefore >= 500 * kilobyte);
      await run(admin, "PING");
      assert(Number(await run(admin, "DBSIZE")) < 800);
      assert(given.server.usedMemoryBytes() <= usedBefore + 200 * kilobyte);
      peer.close();
      await until(() => given.server.usedMemoryBytes() < usedBefore);
    },
    "maxmemory-policy allkeys-random",
    "enable-debug-command yes",
  );
});
