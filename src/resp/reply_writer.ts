/**
 * What a command handler says its reply to.
 *
 * The wire in RESP2 and RESP3 is one implementation (`wire_writer.ts`); a script's value and a plain
 * JavaScript value are others. A handler states what the reply is, never how it looks, so no reply is
 * ever parsed back. Aggregates announce their length and are followed by that many replies.
 */
import type { Int64 } from "./numbers.ts";

export interface ReplyWriter {
  /** 2 or 3: for the few replies whose shape, not just whose encoding, differs. */
  readonly protocol: number;
  /** `+OK` */
  ok(): void;
  /** A short text without line ends; each character is one byte, as `Arguments.cString` gives them. */
  simpleString(text: string): void;
  /**
   * An error; `text` begins with its code, and each character is one byte. Line ends in it become
   * spaces.
   */
  error(text: string): void;
  integer(value: Int64): void;
  /** A byte string copied from `buffer[start, end)`. */
  bulk(buffer: Uint8Array, start: number, end: number): void;
  /** A byte string with `text` in UTF-8. */
  bulkString(text: string): void;
  /** The absence of a value: a null bulk string in RESP2, a null in RESP3. */
  null(): void;
  /** The absence of an array: a null array in RESP2, a null in RESP3. */
  nullArray(): void;
  /** `length` replies follow. */
  array(length: number): void;
  /** `2 * length` replies follow: key, value, key, value, …; a flat array in RESP2. */
  map(length: number): void;
  /** `length` replies follow; an array in RESP2. */
  set(length: number): void;
  /** `length` replies follow, outside the order of requests; an array in RESP2. */
  push(length: number): void;
  /** `2 * length` replies follow, and then the reply that they are about. RESP3 only. */
  attribute(length: number): void;
  /** A floating-point number; a bulk string in RESP2. */
  double(value: number): void;
  /** An integer of any size; a bulk string in RESP2. */
  bigNumber(value: bigint): void;
  /** A truth value; 1 or 0 in RESP2. */
  boolean(value: boolean): void;
  /** A text with a three-letter format, `txt` or `mkd`; a bulk string in RESP2. */
  verbatim(format: string, text: string): void;
}
