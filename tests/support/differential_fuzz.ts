/**
 * Sends the same random commands to two servers, compares each reply and, now and then, all that the
 * servers hold. When they differ, the commands are cut down to those that are needed for it.
 */
import { Client, encodeCommand } from "../../src/client/client.ts";
import { SeededRandom } from "../../src/random.ts";
import { CommandGenerator, type Grammar, readGrammar } from "./command_generator.ts";
import { isAlike } from "./compare.ts";
import { escapeBytes } from "./escape.ts";
import type { Target } from "./player.ts";
import type { Looseness } from "./transcript.ts";
import { WireConnection } from "./wire_connection.ts";

const batchLength = 100;
const commandsBetweenStateChecks = 5_000;
const databases = 16;

/** How replies that depend on the moment or on the order of a table are compared. */
const looselyCompared: Record<string, Looseness[]> = {
  keys: ["unordered"],
  smembers: ["unordered"],
  hgetall: ["unordered"],
  hkeys: ["unordered"],
  hvals: ["unordered"],
  sunion: ["unordered"],
  sinter: ["unordered"],
  sdiff: ["unordered"],
  ttl: ["near"],
  pttl: ["near"],
  expiretime: ["near"],
  pexpiretime: ["near"],
  httl: ["shape"],
  hpttl: ["shape"],
  hexpiretime: ["shape"],
  hpexpiretime: ["shape"],
};

/** What shows the value of a key, by its type. */
const valueCommands: Record<string, (key: string) => string[]> = {
  string: (key) => ["GET", key],
  list: (key) => ["LRANGE", key, "0", "-1"],
  set: (key) => ["SMEMBERS", key],
  hash: (key) => ["HGETALL", key],
  zset: (key) => ["ZRANGE", key, "0", "-1", "WITHSCORES"],
  stream: (key) => ["XRANGE", key, "-", "+"],
};

/** A command to which the two servers gave different replies. */
interface Difference {
  command: string[];
  replies: [Uint8Array | undefined, Uint8Array | undefined];
}

/** Two servers that are sent the same, each over one connection. */
class Pair {
  readonly #connections: [WireConnection, WireConnection];

  private constructor(connections: [WireConnection, WireConnection]) {
    this.#connections = connections;
  }

  static async open(reference: Target, redino: Target): Promise<Pair> {
    return new Pair([
      await WireConnection.open(reference.port),
      await WireConnection.open(redino.port),
    ]);
  }

  /** Sends the commands in one write and returns the first that was answered differently. */
  async findDifference(commands: string[][]): Promise<Difference | undefined> {
    const bytes = Uint8Array.from(commands.flatMap((words) => [...encodeCommand(words)]));
    await Promise.all(this.#connections.map((connection) => connection.write(bytes)));
    let first: Difference | undefined;
    for (const command of commands) {
      const [a, b] = await Promise.all(this.#connections.map((each) => each.readReply()));
      const loosely = looselyCompared[command[0].toLowerCase()];
      if (!first && !isAlike(a, b, loosely)) first = { command, replies: [a, b] };
    }
    return first;
  }

  /** Compares every key of every database: whether it is there, its value, encoding, time to live. */
  async findStateDifference(): Promise<Difference | undefined> {
    for (let database = 0; database < databases; database++) {
      await this.#ask(["SELECT", String(database)]);
      const keys = Array.from({ length: 8 }, (_, i) => `k${i}`);
      const queries = [["KEYS", "*"], ["DBSIZE"]];
      for (const key of keys) {
        const type = (await this.#ask(["TYPE", key])).slice(1).trim();
        if (type === "none") continue;
        queries.push(["TYPE", key], ["OBJECT", "ENCODING", key], ["PTTL", key]);
        if (type in valueCommands) queries.push(valueCommands[type](key));
      }
      const difference = await this.findDifference(queries);
      if (difference) return difference;
    }
    await this.#ask(["SELECT", "0"]);
  }

  /** The difference, in a reply or in the state, that the commands lead to from empty servers. */
  async findDifferenceAfter(
    commands: string[][],
    inState: boolean,
  ): Promise<Difference | undefined> {
    await this.findDifference([["FLUSHALL"], ["SELECT", "0"]]);
    return await this.findDifference(commands) ??
      (inState ? await this.findStateDifference() : undefined);
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  /** What the first server answers; the second is asked the same to keep both in step. */
  async #ask(command: string[]): Promise<string> {
    const bytes = encodeCommand(command);
    await Promise.all(this.#connections.map((connection) => connection.write(bytes)));
    const [reply] = await Promise.all(this.#connections.map((each) => each.readReply()));
    return new TextDecoder().decode(reply);
  }
}

/** Compares the servers over `count` random commands; returns a report when they differ. */
export async function fuzz(
  reference: Target,
  redino: Target,
  count: number,
  seed: number,
): Promise<string | undefined> {
  const generator = new CommandGenerator(
    await commonGrammar(reference, redino),
    new SeededRandom(seed),
  );
  const pair = await Pair.open(reference, redino);
  // When a key that is past its time goes would depend on the moment: it goes when it is looked at.
  await pair.findDifference([["FLUSHALL"], ["DEBUG", "SET-ACTIVE-EXPIRE", "0"]]);
  let sinceCheck: string[][] = [];
  try {
    for (let sent = 0; sent < count; sent += batchLength) {
      const batch = Array.from({ length: batchLength }, () => generator.next());
      sinceCheck.push(...batch);
      let difference = await pair.findDifference(batch);
      if (!difference && sinceCheck.length >= commandsBetweenStateChecks) {
        difference = await pair.findStateDifference();
        if (!difference) {
          sinceCheck = [];
          await pair.findDifference([["FLUSHALL"]]);
        }
      }
      if (difference) return await describe(pair, difference, sinceCheck, seed);
    }
    const difference = await pair.findStateDifference();
    return difference && await describe(pair, difference, sinceCheck, seed);
  } finally {
    pair.close();
  }
}

/** The commands that both servers have. */
async function commonGrammar(reference: Target, redino: Target): Promise<Grammar> {
  const grammars: Grammar[] = [];
  for (const target of [reference, redino]) {
    const client = await Client.connect(target);
    grammars.push(await readGrammar(client));
    client.close();
  }
  const [theirs, ours] = grammars;
  return new Map([...theirs].filter(([name]) => ours.has(name)));
}

/**
 * Reports a difference with the commands that it takes: as long as the servers still differ without
 * them, commands are left out, in ever smaller runs.
 */
async function describe(
  pair: Pair,
  difference: Difference,
  commands: string[][],
  seed: number,
): Promise<string> {
  let inState = false;
  let found = await pair.findDifferenceAfter(commands, inState);
  if (!found) found = await pair.findDifferenceAfter(commands, inState = true);
  if (!found) return report(difference, commands, seed);
  for (let run = commands.length >> 1; run >= 1; run >>= 1) {
    for (let at = 0; at < commands.length;) {
      const fewer = commands.toSpliced(at, run);
      const still = await pair.findDifferenceAfter(fewer, inState);
      if (still) [found, commands] = [still, fewer];
      else at += run;
    }
  }
  return report(found, commands, seed);
}

function report(difference: Difference, commands: string[][], seed: number): string {
  const [reference, redino] = difference.replies.map((reply) =>
    reply ? escapeBytes(reply) : "closed"
  );
  return [
    `the servers differ (seed ${seed}) at ${JSON.stringify(difference.command)}`,
    `  Redis:  ${reference}`,
    `  redino: ${redino}`,
    "commands that lead there:",
    ...commands.map((words) => "  " + JSON.stringify(words)),
  ].join("\n");
}
