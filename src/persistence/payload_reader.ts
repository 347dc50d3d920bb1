/**
 * Reads what DUMP answers, of any version of Redis up to 8.0: a value with the version and the checksum of
 * its format behind it.
 */
import type { Keyspace } from "../keyspace/keyspace.ts";
import { Slice } from "../values/slice.ts";
import { Crc64 } from "./crc64.ts";
import { CHECKSUM_BYTES, DUMP_FOOTER_BYTES, RDB_VERSION } from "./rdb_format.ts";
import { RdbError, RdbInput } from "./rdb_input.ts";
import { ValueReader } from "./value_reader.ts";

const nothing = new Uint8Array(0);

export class PayloadReader {
  readonly #input = new RdbInput();
  readonly #value: ValueReader;
  readonly #key = new Slice();
  readonly #crc = new Crc64();
  /** For tests: whether any checksum will do. */
  skipsChecksum = false;

  constructor(keyspace: Keyspace) {
    this.#value = new ValueReader(this.#input, keyspace);
  }

  /** Whether `buffer[start, end)` is a payload of a version that is known, and has arrived as it was. */
  isIntact(buffer: Uint8Array, start: number, end: number): boolean {
    if (end - start < DUMP_FOOTER_BYTES) return false;
    const footer = new DataView(buffer.buffer, buffer.byteOffset + end - DUMP_FOOTER_BYTES);
    if (footer.getUint16(0, true) > RDB_VERSION) return false;
    if (this.skipsChecksum) return true;
    const crc = this.#crc;
    crc.reset();
    crc.update(buffer, start, end - CHECKSUM_BYTES);
    return footer.getUint32(2, true) === crc.low && footer.getUint32(6, true) === crc.high;
  }

  /**
   * Makes a record of the value, in no dict yet, for the key `from[keyStart, keyEnd)`; 0 if the payload,
   * which is intact, has none that could be. What is behind the value is not looked at, as in Redis.
   *
   * @throws {HeapFullError}
   */
  read(
    buffer: Uint8Array,
    start: number,
    end: number,
    from: Uint8Array,
    keyStart: number,
    keyEnd: number,
  ): number {
    const input = this.#input;
    const value = this.#value;
    input.openBytes(buffer, start, end - DUMP_FOOTER_BYTES);
    try {
      this.#key.set(from, keyStart, keyEnd);
      value.read(input.byte(), this.#key);
      if (!value.isEmpty) return value.take();
      value.abandon();
      return 0;
    } catch (error) {
      if (error instanceof RdbError) return 0;
      throw error;
    } finally {
      input.close();
      this.#key.set(nothing, 0, 0);
    }
  }
}
