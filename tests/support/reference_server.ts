/** Finds and starts real Redis 8.0, for the scripts that record from it or compare with it. */
import type { Target } from "./player.ts";
import { Client } from "../../src/client/client.ts";

/**
 * The folder or PATH name of the reference server: `REDINO_REFERENCE_BIN` (a folder), else the folder
 * where CI installs it, else whatever the PATH has.
 */
function findReferenceServer(): string {
  const folders = [
    Deno.env.get("REDINO_REFERENCE_BIN"),
    `${Deno.env.get("HOME")}/.cache/redino-reference/bin`,
  ];
  for (const folder of folders) {
    const path = `${folder}/redis-server`;
    try {
      if (folder && Deno.statSync(path).isFile) return path;
    } catch {
      // Not there; look in the next place.
    }
  }
  return "redis-server";
}

/** Starts a Redis on a free port, which keeps nothing on disk and forgets all when it stops. */
export async function startReferenceServer(serverArguments: string[] = []): Promise<Target> {
  const directory = await Deno.makeTempDir({ prefix: "redino-reference-" });
  const port = freePort();
  const child = new Deno.Command(findReferenceServer(), {
    args: [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", directory],
      ...["--save", "", "--enable-debug-command", "yes", "--logfile", "redis.log"],
      ...serverArguments,
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  let exited = false;
  child.status.then(() => exited = true);
  await untilListening(port, () => exited);
  return {
    port,
    // A little more than asked for, as what is due then must have happened.
    advance: (milliseconds) => sleep(milliseconds + 2),
    async stop() {
      if (!exited) child.kill("SIGKILL");
      await child.status;
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** A port on which nobody listens; somebody else may take it before it is used. */
export function freePort(): number {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close();
  return port;
}

async function untilListening(port: number, hasExited: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 200 && !hasExited(); attempt++) {
    try {
      (await Client.connect({ port })).close();
      return;
    } catch {
      await sleep(25);
    }
  }
  throw new Error(`the reference server did not start on port ${port}`);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
