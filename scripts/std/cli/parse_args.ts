/**
 * Stand-in for `@std/cli/parse-args`, over the tokens of `node:util` parseArgs. Nested names
 * (`--a.b`) and short options glued to a value (`-n5`) are left out.
 *
 * @module
 */
import { parseArgs as tokenize, type ParseArgsConfig } from "node:util";

/** What {@linkcode parseArgs} returns: the options by name, and the rest. */
export type Args<
  // deno-lint-ignore no-explicit-any -- as in the real package: untyped unless options say more
  TArgs extends Record<string, unknown> = Record<string, any>,
  TDoubleDash extends boolean | undefined = undefined,
> = TArgs & {
  /** The arguments that belong to no option; those that look like numbers are numbers. */
  _: Array<string | number>;
} & (TDoubleDash extends true ? { "--": string[] } : { "--"?: string[] });

/** The options as they are typed when `string`, `boolean` or `collect` names them. */
type Values<
  TBooleans extends string,
  TStrings extends string,
  TCollectable extends string,
  TNegatable extends string,
  TDefault extends Record<string, unknown>,
> =
  & Record<string, unknown>
  & { [K in Exclude<TBooleans, TCollectable | keyof TDefault>]: boolean }
  & { [K in Extract<TBooleans, TCollectable>]: boolean[] }
  & {
    [K in Exclude<TStrings, TCollectable | keyof TDefault>]?: K extends TNegatable ? string | false
      : string;
  }
  & { [K in Extract<TStrings, TCollectable>]: string[] }
  & { [K in Exclude<TCollectable, TStrings | TBooleans>]: unknown[] }
  & {
    [K in Exclude<keyof TDefault, TCollectable>]:
      | TDefault[K]
      | (K extends TStrings ? string : K extends TBooleans ? boolean : unknown)
      | (K extends TNegatable ? false : never);
  };

/** Options for {@linkcode parseArgs}. */
export interface ParseOptions<
  TBooleans extends string = string,
  TStrings extends string = string,
  TCollectable extends string = string,
  TNegatable extends string = string,
  TDefault extends Record<string, unknown> = Record<string, unknown>,
  TDoubleDash extends boolean | undefined = boolean | undefined,
