/** What is left of a command that finds no memory: nothing, and it does not happen to one that has begun. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client, type Reply } from "../../src/client/client.ts";
import { ManualClock } from "../../src/clock.ts";
import { HeapFullError, SEGMENT_BYTES } from "../../src/memory/heap.ts";
import { Server } from "../../src/server.ts";
import { run, until } from "../net/support.ts";
import { readFamilies } from "../support/families.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { StoredServer } from "../support/stored_server.ts";
import type { Section } from "../support/transcript.ts";

const outOfMemory = "OOM command not allowed when used memory > 'maxmemory'.";

/** More allocations than any of the commands needs. */
const allocationsMax = 300;

/** Values are kept otherwise beyond one element. */
const smallest = [
  "hash-max-listpack-entries",
  "set-max-intset-entries",
  "set-max-listpack-entries",
  "zset-max-listpack-entries",
  "list-max-listpack-size",
  "stream-node-max-entries",
];

interface Session {
  readonly server: Server;
  readonly clock: ManualClock;
  run(words: readonly (string | Uint8Array)[]): Promise<Reply>;
}

async function withServer(test: (session: Session) => Promise<void>): Promise<void> {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const server = new Server({ port: 0, clock });
  await server.start();
  const client = await Client.connect({ port: server.port });
  try {
    await test({ server, clock, run: (words) => client.send([...words]) });
  } finally {
    client.close();
    await server.stop();
  }
}

/** Has one allocation fail. */
class Saboteur {
  /** Allocations that succeed before one fails. */
  left = Infinity;

  constructor({ keyspace: { heap } }: Server) {
    const { allocate, reallocate } = heap;
    heap.allocate = (byteLength) => {
      this.#strike();
      return allocate.call(heap, byteLength);
    };
    heap.reallocate = (address, byteLength, keepBytes) => {
      this.#strike();
      return reallocate.call(heap, address, byteLength, keepBytes);
    };
  }

  #strike(): void {
    if (this.left-- === 0) throw new HeapFullError("for the test");
  }
}

