/** Stand-in for `@std/streams/to-bytes`. */

/**
 * Reads a stream of bytes to its end.
 *
 * @example
 * ```ts
 * import { toBytes } from "@std/streams/to-bytes";
 * const bytes = await toBytes(ReadableStream.from([new Uint8Array([1]), new Uint8Array([2])]));
 * ```
 */
export function toBytes(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).bytes();
}
