/** What is drawn by chance is drawn fairly: each member, field or key equally often, however it is kept. */
import { assert, assertEquals } from "@std/assert";
import { Client, type Reply } from "../../src/client/client.ts";
import { ManualClock } from "../../src/clock.ts";
import { Server } from "../../src/server.ts";
import { withSeed } from "../support/property.ts";

const memberCount = 20;
/** What is drawn of each kind, one by one or several together, and how many draws are too few. */
const drawnEach = 4000;
const drawsMin = 400;
/**
 * Chi squared with 19 degrees of freedom is beyond this in one of 10^9 cases, if all are equally likely. A
 * member that comes twice as often as the others makes it about 170.
 */
const criticalValue = 81.6;

/** A command that draws, with a count or without, as often as it takes. */
function drawing(words: string[], count: string): string[][] {
  const size = Math.abs(Number(count || "1"));
  const draws = Math.max(drawsMin, Math.ceil(drawnEach / size));
  return Array.from({ length: draws }, () => count === "" ? words : [...words, count]);
}

interface Session {
  readonly server: Server;
  /** Sends commands in one go; gives the texts in each reply. */
  run(commands: string[][]): Promise<string[][]>;
}

async function withServer(test: (session: Session) => Promise<void>): Promise<void> {
  await withSeed(async (random) => {
    const server = new Server({ port: 0, clock: new ManualClock(Date.UTC(2026, 0, 1)) });
    server.random.uint32 = () => random.uint32();
    await server.start();
    const client = await Client.connect({ port: server.port });
    const run = async (commands: string[][]) => {
      const replies = await Promise.all(commands.map((words) => client.send(words)));
      return replies.map(textsIn);
    };
    try {
      await test({ server, run });
    } finally {
      client.close();
      await server.stop();
    }
  });
}

function textsIn(reply: Reply): string[] {
  if (reply.kind === "bulk") return [new TextDecoder().decode(reply.bytes)];
  return "items" in reply ? reply.items.flatMap(textsIn) : [];
}

/**
 * Asserts that the texts come equally often in the draws. Where each draw is of several that differ, they
 * vary less than if they were drawn one by one, which is made up for.
 */
function assertFair(draws: string[][], texts: string[], areDistinct: boolean, what: string): void {
  const counts = new Map(texts.map((text) => [text, 0]));
  for (const text of draws.flat()) counts.set(text, counts.get(text)! + 1);
  assertEquals(counts.size, texts.length, what);
  const size = draws[0].length;
  const expected = draws.length * size / texts.length;
  let chiSquared = 0;
  for (const count of counts.values()) chiSquared += (count - expected) ** 2 / expected;
  if (areDistinct) chiSquared *= (texts.length - 1) / (texts.length - size);
  assert(chiSquared < criticalValue, `${what}: chi squared is ${chiSquared}`);
}

const numbers = Array.from({ length: memberCount }, (_, i) => String(i * 7));
const names = Array.from({ length: memberCount }, (_, i) => `member ${i}`);

/** How a value comes to have an encoding. */
interface Kept {
  encoding: string;
  members: string[];
  commands: string[][];
}

/** Asserts that a command is fair, asked for one, for several that differ, and for several that may not. */
async function assertFairCommand(
  { run }: Session,
  command: string,
  { encoding, members, commands }: Kept,
): Promise<void> {
  await run([["FLUSHALL"], ...commands]);
  assertEquals(await run([["OBJECT", "ENCODING", "key"]]), [[encoding]]);
  for (const count of ["", "1", "3", "17", "-10"]) {
    const draws = await run(drawing([command, "key"], count));
    assertFair(draws, members, !count.startsWith("-"), `${command} ${count} of ${encoding}`);
  }
}

const large = ["set-max-listpack-entries", "hash-max-listpack-entries", "zset-max-listpack-entries"]
  .map((name) => ["CONFIG", "SET", name, "3"]);

const sets: Kept[] = [
  { encoding: "intset", members: numbers, commands: [["SADD", "key", ...numbers]] },
  { encoding: "listpack", members: names, commands: [["SADD", "key", ...names]] },
  { encoding: "hashtable", members: names, commands: [...large, ["SADD", "key", ...names]] },
];

Deno.test("SRANDMEMBER is fair", async () => {
  await withServer(async (session) => {
    for (const kept of sets) await assertFairCommand(session, "SRANDMEMBER", kept);
  });
});

Deno.test("SPOP is fair, of few and of most members", async () => {
  await withServer(async ({ run }) => {
    for (const { encoding, members, commands } of sets) {
      await run([["FLUSHALL"], ...commands]);
      assertEquals(await run([["OBJECT", "ENCODING", "key"]]), [[encoding]]);
      for (const count of ["", "3", "17"]) {
        const pops = drawing(["SPOP", "copy"], count);
        const commands = pops.flatMap((pop) => [["COPY", "key", "copy", "REPLACE"], pop]);
        const draws = (await run(commands)).filter((_, i) => i % 2 === 1);
        assertFair(draws, members, true, `SPOP ${count} of ${encoding}`);
      }
    }
  });
});

Deno.test("HRANDFIELD is fair", async () => {
  const set = ["HSET", "key", ...names.flatMap((name) => [name, "value"])];
  const expire = ["HEXPIRE", "key", "1000", "FIELDS", "2", names[3], names[7]];
  await withServer(async (session) => {
    for (
      const kept of [
        { encoding: "listpack", members: names, commands: [set] },
        { encoding: "listpackex", members: names, commands: [set, expire] },
        { encoding: "hashtable", members: names, commands: [...large, set, expire] },
      ]
    ) await assertFairCommand(session, "HRANDFIELD", kept);
  });
});

Deno.test("ZRANDMEMBER is fair", async () => {
  const add = ["ZADD", "key", ...names.flatMap((name, i) => [String(i >> 1), name])];
  await withServer(async (session) => {
    for (
      const kept of [
        { encoding: "listpack", members: names, commands: [add] },
        { encoding: "skiplist", members: names, commands: [...large, add] },
      ]
    ) await assertFairCommand(session, "ZRANDMEMBER", kept);
  });
});

Deno.test("RANDOMKEY is fair, to what has a time to live and after many keys have gone", async () => {
  await withServer(async ({ run }) => {
    const others = Array.from({ length: 5000 }, (_, i) => `other ${i}`);
    await run([
      ["MSET", ...others.flatMap((name) => [name, ""])],
      ["MSET", ...names.flatMap((name) => [name, "x".repeat(name.length * 10)])],
      ["DEL", ...others],
      ...names.slice(5).map((name) => ["EXPIRE", name, "1000"]),
    ]);
    const draws = await run(drawing(["RANDOMKEY"], ""));
    assertFair(draws, names, true, "RANDOMKEY");
  });
});
