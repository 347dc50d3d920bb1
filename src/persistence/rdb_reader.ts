/**
 * Reads an RDB file into the databases, in portions, between which others have their turn.
 *
 * A key's value is made first and put into its database when it is whole, so that nobody ever sees half of
 * one. A file that turns out to be broken leaves the keys before that place, but for the last few; what to
 * do with them is the caller's business.
 *
 * 5M strings of 8 to 32 bytes take 3.6 s of processor time from the start of the process on, of which the
 * table of keys takes most; without the room made ahead for them 4.5 s. Redis 8.0.2 takes 10.6 s for the
 * same file. 1M keys, of which every tenth is a collection of 20 elements, take 1.1 s, and 1.7 s there,
 * where nothing is checked. (2026-11-27, 2-core AMD EPYC, Deno 2.9.6, other programs running.)
 */
import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "../log.ts";
import { type Int64, leadingInteger } from "../resp/numbers.ts";
import { KeyBatch } from "./key_batch.ts";
import { moduleName, skipModuleData } from "./module_data.ts";
import {
  RDB_MAGIC,
  RDB_VERSION,
  RDB_VERSION_DIGITS,
  RDB_VERSION_WITH_CHECKSUM,
  RdbOpcode,
} from "./rdb_format.ts";
import { type ByteSource, ForeignFileError, RdbInput } from "./rdb_input.ts";
import { ValueReader } from "./value_reader.ts";

/** What an AUX field may be that is of use to anybody here. */
const auxNames: ReadonlySet<string> = new Set([
  "redis-ver",
  "ctime",
  "used-mem",
  "repl-stream-db",
  "repl-id",
  "repl-offset",
  "aof-base",
  "aof-preamble",
]);

/** So many keys without elements are named in the log. */
const emptyKeysLoggedMax = 10;

/** A file is not believed that it has more keys than would have so many bytes each. */
const keyBytesUsual = 8;

/** Room is made for so many buckets of keys at a time: that takes half a millisecond. */
const bucketsReservedMax = 8192;

/** A time to live that stands for none. */
const noExpiryMs = -1;

/** No opcode is below this, and no type of a value above. */
const opcodeMin = RdbOpcode.SLOT_INFO;

export interface RdbReaderOptions {
  keyspace: Keyspace;
  log: Log;
  source: ByteSource;
  /** Whether the file's checksum counts: the directive `rdbchecksum`. */
  checksum?: boolean;
  /** Keys whose time has come are loaded like others: their end is told by somebody else. */
  keepExpired?: boolean;
  /** A key that there is already gets the value of the file; else it makes the file a broken one. */
  replaceKeys?: boolean;
}

/**
 * @example
 * ```ts
 * const reader = new RdbReader({ keyspace, log, source });
 * while (!reader.step(64 * 1024)) await othersHaveTheirTurn();
 * ```
 */
export class RdbReader {
  /** What the file tells of its origin, by Redis' names of AUX fields. */
  readonly aux: Map<string, string> = new Map();
  /** Code of libraries of functions, in the file's order. */
  readonly functions: Uint8Array[] = [];
  keysLoaded = 0;
  keysExpired = 0;
  keysEmpty = 0;

  readonly #keyspace: Keyspace;
  readonly #log: Log;
  readonly #input = new RdbInput();
  readonly #value: ValueReader;
  /** Keys that are whole and not in their database yet; none between two steps. */
  readonly #batch: KeyBatch;
  readonly #checksum: boolean;
  readonly #keepExpired: boolean;
  readonly #replaceKeys: boolean;
  readonly #startMs: number;
  #version = 0;
  #database: Database;
  #isReadingValue = false;
  #isAtEnd = false;
  /** Databases that have no room for more keys than there are, for sure. */
  #fitted = 0;
  /** Keys that there is to be room for. */
  #keysExpected = 0;
  // What is told of the next key before it comes.
  #expiresAtMs: Int64 | null = null;
  #idleSeconds = -1;
  #frequency = -1;

  constructor(options: RdbReaderOptions) {
    this.#keyspace = options.keyspace;
    this.#log = options.log;
    this.#checksum = options.checksum ?? true;
    this.#keepExpired = options.keepExpired ?? false;
    this.#replaceKeys = options.replaceKeys ?? false;
    this.#startMs = options.keyspace.nowMs;
    this.#database = options.keyspace.databases[0];
    this.#value = new ValueReader(this.#input, options.keyspace);
    this.#batch = new KeyBatch(options.keyspace);
    this.#input.openSource(options.source);
  }

