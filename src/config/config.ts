/**
 * The configuration as it stands: typed values for the server to read, texts for CONFIG GET, and the
 * one way to change either. Values come from the defaults, then from the configuration file and the
 * command line (`load`), and then from CONFIG SET (`set`), which is atomic and tells those concerned.
 */
import { resolve } from "node:path";
import { CommandError, configSetFailed, unknownDirective } from "../resp/errors.ts";
import { ConfigError, type FileLine, type Setting } from "./directive_types.ts";
import {
  type ConfigField,
  type Directive,
  directives,
  findDirective,
  namedDirectives,
} from "./directives.ts";
import { ConfigValues } from "./values.ts";
import { isGlob, matchesGlob } from "./words.ts";

export * from "./values.ts";
export { ConfigError } from "./directive_types.ts";
export type { ConfigField } from "./directives.ts";

/** Someone who has to act when one of `fields` has been set. */
interface Listener {
  readonly fields: readonly ConfigField[];
  readonly apply: () => void;
}

export class Config {
  readonly values: ConfigValues = new ConfigValues();
  /** Absolute path of the file that was read at start and that CONFIG REWRITE writes. */
  file: string | null = null;
  /** What CONFIG GET answers, by field. */
  readonly #texts = new Map<ConfigField, string>();
  readonly #defaults = new Map<ConfigField, Setting<unknown>>();
  readonly #listeners: Listener[] = [];

  /** @param dir Working directory, until the configuration names another. Default: the process's. */
  constructor(dir?: string) {
    this.values.dir = dir === undefined ? workingDirectory() : resolve(dir);
    for (const { field, type } of directives) {
      const value = this.values[field];
      const text = type.format(value);
      this.#texts.set(field, text);
      this.#defaults.set(field, { value, text });
    }
  }

  /** A path that the configuration names, made absolute from the working directory. */
  resolvePath(path: string): string {
    return resolve(this.values.dir, path);
  }

  /** The text of one directive, as CONFIG GET answers it. */
  get(name: string): string | undefined {
    const directive = findDirective(name);
    return directive && this.#texts.get(directive.field);
  }

  /**
   * Texts by name of all directives that one of `patterns` matches, but for hidden ones. A name that is
   * no glob is answered in the case in which it was asked.
   */
  match(patterns: readonly string[]): Map<string, string> {
    const found = new Map<string, string>();
    const seen = new Set<Directive>();
    const add = (name: string, directive: Directive | undefined) => {
      if (!directive || seen.has(directive)) return;
      seen.add(directive);
      found.set(name, this.#texts.get(directive.field)!);
    };
    for (const pattern of patterns) {
      if (!isGlob(pattern)) add(pattern, findDirective(pattern));
      else {
        for (const directive of namedDirectives) {
          if (directive.hidden) continue;
          if (matchesGlob(pattern, directive.name, true)) add(directive.name, directive);
        }
      }
    }
    return found;
  }

  /** Whether a directive is a list of words. */
  takesWords(name: string): boolean {
    return findDirective(name)?.type.takesWords ?? false;
  }

  /**
   * Sets a directive at start, from the words behind its name in a file or on the command line.
   * Returns false where there is no such directive; throws `ConfigError` for a value it refuses.
   */
  load(name: string, words: readonly string[]): boolean {
    const directive = findDirective(name);
    if (!directive) return false;
    if (!directive.type.takesWords && words.length !== 1) {
      throw new ConfigError("wrong number of arguments");
    }
    const { field, type } = directive;
    const byDefault = this.#defaults.get(field)!.value as ConfigValues[typeof field];
    this.#assign(directive, type.parseLine(words, this.values[field], byDefault));
    return true;
  }

  /**
   * Sets several directives, all or none. Throws `CommandError` with CONFIG SET's reply.
   *
   * @param allowProtected Whether the caller may set what `enable-protected-configs` protects.
   */
  set(pairs: readonly (readonly [name: string, value: string])[], allowProtected = true): void {
    const chosen = findSettable(pairs.map(([name]) => name), allowProtected);
    const settings = chosen.map((directive, i) => {
      const words = directive.type.takesWords ? splitAtSpaces(pairs[i][1]) : [pairs[i][1]];
      try {
        return directive.type.parse(words, this.values[directive.field]);
      } catch (error) {
        throw asReply(error, directive);
      }
    });
    const before = chosen.map((directive) => this.#settingOf(directive));
    chosen.forEach((directive, i) => this.#assign(directive, settings[i]));
    const changed = chosen.filter((_, i) => settings[i].text !== before[i].text);
    const applied: Listener[] = [];
    for (const listener of this.#listeners) {
      const cause = changed.find(({ field }) => listener.fields.includes(field));
      if (!cause) continue;
      applied.push(listener);
      try {
        listener.apply();
      } catch (error) {
        chosen.forEach((directive, i) => this.#assign(directive, before[i]));
        for (const { apply } of applied) undo(apply);
        throw asReply(error, cause);
      }
    }
  }

  /**
   * Calls `apply` after CONFIG SET has changed one of `fields`. It may throw `ConfigError`: then the
   * whole CONFIG SET is undone, with `apply` called again for the old values, and fails for this reason.
   */
  onChange(fields: readonly ConfigField[], apply: () => void): void {
    this.#listeners.push({ fields, apply });
  }

  /** The lines that a configuration file needs, by name of the directive. */
  *fileLines(): Generator<readonly [name: string, lines: FileLine[]]> {
    for (const directive of directives) {
      const byDefault = this.#defaults.get(directive.field) as Setting<never>;
      yield [directive.name, directive.type.lines(this.#settingOf(directive), byDefault)];
    }
  }

  #settingOf({ field }: Directive): Setting<never> {
    return { value: this.values[field] as never, text: this.#texts.get(field)! };
  }

  #assign<Field extends ConfigField>(
    { field }: Directive<Field>,
    { value, text }: Setting<ConfigValues[Field]>,
  ): void {
    this.values[field] = value;
    this.#texts.set(field, text);
  }
}

/** The process's working directory; `.` where this process may not know it and so can't use it. */
function workingDirectory(): string {
  const { state } = Deno.permissions.querySync({ name: "read", path: "." });
  return state === "granted" ? Deno.cwd() : ".";
}

/** The directives to set, or the error that CONFIG SET replies for one of the names. */
function findSettable(names: readonly string[], allowProtected: boolean): Directive[] {
  const chosen: Directive[] = [];
  for (const name of names) {
    const directive = findDirective(name);
    if (!directive) throw new CommandError(unknownDirective(name));
    if (directive.immutable) {
      throw new CommandError(configSetFailed(name, "can't set immutable config"));
    }
    if (directive.protected && !allowProtected) {
      throw new CommandError(configSetFailed(name, "can't set protected config"));
    }
    if (chosen.includes(directive)) {
      throw new CommandError(configSetFailed(name, "duplicate parameter"));
    }
    chosen.push(directive);
  }
  return chosen;
}

function splitAtSpaces(value: string): string[] {
  return value === "" ? [] : value.split(" ");
}

function asReply(error: unknown, { name }: Directive): unknown {
  return error instanceof ConfigError
    ? new CommandError(configSetFailed(name, error.message))
    : error;
}

/** Lets a listener go back to old values; what it can't undo it has said when it was asked to do it. */
function undo(apply: () => void): void {
  try {
    apply();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
}
