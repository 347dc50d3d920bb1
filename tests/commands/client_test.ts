import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ConnectionClosedError } from "../../src/client/client.ts";
import { fieldsOf, read, readToEnd, run, until, withServer, write } from "../net/support.ts";

Deno.test("CLIENT LIST has a true line for every client", async () => {
  await withServer(async ({ clock, connect, server }) => {
    const first = await connect();
    await run(first, "PING");
    clock.advance(5000);
    const second = await connect();
    for (const line of ["HELLO 3 SETNAME worker", "CLIENT SETINFO LIB-NAME mine", "SELECT 7"]) {
      await run(second, line);
    }
    await run(second, "CLIENT NO-EVICT on");
    clock.advance(3000);
    const lines = (await run(second, "CLIENT LIST")).trimEnd().split("\n");
    const [one, two] = lines.map(fieldsOf);
    assertEquals(lines.length, 2);
    assertEquals(
      [one.id, one.age, one.idle, one.flags, one.db, one.cmd, one.resp, one.laddr],
      ["1", "8", "8", "N", "0", "ping", "2", `127.0.0.1:${server.port}`],
    );
    assertEquals(
      [two.id, two.age, two.idle, two.flags, two.db, two.cmd, two.resp, two.name, two["lib-name"]],
      ["2", "3", "0", "e", "7", "client|list", "3", "worker", "mine"],
    );
  });
});

Deno.test("CLIENT LIST tells the last command of others, were it refused or unknown", async () => {
  await withServer(async ({ connect }) => {
    const admin = await connect();
    const client = await connect();
    const lastCommand = async () => fieldsOf(await run(admin, "CLIENT LIST ID 2")).cmd;
    assertEquals(await lastCommand(), "NULL");
    await run(client, "GET");
    assertEquals(await lastCommand(), "get");
    await run(client, "NO-SUCH-COMMAND");
    assertEquals(await lastCommand(), "NULL");
  });
});

Deno.test("CLIENT LIST shows what has come of a request that is not complete, or waits", async () => {
  await withServer(async ({ connect, open }) => {
    const admin = await connect();
    const parts: [sent: string, qbuf: number, argumentBytes: number][] = [
      ["*3\r\n$3\r\nSET\r\n$1", 2, 3],
      ["6\r\nk", 1, 3],
      [`ey${"x".repeat(13)}\r\n`, 0, 19],
      [`$50000\r\n${"v".repeat(40_000)}`, 40_000, 19],
      [`${"v".repeat(10_000)}\r\nBLPOP list 0\r\n`, 0, 10],
      ["PING", 4, 10],
    ];
    const peer = await open();
    for (const [sent, qbuf, argumentBytes] of parts) {
      await write(peer, sent);
      await until(async () => {
        const fields = fieldsOf(await run(admin, "CLIENT LIST ID 2"));
        return fields.qbuf === `${qbuf}` && fields["argv-mem"] === `${argumentBytes}`;
      });
    }
  });
});

Deno.test("CLIENT LIST shows what a slow reader has not read", async () => {
  await withServer(async ({ connect, open }) => {
    const admin = await connect();
    await admin.send(["SET", "long", new Uint8Array(16 << 20)]);
    const sleeper = await open();
    await write(sleeper, "GET long\r\n");
    await until(async () => {
      const { omem, events } = fieldsOf(await run(admin, "CLIENT LIST ID 2"));
      return Number(omem) > 1 << 20 && events === "rw";
    });
    sleeper.close();
  });
});

Deno.test("CLIENT KILL by type ends normal clients and monitors, and there are no others", async () => {
  await withServer(async ({ connect, server }) => {
    const admin = await connect();
    const client = await connect();
    const monitor = await connect();
    await run(client, "PING");
    await run(monitor, "MONITOR");
    for (const type of ["pubsub", "master", "replica", "slave"]) {
      assertEquals(await run(admin, `CLIENT KILL TYPE ${type}`), "0");
      assertEquals(await run(admin, `CLIENT LIST TYPE ${type}`), "");
    }
    assertEquals(await run(admin, "CLIENT KILL TYPE normal"), "2");
    await Promise.all([client.closed, monitor.closed]);
    assertEquals([server.clients.count, server.clients.monitors.size], [1, 0]);
  });
});

Deno.test("CLIENT KILL of the caller answers first, and runs nothing more", async () => {
  await withServer(async ({ open }) => {
    const socket = await open();
    await write(socket, "CLIENT KILL TYPE normal SKIPME no\r\nPING\r\n");
    assertEquals(await readToEnd(socket), ":1\r\n");
    const other = await open();
    const { hostname, port } = other.localAddr;
    await write(other, `CLIENT KILL ${hostname}:${port}\r\nPING\r\n`);
    assertEquals(await readToEnd(other), "+OK\r\n");
  });
});

Deno.test("CLIENT KILL MAXAGE is by age in seconds", async () => {
  await withServer(async ({ clock, connect }) => {
    const old = await connect();
    await run(old, "PING");
    clock.advance(10_000);
    const admin = await connect();
    assertEquals(await run(admin, "CLIENT KILL MAXAGE 11"), "0");
    assertEquals(await run(admin, "CLIENT KILL MAXAGE 10 SKIPME no"), "1");
    await old.closed;
  });
});

