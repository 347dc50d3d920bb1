/**
 * The places in commands where a number, or what may be taken for one, is expected: found in what the
 * rows of the commands say of their arguments, so that commands yet to come are covered too.
 *
 * An argument is tried in its command as it is at its shortest, with each kind of key, and together with
 * each option that the command has.
 */
import { ArgumentFlag, type ArgumentSpec, CommandFlag } from "../../../src/command/spec.ts";
import type { CommandGrammar } from "../grammar.ts";
import { keysFor, lexKey, stateQueries } from "./keys.ts";
import { plainValue } from "./plain_values.ts";

/** Stands in a word for the value that is tried. */
export const hole = "{value}";
/** What stands for an ID that has the present time in it, which is each server's own. */
const presentTime = "*";
/** Where a command stores what it made. */
const targetKey = "target";

/** A place for values: commands in which they are put, and what there is to know of these. */
export interface Position {
  /** For people: `zadd score`, and in brackets what is not usual about it. */
  readonly name: string;
  /** Whether it is the argument at its shortest, with the key that suits the command best. */
  readonly isUsual: boolean;
  /** The argument alone, of which there may be several positions. */
  readonly argument: string;
  /** Sent one after the other; words have a `hole`. */
  readonly commands: readonly string[][];
  /** What shows all that the commands may have changed; without any, they change nothing. */
  readonly queries: readonly string[][];
  /** What puts the connection back to where it was. */
  readonly after: readonly string[][];
  /** A value that makes the commands do what they are for. */
  readonly plain: string;
  /** The keys that must be there, or must not. */
  readonly keys: readonly string[];
}

/** An argument and where it stands: `2.0.1` is the second in the first of the third. */
interface Place {
  readonly path: string;
  readonly spec: ArgumentSpec;
  /** The tokens that come before it, from the outside in. */
  readonly tokens: string[];
  /** Whether it is there or not as one likes: an option, or one of several. */
  readonly isChoice: boolean;
}

/** All positions of a command. */
export function positionsOf(command: CommandGrammar): Position[] {
  const places = placesIn(command.arguments, "", []);
  const leaves = places.filter(({ spec }) => isTried(command, spec));
  const positions = leaves.flatMap((leaf) => {
    const options = places.filter(({ path, spec, isChoice }) =>
      isChoice && spec.token !== presentTime && !isIn(leaf.path, path)
    );
    return templatesFor(command, leaf.spec)
      .flatMap((template) => positionsAt(command, { leaf, template }, options));
  });
  const texts = positions.map(({ commands }) => commands[0].join(" "));
  return positions.filter((_, i) => texts.indexOf(texts[i]) === i);
}

/** Commands that leave the connection in another state than they found it. */
const afterwards: Record<string, string[][]> = {
  "select": [["SELECT", "0"]],
  "client pause": [["CLIENT", "UNPAUSE"]],
  "client tracking": [["CLIENT", "TRACKING", "OFF"]],
};
/** Commands that reach into other databases than the one selected. */
const farReaching = /^(copy|move|swapdb)$/;

function queriesFor({ name, group, flags }: CommandGrammar, keys: string[]): string[][] {
  const changes = (flags & CommandFlag.WRITE) !== 0;
  if (!changes) return [];
  const queries = [["DBSIZE"], ...keys.flatMap((key) => stateQueries(name, group, key))];
  if (!farReaching.test(name)) return queries;
  const databases = Array.from({ length: 16 }, (_, i) => ["SELECT", String(i)]);
  return [...databases.flatMap((select) => [select, ["KEYS", "*"]]), ["SELECT", "0"], ...queries];
}

/** An argument, and the form in which its value is written. */
interface Tried {
  readonly leaf: Place;
  readonly template: string;
}

/** What is not usual about a position. */
interface Variation {
  readonly key?: string;
  readonly option?: Place;
}

/** One argument in one form: as usual, with each other kind of key, and with each option. */
function positionsAt(command: CommandGrammar, tried: Tried, options: Place[]): Position[] {
  const usual = positionWith(command, tried, {});
  const hasKey = usual === undefined || usual.keys.length > 0;
  const otherKeys = hasKey ? keysFor(command.name, command.group).slice(1) : [];
  const others = [
    ...otherKeys.map((key) => positionWith(command, tried, { key })),
    ...options.map((option) => positionWith(command, tried, { option })),
  ];
  return [usual, ...others].filter((position) => position !== undefined);
}

function positionWith(
  command: CommandGrammar,
  { leaf, template }: Tried,
  { key, option }: Variation,
): Position | undefined {
  const isLex = /lex/i.test(command.name + (option?.spec.token ?? ""));
  const [usualKey] = keysFor(command.name, command.group);
  const tiedKey = isLex ? lexKey : usualKey;
  const form = { at: leaf.path, template, with: option?.path, isLex, key: key ?? tiedKey };
  const writer = new FormWriter(command, form);
  if (!writer.write()) return undefined;
  const argument = [command.name, ...leaf.tokens, leaf.spec.name].join(" ");
  const notes = [
    template === hole ? undefined : template.replace(hole, "…"),
    key ?? (option && nameOf(option)),
  ].filter((note) => note !== undefined);
  const keys = [...new Set(writer.keys)];
  return {
    name: notes.length === 0 ? argument : `${argument} [${notes.join(", ")}]`,
    isUsual: key === undefined && option === undefined,
    argument,
    commands: [writer.words],
    queries: queriesFor(command, keys),
    after: afterwards[command.name] ?? [],
    plain: template === hole ? plainValue(command.name, leaf.spec, isLex) : "1",
    keys,
  };
}

