/** Stand-in for `@std/streams/to-array-buffer`. */

/**
 * Reads a stream of bytes to its end.
 *
 * @example
 * ```ts
 * import { toArrayBuffer } from "@std/streams/to-array-buffer";
 * const buffer = await toArrayBuffer(ReadableStream.from([new Uint8Array([1, 2])]));
 * ```
 */
export function toArrayBuffer(readableStream: ReadableStream<Uint8Array>): Promise<ArrayBuffer> {
  return new Response(readableStream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer();
}
