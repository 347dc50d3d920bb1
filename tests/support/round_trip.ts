/**
 * Sends data round: a real server fills its files, redino loads them and writes its own, and the real one
 * loads those. Snapshot, append-only log, and a log that begins with commands each; the data must be the
 * same at every step, and so must these commands.
 */
import { copySync } from "./copy_folder.ts";
import { Client, type Reply } from "../../src/client/client.ts";
import { Config } from "../../src/config/config.ts";
import { datasetDigest } from "../../src/observe/digest.ts";
import { type Random, randomBelow, SeededRandom } from "../../src/random.ts";
import { Server } from "../../src/server.ts";
import { run } from "../net/support.ts";
import { CommandGenerator } from "./command_generator.ts";
import type { Target } from "./player.ts";
import { sendRandomCommands } from "./random_load.ts";
import { startReferenceServer } from "./reference_server.ts";
import { rewrittenKeys } from "./rewritten_log.ts";

const databases = 16;

const dayMs = 86_400_000;

const longStrings = 1000;
const longBytes = 1_000_000;
const largeElements = 5000;

/** A server has removed within that time what is past its time. */
const goneMs = 300;
const logArguments = ["--appendonly", "yes", "--appendfsync", "always"];

/** Code that goes with the data. */
const library = "#!lua name=lib\nredis.register_function('answer', function() return 42 end)";

/** What the data goes round in. */
type Kind = "snapshot" | "log" | "commands";

