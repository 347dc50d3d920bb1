/**
 * How often each command ran, how long it took, and how often it was refused or failed: the figures of
 * INFO commandstats and latencystats and of LATENCY HISTOGRAM.
 *
 * Rows are indexed by `CommandSpec.id`, so that counting a call touches typed arrays only. A command
 * gets its histogram (24 KiB) when it first runs.
 */
import type { ConfigValues } from "../config/values.ts";
import { Histogram } from "./histogram.ts";

export class CommandStats {
  readonly calls: Float64Array;
  readonly microseconds: Float64Array;
  /** Calls refused before the handler ran (arity, access, memory). */
  readonly rejected: Float64Array;
  /** Calls whose handler answered an error. */
  readonly failed: Float64Array;
  readonly #histograms: (Histogram | null)[];
  readonly #values: ConfigValues;

  constructor(commandCount: number, values: ConfigValues) {
    this.calls = new Float64Array(commandCount);
    this.microseconds = new Float64Array(commandCount);
    this.rejected = new Float64Array(commandCount);
    this.failed = new Float64Array(commandCount);
    this.#histograms = new Array<Histogram | null>(commandCount).fill(null);
    this.#values = values;
  }

  /** Counts `calls` calls that took `durationUs` together. */
  record(id: number, calls: number, durationUs: number): void {
    this.calls[id] += calls;
    this.microseconds[id] += durationUs;
    if (!this.#values.latencyTracking) return;
    this.#histograms[id] ??= new Histogram();
    this.#histograms[id].record(durationUs / calls, calls);
  }

  /** Durations of one command; null if none were counted. */
  histogram(id: number): Histogram | null {
    return this.#histograms[id];
  }

  /** Forgets everything (CONFIG RESETSTAT). */
  reset(): void {
    this.calls.fill(0);
    this.microseconds.fill(0);
    this.rejected.fill(0);
    this.failed.fill(0);
    this.#histograms.fill(null);
  }
}
