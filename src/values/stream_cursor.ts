/**
 * A walk over the entries of a stream between two IDs, in either direction.
 *
 * It reads the nodes' bytes where they lie, in the layout that `streams.ts` draws.
 */
import type { OrderedCursor } from "../memory/ordered_cursor.ts";
import {
  encodedBytes,
  END,
  isInteger,
  readInteger,
  skipBack,
  skipEntry,
  stringStart,
} from "./listpack_entry.ts";
import { Slice } from "./slice.ts";
import { StreamId } from "./stream_id.ts";
import { EntryFlag, headerBytes } from "./stream_node.ts";
import type { Streams } from "./streams.ts";

/**
 * A place in a stream. Any change of the stream makes it invalid, until `seek` places it again.
 *
 * @example
 * ```ts
 * for (let more = cursor.seek(record, start, end); more; more = cursor.next()) {
 *   while (cursor.nextField()) show(cursor.id, cursor.field, cursor.value);
 * }
 * ```
 */
export class StreamCursor {
  /** The current entry's. */
  readonly id: StreamId = new StreamId();
  fieldCount = 0;
  /** Where `nextField` is. */
  readonly field: Slice = new Slice();
  readonly value: Slice = new Slice();

  readonly #streams: Streams;
  readonly #nodes: OrderedCursor;
  readonly #start = new StreamId();
  readonly #end = new StreamId();
  #isReverse = false;
  /** Whether the walk ends with the node. */
  #isInNode = false;

  /** The current node's, as positions in its segment. */
  readonly #master = new StreamId();
  #bytes: Uint8Array = new Uint8Array(0);
  #base = 0;
  #masterFields = 0;
  #masterFieldCount = 0;

  /** The current entry's: where it begins, where the walk is in it, and how many elements are left. */
  #entryAt = 0;
  #at = 0;
  #left = 0;
  #hasSameFields = false;
  #masterFieldAt = 0;

  constructor(streams: Streams, nodes: OrderedCursor) {
    this.#streams = streams;
    this.#nodes = nodes;
  }

