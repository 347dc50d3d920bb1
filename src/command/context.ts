/**
 * What a command handler can reach: its arguments, its reply, its client, and the server.
 *
 * One `CommandContext` lives as long as its client. `ServerContext` names the parts of the server that
 * commands work with; `server.ts` puts them together.
 */
import type { Clock } from "../clock.ts";
import type { Config, ShutdownOptions } from "../config/config.ts";
import type { Database } from "../keyspace/database.ts";
import type { Evictor } from "../keyspace/evictor.ts";
import type { Expirer } from "../keyspace/expirer.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "../log.ts";
import type { CommandStats } from "../observe/command_stats.ts";
import type { LatencyMonitor } from "../observe/latency.ts";
import type { Monitor } from "../observe/monitor.ts";
import type { ServerStats } from "../observe/server_stats.ts";
import type { SlowLog } from "../observe/slow_log.ts";
import type { PayloadReader } from "../persistence/payload_reader.ts";
import type { PayloadWriter } from "../persistence/payload_writer.ts";
import type { Persistence } from "../persistence/persistence.ts";
import type { Random } from "../random.ts";
import { Arguments } from "../resp/arguments.ts";
import type { ReplyWriter } from "../resp/reply_writer.ts";
import type { Blocking, BlockRequest } from "../session/blocking.ts";
import type { Client } from "../session/client.ts";
import type { Clients } from "../session/clients.ts";
import type { Pause } from "../session/pause.ts";
import type { PubSub } from "../session/pubsub.ts";
import type { Pushes } from "../session/pushes.ts";
import type { Tracking } from "../session/tracking.ts";
import type { WatchedKeys } from "../session/watched_keys.ts";
import type { CommandWriter } from "../persistence/command_writer.ts";
import type { Propagation } from "./propagation.ts";
import type { CommandSpec } from "./spec.ts";
import type { CommandTable } from "./table.ts";

export type { BlockRequest };

/** What runs commands inside of another one. */
export interface CommandRunner {
  /** Runs the command in `context.args`, which there is, past all gates, and writes its reply. */
  runNested(context: CommandContext): void;
  /**
   * Ends a client's wait without what it waits for: with the reply for that, or with the error `text`.
   * False where the client doesn't wait.
   */
  unblock(client: Client, text: string | null): boolean;
}

/** The parts of the server that commands work with. */
export interface ServerContext {
  readonly config: Config;
  readonly keyspace: Keyspace;
  readonly payloadReader: PayloadReader;
  readonly payloadWriter: PayloadWriter;
  readonly commands: CommandTable;
  readonly propagation: Propagation;
  readonly clients: Clients;
  readonly pushes: Pushes;
  readonly pubsub: PubSub;
  readonly tracking: Tracking;
  readonly persistence: Persistence;
  readonly pause: Pause;
  readonly watchedKeys: WatchedKeys;
  readonly blocking: Blocking;
  readonly runner: CommandRunner;
  readonly stats: ServerStats;
  readonly commandStats: CommandStats;
  readonly slowLog: SlowLog;
  readonly latency: LatencyMonitor;
  readonly monitor: Monitor;
  readonly expirer: Expirer;
  readonly evictor: Evictor;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** 40 hexadecimal digits, new at every start. */
  readonly runId: string;
  readonly startedAtMs: number;
  /** The port that is listened on, 0 for none. */
  readonly port: number;
  /** Nothing happens by the clock; for tests. Keys expire none the less. */
  isCronPaused: boolean;
  /** Bytes that count against `maxmemory`. */
  usedMemoryBytes(): number;
  /** Operations, input bytes and output bytes per second, measured over the last 1.6 seconds. */
  rates(): { operations: number; inputBytes: number; outputBytes: number };
  /** Ends the server when the running batch is over; false where data can't be saved that should be. */
  shutdown(options: ShutdownOptions): boolean;
}

export class CommandContext {
  readonly server: ServerContext;
  readonly client: Client;
  /** The request being run. */
  args: Arguments = new Arguments();
  readonly reply: ReplyWriter;
  /** The command being run. */
  command: CommandSpec | null = null;
  /** Whether the client may be made to wait: not inside of a transaction. */
  mayBlock = true;
  /** Whether its commands come from a log: they were found right before, and are not judged again. */
  isReplay = false;
  /** What the command being run waits for before it is run again, if it has asked for that. */
  postponedUntil: Promise<void> | null = null;

  constructor(server: ServerContext, client: Client) {
    this.server = server;
    this.client = client;
    this.reply = client.reply;
  }

  /** The client's selected database. */
  get database(): Database {
    return this.client.database;
  }

  /** The time that it is, also while a log is run again, when `nowMs` is before all times to live. */
  get timeMs(): number {
    return this.isReplay ? this.server.clock.nowMs() : this.server.keyspace.nowMs;
  }

  /** Says that the handler has changed the key that is argument `i`, by so many changes. */
  changed(i: number, changes = 1): void {
    const { args, database } = this;
    this.server.propagation.changed(database, args.buffer, args.starts[i], args.ends[i], changes);
  }

  /**
   * Propagates a command in place of the request, which would be propagated as it came if it changes
   * anything: `context.propagate(3)?.word("SREM").argument(args, 1).slice(member)`. The returned writer
   * takes its so many words, the name included; it is null where nobody hears of them. A handler may
   * propagate several commands, and does so behind its last lookup of a key, which may propagate a DEL.
   */
  propagate(wordCount: number): CommandWriter | null {
    return this.server.propagation.command(this.database, wordCount);
  }

  /** Has the request propagated even if it changes nothing. */
  propagateRequest(): void {
    this.server.propagation.request(this);
  }

  /** Has the request not propagated, whatever it changes. */
  propagateNothing(): void {
    this.server.propagation.nothing();
  }

  /** Says what has happened to the key that is argument `i`: an event of one `NotifyClass`. */
  notify(notifyClass: number, event: string, i: number): void {
    const { args, database } = this;
    const { propagation } = this.server;
    propagation.notify(notifyClass, event, database, args.buffer, args.starts[i], args.ends[i]);
  }

  /** Has the command, which has done nothing and replied nothing, run again when a promise resolves. */
  postpone(until: Promise<void>): void {
    this.postponedUntil = until;
  }

  /**
   * Has the client wait, when the handler returns without a reply, until one of the keys may serve the
   * command; it is run again then. Where nobody may wait, as in a transaction, it is answered at once.
   */
  block(request: BlockRequest): void {
    const { client, server } = this;
    if (!this.mayBlock) request.replyNothing(this.reply);
    // run again in vain, it keeps its places and its timeout
    else if (client.blocked !== null) client.blocked.waits = true;
    else server.blocking.add(client, this.args, request);
  }
}
