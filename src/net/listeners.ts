/**
 * The addresses that a server listens on: opens them, all or none, exchanges them while it runs, and
 * closes them.
 *
 * Two things are otherwise than in Redis because the runtime is. The socket of a closed listener is free
 * only when the event loop has turned; so where new addresses need the port of old ones (`127.0.0.1` to
 * `*`), it is tried at once on another port whether they can be had, and the exchange follows within the
 * turn. And a socket for every IPv6 address takes IPv4 as well.
 */
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { systemErrorCode, systemErrorText } from "../system_error.ts";
import { type Acceptor, Listener } from "./listener.ts";
import { isMappedIpv4 } from "./sockets.ts";

const anyIpv4 = "0.0.0.0";
const anyIpv6 = "::";

/** Codes of the errors by which the system says that it does not have such addresses at all. */
const unsupportedCodes = [
  "EAFNOSUPPORT",
  "ENOPROTOOPT",
  "EPFNOSUPPORT",
  "EPROTONOSUPPORT",
  "ESOCKTNOSUPPORT",
];

/** An address to listen on. */
interface BindAddress {
  /** As `bind` has it, for people. */
  readonly name: string;
  readonly hostname: string;
  /** Whether the server does without it where this machine does not have it. */
  readonly optional: boolean;
}

export class Listeners {
  readonly #accept: (socket: Deno.Conn) => void;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #listen: (options: Deno.TcpListenOptions) => Acceptor;
  #tcp: Listener[] = [];
  #port = 0;
  #takesIpv4 = true;
  /** TCP listeners that are closed and whose sockets are not free yet. */
  readonly #closing = new Set<Listener>();
  /** Counts what was asked for, so that an exchange under way sees that it has been overtaken. */
  #requests = 0;
  #unix: Listener | null = null;

  /**
   * @param accept Gets every connection.
   * @param listen What opens a TCP socket; throws where it can't.
   */
  constructor(
    accept: (socket: Deno.Conn) => void,
    clock: Clock,
    log: Log,
    listen: (options: Deno.TcpListenOptions) => Acceptor = Deno.listen,
  ) {
    this.#accept = accept;
    this.#clock = clock;
    this.#log = log;
    this.#listen = listen;
  }

  /** The TCP port listened on, 0 for none. */
  get port(): number {
    return this.#port;
  }

  /** Whether there is anything to listen on. */
  get any(): boolean {
    return this.#port !== 0 || this.#unix !== null;
  }

