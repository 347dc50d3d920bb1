/**
 * The composition root: puts the parts of a server together, starts and stops them, and runs the few
 * things that happen by the clock. All knowledge of which part talks to which is here.
 */
import type { CancelTimer, Clock } from "./clock.ts";
import { SystemClock } from "./clock.ts";
import type { ServerContext, ShutdownOptions } from "./command/context.ts";
import { Dispatcher } from "./command/dispatch.ts";
import { Propagation } from "./command/propagation.ts";
import { commandGroups } from "./command/specs/groups.ts";
import { CommandTable } from "./command/table.ts";
import { commandHandlers } from "./commands/all.ts";
import { Config, MaxmemoryPolicy } from "./config/config.ts";
import { Evictor } from "./keyspace/evictor.ts";
import { Expirer } from "./keyspace/expirer.ts";
import { Keyspace } from "./keyspace/keyspace.ts";
import { Log } from "./log.ts";
import { Connection, ConnectionGroup } from "./net/connection.ts";
import { Listener } from "./net/listener.ts";
import { CommandStats } from "./observe/command_stats.ts";
import { LatencyMonitor } from "./observe/latency.ts";
import { Monitor } from "./observe/monitor.ts";
import { Rates } from "./observe/rates.ts";
import { ServerStats } from "./observe/server_stats.ts";
import { SlowLog } from "./observe/slow_log.ts";
import { type Random, randomBytes, SeededRandom } from "./random.ts";
import { errors } from "./resp/errors.ts";
import type { Client } from "./session/client.ts";
import { Clients } from "./session/clients.ts";
import { Pause } from "./session/pause.ts";
import { redinoVersion } from "./version.ts";

/** How often the server looks after itself, in milliseconds. */
const cronIntervalMs = 100;

/** What an embedding application says about its server. */
export interface ServerOptions {
  /** TCP port on 127.0.0.1, 0 for any free one. Default: 6379, or what `config` says. */
  port?: number;
  /** Where time comes from. Default: the machine. */
  clock?: Clock;
  /** Working directory, for files that the server reads and writes. Default: the process's. */
  directory?: string;
  /** A whole configuration, for a server with more to say than the options above. */
  config?: Config;
  /** Where log lines go. Default: nowhere; the executable passes standard output or a file. */
  log?: Log;
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
  readonly stats = new ServerStats();
  readonly commandStats: CommandStats;
  readonly slowLog: SlowLog;
  readonly latency: LatencyMonitor;
  readonly clients = new Clients();
  readonly monitor: Monitor;
  readonly pause: Pause;
  readonly propagation: Propagation;
  readonly keyspace: Keyspace;
  readonly expirer: Expirer;
  readonly evictor: Evictor;
  /** Resolves with the process's exit code when the server has stopped, whoever asked for it. */
  readonly stopped: Promise<number>;

  readonly #dispatcher: Dispatcher;
  readonly #connections = new ConnectionGroup();
  readonly #rates: Rates;
  readonly #resolveStopped: (exitCode: number) => void;
  #listeners: Listener[] = [];
  #cancelCron: CancelTimer | null = null;
  #state: "new" | "running" | "stopped" = "new";

  constructor(options: ServerOptions = {}) {
    this.config = options.config ?? new Config(options.directory);
    const { values } = this.config;
    if (options.port !== undefined) this.config.load("port", [String(options.port)]);
    if (options.config === undefined) this.config.load("bind", ["127.0.0.1"]);
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
    this.propagation = new Propagation(this.stats);
    this.keyspace = new Keyspace({
      databaseCount: values.databases,
      nowMs: this.startedAtMs,
      hashSeed: seed,
      random: this.random,
      events: this.propagation,
    });
    this.stats.usedMemoryStartupBytes = this.usedMemoryBytes();
    this.expirer = new Expirer(this.keyspace, this.clock);
    this.evictor = new Evictor(this.keyspace, values, this.clock, () => this.usedMemoryBytes());
    this.#rates = new Rates(this.stats);
    this.#dispatcher = new Dispatcher(this);
    const { promise, resolve } = Promise.withResolvers<number>();
    this.stopped = promise;
    this.#resolveStopped = resolve;
    this.#applyPolicy();
    this.config.onChange(
      ["maxmemoryPolicy", "lfuLogFactor", "lfuDecayTime"],
      () => this.#applyPolicy(),
    );
  }

  /** The port listened on: the one that the system chose where the configuration says 0. */
  get port(): number {
    return this.#listeners.find((listener) => listener.port !== 0)?.port ?? 0;
  }

