/**
 * Makes up commands at random, right ones and wrong ones, out of what the rows of the commands say of
 * their arguments. Every command that has a row is covered by that, those yet to come too.
 */
import { type Random, randomBelow } from "../../src/random.ts";
import { type Chooser, keyFor } from "./argument_values.ts";
import { CommandWriter } from "./command_writer.ts";
import { type CommandGrammar, readGrammar } from "./grammar.ts";
import { isDisordering, isOpen, isPast, mayBlock, meeting, pause } from "./open_commands.ts";
import { drawScene, type Scene } from "./scene.ts";

/** Commands that make or grow values come more often: there must be something to look at. */
const growing =
  /^(set|append|setrange|setbit|bitfield|pfadd|[lr]push|sadd|hset|hincrby|zadd|zincrby|xadd|xgroup create|xreadgroup|geoadd)$/;
/** Those that make values smaller, or take keys away, come less often. */
const shrinking =
  /^(del|unlink|getdel|getex|rename(nx)?|p?expire(at)?|hp?expire(at)?|hdel|hgetdel|[lrsz](m)?pop(min|max)?|rpoplpush|ltrim|lrem|srem|zrem\w*|xtrim|xdel|xsetid|xgroup (destroy|delconsumer|setid))$/;
const weights = { growing: 12, shrinking: 1, other: 3 };

/** Commands that leave nothing, or nothing where it was. */
const sweeping = /^(flush\w+|swapdb|select|move)$/;

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
/** Of these, those that don't put anything into a table. */
const orderedThresholds = /^(list|stream|hll)/;

/** What puts the thresholds where they are when a server starts. */
export const defaultThresholds: string[][] = Object.entries(thresholds).map((
  [name, [initially]],
) => ["CONFIG", "SET", name, initially]);

/** Makes up commands. The same random numbers make the same commands. */
export class CommandGenerator implements Chooser {
  scene: Scene;
  careful = true;
  readonly #commands: CommandGrammar[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
    this.scene = drawScene(random);
    for (const command of readGrammar().values()) {
      if (/^(multi|exec|discard)$/.test(command.name)) continue;
      for (let i = weightOf(command.name); i > 0; i--) this.#commands.push(command);
    }
  }

  /** The commands that follow are about something else. */
  changeScene(): void {
    this.scene = drawScene(this.#random);
  }

  /** One command, or some that must not be torn apart. */
  next(): string[][] {
    if (this.below(60) === 0) return this.#transaction();
    if (this.below(200) === 0) return [this.#setThreshold()];
    if (this.scene.ending && this.below(50) === 0) return [this.#endSoon(), pause];
    if (this.below(100) === 0) return [this.#askForKeys()];
    return [this.#command((words) => !mayBlock(words))];
  }

  below(bound: number): number {
    return randomBelow(this.#random, bound);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  /**
   * What chance has done could not be put right in between; and to Redis' OBJECT REFCOUNT a value that was
   * queued belongs to the transaction, too.
   */
  #transaction(): string[][] {
    const isPlain = ([name, subcommand]: string[]) =>
      name !== "spop" && !meeting.test(name) && subcommand !== "refcount";
    const queued = Array.from({ length: this.below(8) }, () => {
      return this.#command(this.below(4) === 0 ? mayBlock : isPlain);
    });
    return [["MULTI"], ...queued, [this.below(8) === 0 ? "DISCARD" : "EXEC"]];
  }

  #setThreshold(): string[] {
    const names = Object.keys(thresholds);
    const suited = this.scene.ordered
      ? names.filter((name) => orderedThresholds.test(name))
      : names;
    const name = this.pick(suited);
    return ["CONFIG", "SET", name, this.pick(thresholds[name])];
  }

  /** Has a key, or fields of a hash, be past their time at the next look at them. */
  #endSoon(): string[] {
    this.careful = true;
    if (this.below(2) === 0) return ["PEXPIRE", keyFor(this.scene.focus, this), "1"];
    const fields = Array.from({ length: 1 + this.below(4) }, () => this.pick(this.scene.members));
    return ["HPEXPIRE", keyFor("hash", this), "1", "FIELDS", String(fields.length), ...fields];
  }

  #askForKeys(): string[] {
    const asked = this.pick(["GETKEYS", "GETKEYSANDFLAGS"]);
    return ["COMMAND", asked, ...this.#command(() => true)];
  }

  /** Of how many of its kind one is sent: what the scene is about has to come together. */
  #rarity({ group }: CommandGrammar): number {
    const { focus } = this.scene;
    if (focus === "" || group === focus) return 1;
    return group === "generic" ? 4 : 30;
  }

  /** A command that is wanted; about one in eight is not as its documentation says. */
  #command(isWanted: (words: string[]) => boolean): string[] {
    for (;;) {
      const command = this.pick(this.#commands);
      const { ending, ordered } = this.scene;
      if (this.below(this.#rarity(command)) > 0) continue;
      if (ending && meeting.test(command.name)) continue;
      if (sweeping.test(command.name) && this.below(20) > 0) continue;
      this.careful = this.below(4) > 0;
      const words = new CommandWriter(this, command).write();
      if (ordered && isDisordering(words)) continue;
      if (!ending && isPast(words)) continue;
      if (!isOpen(words) && isWanted(words)) return words;
    }
  }
}

function weightOf(name: string): number {
  if (growing.test(name)) return weights.growing;
  return shrinking.test(name) ? weights.shrinking : weights.other;
}
