/** What of client-side caching takes several clients, memory that is full, or a clock that is moved. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Client } from "../../src/client/client.ts";
import {
  fieldsOf,
  read,
  run,
  type TestServer,
  textOf,
  until,
  withServer,
  write,
} from "../net/support.ts";

/** A client in RESP3 that tracks as `options` say, and what it hears, each message as its words. */
async function tracker(
  { connect }: TestServer,
  options = "",
): Promise<{ client: Client; heard: string[] }> {
  const client = await connect();
  const heard: string[] = [];
  client.onPush = (push) => heard.push(textOf(push));
  await run(client, "HELLO 3");
  assertEquals(await run(client, `CLIENT TRACKING ON ${options}`.trim()), "OK");
  return { client, heard };
}

Deno.test("everybody who has read a key hears once of its change, and nobody else", async () => {
  await withServer(async (given) => {
    const [one, two, other] = [await tracker(given), await tracker(given), await tracker(given)];
    await run(one.client, "MGET a b");
    await run(two.client, "GET a");
    await run(other.client, "GET c");
    const writer = await given.connect();
    for (const line of ["SET a 1", "SET a 2", "DEL a", "SET b 1"]) await run(writer, line);
    for (const { client } of [one, two, other]) await run(client, "PING");
    assertEquals([one.heard, two.heard, other.heard], [
      ["invalidate a", "invalidate b"],
      ["invalidate a"],
      [],
    ]);
  });
});

Deno.test("a table that is made smaller forgets keys at once", async () => {
  await withServer(async (given) => {
    const { client, heard } = await tracker(given);
    await run(client, "MGET a b c");
    const other = await given.connect();
    await run(other, "CONFIG SET tracking-table-max-keys 2");
    // before the reply to a request that is only queued
    await run(client, "MULTI");
    assertEquals(heard, ["invalidate a"]);
    await run(client, "DISCARD");
    await run(client, "CONFIG SET tracking-table-max-keys 1");
    await run(client, "PING");
    assertEquals(heard, ["invalidate a", "invalidate b"]);
  });
});

Deno.test("NOLOOP is about changes, not about keys that the table has no room for", async () => {
  await withServer(async (given) => {
    const { client, heard } = await tracker(given, "NOLOOP");
    await run(client, "MGET a b c");
    await run(client, "CONFIG SET tracking-table-max-keys 2");
    await run(client, "GET d");
    await run(client, "PING");
    assertEquals(heard, ["invalidate a", "invalidate b"]);
  });
});

Deno.test("broadcasts tell of all changes of a turn at once, to those who want the prefix", async () => {
  await withServer(async (given) => {
    const users = await tracker(given, "BCAST PREFIX user: PREFIX admin:");
    const all = await tracker(given, "BCAST");
    const quiet = await tracker(given, "BCAST PREFIX user: NOLOOP");
    const writer = await given.connect();
    await run(writer, "MSET user:1 a other b admin:1 c user:2 d");
    await run(quiet.client, "SET user:3 e");
    for (const { client } of [users, all, quiet]) await run(client, "PING");
    assertEquals(users.heard.toSorted(), [
      "invalidate admin:1",
      "invalidate user:1 user:2",
      "invalidate user:3",
    ]);
    assertEquals(all.heard, ["invalidate user:1 other admin:1 user:2", "invalidate user:3"]);
    assertEquals(quiet.heard, ["invalidate user:1 user:2"]);
  });
});

Deno.test("OPTIN, OPTOUT and NOLOOP are each client's own", async () => {
  await withServer(async (given) => {
    const optIn = await tracker(given, "OPTIN");
    const optOut = await tracker(given, "OPTOUT");
    const noLoop = await tracker(given, "NOLOOP");
    for (const { client } of [optIn, optOut, noLoop]) await run(client, "GET a");
    await run(optIn.client, "CLIENT CACHING YES");
    await run(optIn.client, "GET b");
    await run(optOut.client, "CLIENT CACHING NO");
    await run(optOut.client, "GET b");
    await run(noLoop.client, "MSET a 1 b 1");
    for (const { client } of [optIn, optOut, noLoop]) await run(client, "PING");
    assertEquals([optIn.heard, optOut.heard, noLoop.heard], [
      ["invalidate b"],
      ["invalidate a"],
      [],
    ]);
  });
});

Deno.test("several redirect to one, until it goes", async () => {
  await withServer(async (given) => {
    const { connect } = given;
    const listener = await connect();
    const heard: string[] = [];
    listener.onPush = (push) => heard.push(textOf(push));
    const id = await run(listener, "CLIENT ID");
    await run(listener, "HELLO 3");
    const readers = [await connect(), await tracker(given).then(({ client }) => client)];
    for (const reader of readers) {
      await run(reader, "CLIENT TRACKING OFF");
      await run(reader, `CLIENT TRACKING ON REDIRECT ${id}`);
      await run(reader, "MGET a b");
    }
    const pushed: string[] = [];
    readers[1].onPush = (push) => pushed.push(textOf(push));
    const writer = await connect();
    await run(writer, "SET a 1");
    await until(() => heard.length === 2);
    assertEquals(heard, ["invalidate a", "invalidate a"]);
    listener.close();
    await until(async () => await run(writer, `CLIENT LIST ID ${id}`) === "");
    await run(writer, "SET b 1");
    await run(readers[1], "PING");
    assertEquals(pushed, [`tracking-redir-broken ${id}`]);
    for (const reader of readers) {
      assertMatch(await run(reader, "CLIENT TRACKINGINFO"), /on broken_redirect/);
      assertEquals(fieldsOf(await run(reader, "CLIENT INFO")).flags, "tR");
    }
  });
});

