/**
 * The flags of the `start` task: the one place that says what redino may do. The compiled
 * executable and the benchmark take them from here, so that no copy can grow more permissions.
 *
 * Those for V8 let its compiler inline more: a request goes through some twenty small functions, and with
 * V8's own limits (460, 920 and 4600 bytes of bytecode) a tenth of what it takes are calls between them.
 */

import project from "../deno.json" with { type: "json" };

/** The flags between `deno run` and `main.ts` in a task's command, e.g. `["--allow-net"]`. */
export function startFlags(task: string = project.tasks.start): string[] {
  const match = /^deno run((?: --[^ ]+)*) main\.ts$/.exec(task);
  if (match === null) throw new Error(`cannot tell redino's permissions from the task "${task}"`);
  const flags = match[1].split(" ").slice(1);
  if (flags.includes("--allow-all")) throw new Error("the start task asks for every permission");
  return flags;
}
