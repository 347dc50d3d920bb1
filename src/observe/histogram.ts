/**
 * A histogram of durations with two significant digits, laid out as HdrHistogram lays out one from 1 ns
 * to 1 s: what Redis counts latencies with, so that percentiles and cumulative counts come out as its.
 *
 * The first 256 buckets are 1 ns wide; each following group of 128 is twice as wide as the one before:
 *
 *     duration    0 … 255   256 … 511   512 … 1023   …   2^29 … 2^30 - 1
 *     width             1           2            4   …              2^22
 *     buckets         256         128          128   …               128
 */
const bucketsOfFirstGroup = 256;
const bucketsOfGroup = 128;

/** Index bits within a group. */
const groupShift = 7;

/** Groups of 128 buckets up to 2^30 ns, the first one counted twice. */
const groups = 24;
const bucketCount = groups * bucketsOfGroup;

/** Longer durations are counted as this long. */
const durationNsMax = 1e9;

/** Narrowest and widest bound of `cumulative`, as powers of two of a nanosecond. */
const boundBitsMin = 10;
const boundBitsMax = 30;

/** How many durations were at most so long. */
export interface CumulativeCount {
  readonly upToUs: number;
  readonly count: number;
}

export class Histogram {
  readonly #counts = new Float64Array(bucketCount);
  #total = 0;

  /** Durations counted. */
  get total(): number {
    return this.#total;
  }

  /** Counts `times` durations of `durationUs` each. */
  record(durationUs: number, times: number): void {
    this.#counts[bucketOf(Math.min(Math.round(durationUs * 1000), durationNsMax))] += times;
    this.#total += times;
  }

  /** The duration that `percent` of all did not exceed, in microseconds. */
  percentileUs(percent: number): number {
    const wanted = Math.max(1, Math.floor(percent / 100 * this.#total + 0.5));
    let count = 0;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      count += this.#counts[bucket];
      if (count < wanted) continue;
      return (percent === 0 ? lowestNs(bucket) : lowestNs(bucket + 1) - 1) / 1000;
    }
    return 0;
  }

  /**
   * How many durations were at most 1.024 µs, twice that, and so on, leaving out the bounds that add
   * none. A bound is where the bucket that it falls in ends, and given in whole microseconds.
   */
  cumulative(): CumulativeCount[] {
    const found: CumulativeCount[] = [];
    let bucket = 0;
    let count = 0;
    for (let bits = boundBitsMin; bits <= boundBitsMax; bits++) {
      const before = count;
      const end = Math.min(bucketOf(2 ** bits) + 1, bucketCount);
      while (bucket < end) count += this.#counts[bucket++];
      if (count > before) found.push({ upToUs: Math.floor((lowestNs(end) - 1) / 1000), count });
    }
    return found;
  }
}

/** The bucket that counts a duration of at most 2^30 ns. */
function bucketOf(durationNs: number): number {
  if (durationNs < bucketsOfFirstGroup) return durationNs;
  const shift = 31 - Math.clz32(durationNs) - groupShift;
  return (shift << groupShift) + (durationNs >>> shift);
}

/** The shortest duration that a bucket counts, in nanoseconds. */
function lowestNs(bucket: number): number {
  if (bucket < bucketsOfFirstGroup) return bucket;
  const shift = (bucket >>> groupShift) - 1;
  return (bucketsOfGroup + (bucket & (bucketsOfGroup - 1))) * 2 ** shift;
}
