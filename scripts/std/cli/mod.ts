/**
 * Stand-in for `@std/cli`: the part of the real package that this project uses, with its names,
 * signatures and behaviour.
 *
 * @example
 * ```ts
 * import { parseArgs } from "@std/cli";
 * const flags = parseArgs(["--port", "6379"], { string: ["port"] });
 * ```
 *
 * @module
 */
export * from "./parse_args.ts";
