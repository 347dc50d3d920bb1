/** Writes one command out of what its row says of its arguments. */
import { ArgumentFlag, type ArgumentSpec } from "../../src/command/spec.ts";
import { type Chooser, keyFor, lexKey, oddWords, rangeBound, valueFor } from "./argument_values.ts";
import type { CommandGrammar } from "./grammar.ts";

/** Writes one command: its words, one byte per character. */
export class CommandWriter {
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
    this.#tieBoundsToRange();
    this.#tieToLexKeys();
    if (!this.#chooser.careful && this.#chooser.below(3) === 0) this.#spoil();
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
    if (matching && this.#mayBeRight()) return this.#times;
    if (this.#chooser.below(12) === 0) return 4 + this.#chooser.below(30);
    return 1 + this.#chooser.below(3);
  }

  /** What must fit together does so in careful commands, and mostly in others. */
  #mayBeRight(): boolean {
    return this.#chooser.careful || this.#chooser.below(3) > 0;
  }

  #isReading(): boolean {
    return /^xread/.test(this.#command.name);
  }

  #settleCount(times: number): void {
    this.#times = times;
    if (this.#countAt < 0) return;
    if (this.#mayBeRight()) this.#words[this.#countAt] = String(times);
    this.#countAt = -1;
  }

  #token(token: string): void {
    const kind = this.#chooser.below(8);
    this.#words.push(kind === 0 ? token.toLowerCase() : token);
  }

  #value(spec: ArgumentSpec): string {
    const { name, group } = this.#command;
    if (spec.type === "key") {
      const isResult = /^dest|^destkey$/.test(spec.name) || spec.token === "STORE";
      return keyFor(name.startsWith("lcs") ? "string" : group, this.#chooser, isResult);
    }
    if (/^num(keys|fields)$/.test(spec.name)) this.#countAt = this.#words.length;
    return valueFor(name, group, spec, this.#chooser);
  }

  /** ZRANGE is given bounds of the kind that its options say, where it is to be right. */
  #tieBoundsToRange(): void {
    const words = this.#words;
    const at = words[0] === "zrange" ? 2 : words[0] === "zrangestore" ? 3 : 0;
    const by = /^by(lex|score)$/i.exec(words.find((word) => /^by(lex|score)$/i.test(word)) ?? "");
    if (at === 0 || by === null || !this.#mayBeRight()) return;
    const isLex = by[1].toLowerCase() === "lex";
    for (const i of [at, at + 1]) words[i] = rangeBound(isLex, this.#chooser);
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
