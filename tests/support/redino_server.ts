/** Starts redino in this process on a free port, with a clock that the test moves. */
import { ManualClock } from "../../src/clock.ts";
import { parseServerArguments } from "../../src/cli/server_arguments.ts";
import { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/loader.ts";
import { Server } from "../../src/server.ts";
import type { Target, TargetOptions } from "./player.ts";
import { untilAnswered } from "./answered.ts";
import { CommandLog } from "./command_log.ts";
import { describeLog } from "./propagated.ts";

/** Time moves in steps, so that what one timer sets off can set off the next. */
const clockStepsMax = 20;

export async function startRedino(
  serverArguments: string[] = [],
  { propagates = false }: TargetOptions = {},
): Promise<Target> {
  const directory = await Deno.makeTempDir({ prefix: "redino-test-" });
  const clock = new ManualClock(Date.now());
  const config = configFrom(directory, serverArguments);
  const server = new Server({ clock, config, port: 0 });
  const log = new CommandLog();
  if (propagates) server.propagation.feed = log;
  await server.start();
  return {
    get port() {
      return server.port;
    },
    async advance(milliseconds) {
      const stepMs = Math.ceil(milliseconds / clockStepsMax);
      for (let passed = 0; passed < milliseconds; passed += stepMs) {
        clock.advance(Math.min(stepMs, milliseconds - passed));
        await nextTurn();
      }
    },
    async takePropagated() {
      await untilAnswered(server.port);
      return describeLog(log.take(), clock.nowMs());
    },
    async stop() {
      await server.stop();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** The configuration that the reference server is started with, too. */
function configFrom(directory: string, serverArguments: string[]): Config {
  const config = new Config(directory);
  const parsed = parseServerArguments([
    ...["--bind", "127.0.0.1", "--save", "", "--enable-debug-command", "yes"],
    ...serverArguments,
  ]);
  if (parsed.kind === "start") loadConfig(config, { options: parsed.options });
  return config;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
