/**
 * The one way to state an invariant inside the server.
 *
 * An assertion is about redino's own code, never about what a client sent: a client's mistake is a
 * `CommandError`. Tests use `@std/assert` instead.
 */

/** Thrown when an invariant is broken. Nothing catches it: the process ends with a stack trace. */
export class InvariantError extends Error {
  override name = "InvariantError";
}

/** Throws {@linkcode InvariantError} with `message` unless `condition` holds. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
