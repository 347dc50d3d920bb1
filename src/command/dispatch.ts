/**
 * Running one request: the gates that it must pass, in order, then its handler, then the books.
 *
 * Redis reads its clock around every command. Reading it costs this process about 60 ns, a fifth of what
 * a GET takes, so consecutive calls of one fast command in a batch are timed as one run and share its
 * duration equally, as long as they have few arguments and a short reply. Everything else is timed
 * alone, and so is every command as soon as somebody asks for less than a millisecond: a slow log
 * threshold below that, or the latency monitor.
 */
import { invariant } from "../assert.ts";
import { HeapFullError } from "../memory/heap.ts";
import { clientSliceUs, unknownCommandArgumentsShownMax } from "../limits.ts";
import { ProtectedAction } from "../config/values.ts";
import { Arguments } from "../resp/arguments.ts";
import {
  CommandError,
  debugNotAllowed,
  errors,
  notWhileSubscribed,
  transactionAborted,
  unknownCommand,
  unknownSubcommand,
  wrongArity,
} from "../resp/errors.ts";
import type { AwaitedKey, BlockedClient } from "../session/blocking.ts";
import { type Client, ReplyMode } from "../session/client.ts";
import type { Transaction } from "../session/transaction.ts";
import { CommandContext, type CommandRunner, type ServerContext } from "./context.ts";
import { findKeys } from "./keys.ts";
import { typeOf } from "../values/record.ts";
import { CommandFlag, type CommandSpec, hasArity } from "./spec.ts";

/** A slow log threshold below this has every command timed alone, in microseconds. */
const preciseThresholdUs = 1000;

/** A call with more arguments, or a longer reply in bytes, ends the run that it is timed in. */
const runArgumentsMax = 16;
const runReplyBytesMax = 1024;

/** What became of a request. */
export enum Outcome {
  Done,
  /** Nothing was done: it is to be run again when `pause.ended` or `postponedUntil` resolves. */
  Paused,
  /** It has no reply yet: the client's next one is to be run when `Link.resume` says so. */
  Blocked,
}

/** Commands that a transaction under way does not queue but runs. */
const runInMulti: readonly string[] = ["discard", "exec", "multi", "quit", "reset", "watch"];

export class Dispatcher implements CommandRunner {
  readonly #server: ServerContext;
  /** The run being timed: its command, its calls so far, and when it began. */
  #runSpec: CommandSpec | null = null;
  #runCalls = 0;
  #runStartUs = 0;
  #batchStartUs = 0;
  /** The arguments of its last call. */
  #runArgs = new Arguments();
  /** Whether a transaction queues a command, by the command's id. */
  readonly #queuedInMulti: Uint8Array;
  /** Whether each command is timed in runs, by the command's id. */
  readonly #timedInRuns: Uint8Array;

