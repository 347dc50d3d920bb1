/** KEYS and SCAN: the keys of a database, all at once or bit by bit. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import type { Database } from "../keyspace/database.ts";
import { keyLengthOf, keyStartOf, typeNames, typeOf } from "../values/record.ts";
import { SEGMENT_SHIFT } from "../memory/heap.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { int64Min } from "../resp/numbers.ts";
import type { ReplyWriter } from "../resp/reply_writer.ts";
import { Glob } from "../values/glob.ts";

const asterisk = 0x2a;

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

  /** Leaves out the records whose time has come, and removes them from their database. */
  expireDue(database: Database): void {
    let kept = 0;
    for (let i = 0; i < this.length; i++) {
      const record = this.#records[i];
      if (database.isDue(record)) database.expire(record);
      else this.#records[kept++] = record;
    }
    this.length = kept;
  }
}

/** The pattern that argument `i` is; null for the one that matches everything, the empty key too. */
function patternAt(args: Arguments, i: number): Glob | null {
  const { buffer, starts, ends } = args;
  if (args.length(i) === 1 && buffer[starts[i]] === asterisk) return null;
  return new Glob(buffer, starts[i], ends[i]);
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

interface ScanOptions {
  /** Keys to look at, at least. */
  count: number;
  /** What keys must match; null for all. */
  pattern: Glob | null;
  /** The type that values must have, -1 for one that no value has; null for all. */
  type: number | null;
}

/** Keys that SCAN looks at when COUNT doesn't say. */
const countDefault = 10;

function parseScanOptions(args: Arguments): ScanOptions {
  const options: ScanOptions = { count: countDefault, pattern: null, type: null };
  for (let i = 2; i < args.count; i++) {
    const hasValue = i + 1 < args.count;
    if (hasValue && args.is(i, "COUNT")) {
      options.count = Number(args.int64(++i));
      if (options.count < 1) throw new CommandError(errors.syntax);
    } else if (hasValue && args.is(i, "MATCH")) {
      options.pattern = patternAt(args, ++i);
    } else if (hasValue && args.is(i, "TYPE")) {
      options.type = typeNames.indexOf(args.cString(++i).toLowerCase());
    } else if (args.is(i, "NOVALUES")) {
      throw new CommandError(errors.scanNoValues);
    } else {
      throw new CommandError(errors.syntax);
    }
  }
  return options;
}

/**
 * The cursor that argument `i` is, as a dict takes it. Redis refuses a plain negative integer and reads
 * everything else with C's strtoull. A cursor that no SCAN has answered is as good as any other.
 */
function parseCursor(args: Arguments, i: number): number {
  const text = args.cString(i);
  const [, sign, digits] = /^[ \t-\r]*([+-]?)(\d+)$/.exec(text) ?? [];
  if (digits === undefined) throw new CommandError(errors.invalidCursor);
  const magnitude = BigInt(digits);
  const isNegative = /^-[1-9]/.test(text) && -magnitude >= int64Min;
  if (isNegative || magnitude >= 1n << 64n) throw new CommandError(errors.invalidCursor);
  return Number(BigInt.asUintN(32, sign === "-" ? -magnitude : magnitude));
}

/** Redis looks at no more than this many buckets for each key that COUNT asks for. */
const bucketsPerKeyMax = 10;

function scan({ args, database, reply }: CommandContext): void {
  let cursor = parseCursor(args, 1);
  const { count, pattern, type } = parseScanOptions(args);
  const found = new RecordList();
  let looked = 0;
  const visit = (record: number) => {
    looked++;
    if (type !== null && typeOf(database.heap, record) !== type) return;
    if (matches(pattern, database, record)) found.add(record);
  };
  let bucketsLeft = count * bucketsPerKeyMax;
  do {
    cursor = database.dict.scan(cursor, visit);
  } while (cursor !== 0 && bucketsLeft-- > 0 && looked < count);
  found.expireDue(database);
  reply.array(2);
  reply.bulkString(String(cursor));
  replyKeys(reply, database, found);
}

export const scanHandlers: Handlers = { keys, scan };
