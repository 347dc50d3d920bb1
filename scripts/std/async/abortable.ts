/** Stand-in for `@std/async/abortable`. */

/**
 * Makes a promise or an async iterable end with the reason of `signal` once it is aborted. The work
 * behind it is not stopped, but an iterable is closed.
 *
 * @throws the signal's reason.
 *
 * @example
 * ```ts
 * import { abortable } from "@std/async/abortable";
 * const answer = await abortable(Promise.resolve(42), AbortSignal.timeout(1000));
 * ```
 */
export function abortable<T>(p: Promise<T>, signal: AbortSignal): Promise<T>;
export function abortable<T>(p: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T>;
export function abortable<T>(
  p: Promise<T> | AsyncIterable<T>,
  signal: AbortSignal,
): Promise<T> | AsyncGenerator<T> {
  return p instanceof Promise ? abortablePromise(p, signal) : abortableIterable(p, signal);
}

async function abortablePromise<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = abortion(signal);
  try {
    return await Promise.race([aborted.promise, promise]);
  } finally {
    aborted.forget();
  }
}

async function* abortableIterable<T>(
  iterable: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  signal.throwIfAborted();
  const aborted = abortion(signal);
  const iterator = iterable[Symbol.asyncIterator]();
  try {
    while (true) {
      const { done, value } = await Promise.race([aborted.promise, iterator.next()]);
      if (done) return value;
      yield value;
    }
  } finally {
    aborted.forget();
    await iterator.return?.();
  }
}

/** A promise that is rejected when the signal is aborted, and the way to stop listening for it. */
function abortion(signal: AbortSignal): { promise: Promise<never>; forget: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return { promise, forget: () => signal.removeEventListener("abort", abort) };
}
