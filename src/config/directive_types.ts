/**
 * The kinds of value that a directive can have: how each is read from words and checked, what CONFIG
 * GET answers, and what a configuration file says. Which directive is of which kind stands in
 * `directives.ts`. A value that is refused throws `ConfigError` with Redis' words.
 */
import { formatFixed, parseDouble } from "../resp/doubles.ts";
import { toInt64 } from "../resp/numbers.ts";
import { systemErrorText } from "../system_error.ts";
import { formatNotifyLetters, parseNotifyLetters } from "./notify_classes.ts";
import { resolve } from "node:path";
import type {
  MemoryShare,
  OutputBufferLimit,
  OutputBufferLimits,
  SavePoint,
  ShutdownOptions,
} from "./values.ts";
import { quote } from "./words.ts";

const utf8 = new TextEncoder();
const int64Min = -(1n << 63n);
const int64Max = (1n << 63n) - 1n;

/** A value that a directive refuses; the message says why. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** A value together with its text; of a number beyond 2^53 only the text is exact. */
export interface Setting<Value> {
  readonly value: Value;
  /** As CONFIG GET answers it. */
  readonly text: string;
}

/** A line of a configuration file, without the directive's name. */
export interface FileLine {
  readonly words: string;
  /** Whether the file must say it; else it is only brought up to date where it stands already. */
  readonly needed: boolean;
}

export abstract class DirectiveType<Value> {
  /** Whether the value is a list of words; CONFIG SET's one argument is then split at its spaces. */
  readonly takesWords: boolean = false;

  /** What `words` state, for a directive that is `current` until now. */
  abstract parse(words: readonly string[], current: Value): Setting<Value>;

  /** What a line of a file states, where it may be one of several. */
  parseLine(words: readonly string[], current: Value, _byDefault: Value): Setting<Value> {
    return this.parse(words, current);
  }

  /** The text of a value. */
  abstract format(value: Value): string;

  /** What a file says; no lines where the absence of the directive says it. */
  lines(setting: Setting<Value>, byDefault: Setting<Value>): FileLine[] {
    return [{ words: setting.text, needed: setting.text !== byDefault.text }];
  }

  protected setting(value: Value): Setting<Value> {
    return { value, text: this.format(value) };
  }
}

/** `yes` or `no`. */
export class BooleanType extends DirectiveType<boolean> {
  readonly #refused: "yes" | "no" | undefined;
  readonly #because: string;

  /** @param refused What can't be, and `because` of what. */
  constructor(refused?: "yes" | "no", because = "") {
    super();
    this.#refused = refused;
    this.#because = because;
  }

  parse([word]: readonly string[]): Setting<boolean> {
    const text = word.toLowerCase();
    if (text !== "yes" && text !== "no") throw new ConfigError("argument must be 'yes' or 'no'");
    if (text === this.#refused) throw new ConfigError(this.#because);
    return { value: text === "yes", text };
  }

  format(value: boolean): string {
    return value ? "yes" : "no";
  }
}

/** A whole number within bounds. */
export class IntegerType extends DirectiveType<number> {
  readonly #min: bigint;
  readonly #max: bigint;
  readonly #clamp: readonly [min: number, max: number] | undefined;

  /** @param clamp What a number within the bounds is moved into. */
  constructor(
    min: number | bigint,
    max: number | bigint,
    clamp?: readonly [min: number, max: number],
  ) {
    super();
    this.#min = BigInt(min);
    this.#max = BigInt(max);
    this.#clamp = clamp;
  }

