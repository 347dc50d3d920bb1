/** Writes what DUMP answers: a value with the version and the checksum of its format behind it. */
import type { Keyspace } from "../keyspace/keyspace.ts";
import { DUMP_FOOTER_BYTES, RDB_VERSION } from "./rdb_format.ts";
import { RdbOutput } from "./rdb_output.ts";
import { ValueWriter } from "./value_writer.ts";

const TYPE_BYTES = 1;

export class PayloadWriter {
  readonly #output = new RdbOutput({ compresses: true, sums: true });
  readonly #values: ValueWriter;

  constructor(keyspace: Keyspace) {
    this.#values = new ValueWriter(keyspace, this.#output);
  }

  /** The payload of a record's value; the bytes are valid until the next call. */
  write(record: number, compresses: boolean): Uint8Array {
    const output = this.#output;
    output.compresses = compresses;
    output.byte(this.#values.typeOf(record));
    this.#values.write(record);
    output.uint16(RDB_VERSION);
    output.checksum();
    return output.takeAll();
  }

  /** Bytes of a payload that are the value alone. */
  valueBytes(record: number, compresses: boolean): number {
    return this.write(record, compresses).length - TYPE_BYTES - DUMP_FOOTER_BYTES;
  }
}
