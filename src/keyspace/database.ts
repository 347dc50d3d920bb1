/**
 * One numbered database: keys, their records and their times to live.
 *
 * It owns where records live and that a key whose time has come is never seen. It does not own what the
 * values mean, nor replies. Methods that take a key take it as a slice of bytes; methods that take a
 * `record` take its address, valid until the next call that may move or remove it.
 *
 * `find` leaves the dict at the key's place, and `put`, `resizePayload` and `removeFound` go on from
 * there: a write looks its key up once.
 */
import { invariant } from "../assert.ts";
import { copyBytes } from "../memory/bytes.ts";
import { Dict } from "../memory/dict.ts";
import { type Heap, SEGMENT_SHIFT } from "../memory/heap.ts";
import type { Int64 } from "../resp/numbers.ts";
import { parseInt64, writeInteger } from "../resp/numbers.ts";
import type { Keyspace } from "./keyspace.ts";
import {
  accessOf,
  embstrBytesMax,
  Encoding,
  encodingOf,
  externalBit,
  externalOf,
  externalPayloadBytes,
  inlineBytesMax,
  integerOf,
  integerPayloadBytes,
  keyLengthOf,
  keyStartOf,
  metaWord,
  payloadBytesOf,
  payloadStartOf,
  recordBytes,
  recordKeyOffset,
  recordWordIndex,
  setExternal,
  setInteger,
  setTimer,
  setValueLength,
  timerOf,
  timerWord,
  valueLengthOf,
  valueLengthWord,
  ValueType,
} from "./record.ts";
import { TimerWheel } from "./timer_wheel.ts";

/** Room for an integer in decimal. */
const decimalBytesMax = 20;

export class Database {
  /** The number that SELECT and SWAPDB know it by. */
  index: number;
  readonly keyspace: Keyspace;
  readonly heap: Heap;
  dict: Dict;
  wheel: TimerWheel;

  /** Where `locateValue` found the bytes of a string. */
  valueBuffer: Uint8Array;
  valueStart = 0;
  valueEnd = 0;
  readonly #decimal = new Uint8Array(decimalBytesMax);

  constructor(keyspace: Keyspace, index: number) {
    this.keyspace = keyspace;
    this.index = index;
    this.heap = keyspace.heap;
    this.dict = new Dict(this.heap, keyspace.hasher, { keyOffset: recordKeyOffset });
    this.wheel = new TimerWheel(this.heap, keyspace.nowMs);
    this.valueBuffer = this.#decimal;
  }

  /** Number of keys. */
  get size(): number {
    return this.dict.count;
  }

  /** Number of keys with a time to live. */
  get volatileSize(): number {
    return this.wheel.count;
  }

  /** The record of a live key, or 0. Neither counted nor taken for an access. */
  find(buffer: Uint8Array, start: number, end: number): number {
    const record = this.dict.find(buffer, start, end);
    if (record === 0) return 0;
    const timer = this.heap.words[record >>> SEGMENT_SHIFT][recordWordIndex(record) + timerWord];
    if (timer !== 0 && this.wheel.isDue(timer, this.keyspace.nowMs)) {
      this.#expireFound(record);
      return 0;
    }
    return record;
  }

  /** The record of a live key, or 0, for a command that reads it: counts a hit or a miss. */
  lookupRead(buffer: Uint8Array, start: number, end: number): number {
    const record = this.find(buffer, start, end);
    if (record === 0) {
      this.keyspace.stats.misses++;
      return 0;
    }
    this.keyspace.stats.hits++;
    this.keyspace.touch(record);
    return record;
  }

  /** The record of a live key, or 0, for a command that changes it: an access, but not counted. */
  lookupWrite(buffer: Uint8Array, start: number, end: number): number {
    const record = this.find(buffer, start, end);
    if (record !== 0) this.keyspace.touch(record);
    return record;
  }

  /** As `lookupRead`, but leaves the key's access time alone. */
  lookupQuietly(buffer: Uint8Array, start: number, end: number): number {
    const record = this.find(buffer, start, end);
    if (record === 0) this.keyspace.stats.misses++;
    else this.keyspace.stats.hits++;
    return record;
  }

