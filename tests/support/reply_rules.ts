/**
 * When the replies of two servers to the same random command count as the same. Most must be equal
 * byte for byte; this file has what depends on the moment, on the order of a table, or on chance.
 */
import { type Reply, ReplyParser } from "../../src/client/reply_parser.ts";
import { isAlikeReply } from "./compare.ts";
import { dumpForm } from "./dump_form.ts";
import type { Looseness } from "./transcript.ts";

/** Says whether the replies to a command may stand beside each other. */
type Rule = (a: Reply, b: Reply, command: string[]) => boolean;

/** How far the clocks of two servers may be apart. */
const clockToleranceSeconds = 60;

const unordered = alike("unordered");
const aboutNow: Rule = (a, b) => isTimeAlike(a, b, 1);
const aboutNowMs: Rule = (a, b) => isTimeAlike(a, b, 1000);

/** Rules for what stands in the order of a table. */
const tableRules: Record<string, Rule> = {
  smembers: unordered,
  hgetall: unordered,
  hkeys: unordered,
  hvals: unordered,
  sinter: unordered,
  sscan: isScanAlike,
  hscan: isScanAlike,
};

const rules: Record<string, Rule> = {
  keys: unordered,
  sunion: unordered,
  sdiff: unordered,
  scan: isScanAlike,
  // SORT puts any sorted set into a table
  zscan: isScanAlike,
  sort: isSortAlike,
  "sort_ro": isSortAlike,
  ttl: aboutNow,
  pttl: aboutNowMs,
  expiretime: aboutNow,
  pexpiretime: aboutNowMs,
  httl: aboutNow,
  hpttl: aboutNowMs,
  hexpiretime: aboutNow,
  hpexpiretime: aboutNowMs,
  xpending: isStreamInfoAlike,
  xinfo: isStreamInfoAlike,
  spop: isDrawAlike,
  srandmember: isDrawAlike,
  hrandfield: isDrawAlike,
  zrandmember: isDrawAlike,
  randomkey: isDrawAlike,
  dump: isDumpAlike,
  client: isClientAlike,
  hello: () => true,
  lolwut: alike("shape"),
  memory: alike("shape"),
};

/**
 * Whether two replies to a command count as the same. Where `ordered`, no collection is kept in a table
 * that has an order of its own.
 */
export function areRepliesAlike(
  command: string[],
  a: Uint8Array | undefined,
  b: Uint8Array | undefined,
  ordered: boolean,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (areBytesEqual(a, b)) return true;
  return areTreesAlike(command, parse(a), parse(b), ordered);
}

export function areBytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function areTreesAlike(command: string[], a: Reply, b: Reply, ordered: boolean): boolean {
  const name = command[0].toLowerCase();
  const rule = rules[name] ?? (ordered ? undefined : tableRules[name]);
  if (rule && a.kind !== "error" && b.kind !== "error") return rule(a, b, command);
  return isAlikeReply(a, b);
}

export function parse(reply: Uint8Array): Reply {
  const parser = new ReplyParser();
  parser.feed(reply);
  return parser.next()!;
}

/** What must be found in the data after a draw, and what brings both to the same again. */
export function afterDraw(command: string[], a: Reply, b: Reply): string[][] {
  const drawn = [...new Set([...textsIn(a), ...textsIn(b)])];
  if (a.kind === "error" || b.kind === "error" || drawn.length === 0) return [];
  const key = command[1];
  switch (command[0].toLowerCase()) {
    case "spop":
      return [["SREM", key, ...drawn]];
    case "srandmember":
      return [["SMISMEMBER", key, ...drawn]];
    case "hrandfield":
      return command.length > 3 ? [] : [["HMGET", key, ...drawn]];
    case "zrandmember":
      return command.length > 3 ? [] : [["ZMSCORE", key, ...drawn]];
    case "randomkey":
      return [["EXISTS", ...drawn]];
  }
  return [];
}

function alike(...loosely: Looseness[]): Rule {
  return (a, b) => isAlikeReply(a, b, loosely);
}

function isTimeAlike(a: Reply, b: Reply, perSecond: number): boolean {
  return everyLeaf(a, b, (x, y) => {
    if (x.kind !== "integer" || y.kind !== "integer") return isAlikeReply(x, y);
    return isNear(Number(x.value), Number(y.value), perSecond);
  });
}

/** Negative numbers say that there is no time. */
function isNear(x: number, y: number, perSecond: number): boolean {
  if (x < 0 || y < 0) return x === y;
  return Math.abs(x - y) <= clockToleranceSeconds * perSecond;
}

