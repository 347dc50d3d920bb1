/**
 * Whether a listpack from outside is a node of a stream, in the layout that `streams.ts` draws: whoever
 * walks nodes relies on all that is checked here, and on nothing else.
 */
import type { Int64 } from "../resp/numbers.ts";
import { END, isInteger, readInteger, skipEntry } from "./listpack_entry.ts";
import { StreamId } from "./stream_id.ts";
import { EntryFlag, headerBytes } from "./stream_node.ts";

/** All flags of an entry together. */
const flagsMax = EntryFlag.DELETED | EntryFlag.SAME_FIELDS;

/** Elements of an entry before its number of fields, if it has one, and its fields and values. */
const headElements = 3;

/** Not an element that was looked for. */
const missing = -1;

export class StreamNodeCheck {
  /** Entries of the node that was accepted, without those deleted. */
  entries = 0;

  #bytes: Uint8Array = new Uint8Array(0);
  /** Where the walk is. */
  #at = 0;
  readonly #id = new StreamId();
  readonly #last = new StreamId();

  /**
   * Whether `buffer[start, end)`, a valid listpack, is a node with the ID `id` whose entries come behind
   * `last`, if there is one before them.
   */
  accepts(
    id: StreamId,
    buffer: Uint8Array,
    start: number,
    end: number,
    last: StreamId | null,
  ): boolean {
    if (last !== null && id.compare(last) <= 0) return false;
    this.#bytes = buffer;
    this.#at = start + headerBytes;
    const entries = this.#count();
    const deleted = this.#count();
    const masterFields = this.#count();
    if (entries === missing || deleted === missing || masterFields === missing) return false;
    if (!this.#skip(masterFields) || this.#integer() !== 0) return false;
    if (entries + deleted === 0) return false;
    let deletedHere = 0;
    for (let i = 0; i < entries + deleted; i++) {
      const flags = this.#entry(id, masterFields);
      if (flags === missing) return false;
      if ((flags & EntryFlag.DELETED) !== 0) deletedHere++;
      const isBehind = i === 0 ? this.#id.compare(id) >= 0 : this.#id.compare(this.#last) > 0;
      if (!isBehind) return false;
      this.#last.set(this.#id);
    }
    this.entries = entries;
    return deletedHere === deleted && this.#at === end - 1;
  }

  /** Walks over an entry, and leaves its ID; its flags. */
  #entry(master: StreamId, masterFields: number): number {
    // who marks an entry as deleted changes this one byte
    const flags = this.#bytes[this.#at];
    if (flags > flagsMax || !this.#skip(1)) return missing;
    const ms = this.#integer();
    const sequence = this.#integer();
    if (ms === null || sequence === null) return missing;
    this.#id.setSince(master, ms, sequence);
    const hasSameFields = (flags & EntryFlag.SAME_FIELDS) !== 0;
    const fields = hasSameFields ? masterFields : this.#count();
    if (fields === missing) return missing;
    // the master's fields are not repeated
    const elements = hasSameFields ? fields : fields * 2;
    if (!this.#skip(elements)) return missing;
    const count = elements + headElements + (hasSameFields ? 0 : 1);
    return this.#integer() === count ? flags : missing;
  }

  /** Walks over a number of things; `missing` if there is none. */
  #count(): number {
    const count = this.#integer();
    return typeof count === "number" && count >= 0 ? count : missing;
  }

  /** Walks over an integer; null if there is none. */
  #integer(): Int64 | null {
    const at = this.#at;
    if (this.#bytes[at] === END || !isInteger(this.#bytes, at)) return null;
    this.#at = skipEntry(this.#bytes, at);
    return readInteger(this.#bytes, at);
  }

  /** Walks over so many elements; false if there are fewer. */
  #skip(elements: number): boolean {
    for (let i = 0; i < elements; i++) {
      if (this.#bytes[this.#at] === END) return false;
      this.#at = skipEntry(this.#bytes, this.#at);
    }
    return true;
  }
}
