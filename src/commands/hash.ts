/**
 * The commands on hashes, but for those on the times to live of fields.
 *
 * A field whose time has come is not seen, by none of them; those that ask for it have it removed.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { NotifyClass } from "../keyspace/events.ts";
import { randomBelow } from "../random.ts";
import { CommandError, errors, wrongArity } from "../resp/errors.ts";
import { addInt64, int64Min, parseInt64 } from "../resp/numbers.ts";
import { ByteList } from "../values/byte_list.ts";
import { LongDouble } from "../values/long_double.ts";
import { ValueType } from "../values/record.ts";
import { Slice } from "../values/slice.ts";
import { expireField, findField, hashesOf, replyValue, requireFields } from "./hash_fields.ts";
import { readValue, writeOrCreateValue, writeValue } from "./lookup.ts";
import { bucketsPerElementMax, parseCursor, parseScanOptions, ScanOf } from "./scan_options.ts";

const encoder = new TextEncoder();

/** The number that HINCRBY makes. */
const sumSlice = new Slice();

/** Fields, each followed by its value where those are wanted, before their number is known. */
const found = new ByteList();

function replySlice({ reply }: CommandContext, { buffer, start, end }: Slice): void {
  reply.bulk(buffer, start, end);
}

/** Sets fields from pairs of arguments; returns how many are new. */
function setFields(context: CommandContext): number {
  const { args } = context;
  const { buffer, starts, ends, count } = args;
  if (count % 2 !== 0) throw new CommandError(wrongArity(context.command!.fullName));
  const hashes = hashesOf(context);
  const record = writeOrCreateValue(context, 1, ValueType.HASH);
  hashes.prepare(record, (count - 2) / 2, args, 2, count);
  let added = 0;
  for (let i = 2; i < count; i += 2) {
    if (
      hashes.set(
        record,
        buffer,
        starts[i],
        ends[i],
        buffer,
        starts[i + 1],
        ends[i + 1],
        false,
      )
    ) added++;
  }
  context.changed(1, (count - 2) / 2);
  context.notify(NotifyClass.HASH, "hset", 1);
  return added;
}

function hset(context: CommandContext): void {
  context.reply.integer(setFields(context));
}

function hmset(context: CommandContext): void {
  setFields(context);
  context.reply.ok();
}

/**
 * The hash to write the field in that argument 2 is. If the field's time has come it goes first, and with
 * the last field the hash, in whose place there is a new one then.
 */
function writeFieldOf(context: CommandContext): number {
  const record = writeOrCreateValue(context, 1, ValueType.HASH);
  if (!expireField(context, record, 2)) return record;
  return writeOrCreateValue(context, 1, ValueType.HASH);
}

function hsetnx(context: CommandContext): void {
  const { args, reply } = context;
  const { buffer, starts, ends } = args;
  const hashes = hashesOf(context);
  const record = writeFieldOf(context);
  if (hashes.get(record, buffer, starts[2], ends[2])) return reply.integer(0);
  hashes.prepare(record, 1, args, 2, 4);
  hashes.set(record, buffer, starts[2], ends[2], buffer, starts[3], ends[3], false);
  context.changed(1);
  context.notify(NotifyClass.HASH, "hset", 1);
  reply.integer(1);
}

function hget(context: CommandContext): void {
  const record = readValue(context, 1, ValueType.HASH);
  if (!replyValue(context, record, 2)) expireField(context, record, 2);
}

function hmget(context: CommandContext): void {
  const { args: { buffer, starts, ends, count }, database, reply } = context;
  const record = readValue(context, 1, ValueType.HASH);
  reply.array(count - 2);
  let expired = 0;
  for (let i = 2; i < count; i++) {
    const isExpired = !replyValue(context, record, i) && record !== 0 &&
      database.expireField(record, buffer, starts[i], ends[i]);
    if (isExpired) expired++;
  }
  if (expired === 0) return;
  // in Redis a field that takes the hash with it is no event, unless another went before it
  const isEvent = expired > 1 || hashesOf(context).count(record) > 0;
  database.fieldsExpired(record, expired, isEvent);
  database.fieldsRemoved(record, isEvent);
}

function hexists(context: CommandContext): void {
  const record = readValue(context, 1, ValueType.HASH);
  const exists = record !== 0 && findField(context, record, 2);
  if (!exists) expireField(context, record, 2);
  context.reply.integer(exists ? 1 : 0);
}

function hstrlen(context: CommandContext): void {
  const record = readValue(context, 1, ValueType.HASH);
  const exists = record !== 0 && findField(context, record, 2);
  if (!exists) expireField(context, record, 2);
  context.reply.integer(exists ? hashesOf(context).value.length : 0);
}

