import { assertEquals, assertMatch } from "@std/assert";
import { ManualClock } from "../src/clock.ts";
import { Log, LogLevel, logToFile } from "../src/log.ts";

Deno.test("A log line has Redis' form", () => {
  const lines: string[] = [];
  const clock = new ManualClock(new Date(2026, 10, 3, 4, 5, 6, 7).getTime());
  const log = new Log(clock, (line) => lines.push(line), LogLevel.Debug);
  log.debug("a");
  log.verbose("b");
  log.notice("c");
  log.warning("d");
  assertEquals(
    lines,
    [". a", "- b", "* c", "# d"].map((end) => `${Deno.pid}:M 03 Nov 2026 04:05:06.007 ${end}\n`),
  );
});

Deno.test("A log drops what is below its level", () => {
  const lines: string[] = [];
  const log = new Log(new ManualClock(), (line) => lines.push(line));
  log.verbose("dropped");
  log.notice("kept");
  log.level = LogLevel.Nothing;
  log.warning("dropped");
  assertEquals(lines.length, 1);
  assertMatch(lines[0], /\* kept\n$/);
});

Deno.test("A log file may be rotated away", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const log = new Log(new ManualClock(), logToFile(`${folder}/a.log`));
    log.notice("one");
    Deno.renameSync(`${folder}/a.log`, `${folder}/b.log`);
    log.notice("two");
    assertMatch(Deno.readTextFileSync(`${folder}/b.log`), /one\n$/);
    assertMatch(Deno.readTextFileSync(`${folder}/a.log`), /two\n$/);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
