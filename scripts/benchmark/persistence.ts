/**
 * What it costs to keep data: how long saving and loading take, how others are answered while a snapshot
 * is being written, and how many requests a second a log that is synced before each reply allows.
 */

import { delay } from "@std/async/delay";
import type { Command } from "./collections.ts";
import {
  median,
  parsePercentileMs,
  parseRequestsPerSecond,
  type WorkloadResult,
} from "./figures.ts";
import { findReferenceProgram, RunningServer, type ServerProgram, withServers } from "./servers.ts";
import { runRedisBenchmark, ThroughputMeter } from "./throughput.ts";
import { WireConnection } from "./wire.ts";

export interface SaveFigures {
  /** The server's. */
  name: string;
  what: string;
  saveSeconds: number;
  /** From the start of the process to the first PONG. */
  loadSeconds: number;
  /** Of all threads; absent where there is no /proc. */
  saveCpuSeconds?: number;
  loadCpuSeconds?: number;
}

export interface SnapshotFigures {
  name: string;
  /** The slowest of a thousand requests, with no snapshot under way and with one after the other. */
  calmP999Ms: number;
  savingP999Ms: number;
  calmRequestsPerSecond: number;
  savingRequestsPerSecond: number;
  /** How long one snapshot took, under load. */
  snapshotSeconds: number;
  /** Memory that was taken on top meanwhile, pages that a forked process copied included. */
  extraMemoryShare?: number;
}

const smallValueBytes = 32;
const snapshotValueBytes = 1024;
const elementsPerCollection = 10;
const pollMs = 50;

/** The mixed keys: of eight one list, set, sorted set and hash each, the others are strings. */
export function* mixedKeys(count: number): Iterable<Command> {
  for (let i = 0; i < count; i++) {
    const key = `key:${String(i).padStart(12, "0")}`;
    const elements = Array.from({ length: elementsPerCollection }, (_, n) => `element:${i}:${n}`);
    const kind = i % 8;
    if (kind === 0) yield ["RPUSH", key, ...elements];
    else if (kind === 1) yield ["SADD", key, ...elements];
    else if (kind === 2) yield ["ZADD", key, ...elements.flatMap((name, n) => [String(n), name])];
    else if (kind === 3) yield ["HSET", key, ...elements.flatMap((name) => [name, "value"])];
    else yield ["SET", key, `value:${i}`.padEnd(smallValueBytes, "x")];
  }
}

