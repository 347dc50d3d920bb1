/**
 * Kills a real server under load, again and again, and looks at what it has after its next start. Not part
 * of `deno task test`, which starts no processes:
 *
 *     deno task crash [--kills N] [--seed N]
 *
 * What a process has written survives its kill, so that under `always` nothing acknowledged is missing,
 * and under `everysec` what was acknowledged more than a second ago is there; under both, what is there
 * is a beginning of the history, and of each transaction all or nothing.
 */
import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { parseArgs } from "@std/cli/parse-args";
import { type Client, ConnectionClosedError } from "../../src/client/client.ts";
import { randomBelow, SeededRandom } from "../../src/random.ts";
import { run, textOf } from "../net/support.ts";
import { assertMoment, readTraces, TracedClient } from "../support/traced_load.ts";
import { ServerProcess } from "./server_process.ts";

const clientCount = 4;
const loadMsMin = 50;
const loadMsMax = 500;
/** What may be lost under `everysec`. */
const unsyncedMsMax = 1000;

/** Values that are there from the start, so that a rewritten log has many parts. */
const ballast = Array.from({ length: 500 }, (_, i) => `${i} `.repeat(1200));

async function writeBallast(client: Client): Promise<void> {
  const replies = ballast.map((value, i) => client.send(["SET", `ballast:${i}`, value]));
  for (const reply of await Promise.all(replies)) assertEquals(textOf(reply), "OK");
}

async function assertBallast(client: Client): Promise<void> {
  const replies = ballast.map((_, i) => client.send(["GET", `ballast:${i}`]));
  assertEquals((await Promise.all(replies)).map(textOf), ballast);
}

/** Has a server killed under load, started again, and judges what it has. Returns the writes acknowledged. */
async function tryKill(random: SeededRandom, appendfsync: "always" | "everysec"): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "redino-crash-" });
  const clients: TracedClient[] = [];
  /** By time, what was acknowledged. */
  const acknowledged: { ms: number; floor: number[] }[] = [];
  const noteAcknowledged = () =>
    acknowledged.push({
      ms: performance.now(),
      floor: clients.map((client) => client.acknowledged),
    });
  let killedMs: number;
  try {
    {
      await using server = new ServerProcess(folder, appendfsync);
      const admin = await server.connect();
      await writeBallast(admin);
      for (let name = 0; name < clientCount; name++) {
        clients.push(new TracedClient(await server.connect(), name));
      }
      noteAcknowledged();
      const writing = clients.map((client) => writeUntilKilled(client, random, noteAcknowledged));
      await delay(randomBelow(random, loadMsMax - loadMsMin) + loadMsMin);
      if (randomBelow(random, 2) > 0) await run(admin, "BGREWRITEAOF");
      await delay(randomBelow(random, loadMsMax) + (appendfsync === "always" ? 0 : unsyncedMsMax));
      killedMs = performance.now();
      await server.kill();
      await Promise.all(writing);
      admin.close();
    }
    noteAcknowledged();
    const safeUntilMs = appendfsync === "always" ? Infinity : killedMs - unsyncedMsMax;
    const { floor } = acknowledged.findLast(({ ms }) => ms <= safeUntilMs) ??
      { floor: clients.map(() => 0) };
    await using restarted = new ServerProcess(folder, appendfsync);
    const reader = await restarted.connect();
    await assertBallast(reader);
    const traces = await readTraces(reader, clientCount);
    assertMoment(traces, traces.log, clients.map(({ sent }) => sent), floor);
    reader.close();
  } catch (error) {
    console.error(`under ${appendfsync}; the files, loaded since, are in ${folder}`);
    throw error;
  }
  await Deno.remove(folder, { recursive: true });
  return clients.reduce((sum, client) => sum + client.acknowledged, 0);
}

async function writeUntilKilled(
  client: TracedClient,
  random: SeededRandom,
  acknowledged: () => void,
): Promise<void> {
  try {
    for (;;) {
      await client.write(random);
      acknowledged();
    }
  } catch (error) {
    // the connection, which ends with the process
    const isKill = error instanceof ConnectionClosedError ||
      error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;
    if (!isKill) throw error;
  }
}

if (import.meta.main) {
  const { kills, seed } = parseArgs(Deno.args, {
    string: ["kills", "seed"],
    default: { kills: "20", seed: String(crypto.getRandomValues(new Uint32Array(1))[0]) },
  });
  const random = new SeededRandom(Number(seed));
  console.log(`${kills} kills, seed ${seed}`);
  let writes = 0;
  for (let kill = 0; kill < Number(kills); kill++) {
    writes += await tryKill(random, kill % 3 === 2 ? "everysec" : "always");
  }
  console.log(`${kills} kills: all ${writes} acknowledged writes are where they must be`);
}
