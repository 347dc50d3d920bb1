import { assert, assertEquals, assertMatch } from "@std/assert";
import { othersTurn } from "../../src/clock.ts";
import {
  encodeCommand,
  read,
  readToEnd,
  run,
  type TestServer,
  until,
  withServer,
  write,
} from "./support.ts";

const megabyte = 1 << 20;

/** A peer that has asked for `replies` of a megabyte each and reads none of them. */
async function openSleeper({ server, connect, open }: TestServer, replies: number) {
  const admin = await connect();
  await admin.send(["SET", "long", new Uint8Array(megabyte)]);
  const sleeper = await open();
  await write(sleeper, "GET long\r\n".repeat(replies));
  await until(() => server.clients.count === 1 || unreadBytes(server) > 0);
  return { admin, sleeper };
}

function unreadBytes({ clients }: TestServer["server"]): number {
  return [...clients].reduce((sum, { link }) => sum + link.outputBytes, 0);
}

Deno.test("who leaves more unread than the hard limit is disconnected at once", async () => {
  await withServer(async (given) => {
    const { admin } = await openSleeper(given, 32);
    const { server, logged } = given;
    await until(() => server.clients.count === 1);
    assertMatch(
      logged.at(-1)!,
      /^# Client id=2 addr=127\.0\.0\.1:\d+ closed for overcoming of output buffer limits\.$/,
    );
    assertEquals(server.stats.outputLimitDisconnects, 1);
    assertEquals(await run(admin, "PING"), "PONG");
  }, "client-output-buffer-limit normal 8mb 0 0");
});

Deno.test("a reply that never ends is cut at the hard limit, and others are served", async () => {
  await withServer(async ({ connect, open, server }) => {
    const admin = await connect();
    await run(admin, "HSET hash field value");
    await run(admin, "SADD set member");
    await run(admin, "ZADD zset 1 member");
    const endless = String(Number.MIN_SAFE_INTEGER);
    for (const command of ["HRANDFIELD hash", "SRANDMEMBER set", "ZRANDMEMBER zset"]) {
      const peer = await open();
      await write(peer, `${command} ${endless}\r\nPING\r\n`);
      await until(() => server.clients.count === 1);
      assert(!(await readToEnd(peer)).includes("PONG"));
      assertEquals(await run(admin, "PING"), "PONG");
    }
    assertEquals(server.stats.outputLimitDisconnects, 3);
  }, "client-output-buffer-limit normal 1mb 0 0");
});

Deno.test("who leaves more unread than the soft limit is disconnected after its time", async () => {
  await withServer(async (given) => {
    const { admin } = await openSleeper(given, 32);
    const { clock, server } = given;
    clock.advance(3000);
    await run(admin, "PING");
    assertEquals([server.clients.count, server.stats.outputLimitDisconnects], [2, 0]);
    clock.advance(1200);
    await until(() => server.clients.count === 1);
    assertEquals(server.stats.outputLimitDisconnects, 1);
  }, "client-output-buffer-limit normal 0 8mb 3");
});

Deno.test("the soft limit's time begins again when a reader has caught up", async () => {
  await withServer(async (given) => {
    const { sleeper } = await openSleeper(given, 32);
    const { clock, server } = given;
    clock.advance(2000);
    await read(sleeper, 26 * megabyte);
    await until(() => unreadBytes(server) < 8 * megabyte);
    clock.advance(1000);
    await write(sleeper, "GET long\r\n".repeat(32));
    await until(() => unreadBytes(server) > 8 * megabyte);
    clock.advance(2900);
    assertEquals(server.clients.count, 2);
    clock.advance(1200);
    await until(() => server.clients.count === 1);
  }, "client-output-buffer-limit normal 0 8mb 3");
});

Deno.test("the limit of another class is not for normal clients", async () => {
  await withServer(async (given) => {
    const { sleeper } = await openSleeper(given, 16);
    await read(sleeper, 16 * megabyte);
    assertEquals(given.server.stats.outputLimitDisconnects, 0);
  }, "client-output-buffer-limit pubsub 1mb 1mb 1 replica 1mb 1mb 1");
});

