/** Bytes as text that people can read and edit, and back: the quoting of redis-cli. */

const simpleEscapes: Record<string, number> = { n: 10, r: 13, t: 9, b: 8, a: 7 };
const utf8 = new TextEncoder();

/** Writes bytes so that each is printable ASCII; `unescapeBytes` gives them back. */
export function escapeBytes(bytes: Uint8Array): string {
  let escaped = "";
  for (const byte of bytes) {
    if (byte === 10) escaped += "\\n";
    else if (byte === 13) escaped += "\\r";
    else if (byte === 92) escaped += "\\\\";
    else if (byte >= 32 && byte < 127) escaped += String.fromCharCode(byte);
    else escaped += "\\x" + byte.toString(16).padStart(2, "0");
  }
  return escaped;
}

export function unescapeBytes(escaped: string): Uint8Array {
  const bytes: number[] = [];
  let at = 0;
  while (at < escaped.length) {
    if (escaped[at] !== "\\") {
      const end = escaped.indexOf("\\", at);
      const plain = escaped.slice(at, end < 0 ? undefined : end);
      for (const byte of utf8.encode(plain)) bytes.push(byte);
      at += plain.length;
    } else if (escaped[at + 1] === "x") {
      bytes.push(parseInt(escaped.slice(at + 2, at + 4), 16));
      at += 4;
    } else {
      const letter = escaped[at + 1] ?? "";
      bytes.push(simpleEscapes[letter] ?? letter.charCodeAt(0));
      at += 2;
    }
  }
  return Uint8Array.from(bytes);
}

// A double-quoted, a single-quoted, or a bare word; a quoted one may be followed by *count.
const word = /\s*(?:"((?:[^"\\]|\\.)*)"(?:\*(\d+))?|'((?:[^'\\]|\\.)*)'|(\S+))(?=\s|$)/y;

/**
 * Splits a line into words: `SET key "\x00 binary"`. A double-quoted word may be repeated, `"ab"*1000`
 * being a word of 2000 bytes.
 */
export function splitWords(line: string): Uint8Array[] {
  const words: Uint8Array[] = [];
  const trimmed = line.trim();
  word.lastIndex = 0;
  while (word.lastIndex < trimmed.length) {
    const match = word.exec(trimmed);
    if (match === null) throw new Error(`unbalanced quotes in: ${line}`);
    const [, double, times, single, bare] = match;
    if (double !== undefined) words.push(repeat(unescapeBytes(double), Number(times ?? 1)));
    else words.push(utf8.encode(single?.replaceAll("\\'", "'") ?? bare));
  }
  return words;
}

function repeat(bytes: Uint8Array, times: number): Uint8Array {
  const repeated = new Uint8Array(bytes.length * times);
  for (let i = 0; i < times; i++) repeated.set(bytes, i * bytes.length);
  return repeated;
}

/** Writes a word so that `splitWords` finds it in a line. */
export function quoteWord(word: Uint8Array): string {
  const escaped = escapeBytes(word);
  return /^[^\s"'\\]+$/.test(escaped) ? escaped : `"${escaped.replaceAll('"', '\\"')}"`;
}