  /** How much of the file was read, in bytes: at the end, where it ends. */
  get offset(): number {
    return this.#input.offset;
  }

  /**
   * Reads about so many bytes, or a string if that is longer; whether the file was read to its end.
   *
   * @throws {RdbError} if it is broken; then, or where nobody wants the rest, `abandon` is due.
   * @throws {HeapFullError}
   */
  step(bytesMax: number): boolean {
    const until = this.#input.offset + bytesMax;
    if (this.#version === 0) this.#readHead();
    while (!this.#isAtEnd && this.#input.offset < until) {
      if (this.#keysExpected > 0) {
        if (!this.#reserve()) return false;
      } else if (!this.#isReadingValue) this.#readNext();
      if (this.#isReadingValue && this.#value.readSome(until)) this.#finishKey();
    }
    this.#link();
    return this.#isAtEnd && this.#fit(bucketsReservedMax);
  }

  /** Frees what was read and is in no database yet, what there is to read it from, and room for keys that don't come. */
  abandon(): void {
    this.#value.abandon();
    this.#batch.discard();
    this.#input.close();
    this.#isReadingValue = false;
    this.#fit(Infinity);
  }

  #readHead(): void {
    const input = this.#input;
    for (let i = 0; i < RDB_MAGIC.length; i++) {
      if (input.byte() !== RDB_MAGIC.charCodeAt(i)) {
        this.#refuse("this is no RDB file", "Wrong signature trying to load DB from file");
      }
    }
    let digits = "";
    for (let i = 0; i < RDB_VERSION_DIGITS; i++) digits += String.fromCharCode(input.byte());
    const version = leadingInteger(digits);
    if (version < 1 || version > RDB_VERSION) {
      this.#refuse(`RDB of version ${version}`, `Can't handle RDB format version ${version}`);
    }
    this.#version = version;
  }

  #refuse(reason: string, logLine: string): never {
    throw new ForeignFileError(reason, this.#input.offset, logLine);
  }

  /** Makes some of the room for the keys that are to come; whether there is enough now. */
  #reserve(): boolean {
    const { dict } = this.#database;
    const isDone = dict.reserve(dict.count + this.#keysExpected, bucketsReservedMax);
    if (isDone) this.#keysExpected = 0;
    return isDone;
  }

  /** Gives back some of the room that no key has come for; whether there is none left. */
  #fit(bucketsMax: number): boolean {
    const { databases } = this.#keyspace;
    while (this.#fitted < databases.length) {
      if (!databases[this.#fitted].dict.fit(bucketsMax)) return false;
      this.#fitted++;
    }
    return true;
  }

  /** Reads what comes before a key, or a key up to where its value begins. */
  #readNext(): void {
    const input = this.#input;
    const type = input.byte();
    if (type >= opcodeMin) return this.#readOpcode(type);
    input.readName();
    this.#value.begin(type, input.name);
    this.#isReadingValue = true;
  }

  #readOpcode(opcode: number): void {
    const input = this.#input;
    switch (opcode) {
      case RdbOpcode.EXPIRETIME_MS:
        this.#expiresAtMs = input.int64();
        if (this.#expiresAtMs === noExpiryMs) this.#expiresAtMs = null;
        return;
      case RdbOpcode.EXPIRETIME:
        this.#expiresAtMs = input.int32() * 1000;
        return;
      case RdbOpcode.IDLE:
        this.#idleSeconds = input.length();
        return;
      case RdbOpcode.FREQ:
        this.#frequency = input.byte();
        return;
      case RdbOpcode.SELECTDB:
        return this.#selectDatabase(input.length());
      case RdbOpcode.RESIZEDB:
        this.#link();
        this.#keysExpected = Math.min(input.length(), input.bytesLeft / keyBytesUsual);
        input.length();
        return;
      case RdbOpcode.SLOT_INFO:
        for (let i = 0; i < 3; i++) input.length();
        return;
      case RdbOpcode.AUX:
        return this.#readAux();
      case RdbOpcode.MODULE_AUX:
        return this.#skipModuleAux();
      case RdbOpcode.FUNCTION2:
        return this.#readFunction();
      case RdbOpcode.FUNCTION_PRE_GA:
        input.fail("functions of a release candidate of Redis 7.0");
        break;
      case RdbOpcode.EOF:
        return this.#readEnd();
    }
  }

  #selectDatabase(index: number): void {
    const { databases } = this.#keyspace;
    if (index >= databases.length) {
      this.#input.fail(
        `database ${index} where the server has ${databases.length}`,
        "FATAL: Data file was created with a Redis server configured to handle more than " +
          `${databases.length} databases. Exiting`,
      );
    }
    this.#link();
    this.#database = databases[index];
  }

  #readAux(): void {
    const input = this.#input;
    input.readString();
    const name = input.stringAsText();
    input.readString();
    const value = input.stringAsText();
    if (name.startsWith("%")) this.#log.notice(`RDB '${name}': ${value}`);
    else if (auxNames.has(name.toLowerCase())) this.#takeAux(name.toLowerCase(), value);
    else this.#log.debug(`Unrecognized RDB AUX field: '${name}'`);
  }

