/**
 * Splitting a line into words with Redis' quoting (sdssplitargs): inline commands, the configuration
 * file and the prompt of the command line share it.
 *
 * Words are separated by white space. "…" knows the escapes \n \r \t \b \a \xHH and takes any other
 * escaped byte for itself; '…' knows only \'. A closing quote must be followed by white space.
 */
import type { Arguments } from "./arguments.ts";

const backslash = 92;
const doubleQuote = 34;
const singleQuote = 39;
const lowerX = 120;

const escapes = new Map([[110, 10], [114, 13], [116, 9], [98, 8], [97, 7]]);

/**
 * Points `args` at the words of `buffer[start, end)` where no byte of it asks for more than that;
 * returns false where one does, a quote or a NUL: then it is `splitInline`'s.
 */
export function splitPlain(
  buffer: Uint8Array,
  start: number,
  end: number,
  args: Arguments,
): boolean {
  args.buffer = buffer;
  args.count = 0;
  for (let at = start; at < end;) {
    if (isSpace(buffer[at])) {
      at++;
      continue;
    }
    const word = at;
    for (; at < end && !isSpace(buffer[at]); at++) {
      const byte = buffer[at];
      if (byte === doubleQuote || byte === singleQuote || byte === 0) return false;
    }
    args.add(word, at);
  }
  return true;
}

/**
 * Fills `args` with the words of `line`, which must be the caller's to write on: unescaped words are
 * written over it. Returns false where quotes are unbalanced.
 */
export function splitInline(line: Uint8Array, args: Arguments): boolean {
  args.buffer = line;
  args.count = 0;
  let at = 0;
  while (true) {
    while (at < line.length && isSpace(line[at])) at++;
    // a NUL ends the line, as it ends a C string
    if (at >= line.length || line[at] === 0) return true;
    const start = at;
    let to = at;
    while (at < line.length && line[at] !== 0 && !isSpace(line[at])) {
      const byte = line[at++];
      if (byte !== doubleQuote && byte !== singleQuote) {
        line[to++] = byte;
        continue;
      }
      const closed = byte === doubleQuote
        ? unquoteDouble(line, at, to)
        : unquoteSingle(line, at, to);
      if (closed === null) return false;
      at = closed.next;
      to = closed.to;
      if (at < line.length && line[at] !== 0 && !isSpace(line[at])) return false;
      break;
    }
    args.add(start, to);
  }
}

/** Where reading goes on, and where the unescaped bytes end. */
interface Closed {
  next: number;
  to: number;
}

function unquoteDouble(line: Uint8Array, from: number, to: number): Closed | null {
  let at = from;
  while (at < line.length && line[at] !== 0) {
    const byte = line[at];
    if (byte === doubleQuote) return { next: at + 1, to };
    if (byte !== backslash || at + 1 >= line.length) {
      line[to++] = byte;
      at++;
      continue;
    }
    const high = hexDigit(line[at + 2]);
    const low = hexDigit(line[at + 3]);
    if (line[at + 1] === lowerX && high >= 0 && low >= 0) {
      line[to++] = high * 16 + low;
      at += 4;
    } else {
      line[to++] = escapes.get(line[at + 1]) ?? line[at + 1];
      at += 2;
    }
  }
  return null;
}

function unquoteSingle(line: Uint8Array, from: number, to: number): Closed | null {
  let at = from;
  while (at < line.length && line[at] !== 0) {
    const byte = line[at];
    if (byte === singleQuote) return { next: at + 1, to };
    if (byte === backslash && line[at + 1] === singleQuote) at++;
    line[to++] = line[at++];
  }
  return null;
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** White space as C's isspace has it. */
function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}