Deno.test("a table that is too large forgets keys, and their readers hear of it", async () => {
  await withServer(async (given) => {
    const { client, heard } = await tracker(given);
    const other = await given.connect();
    await run(other, "CONFIG SET tracking-table-max-keys 10");
    for (let i = 0; i < 25; i++) await run(client, `GET key:${i}`);
    await run(client, "PING");
    const told = heard.filter((message) => message.startsWith("invalidate key:"));
    assertEquals([told.length, new Set(told).size], [15, 15]);
    const info = await run(other, "INFO stats");
    assertMatch(info, /tracking_total_keys:10\r\ntracking_total_items:10\r/);
    // what was forgotten is told of no more, what is remembered is
    for (let i = 0; i < 25; i++) await run(other, `SET key:${i} v`);
    await run(client, "PING");
    assertEquals(new Set(heard).size, 25);
    assertEquals(heard.length, 25);
  });
});

Deno.test("a table that is made smaller forgets keys though nobody reads", async () => {
  await withServer(async (given) => {
    const { client, heard } = await tracker(given);
    for (let i = 0; i < 250; i++) await run(client, `GET key:${i}`);
    await run(client, "CONFIG SET tracking-table-max-keys 10");
    await until(() => heard.length === 100);
    for (let i = 0; i < 3; i++) given.clock.advance(100);
    await until(() => heard.length === 240);
    assertMatch(await run(client, "INFO stats"), /tracking_total_keys:10\r/);
  });
});

Deno.test("keys that time takes are invalidated", async () => {
  await withServer(async (given) => {
    const { client, heard } = await tracker(given);
    await run(await given.connect(), "SET k v PX 100");
    await run(client, "GET k");
    given.clock.advance(200);
    await until(() => heard.length === 1);
    assertEquals(heard, ["invalidate k"]);
  });
});

Deno.test("that readers hear of keys that make room makes no more keys go", async () => {
  await withServer(async (given) => {
    const { server } = given;
    const trackers = await Promise.all(Array.from({ length: 10 }, () => tracker(given)));
    const other = await given.connect();
    const keys = Array.from({ length: 300 }, (_, i) => `${i}${"x".repeat(1000)}`);
    for (const key of keys) await run(other, `SET ${key} x`);
    for (const { client } of trackers) {
      for (const key of keys) await run(client, `GET ${key}`);
    }
    given.clock.advance(200);
    await run(other, `CONFIG SET maxmemory ${server.usedMemoryBytes() - 40_000}`);
    for (let i = 0; i < 5; i++) await run(other, "PING");
    const left = Number(await run(other, "DBSIZE"));
    assert(left > 200 && left < 300, `${left} keys are left`);
    await until(() => trackers.every(({ heard }) => heard.length === 300 - left));
  }, ...["maxmemory-policy allkeys-lru", "maxmemory-eviction-tenacity 100"]);
});

Deno.test("who makes room with a command hears what is gone before its reply", async () => {
  await withServer(async ({ connect, open, server }) => {
    const admin = await connect();
    await run(admin, "SET evicted v EX 1000");
    const socket = await open();
    await write(socket, "HELLO 3\r\nCLIENT TRACKING ON\r\nGET evicted\r\n");
    let greeting = "";
    while (!greeting.endsWith("$1\r\nv\r\n")) greeting += await read(socket, 1);
    await run(admin, "CONFIG SET maxmemory-policy volatile-random");
    await run(admin, `CONFIG SET maxmemory ${server.usedMemoryBytes() + 100_000}`);
    await run(admin, "SETBIT big 4000000 0");
    await write(socket, "GETBIT big 0\r\n");
    const expected = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$7\r\nevicted\r\n:0\r\n";
    assertEquals(await read(socket, expected.length), expected);
  });
});

Deno.test("FLUSHALL tells everybody who tracks, whatever was read", async () => {
  await withServer(async (given) => {
    const trackers = [await tracker(given), await tracker(given, "BCAST PREFIX p")];
    const writer = await given.connect();
    await run(writer, "SET k v");
    await run(writer, "FLUSHALL");
    for (const { client, heard } of trackers) {
      await run(client, "PING");
      assertEquals(heard, ["invalidate (null)"]);
    }
  });
});

Deno.test("RESET, and the end of a connection, leave nothing tracked", async () => {
  await withServer(async (given) => {
    const writer = await given.connect();
    const tracked = async () => {
      const info = await run(writer, "INFO");
      return ["tracking_clients", "tracking_total_prefixes", "tracking_total_keys"]
        .map((name) => Number(new RegExp(`${name}:(\\d+)`).exec(info)![1]));
    };
    const one = await tracker(given);
    const two = await tracker(given, "BCAST PREFIX p PREFIX q");
    await run(one.client, "GET k");
    assertEquals(await tracked(), [2, 2, 1]);
    assertEquals(await run(two.client, "RESET"), "RESET");
    assertEquals(await tracked(), [1, 0, 1]);
    assertMatch(await run(two.client, "CLIENT TRACKINGINFO"), /^flags off redirect -1/);
    one.client.close();
    await until(async () => (await tracked())[0] === 0);
    // what it has read is forgotten with the next change
    await run(writer, "SET k v");
    assertEquals(await tracked(), [0, 0, 0]);
    await run(writer, "SET p v");
    assertEquals([one.heard, two.heard], [[], []]);
  });
});
