/** Finds and starts real Redis 8.0, for the scripts that record from it or compare with it. */
import type { Target, TargetOptions } from "./player.ts";
import { untilAnswered } from "./answered.ts";
import { describeLog } from "./propagated.ts";
import { freePort } from "./free_port.ts";
import { Client } from "../../src/client/client.ts";

const connectPauseMs = 25;
const connectTriesMax = 1200;

/**
 * A program of the reference: in the folder that `REDINO_REFERENCE_BIN` names, else in that where CI
 * installs them, else whatever the PATH has.
 */
export function findReferenceProgram(name: string): string {
  const folders = [
    Deno.env.get("REDINO_REFERENCE_BIN"),
    `${Deno.env.get("HOME")}/.cache/redino-reference/bin`,
  ];
  for (const folder of folders) {
    const path = `${folder}/${name}`;
    try {
      if (folder && Deno.statSync(path).isFile) return path;
    } catch {
      // Not there; look in the next place.
    }
  }
  return name;
}

/** What has a Redis write what it propagates before it answers. */
const logArguments = [
  ...["--appendonly", "yes", "--appendfsync", "always"],
  ...["--auto-aof-rewrite-percentage", "0"],
];

/**
 * Starts a Redis on a free port, which forgets all when it stops, and keeps nothing on disk but, where
 * asked for, the log of what it propagates. It finds `files` in its folder.
 */
export async function startReferenceServer(
  serverArguments: string[] = [],
  { propagates = false, program = "redis-server" }: TargetOptions = {},
  files: Record<string, Uint8Array> = {},
): Promise<Target> {
  const directory = await Deno.makeTempDir({ prefix: "redino-reference-" });
  for (const [name, bytes] of Object.entries(files)) {
    await Deno.writeFile(`${directory}/${name}`, bytes);
  }
  const port = freePort();
  const child = new Deno.Command(findReferenceProgram(program), {
    args: [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", directory],
      ...["--save", "", "--enable-debug-command", "yes", "--logfile", "redis.log"],
      ...propagates ? logArguments : [],
      ...serverArguments,
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  let exited = false;
  child.status.then(() => exited = true);
  try {
    await untilListening(port, () => exited);
  } catch (error) {
    await Deno.remove(directory, { recursive: true });
    throw error;
  }
  const logPath = `${directory}/appendonlydir/appendonly.aof.1.incr.aof`;
  let logBytes = 0;
  return {
    port,
    // A little more than asked for, as what is due then must have happened.
    advance: (milliseconds) => sleep(milliseconds + 2),
    async takePropagated() {
      const nowMs = Date.now();
      // before it answers, what it has done is in the file
      await untilAnswered(port);
      const log = readFrom(logPath, logBytes);
      logBytes += log.length;
      return describeLog(log, nowMs);
    },
    async stop() {
      if (!exited) child.kill("SIGKILL");
      await child.status;
      await Deno.remove(directory, { recursive: true });
    },
  };
}

async function untilListening(port: number, hasExited: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < connectTriesMax && !hasExited(); attempt++) {
    try {
      (await Client.connect({ port })).close();
      return;
    } catch {
      await sleep(connectPauseMs);
    }
  }
  throw new Error(`the reference server did not start on port ${port}`);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What is in a file behind its first `offset` bytes. */
function readFrom(path: string, offset: number): Uint8Array {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(file.statSync().size - offset);
  file.seekSync(offset, Deno.SeekMode.Start);
  let read = 0;
  while (read < bytes.length) read += file.readSync(bytes.subarray(read)) ?? bytes.length;
  return bytes;
}
