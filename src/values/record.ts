/**
 * The record: one heap block that holds a key, what is known of it, and its value (or where it is).
 *
 *     byte  0  u32  key length
 *     byte  4  u32  type (4 bits) | encoding (4 bits) | access (24 bits: LRU clock or LFU counter)
 *     byte  8  u32  timer in the timer wheel, 0 without a time to live
 *     byte 12  u32  of a string: its length; of an integer: 1 if it was copied from another key;
 *                   of any other type: the value's root
 *     byte 16       key
 *     behind it     payload of a string: its bytes; an integer as i64; or the u32 address of a block of
 *                   its own that holds a long string's bytes (`Encoding` with `externalBit`)
 *
 * The payload follows the key without padding, so it is read through a DataView or byte by byte.
 *
 * The root of a list, set, hash, … is a word that its type gives a meaning to, by encoding: mostly the
 * address of the block where the value begins. A record with a root does not move when its value changes.
 */
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "../memory/heap.ts";
import type { Int64 } from "../resp/numbers.ts";
import { toInt64 } from "../resp/numbers.ts";

/** Where the key begins, in bytes. */
export const recordKeyOffset = 16;

/** Word indexes of the header. */
export const metaWord = 1;
export const timerWord = 2;
export const valueLengthWord = 3;

/** Type numbers, as Redis' OBJ_STRING and its siblings. */
export const ValueType = {
  STRING: 0,
  LIST: 1,
  SET: 2,
  SORTED_SET: 3,
  HASH: 4,
  STREAM: 6,
} as const;

/** What TYPE answers, by type number. */
export const typeNames: readonly string[] = ["string", "list", "set", "zset", "hash", "", "stream"];

/** How a value is kept, by Redis' numbers. */
export const Encoding = {
  RAW: 0,
  INT: 1,
  HASH_TABLE: 2,
  INTSET: 6,
  SKIPLIST: 7,
  EMBSTR: 8,
  QUICKLIST: 9,
  STREAM: 10,
  LISTPACK: 11,
  LISTPACK_EX: 12,
} as const;

/** What OBJECT ENCODING says, by encoding. */
const encodingNames: readonly string[] = [
  "raw",
  "int",
  "hashtable",
  "",
  "raw",
  "",
  "intset",
  "skiplist",
  "embstr",
  "quicklist",
  "stream",
  "listpack",
  "listpackex",
];

/** Added to `Encoding.RAW` when the value's bytes are in a block of their own. */
export const externalBit = 4;

/** Longest string that Redis keeps as embstr, in bytes. */
export const embstrBytesMax = 44;

/** Longest string kept inside the record, in bytes; a longer one moves without its key. */
export const inlineBytesMax = 32 * 1024;

/** Payload bytes of an integer, and of an external block's address. */
export const integerPayloadBytes = 8;
export const externalPayloadBytes = 4;

/** Bytes of the record that a key of `keyLength` and `payloadLength` bytes of payload need. */
export function recordBytes(keyLength: number, payloadLength: number): number {
  return recordKeyOffset + keyLength + payloadLength;
}

/** Index of the record's first word in `heap.words[record >>> SEGMENT_SHIFT]`. */
export function recordWordIndex(record: number): number {
  return (record & UNIT_MASK) << 1;
}

export function keyLengthOf(heap: Heap, record: number): number {
  return heap.words[record >>> SEGMENT_SHIFT][recordWordIndex(record)];
}

/** Where the key begins in `heap.bytes[record >>> SEGMENT_SHIFT]`. */
export function keyStartOf(record: number): number {
  return ((record & UNIT_MASK) << 3) + recordKeyOffset;
}

/** Where the payload begins in `heap.bytes[record >>> SEGMENT_SHIFT]`. */
export function payloadStartOf(heap: Heap, record: number): number {
  return keyStartOf(record) + keyLengthOf(heap, record);
}

export function metaOf(heap: Heap, record: number): number {
  return heap.words[record >>> SEGMENT_SHIFT][recordWordIndex(record) + metaWord];
}

export function setMeta(heap: Heap, record: number, meta: number): void {
  heap.words[record >>> SEGMENT_SHIFT][recordWordIndex(record) + metaWord] = meta;
}

