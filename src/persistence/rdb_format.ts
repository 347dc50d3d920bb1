/**
 * The format of RDB files and of what DUMP answers: its numbers, under Redis' names.
 *
 *     file:   "REDIS" | version, 4 digits | AUX fields | databases | functions | EOF | checksum
 *     AUX:    0xfa | name | value
 *     database:  0xfe | number | [0xfb | keys | keys with a time to live] | keys
 *     key:    [0xfc | time, 8 bytes] [0xf8 | idle seconds, or 0xf9 | counter] | type | name | value
 *     dump:   type | value | version, 2 bytes | checksum
 *
 * The checksum is a CRC-64 (`crc64.ts`) of all before it, 8 bytes; 0 in a file that was written without.
 * Numbers of a fixed width are little endian, but those in lengths:
 *
 *     00xxxxxx                          6 bits
 *     01xxxxxx xxxxxxxx                14 bits
 *     10000000 + 4 bytes               32 bits, big endian
 *     10000001 + 8 bytes               64 bits, big endian
 *     11xxxxxx                         no length: a string in the encoding x follows
 *
 * A string is a length and its bytes, or in an encoding of its own: an integer of 1, 2 or 4 bytes, or
 * compressed (`lzf.ts`), as compressed length | length | compressed bytes.
 */

/** What a file begins with; four digits of version follow. */
export const RDB_MAGIC = "REDIS";
export const RDB_VERSION_DIGITS = 4;

/** The newest version there is, and that of what DUMP answers. */
export const RDB_VERSION = 12;

/** The version of a file without times to live of fields, so that Redis 7.2 and Valkey load it too. */
export const RDB_VERSION_COMPATIBLE = 11;

/** From this version on a checksum is at the end of a file. */
export const RDB_VERSION_WITH_CHECKSUM = 5;

/** Bytes of the checksum, and of all that is behind the value in a dump: version and checksum. */
export const CHECKSUM_BYTES = 8;
export const DUMP_FOOTER_BYTES = 2 + CHECKSUM_BYTES;

/** What a value is and how it is written. */
export const RdbType = {
  STRING: 0,
  /** Elements as strings, of Redis before 3.2. */
  LIST: 1,
  SET: 2,
  /** Scores in decimal, of Redis before 4.0. */
  SORTED_SET: 3,
  HASH: 4,
  /** Members with scores of 8 bytes, the highest first. */
  SORTED_SET_2: 5,
  /** Of modules, which there are none of here. */
  MODULE_PRE_GA: 6,
  MODULE_2: 7,
  /** The packed forms of Redis before 7.0, each in a string. */
  HASH_ZIPMAP: 9,
  LIST_ZIPLIST: 10,
  SET_INTSET: 11,
  SORTED_SET_ZIPLIST: 12,
  HASH_ZIPLIST: 13,
  /** Nodes, each a ziplist in a string. */
  LIST_QUICKLIST: 14,
  STREAM_LISTPACKS: 15,
  HASH_LISTPACK: 16,
  SORTED_SET_LISTPACK: 17,
  /** Nodes, each with its container and then, in a string, an element or a listpack. */
  LIST_QUICKLIST_2: 18,
  /** With first ID, highest deleted ID, entries added and read. */
  STREAM_LISTPACKS_2: 19,
  SET_LISTPACK: 20,
  /** With the time of each consumer's last success. */
  STREAM_LISTPACKS_3: 21,
  /** Hashes with times to live of fields; before 7.4 without the earliest of them in front. */
  HASH_METADATA_PRE_GA: 22,
  HASH_LISTPACK_EX_PRE_GA: 23,
  HASH_METADATA: 24,
  HASH_LISTPACK_EX: 25,
} as const;

/** What stands where a value's type might. */
export const RdbOpcode = {
  /** Of Valkey and of Redis with a cluster: slot | keys | keys with a time to live. */
  SLOT_INFO: 244,
  FUNCTION2: 245,
  FUNCTION_PRE_GA: 246,
  MODULE_AUX: 247,
  IDLE: 248,
  FREQ: 249,
  AUX: 250,
  RESIZEDB: 251,
  EXPIRETIME_MS: 252,
  /** In seconds, 4 bytes, of Redis before 2.6. */
  EXPIRETIME: 253,
  SELECTDB: 254,
  EOF: 255,
} as const;

/** The upper two bits of a length's first byte, and the whole byte of long ones. */
export const LENGTH_KIND_SHIFT = 6;
export const LENGTH_LOW_MASK = 0x3f;
export const LengthKind = { BITS_6: 0, BITS_14: 1, LONG: 2, ENCODED: 3 } as const;
export const LENGTH_32_BITS = 0x80;
export const LENGTH_64_BITS = 0x81;

/** How a string is written that is neither short nor raw: the lower six bits of its first byte. */
export const StringEncoding = { INT8: 0, INT16: 1, INT32: 2, LZF: 3 } as const;

/** What a node of a `LIST_QUICKLIST_2` is. */
export const NodeContainer = { PLAIN: 1, PACKED: 2 } as const;

/** What modules' values and fields are made of, each after its opcode as a length. */
export const ModuleOpcode = {
  EOF: 0,
  SINT: 1,
  UINT: 2,
  FLOAT: 3,
  DOUBLE: 4,
  STRING: 5,
} as const;