function hlen(context: CommandContext): void {
  const record = readValue(context, 1, ValueType.HASH);
  context.reply.integer(record === 0 ? 0 : hashesOf(context).count(record));
}

/** Says that so many fields were removed; without any left the hash goes, too. */
function noteRemoved(context: CommandContext, record: number, removed: number): void {
  context.changed(1, removed);
  context.notify(NotifyClass.HASH, "hdel", 1);
  context.database.fieldsRemoved(record);
}

function hdel(context: CommandContext): void {
  const { args: { buffer, starts, ends, count }, reply } = context;
  const hashes = hashesOf(context);
  const record = writeValue(context, 1, ValueType.HASH);
  if (record === 0) return reply.integer(0);
  let removed = 0;
  for (let i = 2; i < count; i++) {
    if (hashes.remove(record, buffer, starts[i], ends[i])) removed++;
  }
  if (removed > 0) noteRemoved(context, record, removed);
  reply.integer(removed);
}

function hgetdel(context: CommandContext): void {
  const { args: { buffer, starts, ends, count }, database, reply } = context;
  const hashes = hashesOf(context);
  const record = writeValue(context, 1, ValueType.HASH);
  requireFields(context.args, 2);
  reply.array(count - 4);
  let removed = 0;
  let expired = 0;
  for (let i = 4; i < count; i++) {
    if (replyValue(context, record, i)) {
      hashes.remove(record, buffer, starts[i], ends[i]);
      removed++;
    } else if (record !== 0 && database.expireField(record, buffer, starts[i], ends[i])) {
      expired++;
    }
  }
  if (expired > 0) database.fieldsExpired(record, expired);
  if (removed > 0) {
    noteRemoved(context, record, removed);
    context.propagate(count - 2)?.word("HDEL").argument(context.args, 1).argumentsFrom(
      context.args,
      4,
    );
  } else if (expired > 0) database.fieldsRemoved(record);
}

function hincrby(context: CommandContext): void {
  const { args, reply } = context;
  const { buffer, starts, ends } = args;
  const increment = args.int64(3);
  const hashes = hashesOf(context);
  const record = writeFieldOf(context);
  const { value } = hashes;
  const exists = hashes.get(record, buffer, starts[2], ends[2]);
  const old = exists ? parseInt64(value.buffer, value.start, value.end) : 0;
  if (old === null) throw new CommandError(errors.hashValueNotInteger);
  const sum = addInt64(old, increment);
  if (sum === null) throw new CommandError(errors.overflow);
  sumSlice.setInteger(sum);
  const { buffer: digits, start, end } = sumSlice;
  hashes.set(record, buffer, starts[2], ends[2], digits, start, end, true);
  context.changed(1);
  context.notify(NotifyClass.HASH, "hincrby", 1);
  reply.integer(sum);
}

function hincrbyfloat(context: CommandContext): void {
  const { args, args: { buffer, starts, ends }, reply } = context;
  const increment = LongDouble.parse(buffer, starts[3], ends[3]);
  if (increment === null) throw new CommandError(errors.notFloat);
  if (!increment.isFinite) throw new CommandError(errors.incrementNotFinite);
  const hashes = hashesOf(context);
  const record = writeFieldOf(context);
  const { value } = hashes;
  const exists = hashes.get(record, buffer, starts[2], ends[2]);
  const old = exists ? LongDouble.parse(value.buffer, value.start, value.end) : LongDouble.zero;
  if (old === null) throw new CommandError(errors.hashValueNotFloat);
  const sum = old.plus(increment);
  if (!sum.isFinite) throw new CommandError(errors.nanOrInfinity);
  const text = encoder.encode(sum.toString());
  hashes.set(record, buffer, starts[2], ends[2], text, 0, text.length, true);
  context.changed(1);
  context.notify(NotifyClass.HASH, "hincrbyfloat", 1);
  // the sum, as arithmetic may differ where it is replayed
  context.propagate(4)?.word("HSET").argument(args, 1).argument(args, 2).bulk(text, 0, text.length);
  reply.bulk(text, 0, text.length);
}

function hgetall(context: CommandContext): void {
  const hashes = hashesOf(context);
  const record = readValue(context, 1, ValueType.HASH);
  context.reply.map(record === 0 ? 0 : hashes.liveCount(record));
  if (record === 0) return;
  hashes.forEach(record, (field, value) => {
    replySlice(context, field);
    replySlice(context, value);
  });
}

function hkeys(context: CommandContext): void {
  const hashes = hashesOf(context);
  const record = readValue(context, 1, ValueType.HASH);
  context.reply.array(record === 0 ? 0 : hashes.liveCount(record));
  if (record !== 0) hashes.forEach(record, (field) => replySlice(context, field));
}

