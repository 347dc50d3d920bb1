/**
 * The end of the clients that take the most memory, while all of them take more than
 * `maxmemory-clients`.
 *
 * Redis keeps its clients in buckets of similar size, to find a large one at any moment. Here all are
 * sized anew and sorted when there are too many bytes, which of ten thousand clients takes a few
 * milliseconds, and ends as many as it takes.
 */
import type { ConfigValues } from "../config/values.ts";
import type { Log } from "../log.ts";
import type { Clients } from "./clients.ts";

/** A lower limit would leave no room for a client to ask for a higher one. */
const limitBytesMin = 128 * 1024;

export class ClientEvictor {
  readonly #clients: Clients;
  readonly #values: Pick<ConfigValues, "maxmemoryClients" | "maxmemoryBytes">;
  readonly #counters: { clientsEvicted: number };
  readonly #log: Log;

  constructor(
    clients: Clients,
    values: Pick<ConfigValues, "maxmemoryClients" | "maxmemoryBytes">,
    counters: { clientsEvicted: number },
    log: Log,
  ) {
    this.#clients = clients;
    this.#values = values;
    this.#counters = counters;
    this.#log = log;
  }

  /** Ends clients until the others take no more than they may; those with CLIENT NO-EVICT stay. */
  limit(): void {
    const limitBytes = this.#limitBytes();
    if (this.#clients.memoryBytes <= limitBytes) return;
    // some have been sent what they were waiting for since they were last looked at
    this.#clients.noteAllMemory();
    if (this.#clients.memoryBytes <= limitBytes) return;
    const largestFirst = [...this.#clients]
      .filter(({ noEvict }) => !noEvict)
      .sort((a, b) => b.memoryBytes - a.memoryBytes);
    for (const { id, link, memoryBytes } of largestFirst) {
      if (this.#clients.memoryBytes <= limitBytes) return;
      this.#log.notice(`Evicting client: id=${id} addr=${link.peer} tot-mem=${memoryBytes}`);
      this.#counters.clientsEvicted++;
      link.close();
    }
  }

  #limitBytes(): number {
    const { maxmemoryBytes, maxmemoryClients: { bytes, percent } } = this.#values;
    const limitBytes = bytes > 0 ? bytes : Math.floor(maxmemoryBytes * percent / 100);
    return limitBytes > 0 ? Math.max(limitBytes, limitBytesMin) : Infinity;
  }
}
