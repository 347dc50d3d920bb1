/** The tables that the benchmark prints, as markdown, and the goals that they are held against. */

import { type CollectionTest, type CollectionTestName, collectionTests } from "./collections.ts";
import { medianRun, type Run, type Workload, type WorkloadResult } from "./figures.ts";
import type { CollectionMemory, MemoryFigures, StartupFigures } from "./footprint.ts";
import type { PauseFigures } from "./pauses.ts";
import type { SaveFigures, SnapshotFigures } from "./persistence.ts";

/** redis-benchmark has one thread: with this share of a core it is the client that sets the pace. */
const clientBoundShare = 0.95;

/** Lays out a markdown table whose columns line up in the source too; figures are set to the right. */
export function formatTable(headings: readonly string[], rows: readonly string[][]): string {
  const widths = headings.map((heading, column) =>
    Math.max(3, heading.length, ...rows.map((row) => row[column].length))
  );
  const isFigures = headings.map((_, column) =>
    rows.length > 0 && rows.every((row) => /^(-?[\d.,]|—)/.test(row[column]))
  );
  const line = (cells: readonly string[]): string =>
    `| ${
      cells.map((cell, column) =>
        isFigures[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])
      ).join(" | ")
    } |`;
  const rule = widths.map((width, column) =>
    isFigures[column] ? "-".repeat(width - 1) + ":" : "-".repeat(width)
  );
  return [line(headings), line(rule), ...rows.map(line)].join("\n");
}

/** `1234567` as `1,234,567`. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function formatFigure(value: number | undefined, decimals: number): string {
  return value === undefined || !Number.isFinite(value) ? "—" : value.toFixed(decimals);
}

function ratio(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined || b === 0 ? undefined : a / b;
}

/** One workload on two servers, all figures being medians of the runs. */
interface Comparison {
  workload: Workload;
  subject: Run;
  reference: Run;
  /** Above 1 the subject answers more requests a second. */
  throughputRatio?: number;
  /** The lowest and the highest ratio of one round: how far the machine's noise reaches. */
  throughputRatioRange: [number, number];
  /** Above 1 the subject's slowest hundredth is slower. */
  p99Ratio?: number;
  /** Above 1 the subject spends less CPU on a request. */
  cpuRatio?: number;
}

/** Brings together the two servers' medians of one workload. */
export function compare(
  { workload, runs }: WorkloadResult,
  subjectName: string,
  referenceName: string,
): Comparison {
  const subject = medianRun(runs[subjectName]);
  const reference = medianRun(runs[referenceName]);
  const ratiosByRound = runs[subjectName].map(({ requestsPerSecond }, round) =>
    requestsPerSecond / runs[referenceName][round].requestsPerSecond
  );
  return {
    workload,
    subject,
    reference,
    throughputRatio: ratio(subject.requestsPerSecond, reference.requestsPerSecond),
    throughputRatioRange: [Math.min(...ratiosByRound), Math.max(...ratiosByRound)],
    p99Ratio: ratio(subject.p99Ms, reference.p99Ms),
    cpuRatio: ratio(reference.serverCpuPerMillion, subject.serverCpuPerMillion),
  };
}

export const throughputLegend = `\
- ratio: throughput of the first server over that of the second; by round: its lowest and highest value in
  one round, which shows the machine's noise. Above 1 the first is faster.
- p99 ratio: above 1 the first is slower.
- CPU: seconds of all threads of the server per million requests; CPU ratio: the second's over the first's,
  so that above 1 the first needs less.
- client-bound: with these servers redis-benchmark used at least ${
  clientBoundShare * 100
}% of its core,
  so that not they but it set the pace, and the CPU ratio tells more than the throughput ratio.`;

export function formatThroughput(
  results: readonly WorkloadResult[],
  subjectName: string,
  referenceName: string,
): string {
  const headings = [
    "test",
    "bytes",
    "pipeline",
    `${subjectName} req/s`,
    `${referenceName} req/s`,
    "ratio",
    "by round",
    `${subjectName} p50 / p99 ms`,
    `${referenceName} p50 / p99 ms`,
    "p99 ratio",
    `${subjectName} CPU`,
    `${referenceName} CPU`,
    "CPU ratio",
    "client-bound",
  ];
  const latency = (run: Run): string =>
    `${formatFigure(run.p50Ms, 3)} / ${formatFigure(run.p99Ms, 3)}`;
  const rows = results.map((result) => {
    const comparison = compare(result, subjectName, referenceName);
    const { workload, subject, reference } = comparison;
    const bound = [[subjectName, subject], [referenceName, reference]] as const;
    return [
      testTitle(workload),
      workload.valueBytes === undefined ? "—" : String(workload.valueBytes),
      String(workload.pipeline),
      formatCount(subject.requestsPerSecond),
      formatCount(reference.requestsPerSecond),
      formatFigure(comparison.throughputRatio, 2),
      comparison.throughputRatioRange.map((bound) => bound.toFixed(2)).join("–"),
      latency(subject),
      latency(reference),
      formatFigure(comparison.p99Ratio, 2),
      formatFigure(subject.serverCpuPerMillion, 2),
      formatFigure(reference.serverCpuPerMillion, 2),
      formatFigure(comparison.cpuRatio, 2),
      bound.filter(([, run]) => isClientBound(run)).map(([name]) => name).join(", "),
    ];
  });
  return formatTable(headings, rows);
}

