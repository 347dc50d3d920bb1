/** The parts of DEBUG that look at keys from inside, or make many of them. */
import type { CommandContext } from "../command/context.ts";
import { parseMemory } from "../config/directive_types.ts";
import type { Dict } from "../memory/dict.ts";
import {
  accessOf,
  Encoding,
  encodingName,
  encodingOf,
  externalBit,
  externalOf,
  keyLengthOf,
  recordBytes,
  typeOf,
  valueLengthOf,
  ValueType,
} from "../values/record.ts";
import { CommandError, errors } from "../resp/errors.ts";

const encoder = new TextEncoder();

const packedThresholdBytesMax = 2n ** 32n - 2n ** 20n;

/** The record of the key that is argument 2, found without an access to it, and though its time has come. */
function recordOf({ args, database }: CommandContext): number {
  const record = database.dict.find(args.buffer, args.starts[2], args.ends[2]);
  if (record === 0) throw new CommandError(errors.noSuchKey);
  return record;
}

export function debugObject(context: CommandContext): void {
  const { database: { heap, keyspace }, reply, server: { config, payloadWriter } } = context;
  const record = recordOf(context);
  const serializedBytes = payloadWriter.valueBytes(record, config.values.rdbcompression);
  const access = accessOf(heap, record);
  reply.simpleString(
    `Value at:0x${(record * 8).toString(16)} refcount:1 encoding:${encodingName(heap, record)} ` +
      `serializedlength:${serializedBytes} ` +
      `lru:${access} lru_seconds_idle:${keyspace.idleSeconds(access)}` +
      quicklistFigures(context, record),
  );
}

/** What DEBUG OBJECT says of a quicklist besides; none is ever compressed. */
function quicklistFigures({ database }: CommandContext, record: number): string {
  if (encodingOf(database.heap, record) !== Encoding.QUICKLIST) return "";
  const { lists } = database.keyspace.values;
  const nodes = lists.nodeCount(record);
  return ` ql_nodes:${nodes} ql_avg_node:${(lists.count(record) / nodes).toFixed(2)} ` +
    `ql_listpack_max:${lists.fill(record)} ql_compressed:0 ` +
    `ql_uncompressed_size:${lists.listpackBytes(record)}`;
}

/** Lengths of key and value and the room that each has, in the words of Redis' dynamic strings. */
export function debugStringLength(context: CommandContext): void {
  const { database: { heap }, reply } = context;
  const record = recordOf(context);
  const encoding = encodingOf(heap, record);
  const isText = typeOf(heap, record) === ValueType.STRING && encoding !== Encoding.INT;
  if (!isText) throw new CommandError(errors.notSdsEncoded);
  const keyLength = keyLengthOf(heap, record);
  const valueLength = valueLengthOf(heap, record);
  const keyBytes = recordBytes(keyLength, 0);
  const valueBytes = (encoding & externalBit) === 0
    ? heap.capacity(record) - keyBytes
    : heap.capacity(externalOf(heap, record));
  reply.simpleString(
    `key_sds_len:${keyLength}, key_sds_avail:0, key_zmalloc: ${keyBytes}, ` +
      `val_sds_len:${valueLength}, val_sds_avail:${valueBytes - valueLength}, ` +
      `val_zmalloc: ${valueBytes}`,
  );
}

/** Says from how many bytes on an element of a list has a node of its own; 0 leaves it to the list. */
export function debugPackedThreshold({ args, reply, server }: CommandContext): void {
  const bytes = parseMemory(args.string(2));
  if (bytes === null || bytes > packedThresholdBytesMax) {
    throw new CommandError(errors.packedThreshold);
  }
  server.keyspace.values.lists.largeBytesMin = Number(bytes);
  reply.ok();
}

/** Redis prints every entry; here a line in the log says how large it is. */
export function debugListpack(context: CommandContext): void {
  const { database: { heap }, reply } = context;
  const record = recordOf(context);
  const encoding = encodingOf(heap, record);
  if (encoding !== Encoding.LISTPACK && encoding !== Encoding.LISTPACK_EX) {
    throw new CommandError(errors.notListpackEncoded);
  }
  logSize(context, record, "listpack");
  reply.simpleString("Listpack structure printed on stdout");
}

export function debugQuicklist(context: CommandContext): void {
  const { database: { heap }, reply } = context;
  const record = recordOf(context);
  if (encodingOf(heap, record) !== Encoding.QUICKLIST) {
    throw new CommandError(errors.notQuicklistEncoded);
  }
  logSize(context, record, "quicklist");
  reply.simpleString("Quicklist structure printed on stdout");
}

function logSize({ database, server }: CommandContext, record: number, encoding: string): void {
  const bytes = database.keyspace.values.kindOf(record).bytes(record, 0);
  server.log.warning(`DEBUG: a ${encoding} of ${bytes} bytes`);
}

export function debugTable({ args, reply, server }: CommandContext): void {
  const index = args.quantity(2);
  const database = server.keyspace.databases[index];
  if (database === undefined) throw new CommandError(errors.debugDatabaseOutOfRange);
  let text = "[Dictionary HT]\n";
  if (database.size > 0) text += tableFigures(database.dict);
  text += "[Expires HT]\n";
  if (database.volatileSize > 0) text += ` number of elements: ${database.volatileSize}\n`;
  reply.verbatim("txt", text);
}

export function debugTableOfKey(context: CommandContext): void {
  const { database, reply } = context;
  const dict = database.keyspace.values.dictOf(recordOf(context));
  if (dict === null) throw new CommandError(errors.notTableEncoded);
  reply.verbatim("txt", tableFigures(dict));
}

function tableFigures({ bucketCount, count }: Dict): string {
  return "Hash table 0 stats (main hash table):\n" +
    ` table size: ${bucketCount}\n` +
    ` number of elements: ${count}\n`;
}

/** Makes `<prefix>:0`, `<prefix>:1`, … as far as they do not exist. */
export function debugPopulate({ args, database, reply, server }: CommandContext): void {
  const natural = (i: number) => args.quantity(i, 0, errors.mustBePositive);
  const count = natural(2);
  const prefix = args.count > 3 ? args.string(3) : "key";
  const valueBytes = args.count > 4 ? natural(4) : 0;
  for (let i = 0; i < count; i++) {
    const key = encoder.encode(`${prefix}:${i}`);
    const found = database.find(key, 0, key.length);
    if (found !== 0) continue;
    const value = padded(encoder.encode(`value:${i}`), valueBytes);
    database.setString(found, key, 0, key.length, value, 0, value.length, false);
    // whoever watches the key sees it, a log does not
    server.propagation.changed(database, key, 0, key.length, 0);
  }
  reply.ok();
}

/** `text` cut or filled with NULs to `length` bytes; as it is where that is 0. */
function padded(text: Uint8Array, length: number): Uint8Array {
  if (length === 0) return text;
  const value = new Uint8Array(length);
  value.set(text.subarray(0, length));
  return value;
}
