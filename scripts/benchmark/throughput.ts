/**
 * Requests per second, latency and CPU time under redis-benchmark. A workload is run on the servers in
 * turn (A B A B …), so that whatever the machine does meanwhile hits them alike, and every run of it
 * starts from the same state: an empty data set for the tests that write, for GET one in which every
 * key that may be asked for has a value of the size in question, for the tests on collections what
 * `collections.ts` says.
 */

import { type CollectionTest, collectionTests } from "./collections.ts";
import { cpuTimes, type RunningServer } from "./servers.ts";
import { parseBenchmarkCsv, type Run, type Workload, type WorkloadResult } from "./figures.ts";
import type { BenchmarkOptions, TestName } from "./options.ts";
import { WireConnection } from "./wire.ts";

/** Connections of redis-benchmark, all served by its one thread. */
export const clientCount = 50;

/** Both servers hold this at once, and MSET at pipeline 64 has as much again in flight. */
const dataSetBytesMax = 340_000_000;
const keyCountMax = 1_000_000;

/** Sent before anything is measured, to find the pace and to let a just-in-time compiler settle. */
const warmUpRequests = 50_000;
const warmUpBulkRequests = 2_000;
const warmUpBytes = 256_000_000;
const keysOfMset = 10;

const testsWithValues: readonly TestName[] = ["set", "mset", "get"];

function collectionTest(test: TestName): CollectionTest | undefined {
  return (collectionTests as Readonly<Record<string, CollectionTest>>)[test];
}

/** Values as large as 1 KB and 16 KB are spread over 200,000 and 20,000 keys instead of a million. */
export function keyCountFor(valueBytes: number): number {
  let keyCount = keyCountMax;
  for (const fewer of [200_000, 20_000, 2_000]) {
    if (keyCount * valueBytes > dataSetBytesMax) keyCount = fewer;
  }
  return keyCount;
}

/** Every row of the table in the order of measuring: GETs of one size follow each other, to load once. */
export function planWorkloads(options: BenchmarkOptions): Workload[] {
  const workloads: Workload[] = [];
  for (const test of options.tests.filter((test) => !testsWithValues.includes(test))) {
    for (const pipeline of options.pipelines) {
      workloads.push({ test, pipeline, keyCount: keyCountMax });
    }
  }
  for (const valueBytes of options.valueSizesBytes) {
    for (const test of testsWithValues.filter((test) => options.tests.includes(test))) {
      for (const pipeline of options.pipelines) {
        workloads.push({ test, valueBytes, pipeline, keyCount: keyCountFor(valueBytes) });
      }
    }
  }
  return workloads;
}

export class ThroughputMeter {
  #benchmarkPath: string;
  /** The last one is the reference: its pace decides how many requests make a run. */
  #servers: readonly RunningServer[];
  #loadedValueBytes?: number;

  constructor(benchmarkPath: string, servers: readonly RunningServer[]) {
    this.#benchmarkPath = benchmarkPath;
    this.#servers = servers;
  }

  async measure(workload: Workload, rounds: number, runSeconds: number): Promise<WorkloadResult> {
    const requestCount = await this.#warmUp(workload, runSeconds);
    const runs: Record<string, Run[]> = {};
    for (const server of this.#servers) runs[server.name] = [];
    for (let round = 1; round <= rounds; round++) {
      for (const server of this.#servers) {
        await this.#prepare(server, workload, requestCount);
        runs[server.name].push(await this.#run(server, workload, requestCount, round));
      }
    }
    return { workload, requestCount, runs };
  }

  /** Runs the workload once on every server; gives the requests that take the reference `runSeconds`. */
  async #warmUp(workload: Workload, runSeconds: number): Promise<number> {
    if (workload.test === "get") await this.#loadAll(workload);
    // Every client must fill its pipeline a few times for the pace to mean anything.
    const requestCountMin = clientCount * workload.pipeline * 2;
    const requestBytes = (workload.valueBytes ?? 1) * (workload.test === "mset" ? keysOfMset : 1);
    const requestCountMax = collectionTest(workload.test)?.isBulk
      ? warmUpBulkRequests
      : warmUpRequests;
    const requestCount = Math.max(
      Math.min(requestCountMax, Math.floor(warmUpBytes / requestBytes)),
      requestCountMin,
    );
    let pace = NaN;
    for (const server of this.#servers) {
      await this.#prepare(server, workload, requestCount);
      pace = (await this.#run(server, workload, requestCount, 0)).requestsPerSecond;
    }
    return Math.max(Math.round(pace * runSeconds / 100) * 100, requestCountMin);
  }

  async #loadAll({ valueBytes, keyCount }: Workload): Promise<void> {
    if (this.#loadedValueBytes === valueBytes) return;
    for (const server of this.#servers) {
      using connection = await WireConnection.connect(server.port);
      await connection.request("FLUSHALL");
      await connection.load(keyCount, valueBytes!);
    }
    this.#loadedValueBytes = valueBytes;
  }

  async #prepare(
    server: RunningServer,
    { test }: Workload,
    requestCount: number,
  ): Promise<void> {
    if (test === "get") return;
    using connection = await WireConnection.connect(server.port);
    await connection.request("FLUSHALL");
    const load = collectionTest(test)?.load;
    if (load !== undefined) await connection.sendAll(load(requestCount));
    this.#loadedValueBytes = undefined;
  }

  async #run(
    server: RunningServer,
    { test, valueBytes, pipeline, keyCount }: Workload,
    requestCount: number,
    seed: number,
  ): Promise<Run> {
    const flags = {
      "-n": requestCount,
      "-r": keyCount,
      "-P": pipeline,
      "-d": valueBytes ?? 3,
      // The servers of one round get the same keys in the same order.
      "--seed": seed,
    };
    const rest = ["--csv", ...collectionTest(test)?.command ?? ["-t", test]];
    const clientBefore = await cpuTimes(Deno.pid);
    const serverBefore = await server.cpuSeconds();
    const startedAtMs = performance.now();
    const csv = await runRedisBenchmark(this.#benchmarkPath, server, flags, rest);
    const wallSeconds = (performance.now() - startedAtMs) / 1_000;
    const serverAfter = await server.cpuSeconds();
    const clientAfter = await cpuTimes(Deno.pid);

    const run: Run = parseBenchmarkCsv(csv);
    if (serverBefore !== undefined && serverAfter !== undefined) {
      run.serverCpuPerMillion = (serverAfter - serverBefore) * 1e6 / requestCount;
    }
    if (clientBefore !== undefined && clientAfter !== undefined) {
      const seconds = clientAfter.endedChildrenSeconds - clientBefore.endedChildrenSeconds;
      run.clientCpuShare = seconds / wallSeconds;
    }
    return run;
  }
}

/** Has `clientCount` clients send what the flags, and what comes behind them, say; gives what it prints. */
export async function runRedisBenchmark(
  path: string,
  server: RunningServer,
  flags: Readonly<Record<string, string | number>>,
  rest: readonly string[] = [],
): Promise<string> {
  const all = { "-h": "127.0.0.1", "-p": server.port, "-c": clientCount, ...flags };
  const args = [...Object.entries(all).flat().map(String), ...rest];
  const output = await new Deno.Command(path, { args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(output.stdout);
  if (output.success) return text;
  const said = text + decoder.decode(output.stderr);
  throw new Error(
    `redis-benchmark ${args.join(" ")} on ${server.name} failed:\n${said}\n${server.log}`,
  );
}