/** Saves a data set with SAVE, and has a new process load it. */
export async function measureSave(
  program: ServerProgram,
  what: string,
  fill: (connection: WireConnection) => Promise<void>,
): Promise<SaveFigures> {
  const folder = await Deno.makeTempDir({ prefix: "redino-benchmark-" });
  try {
    const saved = await save(program, folder, fill);
    await using loaded = await RunningServer.start(program, folder);
    return {
      name: program.name,
      what,
      ...saved,
      loadSeconds: loaded.startupMs / 1000,
      loadCpuSeconds: await loaded.cpuSeconds(),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function save(
  program: ServerProgram,
  folder: string,
  fill: (connection: WireConnection) => Promise<void>,
): Promise<{ saveSeconds: number; saveCpuSeconds?: number }> {
  await using server = await RunningServer.start(program, folder);
  using connection = await WireConnection.connect(server.port);
  await fill(connection);
  const cpuBefore = await server.cpuSeconds();
  const startedAtMs = performance.now();
  await connection.request("SAVE");
  const saveSeconds = (performance.now() - startedAtMs) / 1000;
  const cpuAfter = await server.cpuSeconds();
  if (cpuBefore === undefined || cpuAfter === undefined) return { saveSeconds };
  return { saveSeconds, saveCpuSeconds: cpuAfter - cpuBefore };
}

/** Sets keys under redis-benchmark for so many seconds, first in peace, then with BGSAVE after BGSAVE. */
export async function measureSnapshots(
  program: ServerProgram,
  keyCount: number,
  seconds: number,
): Promise<SnapshotFigures> {
  await using server = await RunningServer.start(program);
  using connection = await WireConnection.connect(server.port);
  await connection.load(keyCount, snapshotValueBytes);
  const warmUp = await overwrite(server, keyCount, 100_000);
  const requestCount = Math.round(warmUp.requestsPerSecond * seconds);
  const calm = await overwrite(server, keyCount, requestCount);
  const saving = overwrite(server, keyCount, requestCount);
  const snapshots = await saveUntil(server, connection, saving);
  const { p999Ms, requestsPerSecond } = await saving;
  return {
    name: program.name,
    calmP999Ms: calm.p999Ms,
    savingP999Ms: p999Ms,
    calmRequestsPerSecond: calm.requestsPerSecond,
    savingRequestsPerSecond: requestsPerSecond,
    ...snapshots,
  };
}

/** Takes snapshots, one after the other, until the load is over. */
async function saveUntil(
  server: RunningServer,
  connection: WireConnection,
  load: Promise<unknown>,
): Promise<{ snapshotSeconds: number; extraMemoryShare?: number }> {
  let isOver = false;
  load.finally(() => isOver = true).catch(() => {});
  const residentBefore = await server.residentBytes();
  const durationsSeconds: number[] = [];
  let residentPeak = 0;
  let copiedPeak = 0;
  while (!isOver) {
    await connection.request("BGSAVE");
    const startedAtMs = performance.now();
    let info = "";
    do {
      await delay(pollMs);
      info = await connection.request("INFO", "persistence");
      copiedPeak = Math.max(copiedPeak, infoNumber(info, "current_cow_peak"));
      residentPeak = Math.max(residentPeak, await server.residentBytes() ?? 0);
    } while (infoNumber(info, "rdb_bgsave_in_progress") === 1);
    copiedPeak = Math.max(copiedPeak, infoNumber(info, "rdb_last_cow_size"));
    durationsSeconds.push((performance.now() - startedAtMs) / 1000);
  }
  return {
    snapshotSeconds: median(durationsSeconds),
    extraMemoryShare: residentBefore && (residentPeak + copiedPeak) / residentBefore - 1,
  };
}

function infoNumber(info: string, field: string): number {
  const value = info.match(new RegExp(`^${field}:(-?\\d+)`, "m"))?.[1];
  if (value === undefined) throw new Error(`INFO has no ${field}`);
  return Number(value);
}

async function overwrite(
  server: RunningServer,
  keyCount: number,
  requestCount: number,
): Promise<{ p999Ms: number; requestsPerSecond: number }> {
  const flags = {
    "-n": requestCount,
    "-r": keyCount,
    "-d": snapshotValueBytes,
    "-t": "set",
  };
  const path = await findReferenceProgram("redis-benchmark");
  const text = await runRedisBenchmark(path, server, flags);
  return { p999Ms: parsePercentileMs(text, 99.9), requestsPerSecond: parseRequestsPerSecond(text) };
}

/** SET by clients none of which gets a reply before what it tells of is on the disk. */
export async function measureSyncedLog(
  programs: readonly ServerProgram[],
  rounds: number,
  runSeconds: number,
): Promise<WorkloadResult[]> {
  const logging = programs.map((program) => ({
    ...program,
    args: [...program.args, "--appendonly", "yes", "--appendfsync", "always"],
  }));
  return await withServers(logging, async (servers) => {
    const meter = new ThroughputMeter(await findReferenceProgram("redis-benchmark"), servers);
    const results: WorkloadResult[] = [];
    for (const pipeline of [1, 16]) {
      const workload = {
        test: "set",
        valueBytes: smallValueBytes,
        pipeline,
        keyCount: 1e6,
      } as const;
      results.push(await meter.measure(workload, rounds, runSeconds));
    }
    return results;
  });
}

/** The data sets that are saved and loaded: small strings, and a fifth as many keys of all types. */
export async function measureSaves(
  programs: readonly ServerProgram[],
  stringCount: number,
): Promise<SaveFigures[]> {
  const mixedCount = stringCount / 5;
  const figures: SaveFigures[] = [];
  for (const program of programs) {
    figures.push(
      await measureSave(
        program,
        `${stringCount.toLocaleString("en-US")} strings of ${smallValueBytes} bytes`,
        (connection) => connection.load(stringCount, smallValueBytes),
      ),
      await measureSave(
        program,
        `${mixedCount.toLocaleString("en-US")} mixed keys`,
        (connection) => connection.sendAll(mixedKeys(mixedCount)),
      ),
    );
  }
  return figures;
}
