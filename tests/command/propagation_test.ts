/**
 * The feed as who keeps it meets it; what commands propagate is recorded from Redis and compared with it
 * in tests/compat/propagation_*.
 */
import { assert, assertEquals } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import { ReplyParser } from "../../src/client/reply_parser.ts";
import { ManualClock } from "../../src/clock.ts";
import type { CommandFeed } from "../../src/command/command_feed.ts";
import { Server } from "../../src/server.ts";
import { WireConnection } from "../support/wire_connection.ts";

const decoder = new TextDecoder();

/** Notes each command as its words behind the index of its database. */
class Notes implements CommandFeed {
  readonly lines: string[] = [];
  /** The bytes of the largest buffer that it was shown. */
  bufferBytesMax = 0;

  command(database: number, bytes: Uint8Array, start: number, end: number): void {
    const parser = new ReplyParser();
    parser.feed(bytes.subarray(start, end));
    const command = parser.next();
    assertEquals(parser.consumedBytes, end - start);
    assert(command?.kind === "array");
    const words = command.items.map((item) => item.kind === "bulk" && decoder.decode(item.bytes));
    this.lines.push([database, ...words].join(" "));
    this.bufferBytesMax = Math.max(this.bufferBytesMax, bytes.length);
  }

  take(): string[] {
    return this.lines.splice(0);
  }
}

async function withFeed(
  test: (server: Server, feed: Notes, run: (line: string) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const server = new Server({ port: 0, clock: new ManualClock(Date.now()) });
  await server.start();
  const client = await Client.connect({ port: server.port });
  const feed = new Notes();
  server.propagation.feed = feed;
  try {
    await test(server, feed, (line) => client.send(line.split(" ")));
  } finally {
    client.close();
    await server.stop();
  }
}

Deno.test("each command comes with the index of its database, MULTI and EXEC with none", async () => {
  await withFeed(async (_, feed, run) => {
    await run("SELECT 3");
    await run("SET a 1");
    await run("MULTI");
    await run("SET b 1");
    await run("SELECT 4");
    await run("SET c 1");
    await run("EXEC");
    assertEquals(feed.take(), ["3 SET a 1", "-1 MULTI", "3 SET b 1", "4 SET c 1", "-1 EXEC"]);
  });
});

Deno.test("a feed that comes or goes hears of what follows, and of nothing before", async () => {
  await withFeed(async (server, feed, run) => {
    server.propagation.feed = null;
    await run("SET a 1");
    await run("SPOP missing");
    await run("SET volatile 1 EX 100");
    server.propagation.feed = feed;
    await run("SET a 2");
    await run("GET volatile");
    assertEquals(feed.take(), ["0 SET a 2"]);
  });
});

Deno.test("a long command leaves no long buffer behind", async () => {
  await withFeed(async (_, feed, run) => {
    // with a time to live: what is propagated is not the request but written anew
    await run("SET a 1 EX 100");
    const usualBytes = feed.bufferBytesMax;
    await run(`SET a ${"x".repeat(usualBytes * 3)} EX 100`);
    assert(feed.bufferBytesMax > usualBytes * 3);
    feed.bufferBytesMax = 0;
    await run("SET a 1 EX 100");
    assertEquals(feed.bufferBytesMax, usualBytes);
    assertEquals(feed.lines.length, 3);
  });
});

Deno.test("a unit of many commands is followed by one of few", async () => {
  await withFeed(async (_, feed, run) => {
    const units = [100, 2, 100];
    for (const count of units) {
      await run("MULTI");
      for (let i = 0; i < count; i++) await run(`SET a ${i}`);
      await run("EXEC");
    }
    const unit = (count: number) => [
      "-1 MULTI",
      ...Array.from({ length: count }, (_, i) => `0 SET a ${i}`),
      "-1 EXEC",
    ];
    assertEquals(feed.take(), units.flatMap(unit));
  });
});

Deno.test("a request goes in RESP, however its client wrote it", async () => {
  await withFeed(async (server, feed) => {
    const requests = [
      "SET a 1\r\n",
      "set   a '1 2'\n",
      "FLUSHALL\r\n",
      "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n",
      // whatever follows CR is taken for LF, and CRLF behind a bulk string for granted
      "*3\r?$3\r\nSET\r\n$1\r\na\r\n$1\r\n2\r\n",
      "*3\r\n$3\r\nSET\r\n$1\r?a\r\n$1\r\n3\r\n",
      "*3\r\n$3\r\nSET??$1\r\na\r\n$1\r\n4\r\n",
      "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n5??",
      `*3\r\n$3\r\nSET\r\n$1\r\na\r\n$12\r\n${"6".repeat(12)}\r\n`,
    ];
    const connection = await WireConnection.open(server.port);
    await connection.write(new TextEncoder().encode(requests.join("")));
    for (let i = 0; i < requests.length; i++) await connection.readReply();
    connection.close();
    assertEquals(feed.take(), [
      ...["0 SET a 1", "0 set a 1 2", "0 FLUSHALL", "0 SET a 1", "0 SET a 2", "0 SET a 3"],
      ...["0 SET a 4", "0 SET a 5", "0 SET a 666666666666"],
    ]);
  });
});
