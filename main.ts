/**
 * The executable: reads the command line and the configuration, starts a server, and ends when it is
 * told to. Everything that a server does is in `src/`.
 */
import { toText } from "@std/streams/to-text";
import { parseServerArguments, type ServerArguments, usage } from "./src/cli/server_arguments.ts";
import { PidFile } from "./src/cli/pid_file.ts";
import { SystemClock } from "./src/clock.ts";
import { Config } from "./src/config/config.ts";
import { ConfigFileError, loadConfig } from "./src/config/loader.ts";
import { Log, logToFile, logToStdout } from "./src/log.ts";
import { Server } from "./src/server.ts";
import { redinoVersion, redisVersion } from "./src/version.ts";

const clock = new SystemClock();

/** Does what the command line asks for; the result is the exit code. */
async function main(args: ServerArguments): Promise<number> {
  switch (args.kind) {
    case "version":
      console.log(
        `Redis server v=${redisVersion} redino=${redinoVersion} deno=${Deno.version.deno} bits=64`,
      );
      return 0;
    case "help":
      console.error(usage);
      return 1;
    case "testMemory":
    case "checkSystem":
      console.error("redino can neither test memory nor check the system.");
      return 1;
    case "start":
      return await serve(args);
  }
}

/** Runs a server until it is told to end. */
async function serve(args: ServerArguments & { kind: "start" }): Promise<number> {
  const config = new Config();
  loadConfig(config, {
    file: args.file,
    stdin: args.readsStdin ? await toText(Deno.stdin.readable) : undefined,
    options: args.options,
  });
  const log = openLog(config);
  log.notice("oO0OoO0OoO0Oo redino is starting oO0OoO0OoO0Oo");
  log.notice(
    `redino version=${redinoVersion}, Redis version=${redisVersion}, ` +
      `Deno version=${Deno.version.deno}, pid=${Deno.pid}, just started`,
  );
  if (args.options !== undefined) log.notice("Configuration loaded");
  else {
    log.warning(
      "Warning: no config file specified, using the default config. " +
        "In order to specify a config file use redino /path/to/redis.conf",
    );
  }
  const server = new Server({ config, clock, log });
  endOnSignals(server, log);
  try {
    await server.start();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // the log says what failed
    if (config.values.logfile !== "") console.error(error.message);
    return 1;
  }
  // only now: one that could not start must not take the file of one that runs
  const pidFile = PidFile.write(config, log);
  const exitCode = await server.stopped;
  pidFile?.remove();
  return exitCode;
}

function openLog(config: Config): Log {
  const { values } = config;
  const sink = values.logfile === "" ? logToStdout : logToFile(config.resolvePath(values.logfile));
  return new Log(clock, sink, values.loglevel);
}

/** Ends the server at the first signal that asks for it, and the process at the second SIGINT. */
function endOnSignals(server: Server, log: Log): void {
  const windows = Deno.build.os === "windows";
  let asked = false;
  for (const signal of windows ? ["SIGINT", "SIGBREAK"] as const : ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      if (asked && signal === "SIGINT") {
        log.warning("You insist... exiting now.");
        Deno.exit(1);
      }
      const isLoading = server.persistence.loading !== null;
      const what = isLoading ? "shutdown signal during loading," : signal;
      log.warning(`Received ${what} scheduling shutdown${isLoading ? "." : "..."}`);
      const { shutdownOnSigint, shutdownOnSigterm } = server.config.values;
      asked = server.shutdown(signal === "SIGTERM" ? shutdownOnSigterm : shutdownOnSigint);
    });
  }
  // a terminal that closes does not end a server
  if (!windows) Deno.addSignalListener("SIGHUP", () => {});
}

if (import.meta.main) {
  try {
    Deno.exit(await main(parseServerArguments(Deno.args)));
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
