/** Requests arrive as the network cuts them: at any byte, in pieces of any size. */
import { assertEquals } from "@std/assert";
import type { Target } from "../support/player.ts";
import { startRedino } from "../support/redino_server.ts";
import { WireConnection } from "../support/wire_connection.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** Pipelines, each with the replies to it. They leave no key behind. */
const corpus: [name: string, requests: string, replies: string][] = [
  ["a command", "*1\r\n$4\r\nPING\r\n", "+PONG\r\n"],
  [
    "a pipeline",
    "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\na\r\n\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n",
    "+OK\r\n$3\r\na\r\n\r\n:1\r\n",
  ],
  [
    "inline commands",
    "PING\r\nPING\n  ECHO  'a b' \r\n\r\nECHO \"\\x41\\r\\n\"\r\n",
    "+PONG\r\n+PONG\r\n$3\r\na b\r\n$3\r\nA\r\n\r\n",
  ],
  [
    "inline and multibulk mixed",
    "PING\r\n*2\r\n$4\r\nECHO\r\n$0\r\n\r\n*0\r\nPING\r\n*1\r\n$4\r\nPING\r\n",
    "+PONG\r\n$0\r\n\r\n+PONG\r\n+PONG\r\n",
  ],
  [
    "an argument that looks like requests",
    "*2\r\n$4\r\nECHO\r\n$23\r\n*1\r\n$4\r\nPING\r\nGET k\r\n\r\n\r\n",
    "$23\r\n*1\r\n$4\r\nPING\r\nGET k\r\n\r\n\r\n",
  ],
  [
    "errors",
    "*1\r\n$3\r\nfoo\r\n*1\r\n$3\r\nGET\r\nfoo\r\nPING\r\n",
    "-ERR unknown command 'foo', with args beginning with: \r\n" +
    "-ERR wrong number of arguments for 'get' command\r\n" +
    "-ERR unknown command 'foo', with args beginning with: \r\n+PONG\r\n",
  ],
  [
    "many arguments",
    "*13\r\n$4\r\nMGET\r\n" + "$1\r\nx\r\n".repeat(12),
    "*12\r\n" + "$-1\r\n".repeat(12),
  ],
];

/** Pipelines that end in an error, after which the connection is closed. */
const fatal: [name: string, requests: string, replies: string][] = [
  [
    "a wrong bulk length",
    "PING\r\n*2\r\n$4\r\nECHO\r\n$-7\r\nPING\r\n",
    "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n",
  ],
  [
    "a wrong multibulk length",
    "*1\r\n$4\r\nPING\r\n*x\r\nPING\r\n",
    "+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n",
  ],
  [
    "no bulk",
    "*1\r\nPING\r\nPING\r\n",
    "-ERR Protocol error: expected '$', got 'P'\r\n",
  ],
  [
    "unbalanced quotes",
    "PING\r\nECHO 'a\r\nPING\r\n",
    "+PONG\r\n-ERR Protocol error: unbalanced quotes in request\r\n",
  ],
];

/** Resolves when the server has read what was sent before: it answers one connection after another. */
async function settle(bystander: WireConnection): Promise<void> {
  await bystander.write(encode("PING\r\n"));
  await bystander.readReply();
}

async function withServer(test: (target: Target, bystander: WireConnection) => Promise<void>) {
  const target = await startRedino();
  const bystander = await WireConnection.open(target.port);
  try {
    await test(target, bystander);
  } finally {
    bystander.close();
    await target.stop();
  }
}

for (const [name, requests, replies] of corpus) {
  const bytes = encode(requests);

  Deno.test(`${name}, split at every byte`, async () => {
    await withServer(async ({ port }, bystander) => {
      const connection = await WireConnection.open(port);
      for (let cut = 1; cut < bytes.length; cut++) {
        await connection.write(bytes.subarray(0, cut));
        await settle(bystander);
        await connection.write(bytes.subarray(cut));
        const got = await connection.readBytes(replies.length);
        assertEquals(new TextDecoder().decode(got), replies, `cut at ${cut}`);
      }
      connection.close();
    });
  });

  Deno.test(`${name}, in pieces of 1 to 16 bytes`, async () => {
    await withServer(async ({ port }, bystander) => {
      for (const size of [1, 2, 3, 5, 16]) {
        const connection = await WireConnection.open(port);
        for (let at = 0; at < bytes.length; at += size) {
          await connection.write(bytes.subarray(at, at + size));
          await settle(bystander);
        }
        const got = await connection.readBytes(replies.length);
        assertEquals(new TextDecoder().decode(got), replies, `pieces of ${size}`);
        connection.close();
      }
    });
  });
}

for (const [name, requests, replies] of fatal) {
  const bytes = encode(requests);

  Deno.test(`${name}, split at every byte, closes the connection`, async () => {
    await withServer(async ({ port }, bystander) => {
      for (let cut = 1; cut < bytes.length; cut++) {
        const connection = await WireConnection.open(port);
        await connection.write(bytes.subarray(0, cut));
        await settle(bystander);
        await connection.write(bytes.subarray(cut));
        const got = await connection.readToEnd();
        assertEquals(new TextDecoder().decode(got), replies, `cut at ${cut}`);
        connection.close();
      }
    });
  });
}

Deno.test("a value of a megabyte arrives whole in pieces of any size", async () => {
  await withServer(async ({ port }) => {
    const value = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 31) >> 3);
    for (const size of [1000, 16_384, 65_537]) {
      const connection = await WireConnection.open(port);
      await connection.write(encode(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${value.length}\r\n`));
      for (let at = 0; at < value.length; at += size) {
        await connection.write(value.subarray(at, at + size));
      }
      await connection.write(encode("\r\nGET k\r\n"));
      const replies = `+OK\r\n$${value.length}\r\n`;
      assertEquals(await connection.readBytes(replies.length), encode(replies));
      assertEquals(await connection.readBytes(value.length), value);
      connection.close();
    }
  });
});
