/**
 * Bytes as a word in double quotes, in Redis' own notation (sdscatrepr): what MONITOR prints, what
 * `inline.ts` reads back.
 */
const backslash = 92;
const doubleQuote = 34;

const namedEscapes = new Map([[7, "\\a"], [8, "\\b"], [9, "\\t"], [10, "\\n"], [13, "\\r"]]);

/** `bytes` in double quotes, with everything escaped that is not printable ASCII. */
export function quoteBytes(bytes: Uint8Array): string {
  let quoted = '"';
  for (const byte of bytes) {
    if (byte === doubleQuote || byte === backslash) quoted += "\\" + String.fromCharCode(byte);
    else if (byte >= 32 && byte < 127) quoted += String.fromCharCode(byte);
    else quoted += namedEscapes.get(byte) ?? "\\x" + byte.toString(16).padStart(2, "0");
  }
  return quoted + '"';
}
