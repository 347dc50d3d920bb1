/**
 * How often each command ran, how long it took, and how often it was refused or failed: the figures of
 * INFO commandstats and latencystats and of LATENCY HISTOGRAM.
 *
 * Rows are indexed by `CommandSpec.id`, so that counting a call touches typed arrays only. Durations
 * also fall into a histogram with two buckets per power of two of a microsecond's 1/1024.
 */
const bucketsPerRow = 96;

export class CommandStats {
  readonly calls: Float64Array;
  readonly microseconds: Float64Array;
  /** Calls refused before the handler ran (arity, access, memory). */
  readonly rejected: Float64Array;
  /** Calls whose handler answered an error. */
  readonly failed: Float64Array;
  readonly #histogram: Float64Array;

  constructor(commandCount: number) {
    this.calls = new Float64Array(commandCount);
    this.microseconds = new Float64Array(commandCount);
    this.rejected = new Float64Array(commandCount);
    this.failed = new Float64Array(commandCount);
    this.#histogram = new Float64Array(commandCount * bucketsPerRow);
  }

  /** Counts `calls` calls that took `durationUs` together. */
  record(id: number, calls: number, durationUs: number): void {
    this.calls[id] += calls;
    this.microseconds[id] += durationUs;
    this.#histogram[id * bucketsPerRow + bucketOf(durationUs / calls)] += calls;
  }

  /** Counts per bucket of one command; bucket `i` holds durations up to `bucketUpperUs(i)`. */
  histogram(id: number): Float64Array {
    return this.#histogram.subarray(id * bucketsPerRow, (id + 1) * bucketsPerRow);
  }

  /** Forgets everything (CONFIG RESETSTAT). */
  reset(): void {
    this.calls.fill(0);
    this.microseconds.fill(0);
    this.rejected.fill(0);
    this.failed.fill(0);
    this.#histogram.fill(0);
  }

  /** Forgets one command's histogram (LATENCY RESET leaves the counts alone). */
  resetHistogram(id: number): void {
    this.histogram(id).fill(0);
  }
}

/** Upper bound of a bucket, in microseconds. */
export function bucketUpperUs(bucket: number): number {
  return 2 ** (bucket / 2) / 1024;
}

function bucketOf(durationUs: number): number {
  const scaled = Math.max(1, durationUs * 1024);
  return Math.min(bucketsPerRow - 1, Math.ceil(Math.log2(scaled) * 2));
}
