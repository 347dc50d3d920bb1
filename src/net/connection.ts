/**
 * One connection: reads requests, has them run, sends the replies, and ends.
 *
 * It owns the socket, the query buffer and the output queue, and holds a client to its limits. What a
 * request means is the dispatcher's business.
 */
import { othersTurn } from "../clock.ts";
import { CommandContext, type ServerContext } from "../command/context.ts";
import { type Dispatcher, Outcome } from "../command/dispatch.ts";
import { unauthenticatedOutputBytesMax, uncountedReplyBytes } from "../limits.ts";
import type { Arguments } from "../resp/arguments.ts";
import { RequestDecoder } from "../resp/decoder.ts";
import { ProtocolError, protocolError } from "../resp/errors.ts";
import { WireWriter } from "../resp/wire_writer.ts";
import { Client, type Link, ReplyMode } from "../session/client.ts";
import type { ConnectionGroup, Member } from "./connection_group.ts";
import { type OutputOwner, OutputQueue } from "./output_queue.ts";
import { requests } from "./requests.ts";
import { formatAddress, isLocal } from "./sockets.ts";

/** How far the requests that have come were run. */
enum Progress {
  Done,
  /** One of them waits, and those behind it. */
  Waiting,
  /** It is others' turn. */
  Interrupted,
}

export class Connection implements Link, Member, OutputOwner {
  readonly peer: string;
  readonly local: string;
  readonly loopback: boolean;
  readonly unix: boolean;
  readonly client: Client;
  unsent = false;
  readonly #socket: Deno.Conn;
  readonly #server: ServerContext;
  readonly #dispatcher: Dispatcher;
  readonly #decoder: RequestDecoder;
  readonly #output: OutputQueue;
  readonly #context: CommandContext;
  #netInputBytes = 0;
  /** Requests behind one that waits. */
  readonly #held: Arguments[] = [];
  readonly #group: ConnectionGroup;
  /** Whether a request of this client waits, for a key or for the end of a pause. */
  #waiting = false;
  /** Whether a reply was cut off where it grew beyond the limit. */
  #isReplyCut = false;
  #closed = false;