function nameOf({ spec }: Place): string {
  return spec.token?.toLowerCase() ?? spec.name;
}

function placesIn(
  specs: readonly ArgumentSpec[],
  prefix: string,
  tokens: string[],
  among?: ArgumentSpec,
): Place[] {
  return specs.flatMap((spec, i) => {
    const path = `${prefix}${i}`;
    const own = spec.token === undefined ? tokens : [...tokens, spec.token];
    const isChoice = spec.type !== "oneof" && (isOptional(spec) || among?.type === "oneof");
    return [
      { path, spec, tokens: own, isChoice },
      ...placesIn(spec.arguments ?? [], `${path}.`, own, spec),
    ];
  });
}

/** Whether the place is the other one's, or in it. */
function isIn(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}.`);
}

function isOptional(spec: ArgumentSpec): boolean {
  return (spec.flags & ArgumentFlag.OPTIONAL) !== 0;
}

const numericTypes = new Set(["integer", "double", "unix-time"]);
/** Groups whose texts are data, which may be stored as integers, or IDs, bounds and offsets. */
const dataGroups = /^(string|bitmap|hyperloglog|list|set|hash|sorted-set|geo|stream)$/;
/** Texts that are never taken for numbers. */
const names = /^(group|consumer|subcommand)$/;

function isTried({ group }: CommandGrammar, { type, name }: ArgumentSpec): boolean {
  if (numericTypes.has(type)) return true;
  return type === "string" && dataGroups.test(group) && !names.test(name);
}

/** The forms in which a number may be written at a place. */
function templatesFor({ name, group }: CommandGrammar, spec: ArgumentSpec): string[] {
  const isBound = /^(min|max|start|stop|end)$/.test(spec.name);
  if (group === "stream" && isBound) return [hole, `${hole}-1`, `1-${hole}`, `(${hole}`];
  if (group === "stream" && /id$|^threshold$/.test(spec.name)) {
    return [hole, `${hole}-1`, `1-${hole}`];
  }
  if (isBound && name.includes("lex")) return [hole, `[${hole}`];
  if (isBound && spec.type !== "integer" && group === "sorted-set") {
    return [hole, `(${hole}`, `[${hole}`];
  }
  if (name.startsWith("bitfield") && spec.name === "offset") return [hole, `#${hole}`];
  if (spec.name === "encoding") return [`u${hole}`, `i${hole}`];
  return [hole];
}

/** What a command is written with. */
interface Form {
  /** The path of the argument that is tried. */
  readonly at: string;
  readonly template: string;
  /** The path of an option that is to be there. */
  readonly with?: string;
  readonly isLex: boolean;
  readonly key: string;
}

/** Writes a command at its shortest, but for what must be in it. */
class FormWriter {
  readonly keys: string[] = [];
  readonly words: string[];
  readonly #command: CommandGrammar;
  readonly #form: Form;
  readonly #missing: Set<string>;

  constructor(command: CommandGrammar, form: Form) {
    this.words = command.name.split(" ");
    this.#command = command;
    this.#form = form;
    this.#missing = new Set([form.at, ...form.with === undefined ? [] : [form.with]]);
  }

  /** Whether all could be written that must be there: one of several excludes the others. */
  write(): boolean {
    this.#writeAll(this.#command.arguments, "");
    return this.#missing.size === 0;
  }

  #writeAll(specs: readonly ArgumentSpec[], prefix: string): void {
    for (const [i, spec] of specs.entries()) {
      const path = `${prefix}${i}`;
      if (!isOptional(spec) || this.#isWanted(path)) this.#write(spec, path);
    }
  }

  #write(spec: ArgumentSpec, path: string): void {
    this.#missing.delete(path);
    if (spec.token !== undefined) this.words.push(spec.token);
    const parts = spec.arguments ?? [];
    if (spec.type === "block") this.#writeAll(parts, `${path}.`);
    else if (spec.type === "oneof") {
      const wanted = parts.findIndex((_, i) => this.#isWanted(`${path}.${i}`));
      const i = wanted >= 0 ? wanted : parts.findIndex(({ token }) => token !== presentTime);
      this.#write(parts[i], `${path}.${i}`);
    } else if (spec.type === "key") this.#key(spec);
    else if (spec.type !== "pure-token") {
      const { at, template, isLex } = this.#form;
      const plain = plainValue(this.#command.name, spec, isLex);
      this.words.push(path === at ? template : plain);
    }
  }

  #isWanted(path: string): boolean {
    return [...this.#missing].some((wanted) => isIn(wanted, path));
  }

  #key({ name }: ArgumentSpec): void {
    const isTarget = /^(dest\w*|dst|store\w*|newkey)$/.test(name);
    const key = isTarget ? targetKey : this.#form.key;
    this.keys.push(key);
    this.words.push(key);
  }
}
