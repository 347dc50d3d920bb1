/** A redino of this source as a process of its own, with a log, to be ended as no test could end itself. */
import { delay } from "@std/async/delay";
import { Client, ConnectionClosedError } from "../../src/client/client.ts";
import { run } from "../net/support.ts";
import { freePort } from "../support/free_port.ts";

const connectPauseMs = 20;
const connectTriesMax = 1000;

const source = new URL("../../", import.meta.url).pathname;

/** A server process, and the connections to it. */
export class ServerProcess implements AsyncDisposable {
  readonly port: number = freePort();
  readonly #process: Deno.ChildProcess;

  /** `options` come last, and so count. */
  constructor(folder: string, appendfsync: string, options: readonly string[] = []) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--no-lock", "--allow-net", "--allow-read", "--allow-write"],
        ...["--allow-sys=osRelease,systemMemoryInfo", `${source}main.ts`],
        ...["--port", String(this.port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
        ...["--appendonly", "yes", "--appendfsync", appendfsync, "--logfile", "server.log"],
        ...options,
      ],
      stdout: "null",
      stderr: "inherit",
    }).spawn();
  }

  /** Connects as soon as the server has its data. */
  async connect(): Promise<Client> {
    for (let attempt = 0; attempt < connectTriesMax; attempt++) {
      try {
        const client = await Client.connect({ port: this.port });
        if (await run(client, "PING") === "PONG") return client;
        client.close();
      } catch (error) {
        const isEarly = error instanceof Deno.errors.ConnectionRefused ||
          error instanceof ConnectionClosedError;
        if (!isEarly) throw error;
      }
      await delay(connectPauseMs);
    }
    throw new Error("the server does not come up");
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.kill();
    } catch (error) {
      // it has ended by itself, or was killed before
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
