import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Client } from "../src/client/client.ts";
import { ManualClock } from "../src/clock.ts";
import { Server } from "../src/server.ts";
import {
  configFrom,
  keptLog,
  read,
  readToEnd,
  run,
  until,
  withServer,
  write,
} from "./net/support.ts";
import { freePort } from "./support/free_port.ts";

const isWindows = Deno.build.os === "windows";

/** A server that is not started, with a folder of its own and what it logs. */
async function withFolder(
  test: (
    given: { directory: string; logged: string[]; make(...lines: string[]): Server },
  ) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "redino-test-" });
  const clock = new ManualClock(Date.now());
  const logged: string[] = [];
  const make = (...lines: string[]) =>
    new Server({ clock, config: configFrom(directory, lines), log: keptLog(clock, logged) });
  try {
    await test({ directory, logged, make });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a server starts on a free port, answers and stops", async () => {
  const server = new Server({ port: 0, clock: new ManualClock(1) });
  await server.start();
  const { port } = server;
  assert(port > 0);
  const client = await Client.connect({ port });
  assertEquals(await run(client, "PING"), "PONG");
  assertEquals(await run(client, "CONFIG GET port"), `port ${port}`);
  await server.stop();
  await client.closed;
  assertEquals([await server.stopped, server.port], [0, 0]);
  await assertRejects(() => Client.connect({ port }), Deno.errors.ConnectionRefused);
});

Deno.test("stop may be called before start, twice, and at once with another", async () => {
  const unstarted = new Server({ port: 0 });
  await unstarted.stop();
  await assertRejects(() => unstarted.start(), Error, "started once");
  const server = new Server({ port: 0 });
  await server.start();
  await assertRejects(() => server.start(), Error, "started once");
  await Promise.all([server.stop(), server.stop()]);
  await server.stop();
  assertEquals(await server.stopped, 0);
});

Deno.test("a start that fails leaves nothing open", async () => {
  await withFolder(async ({ directory, logged, make }) => {
    const occupied = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = occupied.addr;
    const server = make("bind 127.0.0.1", `port ${port}`, "unixsocket redino.sock");
    await assertRejects(() => server.start(), Deno.errors.AddrInUse);
    assertEquals(logged.at(-1), `# Failed listening on port ${port} (tcp), aborting.`);
    occupied.close();
    const elsewhere = make("bind 127.0.0.1", `port ${port}`, "unixsocket none/redino.sock");
    await assertRejects(() => elsewhere.start());
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    assertEquals([...Deno.readDirSync(directory)], []);
    await Promise.all([server.stop(), elsewhere.stop()]);
  });
});

Deno.test("port 0 in a configuration is no TCP port", async () => {
  await withFolder(async ({ logged, make }) => {
    const nowhere = make("port 0");
    await assertRejects(() => nowhere.start(), Error, "not listen anywhere");
    assertEquals(logged.at(-1), "# Configured to not listen anywhere, exiting.");
  });
});

Deno.test({
  name: "a Unix socket has its mode, its place in the folder, and goes with the server",
  ignore: isWindows,
  fn: async () => {
    await withFolder(async ({ directory, logged, make }) => {
      const path = `${directory}/redino.sock`;
      // what a server that was killed left behind
      const killed = Deno.listen({ transport: "unix", path: `${directory}/killed.sock` });
      await Deno.rename(`${directory}/killed.sock`, path);
      killed.close();
      const server = make("port 0", 'save ""', "unixsocket redino.sock", "unixsocketperm 700");
      await server.start();
      assertEquals([server.port, Deno.statSync(path).mode! & 0o777], [0, 0o700]);
      const client = await Client.connect({ path });
      assertMatch(
        await run(client, "CLIENT INFO"),
        new RegExp(` addr=${path}:0 laddr=${path}:0 .* flags=U `),
      );
      await server.stop();
      await client.closed;
      assertEquals([...Deno.readDirSync(directory)], []);
      assertEquals(logged, [
        "* Running mode=standalone, port=0.",
        "* Server initialized",
        "* Ready to accept connections unix",
        "* Removing the unix socket file.",
        "# redino is now ready to exit, bye bye...",
      ]);
    });
  },
});

