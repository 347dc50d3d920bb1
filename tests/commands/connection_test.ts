import { assertEquals, assertStringIncludes } from "@std/assert";
import { errors } from "../../src/resp/errors.ts";
import { read, readToEnd, run, withServer, write } from "../net/support.ts";

Deno.test("with a password, AUTH and HELLO let in, and little else is answered", async () => {
  await withServer(async ({ connect, server }) => {
    const client = await connect();
    assertEquals(await run(client, "PING"), errors.authenticationRequired);
    assertEquals(await run(client, "NO-SUCH-COMMAND x"), await run(client, "NO-SUCH-COMMAND x"));
    assertEquals(await run(client, "HELLO 3"), errors.helloUnauthenticated);
    assertEquals(await run(client, "AUTH wrong"), errors.wrongPassword);
    assertEquals(await run(client, "AUTH default wrong"), errors.wrongPassword);
    assertEquals(await run(client, "AUTH nobody secret"), errors.wrongPassword);
    assertEquals(await run(client, "HELLO 3 AUTH default wrong"), errors.wrongPassword);
    assertEquals(await run(client, "PING"), errors.authenticationRequired);
    assertEquals(await run(client, "AUTH secret"), "OK");
    assertEquals(await run(client, "PING"), "PONG");
    assertEquals(await run(client, "AUTH wrong"), errors.wrongPassword);
    assertEquals(await run(client, "PING"), "PONG");
    const other = await connect();
    assertStringIncludes(
      await run(other, "HELLO 3 AUTH default secret SETNAME me"),
      "server redis version",
    );
    assertEquals(await run(other, "CLIENT GETNAME"), "me");
    assertEquals(server.stats.authenticationFailures, 5);
  }, "requirepass secret");
});

Deno.test("RESET logs out; QUIT needs no password", async () => {
  await withServer(async ({ connect, open }) => {
    const client = await connect();
    assertEquals(await run(client, "AUTH secret"), "OK");
    assertEquals(await run(client, "RESET"), "RESET");
    assertEquals(await run(client, "PING"), errors.authenticationRequired);
    const socket = await open();
    await write(socket, "QUIT\r\nPING\r\n");
    assertEquals(await readToEnd(socket), "+OK\r\n");
  }, "requirepass secret");
});

Deno.test("a new password is asked of newcomers, a removed one of nobody", async () => {
  await withServer(async ({ connect }) => {
    const old = await connect();
    assertEquals(await run(old, "CONFIG SET requirepass one"), "OK");
    assertEquals(await run(old, "PING"), "PONG");
    const newcomer = await connect();
    assertEquals(await run(newcomer, "PING"), errors.authenticationRequired);
    assertEquals(await run(old, "CONFIG SET requirepass two"), "OK");
    assertEquals(await run(newcomer, "AUTH one"), errors.wrongPassword);
    assertEquals(await run(old, "CONFIG SET requirepass "), "OK");
    assertEquals(await run(newcomer, "PING"), "PONG");
    // it has not logged in for all that
    assertEquals(await run(newcomer, "HELLO 3"), errors.helloUnauthenticated);
    assertEquals(await run(newcomer, "AUTH x"), errors.noPasswordSet);
    assertEquals(await run(old, "CONFIG SET requirepass three"), "OK");
    assertEquals(await run(newcomer, "PING"), errors.authenticationRequired);
    assertEquals(await run(newcomer, "AUTH default three"), "OK");
  });
});

Deno.test("whoever has not logged in may send little, unless no password is asked for", async () => {
  await withServer(async ({ connect, open }) => {
    const admin = await connect();
    await run(admin, "AUTH secret");
    const long = "*2\r\n$4\r\nECHO\r\n$16385\r\n" + "x".repeat(16385) + "\r\n";
    const refused = await open();
    await write(refused, long.slice(0, 30));
    assertEquals(
      await readToEnd(refused),
      "-ERR Protocol error: unauthenticated bulk length\r\n",
    );
    const early = await open();
    await write(early, "PING\r\n");
    const refusal = `-${errors.authenticationRequired}\r\n`;
    assertEquals(await read(early, refusal.length), refusal);
    await run(admin, "CONFIG SET requirepass ");
    await write(early, long);
    assertEquals((await read(early, 16395)).length, 16395);
  }, "requirepass secret");
});

Deno.test("RESET is all of a new connection's state", async () => {
  await withServer(async ({ connect }) => {
    const client = await connect();
    for (
      const line of ["HELLO 3 SETNAME me", "SELECT 3", "CLIENT NO-EVICT on", "CLIENT NO-TOUCH on"]
    ) {
      await run(client, line);
    }
    assertEquals(await run(client, "RESET"), "RESET");
    const info = await run(client, "CLIENT INFO");
    for (const field of [" name= ", " db=0 ", " flags=N ", " resp=2 "]) {
      assertStringIncludes(info, field);
    }
  });
});

Deno.test("RESET ends MONITOR", async () => {
  await withServer(async ({ connect, server }) => {
    const admin = await connect();
    const monitor = await connect();
    assertEquals(await run(monitor, "MONITOR"), "OK");
    const lines: unknown[] = [];
    monitor.onPush = (line) => lines.push(line);
    await run(admin, "PING");
    assertEquals(await run(monitor, "RESET"), "RESET");
    await run(admin, "PING");
    assertEquals(await run(monitor, "PING"), "PONG");
    assertEquals([lines.length, server.clients.monitors.size], [1, 0]);
  });
});
