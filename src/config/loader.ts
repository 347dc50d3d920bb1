/**
 * Reads a configuration: the file, standard input and the command line's options, in this order, the
 * later overruling the earlier; `include` reads further files in place.
 */
import { basename, dirname, join } from "node:path";
import { systemErrorText } from "../system_error.ts";
import { redisVersion } from "../version.ts";
import { type Config, ConfigError } from "./config.ts";
import { isGlob, matchesGlob, splitWords } from "./words.ts";

/** Why the server can't start with this configuration; the message is for standard error. */
export class ConfigFileError extends Error {
  override name = "ConfigFileError";
}

/** Deepest nesting of `include`; a file that includes itself would never end. */
const includeDepthMax = 16;

/** What a configuration is read from. */
export interface ConfigSources {
  /** Path of the configuration file. */
  readonly file?: string | null;
  /** Text read from standard input. */
  readonly stdin?: string;
  /** Lines made of the command line's options. */
  readonly options?: string;
}

/** Reads `sources` into `config`. Throws `ConfigFileError`. */
export function loadConfig(config: Config, sources: ConfigSources): void {
  let text = "";
  if (sources.file) {
    config.file = config.resolvePath(sources.file);
    text = readConfigFile(config.file);
  }
  if (sources.stdin !== undefined) text += sources.stdin;
  if (sources.options !== undefined) text += "\n" + sources.options;
  loadText(config, text, 0);
  checkLogFile(config);
}

function loadText(config: Config, text: string, depth: number): void {
  text.split("\n").forEach((untrimmed, i) => {
    const line = untrimmed.replace(/^[ \t\r]+|[ \t\r]+$/g, "");
    if (line === "" || line.startsWith("#")) return;
    try {
      loadLine(config, line, depth);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw fatal(
        `Reading the configuration file, at line ${i + 1}\n>>> '${line}'\n${error.message}`,
      );
    }
  });
}

function loadLine(config: Config, line: string, depth: number): void {
  const all = splitWords(line);
  if (!all) throw new ConfigError("Unbalanced quotes in configuration line");
  if (all.length === 0) return;
  const [name, ...words] = all;
  if (name.toLowerCase() === "include" && words.length === 1) {
    include(config, words[0], depth + 1);
    return;
  }
  // one word may hold them all: --bind "127.0.0.1 ::1"
  const list = words.length === 1 && words[0] !== "" && config.takesWords(name)
    ? splitWords(words[0]) ?? []
    : words;
  if (!config.load(name, list)) {
    throw new ConfigError("Bad directive or wrong number of arguments");
  }
}

function include(config: Config, pattern: string, depth: number): void {
  if (depth > includeDepthMax) throw new ConfigError("Too many nested includes");
  for (const path of expandGlob(config.resolvePath(pattern))) {
    loadText(config, readConfigFile(path), depth);
  }
}

/** The files that a path with wildcards names, sorted; a path without any is itself. */
function expandGlob(path: string): string[] {
  if (!isGlob(path)) return [path];
  const parent = dirname(path);
  const pattern = basename(path);
  return expandGlob(parent).flatMap((folder) =>
    listFolder(folder)
      .filter((name) => name.startsWith(".") === pattern.startsWith("."))
      .filter((name) => matchesGlob(pattern, name, false))
      .sort()
      .map((name) => join(folder, name))
  );
}

/** Names in a folder; none where it can't be read, as a wildcard may match nothing. */
function listFolder(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].map(({ name }) => name);
  } catch {
    return [];
  }
}

function readConfigFile(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new ConfigFileError(
      `Fatal error, can't open config file '${path}': ${systemErrorText(error)}`,
    );
  }
}

/** A log file that can't be written would go unnoticed later. */
function checkLogFile(config: Config): void {
  const { logfile } = config.values;
  if (logfile === "") return;
  try {
    Deno.openSync(config.resolvePath(logfile), { append: true, create: true }).close();
  } catch (error) {
    throw fatal(`Can't open the log file: ${systemErrorText(error)}`);
  }
}

function fatal(details: string): ConfigFileError {
  return new ConfigFileError(
    `\n*** FATAL CONFIG FILE ERROR (Redis ${redisVersion}) ***\n${details}`,
  );
}