> {
  /** Whether what follows `--` is put in `"--"` instead of at the end of `_`. */
  "--"?: TDoubleDash;
  /** Other names of an option; its value is found under each of them. */
  alias?: Record<string, string | readonly string[]>;
  /** Options without a value; absent ones are `false`. `true`: all long options but `--a=b`. */
  boolean?: boolean | TBooleans | readonly TBooleans[];
  /** Values of options that are absent. */
  default?: TDefault;
  /** Whether everything after the first argument that is no option goes to `_`. */
  stopEarly?: boolean;
  /** Options whose value stays a string even if it looks like a number; `_` may be among them. */
  string?: TStrings | readonly TStrings[];
  /** Options that may be given several times; their value is an array, empty when absent. */
  collect?: TCollectable | readonly TCollectable[];
  /** Options that `--no-<name>` sets to `false`. */
  negatable?: TNegatable | readonly TNegatable[];
  /** Called with what no option names; the argument is left out when it returns `false`. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/**
 * Parses command line arguments.
 *
 * @example
 * ```ts
 * import { parseArgs } from "@std/cli/parse-args";
 * const flags = parseArgs(["--rounds", "5", "--quick", "GET"], {
 *   string: ["rounds"],
 *   boolean: ["quick"],
 * });
 * // { rounds: "5", quick: true, _: ["GET"] }
 * ```
 */
export function parseArgs<
  TBooleans extends string = never,
  TStrings extends string = never,
  TCollectable extends string = never,
  TNegatable extends string = never,
  // deno-lint-ignore ban-types -- no defaults, no typed keys
  TDefault extends Record<string, unknown> = {},
  TDoubleDash extends boolean | undefined = undefined,
>(
  args: readonly string[],
  options: ParseOptions<
    TBooleans,
    TStrings,
    TCollectable,
    TNegatable,
    TDefault,
    TDoubleDash
  > = {},
): Args<
  [TBooleans | TStrings | TCollectable] extends [never]
    // deno-lint-ignore no-explicit-any -- see Args
    ? Record<string, any>
    : Values<TBooleans, TStrings, TCollectable, TNegatable, TDefault>,
  TDoubleDash
> {
  const parser = new Parser(options);
  parser.parse(args);
  return parser.result as ReturnType<
    typeof parseArgs<TBooleans, TStrings, TCollectable, TNegatable, TDefault, TDoubleDash>
  >;
}

class Parser {
  readonly result: Record<string, unknown> & { _: Array<string | number>; "--"?: string[] } = {
    _: [],
  };
  readonly #options: ParseOptions;
  readonly #aliases = new Map<string, string[]>();
  readonly #booleans: Set<string>;
  readonly #strings: Set<string>;
  readonly #collectables: Set<string>;
  readonly #negatables: Set<string>;
  /** What stands behind the argument at which `stopEarly` stopped. */
  #unparsed: readonly string[] = [];

  constructor(options: ParseOptions) {
    this.#options = options;
    for (const [name, value] of Object.entries(options.alias ?? {})) {
      const all = [name, ...list(value)];
      for (const each of all) this.#aliases.set(each, all.filter((other) => other !== each));
    }
    this.#booleans = this.#withAliases(
      typeof options.boolean === "boolean" ? [] : list(options.boolean),
    );
    this.#strings = this.#withAliases(list(options.string));
    this.#collectables = this.#withAliases(list(options.collect));
    this.#negatables = this.#withAliases(list(options.negatable));
  }

  parse(args: readonly string[]): void {
    const end = args.indexOf("--");
    const parsed = end < 0 ? args : args.slice(0, end);
    const rest = end < 0 ? [] : args.slice(end + 1);

    const config: ParseArgsConfig = { args: this.#joinValues(parsed), strict: false, tokens: true };
    for (const token of tokenize(config).tokens ?? []) {
      if (token.kind === "option") {
        this.#option(token.name, token.value, token.rawName);
      } else if (token.kind === "positional") {
        this.#positional(token.value);
      }
    }

    for (const [name, value] of Object.entries(this.#options.default ?? {})) {
      if (!(name in this.result)) this.#assign(name, value);
    }
    for (const name of this.#booleans) {
      if (!(name in this.result)) this.result[name] = this.#collectables.has(name) ? [] : false;
    }
    for (const name of this.#strings) {
      if (!(name in this.result) && this.#collectables.has(name)) this.result[name] = [];
    }
    this.result._.push(...this.#unparsed);
    if (this.#options["--"]) this.result["--"] = [...rest];
    else this.result._.push(...rest);
  }

  /**
   * Rewrites `--name value` to `--name=value` wherever the next argument is the option's value.
   * `node:util` has other rules for that: it takes a value that begins with a dash, and none for an
   * option that nobody declared.
   */
  #joinValues(args: readonly string[]): string[] {
    const joined: string[] = [];
    for (let i = 0; i < args.length; i++) {
      const arg = args[i];
      const name = optionName(arg);
      if (name === undefined) {
        joined.push(arg);
        if (!this.#options.stopEarly || (arg.startsWith("-") && arg !== "-")) continue;
        this.#unparsed = args.slice(i + 1);
        break;
      }
      const next = args[i + 1];
      if (this.#takes(name, arg, next)) {
        joined.push(`--${name}=${next}`);
        i++;
      } else {
        joined.push(this.#strings.has(name) ? `--${name}=` : `--${name}`);
      }
    }
    return joined;
  }

  #takes(name: string, arg: string, next: string | undefined): boolean {
    if (!next || this.#negated(name) !== undefined) return false;
    const boolean = this.#booleans.has(name) ||
      (this.#options.boolean === true && arg.startsWith("--"));
    return boolean ? next === "true" || next === "false" : !next.startsWith("-");
  }

  #negated(name: string): string | undefined {
    const positive = name.startsWith("no-") ? name.slice(3) : undefined;
    return positive !== undefined && this.#negatables.has(positive) ? positive : undefined;
  }

  #option(name: string, text: string | undefined, arg: string): void {
    const negated = text === undefined ? this.#negated(name) : undefined;
    if (negated !== undefined) return this.#assign(negated, false);

    const known = this.#booleans.has(name) || this.#strings.has(name) ||
      this.#collectables.has(name) || this.#aliases.has(name) ||
      (this.#options.boolean === true && text === undefined);
    if (!known && this.#options.unknown?.(arg, name, text ?? true) === false) return;

    let value: unknown = text ?? true;
    if (this.#booleans.has(name)) value = text !== "false";
    else if (text !== undefined && !this.#strings.has(name)) value = numberOr(text);
    this.#assign(name, value);
  }

  #positional(arg: string): void {
    if (this.#options.unknown?.(arg) === false) return;
    this.result._.push(this.#strings.has("_") ? arg : numberOr(arg));
  }

  #assign(name: string, value: unknown): void {
    for (const each of [name, ...this.#aliases.get(name) ?? []]) {
      const held = this.result[each];
      this.result[each] = !this.#collectables.has(each) || value === false
        ? value
        : Array.isArray(held)
        ? [...held, value]
        : Array.isArray(value)
        ? value
        : [value];
    }
  }

  #withAliases(names: readonly string[]): Set<string> {
    return new Set(names.flatMap((name) => [name, ...this.#aliases.get(name) ?? []]));
  }
}

/** The name in `--name` or `-n`; `undefined` for anything else, `--name=value` included. */
function optionName(arg: string): string | undefined {
  return /^--([^=]+)$/s.exec(arg)?.[1] ?? /^-([^-=])$/.exec(arg)?.[1];
}

function list(names: string | readonly string[] | undefined): readonly string[] {
  return names === undefined ? [] : typeof names === "string" ? [names] : names;
}

function numberOr(text: string): string | number {
  return /\S/.test(text) && Number.isFinite(Number(text)) ? Number(text) : text;
}
