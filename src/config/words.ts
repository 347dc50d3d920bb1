/**
 * The small texts of the configuration: lines split into words, words quoted for a line, names matched
 * with a glob. Texts are UTF-8 at their edges, as bytes are what the splitting and matching work on.
 */
import { Arguments } from "../resp/arguments.ts";
import { splitInline } from "../resp/inline.ts";
import { quoteBytes } from "../resp/quote.ts";
import { globMatch } from "../values/glob.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The words of `line`, unquoted; null where quotes are unbalanced. */
export function splitWords(line: string): string[] | null {
  const found = new Arguments();
  if (!splitInline(encoder.encode(line), found)) return null;
  return Array.from({ length: found.count }, (_, i) => decoder.decode(found.bytes(i)));
}

/** `text` in double quotes, as `splitWords` reads it back. */
export function quote(text: string): string {
  return quoteBytes(encoder.encode(text));
}

/** Whether `pattern` has characters that mean something in a glob. */
export function isGlob(pattern: string): boolean {
  return /[[*?]/.test(pattern);
}

/** Whether the glob `pattern` matches all of `text`. */
export function matchesGlob(pattern: string, text: string, ignoreCase: boolean): boolean {
  const patternBytes = encoder.encode(pattern);
  const textBytes = encoder.encode(text);
  return globMatch(
    patternBytes,
    0,
    patternBytes.length,
    textBytes,
    0,
    textBytes.length,
    ignoreCase,
  );
}