  /** Goes to the first entry from `start` to `end`, or to the last one; false if there is none. */
  seek(record: number, start: StreamId, end: StreamId, isReverse = false): boolean {
    this.#start.set(start);
    this.#end.set(end);
    this.#isReverse = isReverse;
    this.#isInNode = false;
    const rank = this.#streams.nodeRank(record, isReverse ? end : start);
    if (rank < 0 && isReverse) return false;
    if (!this.#nodes.seek(this.#streams.treeOf(record), Math.max(0, rank))) return false;
    this.#enterNode(this.node);
    return this.next();
  }

  /** Goes to the first entry of a node, the others of which follow; false if all are deleted. */
  seekInNode(node: number): boolean {
    this.#start.set(StreamId.min);
    this.#end.set(StreamId.max);
    this.#isReverse = false;
    this.#isInNode = true;
    this.#enterNode(node);
    return this.next();
  }

  /** Sets `id` to that of the last entry of a node, which may be deleted. The walk is over then. */
  loadLastIdOf(node: number, id: StreamId): StreamId {
    this.#isReverse = true;
    this.#enterNode(node);
    this.#readHead(this.#previousHead());
    return id.set(this.id);
  }

  /** The node that the current entry is in. */
  get node(): number {
    return this.#nodes.record;
  }

  /** Marks the current entry as deleted; the node's counts are the caller's business. */
  markDeleted(): void {
    this.#bytes[this.#entryAt] |= EntryFlag.DELETED;
  }

  /** Goes on to the next entry; false if there is none within the range. */
  next(): boolean {
    return this.#isReverse ? this.#previousEntry() : this.#nextEntry();
  }

  /** Points `field` and `value` at the entry's next; false if there is none. */
  nextField(): boolean {
    if (this.#left === 0) return false;
    const bytes = this.#bytes;
    if (this.#hasSameFields) {
      readElement(bytes, this.#masterFieldAt, this.field);
      this.#masterFieldAt = skipEntry(bytes, this.#masterFieldAt);
      this.#left--;
    } else {
      readElement(bytes, this.#at, this.field);
      this.#at = skipEntry(bytes, this.#at);
      this.#left -= 2;
    }
    readElement(bytes, this.#at, this.value);
    this.#at = skipEntry(bytes, this.#at);
    return true;
  }

  #enterNode(node: number): void {
    this.#streams.locateNode(node, this.value, this.#master);
    const bytes = this.value.buffer;
    this.#bytes = bytes;
    this.#base = this.value.start;
    // behind the counts of entries there and deleted
    const countAt = skipEntry(bytes, skipEntry(bytes, this.#base + headerBytes));
    this.#masterFieldCount = Number(readInteger(bytes, countAt));
    this.#masterFields = skipEntry(bytes, countAt);
    if (this.#isReverse) {
      this.#entryAt = this.value.end - 1;
      return;
    }
    this.#at = this.#masterFields;
    this.#left = this.#masterFieldCount;
  }

  #nextEntry(): boolean {
    for (;;) {
      const bytes = this.#bytes;
      let at = this.#at;
      // what is left, and the count of elements behind it
      for (let left = this.#left; left >= 0; left--) at = skipEntry(bytes, at);
      if (bytes[at] === END) {
        if (this.#isInNode || !this.#nodes.next()) return this.#stay(at);
        this.#enterNode(this.node);
        continue;
      }
      const isDeleted = this.#readHead(at);
      if (this.id.compare(this.#end) > 0) return this.#stay(at);
      if (!isDeleted && this.id.compare(this.#start) >= 0) return true;
    }
  }

  /** There is no next entry, however often one asks. */
  #stay(at: number): false {
    this.#at = at;
    this.#left = -1;
    return false;
  }

  #previousEntry(): boolean {
    for (;;) {
      const at = this.#previousHead();
      if (at === 0) {
        if (!this.#nodes.previous()) return false;
        this.#enterNode(this.node);
        continue;
      }
      const isDeleted = this.#readHead(at);
      if (this.id.compare(this.#start) < 0) return false;
      if (!isDeleted && this.id.compare(this.#end) <= 0) return true;
    }
  }

  /** Where the entry before the current one begins; 0 if there is none in the node. */
  #previousHead(): number {
    let at = skipBack(this.#bytes, this.#entryAt);
    const elements = Number(readInteger(this.#bytes, at));
    if (elements === 0) return 0;
    for (let left = elements; left > 0; left--) at = skipBack(this.#bytes, at);
    return at;
  }

  /** Reads what an entry begins with; returns whether it is deleted. */
  #readHead(at: number): boolean {
    const bytes = this.#bytes;
    this.#entryAt = at;
    const flags = bytes[at];
    at = skipEntry(bytes, at);
    const ms = readInteger(bytes, at);
    at = skipEntry(bytes, at);
    const sequence = readInteger(bytes, at);
    at = skipEntry(bytes, at);
    this.id.setSince(this.#master, ms, sequence);
    this.#hasSameFields = (flags & EntryFlag.SAME_FIELDS) !== 0;
    if (this.#hasSameFields) {
      this.fieldCount = this.#masterFieldCount;
      this.#left = this.fieldCount;
      this.#masterFieldAt = this.#masterFields;
    } else {
      this.fieldCount = Number(readInteger(bytes, at));
      at = skipEntry(bytes, at);
      this.#left = this.fieldCount * 2;
    }
    this.#at = at;
    return (flags & EntryFlag.DELETED) !== 0;
  }
}

function readElement(bytes: Uint8Array, at: number, slice: Slice): void {
  if (isInteger(bytes, at)) slice.setInteger(readInteger(bytes, at));
  else slice.set(bytes, stringStart(bytes, at), at + encodedBytes(bytes, at));
}
