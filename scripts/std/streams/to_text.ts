/** Stand-in for `@std/streams/to-text`. */

/**
 * Reads a stream of strings or of UTF-8 bytes to its end.
 *
 * @example
 * ```ts
 * import { toText } from "@std/streams/to-text";
 * const text = await toText(ReadableStream.from(["Hello, ", "world!"]));
 * ```
 */
export async function toText(
  stream: ReadableStream<string> | ReadableStream<Uint8Array>,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
