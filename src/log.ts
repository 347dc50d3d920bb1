/**
 * The server's log: Redis' lines, `pid:M 23 Nov 2026 21:14:09.123 * message`, to a sink.
 *
 * Writing is synchronous, so lines keep their order and are out before the process ends; nothing on
 * the hot path logs. A log that can't be written is no reason for a server to stop: the line is lost.
 */
import type { Clock } from "./clock.ts";

/** How important a line is. */
export enum LogLevel {
  Debug,
  Verbose,
  Notice,
  Warning,
  /** As a threshold: no line at all. */
  Nothing,
}

/** Names of the levels as the directive `loglevel` has them, by `LogLevel`. */
export const logLevelNames: readonly string[] = [
  "debug",
  "verbose",
  "notice",
  "warning",
  "nothing",
];

/** Takes one line, its line end included. */
export type LogSink = (line: string) => void;

const levelMarks = ".-*#";

const monthNames = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

const encoder = new TextEncoder();

/** Writes to standard output. */
export function logToStdout(line: string): void {
  const bytes = encoder.encode(line);
  try {
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  } catch {
    // nobody reads any more, or the pipe is full
  }
}

/** Appends to the file at `path`, opened anew for every line so that it may be rotated away. */
export function logToFile(path: string): LogSink {
  return (line) => {
    try {
      Deno.writeTextFileSync(path, line, { append: true });
    } catch {
      // the disk is full, or the folder is gone
    }
  };
}

export class Log {
  /** Lines of a lower level are dropped. */
  level: LogLevel;
  readonly #clock: Clock;
  readonly #sink: LogSink;

  constructor(clock: Clock, sink: LogSink = logToStdout, level: LogLevel = LogLevel.Notice) {
    this.#clock = clock;
    this.#sink = sink;
    this.level = level;
  }

  debug(message: string): void {
    this.write(LogLevel.Debug, message);
  }

  verbose(message: string): void {
    this.write(LogLevel.Verbose, message);
  }

  notice(message: string): void {
    this.write(LogLevel.Notice, message);
  }

  warning(message: string): void {
    this.write(LogLevel.Warning, message);
  }

  write(level: LogLevel, message: string): void {
    if (level < this.level) return;
    const time = formatTime(new Date(this.#clock.nowMs()));
    this.#sink(`${Deno.pid}:M ${time} ${levelMarks[level]} ${message}\n`);
  }
}

/** `23 Nov 2026 21:14:09.123`, in local time. */
function formatTime(date: Date): string {
  const day = `${pad(date.getDate())} ${monthNames[date.getMonth()]} ${date.getFullYear()}`;
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return `${day} ${time}.${pad(date.getMilliseconds(), 3)}`;
}

function pad(value: number, digits = 2): string {
  return String(value).padStart(digits, "0");
}
