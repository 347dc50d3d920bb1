/**
 * Fills a small disk by a real server's log and snapshots, and makes room again. Not part of
 * `deno task test`, which has no disk to fill:
 *
 *     mount -t tmpfs -o size=16m none FOLDER
 *     deno task full-disk FOLDER
 *
 * While it is full, commands that change data answer MISCONF, and others go on; when there is room, so do
 * all, within two seconds. What was acknowledged is there after a kill, and no file is damaged.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import type { Client } from "../../src/client/client.ts";
import { run } from "../net/support.ts";
import { ServerProcess } from "./server_process.ts";

const valueBytes = 4096;
const value = "v".repeat(valueBytes);
/** So many values fit beside the ballast, and twice as many as they do not fit the disk. */
const ballastBytes = 8 * 2 ** 20;
const writesMax = 100_000;
const recoveryMsMax = 2000;
const pollMs = 20;

/** What is written with the log has been given to the system. */
const writtenMs = 1000;

/** Sets key after key until the server refuses; returns how many it took. */
async function fill(client: Client, first: number): Promise<number> {
  for (let i = first; i < writesMax; i++) {
    const reply = await run(client, `SET key:${i} ${value}`);
    if (reply === "OK") continue;
    assertMatch(reply, /^MISCONF /);
    return i;
  }
  throw new Error("the disk is too large to be filled");
}

/** Waits until what `attempt` sends is answered OK. */
async function recovered(attempt: () => Promise<string>): Promise<void> {
  const deadlineMs = performance.now() + recoveryMsMax;
  while (await attempt() !== "OK") {
    assert(performance.now() < deadlineMs, `no service ${recoveryMsMax} ms after there was room`);
    await delay(pollMs);
  }
}

async function assertReads(client: Client, count: number): Promise<void> {
  for (const i of [0, count >> 1, count - 1]) {
    assertEquals(await run(client, `GET key:${i}`), value);
  }
  assertEquals(await run(client, "GET missing"), "(null)");
}

async function fillByLog(folder: string, ballast: string): Promise<void> {
  let count: number;
  {
    await using server = new ServerProcess(folder, "everysec");
    const client = await server.connect();
    count = await fill(client, 0);
    await assertReads(client, count);
    await Deno.remove(ballast);
    await recovered(() => run(client, `SET key:${count} ${value}`));
    count = await fillSome(client, count + 1);
    await delay(writtenMs);
    client.close();
    await server.kill();
  }
  await using restarted = new ServerProcess(folder, "everysec");
  const client = await restarted.connect();
  await assertReads(client, count);
  assertEquals(await run(client, "DBSIZE"), String(count));
  client.close();
  console.log(`a log: ${count} acknowledged writes are there`);
}

/** Sets a hundred keys more; returns how many there are then. */
async function fillSome(client: Client, first: number): Promise<number> {
  for (let i = first; i < first + 100; i++) {
    assertEquals(await run(client, `SET key:${i} ${value}`), "OK");
  }
  return first + 100;
}

async function fillBySnapshot(folder: string, ballast: string): Promise<void> {
  let count: number;
  {
    await using server = new ServerProcess(folder, "no", [
      "--appendonly",
      "no",
      "--save",
      "3600 1",
    ]);
    const client = await server.connect();
    assertEquals(await run(client, "CONFIG SET rdbcompression no"), "OK");
    count = await fillSome(client, 0);
    assertEquals(await run(client, "SAVE"), "OK");
    for (let i = 0; i < 30; i++) count = await fillSome(client, count);
    await run(client, "BGSAVE");
    while (/bgsave_in_progress:1/.test(await run(client, "INFO persistence"))) await delay(pollMs);
    assertMatch(await run(client, "SET refused 1"), /^MISCONF /);
    await assertReads(client, count);
    await Deno.remove(ballast);
    await run(client, "BGSAVE");
    await recovered(() => run(client, `SET key:${count} ${value}`));
    client.close();
    await server.kill();
  }
  await using restarted = new ServerProcess(folder, "no", ["--appendonly", "no"]);
  const client = await restarted.connect();
  await assertReads(client, count);
  assertEquals(await run(client, "DBSIZE"), String(count));
  client.close();
  console.log(`snapshots: ${count} keys of the last one are there`);
}

if (import.meta.main) {
  const [folder] = Deno.args;
  for (const fillBy of [fillByLog, fillBySnapshot]) {
    const data = `${folder}/data`;
    const ballast = `${folder}/ballast`;
    await Deno.mkdir(data);
    await Deno.writeFile(ballast, new Uint8Array(ballastBytes));
    await fillBy(data, ballast);
    await Deno.remove(data, { recursive: true });
  }
}
