/**
 * Reads hashes: fields and values, with times to live or without; a zipmap, a ziplist or a listpack.
 *
 *     HASH_METADATA        earliest time to live, 8 bytes | fields | ttl | field | value | ttl | …
 *     HASH_LISTPACK_EX     earliest time to live, 8 bytes | listpack
 *
 * A ttl is a length: 0 for none, else how much it is behind the earliest, plus 1. What Redis 7.4 wrote
 * before it was finished has no earliest one in front, and a ttl is the time itself.
 */
import type { Hashes } from "../values/hashes.ts";
import { fieldExpiryMsMax } from "../values/packed_hashes.ts";
import type { Slice } from "../values/slice.ts";
import { RdbType } from "./rdb_format.ts";
import type { RdbInput } from "./rdb_input.ts";
import type { ValuePart } from "./value_part.ts";
import { Ziplist } from "./ziplist.ts";
import { Zipmap } from "./zipmap.ts";

/** What a field takes at least, with its value, and with a time to live. */
const fieldBytesMin = 2;
const expiringFieldBytesMin = 3;

export class HashReader implements ValuePart {
  readonly #input: RdbInput;
  readonly #hashes: Hashes;
  readonly #ziplist = new Ziplist();
  readonly #zipmap = new Zipmap();
  #rdbType = 0;
  #record = 0;
  /** Fields to be read. */
  #left = 0;
  /** Added to each time to live that there is. */
  #baseMs = 0;

  constructor(input: RdbInput, hashes: Hashes) {
    this.#input = input;
    this.#hashes = hashes;
  }

  begin(rdbType: number, record: number): void {
    const input = this.#input;
    this.#rdbType = rdbType;
    this.#record = record;
    this.#left = 0;
    switch (rdbType) {
      case RdbType.HASH:
        this.#left = input.count(fieldBytesMin);
        this.#hashes.init(record);
        return this.#hashes.expect(record, this.#left);
      case RdbType.HASH_METADATA:
      case RdbType.HASH_METADATA_PRE_GA:
        return this.#beginExpiring();
      case RdbType.HASH_ZIPMAP:
        input.readString();
        this.#hashes.init(record);
        return this.#readZipmap();
      case RdbType.HASH_ZIPLIST:
        input.readString();
        return this.#readZiplist();
      case RdbType.HASH_LISTPACK_EX:
        // the listpack says it, too
        this.#input.int64();
    }
    input.readString();
    this.#load(input.string, rdbType !== RdbType.HASH_LISTPACK);
  }

  readSome(until: number): boolean {
    const input = this.#input;
    const hasExpiries = this.#rdbType !== RdbType.HASH;
    for (; this.#left > 0; this.#left--) {
      if (input.offset >= until) return false;
      const ttl = hasExpiries ? input.length() : 0;
      input.readName();
      input.readString();
      this.#set(input.name, input.string);
      if (ttl !== 0) this.#expire(input.name, ttl);
    }
    return true;
  }

  get isEmpty(): boolean {
    return this.#hashes.count(this.#record) === 0;
  }

  #beginExpiring(): void {
    const hasEarliest = this.#rdbType === RdbType.HASH_METADATA;
    this.#baseMs = hasEarliest ? this.#readEarliest() - 1 : 0;
    this.#left = this.#input.count(expiringFieldBytesMin);
    this.#hashes.init(this.#record);
    this.#hashes.expect(this.#record, this.#left);
    this.#hashes.extend(this.#record);
  }

  /** The earliest time to live; where there is none, one behind all that may be, or 0. */
  #readEarliest(): number {
    const earliestMs = this.#input.int64();
    if (earliestMs < 0 || earliestMs > fieldExpiryMsMax + 1) {
      this.#input.fail(`a field of a hash goes at ${earliestMs}`);
    }
    return Number(earliestMs);
  }

  #expire({ buffer, start, end }: Slice, ttl: number): void {
    const expiresAtMs = this.#baseMs + ttl;
    if (expiresAtMs <= 0 || expiresAtMs > fieldExpiryMsMax) {
      this.#input.fail(`a field of a hash goes at ${expiresAtMs}`);
    }
    this.#hashes.setExpiry(this.#record, buffer, start, end, expiresAtMs);
  }

  #set(field: Slice, value: Slice): void {
    const isNew = this.#hashes.set(
      this.#record,
      field.buffer,
      field.start,
      field.end,
      value.buffer,
      value.start,
      value.end,
      false,
    );
    if (!isNew) this.#input.fail("a hash has a field twice");
  }

  #readZipmap(): void {
    const { buffer, start, end } = this.#input.string;
    const zipmap = this.#zipmap;
    zipmap.open(buffer, start, end);
    while (zipmap.next()) this.#set(zipmap.field, zipmap.value);
    if (!zipmap.isWhole) this.#input.fail("a hash is a broken zipmap");
  }

  #readZiplist(): void {
    const { string } = this.#input;
    const listpack = this.#ziplist.toListpack(string);
    if (listpack === null) this.#input.fail("a hash is a broken ziplist");
    string.set(listpack, 0, listpack.length);
    this.#load(string, false);
  }

  #load({ buffer, start, end }: Slice, hasExpiries: boolean): void {
    if (!this.#hashes.loadListpack(this.#record, hasExpiries, buffer, start, end)) {
      this.#input.fail("a hash is a broken listpack");
    }
  }
}
