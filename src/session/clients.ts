/** All connected clients, in the order in which they came, and the memory that they take together. */
import type { Client } from "./client.ts";
import { clientMemoryBytes } from "./client_memory.ts";

export class Clients {
  readonly #byId = new Map<number, Client>();
  #lastId = 0;
  #memoryBytes = 0;
  /** Clients that asked for MONITOR. */
  readonly monitors: Set<Client> = new Set();

  get count(): number {
    return this.#byId.size;
  }

  /** The memory of all clients, each as it was last noted, in bytes. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** The id that the next client gets; ids are never used again. */
  nextId(): number {
    return ++this.#lastId;
  }

  add(client: Client): void {
    this.#byId.set(client.id, client);
    this.noteMemory(client);
  }

  remove(client: Client): void {
    this.#byId.delete(client.id);
    this.monitors.delete(client);
    this.#memoryBytes -= client.memoryBytes;
    client.memoryBytes = 0;
  }

  /** Looks how much memory a client, which is one of these, takes now. */
  noteMemory(client: Client): void {
    const bytes = clientMemoryBytes(client);
    this.#memoryBytes += bytes - client.memoryBytes;
    client.memoryBytes = bytes;
  }

  noteAllMemory(): void {
    for (const client of this.#byId.values()) this.noteMemory(client);
  }

  byId(id: number): Client | undefined {
    return this.#byId.get(id);
  }

  [Symbol.iterator](): IterableIterator<Client> {
    return this.#byId.values();
  }
}
