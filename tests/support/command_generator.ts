/**
 * Makes up commands at random, right ones and wrong ones, out of what COMMAND DOCS says of their
 * arguments. Every command that a server documents is covered by that, those yet to come too.
 */
import type { Client, Reply } from "../../src/client/client.ts";
import { type Random, randomBelow } from "../../src/random.ts";

/** One argument in the words of COMMAND DOCS. */
interface Argument {
  name: string;
  type: string;
  token?: string;
  optional: boolean;
  multiple: boolean;
  multipleToken: boolean;
  of: Argument[];
}

/** The arguments of each command, by its name in words: `client setname`. */
export type Grammar = Map<string, Argument[]>;

/**
 * What can't be compared command by command: replies that depend on the moment or on chance, and
 * commands that would change or end what the comparison stands on.
 */
const excluded = new RegExp(
  "^(shutdown|debug|monitor|quit|reset|hello|auth|time|info|lolwut|randomkey|scan|command" +
    "|client|config|memory|latency|slowlog|acl|module|save|bgsave|bgrewriteaof|lastsave|replicaof" +
    "|slaveof|failover|psync|sync|replconf|migrate|cluster|script|function|object freq" +
    "|object idletime|wait|waitaof|b[lrz]\\w+|[ps]?(un)?subscribe|spop|\\w+rand(member|field)" +
    "|xread\\w*|vrandmember)( |$)",
);

/** Reads the grammar of all commands that can be compared from a server's COMMAND DOCS. */
export async function readGrammar(client: Client): Promise<Grammar> {
  await client.send(["HELLO", 3]);
  const docs = await client.send(["COMMAND", "DOCS"]);
  await client.send(["HELLO", 2]);
  const grammar: Grammar = new Map();
  for (const [name, doc] of fieldsOf(docs)) {
    const subcommands = fieldsOf(fieldsOf(doc).get("subcommands"));
    if (subcommands.size === 0) addTo(grammar, name, doc);
    for (const [subname, subdoc] of subcommands) addTo(grammar, subname, subdoc);
  }
  return grammar;
}

function addTo(grammar: Grammar, name: string, doc: Reply): void {
  const words = name.replace("|", " ");
  if (!excluded.test(words)) grammar.set(words, argumentsOf(fieldsOf(doc).get("arguments")));
}

function argumentsOf(reply: Reply | undefined): Argument[] {
  if (reply === undefined || !("items" in reply)) return [];
  return reply.items.map((item) => {
    const fields = fieldsOf(item);
    const flags = fields.get("flags");
    const flagNames = flags && "items" in flags ? flags.items.map(textOf) : [];
    const token = fields.get("token");
    return {
      name: textOf(fields.get("name")),
      type: textOf(fields.get("type")),
      token: token && textOf(token),
      optional: flagNames.includes("optional"),
      multiple: flagNames.includes("multiple"),
      multipleToken: flagNames.includes("multiple_token"),
      of: argumentsOf(fields.get("arguments")),
    };
  });
}

function fieldsOf(reply: Reply | undefined): Map<string, Reply> {
  if (reply?.kind !== "map") return new Map();
  return new Map(reply.entries.map(([key, value]) => [textOf(key), value]));
}

function textOf(reply: Reply | undefined): string {
  if (reply?.kind === "bulk") return new TextDecoder().decode(reply.bytes);
  return reply?.kind === "simple" ? reply.text : "";
}

const oddWords = ["", "0", "-1", "abc", "NX", "GET", "1.5", "\x00", "9223372036854775807", " 1"];
const integers = ["0", "1", "-1", "2", "3", "10", "-3", "100", "9223372036854775807", "01", "1e3"];
const doubles = [
  "0",
  "1.5",
  "-0.1",
  "3",
  "1e3",
  "inf",
  "-inf",
  "nan",
  "0.30000000000000004",
  "1e-9",
];
const strings = ["", "a", "abc", "12", "-7", "hello world", "3.0", "\xff\x00", "x".repeat(60)];
const patterns = ["*", "k*", "?", "k[1-3]", "[^k]*", "*1", ""];

/** Times are long past or far away: none comes while the comparison runs. */
const oddDurations = ["-1", "0", "abc", "9223372036854775807"];
const unixTimes = ["1", "33177117420", "4102444800000", "-5", "abc"];

/** Makes up commands by a grammar. The same random numbers make the same commands. */
export class CommandGenerator {
  readonly #grammar: Grammar;
  readonly #names: string[];
  readonly #random: Random;

  constructor(grammar: Grammar, random: Random) {
    this.#grammar = grammar;
    this.#names = [...grammar.keys()].sort();
    this.#random = random;
  }

  /** A command; about one in five is not as its documentation says. */
  next(): string[] {
    const name = this.#pick(this.#names);
    const words = name.split(" ");
    // Emptying the databases is rare, so that there is something to compare.
    if (/^(flush|swapdb)/.test(name) && this.#below(20) > 0) return this.next();
    this.#writeAll(this.#grammar.get(name)!, words);
    if (this.#below(5) === 0) this.#spoil(words);
    return words;
  }

  #writeAll(parts: readonly Argument[], words: string[]): void {
    for (let i = 0; i < parts.length; i++) {
      const counts = /^num(keys|fields)$/.test(parts[i].name) && i + 1 < parts.length;
      if (counts && this.#below(4) > 0) {
        // mostly as many as there are
        const at = words.push("") - 1;
        words[at] = String(this.#write(parts[++i], words));
      } else {
        this.#write(parts[i], words);
      }
    }
  }

  /** Says how many times the argument was written. */
  #write(argument: Argument, words: string[]): number {
    if (argument.optional && this.#below(3) > 0) return 0;
    const times = argument.multiple ? 1 + this.#below(3) : 1;
    for (let i = 0; i < times; i++) {
      if (argument.token && (i === 0 || argument.multipleToken)) words.push(argument.token);
      if (argument.type === "oneof") this.#write(this.#pick(argument.of), words);
      else if (argument.type === "block") this.#writeAll(argument.of, words);
      else if (argument.type !== "pure-token") words.push(this.#value(argument));
    }
    return times;
  }

  #value(argument: Argument): string {
    switch (argument.type) {
      case "key":
        return "k" + this.#below(8);
      case "integer":
        if (/seconds$/.test(argument.name)) return this.#duration();
        return this.#pick(integers);
      case "double":
        return this.#pick(doubles);
      case "unix-time":
        return this.#pick(unixTimes);
      case "pattern":
        return this.#pick(patterns);
    }
    return this.#pick(strings);
  }

  /** Hardly ever twice the same: which of two equal ones ends first depends on the moment. */
  #duration(): string {
    if (this.#below(3) === 0) return this.#pick(oddDurations);
    return String(1_000_000 + this.#below(100_000_000));
  }

  /** Leaves a word out, repeats one, or puts an odd one in. */
  #spoil(words: string[]): void {
    const at = 1 + this.#below(words.length);
    const kind = this.#below(4);
    if (kind === 0) words.splice(at, 1);
    else if (kind === 1) words.splice(at, 0, words[at] ?? "a");
    else if (kind === 2) words.splice(at, 0, this.#pick(oddWords));
    else words.splice(at, 1, this.#pick(oddWords));
  }

  #pick<T>(from: T[]): T {
    return from[this.#below(from.length)];
  }

  #below(bound: number): number {
    return randomBelow(this.#random, bound);
  }
}
