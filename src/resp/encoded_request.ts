/**
 * Where a request stands in its buffer as RESP, just as it would be written anew: most do, and are
 * propagated without being written again.
 */
import type { Arguments } from "./arguments.ts";

const arrayType = 0x2a;
const bulkType = 0x24;
const carriageReturn = 13;
const lineFeed = 10;
const digitZero = 48;

/** The shortest header: a type byte, a digit and CRLF. */
const headerBytesMin = 4;

/**
 * The position of the request's first byte; it ends with the line end behind its last argument. -1 if
 * the arguments came inline, or were copied, or if a client has its own way of ending lines.
 */
export function encodedStart({ buffer, starts, ends, count }: Arguments): number {
  let at = ends[count - 1] + 2;
  if (at > buffer.length) return -1;
  for (let i = count - 1; i >= 0; i--) {
    const end = ends[i];
    const isHere = at === end + 2 && buffer[end] === carriageReturn && buffer[end + 1] === lineFeed;
    if (!isHere) return -1;
    at = headerStart(buffer, starts[i], bulkType, end - starts[i]);
  }
  return headerStart(buffer, at, arrayType, count);
}

/** The position of a type byte, `value` in decimal and CRLF, right in front of `end`; -1 without them. */
function headerStart(buffer: Uint8Array, end: number, type: number, value: number): number {
  if (end < headerBytesMin) return -1;
  if (buffer[end - 1] !== lineFeed || buffer[end - 2] !== carriageReturn) return -1;
  let at = end - 3;
  do {
    const tenth = (value / 10) | 0;
    if (at === 0 || buffer[at--] !== digitZero + value - tenth * 10) return -1;
    value = tenth;
  } while (value > 0);
  return buffer[at] === type ? at : -1;
}
