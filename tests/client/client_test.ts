import { assertEquals, assertRejects } from "@std/assert";
import { Client, ConnectionClosedError, type Reply } from "../../src/client/client.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** A server for one connection, which plays the part that the test gives it. */
async function withServer(
  serve: (connection: Deno.TcpConn, received: (bytes: string) => Promise<void>) => Promise<void>,
  use: (client: Client) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const served = (async () => {
    const connection = await listener.accept();
    const received = async (expected: string) => {
      const buffer = new Uint8Array(4096);
      let text = "";
      while (text.length < expected.length) {
        const count = await connection.read(buffer);
        if (count === null) break;
        text += new TextDecoder().decode(buffer.subarray(0, count));
      }
      assertEquals(text, expected);
    };
    try {
      await serve(connection, received);
    } finally {
      connection.close();
    }
  })();
  const client = await Client.connect({ port: listener.addr.port });
  try {
    await use(client);
  } finally {
    client.close();
    await served;
    await client.closed;
    listener.close();
  }
}

Deno.test("Client.send resolves to the reply, be it an error", async () => {
  await withServer(async (connection, received) => {
    await received("*3\r\n$3\r\nSET\r\n$2\r\nä\r\n$1\r\n1\r\n");
    await connection.write(encode("-ERR no\r\n"));
  }, async (client) => {
    assertEquals(await client.send(["SET", "ä", 1]), { kind: "error", text: "ERR no" });
  });
});

Deno.test("Client.send pipelines commands of one turn and keeps their order", async () => {
  const ping = "*1\r\n$4\r\nPING\r\n";
  await withServer(async (connection, received) => {
    await received(ping.repeat(3));
    await connection.write(encode(":1\r\n:2\r\n:"));
    await connection.write(encode("3\r\n"));
  }, async (client) => {
    const replies = await Promise.all([1, 2, 3].map(() => client.send(["PING"])));
    assertEquals(replies.map((reply) => reply.kind === "integer" && reply.value), [1, 2, 3]);
  });
});

Deno.test("Client.onPush hears of pushes between replies", async () => {
  const pushes: Reply[] = [];
  await withServer(async (connection, received) => {
    await received("*1\r\n$4\r\nPING\r\n");
    await connection.write(encode(">1\r\n:7\r\n+PONG\r\n"));
  }, async (client) => {
    client.onPush = (push) => pushes.push(push);
    assertEquals(await client.send(["PING"]), { kind: "simple", text: "PONG" });
    assertEquals(pushes, [{ kind: "push", items: [{ kind: "integer", value: 7 }] }]);
  });
});

Deno.test("Client.sendThenRaw hands over all that follows the reply", async () => {
  await withServer(async (connection, received) => {
    await received("*1\r\n$5\r\nPSYNC\r\n");
    await connection.write(encode("+FULLRESYNC\r\n$7\r\nbin"));
    await connection.write(encode("ary!"));
  }, async (client) => {
    const { reply, rest } = await client.sendThenRaw(["PSYNC"]);
    assertEquals(reply, { kind: "simple", text: "FULLRESYNC" });
    assertEquals(await new Response(rest).text(), "$7\r\nbinary!");
  });
});

Deno.test("Client.post sends a command and awaits nothing", async () => {
  await withServer(async (connection, received) => {
    await received("*1\r\n$3\r\nOFF\r\n*1\r\n$2\r\nON\r\n");
    await connection.write(encode("+OK\r\n"));
  }, async (client) => {
    client.post(["OFF"]);
    assertEquals(await client.send(["ON"]), { kind: "simple", text: "OK" });
  });
});

Deno.test("Client.send rejects when the server closes the connection", async () => {
  await withServer(async (_, received) => {
    await received("*1\r\n$4\r\nPING\r\n");
  }, async (client) => {
    await assertRejects(() => client.send(["PING"]), ConnectionClosedError);
    await assertRejects(() => client.send(["PING"]), ConnectionClosedError);
  });
});

Deno.test("Client.send rejects when the server sends no RESP", async () => {
  await withServer(async (connection) => {
    await connection.write(encode("HTTP/1.1 400 Bad Request\r\n"));
  }, async (client) => {
    await assertRejects(() => client.send(["PING"]), Error, "not a reply");
  });
});