/** Goes round once with what `count` random commands leave; yields what is wrong. */
export async function* roundTrip(
  program: string,
  count: number,
  seed: number,
): AsyncGenerator<string> {
  const directory = await Deno.makeTempDir({ prefix: "redino-round-trip-" });
  const folder = (name: string) => {
    Deno.mkdirSync(`${directory}/${name}`, { recursive: true });
    return `${directory}/${name}`;
  };
  try {
    const theirs = folder("theirs");
    let digest = await fillReal(program, theirs, count, seed);
    for (const kind of ["snapshot", "log", "commands"] as const) {
      const ours = folder(`ours-${kind}`);
      const isLog = kind !== "snapshot";
      const names = isLog ? ["appendonlydir"] : ["dump.rdb"];
      if (kind === "commands") digest = await rewriteAsCommands(program, theirs);
      copySync(theirs, ours, names);
      const loaded = await passThrough(ours, kind);
      // a log may lack what its server had: a BITFIELD that fails is not in it, and may lengthen a string
      if (loaded !== digest && isLog) digest = await withReal(program, theirs, true, digestOf);
      if (loaded !== digest) yield `redino finds ${loaded} in the ${kind} of ${program}: ${digest}`;
      const back = folder(`back-${kind}`);
      copySync(ours, back, names);
      const found = await withReal(program, back, isLog, async (client) => {
        const digest = await digestOf(client);
        const libraries = await run(client, "FUNCTION LIST WITHCODE");
        return libraries.includes(library) ? digest : `functions ${libraries}`;
      });
      if (found !== loaded) yield `${program} finds ${found} in the ${kind} of redino: ${loaded}`;
      // others print scores in another way
      if (kind === "commands" && program === "redis-server") yield* compareBases(theirs, ours);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Has a real server make a snapshot and a log of random data; returns the digest of that. */
function fillReal(
  program: string,
  directory: string,
  count: number,
  seed: number,
): Promise<string> {
  const generator = new CommandGenerator(new SeededRandom(seed));
  return withReal(program, directory, true, async (client) => {
    await sendRandomCommands(client, generator, count);
    await client.send(["RESET"]);
    await fillLarge(client, new SeededRandom(seed));
    await client.send(["FUNCTION", "LOAD", library]);
    await stopTime(client);
    await takeSignsOfZeros(client);
    const digest = await digestOf(client);
    await client.send(["SAVE"]);
    return digest;
  });
}

/** Values that take many parts of a file: some megabytes that can't be compressed, and large collections. */
async function fillLarge(client: Client, random: Random): Promise<void> {
  const letters = (length: number) =>
    Array.from({ length }, () => String.fromCharCode(32 + randomBelow(random, 96))).join("");
  const commands: string[][] = [];
  for (let i = 0; i < longStrings; i++) commands.push(["SET", `string:${i}`, letters(3000)]);
  commands.push(["SET", "long noise", letters(longBytes)]);
  commands.push(["SET", "long text", letters(100).repeat(longBytes / 100)]);
  for (let i = 0; i < largeElements; i++) {
    const element = letters(20);
    commands.push(
      ["RPUSH", "large list", element],
      ["SADD", "large set", element],
      ["ZADD", "large sorted set", `${i}`, element],
      ["HSET", "large hash", element, `${i}`],
      ["XADD", "large stream", `${i + 1}-1`, "field", element],
    );
  }
  commands.push(["XGROUP", "CREATE", "large stream", "group", "0"]);
  commands.push(["XREADGROUP", "GROUP", "group", "one", "STREAMS", "large stream", ">"]);
  await Promise.all(commands.map((words) => client.send(words)));
}

/**
 * Takes times to live away that end within a day: what goes on the way would be missed. Those of fields that
 * stay are set once more, as a log forgets them where HINCRBYFLOAT is in it as an HSET.
 */
async function stopTime(client: Client): Promise<void> {
  for (let database = 0; database < databases; database++) {
    await client.send(["SELECT", String(database)]);
    for (const key of bulksOf(await client.send(["KEYS", "*"]))) {
      if (endsSoon(await client.send(["PTTL", key]))) await client.send(["PERSIST", key]);
      await stopTimeOfFields(client, key);
    }
  }
  // those whose time had come, and that nobody looked at, go by themselves
  await new Promise((resolve) => setTimeout(resolve, goneMs));
}

async function stopTimeOfFields(client: Client, key: Uint8Array): Promise<void> {
  const fields = bulksOf(await client.send(["HKEYS", key]));
  const all = ["FIELDS", String(fields.length), ...fields];
  const ends = itemsOf(await client.send(["HPEXPIRETIME", key, ...all]));
  for (const [i, end] of ends.entries()) {
    if (end.kind !== "integer" || end.value < 0) continue;
    const one = ["FIELDS", "1", fields[i]];
    if (end.value < Date.now() + dayMs) await client.send(["HPERSIST", key, ...one]);
    else await client.send(["HPEXPIREAT", key, String(end.value), ...one]);
  }
}

function endsSoon(reply: Reply): boolean {
  return reply.kind === "integer" && reply.value >= 0 && reply.value < dayMs;
}

function itemsOf(reply: Reply): readonly Reply[] {
  return "items" in reply ? reply.items : [];
}

function bulksOf(reply: Reply): Uint8Array[] {
  return itemsOf(reply).flatMap((item) => item.kind === "bulk" ? [item.bytes.slice()] : []);
}

/** Has redino load the files in a folder and write them anew; returns the digest of what it has loaded. */
async function passThrough(directory: string, kind: Kind): Promise<string> {
  const isLog = kind !== "snapshot";
  const config = new Config(directory);
  config.load("save", [""]);
  config.load("bind", ["127.0.0.1"]);
  config.load("appendonly", [isLog ? "yes" : "no"]);
  config.load("aof-use-rdb-preamble", [kind === "commands" ? "no" : "yes"]);
  const server = new Server({ config, port: 0 });
  await server.start();
  try {
    const digest = datasetDigest(server.keyspace.databases);
    const client = await Client.connect(server);
    if (isLog) {
      await client.send(["BGREWRITEAOF"]);
      while (server.persistence.aof.isRewriting) await client.send(["PING"]);
    } else {
      await client.send(["BGSAVE"]);
      while (server.persistence.rdb.isRunning) await client.send(["PING"]);
    }
    client.close();
    return digest;
  } finally {
    await server.stop();
  }
}

/**
 * Has a real server begin its log anew, with commands; returns the digest of its data. Twice, as such a log
 * lacks what commands can't make: entries that are pending though they were deleted.
 */
async function rewriteAsCommands(program: string, directory: string): Promise<string> {
  let digest = "";
  for (let time = 0; time < 2; time++) {
    digest = await withReal(program, directory, true, async (client) => {
      await untilLoaded(client);
      await client.send(["CONFIG", "SET", "aof-use-rdb-preamble", "no"]);
      await client.send(["BGREWRITEAOF"]);
      while (!(await run(client, "INFO persistence")).includes("aof_rewrite_in_progress:0"));
      return await digestOf(client);
    });
  }
  return digest;
}

/** A small sorted set has no -0, and a large one that is read from a file may be small then. */
async function takeSignsOfZeros(client: Client): Promise<void> {
  for (let database = 0; database < databases; database++) {
    await client.send(["SELECT", String(database)]);
    for (const key of bulksOf(await client.send(["KEYS", "*"]))) {
      for (const member of bulksOf(await client.send(["ZRANGE", key, "0", "0", "BYSCORE"]))) {
        // as long as it is there, 0 is no change
        await client.send(["ZADD", key, "1", member]);
        await client.send(["ZADD", key, "0", member]);
      }
    }
  }
}

/** Compares what two logs begin with, key by key. */
function* compareBases(theirs: string, ours: string): Generator<string> {
  const expected = rewrittenKeys(baseOf(theirs));
  const found = rewrittenKeys(baseOf(ours));
  if (found.size !== expected.size) yield `${found.size} keys instead of ${expected.size}`;
  for (const [key, lines] of expected) {
    const actual = found.get(key) ?? [];
    const at = lines.findIndex((line, i) => line !== actual[i]);
    if (at >= 0) yield `${JSON.stringify(key)}: ${actual[at]} instead of ${lines[at]}`;
  }
}

function baseOf(directory: string): Uint8Array {
  const folder = `${directory}/appendonlydir`;
  const [base] = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".base.aof"));
  return Deno.readFileSync(`${folder}/${base.name}`);
}

async function withReal<Result>(
  program: string,
  directory: string,
  isLog: boolean,
  use: (client: Client, server: Target) => Promise<Result>,
): Promise<Result> {
  const serverArguments = ["--dir", directory, ...isLog ? logArguments : []];
  const server = await startReferenceServer(serverArguments, { program });
  try {
    const client = await Client.connect(server);
    try {
      return await use(client, server);
    } finally {
      client.close();
    }
  } finally {
    await server.stop();
  }
}

/** The digest of the data that a server has when it has loaded all of it. */
async function digestOf(client: Client): Promise<string> {
  await untilLoaded(client);
  return await run(client, "DEBUG DIGEST");
}

async function untilLoaded(client: Client): Promise<void> {
  while (await run(client, "PING") !== "PONG");
}
