/** Finding, starting, observing and ending the servers that are compared. */

import { delay } from "@std/async/delay";
import { freePort } from "../../tests/support/free_port.ts";
import { startFlags } from "../start_flags.ts";
import { type CpuTimes, parseProcessStat, parseResidentBytes } from "./figures.ts";
import { WireConnection } from "./wire.ts";

/** How to start a server: the port comes on top. */
export interface ServerProgram {
  /** Short, and unique among the servers compared: `redino`, `Redis`, `Valkey`. */
  name: string;
  /** What it is run from, where there is a choice. */
  form?: string;
  command: string;
  args: string[];
}

/** Long enough to load what is saved in a benchmark. */
const startTimeoutMs = 120_000;
const stopTimeoutMs = 10_000;
const logCharsKept = 4_000;

/** Nothing is to be written to disk while requests are counted. */
const withoutPersistence = ["--save", "", "--appendonly", "no"];

/** redino on this Deno, from its source or bundled, with the permissions of `deno task start`. */
export function redinoOnDeno(form: "source" | "bundle"): ServerProgram {
  const entry = form === "source" ? "main.ts" : "dist/redino.js";
  const [config, main] = ["deno.json", entry].map((name) =>
    decodeURIComponent(new URL(`../../${name}`, import.meta.url).pathname)
  );
  return {
    name: "redino",
    form: `${form} on Deno ${Deno.version.deno}`,
    command: Deno.execPath(),
    args: ["run", "--config", config, ...startFlags(), main, ...withoutPersistence],
  };
}

export async function redinoFromBinary(path: string): Promise<ServerProgram> {
  const command = await Deno.realPath(path);
  return { name: "redino", form: "binary", command, args: withoutPersistence };
}

export async function referenceServer(name: "Redis" | "Valkey"): Promise<ServerProgram> {
  const command = await findReferenceProgram(`${name.toLowerCase()}-server`);
  return { name, command, args: withoutPersistence };
}

/**
 * The path of a program of the reference distribution: in the folder that REDINO_REFERENCE_BIN names,
 * else on the PATH, else where the project's CI installs it.
 */
export async function findReferenceProgram(program: string): Promise<string> {
  const folders = [
    Deno.env.get("REDINO_REFERENCE_BIN"),
    ...(Deno.env.get("PATH") ?? "").split(":"),
    `${Deno.env.get("HOME")}/.cache/redino-reference/bin`,
  ];
  for (const folder of folders) {
    if (!folder) continue;
    const path = `${folder}/${program}`;
    const info = await Deno.stat(path).catch(() => undefined);
    if (info?.isFile) return path;
  }
  throw new Error(
    `${program} was not found: install it, or name its folder in REDINO_REFERENCE_BIN`,
  );
}

/** A server process on a free port of this machine, in a temporary folder of its own. */
export class RunningServer implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** From the start of the process to the first PONG. */
  startupMs = NaN;
  #process: Deno.ChildProcess;
  #ownFolder?: string;
  #log = "";
  #exited = false;

  private constructor(name: string, port: number, process: Deno.ChildProcess, ownFolder?: string) {
    this.name = name;
    this.port = port;
    this.#process = process;
    this.#ownFolder = ownFolder;
  }

  /** `keptFolder`: where its files are, to stay there; without it in a folder that goes with it. */
  static async start(program: ServerProgram, keptFolder?: string): Promise<RunningServer> {
    const folder = keptFolder ?? await Deno.makeTempDir({ prefix: "redino-benchmark-" });
    const port = freePort();
    const startedAtMs = performance.now();
    const process = new Deno.Command(program.command, {
      args: [...program.args, "--port", String(port), "--bind", "127.0.0.1"],
      cwd: folder,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const server = new RunningServer(program.name, port, process, keptFolder ? undefined : folder);
    server.#observe();
    try {
      await server.#firstPong(startedAtMs + startTimeoutMs);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    server.startupMs = performance.now() - startedAtMs;
    return server;
  }

  /** The end of what the server has said. */
  get log(): string {
    return this.#log;
  }

  /** Undefined where there is no /proc. */
  async cpuSeconds(): Promise<number | undefined> {
    return (await cpuTimes(this.#process.pid))?.ownSeconds;
  }

  /** Undefined where there is no /proc. */
  async residentBytes(): Promise<number | undefined> {
    const status = await readProcessFile(this.#process.pid, "status");
    return status === undefined ? undefined : parseResidentBytes(status);
  }

  /** The server's name and its own version, as INFO tells it. */
  async version(): Promise<string> {
    using connection = await WireConnection.connect(this.port);
    const info = await connection.request("INFO", "server");
    const version = info.match(new RegExp(`^${this.name.toLowerCase()}_version:(.*)$`, "m"))?.[1];
    return `${this.name} ${version?.trim() ?? "of unknown version"}`;
  }

  /** Ends the process, by force when it does not end when asked, and removes the folder it had. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal("SIGTERM");
    const force = setTimeout(() => this.#signal("SIGKILL"), stopTimeoutMs);
    await this.#process.status;
    clearTimeout(force);
    if (this.#ownFolder !== undefined) await Deno.remove(this.#ownFolder, { recursive: true });
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch {
      // It has ended by itself, which is all that is wanted here.
    }
  }

  /** Keeps the end of what the server says, and notes its end. */
  #observe(): void {
    const keepLog = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
      const decoder = new TextDecoder();
      for await (const chunk of stream) {
        this.#log = (this.#log + decoder.decode(chunk, { stream: true })).slice(-logCharsKept);
      }
    };
    const { stdout, stderr, status } = this.#process;
    Promise.allSettled([keepLog(stdout), keepLog(stderr), status]).then(() => {
      this.#exited = true;
    });
  }

  async #firstPong(deadlineMs: number): Promise<void> {
    while (!await answersPing(this.port)) {
      if (this.#exited) throw new Error(`${this.name} did not start:\n${this.#log}`);
      if (performance.now() > deadlineMs) {
        throw new Error(`${this.name} did not answer within ${startTimeoutMs} ms:\n${this.#log}`);
      }
      await delay(1);
    }
  }
}

/** Runs `body` with one server of each program, and ends them whatever happens. */
export async function withServers<T>(
  programs: readonly ServerProgram[],
  body: (servers: RunningServer[]) => Promise<T>,
): Promise<T> {
  const servers: RunningServer[] = [];
  try {
    for (const program of programs) servers.push(await RunningServer.start(program));
    return await body(servers);
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]();
  }
}

/** Undefined where there is no /proc. */
export async function cpuTimes(processId: number): Promise<CpuTimes | undefined> {
  const stat = await readProcessFile(processId, "stat");
  return stat === undefined ? undefined : parseProcessStat(stat);
}

/**
 * Read through `cat`, since Deno lets a program read /proc only with all permissions. Its own
 * millisecond of CPU counts as an ended child's, a tenth of one per cent of the shortest real run.
 */
async function readProcessFile(processId: number, file: string): Promise<string | undefined> {
  const cat = new Deno.Command("cat", { args: [`/proc/${processId}/${file}`], stderr: "null" });
  const output = await cat.output().catch(() => undefined);
  return output?.success ? new TextDecoder().decode(output.stdout) : undefined;
}

async function answersPing(port: number): Promise<boolean> {
  try {
    using connection = await WireConnection.connect(port);
    return await connection.request("PING") === "PONG";
  } catch {
    return false;
  }
}