  constructor(server: ServerContext) {
    this.#server = server;
    this.#timedInRuns = Uint8Array.from(
      server.commands.all,
      ({ complexity, flags }) => {
        const isFast = (flags & CommandFlag.FAST) !== 0 || complexity?.startsWith("O(1)");
        return isFast && (flags & CommandFlag.BLOCKING) === 0 ? 1 : 0;
      },
    );
    this.#queuedInMulti = Uint8Array.from(
      server.commands.all,
      (spec) => runInMulti.includes(spec.fullName) ? 0 : 1,
    );
  }

  /** Begins a batch of requests: the moment that all of them see. */
  beginBatch(client: Client): void {
    this.#server.pushes.running = client;
    this.#lookAtClock();
  }

  #lookAtClock(): void {
    const { clock, keyspace } = this.#server;
    const nowMs = clock.nowMs();
    if (nowMs !== keyspace.nowMs) keyspace.setNow(nowMs);
    this.#batchStartUs = this.#runStartUs = clock.monotonicUs();
  }

  /** Whether this batch has had its time, as far as is known without a look at the clock. */
  get isBatchLong(): boolean {
    return this.#runStartUs - this.#batchStartUs > clientSliceUs;
  }

  /** Books what has been run, before the arguments of it are used again. */
  endRun(context: CommandContext): void {
    if (this.#runSpec !== null) this.#closeRun(context);
  }

  /** Ends a batch: has what is now due expire in time. */
  endBatch(context: CommandContext): void {
    this.endRun(context);
    this.#server.pushes.running = null;
    this.#server.expirer.schedule();
  }

  /** Runs the request in `context.args`; its reply is written, or it is kept for later. */
  execute(context: CommandContext): Outcome {
    const { client, args } = context;
    const spec = this.#server.commands.lookup(args);
    client.lastCommandName = spec === null ? null : spec.fullName;
    if (spec === null && isWebRequest(args)) {
      this.#server.log.warning(
        `Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to redino. Connection from ${client.link.peer} aborted.`,
      );
      client.link.close();
      return Outcome.Done;
    }
    if (spec === null || !hasArity(spec, args.count)) {
      this.#refuse(context, spec, spec ? wrongArity(spec.fullName) : this.#describeUnknown(args));
      return Outcome.Done;
    }
    if (!client.authenticated && this.#mustAuthenticate(spec)) {
      this.#refuse(context, spec, errors.authenticationRequired);
      return Outcome.Done;
    }
    const refusal = this.#gate(spec, client);
    if (refusal !== null) {
      this.#refuse(context, spec, refusal);
      return Outcome.Done;
    }
    if (this.#server.pause.active && this.#mustPause(spec, client)) return Outcome.Paused;
    if (client.transaction !== null && this.#queuedInMulti[spec.id] === 1) {
      this.#queue(context, client.transaction, spec);
      return Outcome.Done;
    }
    this.#call(context, spec);
    if (context.postponedUntil !== null) return Outcome.Paused;
    if (this.#server.pushes.pending) this.#server.pushes.release();
    this.#feedMonitors(context, spec);
    if (this.#server.blocking.readyCount > 0) {
      this.endRun(context);
      this.serveReady();
    }
    return client.blocked === null ? Outcome.Done : Outcome.Blocked;
  }

  /**
   * Has the clients that wait for keys that are ready now run their commands again. In a pause, when
   * it has ended.
   */
  serveReady(): void {
    const { blocking, pause } = this.#server;
    if (blocking.readyCount === 0) return;
    if (pause.active) {
      pause.ended.then(() => this.serveReady());
      return;
    }
    this.#lookAtClock();
    // serving a client may make more keys ready: they come last
    for (let key = blocking.takeReady(); key !== null; key = blocking.takeReady()) this.#serve(key);
  }

  /** Has those who wait for a key try, in order, while it can serve them. */
  #serve(awaited: AwaitedKey): void {
    const { database, key, queue } = awaited;
    let left = queue.size;
    for (const blocked of queue) {
      // one that comes to the queue in the meantime has just tried
      if (left-- === 0) return;
      if (blocked.client.closing) continue;
      const record = database.find(key, 0, key.length);
      if (record === 0 && awaited.endingCount === 0) return;
      const fits = record !== 0 && typeOf(database.heap, record) === blocked.type;
      if (fits || blocked.endsWithKey) this.#runAgain(blocked);
    }
  }

  /** Runs the command of a client that waits; it waits no more, unless the command asks for it again. */
  #runAgain(blocked: BlockedClient): void {
    const { client } = blocked;
    const context = new CommandContext(this.#server, client);
    context.args = blocked.args;
    const spec = this.#server.commands.lookup(blocked.args);
    invariant(spec !== null, "a command that waits has been looked up before");
    const { pushes } = this.#server;
    const { running } = pushes;
    pushes.running = client;
    blocked.waits = false;
    const refusal = this.#gate(spec, client);
    if (refusal !== null) this.#refuse(context, spec, refusal);
    else this.#call(context, spec);
    pushes.release();
    pushes.running = running;
    if (!blocked.waits) this.#endWait(client);
  }

  unblock(client: Client, text: string | null): boolean {
    const { blocked } = client;
    if (blocked === null) return false;
    const { commands, commandStats, stats } = this.#server;
    const { id } = commands.lookup(blocked.args)!;
    const mark = client.reply.pendingBytes;
    if (text === null) {
      blocked.replyNothing(client.reply);
    } else {
      client.reply.error(text);
      stats.countError(text);
      commandStats.failed[id]++;
    }
    if (client.replyMode !== ReplyMode.On) silence(client, mark);
    client.commandsTotal++;
    stats.commandsTotal++;
    commandStats.record(id, 1, blocked.runUs);
    this.#endWait(client);
    return true;
  }

  #endWait(client: Client): void {
    this.#server.blocking.remove(client);
    client.lastInteractionMs = this.#server.keyspace.nowMs;
    client.link.resume();
  }

  runNested(context: CommandContext): void {
    const spec = this.#server.commands.lookup(context.args);
    invariant(spec !== null, "a nested command has been looked up before");
    const runSpec = this.#runSpec;
    const runCalls = this.#runCalls;
    const runStartUs = this.#runStartUs;
    const runArgs = this.#runArgs;
    this.#runSpec = null;
    this.#runCalls = 0;
    this.#runStartUs = this.#server.clock.monotonicUs();
    this.#call(context, spec);
    this.endRun(context);
    this.#feedMonitors(context, spec);
    this.#runSpec = runSpec;
    this.#runCalls = runCalls;
    this.#runStartUs = runStartUs;
    this.#runArgs = runArgs;
  }

  /** Keeps a command for EXEC. */
  #queue(context: CommandContext, transaction: Transaction, spec: CommandSpec): void {
    const { client } = context;
    const mark = client.reply.pendingBytes;
    transaction.add(context.args, spec.flags);
    client.reply.simpleString("QUEUED");
    if (client.replyMode !== ReplyMode.On) silence(client, mark);
  }

  /** Only when the command has run: SELECT is shown in the database that it selected. */
  #feedMonitors(context: CommandContext, spec: CommandSpec): void {
    const unmonitored = CommandFlag.SKIP_MONITOR | CommandFlag.ADMIN;
    if (this.#server.monitor.active && (spec.flags & unmonitored) === 0) {
      this.#server.monitor.feed(context.client, context.args);
    }
  }

  /** What keeps an authenticated client from a command that exists, or null. */
  #gate(spec: CommandSpec, client: Client): string | null {
    const { config: { values }, evictor, keyspace, persistence, pushes } = this.#server;
    if ((spec.flags & CommandFlag.PROTECTED) !== 0) {
      const allowed = values.enableDebugCommand;
      const may = allowed === ProtectedAction.Yes ||
        (allowed === ProtectedAction.Local && client.link.loopback);
      if (!may) return debugNotAllowed;
    }
    const { transaction } = client;
    if (client.subscriptions !== null && !this.#mayRunSubscribed(spec, client)) {
      return notWhileSubscribed(spec.fullName);
    }
    if (transaction !== null && (spec.flags & CommandFlag.NO_MULTI) !== 0) {
      return errors.notInMulti;
    }
    if (persistence.loading !== null && (spec.flags & CommandFlag.LOADING) === 0) {
      return errors.loading;
    }
    const flags = flagsOf(spec, client);
    let hasRoom = !keyspace.heap.isLow;
    if (values.maxmemoryBytes > 0) {
      hasRoom = evictor.makeRoom() && hasRoom;
      // that keys have gone is told before the reply
      if (pushes.pending) pushes.release();
    }
    if (!hasRoom && (flags & CommandFlag.DENYOOM) !== 0) return errors.outOfMemory;
    const isRefused = (flags & CommandFlag.WRITE) !== 0 || spec.fullName === "ping";
    return isRefused ? persistence.refusal : null;
  }

  /** In RESP2 a message can't be told from a reply, so a subscriber asks for little else. */
  #mayRunSubscribed(spec: CommandSpec, client: Client): boolean {
    return client.reply.protocol === 3 || repliesWithPushes(spec) ||
      spec.fullName === "ping" || spec.fullName === "quit" || spec.fullName === "reset";
  }

  /** Whether a command is only for those who have logged in. */
  #mustAuthenticate(spec: CommandSpec): boolean {
    // a password that was taken away is asked of nobody
    return (spec.flags & CommandFlag.NO_AUTH) === 0 &&
      this.#server.config.values.requirepass !== "";
  }

  /** Whether a pause under way holds this command back; as in Redis, even CLIENT UNPAUSE. */
  #mustPause(spec: CommandSpec, client: Client): boolean {
    return !this.#server.pause.writesOnly ||
      (flagsOf(spec, client) & (CommandFlag.WRITE | CommandFlag.MAY_REPLICATE)) !== 0;
  }

  #call(context: CommandContext, spec: CommandSpec): void {
    const server = this.#server;
    const { client } = context;
    if (spec !== this.#runSpec) {
      if (this.#runSpec !== null) this.#closeRun(context);
      this.#runSpec = spec;
    }
    this.#runCalls++;
    this.#runArgs = context.args;
    server.keyspace.touchDisabled = client.noTouch;
    server.keyspace.untoldRecord = 0;
    context.command = spec;
    client.commandsTotal++;
    server.stats.commandsTotal++;
    const mark = client.reply.pendingBytes;
    const isFed = server.propagation.feed !== null;
    if (isFed) server.propagation.begin();
    try {
      spec.handler(context);
    } catch (error) {
      this.#failed(context, spec, mark, error);
    }
    if (isFed) server.propagation.end(context);
    if (client.blocked !== null && client.blocked.waits) return this.#suspendRun(client.blocked);
    if (client.tracking !== null) this.#track(context, spec);
    if (client.replyMode !== ReplyMode.On) {
      silence(client, repliesWithPushes(spec) ? client.reply.pendingBytes : mark);
    }
    const isShort = context.args.count <= runArgumentsMax &&
      client.reply.pendingBytes - mark <= runReplyBytesMax;
    if (!isShort || this.#timedInRuns[spec.id] === 0 || this.#isPrecise()) this.#closeRun(context);
  }

  /** Remembers what a client that tracks keys has read. */
  #track({ args, client, mayBlock }: CommandContext, spec: CommandSpec): void {
    const { READONLY, PUBSUB } = CommandFlag;
    const { tracking } = this.#server;
    if (client.tracking!.remembers && (spec.flags & (READONLY | PUBSUB)) === READONLY) {
      for (const i of findKeys(spec, args).positions) {
        tracking.remember(client, args.buffer, args.starts[i], args.ends[i]);
      }
      tracking.limitKeys();
    }
    // CLIENT CACHING is about the one request, or transaction, that follows
    const isOver = client.transaction === null && mayBlock;
    if (isOver && !spec.fullName.startsWith("client|")) client.tracking!.caching = false;
  }

  #isPrecise(): boolean {
    const { values } = this.#server.config;
    return (values.slowlogLogSlowerThanUs >= 0 &&
      values.slowlogLogSlowerThanUs < preciseThresholdUs) ||
      values.latencyMonitorThresholdMs > 0;
  }

  /** The command has only begun: it is booked, without the time that its client waits, when it ends. */
  #suspendRun(blocked: BlockedClient): void {
    const nowUs = this.#server.clock.monotonicUs();
    blocked.runUs += Math.max(0, nowUs - this.#runStartUs);
    blocked.client.commandsTotal--;
    this.#server.stats.commandsTotal--;
    this.#runStartUs = nowUs;
    this.#runCalls = 0;
    this.#runSpec = null;
  }

  /** Books the run: its calls share its duration. */
  #closeRun(context: CommandContext): void {
    const { clock, commandStats, config: { values }, keyspace, latency, slowLog } = this.#server;
    const spec = this.#runSpec!;
    const nowUs = clock.monotonicUs();
    const waitedRunUs = context.client.blocked?.runUs ?? 0;
    const runUs = Math.max(0, nowUs - this.#runStartUs) + waitedRunUs;
    const durationUs = runUs / this.#runCalls;
    commandStats.record(spec.id, this.#runCalls, runUs);
    this.#runStartUs = nowUs;
    this.#runCalls = 0;
    this.#runSpec = null;
    const threshold = values.slowlogLogSlowerThanUs;
    if (
      threshold >= 0 && durationUs >= threshold && (spec.flags & CommandFlag.SKIP_SLOWLOG) === 0
    ) {
      slowLog.note(context.client, this.#runArgs, Math.floor(durationUs), keyspace.nowMs);
    }
    if (
      values.latencyMonitorThresholdMs > 0 && durationUs >= values.latencyMonitorThresholdMs * 1000
    ) {
      const event = (spec.flags & CommandFlag.FAST) !== 0 ? "fast-command" : "command";
      latency.note(event, Math.floor(durationUs / 1000), keyspace.nowMs);
    }
  }

  /** A handler threw: a client's mistake is its reply; anything else is ours, and ends the process. */
  #failed(context: CommandContext, spec: CommandSpec, mark: number, error: unknown): void {
    const text = error instanceof CommandError
      ? error.message
      : error instanceof HeapFullError
      ? errors.outOfMemory
      : null;
    if (text === null) throw error;
    const isWrite = (spec.flags & CommandFlag.WRITE) !== 0;
    if (error instanceof HeapFullError && isWrite) this.#server.persistence.aof.renew();
    this.#server.keyspace.takeBack();
    context.client.reply.rewind(mark);
    this.#replyError(context, text);
    this.#server.commandStats.failed[spec.id]++;
  }

  /** Answers a request that never reached its handler. */
  #refuse(context: CommandContext, spec: CommandSpec | null, text: string): void {
    const { client } = context;
    const mark = client.reply.pendingBytes;
    if (spec !== null) this.#server.commandStats.rejected[spec.id]++;
    if (spec?.fullName === "exec") {
      // what keeps EXEC from running ends the transaction
      client.transaction = null;
      this.#server.watchedKeys.unwatch(client);
      text = transactionAborted(text);
    } else if (client.transaction !== null) {
      client.transaction.refused = true;
    }
    this.#replyError(context, text);
    if (client.replyMode !== ReplyMode.On) silence(client, mark);
  }

  #replyError(context: CommandContext, text: string): void {
    context.client.reply.error(text);
    this.#server.stats.countError(text);
  }

  #describeUnknown(args: Arguments): string {
    const container = this.#server.commands.lookupContainer(args);
    const shownMax = unknownCommandArgumentsShownMax;
    if (container !== null) {
      return unknownSubcommand(args.cString(1, shownMax), container.name.toUpperCase());
    }
    let list = "";
    for (let i = 1; i < args.count && list.length < shownMax; i++) {
      list += `'${args.cString(i, shownMax - list.length)}' `;
    }
    return unknownCommand(args.cString(0, shownMax), list);
  }
}

/** The flags of a command; EXEC has those of what it will run. */
function flagsOf(spec: CommandSpec, { transaction }: Client): number {
  return transaction !== null && spec.fullName === "exec"
    ? spec.flags | transaction.flags
    : spec.flags;
}

/** Whether the request is a line of HTTP: a web page made a browser talk to this port. */
function isWebRequest(args: Arguments): boolean {
  return args.is(0, "POST") || args.is(0, "HOST:");
}

/** Whether it is one of SUBSCRIBE, UNSUBSCRIBE and their variants, whose replies nobody can decline. */
function repliesWithPushes(spec: CommandSpec): boolean {
  const { PUBSUB, NOSCRIPT } = CommandFlag;
  return (spec.flags & PUBSUB) !== 0 && (spec.flags & NOSCRIPT) !== 0;
}

/** Takes back what a command wrote for a client that wants no replies. */
function silence(client: Client, mark: number): void {
  if (client.replyMode === ReplyMode.SkipNext) {
    client.replyMode = ReplyMode.Skip;
    client.reply.rewind(mark);
    return;
  }
  client.reply.rewind(mark);
  if (client.replyMode === ReplyMode.Skip) client.replyMode = ReplyMode.On;
}