Deno.test({
  name: "a file that is no socket is not taken away for a Unix socket",
  ignore: isWindows,
  fn: async () => {
    await withFolder(async ({ directory, logged, make }) => {
      await Deno.writeTextFile(`${directory}/redino.sock`, "precious");
      const server = make("port 0", "unixsocket redino.sock");
      await assertRejects(() => server.start(), Deno.errors.AddrInUse);
      assertMatch(logged.at(-1)!, /^# Failed opening Unix socket: /);
      assertEquals(await Deno.readTextFile(`${directory}/redino.sock`), "precious");
    });
  },
});

Deno.test("CONFIG SET port moves the server; who is connected stays", async () => {
  await withServer(async ({ server, connect }) => {
    const before = server.port;
    const client = await connect();
    const port = freePort();
    assertEquals(await run(client, `CONFIG SET port ${port}`), "OK");
    assertEquals(server.port, port);
    assertEquals(await run(await connect(), "PING"), "PONG");
    await assertRejects(() => Client.connect({ port: before }), Deno.errors.ConnectionRefused);
    assertEquals(await run(client, "CONFIG SET port 0"), "OK");
    assertEquals(server.port, 0);
    await assertRejects(() => Client.connect({ port }), Deno.errors.ConnectionRefused);
    assertEquals(await run(client, `CONFIG SET port ${before}`), "OK");
    assertEquals(await run(await connect(), "PING"), "PONG");
  });
});

Deno.test("CONFIG SET port to one that is taken changes nothing", async () => {
  await withServer(async ({ server, connect, logged }) => {
    const { port } = server;
    const client = await connect();
    const occupied = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    assertEquals(
      await run(client, `CONFIG SET timeout 9 port ${occupied.addr.port}`),
      "ERR CONFIG SET failed (possibly related to argument 'port') - " +
        "Unable to listen on this port. Check server logs.",
    );
    assertEquals(await run(client, "CONFIG GET timeout port"), `timeout 0 port ${port}`);
    assertMatch(
      logged.at(-1)!,
      new RegExp(`# Warning: Could not create .* 127\\.0\\.0\\.1:${occupied.addr.port}: `),
    );
    assertEquals([server.port, await run(await connect(), "PING")], [port, "PONG"]);
    occupied.close();
  });
});

Deno.test("CONFIG SET bind listens elsewhere, or says that it can't", async () => {
  await withServer(async ({ server, connect }) => {
    const { port } = server;
    const client = await connect();
    assertEquals(
      await run(client, "CONFIG SET bind no-such-host.invalid"),
      "ERR CONFIG SET failed (possibly related to argument 'bind') - " +
        "Failed to bind to specified addresses.",
    );
    assertEquals(await run(client, "CONFIG GET bind"), "bind 127.0.0.1");
    for (const bind of ["*", "127.0.0.1"]) {
      assertEquals(await run(client, `CONFIG SET bind ${bind}`), "OK");
      await until(() => connect().then(() => true, () => false));
      assertEquals(await run(await connect(), "PING"), "PONG");
    }
    assertEquals(server.port, port);
  });
});

Deno.test("maxclients refuses whoever is too many, as soon as it is lower", async () => {
  await withServer(async ({ server, connect, open }) => {
    const first = await connect();
    const second = await connect();
    assertEquals(await run(second, "PING"), "PONG");
    const third = await open();
    assertEquals(await readToEnd(third), "-ERR max number of clients reached\r\n");
    assertEquals(await run(first, "CONFIG SET maxclients 1"), "OK");
    assertEquals(await run(second, "PING"), "PONG");
    assertEquals(await readToEnd(await open()), "-ERR max number of clients reached\r\n");
    assertEquals(await run(first, "CONFIG SET maxclients 3"), "OK");
    const fourth = await connect();
    assertEquals(await run(fourth, "CLIENT ID"), "3");
    assertEquals([server.stats.connectionsTotal, server.stats.connectionsRejected], [3, 2]);
  }, "maxclients 2");
});

Deno.test("timeout ends clients that idle longer, and no others", async () => {
  await withServer(async ({ clock, connect, server }) => {
    const idle = await connect();
    const busy = await connect();
    const monitor = await connect();
    const postponed = await connect();
    await run(idle, "PING");
    await run(monitor, "MONITOR");
    clock.advance(1900);
    await run(busy, "CLIENT PAUSE 5000 WRITE");
    const held = run(postponed, "SET key value");
    await until(() => [...server.clients].some((client) => client.postponed));
    clock.advance(200);
    await idle.closed;
    assertEquals(await run(busy, "PING"), "PONG");
    clock.advance(1000);
    await until(() => server.clients.count === 3);
    await run(busy, "CONFIG SET timeout 0");
    clock.advance(60_000);
    assertEquals(await held, "OK");
    assertEquals(await run(busy, "PING"), "PONG");
  }, "timeout 2");
});

Deno.test("who takes long to read a long reply does not idle", async () => {
  await withServer(async ({ clock, connect, open, server }) => {
    const admin = await connect();
    await admin.send(["SET", "long", new Uint8Array(32 << 20)]);
    const slow = await open();
    await write(slow, "GET long\r\n");
    for (let second = 0; second < 8; second++) {
      await read(slow, 2 << 20);
      await run(admin, "PING");
      clock.advance(1000);
    }
    assertEquals(server.clients.count, 2);
    assertEquals((await read(slow, 4096)).length, 4096);
    for (let second = 0; second < 5; second++) {
      await run(admin, "PING");
      clock.advance(1000);
    }
    await until(() => server.clients.count === 1);
  }, "timeout 3");
});

Deno.test("SHUTDOWN sends the replies before it, runs nothing after it, and ends the server", async () => {
  await withServer(async ({ open, server, connect, logged }) => {
    const bystander = await connect();
    const socket = await open();
    await write(socket, "SET a 1\r\nGET a\r\nSHUTDOWN NOSAVE\r\nSET a 2\r\nPING\r\n");
    assertEquals(await readToEnd(socket), "+OK\r\n$1\r\n1\r\n");
    await bystander.closed;
    assertEquals(await server.stopped, 0);
    assertEquals(logged.slice(-2), [
      "* User requested shutdown...",
      "# redino is now ready to exit, bye bye...",
    ]);
  });
});

Deno.test("the log tells of an end that a signal asks for", async () => {
  await withServer(async ({ server, logged }) => {
    assert(server.shutdown({ save: false, now: false, force: false }));
    assertEquals(await server.stopped, 0);
    assertEquals(logged.slice(-2), [
      "* User requested shutdown...",
      "# redino is now ready to exit, bye bye...",
    ]);
  });
});

Deno.test("the end waits for who reads, and not for who does not", async () => {
  await withServer(async ({ open, server, connect }) => {
    const admin = await connect();
    await admin.send(["SET", "long", new Uint8Array(24 << 20)]);
    const reader = await open();
    const sleeper = await open();
    await write(reader, "GET long\r\n");
    await write(sleeper, "GET long\r\n");
    await until(() => [...server.clients].filter(({ link }) => link.outputBytes > 0).length === 2);
    const [text] = await Promise.all([readToEnd(reader), server.stop()]);
    assertEquals(text.length, (24 << 20) + "$25165824\r\n\r\n".length);
    assertEquals(server.clients.count, 0);
  });
});

Deno.test("a maxmemory below what is used is warned of, and acted on at once", async () => {
  await withServer(async ({ connect, logged, server }) => {
    const client = await connect();
    for (let i = 0; i < 64; i++) await client.send(["SET", `key:${i}`, new Uint8Array(64 << 10)]);
    const limitBytes = 2 << 20;
    await run(client, `CONFIG SET maxmemory ${limitBytes} maxmemory-policy allkeys-lru`);
    assertMatch(
      logged.at(-1)!,
      /^# WARNING: the new maxmemory value set via CONFIG SET \(2097152\)/,
    );
    await until(() => server.usedMemoryBytes() <= limitBytes);
  });
});
