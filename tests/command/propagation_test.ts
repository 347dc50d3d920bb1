/**
 * The feed as who keeps it meets it; what commands propagate is recorded from Redis and compared with it
 * in tests/compat/propagation_*.
 */
import { assertEquals } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import { ManualClock } from "../../src/clock.ts";
import type { CommandFeed } from "../../src/command/command_feed.ts";
import { Server } from "../../src/server.ts";

const decoder = new TextDecoder();

/** Notes each command as its words behind the index of its database. */
class Notes implements CommandFeed {
  readonly lines: string[] = [];
  /** The bytes of the largest buffer that it was shown. */
  bufferBytesMax = 0;

  command(database: number, bytes: Uint8Array, start: number, end: number): void {
    const words = decoder.decode(bytes.subarray(start, end)).split("\r\n");
    this.lines.push([database, ...words.filter((_, i) => i > 0 && i % 2 === 0)].join(" "));
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
    await run("SET a 1");
    const usualBytes = feed.bufferBytesMax;
    await run(`SET a ${"x".repeat(usualBytes * 3)}`);
    feed.bufferBytesMax = 0;
    await run("SET a 1");
    assertEquals(feed.bufferBytesMax, usualBytes);
    assertEquals(feed.lines.length, 3);
  });
});
