/**
 * The bytes of a stream's node as XADD reads and writes them, in the layout that `streams.ts` draws: the
 * head, read in one go, and the entries that are added. Room for these, and where nodes are, is the
 * business of `streams.ts`.
 */
import type { Arguments } from "../resp/arguments.ts";
import { equalsEntry, readInteger, skipEntry, STRING_6 } from "./listpack_entry.ts";
import { endListpack, writeIntegerEntry, writeStringEntry } from "./listpack_writer.ts";
import { StreamId } from "./stream_id.ts";

/** What the first element of an entry says of it. */
export const EntryFlag = { DELETED: 1, SAME_FIELDS: 2 } as const;

/** Listpack's header: the first element is behind it. */
export const headerBytes = 6;

/** Elements of an entry beside its fields and values; the count of fields is left out with these. */
const numbersWithFields = 4;
const numbersWithoutFields = 3;

/** Counts up to this are integers of one byte. */
const shortCountMax = STRING_6 - 1;

export class StreamNodeHead {
  /** Entries, and how many more are deleted. */
  entries = 0;
  deleted = 0;
  fieldCount = 0;
  readonly id: StreamId = new StreamId();
  /** The node's listpack. */
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  /** Where the first field is. */
  #fieldsAt = 0;

  /** Reads the head of a node whose listpack begins at `start`; its `id` is for the caller to set. */
  read(bytes: Uint8Array, start: number): void {
    const deletedAt = skipEntry(bytes, start + headerBytes);
    const fieldCountAt = skipEntry(bytes, deletedAt);
    this.#bytes = bytes;
    this.#start = start;
    this.#fieldsAt = skipEntry(bytes, fieldCountAt);
    this.entries = readCount(bytes, start + headerBytes);
    this.deleted = readCount(bytes, deletedAt);
    this.fieldCount = readCount(bytes, fieldCountAt);
  }

  /** Counts one more entry, if that takes no more bytes; whether it does not. */
  countEntry(): boolean {
    if (this.entries >= shortCountMax) return false;
    this.#bytes[this.#start + headerBytes] = ++this.entries;
    return true;
  }

  /**
   * Adds an entry behind the others, for which there is room from `end` on, the last byte of the listpack.
   * Fields and values are the arguments from `first` on.
   */
  append(end: number, id: StreamId, args: Arguments, first: number): void {
    const { buffer, starts, ends, count } = args;
    const bytes = this.#bytes;
    const hasSameFields = this.#hasFields(args, first);
    const texts = count - first;
    let at = writeIntegerEntry(bytes, end, hasSameFields ? EntryFlag.SAME_FIELDS : 0);
    at = writeIntegerEntry(bytes, at, id.msSince(this.id));
    at = writeIntegerEntry(bytes, at, id.sequenceSince(this.id));
    if (hasSameFields) {
      for (let i = first + 1; i < count; i += 2) {
        at = writeStringEntry(bytes, at, buffer, starts[i], ends[i]);
      }
    } else {
      at = writeIntegerEntry(bytes, at, texts / 2);
      for (let i = first; i < count; i++) {
        at = writeStringEntry(bytes, at, buffer, starts[i], ends[i]);
      }
    }
    const elements = hasSameFields ? texts / 2 + numbersWithoutFields : texts + numbersWithFields;
    at = writeIntegerEntry(bytes, at, elements);
    endListpack(bytes, this.#start, at, elements + 1);
  }

  /** Whether the arguments from `first` on have the fields of the head, with values between them. */
  #hasFields({ buffer, starts, ends, count }: Arguments, first: number): boolean {
    if (this.fieldCount * 2 !== count - first) return false;
    const bytes = this.#bytes;
    let at = this.#fieldsAt;
    for (let i = first; i < count; i += 2) {
      if (!equalsEntry(bytes, at, buffer, starts[i], ends[i])) return false;
      at = skipEntry(bytes, at);
    }
    return true;
  }
}

/**
 * Writes the head of a node without entries into an empty listpack from `start` on, which has room for it.
 * The fields are among the arguments from `first` on, with values between them.
 */
export function writeNodeHead(
  bytes: Uint8Array,
  start: number,
  { buffer, starts, ends, count }: Arguments,
  first: number,
): void {
  const fieldCount = (count - first) / 2;
  let at = writeIntegerEntry(bytes, start + headerBytes, 0);
  at = writeIntegerEntry(bytes, at, 0);
  at = writeIntegerEntry(bytes, at, fieldCount);
  for (let i = first; i < count; i += 2) {
    at = writeStringEntry(bytes, at, buffer, starts[i], ends[i]);
  }
  at = writeIntegerEntry(bytes, at, 0);
  endListpack(bytes, start, at, fieldCount + 4);
}

function readCount(bytes: Uint8Array, at: number): number {
  return bytes[at] <= shortCountMax ? bytes[at] : Number(readInteger(bytes, at));
}
