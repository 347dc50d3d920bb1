/**
 * One numbered database: keys, their records and their times to live.
 *
 * It owns where records live and that a key whose time has come is never seen. It does not own what the
 * values mean, nor replies. Methods that take a key take it as a slice of bytes; methods that take a
 * `record` take its address, valid until the next call that may move or remove it.
 *
 * `find` leaves the dict at the key's place, and `setString`, `resizeString` and `removeFound` go on
 * from there: a write looks its key up once.
 *
 * Longer than 800 lines because a record is in a dict and in two wheels at once, and whatever moves it, or
 * fails to, must leave them all in step.
 */
import { invariant } from "../assert.ts";
import { copyBytes, equalBytes } from "../memory/bytes.ts";
import { Dict } from "../memory/dict.ts";
import { type Heap, SEGMENT_SHIFT } from "../memory/heap.ts";
import { requestsTogetherMax } from "../limits.ts";
import type { Arguments } from "../resp/arguments.ts";
import type { Int64 } from "../resp/numbers.ts";
import { parseInt64, writeInteger } from "../resp/numbers.ts";
import { NotifyClass } from "./events.ts";
import type { Keyspace } from "./keyspace.ts";
import type { NewRecords } from "./new_records.ts";
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
  metaOf,
  metaWord,
  payloadBytesOf,
  payloadStartOf,
  recordBytes,
  recordKeyOffset,
  recordWordIndex,
  setExternal,
  setInteger,
  setMeta,
  setTimer,
  setValueLength,
  timerOf,
  timerWord,
  typeOf,
  valueLengthOf,
  ValueType,
} from "../values/record.ts";
import { noFieldMs } from "../values/hash_fields.ts";
import { Slice } from "../values/slice.ts";
import { FieldTimers } from "./field_timers.ts";
import { TimerWheel } from "./timer_wheel.ts";

/** The numbers of the searches for the keys of a batch. */
const searches = new Uint8Array(requestsTogetherMax);

/** Room for an integer in decimal. */
const decimalBytesMax = 20;

/**
 * Keys that a flush frees at once. More of them are set aside with their dict and its wheels, and new
 * ones take over: 34 KB outside the heap, which come back when the collector gets to them. Flushing a
 * single key so left 100 MB behind after 100,000 times, and took 35 us with its SET instead of 5.
 */
const flushedAtOnceMax = 128;

export class Database {
  /** The number that SELECT and SWAPDB know it by. */
  index: number;
  readonly keyspace: Keyspace;
  readonly heap: Heap;
  dict: Dict;
  wheel: TimerWheel;
  fieldTimers: FieldTimers;

  /** Where `locateValue` found the bytes of a string. */
  valueBuffer: Uint8Array;
  valueStart = 0;
  valueEnd = 0;
  readonly #decimal = new Uint8Array(decimalBytesMax);
  readonly #newRecords: NewRecords;
  /** The field of a hash that listeners hear of. */
  readonly #field = new Slice();

