/**
 * Reads the value of a key, in any way that any version of Redis has written it, and makes a record of it
 * that is in no dict yet. What is long is read in portions.
 *
 * How the values of each type are read is in `list_reader.ts` and its siblings. Whatever is refused leaves
 * nothing behind.
 */
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { NewRecords } from "../keyspace/new_records.ts";
import { ValueType } from "../values/record.ts";
import type { Slice } from "../values/slice.ts";
import { HashReader } from "./hash_reader.ts";
import { ListReader } from "./list_reader.ts";
import { moduleName } from "./module_data.ts";
import { RdbType } from "./rdb_format.ts";
import type { RdbInput } from "./rdb_input.ts";
import { SetReader } from "./set_reader.ts";
import { SortedSetReader } from "./sorted_set_reader.ts";
import { StreamReader } from "./stream_reader.ts";
import type { ValuePart } from "./value_part.ts";

/** The type of value that each way of writing is of; where it is none, there is no such way. */
const valueTypes: { readonly [rdbType: number]: number } = {
  [RdbType.STRING]: ValueType.STRING,
  [RdbType.LIST]: ValueType.LIST,
  [RdbType.LIST_ZIPLIST]: ValueType.LIST,
  [RdbType.LIST_QUICKLIST]: ValueType.LIST,
  [RdbType.LIST_QUICKLIST_2]: ValueType.LIST,
  [RdbType.SET]: ValueType.SET,
  [RdbType.SET_INTSET]: ValueType.SET,
  [RdbType.SET_LISTPACK]: ValueType.SET,
  [RdbType.SORTED_SET]: ValueType.SORTED_SET,
  [RdbType.SORTED_SET_2]: ValueType.SORTED_SET,
  [RdbType.SORTED_SET_ZIPLIST]: ValueType.SORTED_SET,
  [RdbType.SORTED_SET_LISTPACK]: ValueType.SORTED_SET,
  [RdbType.HASH]: ValueType.HASH,
  [RdbType.HASH_ZIPMAP]: ValueType.HASH,
  [RdbType.HASH_ZIPLIST]: ValueType.HASH,
  [RdbType.HASH_LISTPACK]: ValueType.HASH,
  [RdbType.HASH_METADATA_PRE_GA]: ValueType.HASH,
  [RdbType.HASH_METADATA]: ValueType.HASH,
  [RdbType.HASH_LISTPACK_EX_PRE_GA]: ValueType.HASH,
  [RdbType.HASH_LISTPACK_EX]: ValueType.HASH,
  [RdbType.STREAM_LISTPACKS]: ValueType.STREAM,
  [RdbType.STREAM_LISTPACKS_2]: ValueType.STREAM,
  [RdbType.STREAM_LISTPACKS_3]: ValueType.STREAM,
};

/**
 * @example
 * ```ts
 * reader.begin(rdbType, key);
 * while (!reader.readSome(input.offset + portionBytes)) await othersHaveTheirTurn();
 * if (reader.isEmpty) reader.abandon();
 * else database.link(reader.take());
 * ```
 */
export class ValueReader {
  readonly #input: RdbInput;
  readonly #newRecords: NewRecords;
  /** What reads the values of a type, by type number; strings are read here. */
  readonly #parts: ValuePart[] = [];
  #part: ValuePart | null = null;
  #record = 0;

  constructor(input: RdbInput, { newRecords, values }: Keyspace) {
    this.#input = input;
    this.#newRecords = newRecords;
    this.#parts[ValueType.LIST] = new ListReader(input, values.lists);
    this.#parts[ValueType.SET] = new SetReader(input, values.sets);
    this.#parts[ValueType.SORTED_SET] = new SortedSetReader(input, values.sortedSets);
    this.#parts[ValueType.HASH] = new HashReader(input, values.hashes);
    this.#parts[ValueType.STREAM] = new StreamReader(input, values.streams);
  }

  /**
   * Begins with the value of `key`, which is copied; the value is written as `rdbType`.
   *
   * @throws {RdbError}
   */
  begin(rdbType: number, key: Slice): void {
    this.#part = null;
    if (rdbType === RdbType.STRING) return this.#readString(key);
    const type = valueTypes[rdbType];
    if (type === undefined) this.#refuse(rdbType);
    this.#record = this.#newRecords.createBare(key.buffer, key.start, key.end, type);
    this.#part = this.#parts[type];
    try {
      this.#part.begin(rdbType, this.#record);
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /**
   * Reads on, until the value is whole or the input has come to the byte `until`; whether it is whole.
   *
   * @throws {RdbError}
   */
  readSome(until: number): boolean {
    if (this.#part === null) return true;
    try {
      return this.#part.readSome(until);
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** Reads a value at once. */
  read(rdbType: number, key: Slice): void {
    this.begin(rdbType, key);
    this.readSome(Infinity);
  }

  /** Whether the value that is whole now has no elements, where such a value can't be. */
  get isEmpty(): boolean {
    return this.#part !== null && this.#part.isEmpty;
  }

  /** The record with the value, until it is taken or abandoned. */
  get record(): number {
    return this.#record;
  }

  /** The record is the caller's from now on. */
  take(): number {
    const record = this.#record;
    this.#record = 0;
    return record;
  }

  /** Frees the record, if there is one. */
  abandon(): void {
    if (this.#record !== 0) this.#newRecords.discard(this.#record);
    this.#record = 0;
  }

  #readString(key: Slice): void {
    const input = this.#input;
    const records = this.#newRecords;
    if (input.stringOrInteger()) {
      this.#record = records.createInteger(key.buffer, key.start, key.end, input.integer);
      return;
    }
    const { buffer, start, end } = input.string;
    this.#record = records.createString(key.buffer, key.start, key.end, buffer, start, end);
  }

  #refuse(rdbType: number): never {
    if (rdbType === RdbType.MODULE_2) {
      const name = moduleName(this.#input);
      this.#input.fail(`module data I can't load: no matching module type '${name}'`);
    }
    if (rdbType === RdbType.MODULE_PRE_GA) {
      this.#input.fail("module data of a release candidate of Redis 4.0");
    }
    this.#input.fail(`a value of type ${rdbType}, which there is none of`);
  }
}