  /**
   * Makes the key that `find` has just looked for hold the string `from[valueStart, valueEnd)`, in the
   * encoding that Redis would choose. `found` is what `find` returned.
   */
  setString(
    found: number,
    buffer: Uint8Array,
    keyStart: number,
    keyEnd: number,
    from: Uint8Array,
    valueStart: number,
    valueEnd: number,
    keepTtl: boolean,
  ): number {
    const length = valueEnd - valueStart;
    if (length <= decimalBytesMax) {
      const value = parseInt64(from, valueStart, valueEnd);
      if (value !== null) return this.setInteger(found, buffer, keyStart, keyEnd, value, keepTtl);
    }
    const encoding = length <= embstrBytesMax ? Encoding.EMBSTR : Encoding.RAW;
    const record = this.putString(found, buffer, keyStart, keyEnd, encoding, length, keepTtl);
    if (length <= inlineBytesMax) {
      const at = keyStartOf(record) + keyEnd - keyStart;
      copyBytes(from, valueStart, this.heap.bytes[record >>> SEGMENT_SHIFT], at, length);
    } else {
      this.locateValue(record);
      copyBytes(from, valueStart, this.valueBuffer, this.valueStart, length);
    }
    return record;
  }

  /** As `setString`, for an integer. */
  setInteger(
    found: number,
    buffer: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Int64,
    keepTtl: boolean,
  ): number {
    const record = this.#put(
      found,
      buffer,
      keyStart,
      keyEnd,
      ValueType.STRING | (Encoding.INT << 4),
      integerPayloadBytes,
      keepTtl,
    );
    setInteger(this.heap, record, value);
    return record;
  }

  /**
   * As `setString`, with room for `length` bytes that the caller writes where `locateValue` says;
   * `encoding` is EMBSTR or RAW.
   */
  putString(
    found: number,
    buffer: Uint8Array,
    keyStart: number,
    keyEnd: number,
    encoding: number,
    length: number,
    keepTtl: boolean,
  ): number {
    const external = length > inlineBytesMax;
    const block = external ? this.heap.allocate(length) : 0;
    const kind = ValueType.STRING | ((external ? Encoding.RAW | externalBit : encoding) << 4);
    const payload = external ? externalPayloadBytes : length;
    const record = this.#put(found, buffer, keyStart, keyEnd, kind, payload, keepTtl);
    setValueLength(this.heap, record, length);
    if (external) setExternal(this.heap, record, block);
    return record;
  }

  /**
   * Makes the string of a found record `length` bytes long and `raw`, keeping what fits and leaving new
   * bytes undefined; grows with slack, so that many small appends copy little. Returns the record,
   * which may have moved.
   */
  resizeString(record: number, length: number): number {
    this.dict.changeFound();
    this.locateValue(record);
    const encoding = encodingOf(this.heap, record);
    const oldLength = this.valueEnd - this.valueStart;
    const keep = Math.min(oldLength, length);
    if ((encoding & externalBit) !== 0 && encoding !== Encoding.EMBSTR) {
      const block = externalOf(this.heap, record);
      const wanted = length <= this.heap.capacity(block) ? length : withSlack(length);
      setExternal(this.heap, record, this.heap.reallocate(block, wanted, keep));
      setValueLength(this.heap, record, length);
      return record;
    }
    // the decimal form of an integer is in a scratch buffer; a moved record leaves its old bytes behind
    const old = this.valueBuffer === this.#decimal || length > inlineBytesMax
      ? this.valueBuffer.slice(this.valueStart, this.valueStart + keep)
      : null;
    const external = length > inlineBytesMax;
    const keyLength = keyLengthOf(this.heap, record);
    const needed = recordBytes(keyLength, external ? externalPayloadBytes : length);
    let at = record;
    if (needed > this.heap.capacity(record)) {
      const used = recordBytes(keyLength, payloadBytesOf(this.heap, record));
      const room = recordBytes(keyLength, Math.min(withSlack(length), inlineBytesMax));
      at = this.heap.reallocate(record, room, used);
      if (at !== record) this.#moved(at);
    }
    this.#setKind(
      at,
      ValueType.STRING | ((external ? Encoding.RAW | externalBit : Encoding.RAW) << 4),
    );
    setValueLength(this.heap, at, length);
    if (external) setExternal(this.heap, at, this.heap.allocate(withSlack(length)));
    if (old !== null) {
      this.locateValue(at);
      copyBytes(old, 0, this.valueBuffer, this.valueStart, keep);
    }
    return at;
  }

  /** Points `valueBuffer`, `valueStart` and `valueEnd` at a string's bytes; valid until the next call. */
  locateValue(record: number): void {
    const encoding = encodingOf(this.heap, record);
    if (encoding === Encoding.INT) {
      const value = integerOf(this.heap, record);
      this.valueBuffer = this.#decimal;
      this.valueStart = 0;
      if (typeof value === "number") this.valueEnd = writeInteger(this.#decimal, 0, value);
      else this.valueEnd = new TextEncoder().encodeInto(value.toString(), this.#decimal).written;
      return;
    }
    const length = valueLengthOf(this.heap, record);
    if ((encoding & externalBit) === 0) {
      this.valueBuffer = this.heap.bytes[record >>> SEGMENT_SHIFT];
      this.valueStart = payloadStartOf(this.heap, record);
    } else {
      const block = externalOf(this.heap, record);
      this.valueBuffer = this.heap.bytes[block >>> SEGMENT_SHIFT];
      this.valueStart = recordWordIndex(block) << 2;
    }
    this.valueEnd = this.valueStart + length;
  }

  /** Copies of a record's key; for the paths where a key must outlive its record. */
  keyBytes(record: number): Uint8Array {
    const start = keyStartOf(record);
    return this.heap.bytes[record >>> SEGMENT_SHIFT].slice(
      start,
      start + keyLengthOf(this.heap, record),
    );
  }

  /** When the record's key goes, in milliseconds since the epoch, or -1 if it stays. */
  expiresAtMs(record: number): Int64 {
    const timer = timerOf(this.heap, record);
    return timer === 0 ? -1 : this.wheel.expiresAtMs(timer);
  }

  /** Gives a found record a time to live, in place of any that it had. */
  setExpiry(record: number, expiresAtMs: Int64): void {
    this.dict.changeFound();
    // a wheel that knows the present places the timer well
    this.wheel.advance(this.keyspace.nowMs);
    const timer = timerOf(this.heap, record);
    if (timer === 0) setTimer(this.heap, record, this.wheel.arm(record, expiresAtMs));
    else this.wheel.move(timer, expiresAtMs);
    this.keyspace.timerArmed(this.wheel);
  }

  /** Takes a found record's time to live away; false if it had none. */
  removeExpiry(record: number): boolean {
    const timer = timerOf(this.heap, record);
    if (timer === 0) return false;
    this.dict.changeFound();
    this.wheel.cancel(timer);
    setTimer(this.heap, record, 0);
    return true;
  }

  /** Removes the record that `find` has just returned. */
  removeFound(record: number): void {
    this.dict.removeFound();
    this.freeRecord(record);
  }

  /** Removes a record reached by another way than `find`. */
  remove(record: number): void {
    invariant(this.dict.findRecord(record), "a record to remove is in its dict");
    this.removeFound(record);
  }

  /** Takes a found record out of this database without freeing it: its key can be given another home. */
  detachFound(record: number): void {
    this.dict.removeFound();
    this.#cancelTimer(record);
  }

  /** Frees a record that is in no dict, with its value and its timer. */
  freeRecord(record: number): void {
    freeRecord(this.heap, this.wheel, record);
  }

  /** Removes every key; their memory is freed in slices by `keyspace.freeSlice`. */
  flush(): void {
    if (this.dict.count === 0) return;
    this.keyspace.events.flushed(this);
    this.keyspace.freeLater(this.dict, this.wheel);
    this.dict = new Dict(this.heap, this.keyspace.hasher, { keyOffset: recordKeyOffset });
    this.wheel = new TimerWheel(this.heap, this.keyspace.nowMs);
  }

  /** The record's time has come: it goes, and listeners hear of it. */
  expire(record: number): void {
    invariant(this.dict.findRecord(record), "an expiring record is in its dict");
    this.#expireFound(record);
  }

  /** The record makes room for others: it goes, and listeners hear of it. */
  evict(record: number): void {
    invariant(this.dict.findRecord(record), "a record to evict is in its dict");
    this.keyspace.stats.evicted++;
    this.keyspace.events.evicted(this, record);
    this.removeFound(record);
  }

  #expireFound(record: number): void {
    this.keyspace.stats.expired++;
    this.keyspace.events.expired(this, record);
    this.removeFound(record);
  }

  /** Gives the key a record with `payloadBytes` of payload, freeing its old value; writes the header. */
  #put(
    found: number,
    buffer: Uint8Array,
    keyStart: number,
    keyEnd: number,
    kind: number,
    payloadBytes: number,
    keepTtl: boolean,
  ): number {
    const keyLength = keyEnd - keyStart;
    const needed = recordBytes(keyLength, payloadBytes);
    const capacity = found === 0 ? 0 : this.heap.capacity(found);
    if (needed <= capacity && needed * 2 >= capacity) {
      this.#dropFoundValue(found, keepTtl);
      this.#setKind(found, kind);
      return found;
    }
    // what may fail comes first: a key whose new value finds no memory keeps its old one
    const record = this.heap.allocate(needed);
    const segment = record >>> SEGMENT_SHIFT;
    const words = this.heap.words[segment];
    const at = recordWordIndex(record);
    const access = found === 0 ? this.keyspace.initialAccess : accessOf(this.heap, found);
    words[at] = keyLength;
    words[at + metaWord] = kind | (access << 8);
    words[at + timerWord] = 0;
    words[at + valueLengthWord] = 0;
    copyBytes(buffer, keyStart, this.heap.bytes[segment], (at << 2) + recordKeyOffset, keyLength);
    if (found === 0) {
      this.dict.insert(record);
      return record;
    }
    this.#dropFoundValue(found, keepTtl);
    this.#moveTimer(found, record);
    this.dict.replaceFound(record);
    this.heap.free(found);
    return record;
  }

  /** Frees what belongs to the value of the found record, and its timer unless it is kept. */
  #dropFoundValue(record: number, keepTtl: boolean): void {
    this.dict.changeFound();
    if (isExternal(this.heap, record)) this.heap.free(externalOf(this.heap, record));
    if (!keepTtl) this.#cancelTimer(record);
  }

  /** Sets type and encoding, keeping the access bits. */
  #setKind(record: number, kind: number): void {
    const words = this.heap.words[record >>> SEGMENT_SHIFT];
    const at = recordWordIndex(record) + metaWord;
    words[at] = (words[at] & ~0xff) | kind;
  }

  /** The found record's bytes are at another address now. */
  #moved(record: number): void {
    const timer = timerOf(this.heap, record);
    if (timer !== 0) this.wheel.setOwner(timer, record);
    this.dict.replaceFound(record);
  }

  #moveTimer(from: number, to: number): void {
    const timer = timerOf(this.heap, from);
    if (timer === 0) return;
    setTimer(this.heap, from, 0);
    setTimer(this.heap, to, timer);
    this.wheel.setOwner(timer, to);
  }

  #cancelTimer(record: number): void {
    const timer = timerOf(this.heap, record);
    if (timer === 0) return;
    this.wheel.cancel(timer);
    setTimer(this.heap, record, 0);
  }
}

/** Frees a record that is in no dict, with its value and its timer, which is of `wheel`. */
export function freeRecord(heap: Heap, wheel: TimerWheel, record: number): void {
  const timer = timerOf(heap, record);
  if (timer !== 0) wheel.cancel(timer);
  if (isExternal(heap, record)) heap.free(externalOf(heap, record));
  heap.free(record);
}

function isExternal(heap: Heap, record: number): boolean {
  const encoding = encodingOf(heap, record);
  return encoding === (Encoding.RAW | externalBit);
}

/** Redis' sdsMakeRoomFor: twice the length up to a megabyte, a megabyte more beyond. */
function withSlack(length: number): number {
  return length < 1048576 ? length * 2 : length + 1048576;
}
