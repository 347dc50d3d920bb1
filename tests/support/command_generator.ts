/**
 * Makes up commands at random, right ones and wrong ones, out of what the rows of the commands say of
 * their arguments. Every command that has a row is covered by that, those yet to come too.
 */
import { ArgumentFlag, type ArgumentSpec } from "../../src/command/spec.ts";
import { type Random, randomBelow } from "../../src/random.ts";
import { type Chooser, keyFor, lexKey, oddWords, valueFor } from "./argument_values.ts";
import { type CommandGrammar, readGrammar } from "./grammar.ts";

/** Commands that make or grow values come more often: there must be something to look at. */
const growing =
  /^(set|append|setrange|setbit|bitfield|pfadd|[lr]push|sadd|hset|hincrby|zadd|zincrby|xadd|xgroup create|xreadgroup|geoadd|[sz]\w+store)$/;
const growingWeight = 5;

/** Commands that leave nothing, or nothing where it was. */
const sweeping = /^(flush\w+|swapdb)$/;
/** Commands that may wait: they are sent in transactions only, where they don't. */
const blocking = /^(b[lrz]\w*(pop|move|push|min|max)|xread(group)?)$/;

/** Directives that say when a value is encoded otherwise, with values small enough to be met. */
const thresholds: Record<string, string[]> = {
  "hash-max-listpack-entries": ["512", "8", "3"],
  "hash-max-listpack-value": ["64", "8"],
  "set-max-intset-entries": ["512", "8", "3"],
  "set-max-listpack-entries": ["128", "8", "3"],
  "set-max-listpack-value": ["64", "8"],
  "zset-max-listpack-entries": ["128", "8", "3"],
  "zset-max-listpack-value": ["64", "8"],
  "list-max-listpack-size": ["-2", "4", "1", "-1"],
  "stream-node-max-entries": ["100", "3", "1"],
  "hll-sparse-max-bytes": ["3000", "100"],
};

/** What puts the thresholds where they are when a server starts. */
export const defaultThresholds: string[][] = Object.entries(thresholds).map((
  [name, [initially]],
) => ["CONFIG", "SET", name, initially]);

