import { assertEquals } from "@std/assert";
import { PidFile } from "../../src/cli/pid_file.ts";
import { ManualClock } from "../../src/clock.ts";
import { configFrom, keptLog } from "../net/support.ts";

Deno.test("the pid file is there while the server runs, and the log says when it goes", async () => {
  const directory = await Deno.makeTempDir({ prefix: "redino-test-" });
  const logged: string[] = [];
  const log = keptLog(new ManualClock(1), logged);
  try {
    const file = PidFile.write(configFrom(directory, ["pidfile redino.pid"]), log)!;
    assertEquals(Deno.readTextFileSync(`${directory}/redino.pid`), `${Deno.pid}\n`);
    file.remove();
    assertEquals([...Deno.readDirSync(directory)], []);
    assertEquals(logged, ["* Removing the pid file."]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a server without a place for its pid file runs without one", async () => {
  const directory = await Deno.makeTempDir({ prefix: "redino-test-" });
  const logged: string[] = [];
  const log = keptLog(new ManualClock(1), logged);
  try {
    const config = configFrom(directory, ["pidfile missing/redino.pid"]);
    assertEquals(PidFile.write(config, log), null);
    assertEquals(logged, ["# Failed to write PID file: No such file or directory"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
