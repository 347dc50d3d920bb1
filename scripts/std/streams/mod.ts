/**
 * Stand-in for `@std/streams`: the part of the real package that this project uses, with its names,
 * signatures and behaviour.
 *
 * @example
 * ```ts
 * import { toText } from "@std/streams";
 * const text = await toText(ReadableStream.from(["a", "b"]));
 * ```
 *
 * @module
 */
export * from "./text_line_stream.ts";
export * from "./to_array_buffer.ts";
export * from "./to_bytes.ts";
export * from "./to_text.ts";