function hvals(context: CommandContext): void {
  const hashes = hashesOf(context);
  const record = readValue(context, 1, ValueType.HASH);
  context.reply.array(record === 0 ? 0 : hashes.liveCount(record));
  if (record !== 0) hashes.forEach(record, (_field, value) => replySlice(context, value));
}

/** Announces so many fields, with or without values: pairs are arrays of their own in RESP3. */
function announceFields({ reply }: CommandContext, count: number, withValues: boolean): void {
  reply.array(withValues && reply.protocol === 2 ? count * 2 : count);
}

function replyField(context: CommandContext, withValues: boolean, field: Slice, value: Slice) {
  if (withValues && context.reply.protocol > 2) context.reply.array(2);
  replySlice(context, field);
  if (withValues) replySlice(context, value);
}

/** Redis takes no more than half of the largest long where each field makes two elements. */
const pairsMax = 0x3fff_ffff_ffff_ffffn;

/** The hash to choose fields of, without those whose time has come; 0 where there is none. */
function readChoice(context: CommandContext): number {
  const hashes = hashesOf(context);
  const { database, database: { keyspace } } = context;
  const record = readValue(context, 1, ValueType.HASH);
  if (record === 0 || hashes.earliestMs(record) >= keyspace.nowMs) return record;
  const fieldCount = hashes.count(record);
  return database.expireFields(record, fieldCount) === fieldCount ? 0 : record;
}

function hrandfield(context: CommandContext): void {
  const { args } = context;
  if (args.count > 2) return hrandfieldCount(context);
  const hashes = hashesOf(context);
  const record = readChoice(context);
  if (record === 0) return context.reply.null();
  hashes.chooseField(record);
  replySlice(context, hashes.field);
}

function hrandfieldCount(context: CommandContext): void {
  const { args } = context;
  const asked = args.int64(2);
  if (asked === int64Min) throw new CommandError(errors.int64OutOfRange);
  const withValues = args.count === 4 && args.is(3, "WITHVALUES");
  if (args.count > 3 && !withValues) throw new CommandError(errors.syntax);
  if (withValues && (asked > pairsMax || asked < -pairsMax)) {
    throw new CommandError(errors.outOfRange);
  }
  const hashes = hashesOf(context);
  const record = readChoice(context);
  if (record === 0 || asked === 0) return context.reply.array(0);
  if (asked < 0) {
    const repetitions = -Number(asked);
    announceFields(context, repetitions, withValues);
    for (let i = 0; i < repetitions && !context.client.closing; i++) {
      hashes.chooseField(record);
      replyField(context, withValues, hashes.field, hashes.value);
    }
    return;
  }
  // Knuth's algorithm S: a field is taken with the probability that those left to take have among
  // those left to see
  const { random } = context.database.keyspace;
  let left = hashes.count(record);
  let wanted = Math.min(Number(asked), left);
  announceFields(context, wanted, withValues);
  hashes.forEach(record, (field, value) => {
    if (wanted > 0 && randomBelow(random, left) < wanted) {
      replyField(context, withValues, field, value);
      wanted--;
    }
    left--;
  });
}

function hscan(context: CommandContext): void {
  const { args, reply } = context;
  let cursor = parseCursor(args, 2);
  const record = readValue(context, 1, ValueType.HASH);
  if (record === 0) {
    reply.array(2);
    reply.bulkString("0");
    return reply.array(0);
  }
  const { count, noValues, pattern } = parseScanOptions(args, 3, ScanOf.HashFields);
  const hashes = hashesOf(context);
  const { field, value } = hashes;
  let looked = 0;
  const note = () => {
    looked++;
    if (pattern !== null && !pattern.matches(field.buffer, field.start, field.end)) return;
    found.add(field.buffer, field.start, field.end);
    if (!noValues) found.add(value.buffer, value.start, value.end);
  };
  let bucketsLeft = count * bucketsPerElementMax;
  do {
    cursor = hashes.scan(record, cursor, note);
  } while (cursor !== 0 && bucketsLeft-- > 0 && looked < count);
  reply.array(2);
  reply.bulkString(String(cursor));
  reply.array(found.length);
  for (let i = 0; i < found.length; i++) reply.bulk(found.bytes, found.startOf(i), found.endOf(i));
  found.clear();
}

export const hashHandlers: Handlers = {
  hdel,
  hexists,
  hget,
  hgetall,
  hgetdel,
  hincrby,
  hincrbyfloat,
  hkeys,
  hlen,
  hmget,
  hmset,
  hrandfield,
  hscan,
  hset,
  hsetnx,
  hstrlen,
  hvals,
};
