/** Stand-in for `@std/async/delay`. */

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
export function delay(ms: number, options: DelayOptions = {}): Promise<void> {
  const { signal, persistent = true } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let leftMs = Math.trunc(Math.max(ms, 0) || 0);
  let timer = 0;

  const wait = (): void => {
    const stepMs = Math.min(leftMs, timerMsMax);
    leftMs -= stepMs;
    // A number or an object: types and versions do not agree on it.
    timer = Number(setTimeout(leftMs > 0 ? wait : finish, stepMs));
    if (!persistent) Deno.unrefTimer(timer);
  };
  const finish = (): void => {
    signal?.removeEventListener("abort", abort);
    resolve();
  };
  const abort = (): void => {
    clearTimeout(timer);
    reject(signal?.reason);
  };
  signal?.addEventListener("abort", abort, { once: true });
  wait();
  return promise;
}