  parse([word]: readonly string[]): Setting<number> {
    if (!/^(0|-?[1-9]\d*)$/.test(word) || BigInt.asIntN(64, BigInt(word)) !== BigInt(word)) {
      throw new ConfigError("argument couldn't be parsed into an integer");
    }
    const exact = BigInt(word);
    checkBounds(exact, this.#min, this.#max);
    if (!this.#clamp) return { value: Number(exact), text: word };
    const [min, max] = this.#clamp;
    return this.setting(Math.min(Math.max(Number(exact), min), max));
  }

  format(value: number): string {
    return String(value);
  }
}

/** A file mode, in octal. */
export class FileModeType extends DirectiveType<number> {
  parse([word]: readonly string[]): Setting<number> {
    if (!/^[0-7]*$/.test(word)) {
      throw new ConfigError("argument couldn't be parsed as an octal number");
    }
    const value = parseInt(word || "0", 8);
    if (value > 0o777) throw new ConfigError("argument must be between 0 and 777 inclusive");
    return this.setting(value);
  }

  format(value: number): string {
    return value.toString(8);
  }
}

/** A number of bytes, with or without a unit. */
export class MemoryType extends DirectiveType<number> {
  readonly #min: bigint;
  readonly #max: bigint;
  readonly #ceilingBytes: number;

  /** @param ceilingBytes The most that redino can do, where that is less than Redis' `max`. */
  constructor(min: number | bigint, max: number | bigint, ceilingBytes = Infinity) {
    super();
    this.#min = BigInt(min);
    this.#max = BigInt(max);
    this.#ceilingBytes = ceilingBytes;
  }

  parse([word]: readonly string[]): Setting<number> {
    const bytes = parseMemory(word);
    if (bytes === null) throw new ConfigError("argument must be a memory value");
    checkBounds(bytes, this.#min, this.#max);
    if (Number(bytes) > this.#ceilingBytes) {
      throw new ConfigError(`more than ${this.#ceilingBytes} isn't available`);
    }
    return { value: Number(bytes), text: String(bytes) };
  }

  format(value: number): string {
    return String(value);
  }

  override lines(setting: Setting<number>, byDefault: Setting<number>): FileLine[] {
    const words = formatMemory(BigInt(setting.text));
    return [{ words, needed: setting.text !== byDefault.text }];
  }
}

/** A number of bytes, or a percentage of `maxmemory`. */
export class MemoryShareType extends DirectiveType<MemoryShare> {
  parse([word]: readonly string[]): Setting<MemoryShare> {
    const percentage = /^(0|[1-9]\d{0,17})%$/.exec(word)?.[1];
    const parsed = percentage === undefined ? parseMemory(word) : -BigInt(percentage);
    if (parsed === null) throw new ConfigError("argument must be a memory or percent value");
    // as in Redis, so many bytes that their number overflows are a percentage too
    const amount = BigInt.asIntN(64, parsed);
    if (amount < -100n) throw new ConfigError("percentage argument must be less or equal to 100");
    return amount < 0n
      ? this.setting({ percent: Number(-amount), bytes: 0 })
      : { value: { percent: 0, bytes: Number(amount) }, text: String(amount) };
  }

  format({ percent, bytes }: MemoryShare): string {
    return percent > 0 ? `${percent}%` : String(bytes);
  }

  override lines(setting: Setting<MemoryShare>, byDefault: Setting<MemoryShare>): FileLine[] {
    const words = setting.value.percent > 0 ? setting.text : formatMemory(BigInt(setting.text));
    return [{ words, needed: setting.text !== byDefault.text }];
  }
}

/** One of several words; the value is its place among them. */
export class EnumType<Value extends number> extends DirectiveType<Value> {
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    super();
    this.#names = names;
  }

  parse([word]: readonly string[]): Setting<Value> {
    const value = this.#names.indexOf(word.toLowerCase());
    if (value < 0) {
      throw new ConfigError(
        `argument(s) must be one of the following: ${this.#names.join(", ")}`,
      );
    }
    return this.setting(value as Value);
  }

  format(value: Value): string {
    return this.#names[value];
  }
}

/** Any text. */
export class TextType extends DirectiveType<string> {
  parse([word]: readonly string[]): Setting<string> {
    // what is kept as a string can't be told from another once its bytes are replaced
    if (word.includes("\ufffd")) throw new ConfigError("argument must be UTF-8 text");
    return this.setting(word);
  }

  format(value: string): string {
    return value;
  }

  override lines(setting: Setting<string>, byDefault: Setting<string>): FileLine[] {
    return [{ words: quote(setting.text), needed: setting.text !== byDefault.text }];
  }
}

/** A text that is absent where it is empty. */
export class OptionalTextType extends TextType {
  override lines(setting: Setting<string>, byDefault: Setting<string>): FileLine[] {
    return setting.text === "" ? [] : super.lines(setting, byDefault);
  }
}

/** A directory that exists; kept as an absolute path, and stated in every file. */
export class DirectoryType extends DirectiveType<string> {
  parse([word]: readonly string[], current: string): Setting<string> {
    if (word === "") throw new ConfigError("No such file or directory");
    const path = resolve(current, word);
    let isDirectory: boolean;
    try {
      isDirectory = Deno.statSync(path).isDirectory;
    } catch (error) {
      throw new ConfigError(systemErrorText(error));
    }
    if (!isDirectory) throw new ConfigError("Not a directory");
    return this.setting(path);
  }

  format(value: string): string {
    return value;
  }

  override lines(setting: Setting<string>): FileLine[] {
    return [{ words: quote(setting.text), needed: true }];
  }
}

/** Addresses to listen on. */
export class AddressesType extends DirectiveType<readonly string[]> {
  override readonly takesWords = true;

  parse(words: readonly string[]): Setting<readonly string[]> {
    if (words.length > addressesMax) throw new ConfigError("Too many bind addresses specified.");
    return this.setting(isEmptyList(words) ? [] : [...words]);
  }

  format(value: readonly string[]): string {
    return value.join(" ");
  }

  override lines(
    setting: Setting<readonly string[]>,
    byDefault: Setting<readonly string[]>,
  ): FileLine[] {
    if (setting.text === byDefault.text) return [];
    return [{ words: setting.text || '""', needed: true }];
  }
}

/** Percentages from 0 to 100. */
export class PercentilesType extends DirectiveType<readonly number[]> {
  override readonly takesWords = true;

  parse(words: readonly string[]): Setting<readonly number[]> {
    return this.setting(
      isEmptyList(words) ? [] : words.map((word) => {
        const bytes = utf8.encode(word);
        const percentile = parseDouble(bytes, 0, bytes.length);
        if (Number.isNaN(percentile)) {
          throw new ConfigError("Invalid latency-tracking-info-percentiles parameters");
        }
        if (percentile < 0 || percentile > 100) {
          throw new ConfigError(
            "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
          );
        }
        return percentile;
      }),
    );
  }

  format(value: readonly number[]): string {
    return value.map((percentile) => formatFixed(percentile).replace(/\.?0+$/, "")).join(" ");
  }

  override lines(setting: Setting<readonly number[]>): FileLine[] {
    return [{ words: setting.text || '""', needed: true }];
  }
}

/** Limits of classes of clients: `<class> <hard> <soft> <soft seconds>`, as many times as wanted. */
export class OutputBufferLimitsType extends DirectiveType<OutputBufferLimits> {
  override readonly takesWords = true;

  parse(words: readonly string[], current: OutputBufferLimits): Setting<OutputBufferLimits> {
    if (words.length % 4 !== 0) {
      throw new ConfigError("Wrong number of arguments in buffer limit configuration.");
    }
    const limits: Record<keyof OutputBufferLimits, OutputBufferLimit> = { ...current };
    for (let i = 0; i < words.length; i += 4) {
      const clientClass = clientClasses.get(words[i].toLowerCase());
      if (!clientClass) {
        throw new ConfigError("Invalid client class specified in buffer limit configuration.");
      }
      const hard = parseMemory(words[i + 1]);
      const soft = parseMemory(words[i + 2]);
      const seconds = parseLong(words[i + 3]);
      const softSeconds = wrapInt32(seconds ?? -1n);
      if (hard === null || soft === null || softSeconds < 0) {
        throw new ConfigError(
          "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        );
      }
      limits[clientClass] = { hardBytes: toInt64(hard), softBytes: toInt64(soft), softSeconds };
    }
    return this.setting(limits);
  }

  format({ normal, replica, pubsub }: OutputBufferLimits): string {
    const text = ({ hardBytes, softBytes, softSeconds }: OutputBufferLimit) =>
      `${hardBytes} ${softBytes} ${softSeconds}`;
    return `normal ${text(normal)} slave ${text(replica)} pubsub ${text(pubsub)}`;
  }

  override lines(
    { value }: Setting<OutputBufferLimits>,
    byDefault: Setting<OutputBufferLimits>,
  ): FileLine[] {
    return (["normal", "replica", "pubsub"] as const).map((clientClass) => {
      const { hardBytes, softBytes, softSeconds } = value[clientClass];
      const usual = byDefault.value[clientClass];
      const hard = formatMemory(BigInt(hardBytes));
      const soft = formatMemory(BigInt(softBytes));
      return {
        words: `${clientClass} ${hard} ${soft} ${softSeconds}`,
        needed: hardBytes !== usual.hardBytes || softBytes !== usual.softBytes ||
          softSeconds !== usual.softSeconds,
      };
    });
  }
}

/** When to save snapshots: seconds and changes, in pairs. Lines of a file add up. */
export class SavePointsType extends DirectiveType<readonly SavePoint[]> {
  override readonly takesWords = true;

  parse(words: readonly string[]): Setting<readonly SavePoint[]> {
    if (isEmptyList(words)) return this.setting([]);
    const points: SavePoint[] = [];
    for (let i = 0; i < words.length; i += 2) {
      const seconds = parseLong(words[i]);
      const changes = i + 1 < words.length ? parseLong(words[i + 1]) : null;
      if (seconds === null || seconds < 1 || changes === null || changes < 0) {
        throw new ConfigError("Invalid save parameters");
      }
      points.push({ seconds: toInt64(seconds), changes: wrapInt32(changes) });
    }
    return this.setting(points);
  }

  override parseLine(
    words: readonly string[],
    current: readonly SavePoint[],
    byDefault: readonly SavePoint[],
  ): Setting<readonly SavePoint[]> {
    const { value } = this.parse(words);
    return this.setting(
      value.length === 0 || current === byDefault ? value : [...current, ...value],
    );
  }

  format(points: readonly SavePoint[]): string {
    return points.map(({ seconds, changes }) => `${seconds} ${changes}`).join(" ");
  }

  override lines({ value }: Setting<readonly SavePoint[]>): FileLine[] {
    if (value.length === 0) return [{ words: '""', needed: true }];
    return value.map((point) => ({ words: this.format([point]), needed: true }));
  }
}

/** How to end: `default`, or some of the options of SHUTDOWN. */
export class ShutdownOptionsType extends DirectiveType<ShutdownOptions> {
  override readonly takesWords = true;

  parse(words: readonly string[]): Setting<ShutdownOptions> {
    const given = words.map((word) => word.toLowerCase());
    if (given.length === 0 || !given.every((word) => shutdownWords.includes(word))) {
      throw new ConfigError(
        `argument(s) must be one of the following: ${shutdownWords.join(", ")}`,
      );
    }
    const [saves, savesNot, now, force] = shutdownWords.slice(1).map((word) =>
      given.includes(word)
    );
    if (saves && savesNot) {
      throw new ConfigError("shutdown options SAVE and NOSAVE can't be used simultaneously");
    }
    return this.setting({ save: saves ? true : savesNot ? false : null, now, force });
  }

  format({ save, now, force }: ShutdownOptions): string {
    const words: string[] = [];
    if (save !== null) words.push(save ? "save" : "nosave");
    if (now) words.push("now");
    if (force) words.push("force");
    return words.join(" ") || "default";
  }
}

/** The name of a file, or of a folder, in the working directory. */
export class FileNameType extends DirectiveType<string> {
  readonly #directive: string;
  readonly #kind: string;

  /** @param kind What it is the name of, in Redis' word. */
  constructor(directive: string, kind: "filename" | "dirname") {
    super();
    this.#directive = directive;
    this.#kind = kind;
  }

  parse([word]: readonly string[]): Setting<string> {
    if (word === "") throw new ConfigError(`${this.#directive} can't be empty`);
    if (/[/\\]/.test(word)) {
      throw new ConfigError(`${this.#directive} can't be a path, just a ${this.#kind}`);
    }
    return this.setting(word);
  }

  format(value: string): string {
    return value;
  }

  override lines(setting: Setting<string>, byDefault: Setting<string>): FileLine[] {
    return [{ words: quote(setting.text), needed: setting.value !== byDefault.value }];
  }
}

const shutdownWords = ["default", "save", "nosave", "now", "force"];

/** Most addresses that `bind` takes. */
const addressesMax = 16;

/** Classes of clients by the names that they are given. */
const clientClasses = new Map<string, keyof OutputBufferLimits>([
  ["normal", "normal"],
  ["slave", "replica"],
  ["replica", "replica"],
  ["pubsub", "pubsub"],
]);

const memoryUnits = new Map([
  ["", 1n],
  ["b", 1n],
  ["k", 1000n],
  ["kb", 1n << 10n],
  ["m", 1000_000n],
  ["mb", 1n << 20n],
  ["g", 1000_000_000n],
  ["gb", 1n << 30n],
]);

const uint64Max = (1n << 64n) - 1n;

/**
 * Bytes from `512mb` and the like, or null. As in Redis no digits are 0, digits beyond 64 bits are the
 * largest number of 64 bits, and the multiplication by the unit wraps.
 */
export function parseMemory(word: string): bigint | null {
  const [, digits, unit] = /^(\d{0,127})(\D*)$/.exec(cString(word)) ?? [];
  const factor = memoryUnits.get(unit?.toLowerCase() ?? "none");
  if (factor === undefined) return null;
  const count = BigInt(digits);
  return BigInt.asUintN(64, (count > uint64Max ? uint64Max : count) * factor);
}

/**
 * The integer that C's strtoll reads, the nearest there is in 64 bits, and 0 of nothing; null where something
 * is left behind it.
 */
function parseLong(word: string): bigint | null {
  const text = cString(word);
  if (!/^(\s*[+-]?\d+)?$/.test(text)) return null;
  const exact = BigInt(text.replace("+", ""));
  return exact < int64Min ? int64Min : exact > int64Max ? int64Max : exact;
}

/** What is left of an integer where Redis keeps 32 bits of it. */
function wrapInt32(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

/** What C sees of a text: no NUL, and nothing behind it. */
function cString(text: string): string {
  return text.split("\0", 1)[0];
}

/** Bytes in the largest unit that divides them. */
function formatMemory(bytes: bigint): string {
  const unit = ["gb", "mb", "kb"].find((name) =>
    bytes > 0n && bytes % memoryUnits.get(name)! === 0n
  );
  return unit ? `${bytes / memoryUnits.get(unit)!}${unit}` : String(bytes);
}

function checkBounds(value: bigint, min: bigint, max: bigint): void {
  if (value < min || value > max) {
    throw new ConfigError(`argument must be between ${min} and ${max} inclusive`);
  }
}

/** A list with nothing in it is written as one empty word. */
function isEmptyList(words: readonly string[]): boolean {
  return words.length === 0 || (words.length === 1 && words[0] === "");
}

/** Letters of the keyspace notifications that are wanted. */
export class NotifyEventsType extends DirectiveType<number> {
  parse([word]: readonly string[]): Setting<number> {
    const bits = parseNotifyLetters(word);
    if (bits === null) {
      throw new ConfigError("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
    }
    return this.setting(bits);
  }

  format(bits: number): string {
    return formatNotifyLetters(bits);
  }

  override lines(setting: Setting<number>, byDefault: Setting<number>): FileLine[] {
    return [{ words: quote(setting.text), needed: setting.value !== byDefault.value }];
  }
}
