/**
 * Values for arguments, by what they mean to a command: few keys, members near the thresholds of the
 * encodings, numbers right and wrong. Words hold one byte per character.
 */
import type { ArgumentSpec } from "../../src/command/spec.ts";

/** Draws from lists. */
export interface Chooser {
  below(bound: number): number;
  pick<T>(from: readonly T[]): T;
}

export const oddWords = [
  ...["", "0", "-1", "abc", "NX", "GET", "1.5", "\x00", "9223372036854775807", " 1", "1 ", "nan"],
  ...["inf", "-", "+", "(1", "[a", "5-", "LIMIT", "COUNT", "WITHSCORES", "\xff\xfe", "1e400", "-0"],
];

const integers = [
  ...["0", "1", "-1", "2", "3", "5", "10", "-2", "-3", "-10", "17", "100", "-100"],
  ...["0", "1", "-1", "2", "3", "5", "10", "-2", "-3", "-10", "17", "100", "-100"],
  ...["2147483648", "-2147483649", "9223372036854775807", "-9223372036854775808"],
  ...["9223372036854775808", "01", "1e3", "+1", "-0", "0x10", ""],
];
const smallCounts = ["1", "2", "3", "4", "10", "100", "0", "-1", "x"];
/** Neither a gigabyte of memory nor a gigabyte of replies must be asked for. */
const offsets = ["0", "1", "7", "8", "9", "31", "64", "100", "1000", "20000", "-1", "4294967296"];
const randomCounts = ["0", "1", "2", "3", "5", "30", "200", "-1", "-2", "-5", "-40", "x", "1.0"];
const doubles = [
  ...["0", "1", "-1", "2", "1.5", "-0.1", "3", "1e3", "inf", "-inf", "2", "5", "10", "-0", "+inf"],
  ...["0.30000000000000004", "1e-9", "1e308", "-1e308", "3.14159", "17", "nan", "1e400", "x", ""],
];
const scores = ["0", "1", "1", "2", "3", "-1", "1.5", "10", "1e3", "inf", "-inf", "0.1", "-0"];
const scoreBounds = ["-inf", "+inf", "inf", "0", "1", "(1", "2", "(2", "3", "(-1", "1.5", "x", "("];
const lexBounds = ["-", "+", "[a", "(a", "[m1", "(m1", "[m15", "[", "(", "[z", "(z", "a", "[1"];
const ranks = ["0", "-1", "1", "2", "-2", "5", "-5", "100", "-100", "x", "9223372036854775807"];
const members = [
  ...Array.from({ length: 20 }, (_, i) => `m${i}`),
  ...Array.from({ length: 14 }, (_, i) => String(i)),
  ...["a", "b", "c", "d", "", "-7", "12", "1.5", "hello world", "\xff\x00", "\r\n", "32768"],
  ...["-32769", "2147483648", "9223372036854775807", "9223372036854775808", "01", "x".repeat(9)],
  ...["x".repeat(64), "y".repeat(65), "z".repeat(200)],
];
const values = [
  ...["", "a", "abc", "0", "12", "-7", "10", "3.0", "1.5", "hello world", "\xff\x00", "\x80@\x01"],
  ...["9223372036854775807", "-9223372036854775808", "foobar", "ohmytext", "mynewtext", "1e10"],
  ...["x".repeat(44), "x".repeat(45), "ab".repeat(40)],
];
const patterns = ["*", "s*", "?", "*:[12]", "[^h]*", "*1", "", "m1*", "m?", "list:*", "\\*", "[a-"];
const sortPatterns = [
  ...["*", "nosort", "string:*", "hash:*->1", "hash:*->m1", "#", "nokey", "str*", "x*->", "*->m1"],
];
/** Times are long past or far away: none comes while the comparison runs. */
const oddDurations = ["-1", "0", "abc", "9223372036854775807", "9223372036854775", ""];
const unixSeconds = ["1", "33177117420", "33177117421", "4102444800", "-5", "abc", "0"];
const unixMilliseconds = ["1", "33177117420000", "33177117421000", "4102444800000", "-5", "abc"];
const databases = ["0", "1", "2", "3", "0", "1", "2", "3", "15", "16", "-1", "abc"];
const streamIds = [
  ...Array.from({ length: 12 }, (_, i) => `${i}-${i % 3}`),
  ...["1", "2", "5", "10", "20", "50", "0-0", "0", "7-*", "20-1", "60-18446744073709551615"],
  ...["18446744073709551615-18446744073709551615", "x", "1-x", "-1", "", "1-2-3"],
];
const streamBounds = ["-", "+", "(5", "(3-1", "(-", "(+", ...streamIds];
const groups = ["g1", "g1", "g2", "g3"];
const consumers = ["alice", "alice", "bob", "carol", ""];
const bitfieldTypes = ["u8", "i8", "u1", "i64", "u63", "u64", "i16", "u4", "i5", "x", "u0", "i65"];
const bitfieldOffsets = ["0", "1", "#0", "#1", "7", "#5", "100", "-1", "x", "#-1"];
const longitudes = ["13.361389", "15.087269", "2.349014", "0", "-180", "180", "181", "x", "-73.98"];
const latitudes = ["38.115556", "37.502669", "48.864716", "0", "85", "-85", "86", "x", "40.74"];
const radii = ["0", "1", "100", "200", "500", "1000", "20000", "-1", "x", "166.274"];
const places = ["palermo", "catania", "paris", "m1", "m2", "m3", "new york", "x"];
const percents = { valid: 9, of: 10 };

