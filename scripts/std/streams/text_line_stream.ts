/** Stand-in for `@std/streams/text-line-stream`. */

/** Options for {@linkcode TextLineStream}. */
export interface TextLineStreamOptions {
  /** Whether a lone `\r` ends a line too. @default {false} */
  allowCR?: boolean;
}

/**
 * Cuts a stream of text in lines, which end with `\n` or `\r\n` and come without them. What follows
 * the last line end is a line of its own unless it is empty.
 *
 * @example
 * ```ts
 * import { TextLineStream } from "@std/streams/text-line-stream";
 * const lines = ReadableStream.from(["one\ntw", "o\r\n"]).pipeThrough(new TextLineStream());
 * ```
 */
export class TextLineStream extends TransformStream<string, string> {
  constructor(options: TextLineStreamOptions = {}) {
    // A `\r` at the end of a chunk waits for the next one, which may begin with its `\n`.
    const lineEnd = options.allowCR ? /\r?\n|\r(?!$)/ : /\r?\n/;
    // The parts of a line that has not ended yet, joined once it has: a long line stays linear.
    let pending: string[] = [];
    super({
      transform(chunk, controller) {
        if (chunk === "") return;
        pending.push(chunk);
        if (!chunk.includes("\n") && !options.allowCR) return;
        const lines = pending.join("").split(lineEnd);
        const rest = lines.pop() ?? "";
        pending = rest === "" ? [] : [rest];
        for (const line of lines) controller.enqueue(line);
      },
      flush(controller) {
        const rest = pending.join("");
        if (rest === "") return;
        controller.enqueue(options.allowCR ? rest.replace(/\r$/, "") : rest);
      },
    });
  }
}
