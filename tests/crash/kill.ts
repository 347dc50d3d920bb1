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
import { parseArgs } from "@std/cli/parse-args";
import { Client, ConnectionClosedError } from "../../src/client/client.ts";
import { randomBelow, SeededRandom } from "../../src/random.ts";
import { run } from "../net/support.ts";
import { freePort } from "../support/reference_server.ts";
import { assertMoment, readTraces, TracedClient } from "../support/traced_load.ts";

const clientCount = 4;
const loadMsMin = 50;
const loadMsMax = 500;
const connectPauseMs = 20;
const connectTriesMax = 1000;
/** What may be lost under `everysec`. */
const unsyncedMsMax = 1000;

const source = new URL("../../", import.meta.url).pathname;

/** A server process, and the connections to it. */
class ServerProcess implements AsyncDisposable {
  readonly port: number = freePort();
  readonly #process: Deno.ChildProcess;

  constructor(folder: string, appendfsync: string) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--no-lock", "--allow-net", "--allow-read", "--allow-write"],
        ...["--allow-sys=osRelease,systemMemoryInfo", `${source}main.ts`],
        ...["--port", String(this.port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
        ...["--appendonly", "yes", "--appendfsync", appendfsync, "--logfile", "server.log"],
      ],
      stdout: "null",
      stderr: "inherit",
    }).spawn();
  }

  /** Connects as soon as the server has its data. */
  async connect(): Promise<Client> {
    for (let attempt = 0; attempt < connectTriesMax; attempt++) {
      try {
        const client = await Client.connect({ port: this.port });
        if (await run(client, "PING") === "PONG") return client;
        client.close();
      } catch (error) {
        const isEarly = error instanceof Deno.errors.ConnectionRefused ||
          error instanceof ConnectionClosedError;
        if (!isEarly) throw error;
      }
      await pause(connectPauseMs);
    }
    throw new Error("the server does not come up");
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.kill();
    } catch (error) {
      // it has ended by itself, or was killed before
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
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
      for (let name = 0; name < clientCount; name++) {
        clients.push(new TracedClient(await server.connect(), name));
      }
      noteAcknowledged();
      const writing = clients.map((client) => writeUntilKilled(client, random, noteAcknowledged));
      await pause(randomBelow(random, loadMsMax - loadMsMin) + loadMsMin);
      if (randomBelow(random, 2) > 0) await run(admin, "BGREWRITEAOF");
      await pause(randomBelow(random, loadMsMax) + (appendfsync === "always" ? 0 : unsyncedMsMax));
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

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
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