Deno.test("CLIENT KILL ends a client whose commands wait for a pause, and they are not run", async () => {
  await withServer(async ({ connect, server }) => {
    const admin = await connect();
    const waiting = await connect();
    await run(admin, "CLIENT PAUSE 100000 WRITE");
    const held = assertRejects(() => run(waiting, "SET key value"), ConnectionClosedError);
    await until(() => [...server.clients].some((client) => client.postponed));
    assertEquals(await run(admin, "CLIENT KILL ID 2"), "1");
    await held;
    await run(admin, "CLIENT UNPAUSE");
    assertEquals(await run(admin, "EXISTS key"), "0");
  });
});

Deno.test("CLIENT PAUSE WRITE holds writes back in their order, and nothing else", async () => {
  await withServer(async ({ connect, clock, server }) => {
    const admin = await connect();
    const writer = await connect();
    await run(admin, "SET counter 1");
    assertEquals(await run(admin, "CLIENT PAUSE 1000 WRITE"), "OK");
    assertEquals(await run(writer, "GET counter"), "1");
    const held = Promise.all(
      ["INCR counter", "GET counter", "INCR counter"].map((line) => run(writer, line)),
    );
    await until(() => [...server.clients].some((client) => client.postponed));
    const { flags, cmd } = fieldsOf(await run(admin, "CLIENT LIST ID 2"));
    assertEquals([flags, cmd], ["b", "incr"]);
    assertMatch(await run(admin, "INFO clients"), /\r\nblocked_clients:1\r\n/);
    assertEquals(await run(admin, "GET counter"), "1");
    clock.advance(1000);
    assertEquals(await held, ["2", "2", "3"]);
    assertMatch(await run(admin, "INFO clients"), /\r\nblocked_clients:0\r\n/);
  });
});

Deno.test("CLIENT PAUSE ALL holds everything back, CLIENT UNPAUSE as well", async () => {
  await withServer(async ({ connect, clock, server }) => {
    const admin = await connect();
    await run(admin, "CLIENT PAUSE 500");
    const held = Promise.all([run(admin, "CLIENT UNPAUSE"), run(admin, "PING")]);
    await until(() => [...server.clients].some((client) => client.postponed));
    const other = await connect();
    assertMatch(await run(other, "NO-SUCH-COMMAND"), /^ERR unknown command/);
    clock.advance(500);
    assertEquals(await held, ["OK", "PONG"]);
  });
});

Deno.test("CLIENT REPLY SKIP before CLIENT REPLY SKIP goes on skipping", async () => {
  await withServer(async ({ open }) => {
    const socket = await open();
    await write(socket, "CLIENT REPLY SKIP\r\nCLIENT REPLY SKIP\r\nPING a\r\nPING b\r\n");
    assertEquals(await read(socket, 7), "$1\r\nb\r\n");
  });
});

Deno.test("CLIENT REPLY OFF keeps back errors, even of the protocol", async () => {
  await withServer(async ({ open }) => {
    const socket = await open();
    await write(
      socket,
      "CLIENT REPLY OFF\r\nPING\r\nNO-SUCH-COMMAND\r\nGET\r\nCLIENT REPLY ON\r\n",
    );
    assertEquals(await read(socket, 5), "+OK\r\n");
    await write(socket, "CLIENT REPLY OFF\r\n*x\r\n");
    assertEquals(await readToEnd(socket), "");
  });
});

Deno.test("CLIENT NO-TOUCH leaves a key's idle time as it is", async () => {
  await withServer(async ({ connect, clock }) => {
    const client = await connect();
    await run(client, "SET key value");
    clock.advance(5000);
    await run(client, "CLIENT NO-TOUCH on");
    await run(client, "GET key");
    assertEquals(await run(client, "OBJECT IDLETIME key"), "5");
    await run(client, "CLIENT NO-TOUCH off");
    await run(client, "GET key");
    assertEquals(await run(client, "OBJECT IDLETIME key"), "0");
  });
});

Deno.test("names that would break a line of CLIENT LIST are refused", async () => {
  await withServer(async ({ connect }) => {
    const client = await connect();
    for (const bad of ["a b", "a\nid=9", "a\r", "\x7f", "é", " "]) {
      for (const command of [["SETNAME"], ["SETINFO", "LIB-NAME"], ["SETINFO", "LIB-VER"]]) {
        const reply = await client.send(["CLIENT", ...command, bad]);
        assertEquals(reply.kind, "error", JSON.stringify([command, bad]));
      }
    }
    const after = fieldsOf(await run(client, "CLIENT LIST"));
    assertEquals([after.name, after["lib-name"], after["lib-ver"]], ["", "", ""]);
  });
});

Deno.test("a name is checked and shown up to a NUL, and kept whole", async () => {
  await withServer(async ({ connect }) => {
    const client = await connect();
    for (const command of [["SETNAME"], ["SETINFO", "LIB-NAME"], ["SETINFO", "LIB-VER"]]) {
      await client.send(["CLIENT", ...command, "a\0 b\nid=9"]);
    }
    const lines = (await run(client, "CLIENT LIST")).split("\n");
    const { name, "lib-name": libraryName, "lib-ver": libraryVersion } = fieldsOf(lines[0]);
    assertEquals([name, libraryName, libraryVersion, lines.length], ["a", "a", "a", 2]);
    assertEquals(await run(client, "CLIENT GETNAME"), "a\0 b\nid=9");
  });
});
