/**
 * Stand-in for `@std/async`: the part of the real package that this project uses, with its names,
 * signatures and behaviour.
 *
 * @example
 * ```ts
 * import { deadline, delay } from "@std/async";
 * await deadline(delay(1), 1000);
 * ```
 *
 * @module
 */
export * from "./abortable.ts";
export * from "./deadline.ts";
export * from "./delay.ts";
export * from "./retry.ts";
