/**
 * The reading half of the client: bytes of RESP2 or RESP3 in, a tree of typed replies out. It knows
 * nothing of sockets. Bytes may be fed in pieces cut anywhere: what has been understood of an
 * unfinished reply is kept (the open aggregates on a stack, how far a line was searched), so feeding a
 * long reply byte by byte costs no more than feeding it at once.
 *
 * The tree keeps the kind that was on the wire, because those who use it (the CLI, the tests,
 * replication) must tell a status from a string and a set from an array.
 */

/** A reply, by its kind on the wire. */
export type Reply =
  | { kind: "simple"; text: string }
  | { kind: "error"; text: string }
  | { kind: "integer"; value: number | bigint }
  | { kind: "bulk"; bytes: Uint8Array }
  | { kind: "verbatim"; format: string; bytes: Uint8Array }
  | { kind: "null" }
  | { kind: "double"; value: number }
  | { kind: "bool"; value: boolean }
  | { kind: "bignum"; value: bigint }
  | { kind: "array" | "set" | "push"; items: Reply[] }
  | { kind: "map"; entries: [Reply, Reply][] }
  | { kind: "attribute"; entries: [Reply, Reply][]; of: Reply };

/** The peer sent something that is not RESP; the connection can't be read any further. */
export class ReplyProtocolError extends Error {
  override name = "ReplyProtocolError";
}

/** An aggregate of which some elements have not arrived. */
interface OpenAggregate {
  kind: "array" | "set" | "push" | "map" | "attribute";
  items: Reply[];
  missing: number;
}

const CR = 13;
const LF = 10;
const nestingMax = 128;
const headerBytesMax = 64 * 1024;
const text = new TextDecoder();

/**
 * Parses replies from bytes that arrive in pieces.
 *
 * @example
 * ```ts
 * const parser = new ReplyParser();
 * parser.feed(new TextEncoder().encode(":1\r\n+O"));
 * parser.next(); // { kind: "integer", value: 1 }
 * parser.next(); // undefined: the second reply is not complete
 * ```
 */
export class ReplyParser {
  #buffer = new Uint8Array(4096);
  #start = 0;
  #end = 0;
  /** How many bytes of the unfinished line at #start are known to hold no LF. */
  #searched = 0;
  /** Where #start is, counted from the first byte ever fed. */
  #consumedBytes = 0;
  #open: OpenAggregate[] = [];

  /**
   * The bytes consumed since the parser was made. Just after `next()` has returned a reply, this is
   * where that reply ended, which lets a caller who keeps the bytes cut out exactly that reply.
   */
  get consumedBytes(): number {
    return this.#consumedBytes;
  }

