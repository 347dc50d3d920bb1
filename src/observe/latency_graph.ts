/** The samples of a latency event as a picture of characters, as LATENCY GRAPH shows them. */
import type { LatencyEvent, LatencySample } from "./latency.ts";

/** Samples drawn side by side; more follow below. */
const columns = 80;

/** Lines that the columns are high. */
const rows = 4;

/** The top of a column within its line, from low to high. */
const tops = "_o#";

/** The picture of `history`, below a line that says what it is of. */
export function latencyGraph(event: string, history: LatencyEvent, nowMs: number): string {
  const latencies = history.samples.map(({ latencyMs }) => latencyMs);
  const highMs = latencies.reduce((high, ms) => Math.max(high, ms));
  const lowMs = latencies.reduce((low, ms) => Math.min(low, ms));
  const parts: string[] = [];
  for (let from = 0; from < history.samples.length; from += columns) {
    const samples = history.samples.slice(from, from + columns);
    const lines = [
      ...drawColumns(samples, lowMs, highMs),
      " ".repeat(samples.length),
      ...drawAges(samples, nowMs),
    ];
    parts.push(lines.map((line) => line + "\n").join(""));
  }
  return `${event} - high ${highMs} ms, low ${lowMs} ms (all time high ${history.maxMs} ms)\n` +
    `${"-".repeat(columns)}\n${parts.join("\n")}`;
}

function drawColumns(samples: readonly LatencySample[], lowMs: number, highMs: number): string[] {
  const steps = tops.length * rows;
  const heights = samples.map(({ latencyMs }) => {
    const step = Math.floor((latencyMs - lowMs) * steps / Math.max(1, highMs - lowMs));
    return Math.min(step, steps - 1);
  });
  return Array.from({ length: rows }, (_, row) => {
    const bottom = (rows - row - 1) * tops.length;
    return heights.map((height) => height < bottom ? " " : tops[height - bottom] ?? "|").join("");
  });
}

/** How long ago each sample was, downwards: `5s`, `12m`, `3h`, `2d`. */
function drawAges(samples: readonly LatencySample[], nowMs: number): string[] {
  const ages = samples.map(({ atSeconds }) => formatAge(Math.floor(nowMs / 1000) - atSeconds));
  const height = ages.reduce((longest, { length }) => Math.max(longest, length), 0);
  return Array.from({ length: height }, (_, row) => ages.map((age) => age[row] ?? " ").join(""));
}

function formatAge(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86400)}d`;
}