  /**
   * Starts to listen; when it resolves, clients can connect.
   *
   * @throws {Deno.errors.AddrInUse} Somebody else listens on the port.
   */
  // deno-lint-ignore require-await -- what start does may come to wait (loading data)
  async start(): Promise<void> {
    if (this.#state !== "new") throw new Error("A server can be started once");
    this.#state = "running";
    this.#listen();
    for (const listener of this.#listeners) listener.run((socket) => this.#accept(socket));
    this.expirer.start();
    this.#cron();
    this.log.notice(`redino ${redinoVersion} ready to accept connections`);
  }

  /** Stops listening, ends all connections and waits until they have ended. */
  async stop(): Promise<void> {
    this.#end(0);
    await this.stopped;
  }

  usedMemoryBytes(): number {
    return this.keyspace.heap.usedBytes;
  }

  rates(): { operations: number; inputBytes: number; outputBytes: number } {
    return this.#rates.perSecond();
  }

  shutdown(_options: ShutdownOptions): void {
    this.log.warning("User requested shutdown...");
    // after the running batch, so that replies written before are sent
    queueMicrotask(() => this.#end(0));
  }

  #end(exitCode: number): void {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    this.#cancelCron?.();
    this.expirer.stop();
    this.pause.end();
    for (const listener of this.#listeners) listener.close();
    for (const client of [...this.clients]) client.link.close();
    this.log.warning("redino is now ready to exit, bye bye...");
    this.#resolveStopped(exitCode);
  }

  #listen(): void {
    const { values } = this.config;
    let { port } = values;
    for (const { hostname, optional } of bindAddresses(values.bind)) {
      if (values.port === 0 && this.config.file !== null) break;
      try {
        const listener = Deno.listen({ hostname, port });
        this.#listeners.push(new Listener(listener, this.clock, this.log));
        port = listener.addr.port;
      } catch (error) {
        if (!optional) throw error;
      }
    }
    if (values.unixsocket !== "") {
      const listener = Deno.listen({ transport: "unix", path: values.unixsocket });
      if (values.unixsocketPerm !== 0) Deno.chmodSync(values.unixsocket, values.unixsocketPerm);
      this.#listeners.push(new Listener(listener, this.clock, this.log));
    }
  }

  #accept(socket: Deno.Conn): void {
    const { values } = this.config;
    this.stats.connectionsTotal++;
    if (socket.remoteAddr.transport === "tcp") {
      const tcp = socket as Deno.TcpConn;
      tcp.setNoDelay(true);
      if (values.tcpKeepaliveSeconds > 0) tcp.setKeepAlive(true);
    }
    const connection = new Connection(socket, this, this.#dispatcher, this.#connections);
    const refusal = this.#refusal(connection);
    if (refusal !== null) {
      this.stats.connectionsRejected++;
      connection.client.reply.error(refusal);
      connection.closeAfterReplies();
      return;
    }
    this.clients.add(connection.client);
    connection.serve();
  }

  /** Why a new connection may not stay, or null. */
  #refusal(connection: Connection): string | null {
    const { values } = this.config;
    if (this.clients.count >= values.maxclients) return errors.maxClients;
    if (values.protectedMode && values.requirepass === "" && !connection.loopback) {
      return errors.protectedMode;
    }
    return null;
  }

  #cron(): void {
    const { stats, keyspace, clock } = this;
    keyspace.setNow(clock.nowMs());
    this.#rates.sample(keyspace.nowMs);
    stats.usedMemoryPeakBytes = Math.max(stats.usedMemoryPeakBytes, this.usedMemoryBytes());
    for (const client of this.clients) this.#lookAfter(client);
    // one at a time: giving a segment back to the system takes some milliseconds
    keyspace.heap.trim(1);
    this.#cancelCron = clock.after(cronIntervalMs, () => this.#cron());
  }

  /** Ends clients that have idled too long or have not read for too long. */
  #lookAfter(client: Client): void {
    const { timeoutSeconds } = this.config.values;
    const idleMs = this.keyspace.nowMs - client.lastInteractionMs;
    if (timeoutSeconds > 0 && idleMs > timeoutSeconds * 1000 && !client.monitoring) {
      this.log.verbose("Closing idle client");
      client.link.close();
    } else if (client.softLimitSinceMs !== 0) {
      client.link.flush();
    }
  }

  #applyPolicy(): void {
    const { maxmemoryPolicy, lfuLogFactor, lfuDecayTime } = this.config.values;
    const lfu = maxmemoryPolicy === MaxmemoryPolicy.AllkeysLfu ||
      maxmemoryPolicy === MaxmemoryPolicy.VolatileLfu;
    this.keyspace.setPolicy({ lfu, lfuLogFactor, lfuDecayTime });
  }
}

/** An address to listen on. */
interface BindAddress {
  hostname: string;
  /** Whether the server starts without it where it is not available. */
  optional: boolean;
}

/**
 * The addresses that `bind` names. `*` with `::*` is one socket for both families: a second one on the
 * same port could not be opened, because the runtime makes IPv6 sockets that take IPv4 as well.
 */
function bindAddresses(bind: readonly string[]): BindAddress[] {
  const addresses = bind.map((word) => {
    const optional = word.startsWith("-");
    const name = optional ? word.slice(1) : word;
    return { hostname: name === "*" ? "0.0.0.0" : name === "::*" ? "::" : name, optional };
  });
  const any4 = addresses.find(({ hostname }) => hostname === "0.0.0.0");
  const any6 = addresses.find(({ hostname }) => hostname === "::");
  if (any4 === undefined || any6 === undefined) return addresses;
  return [
    any6,
    { ...any4, optional: true },
    ...addresses.filter((one) => one !== any4 && one !== any6),
  ];
}
