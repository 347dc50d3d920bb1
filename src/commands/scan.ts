/** KEYS and SCAN: the keys of a database, all at once or bit by bit. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import type { Database } from "../keyspace/database.ts";
import { keyLengthOf, keyStartOf, typeOf } from "../values/record.ts";
import { SEGMENT_SHIFT } from "../memory/heap.ts";
import type { ReplyWriter } from "../resp/reply_writer.ts";
import type { Glob } from "../values/glob.ts";
import {
  bucketsPerElementMax,
  parseCursor,
  parseScanOptions,
  patternAt,
  ScanOf,
} from "./scan_options.ts";

/** Records in a typed array that grows: a list of millions of keys makes no object for any. */
class RecordList {
  length = 0;
  #records = new Uint32Array(16);

  add(record: number): void {
    if (this.length === this.#records.length) {
      const records = new Uint32Array(this.length * 2);
      records.set(this.#records);
      this.#records = records;
    }
    this.#records[this.length++] = record;
  }

  at(i: number): number {
    return this.#records[i];
  }

  /** Leaves out the records that `isKept` doesn't want. */
  filter(isKept: (record: number) => boolean): void {
    let kept = 0;
    for (let i = 0; i < this.length; i++) {
      const record = this.#records[i];
      if (isKept(record)) this.#records[kept++] = record;
    }
    this.length = kept;
  }
}

/** Whether the key of a record matches the pattern; null stands for none. */
function matches(pattern: Glob | null, database: Database, record: number): boolean {
  if (pattern === null) return true;
  const start = keyStartOf(record);
  const end = start + keyLengthOf(database.heap, record);
  return pattern.matches(database.heap.bytes[record >>> SEGMENT_SHIFT], start, end);
}

function replyKeys(reply: ReplyWriter, database: Database, records: RecordList): void {
  reply.array(records.length);
  for (let i = 0; i < records.length; i++) {
    const record = records.at(i);
    const start = keyStartOf(record);
    const end = start + keyLengthOf(database.heap, record);
    reply.bulk(database.heap.bytes[record >>> SEGMENT_SHIFT], start, end);
  }
}

function keys({ args, database, reply }: CommandContext): void {
  const pattern = patternAt(args, 1);
  const found = new RecordList();
  database.dict.forEach((record) => {
    if (matches(pattern, database, record) && !database.isDue(record)) found.add(record);
  });
  replyKeys(reply, database, found);
}

/** Whether a key that SCAN has met is alive and of the type asked for; asking for one is an access. */
function isScanned(database: Database, record: number, type: number | null): boolean {
  const { stats } = database.keyspace;
  if (database.isDue(record)) {
    if (type !== null) stats.misses++;
    database.expire(record);
    return false;
  }
  if (type === null) return true;
  stats.hits++;
  return typeOf(database.heap, record) === type;
}

function scan({ args, database, reply }: CommandContext): void {
  let cursor = parseCursor(args, 1);
  const { count, pattern, type } = parseScanOptions(args, 2, ScanOf.Keys);
  const found = new RecordList();
  let looked = 0;
  const visit = (record: number) => {
    looked++;
    if (matches(pattern, database, record)) found.add(record);
  };
  let bucketsLeft = count * bucketsPerElementMax;
  do {
    cursor = database.dict.scan(cursor, visit);
  } while (cursor !== 0 && bucketsLeft-- > 0 && looked < count);
  found.filter((record) => isScanned(database, record, type));
  reply.array(2);
  reply.bulkString(String(cursor));
  replyKeys(reply, database, found);
}

export const scanHandlers: Handlers = { keys, scan };
