/**
 * The commands on the bits of strings. SETBIT and GETBIT make no object on their way. The arithmetic is
 * in `values/bits.ts` and `values/bitfield.ts`.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import type { Database } from "../keyspace/database.ts";
import { NotifyClass } from "../keyspace/events.ts";
import { copyBytes } from "../memory/bytes.ts";
import { SEGMENT_SHIFT, UNIT_MASK } from "../memory/heap.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { type Int64, parseInt64 } from "../resp/numbers.ts";
import {
  type FieldType,
  incremented,
  Overflow,
  readField,
  settled,
  writeField,
} from "../values/bitfield.ts";
import {
  BitOperation,
  combineBits,
  countBitRange,
  countBits,
  findBit,
  invertBits,
} from "../values/bits.ts";
import { Encoding, encodingOf, externalBit, ValueType } from "../values/record.ts";
import { readValue, removeForNothing, writeValue } from "./lookup.ts";

const hashSign = 35;
const letterI = 105;
const letterU = 117;

/** Argument `i` as the number of a bit that a string may have. */
function bitOffset({ args, server }: CommandContext, i: number): number {
  const bitsMax = server.config.values.protoMaxBulkLenBytes * 8;
  return args.integer(i, 0, bitsMax - 1, errors.bitOffset);
}

/**
 * Points `database.valueBuffer` and its siblings at the string of argument 1 to change its bytes, of which
 * there are at least `length`: new ones are zero. Whether there are new ones.
 */
function locateForWrite(context: CommandContext, length: number): boolean {
  const { args, database } = context;
  const found = writeValue(context, 1, ValueType.STRING);
  let oldLength = 0;
  let record = found;
  if (found === 0) {
    const { buffer, starts, ends } = args;
    record = database.putString(0, buffer, starts[1], ends[1], Encoding.RAW, length, false);
  } else {
    database.locateValue(found);
    oldLength = database.valueEnd - database.valueStart;
    const isRaw = (encodingOf(database.heap, found) & ~externalBit) === Encoding.RAW;
    if (isRaw && length <= oldLength) return false;
    record = database.resizeString(found, Math.max(length, oldLength));
  }
  database.locateValue(record);
  database.valueBuffer.fill(0, database.valueStart + oldLength, database.valueEnd);
  return length > oldLength;
}

function setbit(context: CommandContext): void {
  const { args, database, reply } = context;
  const offset = bitOffset(context, 2);
  const bit = args.integer(3, 0, 1, errors.bitValue);
  const grew = locateForWrite(context, Math.floor(offset / 8) + 1);
  const { valueBuffer } = database;
  const at = database.valueStart + Math.floor(offset / 8);
  const shift = 7 - offset % 8;
  const old = (valueBuffer[at] >>> shift) & 1;
  if (grew || bit !== old) {
    valueBuffer[at] ^= (bit ^ old) << shift;
    context.changed(1);
    context.notify(NotifyClass.STRING, "setbit", 1);
  }
  reply.integer(old);
}

function getbit(context: CommandContext): void {
  const { database, reply } = context;
  const offset = bitOffset(context, 2);
  const record = readValue(context, 1, ValueType.STRING);
  if (record === 0) return reply.integer(0);
  database.locateValue(record);
  const at = database.valueStart + Math.floor(offset / 8);
  const byte = at < database.valueEnd ? database.valueBuffer[at] : 0;
  reply.integer((byte >>> (7 - offset % 8)) & 1);
}

/** Bits by number, both counted; empty where `first` is beyond `last`. */
interface BitRange {
  readonly first: number;
  readonly last: number;
}

/** How many bits argument `i` counts in: 1 for BIT, 8 for BYTE or where it is missing. */
function unitBits(args: Arguments, i: number): number {
  if (i >= args.count || args.is(i, "BYTE")) return 8;
  if (args.is(i, "BIT")) return 1;
  throw new CommandError(errors.syntax);
}

/** What `start` and `end` mean of a string of `length` bytes; negative ones count from its end. */
function bitRange(length: number, start: Int64, end: Int64, unit: number): BitRange {
  const total = length * 8 / unit;
  // beyond 2^53 the exact value doesn't matter: no string is that long
  const first = Number(start) + (start < 0 ? total : 0);
  const last = Number(end) + (end < 0 ? total : 0);
  return {
    first: Math.max(0, first) * unit,
    last: Math.min(total - 1, Math.max(0, last)) * unit + unit - 1,
  };
}

/** Bytes of the string that is `database.valueBuffer` and its siblings. */
function locatedLength(database: Database): number {
  return database.valueEnd - database.valueStart;
}

