/**
 * Keys that were read whole and are put into a database together. Where each belongs in the table of keys
 * is a read from memory that takes longer than all the rest of it, and those of several keys don't depend
 * on each other: the processor waits for them at once (`memory/lookahead.ts`).
 *
 * Until then nobody sees them, so whoever reads must `link` before others have their turn.
 */
import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { SEGMENT_SHIFT } from "../memory/heap.ts";
import type { Int64 } from "../resp/numbers.ts";
import { keyLengthOf, keyStartOf } from "../values/record.ts";

const keysMax = 32;

export class KeyBatch {
  readonly #keyspace: Keyspace;
  readonly #records = new Uint32Array(keysMax);
  /** When each key goes, null for never. */
  readonly #expiriesMs: (Int64 | null)[] = new Array(keysMax).fill(null);
  #count = 0;
  /** Those before this were linked, or found not to be linkable. */
  #linked = 0;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  get isFull(): boolean {
    return this.#count === keysMax;
  }

  /** Takes over a record that is in no dict. */
  add(record: number, expiresAtMs: Int64 | null): void {
    this.#expiriesMs[this.#count] = expiresAtMs;
    this.#records[this.#count++] = record;
  }

  /**
   * Puts all of them into a database, where they replace others of the same keys if `replaces`. Returns 0,
   * or the record of the first key that is there and must not be; it and those behind it are in no dict.
   *
   * @throws {HeapFullError} as above, but that record is gone.
   */
  link(database: Database, replaces: boolean): number {
    if (this.#count === 0) return 0;
    this.#lookAhead(database);
    try {
      while (this.#linked < this.#count) {
        const record = this.#records[this.#linked];
        const found = database.findKeyOf(record);
        if (found !== 0) {
          if (!replaces) return record;
          database.removeFound(found);
          database.findKeyOf(record);
        }
        const expiresAtMs = this.#expiriesMs[this.#linked++];
        database.link(record);
        if (expiresAtMs !== null) database.setExpiry(record, expiresAtMs);
      }
    } finally {
      this.#keyspace.lookahead.begin();
    }
    this.#count = this.#linked = 0;
    return 0;
  }

  /** Frees those that are in no dict. */
  discard(): void {
    while (this.#linked < this.#count) {
      this.#keyspace.newRecords.discard(this.#records[this.#linked++]);
    }
    this.#count = this.#linked = 0;
  }

  #lookAhead(database: Database): void {
    const { heap, lookahead } = this.#keyspace;
    lookahead.begin();
    for (let i = 0; i < this.#count; i++) {
      const record = this.#records[i];
      const start = keyStartOf(record);
      const end = start + keyLengthOf(heap, record);
      lookahead.announce(database.dict, heap.bytes[record >>> SEGMENT_SHIFT], start, end);
    }
    lookahead.fetch();
  }
}
