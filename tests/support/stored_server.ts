/** A server whose files are on a simulated disk, and whose time the test moves. */
import { Client } from "../../src/client/client.ts";
import { ManualClock, othersTurn } from "../../src/clock.ts";
import { Server } from "../../src/server.ts";
import { configFrom, keptLog } from "../net/support.ts";
import type { SimulatedStorage } from "./simulated_storage.ts";

/** Where the files are. */
export const dataFolder = "/data";

const startMs = Date.UTC(2026, 0, 1);

const stepMs = 500;

export class StoredServer implements AsyncDisposable {
  readonly server: Server;
  readonly clock: ManualClock;
  readonly storage: SimulatedStorage;
  /** The lines logged so far, without time and process. */
  readonly logged: string[];
  /** Resolves when the server has its data. */
  readonly started: Promise<void>;
  readonly #clients: Client[] = [];

  private constructor(storage: SimulatedStorage, clock: ManualClock, lines: readonly string[]) {
    this.storage = storage;
    this.clock = clock;
    this.logged = [];
    const config = configFrom(dataFolder, ["bind 127.0.0.1", ...lines]);
    const log = keptLog(clock, this.logged);
    this.server = new Server({ clock, config, port: 0, log, storage });
    this.started = this.server.start();
  }

  /**
   * Starts a server with these files, configured with `lines`.
   *
   * @throws {LoadError}
   */
  static async start(
    storage: SimulatedStorage,
    lines: readonly string[],
    clock: ManualClock = new ManualClock(startMs),
  ): Promise<StoredServer> {
    const stored = StoredServer.begin(storage, lines, clock);
    await stored.started;
    return stored;
  }

  /** Starts a server that takes clients while it loads its data. */
  static begin(
    storage: SimulatedStorage,
    lines: readonly string[],
    clock: ManualClock = new ManualClock(startMs),
  ): StoredServer {
    return new StoredServer(storage, clock, lines);
  }

  /** A client that is closed with the server. */
  async connect(): Promise<Client> {
    const client = await Client.connect({ port: this.server.port });
    this.#clients.push(client);
    return client;
  }

  /** Moves time on in steps, so that what one sets off can set off the next. */
  async advance(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += stepMs) {
      this.clock.advance(stepMs);
      await turns(3);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.server.stop();
  }
}

/** Lets the event loop turn so many times. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await othersTurn();
}