/** The type of keys that a command is about, where its name does not begin with it. */
const keyPrefixes: Record<string, string> = {
  "string": "string",
  "bitmap": "bits",
  "hyperloglog": "hll",
  "list": "list",
  "set": "set",
  "hash": "hash",
  "sorted-set": "zset",
  "stream": "stream",
  "geo": "geo",
};
const keyKinds = [...Object.values(keyPrefixes), "list", "set", "zset"];
const keysOfAKind = 3;

/** A key, mostly one that the group of commands is for. */
export function keyFor(group: string, random: Chooser): string {
  const own = keyPrefixes[group];
  const kind = own !== undefined && random.below(12) > 0 ? own : random.pick(keyKinds);
  return `${kind}:${random.below(keysOfAKind)}`;
}

/** Sorted sets in which all scores are 0: only of them are lexical ranges defined. */
export function lexKey(random: Chooser): string {
  return `lex:${random.below(keysOfAKind)}`;
}

/** A value for an argument that is no key, mostly one that makes sense. */
export function valueFor(
  command: string,
  group: string,
  argument: ArgumentSpec,
  random: Chooser,
): string {
  const pool = poolFor(command, group, argument);
  if (pool === "duration") return duration(random);
  if (random.below(percents.of) < percents.valid) return random.pick(pool);
  return random.pick(argument.type === "double" ? doubles : [...pool, ...values]);
}

type Pool = readonly string[];

/** Hardly ever twice the same: which of two equal ones ends first depends on the moment. */
function duration(random: Chooser): string {
  if (random.below(6) === 0) return random.pick(oddDurations);
  return String(1_000_000 + random.below(100_000_000));
}

function poolFor(command: string, group: string, argument: ArgumentSpec): Pool | "duration" {
  switch (argument.type) {
    case "integer":
      return integerPool(command, group, argument.name);
    case "double":
      return doublePool(command, argument.name);
    case "unix-time":
      return argument.name.endsWith("milliseconds") ? unixMilliseconds : unixSeconds;
    case "pattern":
      return command.startsWith("sort") ? sortPatterns : patterns;
  }
  return stringPool(command, group, argument.name);
}

function integerPool(command: string, group: string, name: string): Pool | "duration" {
  if (command.startsWith("x") && (name === "ms" || name === "milliseconds")) return smallCounts;
  if (/seconds$/.test(name)) return "duration";
  if (/^(index[12]?|db|destination-db)$/.test(name) && group !== "list") return databases;
  if (/^(set|z|h)?\w*(pop|rand(member|field))$/.test(command)) return randomCounts;
  if (/^(setbit|setrange|getbit)$/.test(command)) return name === "value" ? ["0", "1"] : offsets;
  if (command.startsWith("bitfield") && name === "offset") return bitfieldOffsets;
  if (/^(numkeys|numfields|count|limit)$/.test(name)) return smallCounts;
  if (name === "weight") return doubles;
  if (name === "cursor") return ["0", "0", "0", "1", "x", "-1", "18446744073709551616"];
  return integers;
}

function doublePool(command: string, name: string): Pool {
  if (/^(min|max)$/.test(name)) return scoreBounds;
  if (name === "timeout") return ["0", "1", "0.01", "-1", "x", "inf", "1e400"];
  if (name === "score") return scores;
  if (name === "longitude") return longitudes;
  if (name === "latitude") return latitudes;
  if (/^(radius|width|height)$/.test(name)) return radii;
  return command.startsWith("z") ? scores : doubles;
}

function stringPool(command: string, group: string, name: string): Pool {
  if (group === "stream") return streamPool(name);
  if (group === "geo") return places;
  if (/^(min|max)$/.test(name)) return command.includes("lex") ? lexBounds : scoreBounds;
  if (name === "start" || name === "stop") return ranks;
  if (name === "encoding") return bitfieldTypes;
  if (name === "type") return ["string", "list", "set", "zset", "hash", "stream", "x"];
  if (group === "string" || group === "bitmap") return values;
  return members;
}

function streamPool(name: string): Pool {
  switch (name) {
    case "group":
      return groups;
    case "consumer":
      return consumers;
    case "id":
    case "last-id":
    case "lastid":
    case "threshold":
    case "max-deleted-id":
      return streamIds;
    case "start":
    case "end":
      return streamBounds;
    case "min-idle-time":
      return ["0", "0", "0", "1000000000", "x", "-1"];
  }
  return members;
}
