/**
 * Tries the compiled executable as somebody would who has just downloaded it: moved to an empty folder,
 * started, spoken to, ended. Not part of `deno task test`, which has nothing compiled:
 *
 *     deno run --allow-net=127.0.0.1 --allow-read --allow-write --allow-run \
 *       tests/smoke/executable.ts dist/redino [path of redis-cli]
 *
 * Prints how long the executable took to its first PONG; ends with an error if anything is wrong.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { deadline, delay } from "@std/async";
import { Client } from "../../src/client/client.ts";
import { freePort } from "../support/free_port.ts";

const startsCount = 5;
/** From `exec` to the first PONG, in the fastest of the starts: the others may have had company. */
const firstPongMsMax = 150;
const connectPauseMs = 1;
const startTimeoutMs = 10_000;
const endTimeoutMs = 10_000;

if (import.meta.main) {
  const [executable, redisCli] = Deno.args;
  if (executable === undefined) {
    console.error("usage: executable.ts <path of the executable> [path of redis-cli]");
    Deno.exit(2);
  }
  const folder = await Deno.makeTempDir({ prefix: "redino-smoke-" });
  try {
    // By its own name, which ends in .exe on Windows.
    const moved = `${folder}/${executable.split(/[/\\]/).at(-1)}`;
    await Deno.copyFile(executable, moved);
    await tryExecutable(moved, folder, redisCli);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function tryExecutable(path: string, folder: string, redisCli?: string): Promise<void> {
  assertMatch(await outputOf(path, ["--version"]), /^Redis server v=\d+\.\d+\.\d+ redino=/);
  const firstPongMs: number[] = [];
  for (let i = 0; i < startsCount; i++) {
    firstPongMs.push(await tryServer(path, folder, i === 0 ? redisCli : undefined));
  }
  const fastestMs = Math.min(...firstPongMs);
  console.log(
    `first PONG ${firstPongMs.map((ms) => ms.toFixed(0)).join(", ")} ms after exec, ` +
      `${(Deno.statSync(path).size / 1e6).toFixed(1)} MB`,
  );
  // told, not asserted: how fast a machine is says nothing of whether the executable is right
  if (fastestMs > firstPongMsMax) console.warn(`slower than the ${firstPongMsMax} ms aimed at`);
}

/** Starts a server, uses it and ends it; returns the milliseconds from its start to the first PONG. */
async function tryServer(path: string, folder: string, redisCli?: string): Promise<number> {
  const port = freePort();
  const started = performance.now();
  const server = new Deno.Command(path, {
    args: ["--port", String(port), "--bind", "127.0.0.1"],
    cwd: folder,
    stdin: "null",
    stdout: "null",
  }).spawn();
  try {
    const client = await deadline(connect(port), startTimeoutMs);
    assertEquals(await client.send(["PING"]), { kind: "simple", text: "PONG" });
    const firstPongMs = performance.now() - started;
    assertEquals(await client.send(["INCR", "counter"]), { kind: "integer", value: 1 });
    if (redisCli !== undefined) await tryRedisCli(redisCli, port);
    client.post(["SHUTDOWN", "NOSAVE"]);
    const { code } = await deadline(server.status, endTimeoutMs);
    assertEquals(code, 0, "exit code after SHUTDOWN");
    client.close();
    return firstPongMs;
  } catch (error) {
    try {
      server.kill("SIGKILL");
    } catch {
      // It has ended by itself, and said why on its standard error.
    }
    await server.status;
    throw error;
  }
}

async function tryRedisCli(redisCli: string, port: number): Promise<void> {
  const ask = (...words: string[]): Promise<string> =>
    outputOf(redisCli, ["-h", "127.0.0.1", "-p", String(port), ...words]);
  assertEquals(await ask("PING"), "PONG");
  assertEquals(await ask("SET", "greeting", "hello"), "OK");
  assertEquals(await ask("GET", "greeting"), "hello");
}

/** Connects as soon as somebody listens. */
async function connect(port: number): Promise<Client> {
  while (true) {
    try {
      return await Client.connect({ port, hostname: "127.0.0.1" });
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await delay(connectPauseMs);
    }
  }
}

async function outputOf(command: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}