  constructor(
    socket: Deno.Conn,
    server: ServerContext,
    dispatcher: Dispatcher,
    group: ConnectionGroup,
  ) {
    this.#group = group;
    this.#socket = socket;
    this.#server = server;
    this.#dispatcher = dispatcher;
    this.unix = socket.remoteAddr.transport === "unix";
    this.peer = formatAddress(socket.remoteAddr, socket.localAddr);
    this.local = formatAddress(socket.localAddr, socket.localAddr);
    this.loopback = isLocal(socket.remoteAddr);
    const writer = new WireWriter(group.replies);
    const { config: { values }, keyspace, clients } = server;
    const client = new Client({
      id: clients.nextId(),
      link: this,
      reply: writer,
      database: keyspace.databases[0],
      authenticated: values.requirepass === "",
      nowMs: server.clock.nowMs(),
    });
    this.client = client;
    this.#decoder = new RequestDecoder({
      get authenticated() {
        return client.authenticated || values.requirepass === "";
      },
      get bulkBytesMax() {
        return values.protoMaxBulkLenBytes;
      },
    });
    writer.onGrown = () => this.#checkReply(writer);
    this.#output = new OutputQueue(socket, writer, server.stats, this);
    this.#context = new CommandContext(server, client);
  }

  get queryBufferBytes(): number {
    return this.#decoder.bufferBytes;
  }

  get queryPendingBytes(): number {
    return this.#decoder.unparsedBytes + this.#heldBytes();
  }

  get argumentsBytes(): number {
    const waitingBytes = this.client.blocked?.args.bytesTotal ?? 0;
    return this.#decoder.finishedArgumentsBytes + waitingBytes;
  }

  get bufferBytes(): number {
    return this.#decoder.bufferBytes + this.#heldBytes() + this.#unreadBytes();
  }

  #heldBytes(): number {
    return this.#held.reduce((sum, { buffer }) => sum + buffer.length, 0);
  }

  /** Bytes of replies that the peer is slow to take, as far as they count. */
  #unreadBytes(): number {
    const { slowBytes } = this.#output;
    return slowBytes > uncountedReplyBytes ? slowBytes : 0;
  }

  age(): void {
    this.#output.age();
  }

  get outputBytes(): number {
    return this.#output.pendingBytes;
  }

  get netInputBytes(): number {
    return this.#netInputBytes;
  }

  get netOutputBytes(): number {
    return this.#output.sentBytes;
  }

  /** Serves the client until either side ends the connection. Never rejects for what a peer does. */
  async serve(): Promise<void> {
    try {
      for await (const batch of requests(this.#socket, this.#decoder)) {
        this.#noteInput();
        if (this.#isOverQueryLimit()) break;
        // behind a request that waits the others gather
        if (this.#waiting) this.#group.flushSoon(this);
        else while (this.#run(batch)) await othersTurn();
        if (this.client.closing) break;
      }
      await this.#output.drained();
    } catch (error) {
      if (!isDisconnect(error)) throw error;
    } finally {
      this.close();
    }
  }

  /**
   * Runs the requests of a batch and sends the replies, as far as none has to wait. Returns whether there
   * are more, to be run when others have had their turn.
   */
  #run(batch: RequestDecoder): boolean {
    this.#dispatcher.beginBatch(this.client);
    let progress = Progress.Done;
    try {
      progress = this.#runHeld();
      if (progress === Progress.Done) progress = this.#runDecoded(batch);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const { client } = this;
      if (client.replyMode === ReplyMode.On) client.reply.error(protocolError(error.message));
      client.closing = true;
    }
    this.#dispatcher.endBatch(this.#context);
    this.#group.flushSoon(this);
    this.#waiting = progress === Progress.Waiting;
    return progress === Progress.Interrupted;
  }

  resume(): void {
    this.#group.flushSoon(this);
    // not now: another client's request is being run
    queueMicrotask(() => this.#goOn());
  }

  /** Runs what has come behind a request that waited. */
  #goOn(): void {
    const { client } = this;
    client.postponed = false;
    if (this.#closed || client.closing) return;
    if (this.#run(this.#decoder)) {
      // what is read in the meantime gathers behind
      this.#waiting = true;
      othersTurn().then(() => this.#goOn());
    }
    // whoever reads the requests is waiting for more
    if (client.closing) this.closeAfterReplies();
  }

  /** Says whether the requests behind the one that was run have to wait. */
  #mustWait(outcome: Outcome): boolean {
    if (outcome === Outcome.Done) return false;
    if (outcome === Outcome.Paused) {
      this.client.postponed = true;
      const until = this.#context.postponedUntil ?? this.#server.pause.ended;
      this.#context.postponedUntil = null;
      until.then(() => this.#goOn());
    }
    return true;
  }

  /** Runs what has been held back. */
  #runHeld(): Progress {
    while (this.#held.length > 0 && !this.client.closing) {
      if (this.#dispatcher.isBatchLong) return Progress.Interrupted;
      this.#context.args = this.#held[0];
      const outcome = this.#dispatcher.execute(this.#context);
      if (outcome !== Outcome.Paused) this.#held.shift();
      if (this.#mustWait(outcome)) return Progress.Waiting;
    }
    return Progress.Done;
  }

  /**
   * Runs requests, decoding several ahead so that the memory their keys are in can be fetched at once.
   * Before a client has authenticated it is one at a time: the limits of the second depend on the first.
   */
  #runDecoded(batch: RequestDecoder): Progress {
    const { client } = this;
    const { requests } = this.#group;
    while (!client.closing) {
      if (this.#dispatcher.isBatchLong) return Progress.Interrupted;
      const count = batch.decode(requests, client.authenticated ? requests.length : 1);
      if (count === 0) break;
      client.database.prefetch(requests, count);
      for (let i = 0; i < count && !client.closing; i++) {
        this.#context.args = requests[i];
        const outcome = this.#dispatcher.execute(this.#context);
        const mustWait = this.#mustWait(outcome);
        if (mustWait || this.#dispatcher.isBatchLong) {
          // others go on using `requests`, and the buffer that they are in is filled again
          for (let next = outcome === Outcome.Paused ? i : i + 1; next < count; next++) {
            this.#held.push(requests[next].copy());
          }
          return mustWait ? Progress.Waiting : Progress.Interrupted;
        }
      }
      this.#dispatcher.endRun(this.#context);
    }
    return Progress.Done;
  }

  #noteInput(): void {
    const { stats, keyspace } = this.#server;
    const received = this.#decoder.receivedBytes - this.#netInputBytes;
    this.#netInputBytes += received;
    stats.netInputBytes += received;
    stats.readsTotal++;
    this.client.lastInteractionMs = keyspace.nowMs;
  }

  /**
   * Whether the client has sent more than it may, and is to be disconnected: in one argument, for a
   * transaction, or behind a request that waits.
   */
  #isOverQueryLimit(): boolean {
    const { config, stats, log } = this.#server;
    const unread = this.#waiting ? this.queryPendingBytes : this.#decoder.unfinishedArgumentBytes;
    const queued = this.client.transaction?.bytes ?? 0;
    if (unread + queued <= config.values.clientQueryBufferLimitBytes) return false;
    stats.queryLimitDisconnects++;
    log.warning(
      `Closing client that reached max query buffer length: id=${this.client.id} addr=${this.peer}`,
    );
    return true;
  }

  #isOverOutputLimit(): boolean {
    const unreadBytes = this.#unreadBytes();
    if (unreadBytes === 0) {
      this.client.softLimitSinceMs = 0;
      return false;
    }
    const { client } = this;
    const { values } = this.#server.config;
    const isTrusted = client.authenticated || values.requirepass === "";
    if (!isTrusted && unreadBytes > unauthenticatedOutputBytesMax) return true;
    const limit = values.clientOutputBufferLimits[client.clientClass];
    if (limit.hardBytes > 0 && unreadBytes >= limit.hardBytes) return true;
    if (limit.softBytes === 0 || unreadBytes < limit.softBytes) {
      client.softLimitSinceMs = 0;
      return false;
    }
    const { nowMs } = this.#server.keyspace;
    if (client.softLimitSinceMs === 0) client.softLimitSinceMs = nowMs;
    return nowMs - client.softLimitSinceMs > limit.softSeconds * 1000;
  }

  get replyBytes(): number {
    return this.#output.writtenBytes;
  }

  flush(releasedBytes?: number): void {
    this.#limitOutput();
    if (this.#closed) return;
    this.#output.flush(releasedBytes);
    this.#server.clients.noteMemory(this.client);
  }

  flushSoon(): void {
    this.#group.flushSoon(this);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.client.closing = true;
    this.#server.clients.remove(this.client);
    this.#server.watchedKeys.unwatch(this.client);
    this.#server.blocking.remove(this.client);
    this.#server.pubsub.unsubscribeAll(this.client);
    this.#server.tracking.disable(this.client);
    try {
      this.#socket.close();
    } catch {
      // already closed by the runtime after an error
    }
  }

  async closeAfterReplies(): Promise<void> {
    this.client.closing = true;
    this.#group.flushSoon(this);
    await this.#output.drained();
    this.close();
  }

  /**
   * Has a reply that grows beyond what its client may have go no further: without that, a command could
   * fill all memory while nothing can be sent.
   */
  #checkReply(writer: WireWriter): void {
    // `flush` ends the connection when the command has returned
    if (!this.#isOverOutputLimit()) return;
    this.#isReplyCut = true;
    this.client.closing = true;
    writer.abandon();
  }

  /**
   * Disconnects a client whose unread replies are more than its class may have: as in Redis, before any of
   * the last one is sent.
   */
  #limitOutput(): void {
    if (this.#closed || !(this.#isReplyCut || this.#isOverOutputLimit())) return;
    this.#server.stats.outputLimitDisconnects++;
    this.#server.log.warning(
      `Client id=${this.client.id} addr=${this.peer} closed for overcoming of output buffer limits.`,
    );
    this.close();
  }
}

/** Errors by which the runtime says that the peer, or we, ended the connection. */
function isDisconnect(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.TimedOut;
}
