/**
 * The best candidates for eviction seen so far: what makes a few samples per eviction nearly as good as
 * an ordering of all keys (Redis' eviction pool).
 *
 * Candidates outlive the call that sampled them, and their records may not: a candidate is therefore
 * remembered by its key, and looked up when its turn comes.
 */
import { copyBytes } from "../memory/bytes.ts";
import { SEGMENT_SHIFT } from "../memory/heap.ts";
import type { Database } from "./database.ts";
import { keyLengthOf, keyStartOf } from "../values/record.ts";

const candidatesMax = 16;

/** Room for a key that a candidate keeps when it is gone, in bytes. */
const keyBytesKeptMax = 256;

class Candidate {
  database: Database | null = null;
  /** The higher, the sooner it goes. */
  score = 0;
  key = new Uint8Array(keyBytesKeptMax);
  keyLength = 0;

  assign(database: Database, record: number, score: number): void {
    const { heap } = database;
    this.database = database;
    this.score = score;
    this.keyLength = keyLengthOf(heap, record);
    if (this.keyLength > this.key.length) this.key = new Uint8Array(this.keyLength);
    const bytes = heap.bytes[record >>> SEGMENT_SHIFT];
    copyBytes(bytes, keyStartOf(record), this.key, 0, this.keyLength);
  }

  clear(): void {
    this.database = null;
    if (this.key.length > keyBytesKeptMax) this.key = new Uint8Array(keyBytesKeptMax);
  }
}

export class EvictionPool {
  /** Ascending by score up to `#length`; those behind are spare. */
  readonly #candidates = Array.from({ length: candidatesMax }, () => new Candidate());
  #length = 0;

  /** Where `takeBest` found its record. */
  bestDatabase: Database | null = null;
  /** The score that it was offered with. */
  bestScore = 0;

  /** Forgets all candidates. */
  clear(): void {
    while (this.#length > 0) this.#candidates[--this.#length].clear();
  }

  /** Keeps a record in mind if there is room, or in place of the worst candidate if that is worse. */
  offer(database: Database, record: number, score: number): void {
    const candidates = this.#candidates;
    let at = 0;
    while (at < this.#length && candidates[at].score < score) at++;
    if (this.#length < candidatesMax) {
      const spare = candidates[this.#length];
      candidates.copyWithin(at + 1, at, this.#length++);
      candidates[at] = spare;
    } else {
      if (at === 0) return;
      const worst = candidates[0];
      candidates.copyWithin(0, 1, at--);
      candidates[at] = worst;
    }
    candidates[at].assign(database, record, score);
  }

  /**
   * Takes the best candidate that is still in its database out of the pool and returns its record, or 0
   * if none is left.
   */
  takeBest(): number {
    while (this.#length > 0) {
      const candidate = this.#candidates[--this.#length];
      const { database } = candidate;
      const record = database === null
        ? 0
        : database.dict.find(candidate.key, 0, candidate.keyLength);
      candidate.clear();
      if (record === 0) continue;
      this.bestDatabase = database;
      this.bestScore = candidate.score;
      return record;
    }
    return 0;
  }
}
