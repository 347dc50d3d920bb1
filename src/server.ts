/**
 * The composition root: puts the parts of a server together, starts and stops them, and runs the few
 * things that happen by the clock. All knowledge of which part talks to which is here.
 */
import { deadline } from "@std/async";
import { type CancelTimer, type Clock, othersTurn, SystemClock } from "./clock.ts";
import type { CommandRunner, ServerContext } from "./command/context.ts";
import { Dispatcher } from "./command/dispatch.ts";
import { LogRunner } from "./command/log_runner.ts";
import { Propagation } from "./command/propagation.ts";
import { commandGroups } from "./command/specs/groups.ts";
import { CommandTable } from "./command/table.ts";
import { commandHandlers } from "./commands/all.ts";
import { Config, ConfigError, MaxmemoryPolicy, type ShutdownOptions } from "./config/config.ts";
import { Evictor } from "./keyspace/evictor.ts";
import { Expirer } from "./keyspace/expirer.ts";
import { Keyspace } from "./keyspace/keyspace.ts";
import { Log } from "./log.ts";
import { refusalOf, refuse } from "./net/admission.ts";
import { Connection } from "./net/connection.ts";
import { ConnectionGroup } from "./net/connection_group.ts";
import { Listeners } from "./net/listeners.ts";
import { setSocketOptions } from "./net/sockets.ts";
import { CommandStats } from "./observe/command_stats.ts";
import { LatencyMonitor } from "./observe/latency.ts";
import { Monitor } from "./observe/monitor.ts";
import { Rates } from "./observe/rates.ts";
import { ServerStats } from "./observe/server_stats.ts";
import { SlowLog } from "./observe/slow_log.ts";
import { PayloadReader } from "./persistence/payload_reader.ts";
import { PayloadWriter } from "./persistence/payload_writer.ts";
import { AofState } from "./persistence/aof.ts";
import { LoadError } from "./persistence/loader.ts";
import { Persistence } from "./persistence/persistence.ts";
import { type Random, randomBytes, SeededRandom } from "./random.ts";
import type { Client } from "./session/client.ts";
import { Blocking } from "./session/blocking.ts";
import { ClientEvictor } from "./session/client_evictor.ts";
import { Clients } from "./session/clients.ts";
import { PubSub } from "./session/pubsub.ts";
import { Pushes } from "./session/pushes.ts";
import { Pause } from "./session/pause.ts";
import { Tracking } from "./session/tracking.ts";
import { WatchedKeys } from "./session/watched_keys.ts";
import { DiskStorage, type Storage, StorageError } from "./storage.ts";

/** How often the server looks after itself, in milliseconds. */
const cronIntervalMs = 100;

/** A server that ends waits as long as its clients read, and so many times: then for nobody. */
const farewellMs = 500;
const farewellsMax = 20;

/** A lower `maxmemory` at start is taken for a slip. */
const maxmemoryBytesUsual = 1024 * 1024;

/** What an embedding application says about its server. */
export interface ServerOptions {
  /**
   * TCP port on 127.0.0.1, 0 for any free one. Default: what `config` says (where 0 is none), or 6379.
   */
  port?: number;
  /** Where time comes from. Default: the machine. */
  clock?: Clock;
  /**
   * Folder of the files that the server reads and writes; a snapshot there is loaded at start. Default: the
   * process's, from which nothing is loaded.
   */
  directory?: string;
  /** A whole configuration, for a server with more to say than the options above. */
  config?: Config;
  /** Where log lines go. Default: nowhere; the executable passes standard output or a file. */
  log?: Log;
  /** Where files are. Default: the disks of this machine. */
  storage?: Storage;
}

/**
 * A Redis-compatible server in this process.
 *
 * @example
 * ```ts
 * import { Server } from "@redino/redino";
 *
 * const server = new Server({ port: 0 });
 * await server.start();
 * console.log(`redis://127.0.0.1:${server.port}`);
 * await server.stop();
 * ```
 */