  /**
   * Listens on every address of `bind`, and no longer on any other TCP address. Throws the runtime's
   * error for one that can't be had; then all is as before.
   *
   * @param port 0 for any that is free.
   */
  listenTcp(bind: readonly string[], port: number, backlog: number): void {
    const addresses = parseBind(bind);
    const isWanted = (one: Listener) =>
      one.port === port && addresses.some(({ hostname }) => hostname === one.hostname);
    const kept = this.#tcp.filter(isWanted);
    const released = this.#tcp.filter((one) => !isWanted(one));
    const missing = addresses.filter(({ hostname }) =>
      !kept.some((one) => one.hostname === hostname)
    );
    const mustWait = missing.length > 0 &&
      [...released, ...this.#closing].some((one) => one.port === port);
    const opened = this.#open(missing, mustWait ? 0 : port, backlog);
    this.#requests++;
    this.#takesIpv4 = addresses.some(({ hostname }) => hostname === anyIpv4);
    for (const one of released) this.#release(one);
    if (mustWait) {
      for (const trial of opened) this.#release(trial);
      this.#tcp = kept;
      this.#port = port;
      this.#openLater(missing, port, backlog);
    } else {
      this.#tcp = [...kept, ...opened];
      this.#port = this.#tcp.at(0)?.port ?? 0;
      this.#run(opened);
    }
  }

  /** Listens on a Unix socket, in place of one that a server left behind. */
  listenUnix(path: string, mode: number): void {
    try {
      if (isSocket(path)) Deno.removeSync(path);
      const acceptor = Deno.listen({ transport: "unix", path });
      this.#unix = new Listener(path, acceptor, this.#clock, this.#log);
      if (mode !== 0) Deno.chmodSync(path, mode);
    } catch (error) {
      this.#log.warning(`Failed opening Unix socket: ${systemErrorText(error)}`);
      throw error;
    }
    this.#run([this.#unix]);
  }

  /** Stops listening; resolves when every address is free for others. */
  async close(): Promise<void> {
    this.#requests++;
    for (const one of this.#tcp) this.#release(one);
    this.#tcp = [];
    this.#port = 0;
    if (this.#unix !== null) {
      this.#log.notice("Removing the unix socket file.");
      this.#release(this.#unix);
      // newer runtimes have removed it with the listener
      if (isSocket(this.#unix.hostname)) Deno.removeSync(this.#unix.hostname);
      this.#unix = null;
    }
    await this.#released();
  }

  /** Opens all of the addresses that this machine has; where one can't be had, none stays open. */
  #open(addresses: readonly BindAddress[], port: number, backlog: number): Listener[] {
    const opened: Listener[] = [];
    try {
      for (const address of addresses) {
        const one = this.#openOne(address, port, backlog, [...this.#tcp, ...opened]);
        if (one === null) continue;
        opened.push(one);
        // any free port is the same one for all
        port = one.port;
      }
    } catch (error) {
      for (const one of opened) this.#release(one);
      throw error;
    }
    return opened;
  }

  /** Opens one address; null where the server can do without it. */
  #openOne(
    { name, hostname, optional }: BindAddress,
    port: number,
    backlog: number,
    others: readonly Listener[],
  ): Listener | null {
    const options = { hostname, port, tcpBacklog: backlog };
    try {
      return new Listener(hostname, this.#listen(options), this.#clock, this.#log);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === "EADDRINUSE" && hostname === anyIpv4 && isTakenByIpv6(others, port)) return null;
      this.#log.warning(
        `Warning: Could not create server TCP listening socket ${name}:${port}: ` +
          systemErrorText(error),
      );
      if (optional && code === "EADDRNOTAVAIL") return null;
      if (unsupportedCodes.includes(code)) return null;
      throw error;
    }
  }

  /** Opens addresses whose port was ours when they were asked for, as soon as it is free. */
  async #openLater(
    addresses: readonly BindAddress[],
    port: number,
    backlog: number,
  ): Promise<void> {
    const request = this.#requests;
    await this.#released();
    if (request !== this.#requests) return;
    try {
      const opened = this.#open(addresses, port, backlog);
      // bounded: one for each address that `bind` names
      this.#tcp.push(...opened);
      this.#run(opened);
    } catch {
      // logged; somebody was quicker
    }
  }

  #run(listeners: readonly Listener[]): void {
    for (const one of listeners) {
      one.run((socket) => {
        if (!this.#takesIpv4 && isMappedIpv4(socket.remoteAddr)) socket.close();
        else this.#accept(socket);
      });
    }
  }

  #release(one: Listener): void {
    this.#closing.add(one);
    one.close().then(() => this.#closing.delete(one));
  }

  /** Resolves when the sockets of all closed listeners are free. */
  async #released(): Promise<void> {
    await Promise.all([...this.#closing].map((one) => one.close()));
  }
}

/** The addresses that `bind` names; IPv6 as a whole before IPv4, as it may take that as well. */
function parseBind(bind: readonly string[]): BindAddress[] {
  const addresses = bind.map((word) => {
    const optional = word.startsWith("-");
    const name = optional ? word.slice(1) : word;
    return { name, hostname: name === "*" ? anyIpv4 : name === "::*" ? anyIpv6 : name, optional };
  });
  const isAnyIpv6 = ({ hostname }: BindAddress) => hostname === anyIpv6;
  return [...addresses.filter(isAnyIpv6), ...addresses.filter((one) => !isAnyIpv6(one))];
}

/** Whether one of ours for every IPv6 address holds this port for IPv4, too. */
function isTakenByIpv6(listeners: readonly Listener[], port: number): boolean {
  return Deno.build.os !== "windows" &&
    listeners.some((one) => one.hostname === anyIpv6 && one.port === port);
}

function isSocket(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSocket ?? false;
  } catch {
    return false;
  }
}
