/** What of transactions takes several connections, or a clock that is moved. */
import { assertEquals, assertMatch } from "@std/assert";
import { fieldsOf, run, until, withServer } from "../net/support.ts";

Deno.test("CLIENT LIST and INFO tell of transactions and watched keys", async () => {
  await withServer(async ({ connect }) => {
    const client = await connect();
    const admin = await connect();
    await run(client, "WATCH a b a");
    await run(client, "MULTI");
    await run(client, "SET a 1");
    await run(client, "GET a");
    const { flags, multi, watch } = fieldsOf(await run(admin, "CLIENT LIST ID 1"));
    assertEquals([flags, multi, watch], ["x", "2", "2"]);
    assertMatch(
      await run(admin, "INFO clients"),
      /watching_clients:1\r\n.*\r\ntotal_watched_keys:2/,
    );
    await run(admin, "SET b 1");
    assertEquals(fieldsOf(await run(admin, "CLIENT LIST ID 1")).flags, "xd");
    client.close();
    await until(async () => /watching_clients:0\r/.test(await run(admin, "INFO clients")));
  });
});

Deno.test("a transaction in which something may write waits for the end of a pause of writes", async () => {
  await withServer(async ({ connect, server }) => {
    const reader = await connect();
    const writer = await connect();
    const admin = await connect();
    for (const [client, line] of [[reader, "GET k"], [writer, "SET k v"]] as const) {
      await run(client, "MULTI");
      await run(client, line);
    }
    await run(admin, "CLIENT PAUSE 100000 WRITE");
    assertEquals(await run(reader, "EXEC"), "(null)");
    const written = run(writer, "EXEC");
    await until(() => [...server.clients].some(({ postponed }) => postponed));
    assertEquals(await run(admin, "GET k"), "(null)");
    server.pause.end();
    assertEquals(await written, "OK");
  });
});

Deno.test("a watched key that expires, found or not, is a change", async () => {
  await withServer(async ({ clock, connect }) => {
    const client = await connect();
    for (const isLookedUp of [false, true]) {
      await run(client, "SET k v PX 100");
      await run(client, "WATCH k");
      clock.advance(200);
      if (isLookedUp) await run(client, "EXISTS k");
      await run(client, "MULTI");
      assertEquals(await run(client, "EXEC"), "(null)");
    }
  });
});

Deno.test("what another client queues is nobody else's", async () => {
  await withServer(async ({ connect }) => {
    const one = await connect();
    const two = await connect();
    await run(one, "MULTI");
    assertEquals(await run(one, "SET k one"), "QUEUED");
    assertEquals(await run(two, "SET k two"), "OK");
    assertEquals(await run(two, "EXEC"), "ERR EXEC without MULTI");
    assertEquals(await run(one, "EXEC"), "OK");
    assertEquals(await run(two, "GET k"), "one");
  });
});