function bitcount(context: CommandContext): void {
  const { args, database, reply } = context;
  if (args.count === 2) {
    const record = readValue(context, 1, ValueType.STRING);
    if (record === 0) return reply.integer(0);
    database.locateValue(record);
    const { valueBuffer, valueStart, valueEnd } = database;
    return reply.integer(countBits(valueBuffer, valueStart, valueEnd));
  }
  if (args.count !== 4 && args.count !== 5) throw new CommandError(errors.syntax);
  const start = args.int64(2);
  const end = args.int64(3);
  const unit = unitBits(args, 4);
  const record = readValue(context, 1, ValueType.STRING);
  if (record === 0 || (start < 0 && end < 0 && start > end)) return reply.integer(0);
  database.locateValue(record);
  const { first, last } = bitRange(locatedLength(database), start, end, unit);
  if (first > last) return reply.integer(0);
  reply.integer(countBitRange(database.valueBuffer, database.valueStart, first, last));
}

function bitpos(context: CommandContext): void {
  const { args, database, reply } = context;
  const bit = args.int64(2);
  if (bit !== 0 && bit !== 1) throw new CommandError(errors.bitArgument);
  if (args.count > 6) throw new CommandError(errors.syntax);
  const start = args.count > 3 ? args.int64(3) : 0;
  const unit = unitBits(args, 5);
  const hasEnd = args.count > 4;
  const end = hasEnd ? args.int64(4) : -1;
  const record = readValue(context, 1, ValueType.STRING);
  // a missing key is zeros without end
  if (record === 0) return reply.integer(bit === 1 ? -1 : 0);
  database.locateValue(record);
  const length = locatedLength(database);
  const { first, last } = bitRange(length, start, end, unit);
  if (first > last) return reply.integer(-1);
  const position = findBit(database.valueBuffer, database.valueStart, first, last, bit);
  // where no end is asked for, the string is followed by zeros
  reply.integer(position < 0 && bit === 0 && !hasEnd ? length * 8 : position);
}

/** The word that says what BITOP does. */
function parseBitOperation(args: Arguments): BitOperation {
  if (args.is(1, "AND")) return BitOperation.And;
  if (args.is(1, "OR")) return BitOperation.Or;
  if (args.is(1, "XOR")) return BitOperation.Xor;
  if (!args.is(1, "NOT")) throw new CommandError(errors.syntax);
  if (args.count !== 4) throw new CommandError(errors.bitopNotSources);
  return BitOperation.Not;
}

function bitop(context: CommandContext): void {
  const { args, database, reply } = context;
  const operation = parseBitOperation(args);
  const sources: number[] = [];
  let length = 0;
  for (let i = 3; i < args.count; i++) {
    const record = readValue(context, i, ValueType.STRING);
    sources.push(record);
    if (record === 0) continue;
    database.locateValue(record);
    length = Math.max(length, locatedLength(database));
  }
  if (length > 0) storeCombined(context, operation, sources, length);
  else removeForNothing(context, 2);
  reply.integer(length);
}

/** Combines the strings of `sources`, the longest of `length` bytes, and keeps that under argument 2. */
function storeCombined(
  context: CommandContext,
  operation: BitOperation,
  sources: readonly number[],
  length: number,
): void {
  const { args, database } = context;
  const { heap } = database;
  const { buffer, starts, ends } = args;
  // apart first: the destination may be one of the sources
  const scratch = heap.allocate(length);
  try {
    const bytes = heap.bytes[scratch >>> SEGMENT_SHIFT];
    const from = (scratch & UNIT_MASK) << 3;
    combineStrings(database, operation, sources, bytes, from, from + length);
    const found = database.lookupWrite(buffer, starts[2], ends[2]);
    database.locateValue(
      database.putString(found, buffer, starts[2], ends[2], Encoding.RAW, length, false),
    );
    copyBytes(bytes, from, database.valueBuffer, database.valueStart, length);
  } finally {
    heap.free(scratch);
  }
  context.changed(2);
  context.notify(NotifyClass.STRING, "set", 2);
}

/** Writes the combination of strings, a record of 0 being an empty one, to `into[start, end)`. */
function combineStrings(
  database: Database,
  operation: BitOperation,
  sources: readonly number[],
  into: Uint8Array,
  start: number,
  end: number,
): void {
  // OR with nothing copies the first one
  into.fill(0, start, end);
  let combining = BitOperation.Or;
  for (const record of sources) {
    if (record === 0) {
      combineBits(combining, into, start, end, into, start, start);
    } else {
      database.locateValue(record);
      const { valueBuffer, valueStart, valueEnd } = database;
      combineBits(combining, into, start, end, valueBuffer, valueStart, valueEnd);
    }
    combining = operation;
  }
  if (operation === BitOperation.Not) invertBits(into, start, end);
}

/** A subcommand of BITFIELD. */
interface FieldOperation {
  readonly name: "GET" | "SET" | "INCRBY";
  readonly type: FieldType;
  readonly offset: number;
  readonly overflow: Overflow;
  /** What to set to, or to increment by. */
  readonly operand: Int64;
}

