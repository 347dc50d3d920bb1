/** The figures of a run: reading them from the tools' output, and boiling many runs down to one. */

import type { TestName } from "./options.ts";

/** What redis-benchmark says of one run. */
export interface ClientFigures {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
}

/** One run of one workload on one server. CPU figures are absent where there is no /proc. */
export interface Run extends ClientFigures {
  /** CPU seconds of all threads of the server, per million requests. */
  serverCpuPerMillion?: number;
  /** CPU time of redis-benchmark divided by the time that it ran: it has one thread, so at most 1. */
  clientCpuShare?: number;
}

/** What one row of the table measures. */
export interface Workload {
  test: TestName;
  /** Absent for the tests whose values do not depend on it. */
  valueBytes?: number;
  pipeline: number;
  /** redis-benchmark's `-r`: keys are drawn from this many. */
  keyCount: number;
}

/** The runs of one workload by the names of the servers. */
export interface WorkloadResult {
  workload: Workload;
  requestCount: number;
  runs: Record<string, Run[]>;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("the median of no values is not defined");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Every figure's own median: the p99 is the median of the runs' p99s, not that of one chosen run. */
export function medianRun(runs: readonly Run[]): Run {
  return {
    requestsPerSecond: median(runs.map((run) => run.requestsPerSecond)),
    p50Ms: median(runs.map((run) => run.p50Ms)),
    p99Ms: median(runs.map((run) => run.p99Ms)),
    serverCpuPerMillion: medianOfKnown(runs.map((run) => run.serverCpuPerMillion)),
    clientCpuShare: medianOfKnown(runs.map((run) => run.clientCpuShare)),
  };
}

function medianOfKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : median(known);
}

/**
 * Reads the output of `redis-benchmark --csv` for a single test: a line of column names and a line of
 * figures, every field in quotes.
 */
export function parseBenchmarkCsv(csv: string): ClientFigures {
  const lines = csv.split("\n").filter((line) => line.startsWith('"'));
  if (lines.length !== 2) {
    throw new SyntaxError(`expected the figures of one test from redis-benchmark, got: ${csv}`);
  }
  const [columns, fields] = lines.map((line) => [...line.matchAll(/"([^"]*)"/g)].map(([, f]) => f));
  const figure = (column: string): number => {
    const value = Number(fields[columns.indexOf(column)] ?? NaN);
    if (Number.isNaN(value)) throw new SyntaxError(`no figure for ${column} in: ${csv}`);
    return value;
  };
  return {
    requestsPerSecond: figure("rps"),
    p50Ms: figure("p50_latency_ms"),
    p99Ms: figure("p99_latency_ms"),
  };
}

/**
 * Reads a percentile from the distribution that redis-benchmark prints without `--csv`; of those that it
 * has, which come closer and closer to 100, the first that is at least the one asked for.
 */
export function parsePercentileMs(output: string, percentile: number): number {
  const [distribution] = output.split("Cumulative distribution of latencies:");
  for (const [, at, ms] of distribution.matchAll(/^([\d.]+)% <= ([\d.]+) milliseconds/gm)) {
    if (Number(at) >= percentile) return Number(ms);
  }
  throw new SyntaxError(`no percentiles in: ${output}`);
}

/** Reads the throughput that redis-benchmark prints without `--csv`. */
export function parseRequestsPerSecond(output: string): number {
  const figure = output.match(/throughput summary: ([\d.]+) requests per second/)?.[1];
  if (figure === undefined) throw new SyntaxError(`no throughput in: ${output}`);
  return Number(figure);
}

export interface CpuTimes {
  ownSeconds: number;
  /** Of all child processes that have ended and been waited for. */
  endedChildrenSeconds: number;
}

/** The unit of /proc/<pid>/stat: fixed at 100 a second in the kernel's interface to user space. */
const ticksPerSecond = 100;

/** Reads the text of /proc/<pid>/stat: utime, stime, cutime and cstime are its fields 14 to 17. */
export function parseProcessStat(stat: string): CpuTimes {
  // The second field is the program's name in parentheses, which may itself hold blanks and ")".
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const [userTicks, systemTicks, childUserTicks, childSystemTicks] = fields.slice(11, 15);
  return {
    ownSeconds: (userTicks + systemTicks) / ticksPerSecond,
    endedChildrenSeconds: (childUserTicks + childSystemTicks) / ticksPerSecond,
  };
}

/** Reads the resident memory from the text of /proc/<pid>/status. */
export function parseResidentBytes(status: string): number | undefined {
  const kilobytes = status.match(/^VmRSS:\s*(\d+) kB$/m)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
