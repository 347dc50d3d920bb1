/**
 * The small texts of the configuration: lines split into words, words quoted for a line, names matched
 * with a glob. Texts are UTF-8 at their edges, as bytes are what the splitting and matching work on.
 */
import { Arguments } from "../resp/arguments.ts";
import { splitInline } from "../resp/inline.ts";
import { globMatch } from "../values/glob.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

const namedEscapes = new Map([[7, "\\a"], [8, "\\b"], [9, "\\t"], [10, "\\n"], [13, "\\r"]]);

/** The words of `line`, unquoted; null where quotes are unbalanced. */
export function splitWords(line: string): string[] | null {
  const found = new Arguments();
  if (!splitInline(encoder.encode(line), found)) return null;
  return Array.from({ length: found.count }, (_, i) => decoder.decode(found.bytes(i)));
}

/** `text` in double quotes, with everything escaped that is not printable ASCII. */
export function quote(text: string): string {
  let quoted = "";
  for (const byte of encoder.encode(text)) {
    const character = String.fromCharCode(byte);
    if (character === '"' || character === "\\") quoted += "\\" + character;
    else if (byte >= 32 && byte < 127) quoted += character;
    else quoted += namedEscapes.get(byte) ?? "\\x" + byte.toString(16).padStart(2, "0");
  }
  return `"${quoted}"`;
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