  /** Adds bytes; they are copied, so the caller may reuse its buffer. */
  feed(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#buffer.length) this.#makeRoom(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** The next complete reply, or undefined when more bytes are needed for it. */
  next(): Reply | undefined {
    for (;;) {
      const step = this.#step();
      if (step === undefined) return undefined;
      const reply = this.#close(step);
      if (reply !== undefined) return reply;
    }
  }

  /** Takes out the bytes that were fed and not consumed, for a peer that stops talking RESP. */
  takeRest(): Uint8Array {
    const rest = this.#buffer.slice(this.#start, this.#end);
    this.#consume(rest.length);
    return rest;
  }

  /** Reads one scalar, or the header of an aggregate. */
  #step(): Reply | OpenAggregate | undefined {
    const lineEnd = this.#findLineEnd();
    if (lineEnd < 0) return undefined;
    const type = String.fromCharCode(this.#buffer[this.#start]);
    const line = text.decode(this.#buffer.subarray(this.#start + 1, lineEnd));
    const header = lineEnd + 2 - this.#start;
    switch (type) {
      case "$":
      case "=":
      case "!":
        return this.#blob(type, line, header);
      case "*":
        return this.#aggregate("array", line, header, 1);
      case "~":
        return this.#aggregate("set", line, header, 1);
      case ">":
        return this.#aggregate("push", line, header, 1);
      case "%":
        return this.#aggregate("map", line, header, 2);
      case "|":
        return this.#aggregate("attribute", line, header, 2);
    }
    const reply = scalar(type, line);
    this.#consume(header);
    return reply;
  }

  #blob(type: string, line: string, header: number): Reply | undefined {
    const length = parseLength(line);
    if (length === -1 && type === "$") {
      this.#consume(header);
      return { kind: "null" };
    }
    if (length < 0) throw new ReplyProtocolError(`invalid length in "${type}${line}"`);
    if (this.#end - this.#start < header + length + 2) return undefined;
    const from = this.#start + header;
    if (this.#buffer[from + length] !== CR || this.#buffer[from + length + 1] !== LF) {
      throw new ReplyProtocolError("a bulk string does not end where its length says");
    }
    const bytes = this.#buffer.slice(from, from + length);
    this.#consume(header + length + 2);
    if (type === "$") return { kind: "bulk", bytes };
    if (type === "!") return { kind: "error", text: text.decode(bytes) };
    return { kind: "verbatim", format: text.decode(bytes.subarray(0, 3)), bytes: bytes.slice(4) };
  }

  #aggregate(
    kind: OpenAggregate["kind"],
    line: string,
    header: number,
    perEntry: 1 | 2,
  ): Reply | OpenAggregate {
    const length = parseLength(line);
    this.#consume(header);
    if (length === -1 && kind === "array") return { kind: "null" };
    if (length < 0) throw new ReplyProtocolError(`invalid length "${line}" of a ${kind}`);
    if (this.#open.length === nestingMax) throw new ReplyProtocolError("replies nested too deep");
    // An attribute describes the reply that follows it, which is therefore its last element.
    const missing = length * perEntry + (kind === "attribute" ? 1 : 0);
    return { kind, items: [], missing };
  }

  /** Puts what was read into the aggregate that waits for it; returns the outermost when complete. */
  #close(step: Reply | OpenAggregate): Reply | undefined {
    let reply: Reply;
    if ("missing" in step) {
      if (step.missing > 0) {
        this.#open.push(step);
        return undefined;
      }
      reply = finish(step);
    } else {
      reply = step;
    }
    for (;;) {
      const parent = this.#open.at(-1);
      if (parent === undefined) return reply;
      parent.items.push(reply);
      if (--parent.missing > 0) return undefined;
      this.#open.pop();
      reply = finish(parent);
    }
  }

  /** The position of the CR that ends the line at #start, or -1 when it has not arrived. */
  #findLineEnd(): number {
    const found = this.#buffer.subarray(0, this.#end).indexOf(LF, this.#start + this.#searched);
    if (found < 0) {
      this.#searched = this.#end - this.#start;
      if (this.#searched > headerBytesMax) throw new ReplyProtocolError("a line is too long");
      return -1;
    }
    if (found === this.#start || this.#buffer[found - 1] !== CR) {
      throw new ReplyProtocolError("a line does not end in CR LF");
    }
    // A bulk that is not complete is looked at again from its header: remember nothing but that.
    this.#searched = found - this.#start;
    return found - 1;
  }

  #consume(bytes: number): void {
    this.#start += bytes;
    this.#consumedBytes += bytes;
    this.#searched = 0;
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  #makeRoom(bytes: number): void {
    const held = this.#end - this.#start;
    let size = this.#buffer.length;
    while (size < held + bytes) size *= 2;
    if (size === this.#buffer.length) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
    } else {
      const grown = new Uint8Array(size);
      grown.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = grown;
    }
    this.#start = 0;
    this.#end = held;
  }
}

function scalar(type: string, line: string): Reply {
  switch (type) {
    case "+":
      return { kind: "simple", text: line };
    case "-":
      return { kind: "error", text: line };
    case ":":
      return { kind: "integer", value: parseInteger(line) };
    case "_":
      if (line !== "") break;
      return { kind: "null" };
    case ",":
      return { kind: "double", value: parseDouble(line) };
    case "#":
      if (line !== "t" && line !== "f") break;
      return { kind: "bool", value: line === "t" };
    case "(":
      if (!/^[+-]?\d+$/.test(line)) break;
      return { kind: "bignum", value: BigInt(line) };
  }
  throw new ReplyProtocolError(`not a reply: ${JSON.stringify((type + line).slice(0, 64))}`);
}

function finish(aggregate: OpenAggregate): Reply {
  const { kind, items } = aggregate;
  if (kind === "map") return { kind, entries: pairs(items) };
  if (kind === "attribute") {
    const of = items.pop()!;
    return { kind, entries: pairs(items), of };
  }
  return { kind, items };
}

function pairs(items: Reply[]): [Reply, Reply][] {
  const entries: [Reply, Reply][] = [];
  for (let i = 0; i < items.length; i += 2) entries.push([items[i], items[i + 1]]);
  return entries;
}

function parseLength(line: string): number {
  if (!/^(-1|\d{1,10})$/.test(line)) throw new ReplyProtocolError(`invalid length "${line}"`);
  return Number(line);
}

function parseInteger(line: string): number | bigint {
  if (!/^[+-]?\d{1,19}$/.test(line)) throw new ReplyProtocolError(`invalid integer "${line}"`);
  const value = Number(line);
  return Number.isSafeInteger(value) ? value : BigInt(line);
}

function parseDouble(line: string): number {
  if (line === "inf") return Infinity;
  if (line === "-inf") return -Infinity;
  if (line === "nan" || line === "-nan") return NaN;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(line)) {
    throw new ReplyProtocolError(`invalid double "${line}"`);
  }
  return Number(line);
}
