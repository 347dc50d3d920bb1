/** Stand-in for `@std/async/delay`, over the abortable timer of `node:timers/promises`. */
import { setTimeout as timer } from "node:timers/promises";

/** The longest wait that one timer can hold: 2^31 - 1 ms, a little over 24 days. */
const timerMsMax = 2 ** 31 - 1;

/** Options for {@linkcode delay}. */
export interface DelayOptions {
  /** Ends the wait early: the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Whether the process stays alive for the wait; `true` unless said otherwise. */
  persistent?: boolean;
}

/**
 * Resolves after `ms` milliseconds, of any length; a negative or absent number is 0.
 *
 * @throws the reason of `options.signal`, if it is aborted first.
 *
 * @example
 * ```ts
 * import { delay } from "@std/async/delay";
 * await delay(10);
 * ```
 */
export async function delay(ms: number, options: DelayOptions = {}): Promise<void> {
  const { signal, persistent = true } = options;
  signal?.throwIfAborted();
  let leftMs = Math.trunc(Math.max(ms, 0) || 0);
  try {
    do {
      const stepMs = Math.min(leftMs, timerMsMax);
      await timer(stepMs, undefined, { signal, ref: persistent });
      leftMs -= stepMs;
    } while (leftMs > 0);
  } catch (error) {
    // Node wraps the reason in an AbortError of its own; the real package hands out the reason.
    throw signal?.aborted ? signal.reason : error;
  }
}
