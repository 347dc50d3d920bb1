/**
 * DEBUG DIGEST: one number for all data, the same whatever order it is visited in, and the same as
 * Redis' for the same data, so that test suites can compare servers with it.
 *
 * Ordered things are mixed (each step hashes all before it); unordered ones are XORed.
 */
import type { Database } from "../keyspace/database.ts";
import { formatShortest } from "../resp/doubles.ts";
import { neverMs } from "../values/hash_fields.ts";
import { timerOf, typeOf, ValueType } from "../values/record.ts";
import type { Slice } from "../values/slice.ts";
import { StreamId } from "../values/stream_id.ts";
import { sha1, sha1Bytes } from "./sha1.ts";

const utf8 = new TextEncoder();

const expiryMark = utf8.encode("!!expire!!");

/** Digest of the keys and values of all databases, in hexadecimal. */
export function datasetDigest(databases: readonly Database[]): string {
  const digest = new Digest();
  for (const database of databases) {
    if (database.size === 0) continue;
    digest.mix(uint32(database.index));
    database.dict.forEach((record) => {
      const entry = new Digest();
      entry.mix(database.keyBytes(record));
      mixValue(entry, database, record);
      digest.add(entry.bytes);
    });
  }
  return digest.toString();
}

/** Digest of one value, in hexadecimal; all zeros where `record` is none. */
export function valueDigest(database: Database, record: number): string {
  const digest = new Digest();
  if (record !== 0) mixValue(digest, database, record);
  return digest.toString();
}

function mixValue(digest: Digest, database: Database, record: number): void {
  const type = typeOf(database.heap, record);
  digest.mix(uint32(type));
  mixers[type](digest, database, record);
  if (timerOf(database.heap, record) !== 0) digest.add(expiryMark);
}

type MixValue = (digest: Digest, database: Database, record: number) => void;

/** How the value of each type is taken in, by type number. */
const mixers: { readonly [type: number]: MixValue } = {
  [ValueType.STRING]: (digest, database, record) => {
    database.locateValue(record);
    digest.mix(database.valueBuffer.subarray(database.valueStart, database.valueEnd));
  },
  [ValueType.HASH]: (digest, { keyspace: { values: { hashes } } }, record) => {
    hashes.forEachKept(record, (field, value, expiresAtMs) => {
      const pair = new Digest();
      pair.mix(bytesOf(field));
      pair.mix(bytesOf(value));
      if (expiresAtMs !== neverMs) pair.add(utf8.encode("!!hexpire!!"));
      digest.add(pair.bytes);
    });
  },
  [ValueType.LIST]: (digest, { keyspace: { values: { lists } } }, record) => {
    for (let isHere = lists.seek(record, 0); isHere; isHere = lists.next()) {
      lists.read();
      digest.mix(bytesOf(lists.element));
    }
  },
  [ValueType.SET]: (digest, { keyspace: { values: { sets } } }, record) => {
    sets.forEach(record, (member) => digest.add(bytesOf(member)));
  },
  [ValueType.SORTED_SET]: (digest, { keyspace: { values: { sortedSets } } }, record) => {
    const { cursor } = sortedSets;
    for (let more = cursor.seek(record, 0); more; more = cursor.next()) {
      const element = new Digest();
      element.mix(bytesOf(cursor.member));
      element.mix(utf8.encode(formatShortest(cursor.score)));
      digest.add(element.bytes);
    }
  },
  [ValueType.STREAM]: (digest, { keyspace: { values: { streams } } }, record) => {
    const { cursor } = streams;
    let more = cursor.seek(record, StreamId.min, StreamId.max);
    for (; more; more = cursor.next()) {
      digest.mix(utf8.encode(String(cursor.id).replace("-", ".")));
      while (cursor.nextField()) {
        digest.mix(bytesOf(cursor.field));
        digest.mix(bytesOf(cursor.value));
      }
    }
  },
};

function bytesOf({ buffer, start, end }: Slice): Uint8Array {
  return buffer.subarray(start, end);
}

class Digest {
  bytes: Uint8Array = new Uint8Array(sha1Bytes);

  /** Takes in something whose place among the others does not matter. */
  add(data: Uint8Array): void {
    const hash = sha1(data);
    for (let i = 0; i < sha1Bytes; i++) this.bytes[i] ^= hash[i];
  }

  /** Takes in something that comes behind all before it. */
  mix(data: Uint8Array): void {
    this.add(data);
    this.bytes = sha1(this.bytes);
  }

  toString(): string {
    return Array.from(this.bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
}

/** In network byte order. */
function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
