/**
 * A picture of all data at one moment, as an RDB file or as commands, written while commands go on.
 *
 * There is no fork: the cut is a number, which each bucket of the keyspace's dictionaries gets when all that
 * was in it is written (`Dict.freeze`). From the cut on a key is written exactly once, by whoever comes
 * first: the walk, which goes through all buckets in slices, or the first command that is about to change
 * it. What is made after the cut is known as such.
 *
 * - A flushed database's table is drained bucket by bucket, and so tells of each before it is gone; the
 *   walk still has it. One that is swapped keeps its table, and the snapshot the number that it had.
 * - A large value is written in parts in the same way (`large_value.ts`). While it is, other keys that
 *   change wait aside, in memory, so that in the file each key is in one piece.
 * - A long string, be it a value or in one, is copied, and compressed piece by piece (`rdb_output.ts`).
 *
 * It only fills an `RdbOutput`. Who takes the chunks, and when `step` is called, is its owner's business
 * (`rdb_file.ts`).
 */
import { invariant } from "../assert.ts";
import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Dict } from "../memory/dict.ts";
import type { LargeValue } from "./large_value.ts";
import { largeBytesUsual, LargeValues, savedOutput } from "./large_values.ts";
import { RdbOutput } from "./rdb_output.ts";
import type { SnapshotFormat, SnapshotOrigin, SnapshotWriter } from "./snapshot_writer.ts";

/** Bytes of what is put off that are seen to in one step, however little is wanted. */
const caughtUpBytesMin = 4096;

/** Work that a bucket is, in bytes written, even when it has nothing to write. */
const bucketWork = 32;

/** A database as it was at the cut. */
interface Source {
  readonly index: number;
  readonly dict: Dict;
  readonly wheel: Database["wheel"];
  readonly keyCount: number;
  readonly volatileCount: number;
}

/** A run of keys, each behind the number of its database. */
class KeyStream {
  readonly output: RdbOutput;
  readonly writer: SnapshotWriter;
  /** The database of the key written last. */
  source: Source | null = null;

  constructor(output: RdbOutput, format: SnapshotFormat) {
    this.output = output;
    this.writer = format.writer(output);
  }

  /** Has the next key be one of this database. */
  select(source: Source): void {
    if (this.source === source) return;
    this.source = source;
    this.writer.database(source.index, source.keyCount, source.volatileCount);
  }
}

export class Snapshot {
  /** The file, as far as it is written. */
  readonly output: RdbOutput;
  /** Keys there were at the cut, and those of them that are written. */
  readonly keysTotal: number;
  keysWritten = 0;
  readonly #sources: readonly Source[];
  readonly #file: KeyStream;
  /** Keys that change while a large value is being written. */
  readonly #aside: KeyStream;
  readonly #large: LargeValues;
  /** Large values whose turn comes, and the one whose turn it is. */
  readonly #waiting: { value: LargeValue; source: Source }[] = [];
  #current: LargeValue | null = null;
  #sourceAt = 0;
  #bucket = 0;
  #isOver = false;

  /**
   * Makes the cut.
   *
   * @param largeBytes A value that takes more memory is written in parts, a longer string is put off.
   */
  constructor(
    keyspace: Keyspace,
    format: SnapshotFormat,
    origin: SnapshotOrigin,
    largeBytes: number = largeBytesUsual,
  ) {
    const { compresses, sums } = format;
    this.output = new RdbOutput({ compresses, sums, longBytes: largeBytes });
    this.#file = new KeyStream(this.output, format);
    this.#aside = new KeyStream(savedOutput(format, largeBytes), format);
    this.#large = new LargeValues(keyspace, format, largeBytes);
    this.#sources = keyspace.databases.filter(({ size }) => size > 0).map(sourceOf);
    this.keysTotal = this.#sources.reduce((sum, { keyCount }) => sum + keyCount, 0);
    for (const source of this.#sources) {
      source.dict.freeze((record) => this.#writeKey(source, record));
    }
    this.#file.writer.header(origin);
  }

  /** Whether it is complete, or given up. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Writes on, `bytes` bytes or a little more; whether the file is complete. */
  step(bytes: number): boolean {
    const { output } = this;
    if (output.isBehind) {
      output.catchUp(Math.max(bytes, caughtUpBytesMin));
      return false;
    }
    const untilBytes = output.byteLength + bytes;
    for (let idle = 0; output.byteLength + idle < untilBytes && !output.isBehind;) {
      if (this.#current !== null) {
        if (!this.#current.step(output, untilBytes)) return false;
        this.#current = null;
        this.#takeAside();
      } else if (this.#waiting.length > 0) {
        const { value, source } = this.#waiting.shift()!;
        this.#file.select(source);
        this.#current = value;
      } else if (!this.#walk()) {
        this.#finish();
        return true;
      } else idle += bucketWork;
    }
    return false;
  }

  /** Gives up: nobody has to tell of changes any more. */
  cancel(): void {
    this.#current?.cancel();
    for (const { value } of this.#waiting) value.cancel();
    this.#release();
  }

  /** Sees to one more bucket; false behind the last. */
  #walk(): boolean {
    const source = this.#sources[this.#sourceAt];
    if (source === undefined) return false;
    // a table that was drained meanwhile has told of all its keys
    if (source.dict.count > 0 && this.#bucket < source.dict.bucketCount) {
      source.dict.tellBucket(this.#bucket++);
    } else {
      this.#sourceAt++;
      this.#bucket = 0;
    }
    return true;
  }

  #writeKey(source: Source, record: number): void {
    this.keysWritten++;
    const { wheel } = source;
    if (this.#large.isLarge(record)) {
      this.#waiting.push({ value: this.#large.freeze(record, wheel), source });
      return;
    }
    const stream = this.#current === null ? this.#file : this.#aside;
    stream.select(source);
    stream.writer.key(record, wheel);
  }

  /** Writes the keys that had to wait for a large value. */
  #takeAside(): void {
    if (this.#aside.source === null) return;
    this.output.add(this.#aside.output.takeParts());
    this.#file.source = this.#aside.source;
    this.#aside.source = null;
  }

  #finish(): void {
    invariant(this.keysWritten === this.keysTotal, "a snapshot has each key once");
    this.#release();
    this.#file.writer.end();
    this.output.flush();
  }

  #release(): void {
    invariant(!this.#isOver, "a snapshot is over once");
    this.#isOver = true;
    for (const { dict } of this.#sources) dict.thaw();
  }
}

function sourceOf({ index, dict, wheel, size, volatileSize }: Database): Source {
  return { index, dict, wheel, keyCount: size, volatileCount: volatileSize };
}
