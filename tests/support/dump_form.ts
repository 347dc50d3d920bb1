/**
 * What two dumps of the same value have in common, where they may differ: the elements of a hash table
 * come in any order, and times are each server's own.
 */
import { lzfDecompress } from "../../src/persistence/lzf.ts";
import { DUMP_FOOTER_BYTES, RdbType, StringEncoding } from "../../src/persistence/rdb_format.ts";
import { END, isInteger, skipEntry } from "../../src/values/listpack_entry.ts";

const listpackHeaderBytes = 6;

/** A text that is the same for dumps that count as the same. */
export function dumpForm(dump: Uint8Array): string {
  const reader = new DumpReader(dump);
  switch (reader.byte()) {
    case RdbType.SET:
      return "set " + reader.many(reader.length(), () => reader.string()).sort();
    case RdbType.SET_LISTPACK:
      // it may have been made of a hash table
      return "set " + entriesOf(reader.bytes()).sort();
    case RdbType.HASH:
      return "hash " + reader.many(reader.length(), () => reader.pair()).sort();
    case RdbType.HASH_METADATA: {
      reader.skip(8);
      const field = () => (reader.length() === 0n ? "" : "expires ") + reader.pair();
      return "hash " + reader.many(reader.length(), field).sort();
    }
    case RdbType.HASH_LISTPACK_EX:
      reader.skip(8);
      return "hash " + timelessFields(reader.bytes()).sort();
    case RdbType.STREAM_LISTPACKS_3:
      return "stream " + readStream(reader);
  }
  return hexOf(dump);
}

/** The entries of a listpack as they are written. */
function entriesOf(listpack: Uint8Array): string[] {
  const entries: string[] = [];
  for (let at = listpackHeaderBytes; listpack[at] !== END;) {
    const next = skipEntry(listpack, at);
    entries.push(hexOf(listpack.subarray(at, next)));
    at = next;
  }
  return entries;
}

/** The fields of a small hash, each with whether it has a time to live. */
function timelessFields(listpack: Uint8Array): string[] {
  const fields: string[] = [];
  for (let at = listpackHeaderBytes; listpack[at] !== END;) {
    const expiryAt = skipEntry(listpack, skipEntry(listpack, at));
    const isNever = isInteger(listpack, expiryAt) && listpack[expiryAt] === 0;
    fields.push(`${isNever ? "" : "expires "}${hexOf(listpack.subarray(at, expiryAt))}`);
    at = skipEntry(listpack, expiryAt);
  }
  return fields;
}

function readStream(reader: DumpReader): string {
  const nodes = reader.many(reader.length(), () => reader.pair());
  const counts = reader.many(8n, () => String(reader.length()));
  const groups = reader.many(reader.length(), () => {
    const head = [reader.string(), reader.length(), reader.length(), reader.length()];
    const pending = reader.many(reader.length(), () => {
      const id = hexOf(reader.take(16));
      reader.skip(8);
      return `${id} ${reader.length()}`;
    });
    const consumers = reader.many(reader.length(), () => {
      const name = reader.string();
      reader.skip(16);
      return `${name} ${reader.many(reader.length(), () => hexOf(reader.take(16)))}`;
    });
    return `${head} pending ${pending} consumers ${consumers}`;
  });
  return `${nodes} counts ${counts} groups ${groups}`;
}

class DumpReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(dump: Uint8Array) {
    this.#bytes = dump.subarray(0, dump.length - DUMP_FOOTER_BYTES);
    this.#view = new DataView(dump.buffer, dump.byteOffset, this.#bytes.length);
  }

  byte(): number {
    return this.#bytes[this.#at++];
  }

  take(length: number): Uint8Array {
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  skip(length: number): void {
    this.#at += length;
  }

  many<T>(count: bigint, read: () => T): T[] {
    return Array.from({ length: Number(count) }, read);
  }

  length(): bigint {
    const first = this.byte();
    if (first < 0x40) return BigInt(first);
    if (first < 0x80) return BigInt((first & 0x3f) << 8 | this.byte());
    const isLong = first === 0x81;
    this.#at += isLong ? 8 : 4;
    if (isLong) return this.#view.getBigUint64(this.#at - 8);
    return BigInt(this.#view.getUint32(this.#at - 4));
  }

  /** The bytes of a string, of an integer those that it is written in. */
  bytes(): Uint8Array {
    const first = this.#bytes[this.#at];
    if (first < 0xc0) return this.take(Number(this.length()));
    this.#at++;
    const encoding = first & 0x3f;
    if (encoding !== StringEncoding.LZF) return this.take(1 << encoding);
    const compressed = Number(this.length());
    const whole = new Uint8Array(Number(this.length()));
    const from = this.take(compressed);
    if (!lzfDecompress(from, 0, compressed, whole, 0, whole.length)) throw new Error("no LZF");
    return whole;
  }

  string(): string {
    const isEncoded = this.#bytes[this.#at] >= 0xc0 ? "#" : "";
    return isEncoded + hexOf(this.bytes());
  }

  pair(): string {
    return `${this.string()}=${this.string()}`;
  }
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
