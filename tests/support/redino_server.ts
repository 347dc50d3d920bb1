/** Starts redino in this process on a free port, with a clock that the test moves. */
import { ManualClock } from "../../src/clock.ts";
import { Server } from "../../src/mod.ts";
import type { Target } from "./player.ts";

/** Two turns of the event loop per step are enough for what a timer has set off to reach a socket. */
const clockStepMs = 10;

export async function startRedino(serverArguments: string[] = []): Promise<Target> {
  const directory = await Deno.makeTempDir({ prefix: "redino-test-" });
  const clock = new ManualClock(Date.now());
  const server = new Server({ port: 0, clock, directory, arguments: serverArguments });
  await server.start();
  return {
    get port() {
      return server.port;
    },
    async advance(milliseconds) {
      for (let passed = 0; passed < milliseconds; passed += clockStepMs) {
        clock.advance(Math.min(clockStepMs, milliseconds - passed));
        await nextTurn();
      }
    },
    async stop() {
      await server.stop();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
