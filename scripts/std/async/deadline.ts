/** Stand-in for `@std/async/deadline`. */
import { abortable } from "./abortable.ts";

/** Options for {@linkcode deadline}. */
export interface DeadlineOptions {
  /** Ends the wait early, with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Waits for a promise at most `ms` milliseconds. The work behind the promise is not stopped.
 *
 * @throws {DOMException} named `TimeoutError` when the time is over.
 *
 * @example
 * ```ts
 * import { deadline } from "@std/async/deadline";
 * const answer = await deadline(Promise.resolve(42), 1000);
 * ```
 */
export async function deadline<T>(
  p: Promise<T>,
  ms: number,
  options: DeadlineOptions = {},
): Promise<T> {
  const signals: AbortSignal[] = [];
  if (ms < Number.MAX_SAFE_INTEGER) signals.push(AbortSignal.timeout(ms));
  if (options.signal) signals.push(options.signal);
  return await abortable(p, AbortSignal.any(signals));
}
