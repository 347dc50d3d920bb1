/** Numbers that commands read from values: a value is written, then a command does sums with it. */
import { stateQueries } from "./keys.ts";
import { hole, type Position } from "./positions.ts";

const string = ["SET", "string:int", hole];
const field = ["HSET", "hash:packed", "f1", hole];
const element = ["RPUSH", "list:packed", hole];
const score = ["ZADD", "zset:packed", hole, "m1"];
const member = ["SADD", "set:ints", hole];

/**
 * Redis' SORT takes for an error of its own what an earlier command has left in `errno`, be it another
 * client's; this one leaves none.
 */
const beforeSort = ["INCRBYFLOAT", "string:double", "0"];

/** What is written, with its key, and what reads it. */
const readings: [written: string[], readers: string[]][] = [
  [string, ["INCR", "DECR", "INCRBY 1", "DECRBY 1", "INCRBYFLOAT 1", "INCRBYFLOAT -1e17"]],
  [string, ["APPEND 1", "STRLEN", "GETRANGE 0 -1", "SETRANGE 0 1", "GETBIT 1", "SETBIT 1 1"]],
  [string, ["BITCOUNT", "BITFIELD INCRBY i64 0 1", "GETSET 1", "GETDEL"]],
  [field, [
    "HINCRBY f1 1",
    "HINCRBY f1 -1",
    "HINCRBYFLOAT f1 1",
    "HSTRLEN f1",
    "HGETDEL FIELDS 1 f1",
  ]],
  [element, ["SORT", "SORT ALPHA", "LPOS 1", "LINDEX -1", "RPOP"]],
  [score, ["ZINCRBY 1 m1", "ZINCRBY -1e308 m1", "ZINCRBY inf m1", "ZSCORE m1", "ZRANK m1"]],
  [score, [
    "ZCOUNT -inf (0",
    "ZRANGEBYSCORE -inf 1",
    "ZPOPMIN",
    "ZADD GT 1 m1",
    "ZADD LT INCR 1 m1",
  ]],
  [member, [`SISMEMBER ${hole}`, "SISMEMBER 1", "SORT", `SREM ${hole}`]],
];

/** Sums with what is stored, in keys that are there already. */
export function storedPositions(): Position[] {
  return readings.flatMap(([written, readers]) =>
    readers.map((reader) => {
      const [name, ...rest] = reader.split(" ");
      const key = written[1];
      const argument = `${reader.replace(hole, "…").toLowerCase()} of ${written[0].toLowerCase()}`;
      return {
        name: argument,
        isUsual: true,
        argument,
        commands: [...name === "SORT" ? [beforeSort] : [], written, [name, key, ...rest]],
        queries: stateQueries(name.toLowerCase(), "", key),
        after: [],
        plain: "5",
        keys: [key],
      };
    })
  );
}