/** Makes up commands. The same random numbers make the same commands. */
export class CommandGenerator implements Chooser {
  readonly #commands: CommandGrammar[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
    for (const command of readGrammar().values()) {
      if (/^(multi|exec|discard)$/.test(command.name)) continue;
      const weight = growing.test(command.name) ? growingWeight : 1;
      for (let i = 0; i < weight; i++) this.#commands.push(command);
    }
  }

  /** One command, or those of a transaction, which must not be torn apart. */
  next(): string[][] {
    if (this.below(60) === 0) return this.#transaction();
    if (this.below(200) === 0) return [this.#setThreshold()];
    return [this.#command((words) => !mayBlock(words))];
  }

  below(bound: number): number {
    return randomBelow(this.#random, bound);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  /** What pops at random could not be put right in between. */
  #transaction(): string[][] {
    const queued = Array.from({ length: this.below(8) }, () => {
      return this.#command(this.below(4) === 0 ? mayBlock : ([name]) => name !== "spop");
    });
    return [["MULTI"], ...queued, [this.below(8) === 0 ? "DISCARD" : "EXEC"]];
  }

  #setThreshold(): string[] {
    const name = this.pick(Object.keys(thresholds));
    return ["CONFIG", "SET", name, this.pick(thresholds[name])];
  }

  /** A command that is wanted; about one in eight is not as its documentation says. */
  #command(isWanted: (words: string[]) => boolean): string[] {
    for (;;) {
      const command = this.pick(this.#commands);
      if (sweeping.test(command.name) && this.below(20) > 0) continue;
      const words = new CommandWriter(this, command).write();
      if (isWanted(words) && !isDated(words) && !isLeftOpen(words)) return words;
    }
  }
}

function mayBlock(words: string[]): boolean {
  if (!blocking.test(words[0])) return false;
  return words[0].startsWith("b") || words.some((word) => /^block$/i.test(word));
}

/** Whether the entry that is added gets the present time for an ID. */
function isDated(words: string[]): boolean {
  return words[0] === "xadd" && words.includes("*");
}

/** Whether a list is made in an order that is left open: elements of equal weight come in any. */
function isLeftOpen(words: string[]): boolean {
  const upper = words.map((word) => word.toUpperCase());
  return words[0] === "sort" && ["ALPHA", "BY", "STORE"].every((word) => upper.includes(word));
}

/** Writes one command: its words, one byte per character. */
class CommandWriter {
  readonly #chooser: Chooser;
  readonly #command: CommandGrammar;
  readonly #words: string[];
  /** Where the number of keys or fields is to be written, once they are there. */
  #countAt = -1;
  /** How many values the last `multiple` argument was given, which others must match. */
  #times = 1;

  constructor(chooser: Chooser, command: CommandGrammar) {
    this.#chooser = chooser;
    this.#command = command;
    this.#words = command.name.split(" ");
  }

  write(): string[] {
    this.#writeAll(this.#command.arguments);
    this.#tieToLexKeys();
    if (this.#chooser.below(8) === 0) this.#spoil();
    return this.#words;
  }

  /** Options come in another order at times. */
  #writeAll(specs: readonly ArgumentSpec[]): void {
    const ordered = [...specs];
    const first = ordered.findIndex(isOptional);
    if (first >= 0 && ordered.slice(first).every(isOptional) && this.#chooser.below(3) === 0) {
      const options = ordered.splice(first);
      while (options.length > 0) {
        ordered.push(...options.splice(this.#chooser.below(options.length), 1));
      }
    }
    for (const spec of ordered) this.#write(spec);
  }

  #write(spec: ArgumentSpec): void {
    if (isOptional(spec) && this.#chooser.below(5) >= 2) return;
    const multiple = (spec.flags & ArgumentFlag.MULTIPLE) !== 0;
    const times = multiple ? this.#timesFor(spec) : 1;
    const eachWithToken = (spec.flags & ArgumentFlag.MULTIPLE_TOKEN) !== 0;
    for (let i = 0; i < times; i++) {
      if (spec.token !== undefined && (i === 0 || eachWithToken)) this.#token(spec.token);
      if (spec.type === "oneof") this.#write(this.#chooser.pick(spec.arguments!));
      else if (spec.type === "block") this.#writeAll(spec.arguments!);
      else if (spec.type !== "pure-token") this.#words.push(this.#value(spec));
    }
    if (multiple) this.#settleCount(times);
  }

  /** Weights match keys and IDs match keys, mostly. */
  #timesFor(spec: ArgumentSpec): number {
    const matching = spec.name === "weight" || (spec.name === "id" && this.#isReading());
    if (matching && this.#chooser.below(20) > 0) return this.#times;
    if (this.#chooser.below(12) === 0) return 4 + this.#chooser.below(30);
    return 1 + this.#chooser.below(3);
  }

  #isReading(): boolean {
    return /^xread/.test(this.#command.name);
  }

  #settleCount(times: number): void {
    this.#times = times;
    if (this.#countAt < 0) return;
    if (this.#chooser.below(12) > 0) this.#words[this.#countAt] = String(times);
    this.#countAt = -1;
  }

  #token(token: string): void {
    const kind = this.#chooser.below(8);
    this.#words.push(kind === 0 ? token.toLowerCase() : token);
  }

  #value(spec: ArgumentSpec): string {
    const { name, group } = this.#command;
    if (spec.type === "key") {
      return keyFor(name.startsWith("lcs") ? "string" : group, this.#chooser);
    }
    if (spec.name === "id" && this.#isReading() && this.#chooser.below(3) > 0) {
      return name === "xread" ? this.#chooser.pick(["0", "$", "+", "5"]) : ">";
    }
    if (/^num(keys|fields)$/.test(spec.name)) this.#countAt = this.#words.length;
    return valueFor(name, group, spec, this.#chooser);
  }

  /**
   * Lexical ranges are about sorted sets of equal scores: others have no defined answer. So they get
   * keys of their own, to which nothing but ZADD with the score 0 is sent, and ZADD finds these at
   * times.
   */
  #tieToLexKeys(): void {
    const words = this.#words;
    const name = words[0];
    if (name === "zadd" && this.#chooser.below(3) === 0) {
      words.splice(1, Infinity, lexKey(this.#chooser));
      for (let i = this.#chooser.below(6); i >= 0; i--) {
        const member = valueFor(
          name,
          "set",
          { name: "member", type: "string", flags: 0 },
          this.#chooser,
        );
        words.push("0", member);
      }
    }
    const byLex = words.some((word) => word.toUpperCase() === "BYLEX");
    if (name === "zrangestore" && byLex) words[2] = lexKey(this.#chooser);
    else if (byLex || name.includes("lex")) words[1] = lexKey(this.#chooser);
  }

  /** Leaves a word out, repeats one, or puts an odd one in. */
  #spoil(): void {
    const words = this.#words;
    const isLex = words.some((word) => word.startsWith("lex:"));
    const from = isLex ? 3 : this.#command.name.split(" ").length;
    if (isLex && words[0] === "zadd") return;
    const at = from + this.#chooser.below(Math.max(1, words.length - from + 1));
    const kind = this.#chooser.below(4);
    if (kind === 0) words.splice(at, 1);
    else if (kind === 1) words.splice(at, 0, words[at] ?? "a");
    else if (kind === 2) words.splice(at, 0, this.#chooser.pick(oddWords));
    else words.splice(at, 1, this.#chooser.pick(oddWords));
  }
}

function isOptional(spec: ArgumentSpec): boolean {
  return (spec.flags & ArgumentFlag.OPTIONAL) !== 0;
}
