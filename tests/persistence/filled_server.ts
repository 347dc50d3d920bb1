/** A server that commands have given its data, for tests that write it elsewhere. */
import { ManualClock } from "../../src/clock.ts";
import { Client } from "../../src/client/client.ts";
import type { Database } from "../../src/keyspace/database.ts";
import { Server } from "../../src/server.ts";
import { splitWords } from "../support/escape.ts";
import { find } from "../keyspace/support.ts";

export class FilledServer {
  readonly clock: ManualClock;
  readonly server: Server;
  #client: Client | null = null;

  constructor(nowMs = Date.UTC(2026, 0, 1)) {
    this.clock = new ManualClock(nowMs);
    this.server = new Server({ port: 0, clock: this.clock });
  }

  get database(): Database {
    return this.server.keyspace.databases[0];
  }

  /** Runs commands, in the quoting of transcripts; gives the bytes of the last reply if it has any. */
  async run(...lines: string[]): Promise<Uint8Array> {
    if (this.#client === null) {
      await this.server.start();
      this.#client = await Client.connect({ port: this.server.port });
    }
    let bytes = new Uint8Array(0);
    for (const line of lines) {
      const reply = await this.#client.send(splitWords(line));
      if (reply.kind === "error") throw new Error(`${line}: ${reply.text}`);
      if (reply.kind === "bulk") bytes = reply.bytes.slice();
    }
    return bytes;
  }

  /** The record of a key of database 0. */
  record(key: string): number {
    return find(this.database, key);
  }

  async stop(): Promise<void> {
    this.#client?.close();
    await this.server.stop();
  }
}

/** Runs `test` with a server that lives as long. */
export async function withFilledServer(
  test: (filled: FilledServer) => void | Promise<void>,
  nowMs?: number,
): Promise<void> {
  const filled = new FilledServer(nowMs);
  try {
    await test(filled);
  } finally {
    await filled.stop();
  }
}