export class Server implements ServerContext {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly runId: string;
  readonly startedAtMs: number;
  readonly commands: CommandTable;
  readonly stats: ServerStats = new ServerStats();
  readonly commandStats: CommandStats;
  readonly slowLog: SlowLog;
  readonly latency: LatencyMonitor;
  readonly clients: Clients = new Clients();
  readonly monitor: Monitor;
  readonly pushes: Pushes = new Pushes();
  readonly pubsub: PubSub = new PubSub(this.pushes);
  readonly tracking: Tracking;
  readonly persistence: Persistence;
  readonly pause: Pause;
  readonly watchedKeys: WatchedKeys = new WatchedKeys();
  readonly blocking: Blocking;
  readonly propagation: Propagation;
  readonly keyspace: Keyspace;
  readonly payloadReader: PayloadReader;
  readonly payloadWriter: PayloadWriter;
  readonly expirer: Expirer;
  readonly evictor: Evictor;
  /** Resolves with the process's exit code when the server has stopped, whoever asked for it. */
  readonly stopped: Promise<number>;

  isCronPaused = false;

  readonly #dispatcher: Dispatcher;
  readonly #clientEvictor: ClientEvictor;
  readonly #connections: ConnectionGroup;
  readonly #rates: Rates;
  readonly #resolveStopped: (exitCode: number) => void;
  readonly #listeners: Listeners;
  readonly #takesAnyPort: boolean;
  readonly #loadsData: boolean;
  #cancelCron: CancelTimer | null = null;
  #exitCode = 0;
  #state: "new" | "running" | "stopped" = "new";
  /** Tells the latency monitor of what took as long as it asks for. */
  readonly #noteLatency = (event: string, durationUs: number): void => {
    const thresholdMs = this.config.values.latencyMonitorThresholdMs;
    if (thresholdMs === 0 || durationUs < thresholdMs * 1000) return;
    this.latency.note(event, durationUs / 1000, this.clock.nowMs());
  };

  constructor(options: ServerOptions = {}) {
    this.config = options.config ?? new Config(options.directory);
    const { values } = this.config;
    this.#takesAnyPort = options.port === 0;
    if (options.port !== undefined) this.config.load("port", [String(options.port)]);
    if (options.config === undefined) {
      this.config.load("bind", ["127.0.0.1"]);
      this.config.load("save", [""]);
    }
    this.#loadsData = options.config !== undefined || options.directory !== undefined;
    this.clock = options.clock ?? new SystemClock();
    this.log = options.log ?? new Log(this.clock, () => {});
    const seed = new Uint32Array(randomBytes(12).buffer);
    this.random = new SeededRandom(seed[2]);
    this.runId = [...randomBytes(20)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    this.startedAtMs = this.clock.nowMs();
    this.commands = new CommandTable(commandGroups, commandHandlers);
    this.commandStats = new CommandStats(this.commands.all.length, values);
    this.slowLog = new SlowLog(values);
    this.latency = new LatencyMonitor();
    this.monitor = new Monitor(this.clients, this.clock);
    this.pause = new Pause(this.clock);
    this.blocking = new Blocking(this.clock, {
      keysReady: () => queueMicrotask(() => this.#dispatcher.serveReady()),
      timedOut: (client) => this.#dispatcher.unblock(client, null),
    });
    this.tracking = new Tracking(this.clients, this.pushes, values);
    this.propagation = new Propagation(
      values,
      this.pubsub,
      this.stats,
      this.watchedKeys,
      this.blocking,
      this.tracking,
    );
    this.keyspace = new Keyspace({
      databaseCount: values.databases,
      nowMs: this.startedAtMs,
      hashSeed: seed,
      random: this.random,
      events: this.propagation,
      limits: values,
    });
    this.stats.usedMemoryStartupBytes = this.usedMemoryBytes();
    this.payloadReader = new PayloadReader(this.keyspace);
    this.payloadWriter = new PayloadWriter(this.keyspace);
    this.persistence = new Persistence(
      {
        ...{ keyspace: this.keyspace, values, clock: this.clock, log: this.log, stats: this.stats },
        storage: options.storage ?? new DiskStorage(),
        resolvePath: (path) => this.config.resolvePath(path),
        ...{ skipsChecksum: false, functions: [], noteLatency: this.#noteLatency },
      },
      new LogRunner(this),
      (message) => this.#crash(message),
    );
    this.expirer = new Expirer(this.keyspace, this.clock, this.#noteLatency);
    const usedBytes = () => this.usedMemoryBytes();
    this.evictor = new Evictor(this.keyspace, values, this.clock, usedBytes, this.#noteLatency);
    this.#clientEvictor = new ClientEvictor(this.clients, values, this.stats, this.log);
    this.#connections = new ConnectionGroup(this.persistence, () => this.#clientEvictor.limit());
    this.#rates = new Rates(this.stats);
    this.#dispatcher = new Dispatcher(this);
    const { promise, resolve } = Promise.withResolvers<number>();
    this.stopped = promise;
    this.#resolveStopped = resolve;
    this.#listeners = new Listeners((socket) => this.#accept(socket), this.clock, this.log);
    this.#applyPolicy();
    this.#followConfig();
  }

  /** The TCP port listened on, 0 for none. */
  get port(): number {
    return this.#listeners.port;
  }

  get runner(): CommandRunner {
    return this.#dispatcher;
  }

  /**
   * Starts to listen; when it resolves, clients can connect.
   *
   * @throws {Deno.errors.AddrInUse} Somebody else listens on the port. Nothing is left open.
   * @throws {LoadError} Data on the disk is no good. Nothing is left open.
   */
  async start(): Promise<void> {
    if (this.#state !== "new") throw new Error("A server is started once, before it is stopped");
    try {
      this.#listen();
    } catch (error) {
      await this.#listeners.close();
      throw error;
    }
    this.#state = "running";
    this.log.notice("Server initialized");
    if (this.#loadsData && !await this.#load()) return;
    this.expirer.start();
    this.#cron();
    const { maxmemoryBytes, unixsocket } = this.config.values;
    if (this.port !== 0) this.log.notice("Ready to accept connections tcp");
    if (unixsocket !== "") this.log.notice("Ready to accept connections unix");
    if (maxmemoryBytes > 0 && maxmemoryBytes < maxmemoryBytesUsual) {
      this.log.warning(
        "WARNING: You specified a maxmemory value that is less than 1MB (current value is " +
          `${maxmemoryBytes} bytes). Are you sure this is what you really want?`,
      );
    }
  }

  /**
   * Stops listening, sends what replies are due, and ends all connections; may be called again. Data is
   * saved where there are save points.
   */
  async stop(): Promise<void> {
    if (this.#state === "running") this.#save({ save: null, now: false, force: true });
    this.#end(0);
    await this.stopped;
  }

  usedMemoryBytes(): number {
    return this.keyspace.heap.usedBytes + this.clients.memoryBytes;
  }

  rates(): { operations: number; inputBytes: number; outputBytes: number } {
    return this.#rates.perSecond();
  }

  shutdown(options: ShutdownOptions): boolean {
    this.log.notice("User requested shutdown...");
    if (!this.#save(options) && !options.force) {
      this.log.warning(
        "Errors trying to shut down the server. Check the logs for more information.",
      );
      return false;
    }
    // nobody's next command is run, and the batch that this one is in comes to its end first
    for (const client of this.clients) client.closing = true;
    queueMicrotask(() => this.#end(0));
    return true;
  }

  /** Loads what there is; clients are told to wait meanwhile. False if the end came first. */
  async #load(): Promise<boolean> {
    const turn = async () => {
      await othersTurn();
      return this.#state === "running";
    };
    try {
      if (!await this.persistence.start(turn)) return false;
    } catch (error) {
      if (error instanceof LoadError) this.log.warning(error.message);
      await this.#end(1);
      throw error;
    }
    if (this.config.values.appendonly) this.#feedLog();
    return true;
  }

  /** Has the log hear of changes, or nobody. */
  #feedLog(): void {
    this.propagation.feed = this.config.values.appendonly ? this.persistence.aof : null;
  }

  /** Saves data that is to be saved before the end; false if it can't be. */
  #save({ save, force }: ShutdownOptions): boolean {
    const { aof, loading, rdb } = this.persistence;
    // what was loaded until now is less than what the files have
    if (loading !== null) return true;
    if (aof.state === AofState.Beginning && aof.isRewriting) {
      // without that no file has what is in memory
      this.log.warning(`Writing initial AOF${force ? ". Exit anyway." : ", can't exit."}`);
      if (!force) return false;
    }
    rdb.cancel();
    aof.cancelRewrite();
    if (!(save ?? this.config.values.save.length > 0)) return true;
    this.log.notice("Saving the final RDB snapshot before exiting.");
    try {
      rdb.saveNow();
      return true;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.log.warning("Error trying to save the DB, can't exit.");
      return false;
    }
  }

  /** Ends at once: nobody gets a reply any more. */
  #crash(message: string): void {
    this.log.warning(message);
    for (const client of [...this.clients]) client.link.close();
    this.#end(1);
  }

  async #end(exitCode: number): Promise<void> {
    // the disk may fail while it ends
    this.#exitCode ||= exitCode;
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    this.#cancelCron?.();
    this.expirer.stop();
    this.evictor.stop();
    const listenersClosed = this.#listeners.close();
    const farewells = [...this.clients].map((client) => client.link.closeAfterReplies());
    this.pause.end();
    await this.#untilRead(Promise.all(farewells));
    await listenersClosed;
    await this.persistence.close();
    // what has failed is the last that the log says
    if (this.#exitCode === 0) this.log.warning("redino is now ready to exit, bye bye...");
    this.#resolveStopped(this.#exitCode);
  }

  /** Waits for the clients to read their last replies, and leaves those that don't. */
  async #untilRead(replies: Promise<unknown>): Promise<void> {
    let sentBytes = -1;
    for (let i = 0; i < farewellsMax && this.stats.netOutputBytes !== sentBytes; i++) {
      sentBytes = this.stats.netOutputBytes;
      try {
        // by real time, whatever the server's clock is: the peers are not of its world
        return void await deadline(replies, farewellMs);
      } catch {
        // some have not read all
      }
    }
    for (const client of [...this.clients]) client.link.close();
  }

  /** Has CONFIG SET take effect where the values are not read at each use. */
  #followConfig(): void {
    const { config, log } = this;
    const { values } = config;
    config.onChange(
      ["maxmemoryPolicy", "lfuLogFactor", "lfuDecayTime"],
      () => this.#applyPolicy(),
    );
    config.onChange(["maxmemoryBytes"], () => this.#applyMaxmemory());
    config.onChange(["appendonly"], () => {
      const isFollowing = this.persistence.followConfig(this.propagation.isInUnit);
      if (!isFollowing) throw new ConfigError("Unable to turn on AOF. Check server logs.");
      this.#feedLog();
    });
    config.onChange(["aofDisableAutoGc"], () => this.persistence.aof.removeHistory());
    config.onChange(["trackingTableMaxKeys"], () => this.tracking.limitKeys());
    config.onChange(["loglevel"], () => log.level = values.loglevel);
    config.onChange(["bind"], () => this.#rebind("Failed to bind to specified addresses."));
    config.onChange(
      ["port"],
      () => this.#rebind("Unable to listen on this port. Check server logs."),
    );
  }

  #listen(): void {
    const { config, log } = this;
    const { port, unixsocket, unixsocketPerm } = config.values;
    log.notice(`Running mode=standalone, port=${port}.`);
    try {
      this.#listenTcp(this.#takesAnyPort);
    } catch (error) {
      log.warning(`Failed listening on port ${port} (tcp), aborting.`);
      throw error;
    }
    // CONFIG GET tells the port that there is, and a later `bind` is for the same one
    if (this.#takesAnyPort) config.load("port", [String(this.port)]);
    if (unixsocket !== "") {
      this.#listeners.listenUnix(config.resolvePath(unixsocket), unixsocketPerm);
    }
    if (!this.#listeners.any) {
      log.warning("Configured to not listen anywhere, exiting.");
      throw new Error("Configured to not listen anywhere");
    }
  }

  /** Listens where the configuration says; there, port 0 is none. */
  #listenTcp(takesAnyPort = false): void {
    const { bind, port, tcpBacklog } = this.config.values;
    const isOn = port !== 0 || takesAnyPort;
    this.#listeners.listenTcp(isOn ? bind : [], port, tcpBacklog);
  }

  #rebind(failure: string): void {
    if (this.#state !== "running") return;
    try {
      this.#listenTcp();
    } catch {
      // the reason is logged
      throw new ConfigError(failure);
    }
  }

  #accept(socket: Deno.Conn): void {
    const { values } = this.config;
    const refusal = refusalOf(socket.remoteAddr, this.clients.count, values);
    if (refusal !== null) {
      this.stats.connectionsRejected++;
      refuse(socket, refusal);
      return;
    }
    this.stats.connectionsTotal++;
    setSocketOptions(socket, values.tcpKeepaliveSeconds > 0);
    const connection = new Connection(socket, this, this.#dispatcher, this.#connections);
    this.clients.add(connection.client);
    connection.serve();
  }

  #cron(): void {
    if (!this.isCronPaused) this.#lookAfterItself();
    this.#cancelCron = this.clock.after(cronIntervalMs, () => this.#cron());
  }

  #lookAfterItself(): void {
    const { stats, keyspace, clock } = this;
    keyspace.setNow(clock.nowMs());
    this.#rates.sample(keyspace.nowMs);
    stats.usedMemoryPeakBytes = Math.max(stats.usedMemoryPeakBytes, this.usedMemoryBytes());
    for (const client of this.clients) this.#lookAfter(client);
    this.clients.noteAllMemory();
    this.#clientEvictor.limit();
    // what was too much to be done at once
    this.tracking.limitKeys();
    this.persistence.cron();
    // one at a time: giving a segment back to the system takes some milliseconds
    keyspace.heap.trim(1);
    if (keyspace.heap.isLow) keyspace.heap.replenish();
  }

  /** Ends clients that have idled too long or have not read for too long. */
  #lookAfter(client: Client): void {
    const { link } = client;
    link.age();
    const { nowMs } = this.keyspace;
    const { timeoutSeconds } = this.config.values;
    if (link.outputBytes > 0 && link.netOutputBytes !== client.netOutputBytesSeen) {
      // one that takes long to read a long reply does not idle
      client.netOutputBytesSeen = link.netOutputBytes;
      client.lastInteractionMs = nowMs;
    }
    const mayIdle = timeoutSeconds === 0 || client.monitoring || client.postponed ||
      client.subscriptions !== null || client.blocked !== null;
    if (!mayIdle && nowMs - client.lastInteractionMs > timeoutSeconds * 1000) {
      this.log.verbose("Closing idle client");
      link.close();
    } else if (client.softLimitSinceMs !== 0) {
      link.flushSoon();
    }
  }

  #applyMaxmemory(): void {
    const { maxmemoryBytes } = this.config.values;
    if (maxmemoryBytes === 0) return;
    const usedBytes = this.usedMemoryBytes();
    if (usedBytes > maxmemoryBytes) {
      this.log.warning(
        `WARNING: the new maxmemory value set via CONFIG SET (${maxmemoryBytes}) is smaller than ` +
          `the current memory usage (${usedBytes}). This will result in key eviction and/or the ` +
          "inability to accept new write commands depending on the maxmemory-policy.",
      );
    }
    this.evictor.makeRoom();
  }

  #applyPolicy(): void {
    const { maxmemoryPolicy, lfuLogFactor, lfuDecayTime } = this.config.values;
    const lfu = maxmemoryPolicy === MaxmemoryPolicy.AllkeysLfu ||
      maxmemoryPolicy === MaxmemoryPolicy.VolatileLfu;
    this.keyspace.setPolicy({ lfu, lfuLogFactor, lfuDecayTime });
  }
}
