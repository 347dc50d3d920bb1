/** All connected clients, in the order in which they came. */
import type { Client } from "./client.ts";

export class Clients {
  readonly #byId = new Map<number, Client>();
  #lastId = 0;
  /** Clients that asked for MONITOR. */
  readonly monitors: Set<Client> = new Set();

  get count(): number {
    return this.#byId.size;
  }

  /** The id that the next client gets; ids are never used again. */
  nextId(): number {
    return ++this.#lastId;
  }

  add(client: Client): void {
    this.#byId.set(client.id, client);
  }

  remove(client: Client): void {
    this.#byId.delete(client.id);
    this.monitors.delete(client);
  }

  byId(id: number): Client | undefined {
    return this.#byId.get(id);
  }

  [Symbol.iterator](): IterableIterator<Client> {
    return this.#byId.values();
  }
}