/** Whether redis-benchmark, and not the server, set the pace of a run. */
export function isClientBound(run: Run): boolean {
  return run.clientCpuShare !== undefined && run.clientCpuShare >= clientBoundShare;
}

function testTitle({ test }: Workload): string {
  const title = test.toUpperCase().replace("_", " ");
  return test === "mset" ? `${title} (10 keys)` : title;
}

const p99RatioMax = 1.2;

/** The least throughput ratio to Redis that redino is built for. */
export function goalRatio({ test, valueBytes = 0, pipeline }: Workload): number {
  if (pipeline < 16) return 1;
  if (test in collectionTests) {
    const { isBulk }: CollectionTest = collectionTests[test as CollectionTestName];
    return isBulk ? 1 : 1.2;
  }
  if (test !== "set" && test !== "get" && test !== "incr") return 0.9;
  return valueBytes <= 32 ? 1.3 : 1;
}

/** One line for each goal that was missed. */
export function missedGoals(
  results: readonly WorkloadResult[],
  subjectName: string,
  referenceName: string,
): string[] {
  return results.flatMap((result) => {
    const { workload, throughputRatio, p99Ratio } = compare(result, subjectName, referenceName);
    const size = workload.valueBytes === undefined ? "" : ` ${workload.valueBytes} bytes`;
    const title = `${testTitle(workload)}${size} pipeline ${workload.pipeline}`;
    const missed = [];
    if (throughputRatio !== undefined && throughputRatio < goalRatio(workload)) {
      missed.push(`${title}: ratio ${throughputRatio.toFixed(2)}, goal ${goalRatio(workload)}`);
    }
    if (p99Ratio !== undefined && p99Ratio > p99RatioMax) {
      missed.push(`${title}: p99 ratio ${p99Ratio.toFixed(2)}, at most ${p99RatioMax}`);
    }
    return missed;
  });
}

export function formatMemory(figures: readonly MemoryFigures[], keyCount: number): string {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  return formatTable(
    ["server", "empty MB", "loaded MB", "bytes per key"],
    figures.map(({ name, emptyBytes, loadedBytes }) => [
      name,
      megabytes(emptyBytes),
      megabytes(loadedBytes),
      ((loadedBytes - emptyBytes) / keyCount).toFixed(1),
    ]),
  );
}

/** Bytes per element of each data set, a server to a column. */
export function formatCollectionMemory(
  figures: readonly CollectionMemory[],
  names: readonly string[],
): string {
  return formatTable(
    ["data set", ...names.map((name) => `${name} bytes`)],
    figures.map(({ title, bytesPerElement }) => [
      title,
      ...names.map((name) => formatFigure(bytesPerElement[name], 1)),
    ]),
  );
}

export function formatPauses(figures: readonly PauseFigures[]): string {
  return formatTable(
    ["server", "what", "p99.9 ms", "longest ms"],
    figures.map(({ name, what, p999Ms, longestMs }) => [
      name,
      what,
      p999Ms.toFixed(2),
      longestMs.toFixed(2),
    ]),
  );
}

export function formatStartup(figures: readonly StartupFigures[]): string {
  return formatTable(
    ["server", "first PONG ms"],
    figures.map(({ label, firstPongMs }) => [label, firstPongMs.toFixed(0)]),
  );
}

export function formatSaves(figures: readonly SaveFigures[]): string {
  return formatTable(
    ["server", "data set", "SAVE s", "SAVE CPU s", "load s", "load CPU s"],
    figures.map((figures) => [
      figures.name,
      figures.what,
      formatFigure(figures.saveSeconds, 2),
      formatFigure(figures.saveCpuSeconds, 2),
      formatFigure(figures.loadSeconds, 2),
      formatFigure(figures.loadCpuSeconds, 2),
    ]),
  );
}

export function formatSnapshots(figures: readonly SnapshotFigures[]): string {
  return formatTable(
    [
      "server",
      "p99.9 ms",
      "p99.9 ms while saving",
      "req/s",
      "req/s while saving",
      "snapshot s",
      "extra memory",
    ],
    figures.map((figures) => [
      figures.name,
      formatFigure(figures.calmP999Ms, 2),
      formatFigure(figures.savingP999Ms, 2),
      formatCount(figures.calmRequestsPerSecond),
      formatCount(figures.savingRequestsPerSecond),
      formatFigure(figures.snapshotSeconds, 1),
      figures.extraMemoryShare === undefined
        ? "—"
        : `${(figures.extraMemoryShare * 100).toFixed(1)}%`,
    ]),
  );
}
