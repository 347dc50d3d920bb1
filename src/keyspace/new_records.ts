/**
 * Records that are in no dict yet: what a key is given, and values that are made at leisure, as those that
 * are loaded are, before `Database.link` lets anybody see them. Until then they are their maker's, who may
 * `discard` them.
 */
import { copyBytes } from "../memory/bytes.ts";
import { type Heap, SEGMENT_SHIFT } from "../memory/heap.ts";
import { type Int64, parseInt64 } from "../resp/numbers.ts";
import {
  embstrBytesMax,
  Encoding,
  encodingOf,
  externalBit,
  externalPayloadBytes,
  inlineBytesMax,
  integerPayloadBytes,
  keyStartOf,
  metaWord,
  recordBytes,
  recordKeyOffset,
  recordWordIndex,
  setExternal,
  setInteger,
  setValueLength,
  timerWord,
  typeOf,
  valueLengthWord,
  ValueType,
} from "../values/record.ts";
import type { Values } from "../values/values.ts";

/** No longer string is an integer. */
const decimalBytesMax = 20;

/** No value but a string's is kept in this way. */
const noEncoding = Encoding.RAW;

/** What new records have of the keyspace that they are for. */
export interface RecordHome {
  readonly heap: Heap;
  readonly values: Values;
  /** Access bits that a new key gets. */
  readonly initialAccess: number;
}

export class NewRecords {
  readonly #home: RecordHome;
  readonly #heap: Heap;

  constructor(home: RecordHome) {
    this.#home = home;
    this.#heap = home.heap;
  }

  /** A record with its key, without a time to live, and with room for a payload. */
  create(
    buffer: Uint8Array,
    keyStart: number,
    keyEnd: number,
    meta: number,
    payloadBytes: number,
  ): number {
    const keyLength = keyEnd - keyStart;
    const record = this.#heap.allocate(recordBytes(keyLength, payloadBytes));
    const segment = record >>> SEGMENT_SHIFT;
    const words = this.#heap.words[segment];
    const at = recordWordIndex(record);
    words[at] = keyLength;
    words[at + metaWord] = meta;
    words[at + timerWord] = 0;
    words[at + valueLengthWord] = 0;
    copyBytes(buffer, keyStart, this.#heap.bytes[segment], (at << 2) + recordKeyOffset, keyLength);
    return record;
  }

  /**
   * A record for a value of a type other than string that it has not yet: whoever makes that gives the
   * record its encoding and root.
   */
  createBare(buffer: Uint8Array, keyStart: number, keyEnd: number, type: number): number {
    return this.create(buffer, keyStart, keyEnd, this.#meta(type, noEncoding), 0);
  }

  /** A record that holds an empty value of a type other than string. */
  createEmpty(buffer: Uint8Array, keyStart: number, keyEnd: number, type: number): number {
    const record = this.createBare(buffer, keyStart, keyEnd, type);
    try {
      this.#home.values.kind(type).init(record);
    } catch (error) {
      this.#heap.free(record);
      throw error;
    }
    return record;
  }

  /** A record that holds the string `from[start, end)`, in the encoding that Redis would choose. */
  createString(
    buffer: Uint8Array,
    keyStart: number,
    keyEnd: number,
    from: Uint8Array,
    start: number,
    end: number,
  ): number {
    const length = end - start;
    if (length <= decimalBytesMax) {
      const value = parseInt64(from, start, end);
      if (value !== null) return this.createInteger(buffer, keyStart, keyEnd, value);
    }
    if (length > inlineBytesMax) {
      return this.#createLong(buffer, keyStart, keyEnd, from, start, length);
    }
    const encoding = length <= embstrBytesMax ? Encoding.EMBSTR : Encoding.RAW;
    const meta = this.#meta(ValueType.STRING, encoding);
    const record = this.create(buffer, keyStart, keyEnd, meta, length);
    setValueLength(this.#heap, record, length);
    const at = keyStartOf(record) + keyEnd - keyStart;
    copyBytes(from, start, this.#heap.bytes[record >>> SEGMENT_SHIFT], at, length);
    return record;
  }

  /** A record that holds a string which is an integer. */
  createInteger(buffer: Uint8Array, keyStart: number, keyEnd: number, value: Int64): number {
    const meta = this.#meta(ValueType.STRING, Encoding.INT);
    const record = this.create(buffer, keyStart, keyEnd, meta, integerPayloadBytes);
    setInteger(this.#heap, record, value);
    return record;
  }

  /** Frees a record that is in no dict and has no time to live, with its value if it has one. */
  discard(record: number): void {
    const isBare = encodingOf(this.#heap, record) === noEncoding &&
      typeOf(this.#heap, record) !== ValueType.STRING;
    if (!isBare) this.#home.values.kindOf(record).free(record);
    this.#heap.free(record);
  }

  /** A record whose string is in a block of its own. */
  #createLong(
    buffer: Uint8Array,
    keyStart: number,
    keyEnd: number,
    from: Uint8Array,
    start: number,
    length: number,
  ): number {
    const heap = this.#heap;
    const block = heap.allocate(length);
    try {
      const meta = this.#meta(ValueType.STRING, Encoding.RAW | externalBit);
      const record = this.create(buffer, keyStart, keyEnd, meta, externalPayloadBytes);
      setValueLength(heap, record, length);
      setExternal(heap, record, block);
      const to = heap.bytes[block >>> SEGMENT_SHIFT];
      copyBytes(from, start, to, recordWordIndex(block) << 2, length);
      return record;
    } catch (error) {
      heap.free(block);
      throw error;
    }
  }

  #meta(type: number, encoding: number): number {
    return type | (encoding << 4) | (this.#home.initialAccess << 8);
  }
}