  constructor(keyspace: Keyspace, index: number) {
    this.keyspace = keyspace;
    this.index = index;
    this.heap = keyspace.heap;
    this.#newRecords = keyspace.newRecords;
    this.dict = new Dict(this.heap, keyspace.hasher, { keyOffset: recordKeyOffset });
    this.wheel = new TimerWheel(this.heap, keyspace.nowMs);
    this.fieldTimers = new FieldTimers(keyspace);
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

  /**
   * Fetches what the commands in `requests[0…count)` are about to look up, taking each first argument
   * for a key, and one behind it for what is looked for in its value: a hint, which changes nothing.
   */
  prefetch(requests: readonly Arguments[], count: number): void {
    const { lookahead } = this.keyspace;
    lookahead.begin();
    if (count === 1) return;
    for (let i = 0; i < count; i++) {
      const { count: length, buffer, starts, ends } = requests[i];
      if (length < 2) continue;
      if (i > 0 && isSameKey(requests[i - 1], requests[i])) {
        searches[i] = searches[i - 1];
        lookahead.repeat(searches[i], buffer, starts[1], ends[1]);
      } else searches[i] = lookahead.announce(this.dict, buffer, starts[1], ends[1]);
    }
    lookahead.fetch();
    for (let i = 0; i < count; i++) {
      if (requests[i].count > 2) this.#prefetchElement(requests[i], searches[i]);
    }
    lookahead.fetch();
  }

  /** Announces the field or member that a request is about, if its key has a large value. */
  #prefetchElement({ count, buffer, starts, ends }: Arguments, search: number): void {
    const { lookahead, values } = this.keyspace;
    const record = lookahead.likelyRecord(search);
    if (record === 0) return;
    const type = typeOf(this.heap, record);
    if (type === ValueType.STRING) return;
    const dict = values.dictOf(record);
    if (dict === null) return;
    // ZADD and ZINCRBY have a score before the member
    const element = type === ValueType.SORTED_SET && count > 3 ? 3 : 2;
    lookahead.announce(dict, buffer, starts[element], ends[element]);
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

  /** Whether the key is there only because nobody has looked at it since its time came. */
  isPast(buffer: Uint8Array, start: number, end: number): boolean {
    const record = this.dict.find(buffer, start, end);
    return record !== 0 && this.isDue(record);
  }

  /** The record of a live key, or 0, for a command that reads it: counts a hit or a miss. */
  lookupRead(buffer: Uint8Array, start: number, end: number): number {
    const record = this.find(buffer, start, end);
    if (record === 0) {
      this.#missed(buffer, start, end);
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
    if (record === 0) this.#missed(buffer, start, end);
    else this.keyspace.stats.hits++;
    return record;
  }

  /** As `lookupQuietly`, but nobody is told of a miss: for OBJECT, which looks at records alone. */
  inspect(buffer: Uint8Array, start: number, end: number): number {
    const record = this.find(buffer, start, end);
    if (record === 0) this.keyspace.stats.misses++;
    else this.keyspace.stats.hits++;
    return record;
  }

  #missed(buffer: Uint8Array, start: number, end: number): void {
    const { events, stats } = this.keyspace;
    stats.misses++;
    events.notify(NotifyClass.KEY_MISS, "keymiss", this, buffer, start, end);
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
    return this.setText(found, buffer, keyStart, keyEnd, from, valueStart, valueEnd, keepTtl);
  }

  /** As `setString`, but never as an integer. */
  setText(
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
    let record: number;
    try {
      record = this.#put(found, buffer, keyStart, keyEnd, kind, payload, keepTtl);
    } catch (error) {
      if (external) this.heap.free(block);
      throw error;
    }
    setValueLength(this.heap, record, length);
    if (external) setExternal(this.heap, record, block);
    return record;
  }

  /**
   * Makes the key that `find` has just looked for hold an empty value of a type other than string, without
   * a time to live. `found` is what `find` returned. Returns the record.
   */
  create(
    found: number,
    buffer: Uint8Array,
    keyStart: number,
    keyEnd: number,
    type: number,
  ): number {
    // what may fail comes first: a key whose new value finds no memory keeps its old one
    const record = this.#newRecords.createEmpty(buffer, keyStart, keyEnd, type);
    if (found === 0) {
      this.#insert(record, true, buffer, keyStart, keyEnd);
      return record;
    }
    this.#setAccess(record, accessOf(this.heap, found));
    this.#dropFoundValue(found, false);
    this.dict.replaceFound(record);
    this.heap.free(found);
    return record;
  }

  /** As `find`, for the key of a record of `keyspace.newRecords`, which is in no dict. */
  findKeyOf(record: number): number {
    const start = keyStartOf(record);
    const end = start + keyLengthOf(this.heap, record);
    return this.find(this.heap.bytes[record >>> SEGMENT_SHIFT], start, end);
  }

  /**
   * Puts such a record into the dict, where its key was just looked for in vain. Without memory for that it
   * is discarded.
   */
  link(record: number): void {
    const start = keyStartOf(record);
    const end = start + keyLengthOf(this.heap, record);
    this.#insert(record, true, this.heap.bytes[record >>> SEGMENT_SHIFT], start, end);
    if (this.#isHash(record)) this.fieldTimers.update(record);
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
    if ((encoding & externalBit) !== 0) {
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
      if (at !== record) this.#moved(record, at);
    }
    const block = external ? this.heap.allocate(withSlack(length)) : 0;
    this.#setKind(
      at,
      ValueType.STRING | ((external ? Encoding.RAW | externalBit : Encoding.RAW) << 4),
    );
    setValueLength(this.heap, at, length);
    if (external) setExternal(this.heap, at, block);
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
    this.#arm(record, expiresAtMs);
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
    if (record === this.keyspace.untoldRecord) this.keyspace.untoldRecord = 0;
    this.dict.removeFound();
    this.freeRecord(record);
  }

  /** Removes a record reached by another way than `find`. */
  remove(record: number): void {
    invariant(this.dict.findRecord(record), "a record to remove is in its dict");
    this.removeFound(record);
  }

  /**
   * Gives a key of this database another name; value and time to live stay. `taken` is what `find` has just
   * returned for that name: what has it goes. Returns the record, which is a new one.
   */
  rename(
    record: number,
    taken: number,
    buffer: Uint8Array,
    keyStart: number,
    keyEnd: number,
  ): number {
    const renamed = this.#copyHeader(record, buffer, keyStart, keyEnd);
    if (taken !== 0) this.removeFound(taken);
    copyBytes(
      this.heap.bytes[record >>> SEGMENT_SHIFT],
      payloadStartOf(this.heap, record),
      this.heap.bytes[renamed >>> SEGMENT_SHIFT],
      payloadStartOf(this.heap, renamed),
      payloadBytesOf(this.heap, record),
    );
    this.#seekPlace(buffer, keyStart, keyEnd);
    this.#insert(renamed, false, buffer, keyStart, keyEnd);
    invariant(this.dict.findRecord(record), "a record to rename is in its dict");
    this.dict.removeFound();
    this.#moveTimer(record, renamed);
    if (this.#isHash(renamed)) this.fieldTimers.moved(renamed);
    // the value, wherever it is, belongs to the new record now
    this.heap.free(record);
    return renamed;
  }

  /** Moves a key to another database, where no key has its name; value and time to live stay. */
  moveTo(target: Database, record: number): void {
    const bytes = this.heap.bytes[record >>> SEGMENT_SHIFT];
    const keyStart = keyStartOf(record);
    const expiresAtMs = this.expiresAtMs(record);
    const keyEnd = keyStart + keyLengthOf(this.heap, record);
    target.#seekPlace(bytes, keyStart, keyEnd);
    target.dict.insert(record);
    target.#added(bytes, keyStart, keyEnd);
    invariant(this.dict.findRecord(record), "a record to move is in its dict");
    this.dict.removeFound();
    this.#cancelTimer(record);
    if (this.#isHash(record)) {
      this.fieldTimers.cancel(record);
      target.fieldTimers.update(record);
    }
    this.#setAccess(record, this.keyspace.initialAccess);
    if (expiresAtMs !== -1) target.#arm(record, expiresAtMs);
  }

  /**
   * Copies a value with its time to live to another database, or to another key. `taken` is what `find` of
   * the target has just returned for that key: what it held goes.
   */
  copyTo(
    target: Database,
    record: number,
    taken: number,
    buffer: Uint8Array,
    keyStart: number,
    keyEnd: number,
  ): void {
    const copy = this.#copyHeader(record, buffer, keyStart, keyEnd);
    try {
      this.keyspace.values.kindOf(record).copy(record, copy);
    } catch (error) {
      this.heap.free(copy);
      throw error;
    }
    if (taken !== 0) target.removeFound(taken);
    target.#seekPlace(buffer, keyStart, keyEnd);
    target.#insert(copy, true, buffer, keyStart, keyEnd);
    const expiresAtMs = this.expiresAtMs(record);
    if (expiresAtMs !== -1) target.#arm(copy, expiresAtMs);
    if (this.#isHash(copy)) target.fieldTimers.update(copy);
  }

  /** Whether the time of a record, reached by another way than `find`, has come. */
  isDue(record: number): boolean {
    const timer = timerOf(this.heap, record);
    return timer !== 0 && this.wheel.isDue(timer, this.keyspace.nowMs);
  }

  /** A key by chance, each live one equally likely; 0 if there is none. */
  randomRecord(): number {
    for (;;) {
      const record = this.dict.sample(this.keyspace.random);
      if (record === 0 || !this.isDue(record)) return record;
      this.expire(record);
    }
  }

  /** Exchanges the contents of two databases; each keeps its number. */
  swapWith(other: Database): void {
    this.keyspace.events.swapped(this, other);
    const { dict, wheel, fieldTimers } = this;
    this.dict = other.dict;
    this.wheel = other.wheel;
    this.fieldTimers = other.fieldTimers;
    other.dict = dict;
    other.wheel = wheel;
    other.fieldTimers = fieldTimers;
  }

  /** Frees a record that is in no dict, with its value and its timer. */
  freeRecord(record: number): void {
    this.#freeRecord(record, this.wheel, this.fieldTimers);
  }

  #freeRecord(record: number, wheel: TimerWheel, fieldTimers: FieldTimers): void {
    const timer = timerOf(this.heap, record);
    if (timer !== 0) wheel.cancel(timer);
    if (this.#isHash(record)) fieldTimers.cancel(record);
    this.keyspace.values.kindOf(record).free(record);
    this.heap.free(record);
  }

  /** Removes every key. The memory of many is freed later, in slices. */
  flush(): void {
    if (this.dict.count === 0) return;
    this.keyspace.events.flushed(this);
    if (this.dict.count <= flushedAtOnceMax) {
      this.dict.clear((record) => this.freeRecord(record));
      return;
    }
    const { dict, wheel, fieldTimers } = this;
    const free = (record: number) => this.#freeRecord(record, wheel, fieldTimers);
    this.keyspace.reclaimer.later((stepsMax) => {
      if (!dict.drain(stepsMax, free)) return false;
      dict.release();
      return true;
    });
    this.dict = new Dict(this.heap, this.keyspace.hasher, { keyOffset: recordKeyOffset });
    this.wheel = new TimerWheel(this.heap, this.keyspace.nowMs);
    this.fieldTimers = new FieldTimers(this.keyspace);
  }

  /** The record's time has come: it goes, and listeners hear of it. */
  expire(record: number): void {
    invariant(this.dict.findRecord(record), "an expiring record is in its dict");
    this.#expireFound(record);
  }

  /** Gives a field of a hash, which there is, a time to live. The hash's class was asked to `extend` it. */
  setFieldExpiry(
    record: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    expiresAtMs: number,
  ): void {
    this.fieldTimers.cover(record, expiresAtMs);
    this.keyspace.values.hashes.setExpiry(record, buffer, start, end, expiresAtMs);
  }

  /**
   * Removes the fields of a hash whose time has come, at most so many, and the hash if none is left;
   * listeners hear of it. Returns how many.
   */
  expireFields(record: number, fieldsMax: number): number {
    const { events, nowMs, values: { hashes } } = this.keyspace;
    this.#announceChange(record);
    const removed = hashes.removeBefore(
      record,
      nowMs + 1,
      fieldsMax,
      (field) => events.fieldExpired(this, record, field),
    );
    this.fieldsExpired(record, removed);
    this.fieldsRemoved(record);
    return removed;
  }

  /**
   * Removes a field of a hash if it mustn't be seen any more; whether it did. `fieldsExpired` and
   * `fieldsRemoved` are to follow, once for all fields of a command.
   */
  expireField(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    const { events, nowMs, values: { hashes } } = this.keyspace;
    if (hashes.earliestMs(record) >= nowMs) return false;
    const expiresAtMs = hashes.expiresAtMs(record, buffer, start, end);
    if (expiresAtMs === noFieldMs || expiresAtMs >= nowMs) return false;
    this.#announceChange(record);
    this.#field.set(buffer, start, end);
    events.fieldExpired(this, record, this.#field);
    return hashes.remove(record, buffer, start, end);
  }

  /**
   * So many fields of a hash have gone because their time had come. Commands of Redis differ in whether
   * that is an event, and in whether it is a change for those who watch the key.
   */
  fieldsExpired(record: number, fields: number, isEvent = true, isChange = true): void {
    if (fields === 0) return;
    const { events, stats } = this.keyspace;
    stats.expiredFields += fields;
    const start = keyStartOf(record);
    const end = start + keyLengthOf(this.heap, record);
    const buffer = this.heap.bytes[record >>> SEGMENT_SHIFT];
    // as with keys, no change that a save would be due for
    if (isChange) events.changed(this, buffer, start, end, 0);
    if (isEvent) events.notify(NotifyClass.HASH, "hexpired", this, buffer, start, end);
  }

  /** Fields have gone from a hash, or lost their times to live: without any left it goes, too. */
  fieldsRemoved(record: number, isEvent = true): void {
    if (this.keyspace.values.hashes.count(record) > 0) return this.fieldTimers.update(record);
    const key = this.keyBytes(record);
    this.remove(record);
    if (isEvent) this.keyspace.events.notify(NotifyClass.GENERIC, "del", this, key, 0, key.length);
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
    const needed = recordBytes(keyEnd - keyStart, payloadBytes);
    const capacity = found === 0 ? 0 : this.heap.capacity(found);
    if (needed <= capacity && needed * 2 >= capacity) {
      this.#dropFoundValue(found, keepTtl);
      this.#setKind(found, kind);
      return found;
    }
    // what may fail comes first: a key whose new value finds no memory keeps its old one
    const access = found === 0 ? this.keyspace.initialAccess : accessOf(this.heap, found);
    const record = this.#newRecords.create(
      buffer,
      keyStart,
      keyEnd,
      kind | (access << 8),
      payloadBytes,
    );
    if (found === 0) {
      this.#insert(record, false, buffer, keyStart, keyEnd);
      return record;
    }
    this.#dropFoundValue(found, keepTtl);
    this.#moveTimer(found, record);
    this.dict.replaceFound(record);
    this.heap.free(found);
    return record;
  }

  /**
   * Gives a record the place that the dict has just looked for in vain, of which nobody has heard yet.
   * Without memory for that it is freed, with its value if it has one of its own.
   */
  #insert(
    record: number,
    hasValue: boolean,
    buffer: Uint8Array,
    keyStart: number,
    keyEnd: number,
  ): void {
    try {
      this.dict.insert(record);
    } catch (error) {
      if (hasValue) this.#newRecords.discard(record);
      else this.heap.free(record);
      throw error;
    }
    this.keyspace.untoldRecord = record;
    this.keyspace.untoldIn = this;
    this.#added(buffer, keyStart, keyEnd);
  }

  #added(buffer: Uint8Array, keyStart: number, keyEnd: number): void {
    this.keyspace.events.notify(NotifyClass.NEW, "new", this, buffer, keyStart, keyEnd);
  }

  /** A record in no dict with another's header and room for its payload, taken for just accessed. */
  #copyHeader(record: number, buffer: Uint8Array, keyStart: number, keyEnd: number): number {
    const meta = (metaOf(this.heap, record) & 0xff) | (this.keyspace.initialAccess << 8);
    const payloadBytes = payloadBytesOf(this.heap, record);
    const copy = this.#newRecords.create(buffer, keyStart, keyEnd, meta, payloadBytes);
    setValueLength(this.heap, copy, valueLengthOf(this.heap, record));
    return copy;
  }

