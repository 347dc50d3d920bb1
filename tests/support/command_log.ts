/** Keeps what a server propagates in one sequence, as Redis' append-only file does. */
import { encodeCommand } from "../../src/client/client.ts";
import type { CommandFeed } from "../../src/command/command_feed.ts";

export class CommandLog implements CommandFeed {
  #parts: Uint8Array[] = [];
  #database = -1;

  command(database: number, bytes: Uint8Array, start: number, end: number): void {
    if (database !== -1 && database !== this.#database) {
      this.#parts.push(encodeCommand(["SELECT", database]));
      this.#database = database;
    }
    this.#parts.push(bytes.slice(start, end));
  }

  /** What was written since it was taken last. */
  take(): Uint8Array {
    const taken = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      taken.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    return taken;
  }
}