function parseFieldOperations(context: CommandContext): FieldOperation[] {
  const { args } = context;
  const operations: FieldOperation[] = [];
  let overflow = Overflow.Wrap;
  let i = 2;
  while (i < args.count) {
    const following = args.count - i - 1;
    if (args.is(i, "OVERFLOW") && following >= 1) {
      overflow = parseOverflow(args, i + 1);
      i += 2;
      continue;
    }
    const name = fieldOperationName(args, i, following);
    const type = parseFieldType(args, i + 1);
    const offset = fieldOffset(context, i + 2, type.bits);
    const operand = name === "GET" ? 0 : args.int64(i + 3);
    operations.push({ name, type, offset, overflow, operand });
    i += name === "GET" ? 3 : 4;
  }
  return operations;
}

function fieldOperationName(args: Arguments, i: number, following: number): FieldOperation["name"] {
  if (following >= 2 && args.is(i, "GET")) return "GET";
  if (following >= 3 && args.is(i, "SET")) return "SET";
  if (following >= 3 && args.is(i, "INCRBY")) return "INCRBY";
  throw new CommandError(errors.syntax);
}

function parseOverflow(args: Arguments, i: number): Overflow {
  if (args.is(i, "WRAP")) return Overflow.Wrap;
  if (args.is(i, "SAT")) return Overflow.Saturate;
  if (args.is(i, "FAIL")) return Overflow.Fail;
  throw new CommandError(errors.bitfieldOverflow);
}

/** `i` or `u` and a number of bits; as a C string, that a NUL ends. */
function parseFieldType(args: Arguments, i: number): FieldType {
  const { buffer } = args;
  const start = args.starts[i];
  const end = start + args.cString(i).length;
  const isSigned = buffer[start] === letterI;
  const isType = end > start && (isSigned || buffer[start] === letterU);
  const bits = isType ? parseInt64(buffer, start + 1, end) : null;
  // u64 would not fit the integers of replies
  if (typeof bits !== "number" || bits < 1 || bits > (isSigned ? 64 : 63)) {
    throw new CommandError(errors.bitfieldType);
  }
  return { isSigned, bits };
}

/** Argument `i` as the number of a bit, or as `#` and the number of a field of so many bits. */
function fieldOffset(context: CommandContext, i: number, bits: number): number {
  const { args, server } = context;
  const start = args.starts[i];
  if (args.length(i) === 0 || args.buffer[start] !== hashSign) return bitOffset(context, i);
  const count = parseInt64(args.buffer, start + 1, args.ends[i]) ?? -1;
  // Redis multiplies in 64 bits, and takes what is left of an overflow
  const offset = typeof count === "number"
    ? count * bits
    : Number(BigInt.asIntN(64, count * BigInt(bits)));
  if (offset < 0 || offset >= server.config.values.protoMaxBulkLenBytes * 8) {
    throw new CommandError(errors.bitOffset);
  }
  return offset;
}

function bitfield(context: CommandContext): void {
  runFieldOperations(context, parseFieldOperations(context));
}

function bitfieldReadOnly(context: CommandContext): void {
  const operations = parseFieldOperations(context);
  if (operations.some(({ name }) => name !== "GET")) {
    throw new CommandError(errors.bitfieldReadOnly);
  }
  runFieldOperations(context, operations);
}

function runFieldOperations(
  context: CommandContext,
  operations: readonly FieldOperation[],
): void {
  const { database, reply } = context;
  let bits = 0;
  for (const { name, offset, type } of operations) {
    if (name !== "GET") bits = Math.max(bits, offset + type.bits);
  }
  let grew = false;
  if (bits > 0) {
    grew = locateForWrite(context, Math.ceil(bits / 8));
  } else {
    const record = readValue(context, 1, ValueType.STRING);
    if (record !== 0) database.locateValue(record);
    else database.valueStart = database.valueEnd = 0;
  }
  reply.array(operations.length);
  let changes = 0;
  for (const operation of operations) {
    if (runFieldOperation(context, operation, grew)) changes++;
  }
  // as in Redis, a string of which only the length changed, all else having failed, is no news
  if (changes === 0) return;
  context.changed(1, changes);
  context.notify(NotifyClass.STRING, "setbit", 1);
}

/** Runs one operation on the string that is located. Whether it changed something, as Redis counts. */
function runFieldOperation(
  { database, reply }: CommandContext,
  { name, type, offset, overflow, operand }: FieldOperation,
  grew: boolean,
): boolean {
  const { valueBuffer, valueStart, valueEnd } = database;
  const old = readField(valueBuffer, valueStart, valueEnd, offset, type);
  if (name === "GET") {
    reply.integer(old);
    return false;
  }
  const value = name === "SET"
    ? settled(type, overflow, operand)
    : incremented(type, overflow, old, operand);
  if (value === null) {
    reply.null();
    return false;
  }
  writeField(valueBuffer, valueStart, offset, type, value);
  reply.integer(name === "SET" ? old : value);
  return grew || value !== old;
}

export const bitmapHandlers: Handlers = {
  bitcount,
  bitfield,
  "bitfield_ro": bitfieldReadOnly,
  bitop,
  bitpos,
  getbit,
  setbit,
};
