/**
 * The tests on lists, hashes, sets, sorted sets, streams and HyperLogLogs: what redis-benchmark sends,
 * what is loaded before, and what is loaded to see how much memory it takes.
 */

/** One command, as its arguments. */
export type Command = string[];

/** A test of throughput on a collection. */
export interface CollectionTest {
  /** What redis-benchmark sends; it replaces `__rand_int__` by 12 digits. */
  readonly command: Command;
  /** What is sent before each run of so many requests. */
  readonly load?: (requestCount: number) => Iterable<Command>;
  /** Replies are long: the server's share of the work is small, and so is the goal. */
  readonly isBulk?: true;
}

/** Elements that one command of a load adds. */
const elementsPerCommand = 500;

function digits(number: number): string {
  return String(number).padStart(12, "0");
}

/** Commands that add elements 0 to `count` to a key, `elementsPerCommand` at a time. */
function* addAll(
  name: string,
  key: string,
  count: number,
  elementArguments: (i: number) => string[],
): Iterable<Command> {
  for (let first = 0; first < count; first += elementsPerCommand) {
    const command = [name, key];
    for (let i = first; i < Math.min(first + elementsPerCommand, count); i++) {
      command.push(...elementArguments(i));
    }
    yield command;
  }
}

function* streamEntries(key: string, count: number): Iterable<Command> {
  for (let i = 1; i <= count; i++) yield ["XADD", key, `${i}-1`, "field", `value:${digits(i)}`];
}

const element = (i: number): string[] => [`element:${digits(i)}`];
const field = (i: number): string[] => [`field:${digits(i)}`, `value:${digits(i)}`];
const scored = (i: number): string[] => [digits(i), `element:${digits(i)}`];

/** A key that is there does not go with its last element but stays, for the commands that take some. */
const spare = 2;

function* twoSets(): Iterable<Command> {
  yield* addAll("SADD", "set:1", 10_000, element);
  yield* addAll("SADD", "set:2", 10_000, (i) => element(i + 5_000));
}

function listRange(length: number): CollectionTest {
  return {
    command: ["LRANGE", "list", "0", String(length - 1)],
    load: () => addAll("RPUSH", "list", 600, element),
    isBulk: true,
  };
}

/** By the names that `--only` knows. */
export const collectionTests = {
  lpush: { command: ["LPUSH", "list", "element:__rand_int__"] },
  rpush: { command: ["RPUSH", "list", "element:__rand_int__"] },
  lpop: {
    command: ["LPOP", "list"],
    load: (requestCount) => addAll("RPUSH", "list", requestCount + spare, element),
  },
  rpop: {
    command: ["RPOP", "list"],
    load: (requestCount) => addAll("RPUSH", "list", requestCount + spare, element),
  },
  sadd: { command: ["SADD", "set", "element:__rand_int__"] },
  spop: {
    command: ["SPOP", "set"],
    load: (requestCount) => addAll("SADD", "set", requestCount + spare, element),
  },
  hset: { command: ["HSET", "hash", "field:__rand_int__", "value:__rand_int__"] },
  zadd: { command: ["ZADD", "zset", "__rand_int__", "element:__rand_int__"] },
  zpopmin: {
    command: ["ZPOPMIN", "zset"],
    load: (requestCount) => addAll("ZADD", "zset", requestCount + spare, scored),
  },
  xadd: { command: ["XADD", "stream", "*", "field", "value:__rand_int__"] },
  pfadd: { command: ["PFADD", "hll", "element:__rand_int__"] },
  lrange_100: listRange(100),
  lrange_300: listRange(300),
  lrange_500: listRange(500),
  lrange_600: listRange(600),
  zrange: {
    command: ["ZRANGE", "zset", "0", "99"],
    load: () => addAll("ZADD", "zset", 10_000, scored),
    isBulk: true,
  },
  hgetall: {
    command: ["HGETALL", "hash"],
    load: () => addAll("HSET", "hash", 100, field),
    isBulk: true,
  },
  xread: {
    command: ["XREAD", "COUNT", "100", "STREAMS", "stream", "0-0"],
    load: () => streamEntries("stream", 10_000),
    isBulk: true,
  },
  sunion: { command: ["SUNION", "set:1", "set:2"], load: twoSets, isBulk: true },
  sinter: { command: ["SINTER", "set:1", "set:2"], load: twoSets, isBulk: true },
} as const satisfies Record<string, CollectionTest>;

export type CollectionTestName = keyof typeof collectionTests;

/** A data set whose memory is measured. */
export interface CollectionShape {
  readonly title: string;
  readonly elementCount: number;
  readonly commands: () => Iterable<Command>;
}

const adders: Readonly<Record<string, (key: string, count: number) => Iterable<Command>>> = {
  list: (key, count) => addAll("RPUSH", key, count, element),
  hash: (key, count) => addAll("HSET", key, count, field),
  set: (key, count) => addAll("SADD", key, count, element),
  "sorted set": (key, count) => addAll("ZADD", key, count, scored),
  stream: streamEntries,
};

/** One collection of `elementCount`, and a tenth as many of ten, for each type. */
export function collectionShapes(elementCount: number): CollectionShape[] {
  return Object.entries(adders).flatMap(([type, add]) => [
    { title: `one ${type}`, elementCount, commands: () => add("collection", elementCount) },
    { title: `small ${type}s`, elementCount, commands: () => smallOnes(add, elementCount / 10) },
  ]);
}

function* smallOnes(
  add: (key: string, count: number) => Iterable<Command>,
  count: number,
): Iterable<Command> {
  for (let i = 0; i < count; i++) yield* add(`collection:${digits(i)}`, 10);
}

/** What grows to millions of elements while others ask. */
export const growingTypes = ["hash", "set", "sorted set"] as const;

/** The commands that make the collection `key` of one of `growingTypes` grow. */
export function growCollection(
  type: typeof growingTypes[number],
  key: string,
  count: number,
): Iterable<Command> {
  return adders[type](key, count);
}
