/**
 * One client as the server knows it: who it is, what it may do, and the state that its commands change.
 *
 * It does not know what a socket is: the connection that carries it is reached through `Link`.
 */
import type { Database } from "../keyspace/database.ts";
import type { WireWriter } from "../resp/wire_writer.ts";
import type { Subscriptions } from "./pubsub.ts";
import type { BlockedClient } from "./blocking.ts";
import type { TrackingState } from "./tracking.ts";
import type { Transaction } from "./transaction.ts";

/** What a client's connection can be asked and told. */
export interface Link {
  /** `address:port` of the peer, `path:0` for a Unix socket. */
  readonly peer: string;
  /** `address:port` that was connected to. */
  readonly local: string;
  /** Whether the peer is on this machine. */
  readonly loopback: boolean;
  /** Whether the connection came by a Unix socket. */
  readonly unix: boolean;
  /** Size of the query buffer, in bytes. */
  readonly queryBufferBytes: number;
  /** Bytes received and not yet understood … */
  readonly queryPendingBytes: number;
  /** … and those of the arguments before them, of a request that is not complete or waits. */
  readonly argumentsBytes: number;
  /** Bytes of all buffers: for requests, for those of them that wait, and for replies. */
  readonly bufferBytes: number;
  /** Replies written by commands and not yet accepted by the system, in bytes. */
  readonly outputBytes: number;
  /** To be called ten times a second: tells replies that the peer is slow to take from those just sent. */
  age(): void;
  readonly netInputBytes: number;
  readonly netOutputBytes: number;
  /** Sends what the reply writer holds, at the end of this turn of the event loop. */
  flushSoon(): void;
  /** Sends what was written in answer to a request that waited, and goes on with the next one, soon. */
  resume(): void;
  /** Ends the connection at once. */
  close(): void;
  /** Ends the connection when the replies written so far have been sent; no more requests are run. */
  closeAfterReplies(): Promise<void>;
}

/** What CLIENT REPLY asked for. */
export enum ReplyMode {
  On,
  Off,
  /** The reply of the next command is kept back … */
  SkipNext,
  /** … and this is that command. */
  Skip,
}

/** Classes of clients, by which CLIENT KILL and `client-output-buffer-limit` tell them apart. */
export type ClientClass = "normal" | "pubsub";

export class Client {
  readonly id: number;
  readonly link: Link;
  readonly reply: WireWriter;
  database: Database;
  /** Whether it has logged in, or came when that was not necessary. */
  authenticated: boolean;
  name = "";
  libraryName = "";
  libraryVersion = "";
  readonly createdAtMs: number;
  lastInteractionMs: number;
  /** The full name of the last command that was run; null before the first. */
  lastCommandName: string | null = null;
  commandsTotal = 0;
  replyMode = ReplyMode.On;
  noEvict = false;
  noTouch = false;
  monitoring = false;
  /** What it listens to; null where that is nothing. */
  subscriptions: Subscriptions | null = null;
  /** Its tracking of keys; null while that is off. */
  tracking: TrackingState | null = null;
  /** Between MULTI and EXEC: what waits. */
  transaction: Transaction | null = null;
  /** Whether a key that it watches has changed: its next EXEC does nothing. */
  watchedChanged = false;
  /** The connection's `netOutputBytes` when the cron last looked. */
  netOutputBytesSeen = 0;
  /** What it took of memory when `Clients` last looked, in bytes. */
  memoryBytes = 0;
  /** What the keys that it watches take. */
  watchedBytes = 0;
  /** Since when the output has been over its soft limit, or 0. */
  softLimitSinceMs = 0;
  /** Runs no more requests, and ends when its replies have been sent. */
  closing = false;
  /** What it waits for, if it waits for a key. */
  blocked: BlockedClient | null = null;
  /** Whether requests of this client wait for a pause to end. */
  postponed = false;

  constructor(
    options: {
      id: number;
      link: Link;
      reply: WireWriter;
      database: Database;
      authenticated: boolean;
      nowMs: number;
    },
  ) {
    this.id = options.id;
    this.link = options.link;
    this.reply = options.reply;
    this.database = options.database;
    this.authenticated = options.authenticated;
    this.createdAtMs = options.nowMs;
    this.lastInteractionMs = options.nowMs;
  }

  get clientClass(): ClientClass {
    return this.subscriptions === null ? "normal" : "pubsub";
  }
}
