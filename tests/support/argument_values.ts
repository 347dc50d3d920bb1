/**
 * Values for arguments, by what they mean to a command: few keys, members near the thresholds of the
 * encodings, numbers right and wrong. Words hold one byte per character.
 */
import type { ArgumentSpec } from "../../src/command/spec.ts";
import type { Scene } from "./scene.ts";

/** Draws from lists, for one command. */
export interface Chooser {
  /** What the commands around this one are about, too. */
  readonly scene: Scene;
  /** Whether the command is meant to be right. */
  readonly careful: boolean;
  below(bound: number): number;
  pick<T>(from: readonly T[]): T;
}

/** Values that are right where they are asked for, and others that are limits, odd or wrong there. */
interface Pool {
  fit: readonly string[];
  odd: readonly string[];
}

export const oddWords = [
  ...["", "0", "-1", "abc", "NX", "GET", "1.5", "\x00", "9223372036854775807", " 1", "1 ", "nan"],
  ...["inf", "-", "+", "(1", "[a", "5-", "LIMIT", "COUNT", "WITHSCORES", "\xff\xfe", "1e400", "-0"],
];

const integers: Pool = {
  fit: ["0", "1", "-1", "2", "3", "5", "10", "-2", "-3", "-10", "17", "100", "-100"],
  odd: [
    ...["2147483648", "-2147483649", "9223372036854775807", "-9223372036854775808", "0x10", ""],
    ...["9223372036854775808", "01", "1e3", "+1", "-0"],
  ],
};
const bits: Pool = { fit: ["0", "1"], odd: ["2", "-1", "x", ""] };
const smallCounts: Pool = { fit: ["1", "2", "3", "4", "10", "100"], odd: ["0", "-1", "x"] };
/** Neither a gigabyte of memory nor a gigabyte of replies must be asked for. */
const offsets: Pool = {
  fit: ["0", "1", "2", "3", "7", "8", "9", "14", "31", "64", "100", "1000"],
  odd: ["20000", "-1", "4294967296"],
};
const randomCounts: Pool = {
  fit: ["0", "1", "2", "3", "5", "30", "200", "-1", "-2", "-5", "-40"],
  odd: ["x", "1.0", "-9223372036854775808"],
};
const doubles: Pool = {
  fit: [
    "0",
    "1",
    "-1",
    "2",
    "1.5",
    "-0.1",
    "3",
    "1e3",
    "5",
    "10",
    "0.30000000000000004",
    "3.14159",
  ],
  odd: ["inf", "-inf", "-0", "+inf", "1e-9", "1e308", "-1e308", "17", "nan", "1e400", "x", ""],
};
const scores: Pool = {
  fit: ["0", "1", "1", "2", "3", "-1", "1.5", "10", "1e3", "inf", "-inf", "0.1", "-0", "1e23"],
  odd: doubles.odd,
};
const scoreBounds: Pool = {
  fit: ["-inf", "+inf", "inf", "0", "1", "(1", "2", "(2", "3", "(-1", "1.5"],
  odd: ["x", "(", "nan", "((1", ""],
};
const lexBounds: Pool = {
  fit: ["-", "+", "[a", "(a", "[m1", "(m1", "[m15", "[", "(", "[z", "(z", "[1"],
  odd: ["a", "", "x", "[x", "++"],
};
const ranks: Pool = {
  fit: ["0", "-1", "1", "2", "-2", "5", "-5", "100", "-100"],
  odd: ["x", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1.0"],
};
const values: Pool = {
  fit: [
    ...[
      "",
      "a",
      "abc",
      "0",
      "12",
      "-7",
      "10",
      "3.0",
      "1.5",
      "hello world",
      "\xff\x00",
      "\x80@\x01",
    ],
    ...["foobar", "ohmytext", "mynewtext", "x".repeat(44), "x".repeat(45), "ab".repeat(30)],
  ],
  odd: ["9223372036854775807", "-9223372036854775808", "1e10", " 1", "ab".repeat(32)],
};
const patterns: Pool = {
  fit: ["*", "s*", "?", "*:[12]", "[^h]*", "*1", "m1*", "m?", "list:*"],
  odd: ["", "\\*", "[a-", "\\", "[^", "***"],
};
const sortPatterns: Pool = {
  fit: ["*", "nosort", "string:*", "hash:*->1", "hash:*->m1", "#", "nokey", "str*", "*->m1"],
  odd: ["x*->", "", "*->", "->*"],
};
/** Times are long past or far away: none comes while the comparison runs. */
const oddDurations = ["-1", "0", "abc", "9223372036854775807", "9223372036854775", ""];
const unixSeconds: Pool = {
  fit: ["33177117420", "33177117421", "4102444800"],
  odd: ["1", "-5", "abc", "0", "9223372036854775807"],
};
const unixMilliseconds: Pool = {
  fit: ["33177117420000", "33177117421000", "4102444800000"],
  odd: ["1", "-5", "abc", "0", "9223372036854775807"],
};
const databases: Pool = { fit: ["0", "0", "0", "1", "2"], odd: ["3", "15", "16", "-1", "abc"] };
const cursors: Pool = { fit: ["0"], odd: ["1", "x", "-1", "18446744073709551615"] };
const oddStreamIds = [
  ...[
    "0",
    "0-0",
    "60-18446744073709551615",
    "18446744073709551615-18446744073709551615",
    "x",
    "1-x",
  ],
  ...["-1", "", "1-2-3", "7-*", "20-1"],
];
const streamIds: Pool = {
  fit: [
    ...Array.from({ length: 8 }, (_, i) => `0-${i + 1}`),
    ...Array.from({ length: 4 }, (_, i) => `1-${i}`),
    ...["2-0", "2-1", "3-0", "0", "1", "5"],
  ],
  odd: oddStreamIds,
};
/** Mostly the next of a millisecond: what is added now and then has IDs that others guess. */
const addedIds: Pool = {
  fit: [...Array.from({ length: 16 }, () => "0-*"), "1-*", "2-1"],
  odd: [...oddStreamIds, "5-5", "10"],
};
const readIds: Pool = { fit: ["0", "0-2", "1", "0-1"], odd: ["$", "+", ">", "x", "5-"] };
const groupReadIds: Pool = { fit: [">", ">", ">", "0", "0-2"], odd: ["$", "+", "x", "1-"] };
const streamBounds: Pool = {
  fit: ["-", "+", "-", "+", "(0-3", "(0-1", ...streamIds.fit],
  odd: ["(-", "(+", "(", ...oddStreamIds],
};
const lastIds: Pool = { fit: ["0-6", "0-9", "0-30", "1-3"], odd: oddStreamIds };
const trimThresholds: Pool = {
  fit: ["2", "3", "5", "10", "100", "0"],
  odd: ["-1", "x", "0-3", "1-0", "18446744073709551615"],
};
const idleTimes: Pool = { fit: ["0", "0", "0", "1000000000"], odd: ["x", "-1", ""] };
const groups: Pool = { fit: ["g1", "g1", "g1", "g1", "g2"], odd: ["g3", ""] };
const consumers: Pool = { fit: ["alice", "alice", "bob"], odd: ["carol", "", "x y"] };
const bitfieldTypes: Pool = {
  fit: ["u8", "i8", "u1", "i64", "u63", "i16", "u4", "i5"],
  odd: ["x", "u0", "i65", "u64", "", "8", "U8"],
};
const bitfieldOffsets: Pool = {
  fit: ["0", "1", "#0", "#1", "7", "#5", "100"],
  odd: ["-1", "x", "#-1", "#", "4294967296"],
};
const longitudes: Pool = {
  fit: ["13.361389", "15.087269", "2.349014", "0", "-180", "180", "-73.98"],
  odd: ["181", "x", "inf", "nan", "-180.1"],
};
const latitudes: Pool = {
  fit: ["38.115556", "37.502669", "48.864716", "0", "85", "-85", "40.74"],
  odd: ["86", "x", "-inf", "-85.06", ""],
};
const radii: Pool = {
  fit: ["0", "1", "100", "200", "500", "1000", "20000", "166274.152", "1e6", "3e7"],
  odd: ["-1", "x", "nan", "inf", "1e400"],
};
const places: Pool = { fit: ["palermo", "catania", "paris", "new york"], odd: ["x", "", "m1"] };
const timeouts: Pool = { fit: ["0", "1", "0.01"], odd: ["-1", "x", "inf", "1e400", "nan"] };
const typeNames: Pool = {
  fit: ["string", "list", "set", "zset", "hash", "stream"],
  odd: ["x", "", "HASH", "vectorset"],
};
const debugWords: Pool = { fit: ["GETREG", "DECODE", "ENCODING", "TODENSE"], odd: ["x", "getreg"] };

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

/**
 * A key, mostly one that the group of commands is for, or the scene is about. What is made out of others
 * is mostly a key apart, as it is often empty.
 */
export function keyFor(group: string, random: Chooser, isResult = false): string {
  const { scene, careful } = random;
  const own = keyPrefixes[group];
  let kind = own ?? keyPrefixes[scene.focus] ?? random.pick(keyKinds);
  if (careful ? own === undefined && random.below(4) === 0 : random.below(6) === 0) {
    kind = random.pick(keyKinds);
  }
  const isApart = isResult && random.below(3) > 0;
  return `${kind}:${isApart ? scene.keysOfAKind : random.below(scene.keysOfAKind)}`;
}

/** Sorted sets in which all scores are 0: only of them are lexical ranges defined. */
export function lexKey(random: Chooser): string {
  return `lex:${random.below(random.scene.keysOfAKind)}`;
}

/** A bound of a range by score, or of one by bytes. */
export function rangeBound(isLex: boolean, random: Chooser): string {
  return random.pick(isLex ? lexBounds.fit : scoreBounds.fit);
}

/** A value for an argument that is no key, one that makes sense or, for a careless command, may not. */
export function valueFor(
  command: string,
  group: string,
  argument: ArgumentSpec,
  random: Chooser,
): string {
  if (isDuration(command, argument)) return duration(random);
  const pool = poolFor(command, group, argument, random.scene);
  if (random.careful || random.below(3) > 0) return random.pick(pool.fit);
  return random.pick(random.below(4) > 0 && pool.odd.length > 0 ? pool.odd : values.odd);
}

function isDuration(command: string, { type, name }: ArgumentSpec): boolean {
  return type === "integer" && /seconds$/.test(name) && !command.startsWith("x");
}

/** Hardly ever twice the same: which of two equal ones ends first depends on the moment. */
function duration(random: Chooser): string {
  if (random.below(random.careful ? 20 : 3) === 0) return random.pick(oddDurations);
  return String(1_000_000 + random.below(100_000_000));
}

function poolFor(command: string, group: string, argument: ArgumentSpec, scene: Scene): Pool {
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
  return stringPool(command, group, argument.name, scene);
}

function integerPool(command: string, group: string, name: string): Pool {
  if (name === "min-idle-time") return idleTimes;
  if (command.startsWith("x") && (name === "ms" || name === "milliseconds")) return smallCounts;
  if (/^(index[12]?|db|destination-db)$/.test(name) && group !== "list") return databases;
  if (/^(set|z|h)?\w*(pop|rand(member|field))$/.test(command)) return randomCounts;
  if (/^(setbit|setrange|getbit)$/.test(command)) return name === "value" ? bits : offsets;
  if (name === "bit") return bits;
  if (command.startsWith("bitfield") && name === "offset") return bitfieldOffsets;
  if (/^(numkeys|numfields|count|limit)$/.test(name)) return smallCounts;
  if (name === "weight") return doubles;
  return name === "cursor" ? cursors : integers;
}

function doublePool(command: string, name: string): Pool {
  if (/^(min|max)$/.test(name)) return scoreBounds;
  if (name === "timeout") return timeouts;
  if (name === "score") return scores;
  if (name === "longitude") return longitudes;
  if (name === "latitude") return latitudes;
  if (/^(radius|width|height)$/.test(name)) return radii;
  return command.startsWith("z") ? scores : doubles;
}

function stringPool(command: string, group: string, name: string, scene: Scene): Pool {
  if (/^zrange(store)?$/.test(command) && /^(min|max|start|stop)$/.test(name)) return ranks;
  if (group === "stream") return streamPool(command, name, scene);
  if (group === "geo") return places;
  if (/^(min|max)$/.test(name)) return command.includes("lex") ? lexBounds : scoreBounds;
  if (name === "encoding") return bitfieldTypes;
  if (name === "type") return typeNames;
  if (name === "subcommand") return debugWords;
  if (group === "string" || group === "bitmap") return values;
  return { fit: scene.members, odd: values.fit };
}

function streamPool(command: string, name: string, scene: Scene): Pool {
  switch (name) {
    case "group":
      return groups;
    case "consumer":
      return consumers;
    case "id":
      if (command === "xadd") return addedIds;
      if (command === "xread") return readIds;
      return command === "xreadgroup" ? groupReadIds : streamIds;
    case "last-id":
    case "lastid":
    case "max-deleted-id":
      return lastIds;
    case "threshold":
      return trimThresholds;
    case "start":
    case "end":
      return streamBounds;
    case "min-idle-time":
      return idleTimes;
  }
  return { fit: scene.members, odd: values.fit };
}