/** Of clients each server tells in its own way. */
function isClientAlike(a: Reply, b: Reply, [, subcommand]: string[]): boolean {
  return isAlikeReply(a, b, /^(list|info)$/i.test(subcommand) ? ["shape"] : []);
}

/** A complete iteration finds the same; of others the cursor and the portion are each server's own. */
function isScanAlike(a: Reply, b: Reply, command: string[]): boolean {
  const cursor = command[command[0].toLowerCase() === "scan" ? 1 : 2];
  const [x, y] = [a, b].map((reply) => "items" in reply ? reply.items : []);
  if (x.length !== y.length) return false;
  if (Number(cursor) !== 0 || textsIn(x[0])[0] !== "0" || textsIn(y[0])[0] !== "0") return true;
  return isAlikeReply(x[1], y[1], ["unordered"]);
}

function isDumpAlike(a: Reply, b: Reply): boolean {
  if (a.kind !== "bulk" || b.kind !== "bulk") return isAlikeReply(a, b);
  return isAlikeReply(a, b) || dumpForm(a.bytes) === dumpForm(b.bytes);
}

/**
 * Without a pattern to sort by, a set comes as it is in its table; so do, by ALPHA, elements whose
 * weights are equal.
 */
function isSortAlike(a: Reply, b: Reply, command: string[]): boolean {
  const words = command.map((word) => word.toUpperCase());
  const by = words.lastIndexOf("BY");
  const isSorted = command[by + 1]?.includes("*") && !words.includes("ALPHA");
  if (by < 0 || isSorted || words.includes("STORE")) return isAlikeReply(a, b);
  if (!words.includes("LIMIT")) return isAlikeReply(a, b, ["unordered"]);
  return "items" in a && "items" in b && a.items.length === b.items.length;
}

/**
 * Times stand between the ID or the name before them and the count behind them, or behind their
 * name.
 */
function isStreamInfoAlike(a: Reply, b: Reply): boolean {
  return everyLeaf(a, b, (x, y, path) => {
    if (x.kind !== "integer" || y.kind !== "integer") return isAlikeReply(x, y);
    const { before, after } = path;
    const named = /^(seen-time|active-time|idle|inactive)$/.test(before ? textsIn(before)[0] : "");
    const between = before?.kind === "bulk" && after?.kind === "integer";
    if (named || between) return isNear(Number(x.value), Number(y.value), 1000);
    return isAlikeReply(x, y);
  });
}

/** As many as asked for; whether they are there is asked of the data. */
function isDrawAlike(a: Reply, b: Reply, command: string[]): boolean {
  if (a.kind !== b.kind) return false;
  if (!("items" in a) || !("items" in b)) return true;
  if (a.items.length !== b.items.length) return false;
  const isDistinct = command[0].toLowerCase() === "spop" || Number(command[2]) > 0;
  if (!isDistinct || command.length > 3) return true;
  return [a, b].every((reply) => new Set(textsIn(reply)).size === a.items.length);
}

/** The reply before and the one behind in the same array, or the name in a map. */
interface Neighbours {
  before?: Reply;
  after?: Reply;
}

function everyLeaf(
  a: Reply,
  b: Reply,
  isLeafAlike: (a: Reply, b: Reply, at: Neighbours) => boolean,
  at: Neighbours = {},
): boolean {
  if ("items" in a && "items" in b) {
    if (a.kind !== b.kind || a.items.length !== b.items.length) return false;
    return a.items.every((item, i) => {
      const [before, after] = [a.items[i - 1], a.items[i + 1]];
      return everyLeaf(item, b.items[i], isLeafAlike, { before, after });
    });
  }
  if ("entries" in a && "entries" in b) {
    if (a.kind !== b.kind || a.entries.length !== b.entries.length) return false;
    return a.entries.every(([key, value], i) => {
      const [otherKey, otherValue] = b.entries[i];
      return isAlikeReply(key, otherKey) &&
        everyLeaf(value, otherValue, isLeafAlike, { before: key });
    });
  }
  return isLeafAlike(a, b, at);
}

/** All texts in a reply, one byte per character. */
export function textsIn(reply: Reply): string[] {
  if (reply.kind === "bulk") return [latin1(reply.bytes)];
  if (reply.kind === "simple") return [reply.text];
  if ("items" in reply) return reply.items.flatMap(textsIn);
  if ("entries" in reply) return reply.entries.flat().flatMap(textsIn);
  return [];
}

/** Bytes as text, one character for each. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
