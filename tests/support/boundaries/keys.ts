/**
 * The keys that boundary values meet: for each type of value one in each of its encodings, none at all,
 * and one of a wrong type. A key is called by what it holds, `zset:tree`.
 */

/** Directives that make a dozen elements too many for the small encodings. */
export const thresholds: string[][] = [
  ...["hash", "set", "zset"].map((type) => [`${type}-max-listpack-entries`, "8"]),
  ...[["set-max-intset-entries", "8"], ["list-max-listpack-size", "4"]],
  ["stream-node-max-entries", "3"],
];

const dozen = Array.from({ length: 12 }, (_, i) => String(i + 1));
/** Far from now, in milliseconds: a time to live that does not end while servers are compared. */
const farMs = "4102444800000";
/** How long ago entries of streams were delivered; clocks that are a little apart don't matter. */
const idleMs = "1000000";

const streamEntries = (key: string, count: number) =>
  Array.from({ length: count }, (_, i) => ["XADD", key, `${i + 1}-1`, "f", "v"]);
const streamGroup = (key: string) => [
  ["XGROUP", "CREATE", key, "g1", "0"],
  ["XREADGROUP", "GROUP", "g1", "alice", "COUNT", "2", "STREAMS", key, ">"],
  ["XCLAIM", key, "g1", "alice", "0", "1-1", "2-1", "IDLE", idleMs],
];
const places = (key: string) => [
  "GEOADD",
  key,
  ...["13.361389", "38.115556", "palermo", "15.087269", "37.502669", "catania"],
];

/** What makes each key, by its name. */
const seeds: Record<string, string[][]> = {
  "string:int": [["SET", "string:int", "10"]],
  "string:text": [["SET", "string:text", "foobar"]],
  "string:double": [["SET", "string:double", "1.5"]],
  "string:max": [["SET", "string:max", "9223372036854775806"]],
  "string:min": [["SET", "string:min", "-9223372036854775807"]],
  "string:timed": [["SET", "string:timed", "10", "PXAT", farMs]],
  "string:hll": [["PFADD", "string:hll", "a", "b", "c"]],
  "list:packed": [["RPUSH", "list:packed", "3", "1", "2"]],
  "list:nodes": [["RPUSH", "list:nodes", ...dozen]],
  "set:ints": [["SADD", "set:ints", "1", "2", "3"]],
  "set:packed": [["SADD", "set:packed", "1", "m1", "m2"]],
  "set:table": [["SADD", "set:table", "m1", ...dozen]],
  "hash:packed": [["HSET", "hash:packed", "f1", "10", "f2", "text", "f3", "1.5"]],
  "hash:table": [["HSET", "hash:table", "f1", "10", ...dozen.flatMap((each) => [each, "1.5"])]],
  "hash:timed": [
    ["HSET", "hash:timed", "f1", "10", "f2", "text", "f3", "1.5"],
    ["HPEXPIREAT", "hash:timed", farMs, "FIELDS", "1", "f1"],
  ],
  "zset:packed": [["ZADD", "zset:packed", "1", "m1", "2.5", "m2", "3", "m3"]],
  "zset:tree": [["ZADD", "zset:tree", ...dozen.flatMap((each) => [each, `m${each}`])]],
  "zset:lex": [["ZADD", "zset:lex", ...["1", "10", "m1", "m2"].flatMap((each) => ["0", each])]],
  "zset:ends": [["ZADD", "zset:ends", "inf", "m1", "-inf", "m2", "1e308", "m3"]],
  "zset:places": [places("zset:places")],
  "stream:packed": [...streamEntries("stream:packed", 2), ...streamGroup("stream:packed")],
  "stream:nodes": [...streamEntries("stream:nodes", 7), ...streamGroup("stream:nodes")],
};

/** A sorted set in which all scores are 0: only of such are ranges by member defined. */
export const lexKey = "zset:lex";
/** A key that there is not. */
export const missingKey = "missing";

const kindsByGroup: Record<string, string[]> = {
  "string": ["string:int", "string:text", "string:double", "string:max", "string:min"],
  "bitmap": ["string:text", "string:int"],
  "hyperloglog": ["string:hll", "string:text"],
  "list": ["list:packed", "list:nodes"],
  "set": ["set:packed", "set:ints", "set:table"],
  "hash": ["hash:packed", "hash:table", "hash:timed"],
  "sorted-set": ["zset:packed", "zset:tree", "zset:ends"],
  "geo": ["zset:places", "zset:packed"],
  "stream": ["stream:nodes", "stream:packed"],
  "generic": ["string:text", "string:timed", "hash:timed", "stream:packed"],
};
const sortedKinds = ["list:packed", "list:nodes", "set:ints", "zset:packed", "hash:packed"];

/** The keys that a command is tried with, the one that suits it best first. */
export function keysFor(command: string, group: string): string[] {
  if (/^sort(_ro)?$/.test(command)) return [...sortedKinds, missingKey];
  if (command === "restore") return [missingKey, "string:int"];
  if (command.includes("lex")) return [lexKey, missingKey, "set:ints"];
  const kinds = kindsByGroup[group] ?? [];
  const wrong = kinds[0]?.startsWith("list:") ? "set:ints" : "list:packed";
  return group === "generic" ? [...kinds, missingKey] : [...kinds, missingKey, wrong];
}

/** What makes a key, from nothing. */
export function seedCommands(key: string): string[][] {
  return seeds[key] ?? [];
}

/**
 * What shows all there is to a key that a command may have changed. Of what was popped by chance only the
 * number remains the same, as which elements are left decides on the encoding.
 */
export function stateQueries(command: string, group: string, key: string): string[][] {
  if (command === "spop") return [["SCARD", key]];
  const queries = [["OBJECT", "ENCODING", key], ["PEXPIRETIME", key], ["DUMP", key]];
  // a dump is compared without times
  if (group === "hash") queries.push(["HPEXPIRETIME", key, "FIELDS", "3", "f1", "f2", "f3"]);
  if (group === "stream") queries.push(["XINFO", "STREAM", key, "FULL"]);
  return queries;
}
