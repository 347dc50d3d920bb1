/**
 * Has real servers load RDB files that redino has written of random data. There must be the same data in
 * them then, and nothing that redis-check-rdb finds wrong.
 */
import { ManualClock } from "../../src/clock.ts";
import { Client } from "../../src/client/client.ts";
import type { Keyspace } from "../../src/keyspace/keyspace.ts";
import { datasetDigest } from "../../src/observe/digest.ts";
import { RDB_VERSION_COMPATIBLE } from "../../src/persistence/rdb_format.ts";
import { RdbOutput } from "../../src/persistence/rdb_output.ts";
import { AccessInfo, RdbWriter, versionFor } from "../../src/persistence/rdb_writer.ts";
import { type Random, randomBelow, SeededRandom } from "../../src/random.ts";
import { Server } from "../../src/server.ts";
import { redisVersion } from "../../src/version.ts";
import { CommandGenerator } from "./command_generator.ts";
import { sendRandomCommands } from "./random_load.ts";
import { findReferenceProgram, startReferenceServer } from "./reference_server.ts";

/** A file has what about so many commands have left. */
const commandsPerFile = 2_000;

/** Keys that go within a day go before the file is written: the servers that load it would lose them. */
const dayMs = 86_400_000;

const accessInfos = [AccessInfo.None, AccessInfo.Idle, AccessInfo.Frequency];

/** Writes files of `count` random commands; yields what is wrong with each. */
export async function* exchangeFiles(count: number, seed: number): AsyncGenerator<string> {
  const random = new SeededRandom(seed);
  const generator = new CommandGenerator(random);
  for (let sent = 0; sent < count; sent += commandsPerFile) {
    const clock = new ManualClock(Date.now());
    const server = new Server({ port: 0, clock });
    await server.start();
    try {
      await fill(server, generator);
      clock.advance(dayMs);
      yield* checkFile(server.keyspace, random);
    } finally {
      await server.stop();
    }
  }
}

async function fill({ port }: Server, generator: CommandGenerator): Promise<void> {
  const client = await Client.connect({ port });
  await sendRandomCommands(client, generator, commandsPerFile);
  client.close();
}

async function* checkFile(keyspace: Keyspace, random: Random): AsyncGenerator<string> {
  const directory = await Deno.makeTempDir({ prefix: "redino-file-" });
  try {
    const version = versionFor(keyspace);
    writeFile(`${directory}/dump.rdb`, keyspace, version, random);
    const check = await new Deno.Command(findReferenceProgram("redis-check-rdb"), {
      args: [`${directory}/dump.rdb`],
    }).output();
    if (!check.success) yield `redis-check-rdb: ${new TextDecoder().decode(check.stdout)}`;
    const digest = datasetDigest(keyspace.databases);
    const programs = ["redis-server"];
    if (version === RDB_VERSION_COMPATIBLE) programs.push("valkey-server");
    for (const program of programs) {
      const found = await digestOf(program, directory);
      if (found !== digest) yield `${program} finds ${found} in a file of ${digest}`;
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function writeFile(path: string, keyspace: Keyspace, version: number, random: Random): void {
  const draw = () => randomBelow(random, 2) === 0;
  const output = new RdbOutput({ compresses: draw(), sums: draw() });
  const access = accessInfos[randomBelow(random, accessInfos.length)];
  const writer = new RdbWriter(keyspace, output, version, access);
  writer.header({
    redisVersion,
    createdAtSeconds: Math.floor(keyspace.nowMs / 1000),
    usedMemoryBytes: keyspace.heap.usedBytes,
    isAofBase: draw(),
    functions: [],
  });
  for (const database of keyspace.databases) {
    if (database.size === 0) continue;
    writer.database(database.index, database.size, database.volatileSize);
    database.dict.forEach((record) => writer.key(record, database.wheel));
  }
  writer.end();
  Deno.writeFileSync(path, output.takeAll());
}

/** The digest of the data that a server has which begins with the file in a folder. */
async function digestOf(program: string, directory: string): Promise<string> {
  const server = await startReferenceServer(["--dir", directory], { program });
  try {
    const client = await Client.connect(server);
    let reply = await client.send(["DEBUG", "DIGEST"]);
    while (reply.kind === "error" && reply.text.startsWith("LOADING")) {
      reply = await client.send(["DEBUG", "DIGEST"]);
    }
    client.close();
    return reply.kind === "simple" ? reply.text : JSON.stringify(reply);
  } finally {
    await server.stop();
  }
}
