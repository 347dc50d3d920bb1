/** Stand-in for `@std/async/retry`. */
import { delay } from "./delay.ts";

/** Thrown by {@linkcode retry} when all attempts failed; `cause` is the last failure. */
export class RetryError extends Error {
  constructor(cause: unknown, attempts: number) {
    super(`Retrying exceeded the maxAttempts (${attempts}).`, { cause });
    this.name = "RetryError";
  }
}

/** Options for {@linkcode retry}; times are in milliseconds. */
export interface RetryOptions {
  /** Factor by which each wait grows. @default {2} */
  multiplier?: number;
  /** Longest wait between attempts. @default {60000} */
  maxTimeout?: number;
  /** Attempts before giving up. @default {5} */
  maxAttempts?: number;
  /** First and shortest wait. @default {1000} */
  minTimeout?: number;
  /** Share of each wait that is random, 0 to 1. @default {1} */
  jitter?: number;
  /** Whether a failure is worth another attempt; otherwise it is thrown. */
  isRetriable?: (err: unknown) => boolean;
  /** Stops between attempts with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Calls `fn` until it succeeds, waiting longer and longer between attempts.
 *
 * @throws {RetryError} when all attempts failed.
 * @throws {RangeError} when an option is out of its range.
 *
 * @example
 * ```ts
 * import { retry } from "@std/async/retry";
 * await retry(() => fetchSomething(), { maxAttempts: 3, minTimeout: 10 });
 * ```
 */
export async function retry<T>(
  fn: (() => Promise<T>) | (() => T),
  options: RetryOptions = {},
): Promise<T> {
  const {
    multiplier = 2,
    maxTimeout = 60000,
    maxAttempts = 5,
    minTimeout = 1000,
    jitter = 1,
    isRetriable = () => true,
    signal,
  } = options;
  const require = (met: boolean, what: string): void => {
    if (!met) throw new RangeError(`Cannot retry as ${what}`);
  };
  require(Number.isInteger(maxAttempts) && maxAttempts >= 1, "'maxAttempts' must be positive");
  require(Number.isFinite(multiplier) && multiplier >= 1, "'multiplier' must be at least 1");
  require(maxTimeout > 0, "'maxTimeout' must be positive");
  require(minTimeout >= 0, "'minTimeout' must not be negative");
  require(minTimeout <= maxTimeout, "'minTimeout' must be at most 'maxTimeout'");
  require(jitter >= 0 && jitter <= 1, "'jitter' must be between 0 and 1");

  for (let attempt = 0;; attempt++) {
    signal?.throwIfAborted();
    try {
      return await fn();
    } catch (error) {
      if (!isRetriable(error)) throw error;
      if (attempt + 1 >= maxAttempts) throw new RetryError(error, maxAttempts);
      const longestMs = Math.min(maxTimeout, minTimeout * multiplier ** attempt);
      await delay((1 - jitter * Math.random()) * longestMs, { signal });
    }
  }
}
