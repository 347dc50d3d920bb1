/**
 * The command line of the server, as redis-server has it: `[file] [--directive value …] [-]`. It is
 * only taken apart here; the options become lines of a configuration, which `config/loader.ts` reads
 * behind those of the file.
 */
import { parseArgs } from "@std/cli/parse-args";
import { quote, splitWords } from "../config/words.ts";

/** What the command line asks for. */
export type ServerArguments =
  | { readonly kind: "version" | "help" | "testMemory" | "checkSystem" }
  | {
    readonly kind: "start";
    /** Path of the configuration file, if one is named. */
    readonly file: string | null;
    /** Whether configuration is to be read from standard input, too. */
    readonly readsStdin: boolean;
    /** Lines of configuration; undefined without any argument. */
    readonly options: string | undefined;
  };

export const usage = `Usage: redino [/path/to/redis.conf] [options] [-]
       redino - (read config from stdin)
       redino -v or --version
       redino -h or --help

Examples:
       redino (run the server with default conf)
       echo 'maxmemory 128mb' | redino -
       redino /etc/redis/6379.conf
       redino --port 7777
       redino /etc/myredis.conf --loglevel verbose -
`;

/** Takes the command line apart; it refuses nothing. */
export function parseServerArguments(args: readonly string[]): ServerArguments {
  // as in redis-server, these count only in the first place
  const flags = parseArgs(args.slice(0, 1), {
    boolean: ["version", "help", "test-memory", "check-system"],
    alias: { version: "v", help: "h" },
  });
  if (flags.version) return { kind: "version" };
  if (flags.help) return { kind: "help" };
  if (flags["test-memory"]) return { kind: "testMemory" };
  if (flags["check-system"]) return { kind: "checkSystem" };

  const file = args.length > 0 && !args[0].startsWith("-") ? args[0] : null;
  const rest = file === null ? args : args.slice(1);
  const isStdin = (i: number) => {
    const first = file === null && i === 0;
    return rest[i] === "-" && (first || i === rest.length - 1);
  };
  return {
    kind: "start",
    file,
    readsStdin: rest.some((_, i) => isStdin(i)),
    options: args.length > 0 ? toLines(rest.filter((_, i) => !isStdin(i))) : undefined,
  };
}

/**
 * Lines of configuration from `--name value …`. A word that begins with `--` is a name unless it
 * follows a name directly: then it is its value, so that `--requirepass --secret` works.
 */
function toLines(words: readonly string[]): string {
  let text = "";
  let nameNeedsValue = false;
  words.forEach((word, i) => {
    if (nameNeedsValue || !word.startsWith("--")) {
      text += quote(word) + " ";
      nameNeedsValue = false;
      return;
    }
    if (text !== "") text += "\n";
    text += word.slice(2) + " ";
    // `--port 7777` may also come as one word
    nameNeedsValue = splitWords(word)?.length === 1;
    const next = words.at(i + 1);
    if (word.toLowerCase() === "--save" && (next === undefined || next.startsWith("--"))) {
      // what a program writes that joins an empty list
      text += '""';
      nameNeedsValue = false;
    }
  });
  return text;
}
