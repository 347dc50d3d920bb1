/**
 * Two servers that are sent the same, each over one connection: what they answer and what they hold
 * is compared.
 */
import { encodeCommand } from "../../src/client/client.ts";
import type { Reply } from "../../src/client/reply_parser.ts";
import type { Target } from "./player.ts";
import { afterDraw, areRepliesAlike, areTreesAlike, parse } from "./reply_rules.ts";
import { WireConnection } from "./wire_connection.ts";

const databases = 16;
/** Commands sent in one write. */
const batchLength = 100;
/** Replies to these call for more commands before the next. */
const draws = /^(spop|srandmember|hrandfield|zrandmember|randomkey)$/i;

/** A command to which the two servers gave different replies. */
export interface Difference {
  command: string[];
  replies: [Uint8Array | undefined, Uint8Array | undefined];
}

type Replies = Difference["replies"];

/** What shows the value of a key, by its type. */
const valueCommands: Record<string, (key: string) => string[][]> = {
  string: (key) => [["GET", key]],
  list: (key) => [["LRANGE", key, "0", "-1"]],
  set: (key) => [["SMEMBERS", key]],
  hash: (key) => [["HGETALL", key]],
  zset: (key) => [["ZRANGE", key, "0", "-1", "WITHSCORES"]],
  stream: (key) => [["XINFO", "STREAM", key, "FULL", "COUNT", "0"]],
};

export class ServerPair {
  readonly #connections: [WireConnection, WireConnection];
  /** The commands that the open transaction has queued. */
  #queued: string[][] = [];

  private constructor(connections: [WireConnection, WireConnection]) {
    this.#connections = connections;
  }

  static async open(reference: Target, redino: Target): Promise<ServerPair> {
    return new ServerPair([
      await WireConnection.open(reference.port),
      await WireConnection.open(redino.port),
    ]);
  }

  /** Sends the commands and returns the first that was answered differently. */
  async findDifference(commands: string[][]): Promise<Difference | undefined> {
    let sent = 0;
    while (sent < commands.length) {
      let end = Math.min(sent + batchLength, commands.length);
      const draw = commands.findIndex(([name], i) => i >= sent && draws.test(name));
      if (draw >= 0) end = Math.min(end, draw + 1);
      const difference = await this.#findInBatch(commands.slice(sent, end));
      if (difference) return difference;
      sent = end;
    }
  }

  async #findInBatch(commands: string[][]): Promise<Difference | undefined> {
    let first: Difference | undefined;
    let last: Replies = [undefined, undefined];
    await this.#write(commands);
    for (const command of commands) {
      last = await this.#readReplies();
      if (!first && !this.#isAlike(command, last)) first = { command, replies: last };
    }
    return first ?? await this.#followDraw(commands.at(-1)!, last);
  }

  /** What was drawn must be there, and where it was taken out, both must be without it. */
  async #followDraw(command: string[], [a, b]: Replies): Promise<Difference | undefined> {
    if (!draws.test(command[0]) || !a || !b || isQueued(a)) return;
    for (const check of afterDraw(command, parse(a), parse(b))) {
      await this.#write([check]);
      const replies = await this.#readReplies();
      const isMissing = replies.some((reply) =>
        /^\*[^]*(:0\r\n|\$-1\r\n|_\r\n)/.test(latin1(reply))
      );
      if (isMissing) return { command, replies: [a, b] };
      const isCount = check[0] === "SREM";
      if (!isCount && !areRepliesAlike(check, ...replies)) return { command: check, replies };
    }
  }

  /** Within a transaction the reply of EXEC tells what each command answered. */
  #isAlike(command: string[], [a, b]: Replies): boolean {
    if (isQueued(a) && isQueued(b)) {
      this.#queued.push(command);
      return true;
    }
    if (/^(multi|discard)$/i.test(command[0])) this.#queued = [];
    if (!/^exec$/i.test(command[0]) || !a || !b || this.#queued.length === 0) {
      return areRepliesAlike(command, a, b);
    }
    const queued = this.#queued.splice(0);
    const [x, y] = [parse(a), parse(b)];
    if (x.kind !== "array" || y.kind !== "array") return areTreesAlike(command, x, y);
    return x.items.length === queued.length && y.items.length === queued.length &&
      queued.every((each, i) => areTreesAlike(each, x.items[i], y.items[i]));
  }

  /** Leaves the connection in RESP3 and in another database: what comes next must be a reset. */
  async findStateDifference(): Promise<Difference | undefined> {
    const numbers = Array.from({ length: databases }, (_, i) => String(i));
    const listing = numbers.flatMap((number) => [["SELECT", number], ["KEYS", "*"], ["DBSIZE"]]);
    const different = await this.findDifference([["DISCARD"], ["HELLO", "3"], ...listing]);
    if (different) return different;
    for (const number of numbers) {
      await this.#ask([["SELECT", number]]);
      const [listed] = await this.#ask([["KEYS", "*"]]);
      const keys = "items" in listed ? listed.items.map(textOf).sort() : [];
      const types = await this.#ask(keys.map((key) => ["TYPE", key]));
      const queries = keys.flatMap((key, i) => [
        ["TYPE", key],
        ["OBJECT", "ENCODING", key],
        ["PTTL", key],
        ["DUMP", key],
        ...valueCommands[textOf(types[i])]?.(key) ?? [],
      ]);
      const difference = await this.findDifference(queries);
      if (difference) return difference;
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  /** What the first server answers; the second is asked the same to keep both in step. */
  async #ask(commands: string[][]): Promise<Reply[]> {
    await this.#write(commands);
    const replies: Reply[] = [];
    for (let i = 0; i < commands.length; i++) {
      const [reply] = await this.#readReplies();
      if (reply === undefined) throw new Error("the reference server has closed the connection");
      replies.push(parse(reply));
    }
    return replies;
  }

  async #write(commands: string[][]): Promise<void> {
    const encoded = commands.map((words) => encodeCommand(words.map(bytesOf)));
    const bytes = new Uint8Array(encoded.reduce((total, each) => total + each.length, 0));
    let at = 0;
    for (const each of encoded) {
      bytes.set(each, at);
      at += each.length;
    }
    await Promise.all(this.#connections.map((connection) => connection.write(bytes)));
  }

  async #readReplies(): Promise<Replies> {
    const [a, b] = this.#connections;
    return [await a.readReply(), await b.readReply()];
  }
}

function isQueued(reply: Uint8Array | undefined): boolean {
  return reply?.length === 9 && latin1(reply) === "+QUEUED\r\n";
}

function textOf(reply: Reply): string {
  if (reply.kind === "bulk") return latin1(reply.bytes);
  return reply.kind === "simple" ? reply.text : "";
}

function bytesOf(word: string): Uint8Array {
  return Uint8Array.from(word, (character) => character.charCodeAt(0));
}

function latin1(bytes: Uint8Array | undefined): string {
  let text = "";
  for (const byte of bytes ?? []) text += String.fromCharCode(byte);
  return text;
}
