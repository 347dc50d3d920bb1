/**
 * Measures redino against Redis on this machine, side by side: throughput, latency and CPU time under
 * redis-benchmark, memory per key, start-up, what persistence costs, and the longest batches of the
 * memory engine. Prints markdown on standard output and progress on standard error; `--help` lists
 * the flags.
 *
 *     deno task bench --quick
 *     deno task bench --only set,get --sizes 3,32 --pipelines 16 --json figures.json
 *
 * Needs --allow-run (the servers, redis-benchmark, and `cat` for /proc), --allow-net (127.0.0.1 only),
 * --allow-read and --allow-write (temporary folders, `--json`), --allow-env (REDINO_REFERENCE_BIN, PATH,
 * HOME, TMPDIR) and --allow-sys (what machine this is).
 *
 * CPU and memory figures come from /proc, so that on other systems than Linux they stay blank.
 */

import { cpus } from "node:os";
import { collectionShapes } from "./benchmark/collections.ts";
import { type BenchmarkOptions, parseOptions, usage } from "./benchmark/options.ts";
import type { WorkloadResult } from "./benchmark/figures.ts";
import {
  type CollectionMemory,
  measureCollection,
  measureMemory,
  measureStartup,
  type MemoryFigures,
  memoryValueBytes,
  type StartupFigures,
} from "./benchmark/footprint.ts";
import { measurePauses, type PauseFigures } from "./benchmark/pauses.ts";
import {
  measureSaves,
  measureSnapshots,
  measureSyncedLog,
  type SaveFigures,
  type SnapshotFigures,
} from "./benchmark/persistence.ts";
import {
  formatCollectionMemory,
  formatCount,
  formatMemory,
  formatPauses,
  formatSaves,
  formatSnapshots,
  formatStartup,
  formatThroughput,
  missedGoals,
  throughputLegend,
} from "./benchmark/report.ts";
import {
  findReferenceProgram,
  redinoFromBinary,
  redinoOnDeno,
  referenceServer,
  RunningServer,
  type ServerProgram,
  withServers,
} from "./benchmark/servers.ts";
import { clientCount, planWorkloads, ThroughputMeter } from "./benchmark/throughput.ts";

const encoder = new TextEncoder();

function print(text: string): void {
  Deno.stdout.writeSync(encoder.encode(`${text}\n`));
}

function progress(text: string): void {
  Deno.stderr.writeSync(encoder.encode(`${text}\n`));
}

/** The server whose figures are in question comes first, the one that it is measured by last. */
async function choosePrograms(options: BenchmarkOptions): Promise<ServerProgram[]> {
  const programs: ServerProgram[] = [];
  if (!options.referencesOnly) {
    programs.push(
      options.binaryPath === undefined
        ? redinoOnDeno("bundle")
        : await redinoFromBinary(options.binaryPath),
    );
  }
  if (options.valkey) programs.push(await referenceServer("Valkey"));
  programs.push(await referenceServer("Redis"));
  return programs;
}

function describeMachine(): string {
  const processors = cpus();
  const gigabytes = (Deno.systemMemoryInfo().total / 2 ** 30).toFixed(0);
  return `${processors.length} × ${processors[0].model}, ${gigabytes} GiB, ` +
    `${Deno.build.os} ${Deno.osRelease()}`;
}

async function describeVersions(programs: readonly ServerProgram[]): Promise<string[]> {
  const versions: string[] = [];
  for (const program of programs) {
    await using server = await RunningServer.start(program);
    const version = await server.version();
    versions.push(program.form === undefined ? version : `${version} (${program.form})`);
  }
  return versions;
}

async function reportThroughput(
  options: BenchmarkOptions,
  programs: readonly ServerProgram[],
): Promise<WorkloadResult[]> {
  const workloads = planWorkloads(options);
  const benchmarkPath = await findReferenceProgram("redis-benchmark");
  const results = await withServers(programs, async (servers) => {
    const meter = new ThroughputMeter(benchmarkPath, servers);
    const results: WorkloadResult[] = [];
    for (const workload of workloads) {
      const { test, valueBytes, pipeline } = workload;
      progress(
        `${results.length + 1}/${workloads.length} ${test} ${valueBytes ?? ""} P${pipeline}`,
      );
      results.push(await meter.measure(workload, options.rounds, options.runSeconds));
    }
    return results;
  });

  const [subject, ...references] = programs;
  const conditions = `Medians of ${options.rounds} alternating runs of about ` +
    `${options.runSeconds} s each; redis-benchmark with one thread and ${clientCount} clients.`;
  for (const reference of references) {
    print(`\n### Throughput: ${subject.name} and ${reference.name}\n\n${conditions}\n`);
    print(formatThroughput(results, subject.name, reference.name));
  }
  print(`\n${throughputLegend}`);
  if (!options.referencesOnly) {
    const missed = missedGoals(results, subject.name, references.at(-1)!.name);
    print(missed.length === 0 ? "\nEvery goal is met in these rows." : "\nGoals missed:\n");
    for (const line of missed) print(`- ${line}`);
  }
  return results;
}

async function reportMemory(
  { memoryKeyCount, memoryRounds }: BenchmarkOptions,
  programs: readonly ServerProgram[],
): Promise<MemoryFigures[]> {
  const figures: MemoryFigures[] = [];
  for (const program of programs) {
    progress(`memory: ${program.name}`);
    const measured = await measureMemory(program, memoryKeyCount, memoryRounds);
    if (measured !== undefined) figures.push(measured);
  }
  print(
    `\n### Memory: ${formatCount(memoryKeyCount)} keys of 16 bytes, values of ` +
      `${memoryValueBytes} bytes, resident; per key above the empty server\n`,
  );
  print(formatMemory(figures, memoryKeyCount));
  return figures;
}

