/** The file that says which process is the server, while it runs (`pidfile`). */
import type { Config } from "../config/config.ts";
import type { Log } from "../log.ts";
import { systemErrorText } from "../system_error.ts";

export class PidFile {
  readonly #path: string;
  readonly #log: Log;

  /** Writes the file that `config` names, if any; a server that can't write it runs without it. */
  static write(config: Config, log: Log): PidFile | null {
    if (config.values.pidfile === "") return null;
    const path = config.resolvePath(config.values.pidfile);
    try {
      Deno.writeTextFileSync(path, `${Deno.pid}\n`);
      return new PidFile(path, log);
    } catch (error) {
      log.warning(`Failed to write PID file: ${systemErrorText(error)}`);
      return null;
    }
  }

  private constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  remove(): void {
    this.#log.notice("Removing the pid file.");
    try {
      Deno.removeSync(this.#path);
    } catch {
      // somebody was faster
    }
  }
}