  #takeAux(name: string, value: string): void {
    this.aux.set(name, value);
    const log = this.#log;
    if (name === "redis-ver") log.notice(`Loading RDB produced by version ${value}`);
    else if (name === "ctime") {
      const age = Math.floor(this.#startMs / 1000) - leadingInteger(value);
      log.notice(`RDB age ${Math.max(0, age)} seconds`);
    } else if (name === "used-mem") {
      const megabytes = leadingInteger(value) / 2 ** 20;
      log.notice(`RDB memory usage when created ${megabytes.toFixed(2)} Mb`);
    } else if (name === "aof-preamble" && value === "1") log.notice("RDB has an AOF tail");
    else if (name === "aof-base" && value === "1") log.notice("RDB is base AOF");
  }

  #skipModuleAux(): void {
    const name = moduleName(this.#input);
    this.#log.warning(`The RDB file contains data of module '${name}', which is left out.`);
    // when the module wanted it to be saved: an integer as modules write it
    skipModuleData(this.#input);
  }

  #readFunction(): void {
    this.#input.readString();
    const { buffer, start, end } = this.#input.string;
    this.functions.push(buffer.slice(start, end));
  }

  #readEnd(): void {
    this.#link();
    if (this.#version >= RDB_VERSION_WITH_CHECKSUM) this.#readChecksum();
    this.#isAtEnd = true;
    const empty = this.keysEmpty === 0 ? "" : `, empty keys skipped: ${this.keysEmpty}`;
    this.#log.notice(
      `Done loading RDB, keys loaded: ${this.keysLoaded}, ` +
        `keys expired: ${this.keysExpired}${empty}.`,
    );
  }

  #readChecksum(): void {
    if (this.#input.checksum(this.#checksum) || !this.#checksum) return;
    this.#log.notice("RDB file was saved with checksum disabled: no check performed.");
  }

  /** The value is whole: its key is there from now on, unless its time has come. */
  #finishKey(): void {
    this.#isReadingValue = false;
    const expiresAtMs = this.#expiresAtMs;
    if (this.#value.isEmpty) this.#skipEmpty();
    else if (!this.#keepExpired && expiresAtMs !== null && expiresAtMs < this.#startMs) {
      this.#value.abandon();
      this.keysExpired++;
    } else this.#addKey(expiresAtMs);
    this.#expiresAtMs = null;
    this.#idleSeconds = -1;
    this.#frequency = -1;
  }

  #addKey(expiresAtMs: Int64 | null): void {
    const { record } = this.#value;
    this.#keyspace.setUsage(record, this.#frequency, this.#idleSeconds);
    this.#batch.add(this.#value.take(), expiresAtMs);
    this.keysLoaded++;
    if (this.#batch.isFull) this.#link();
  }

  /** Lets everybody see the keys that are whole. */
  #link(): void {
    const refused = this.#batch.link(this.#database, this.#replaceKeys);
    if (refused === 0) return;
    const key = this.#keyText(refused);
    this.#input.fail(
      `key '${key}' is there already`,
      `RDB has duplicated key '${key}' in DB ${this.#database.index}`,
    );
  }

  /** Some versions of Redis have left keys without elements; they are none. */
  #skipEmpty(): void {
    if (this.keysEmpty++ < emptyKeysLoggedMax) {
      this.#log.notice(`rdbLoadObject skipping empty key: ${this.#keyText(this.#value.record)}`);
    }
    this.#value.abandon();
  }

  #keyText(record: number): string {
    return decoder.decode(this.#database.keyBytes(record));
  }
}

const decoder = new TextDecoder();
