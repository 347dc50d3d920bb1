/**
 * Consumer groups whose pending entries somebody still has to read as they are now: who is about to change
 * one says so first, and its reader saves what it needs.
 *
 * It is to pending entries what `FrozenBlocks` is to nodes. There may be millions of them in a group, and
 * none is told of itself: it is known by the consumer that has it, or by its group where it is new.
 */

/** Who reads the pending entries of a group. */
export interface PendingReader {
  /** A pending entry is about to change or to go, perhaps not for the first time. */
  beforeChange(pending: number): void;
  /** A pending entry has come. */
  added(pending: number): void;
}

export class FrozenGroups {
  /** How many owners there are: where that is 0, nobody need be told of a change. */
  count = 0;
  /** By group, and by each of its consumers. */
  readonly #readers: Map<number, PendingReader> = new Map();

  /** Has `reader` told of what becomes of the pending entries of a group or a consumer. */
  freeze(owner: number, reader: PendingReader): void {
    this.#readers.set(owner, reader);
    this.count = this.#readers.size;
  }

  /** The group or consumer is gone, or of no more interest to `reader`. */
  thaw(owner: number, reader: PendingReader | undefined = this.#readers.get(owner)): void {
    // what has its address now may be another one, for another reader
    if (reader === undefined || this.#readers.get(owner) !== reader) return;
    this.#readers.delete(owner);
    this.count = this.#readers.size;
  }

  /** A pending entry of a consumer is about to change or to go. */
  beforeChange(consumer: number, pending: number): void {
    this.#readers.get(consumer)?.beforeChange(pending);
  }

  /** A pending entry has come to a group. */
  added(group: number, pending: number): void {
    this.#readers.get(group)?.added(pending);
  }
}
