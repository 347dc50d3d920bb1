/** Clients that do not behave: lengths that lie, half-closed and dropped connections, slow readers. */
import { assert, assertEquals, assertLess } from "@std/assert";
import type { Target } from "../support/player.ts";
import { startRedino } from "../support/redino_server.ts";
import { WireConnection } from "../support/wire_connection.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined) =>
  bytes ? new TextDecoder().decode(bytes) : "closed";

const megabyte = 1 << 20;

/** Writes a request and reads the reply to it. */
async function ask(connection: WireConnection, request: string): Promise<string> {
  await connection.write(encode(request + "\r\n"));
  return decode(await connection.readReply());
}

async function withServer(
  test: (target: Target, bystander: WireConnection) => Promise<void>,
): Promise<void> {
  const target = await startRedino();
  const bystander = await WireConnection.open(target.port);
  try {
    await test(target, bystander);
    assertEquals(await ask(bystander, "PING"), "+PONG\r\n");
  } finally {
    bystander.close();
    await target.stop();
  }
}

Deno.test("a length that is announced allocates nothing", async () => {
  await withServer(async ({ port }, bystander) => {
    const before = Deno.memoryUsage().rss;
    const connections: WireConnection[] = [];
    for (let i = 0; i < 200; i++) {
      const connection = await WireConnection.open(port);
      const request = i % 2 === 0 ? "*2147483647\r\n" : "*2\r\n$4\r\nECHO\r\n$536870912\r\nabc";
      await connection.write(encode(request));
      connections.push(connection);
    }
    assertEquals(await ask(bystander, "PING"), "+PONG\r\n");
    assertLess(Deno.memoryUsage().rss - before, 256 * megabyte);
    for (const connection of connections) connection.close();
  });
});

Deno.test("lengths beyond the limits close the connection", async () => {
  await withServer(async ({ port }) => {
    const requests = [
      "*2147483648\r\n",
      "*99999999999999999999\r\n",
      "*1\r\n$536870913\r\n",
      "*1\r\n$99999999999999999999\r\n",
      "*" + "1".repeat(70_000),
      "*1\r\n$" + "1".repeat(70_000),
      "a".repeat(70_000),
    ];
    for (const request of requests) {
      const connection = await WireConnection.open(port);
      await connection.write(encode(request));
      assert(decode(await connection.readToEnd()).startsWith("-ERR Protocol error: "));
      connection.close();
    }
  });
});

Deno.test("a half-closed connection still gets the replies to what it sent", async () => {
  await withServer(async ({ port }) => {
    const connection = await WireConnection.open(port);
    await connection.write(encode("PING\r\n".repeat(1000) + "*2\r\n$4\r\nEC"));
    await connection.closeWrite();
    assertEquals(decode(await connection.readToEnd()), "+PONG\r\n".repeat(1000));
    connection.close();
  });
});

Deno.test("connections dropped in the middle of a request leave nothing behind", async () => {
  await withServer(async ({ port }, bystander) => {
    const request = encode("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n");
    for (let cut = 0; cut < request.length; cut++) {
      const connection = await WireConnection.open(port);
      await connection.write(request.subarray(0, cut));
      connection.close();
    }
    assertEquals(await ask(bystander, "EXISTS key"), ":0\r\n");
    await untilClients(bystander, 1);
  });
});

Deno.test("connections dropped in the middle of a reply leave nothing behind", async () => {
  await withServer(async ({ port }, bystander) => {
    await ask(bystander, `SET key ${"v".repeat(60_000)}`);
    for (let i = 0; i < 20; i++) {
      const connection = await WireConnection.open(port);
      await connection.write(encode("GET key\r\n".repeat(200)));
      await connection.readBytes(100);
      connection.close();
    }
    await untilClients(bystander, 1);
  });
});

/** Asks until no more clients than these are connected: the server hears of a close when it reads. */
async function untilClients(bystander: WireConnection, count: number): Promise<void> {
  let list = "";
  for (let attempt = 0; attempt < 1000; attempt++) {
    list = await ask(bystander, "CLIENT LIST");
    if (list.split("id=").length - 1 === count) return;
  }
  throw new Error(`clients remain:\n${list}`);
}

Deno.test("a slow reader gets all replies in the end and delays nobody", async () => {
  await withServer(async ({ port }, bystander) => {
    const value = "v".repeat(100_000 - 1) + "!";
    await bystander.write(encode(`*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$100000\r\n${value}\r\n`));
    await bystander.readReply();
    const slow = await WireConnection.open(port);
    const written = slow.write(encode("GET key\r\n".repeat(300)));
    for (let i = 0; i < 50; i++) assertEquals(await ask(bystander, "PING"), "+PONG\r\n");
    for (let i = 0; i < 300; i++) {
      const reply = await slow.readReply();
      assertEquals(reply?.length, 100_000 + "$100000\r\n\r\n".length);
      assertEquals(reply?.at(-3), "!".charCodeAt(0));
    }
    await written;
    slow.close();
  });
});

Deno.test("a reader slower than its output limit is disconnected", async () => {
  await withServer(async ({ port }, bystander) => {
    await ask(bystander, `SET key ${"v".repeat(60_000)}`);
    await ask(bystander, 'CONFIG SET client-output-buffer-limit "normal 1mb 0 0"');
    const slow = await WireConnection.open(port);
    // Far more than the buffers of the system hold
    for (let i = 0; i < 100; i++) await slow.write(encode("GET key\r\n".repeat(20)));
    await untilClients(bystander, 1);
    assertLess((await slow.readToEnd()).length, 100 * 20 * 60_000);
    slow.close();
  });
});

Deno.test("an unauthenticated client may leave only a kilobyte of replies unread", async () => {
  await withServer(async ({ port }, bystander) => {
    await ask(bystander, "CONFIG SET requirepass secret");
    const connection = await WireConnection.open(port);
    await connection.write(encode("PING\r\n".repeat(100_000)));
    await untilClients(bystander, 1);
    await connection.readToEnd();
    connection.close();
  });
});