  /** Looks for the place of a key that there is not. */
  #seekPlace(buffer: Uint8Array, keyStart: number, keyEnd: number): void {
    const taken = this.dict.find(buffer, keyStart, keyEnd) !== 0;
    invariant(!taken, "a new record's key is not taken");
  }

  /** Frees what belongs to the value of the found record, and its timer unless it is kept. */
  #dropFoundValue(record: number, keepTtl: boolean): void {
    this.dict.changeFound();
    if (this.#isHash(record)) this.fieldTimers.cancel(record);
    this.keyspace.values.kindOf(record).free(record);
    if (!keepTtl) this.#cancelTimer(record);
  }

  /** Sets type and encoding, keeping the access bits. */
  #setKind(record: number, kind: number): void {
    const words = this.heap.words[record >>> SEGMENT_SHIFT];
    const at = recordWordIndex(record) + metaWord;
    words[at] = (words[at] & ~0xff) | kind;
  }

  #isHash(record: number): boolean {
    return typeOf(this.heap, record) === ValueType.HASH;
  }

  /** Says that a value reached by another way than `find` is about to change. */
  #announceChange(record: number): void {
    invariant(this.dict.findRecord(record), "a record to change is in its dict");
    this.dict.changeFound();
  }

  #setAccess(record: number, access: number): void {
    setMeta(this.heap, record, (metaOf(this.heap, record) & 0xff) | (access << 8));
  }

  /** Sets a record's timer, whether it had one or not. */
  #arm(record: number, expiresAtMs: Int64): void {
    // a wheel that knows the present places the timer well
    this.wheel.advance(this.keyspace.nowMs);
    const timer = timerOf(this.heap, record);
    if (timer === 0) setTimer(this.heap, record, this.wheel.arm(record, expiresAtMs));
    else this.wheel.move(timer, expiresAtMs);
    this.keyspace.timerArmed(this.wheel);
  }

  /** The found record's bytes are at another address now. */
  #moved(from: number, to: number): void {
    if (from === this.keyspace.untoldRecord) this.keyspace.untoldRecord = to;
    const timer = timerOf(this.heap, to);
    if (timer !== 0) this.wheel.setOwner(timer, to);
    this.dict.replaceFound(to);
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

/** Whether two requests have the same first argument: most that have not differ in its last byte. */
function isSameKey(a: Arguments, b: Arguments): boolean {
  if (a.count < 2) return false;
  const length = b.ends[1] - b.starts[1];
  return a.ends[1] - a.starts[1] === length &&
    a.buffer[a.ends[1] - 1] === b.buffer[b.ends[1] - 1] &&
    equalBytes(a.buffer, a.starts[1], b.buffer, b.starts[1], length);
}

/** Redis' sdsMakeRoomFor: twice the length up to a megabyte, a megabyte more beyond. */
function withSlack(length: number): number {
  return length < 1048576 ? length * 2 : length + 1048576;
}