Deno.test("CONFIG SET client-output-buffer-limit is for those connected already", async () => {
  await withServer(async (given) => {
    const { admin } = await openSleeper(given, 16);
    const { server } = given;
    await admin.send(["CONFIG", "SET", "client-output-buffer-limit", "normal 0 1mb 1"]);
    // the time of a limit begins when it is looked at: at the next flush
    const sleeper = [...server.clients].at(-1)!;
    sleeper.link.flushSoon();
    await Promise.resolve();
    given.clock.advance(2200);
    await until(() => server.clients.count === 1);
  });
});

Deno.test("a slow reader delays nobody", async () => {
  await withServer(async (given) => {
    const { admin, sleeper } = await openSleeper(given, 64);
    const { server } = given;
    const repliesBytes = 64 * `$${megabyte}\r\n`.length + 64 * (megabyte + 2);
    await until(() => unreadBytes(server) > 32 * megabyte);
    for (let i = 0; i < 20; i++) {
      const reply = await admin.send(["GET", "long"]);
      assertEquals(reply.kind === "bulk" && reply.bytes.length, megabyte);
      assertEquals(await run(admin, "GET missing"), "(null)");
    }
    // what others have got by now has come before all that
    assert(unreadBytes(server) > 32 * megabyte);
    assertEquals((await read(sleeper, repliesBytes)).length, repliesBytes);
    await until(() => unreadBytes(server) === 0);
  });
});

Deno.test("a request longer than client-query-buffer-limit ends its connection", async () => {
  await withServer(async ({ connect, open, server, logged }) => {
    const admin = await connect();
    await run(admin, "CONFIG SET client-query-buffer-limit 1mb");
    const socket = await open();
    try {
      await write(socket, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4194304\r\n");
      await write(socket, new Uint8Array(3 * megabyte));
    } catch {
      // it was ended while more was being sent
    }
    assertEquals(await readToEnd(socket), "");
    assertMatch(logged.at(-1)!, /^# Closing client that reached max query buffer length: id=2 /);
    assertEquals(server.stats.queryLimitDisconnects, 1);
    assertEquals(await run(admin, "EXISTS k"), "0");
    const reply = await admin.send(["ECHO", new Uint8Array(megabyte / 2)]);
    assertEquals(reply.kind, "bulk");
  });
});

Deno.test("many requests of less than the query buffer limit are no long request", async () => {
  await withServer(async ({ open }) => {
    const socket = await open();
    const request = encodeCommand(["ECHO", "x".repeat(1000)]);
    const requests = new Uint8Array(4000 * request.length);
    for (let i = 0; i < 4000; i++) requests.set(request, i * request.length);
    const replyBytes = "$1000\r\n".length + 1002;
    const [replies] = await Promise.all([read(socket, 4000 * replyBytes), write(socket, requests)]);
    assertEquals(replies.length, 4000 * replyBytes);
  }, "client-query-buffer-limit 1mb");
});

Deno.test("a peer that is gone while its request runs leaves nothing behind", async () => {
  await withServer(async ({ open, connect, server }) => {
    const admin = await connect();
    for (const request of ["PING\r\n", "*2\r\n$4\r\nEC", "*1\r\n", "", "GET k\r\nGET"]) {
      const socket = await open();
      if (request !== "") await write(socket, request);
      socket.close();
    }
    await until(() => server.clients.count === 1);
    assertEquals(await run(admin, "PING"), "PONG");
  });
});

Deno.test("who sends many slow commands at once has them run a slice at a time", async () => {
  await withServer(async ({ clock, connect, open, server }) => {
    const admin = await connect();
    assertEquals(await run(admin, "PING"), "PONG");
    // every look at the clock takes 200 µs: a slice is over after five commands
    let nowUs = 0;
    clock.monotonicUs = () => nowUs += 200;
    const busy = await open();
    const count = 1000;
    await write(busy, "KEYS *\r\n".repeat(count));
    const { stats } = server;
    const first = stats.commandsTotal;
    let most = 0;
    for (let before = first; before < first + count; before = stats.commandsTotal) {
      await othersTurn();
      most = Math.max(most, stats.commandsTotal - before);
    }
    assert(most > 0 && most < 20, `${most} commands in one turn`);
    assertEquals(await read(busy, 4 * count), "*0\r\n".repeat(count));
  });
});