async function reportCollectionMemory(
  { memoryKeyCount }: BenchmarkOptions,
  programs: readonly ServerProgram[],
): Promise<CollectionMemory[]> {
  const figures: CollectionMemory[] = [];
  for (const shape of collectionShapes(memoryKeyCount)) {
    progress(`memory: ${shape.title}`);
    const measured = await measureCollection(programs, shape);
    if (measured !== undefined) figures.push(measured);
  }
  print(
    `\n### Memory: collections with ${
      formatCount(memoryKeyCount)
    } elements in all, small ones of ` +
      "10 each; resident bytes per element\n",
  );
  print(formatCollectionMemory(figures, programs.map(({ name }) => name)));
  return figures;
}

async function reportPauses(
  { pauseElementCount }: BenchmarkOptions,
  programs: readonly ServerProgram[],
): Promise<PauseFigures[]> {
  const figures: PauseFigures[] = [];
  for (const program of programs) {
    progress(`pauses: ${program.name}`);
    figures.push(...await measurePauses(program, pauseElementCount));
  }
  print(
    `\n### Pauses: PING by another client while a collection grows to ` +
      `${formatCount(pauseElementCount)} elements, and while it goes\n`,
  );
  print(formatPauses(figures));
  return figures;
}

/** Here the source is measured as well, since to start is where it differs. */
async function reportStartup(
  { startupRounds, referencesOnly }: BenchmarkOptions,
  programs: readonly ServerProgram[],
): Promise<StartupFigures[]> {
  const figures: StartupFigures[] = [];
  for (const program of referencesOnly ? programs : [redinoOnDeno("source"), ...programs]) {
    const label = program.form === undefined ? program.name : `${program.name} (${program.form})`;
    progress(`start-up: ${label}`);
    figures.push({ label, firstPongMs: await measureStartup(program, startupRounds) });
  }
  print(`\n### Start-up: from exec to the first PONG, median of ${startupRounds}\n`);
  print(formatStartup(figures));
  return figures;
}

interface PersistenceReport {
  saves: SaveFigures[];
  snapshots: SnapshotFigures[];
  syncedLog: WorkloadResult[];
}

async function reportPersistence(
  options: BenchmarkOptions,
  programs: readonly ServerProgram[],
): Promise<PersistenceReport> {
  progress("persistence: saving and loading");
  const saves = await measureSaves(programs, options.savedKeyCount);
  print("\n### Persistence: SAVE, and a new process until its first PONG\n");
  print(formatSaves(saves));

  const { snapshotKeyCount, snapshotSeconds } = options;
  const snapshots: SnapshotFigures[] = [];
  for (const program of programs) {
    progress(`persistence: snapshots by ${program.name}`);
    snapshots.push(await measureSnapshots(program, snapshotKeyCount, snapshotSeconds));
  }
  print(
    `\n### Persistence: ${formatCount(snapshotKeyCount)} keys of 1 KB, SET by ${clientCount} ` +
      "clients, in peace and while one BGSAVE follows the other\n",
  );
  print(formatSnapshots(snapshots));

  progress("persistence: a synced log");
  const syncedLog = await measureSyncedLog(programs, options.rounds, options.runSeconds);
  print("\n### Persistence: SET with appendfsync always\n");
  print(formatThroughput(syncedLog, programs[0].name, programs.at(-1)!.name));
  return { saves, snapshots, syncedLog };
}

/** The memory engine's own benchmark is a program of its own; its output is passed on as it is. */
async function reportBatches(): Promise<string | undefined> {
  const script = new URL("./benchmark_memory.ts", import.meta.url);
  if (!await Deno.stat(script).then(() => true, () => false)) return undefined;
  progress("batches of the memory engine");
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", "--allow-sys", script.href],
    stderr: "inherit",
  }).output();
  if (!output.success) throw new Error(`${script.pathname} ended with code ${output.code}`);
  const text = new TextDecoder().decode(output.stdout).trim();
  print(`\n### Memory engine: longest batches\n\n${text}`);
  return text;
}

async function main(options: BenchmarkOptions): Promise<void> {
  const programs = await choosePrograms(options);
  const date = new Date().toISOString().slice(0, 10);
  const machine = describeMachine();
  const versions = await describeVersions(programs);
  print(`## Benchmark\n\n${date}, ${machine}.\n${versions.join(", ")}.`);

  const wanted = options.sections;
  const report = {
    date,
    machine,
    versions,
    options,
    throughput: options.tests.length > 0 ? await reportThroughput(options, programs) : [],
    memory: wanted.includes("memory") ? await reportMemory(options, programs) : [],
    collectionMemory: wanted.includes("memory")
      ? await reportCollectionMemory(options, programs)
      : [],
    pauses: wanted.includes("pauses") ? await reportPauses(options, programs) : [],
    startup: wanted.includes("startup") ? await reportStartup(options, programs) : [],
    persistence: wanted.includes("persistence")
      ? await reportPersistence(options, programs)
      : undefined,
    batches: wanted.includes("batches") ? await reportBatches() : undefined,
  };
  if (options.jsonPath !== undefined) {
    await Deno.writeTextFile(options.jsonPath, `${JSON.stringify(report, null, 2)}\n`);
  }
}

if (import.meta.main) {
  if (Deno.args.includes("--help")) {
    print(usage);
    Deno.exit(0);
  }
  let options: BenchmarkOptions;
  try {
    options = parseOptions(Deno.args);
  } catch (error) {
    progress(`${(error as Error).message}\n${usage}`);
    Deno.exit(2);
  }
  await main(options);
}