/** Lets what has been dropped be freed, and the cron run. */
async function settle({ clock }: Session): Promise<void> {
  for (let i = 0; i < 20; i++) {
    clock.advance(100);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

function keysOf({ server: { keyspace } }: Session): string {
  const names: string[] = [];
  for (const database of keyspace.databases) {
    database.dict.forEach((record) => names.push(`${database.index} ${database.keyBytes(record)}`));
  }
  return names.sort().join("\n");
}

/** Plays a section, each of its commands with one allocation after the other that fails. */
async function playSabotaged(session: Session, saboteur: Saboteur, section: Section) {
  const { run } = session;
  for (const { action, line } of section.steps) {
    if (action.kind !== "command" || line.includes("INFO")) continue;
    for (let left = 0; left <= allocationsMax; left++) {
      assert(left < allocationsMax, line);
      const before = keysOf(session);
      saboteur.left = left;
      const reply = await run(action.words);
      const hasStruck = saboteur.left < 0;
      saboteur.left = Infinity;
      const failed = reply.kind === "error" && reply.text === outOfMemory;
      // some do without: a value that can't be kept smaller stays as it is
      if (!hasStruck || !failed) break;
      // each key that they set is a change of its own
      if (!/^MSET/.test(line)) assertEquals(keysOf(session), before, `${line}: allocation ${left}`);
    }
  }
}

for (const thresholds of [[], smallest]) {
  const name = thresholds.length === 0 ? "small" : "large";
  Deno.test(`a command that finds no memory leaves no key and no block behind: ${name} values`, async () => {
    await withServer(async (session) => {
      for (const threshold of thresholds) await session.run(["CONFIG", "SET", threshold, "1"]);
      const saboteur = new Saboteur(session.server);
      const [{ sections }] = readFamilies(["changes"]);
      for (const section of sections) {
        await settle(session);
        const { usedBytes } = session.server.keyspace.heap;
        await playSabotaged(session, saboteur, section);
        await session.run(["FLUSHALL"]);
        await settle(session);
        assertEquals(session.server.keyspace.heap.usedBytes, usedBytes, section.title);
      }
    });
  });
}

Deno.test("a list that is turned in vain is as it was", async () => {
  await withServer(async (session) => {
    const { run } = session;
    const saboteur = new Saboteur(session.server);
    await run(["CONFIG", "SET", "list-max-listpack-size", "1"]);
    await run(["RPUSH", "list", "a", "b", "c"]);
    saboteur.left = 0;
    assertEquals(await run(["LMOVE", "list", "list", "LEFT", "RIGHT"]), {
      kind: "error",
      text: outOfMemory,
    });
    saboteur.left = Infinity;
    const elements = await run(["LRANGE", "list", "0", "-1"]);
    assertEquals(textsOf(elements), ["a", "b", "c"]);
  });
});

Deno.test("a log has what a command has left behind that found no memory", async () => {
  const lines = ["save ''", "appendonly yes", "list-max-listpack-size 1"];
  await using stored = await StoredServer.start(new SimulatedStorage(), lines);
  const { aof } = stored.server.persistence;
  const client = await stored.connect();
  await run(client, "RPUSH list a b");
  const saboteur = new Saboteur(stored.server);
  saboteur.left = 5;
  assertEquals(await run(client, "RPUSH list c d e f"), outOfMemory);
  saboteur.left = Infinity;
  const elements = await run(client, "LRANGE list 0 -1");
  assertMatch(elements, /^a b c/);
  assertEquals(await run(client, "RPUSH list last"), String(elements.split(" ").length + 1));
  await until(() => {
    stored.clock.advance(100);
    return aof.rewritesTotal === 1 && !aof.isRewriting;
  });
  await using loaded = await StoredServer.start(stored.storage.afterKill(), lines);
  assertEquals(await run(await loaded.connect(), "LRANGE list 0 -1"), `${elements} last`);
});

function textsOf(reply: Reply): string[] {
  return "items" in reply
    ? reply.items.flatMap(textsOf)
    : "bytes" in reply
    ? [String.fromCharCode(...reply.bytes)]
    : [];
}

/** Has the system give no memory for segments while `test` runs. */
async function withoutMemory(test: () => Promise<void>): Promise<void> {
  const { ArrayBuffer } = globalThis;
  globalThis.ArrayBuffer = new Proxy(ArrayBuffer, {
    construct(target, [byteLength, ...rest]) {
      if (byteLength >= SEGMENT_BYTES) throw new RangeError("Array buffer allocation failed");
      return new target(byteLength, ...rest);
    },
  });
  try {
    await test();
  } finally {
    globalThis.ArrayBuffer = ArrayBuffer;
  }
}

Deno.test("when memory ends what has begun is done, and nothing that takes memory begins", async () => {
  await withServer(async (session) => {
    const { run, server: { keyspace: { heap } } } = session;
    const value = "x".repeat(200 << 10);
    const names = (prefix: string) => Array.from({ length: 100 }, (_, i) => `${prefix}${i}`);
    await withoutMemory(async () => {
      const replies = new Set<string>();
      for (let i = 0; !heap.isLow; i++) {
        const reply = await run(["MSET", ...names(`${i}:`).flatMap((name) => [name, value])]);
        replies.add(reply.kind);
      }
      assertEquals([...replies], ["simple"]);
      assertEquals(await run(["SET", "another", "1"]), { kind: "error", text: outOfMemory });
      assertEquals((await run(["GET", "0:0"])).kind, "bulk");
      assertEquals(await run(["DEL", ...names("0:")]), { kind: "integer", value: 100 });
      await settle(session);
      // there is room in what it has, but no reserve
      assertEquals(heap.isLow, true);
    });
    await settle(session);
    assertEquals(heap.isLow, false);
    assertEquals(await run(["SET", "another", "1"]), { kind: "simple", text: "OK" });
  });
});