/** One of `ValueType`. */
export function typeOf(heap: Heap, record: number): number {
  return metaOf(heap, record) & 0xf;
}

/** One of `Encoding`, with `externalBit` where it applies. */
export function encodingOf(heap: Heap, record: number): number {
  return (metaOf(heap, record) >>> 4) & 0xf;
}

/** What OBJECT ENCODING says of a record. */
export function encodingName(heap: Heap, record: number): string {
  return encodingNames[encodingOf(heap, record)];
}

/** Notes that the value of a record is kept in another way from now on. */
export function setEncoding(heap: Heap, record: number, encoding: number): void {
  const words = heap.words[record >>> SEGMENT_SHIFT];
  const at = recordWordIndex(record) + metaWord;
  words[at] = (words[at] & ~0xf0) | (encoding << 4);
}

/** Where a value of any type but string begins; what that means is its type's business. */
export function rootOf(heap: Heap, record: number): number {
  return heap.words[record >>> SEGMENT_SHIFT][recordWordIndex(record) + valueLengthWord];
}

export function setRoot(heap: Heap, record: number, root: number): void {
  heap.words[record >>> SEGMENT_SHIFT][recordWordIndex(record) + valueLengthWord] = root;
}

/** The 24 bits of LRU clock or LFU counter. */
export function accessOf(heap: Heap, record: number): number {
  return metaOf(heap, record) >>> 8;
}

export function timerOf(heap: Heap, record: number): number {
  return heap.words[record >>> SEGMENT_SHIFT][recordWordIndex(record) + timerWord];
}

export function setTimer(heap: Heap, record: number, timer: number): void {
  heap.words[record >>> SEGMENT_SHIFT][recordWordIndex(record) + timerWord] = timer;
}

export function valueLengthOf(heap: Heap, record: number): number {
  return heap.words[record >>> SEGMENT_SHIFT][recordWordIndex(record) + valueLengthWord];
}

export function setValueLength(heap: Heap, record: number, length: number): void {
  heap.words[record >>> SEGMENT_SHIFT][recordWordIndex(record) + valueLengthWord] = length;
}

/** The integer that a record of encoding INT holds. */
export function integerOf(heap: Heap, record: number): Int64 {
  const view = heap.views[record >>> SEGMENT_SHIFT];
  const at = payloadStartOf(heap, record);
  const high = view.getInt32(at + 4, true);
  const low = view.getUint32(at, true);
  // within ±2^53 the sum below is exact
  if (high >= -0x200000 && high < 0x200000) {
    const value = high * 0x100000000 + low;
    if (Number.isSafeInteger(value)) return value;
  }
  return toInt64((BigInt(high) << 32n) | BigInt(low));
}

export function setInteger(heap: Heap, record: number, value: Int64): void {
  setValueLength(heap, record, 0);
  const view = heap.views[record >>> SEGMENT_SHIFT];
  const at = payloadStartOf(heap, record);
  if (typeof value === "number") {
    view.setInt32(at + 4, Math.floor(value / 0x100000000), true);
    view.setUint32(at, value >>> 0, true);
  } else {
    view.setBigInt64(at, value, true);
  }
}

/** Notes that an integer was copied: only OBJECT REFCOUNT tells it from one that was set. */
export function markCopiedInteger(heap: Heap, record: number): void {
  setValueLength(heap, record, 1);
}

export function isCopiedInteger(heap: Heap, record: number): boolean {
  return valueLengthOf(heap, record) !== 0;
}

/** Address of the block that holds the bytes of a record with `externalBit`. */
export function externalOf(heap: Heap, record: number): number {
  return heap.views[record >>> SEGMENT_SHIFT].getUint32(payloadStartOf(heap, record), true);
}

export function setExternal(heap: Heap, record: number, address: number): void {
  heap.views[record >>> SEGMENT_SHIFT].setUint32(payloadStartOf(heap, record), address, true);
}

/** Bytes of payload in the record itself. */
export function payloadBytesOf(heap: Heap, record: number): number {
  if (typeOf(heap, record) !== ValueType.STRING) return 0;
  const encoding = encodingOf(heap, record);
  if (encoding === Encoding.INT) return integerPayloadBytes;
  return (encoding & externalBit) !== 0 ? externalPayloadBytes : valueLengthOf(heap, record);
}
