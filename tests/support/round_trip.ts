/**
 * Sends data round: a real server fills its files, redino loads them and writes its own, and the real one
 * loads those. Snapshot and append-only log each; the data must be the same at every step.
 */
import { copySync } from "./copy_folder.ts";
import { Client, type Reply } from "../../src/client/client.ts";
import { Config } from "../../src/config/config.ts";
import { datasetDigest } from "../../src/observe/digest.ts";
import { SeededRandom } from "../../src/random.ts";
import { Server } from "../../src/server.ts";
import { CommandGenerator } from "./command_generator.ts";
import type { Target } from "./player.ts";
import { sendRandomCommands } from "./random_load.ts";
import { startReferenceServer } from "./reference_server.ts";

const databases = 16;

const dayMs = 86_400_000;

/** A server has removed within that time what is past its time. */
const goneMs = 300;
const logArguments = ["--appendonly", "yes", "--appendfsync", "always"];

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
    const digest = await fillReal(program, theirs, count, seed);
    for (const kind of ["snapshot", "log"] as const) {
      const ours = folder(`ours-${kind}`);
      copySync(theirs, ours, kind === "snapshot" ? ["dump.rdb"] : ["appendonlydir"]);
      const loaded = await passThrough(ours, kind === "log");
      if (loaded !== digest) yield `redino finds ${loaded} in the ${kind} of ${program}: ${digest}`;
      const back = folder(`back-${kind}`);
      copySync(ours, back, kind === "snapshot" ? ["dump.rdb"] : ["appendonlydir"]);
      const found = await withReal(program, back, kind === "log", digestOf);
      if (found !== loaded) yield `${program} finds ${found} in the ${kind} of redino: ${loaded}`;
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
    await stopTime(client);
    const digest = await digestOf(client);
    await client.send(["SAVE"]);
    return digest;
  });
}

/** Takes times to live away that end within a day: what goes on the way would be missed. */
async function stopTime(client: Client): Promise<void> {
  for (let database = 0; database < databases; database++) {
    await client.send(["SELECT", String(database)]);
    for (const key of bulksOf(await client.send(["KEYS", "*"]))) {
      if (endsSoon(await client.send(["PTTL", key]))) await client.send(["PERSIST", key]);
      const fields = bulksOf(await client.send(["HKEYS", key]));
      const named = ["FIELDS", String(fields.length), ...fields];
      const times = await client.send(["HPTTL", key, ...named]);
      if ("items" in times && times.items.some(endsSoon)) {
        await client.send(["HPERSIST", key, ...named]);
      }
    }
  }
  // those whose time had come, and that nobody looked at, go by themselves
  await new Promise((resolve) => setTimeout(resolve, goneMs));
}

function endsSoon(reply: Reply): boolean {
  return reply.kind === "integer" && reply.value >= 0 && reply.value < dayMs;
}

function bulksOf(reply: Reply): Uint8Array[] {
  if (!("items" in reply)) return [];
  return reply.items.flatMap((item) => item.kind === "bulk" ? [item.bytes.slice()] : []);
}

/** Has redino load the files in a folder and write them anew; returns the digest of what it has loaded. */
async function passThrough(directory: string, isLog: boolean): Promise<string> {
  const config = new Config(directory);
  config.load("save", [""]);
  config.load("bind", ["127.0.0.1"]);
  config.load("appendonly", [isLog ? "yes" : "no"]);
  const server = new Server({ config, port: 0 });
  await server.start();
  try {
    const digest = datasetDigest(server.keyspace.databases);
    const client = await Client.connect(server);
    if (isLog) {
      await client.send(["BGREWRITEAOF"]);
      while (server.persistence.aof.isRewriting) await client.send(["PING"]);
    } else await client.send(["SAVE"]);
    client.close();
    return digest;
  } finally {
    await server.stop();
  }
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

async function digestOf(client: Client): Promise<string> {
  for (;;) {
    const reply = await client.send(["DEBUG", "DIGEST"]);
    if (reply.kind === "simple") return reply.text;
    if (reply.kind !== "error" || !reply.text.startsWith("LOADING")) return JSON.stringify(reply);
  }
}
