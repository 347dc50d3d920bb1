/** The commands on one set, and SMOVE. What makes a set of several is in `set_algebra.ts`. */
import type { CommandWriter } from "../persistence/command_writer.ts";
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { NotifyClass } from "../keyspace/events.ts";
import { randomBelow } from "../random.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { int64Min } from "../resp/numbers.ts";
import { ByteList } from "../values/byte_list.ts";
import { ValueType } from "../values/record.ts";
import type { Sets } from "../values/sets.ts";
import type { Slice } from "../values/slice.ts";
import { readValue, writeValue } from "./lookup.ts";
import { setAlgebraHandlers } from "./set_algebra.ts";
import { bucketsPerElementMax, parseCursor, parseScanOptions, ScanOf } from "./scan_options.ts";

const found = new ByteList();

function setsOf({ database }: CommandContext): Sets {
  return database.keyspace.values.sets;
}

/** Answers with what `found` has gathered, as a set or as an array. */
function replyFound({ reply }: CommandContext, asSet: boolean): void {
  if (asSet) reply.set(found.length);
  else reply.array(found.length);
  for (let i = 0; i < found.length; i++) reply.bulk(found.bytes, found.startOf(i), found.endOf(i));
  found.clear();
}

/** Removes the key of argument `i` if its set has become empty. */
function removeIfEmpty(context: CommandContext, record: number, i: number): void {
  if (setsOf(context).count(record) > 0) return;
  context.database.remove(record);
  context.notify(NotifyClass.GENERIC, "del", i);
}

function sadd(context: CommandContext): void {
  const { args, database, reply } = context;
  const { buffer, starts, ends } = args;
  const sets = setsOf(context);
  let record = writeValue(context, 1, ValueType.SET);
  if (record === 0) {
    record = database.create(0, buffer, starts[1], ends[1], ValueType.SET);
    sets.prepare(record, args.count - 2, buffer, starts[2], ends[2]);
  } else {
    sets.expect(record, args.count - 2);
  }
  let added = 0;
  for (let i = 2; i < args.count; i++) {
    if (sets.add(record, buffer, starts[i], ends[i])) added++;
  }
  if (added > 0) {
    context.changed(1, added);
    context.notify(NotifyClass.SET, "sadd", 1);
  }
  reply.integer(added);
}

function srem(context: CommandContext): void {
  const { args, reply } = context;
  const { buffer, starts, ends } = args;
  const sets = setsOf(context);
  const record = writeValue(context, 1, ValueType.SET);
  if (record === 0) return reply.integer(0);
  let removed = 0;
  for (let i = 2; i < args.count && (i === 2 || sets.count(record) > 0); i++) {
    if (sets.remove(record, buffer, starts[i], ends[i])) removed++;
  }
  if (removed > 0) {
    context.changed(1, removed);
    context.notify(NotifyClass.SET, "srem", 1);
    removeIfEmpty(context, record, 1);
  }
  reply.integer(removed);
}

function scard(context: CommandContext): void {
  const record = readValue(context, 1, ValueType.SET);
  context.reply.integer(record === 0 ? 0 : setsOf(context).count(record));
}

function sismember(context: CommandContext): void {
  const { args: { buffer, starts, ends }, reply } = context;
  const record = readValue(context, 1, ValueType.SET);
  const isMember = record !== 0 && setsOf(context).has(record, buffer, starts[2], ends[2]);
  reply.integer(isMember ? 1 : 0);
}

function smismember(context: CommandContext): void {
  const { args: { buffer, starts, ends, count }, reply } = context;
  const sets = setsOf(context);
  const record = readValue(context, 1, ValueType.SET);
  reply.array(count - 2);
  for (let i = 2; i < count; i++) {
    reply.integer(record !== 0 && sets.has(record, buffer, starts[i], ends[i]) ? 1 : 0);
  }
}

function smembers(context: CommandContext): void {
  const { reply } = context;
  const sets = setsOf(context);
  const record = readValue(context, 1, ValueType.SET);
  if (record === 0) return reply.set(0);
  reply.set(sets.count(record));
  sets.forEach(record, (member) => reply.bulk(member.buffer, member.start, member.end));
}

function smove(context: CommandContext): void {
  const { args: { buffer, starts, ends }, database, reply } = context;
  const sets = setsOf(context);
  const source = writeValue(context, 1, ValueType.SET);
  if (source === 0) return reply.integer(0);
  const target = writeValue(context, 2, ValueType.SET);
  if (source === target) {
    return reply.integer(sets.has(source, buffer, starts[3], ends[3]) ? 1 : 0);
  }
  if (!sets.remove(source, buffer, starts[3], ends[3])) return reply.integer(0);
  context.notify(NotifyClass.SET, "srem", 1);
  removeIfEmpty(context, source, 1);
  context.changed(1);
  let record = target;
  if (record === 0) {
    const taken = database.find(buffer, starts[2], ends[2]);
    record = database.create(taken, buffer, starts[2], ends[2], ValueType.SET);
    sets.prepare(record, 1, buffer, starts[3], ends[3]);
  }
  if (sets.add(record, buffer, starts[3], ends[3])) {
    context.changed(2);
    context.notify(NotifyClass.SET, "sadd", 2);
  }
  reply.integer(1);
}

function spop(context: CommandContext): void {
  const { args, reply } = context;
  if (args.count > 3) throw new CommandError(errors.syntax);
  if (args.count === 3) return spopCount(context);
  const sets = setsOf(context);
  const record = writeValue(context, 1, ValueType.SET);
  if (record === 0) return reply.null();
  sets.chooseMember(record);
  const { member } = sets;
  reply.bulk(member.buffer, member.start, member.end);
  context.propagate(3)?.word("SREM").argument(args, 1).slice(member);
  sets.removeChosen(record);
  context.notify(NotifyClass.SET, "spop", 1);
  removeIfEmpty(context, record, 1);
  context.changed(1);
}

/** Where SPOP leaves less than one in so many, it is those left that it chooses. */
const fewLeftFactor = 5;

function spopCount(context: CommandContext): void {
  const { args, database, reply } = context;
  const count = args.quantity(2, 0, errors.mustBePositive);
  const sets = setsOf(context);
  const record = writeValue(context, 1, ValueType.SET);
  if (record === 0 || count === 0) return reply.set(0);
  context.notify(NotifyClass.SET, "spop", 1);
  if (count >= sets.count(record)) {
    context.changed(1, sets.count(record));
    smembers(context);
    database.remove(record);
    context.notify(NotifyClass.GENERIC, "del", 1);
    const isLazy = context.server.config.values.lazyfreeLazyServerDel;
    context.propagate(2)?.word(isLazy ? "UNLINK" : "DEL").argument(args, 1);
    return;
  }
  reply.set(count);
  if ((sets.count(record) - count) * fewLeftFactor <= count) popMost(context, record, count);
  else {
    let command: CommandWriter | null = null;
    for (let i = 0; i < count; i++) {
      sets.chooseMember(record);
      command = replyPopped(context, sets.member, i, count, command);
      sets.removeChosen(record);
    }
  }
  context.changed(1, count);
}

/** Members in one SREM that is propagated, as in Redis. */
const propagatedMembersMax = 1024;

/**
 * Answers with member `i` of `count` that are popped, and propagates that it goes, by the command that the
 * one before it returned.
 */
function replyPopped(
  context: CommandContext,
  member: Slice,
  i: number,
  count: number,
  earlier: CommandWriter | null,
): CommandWriter | null {
  let command = earlier;
  if (i % propagatedMembersMax === 0) {
    command = context.propagate(2 + Math.min(count - i, propagatedMembersMax));
    command?.word("SREM").argument(context.args, 1);
  }
  command?.slice(member);
  context.reply.bulk(member.buffer, member.start, member.end);
  return command;
}

/**
 * Pops all members but a few: those few are chosen, and make a new set, whose encoding is that of a
 * set of so few members.
 */
function popMost(context: CommandContext, record: number, count: number): void {
  const sets = setsOf(context);
  const size = sets.count(record);
  chooseSome(context, record, size - count, size);
  const left = sets.detached.create();
  if (sets.isListpack(record)) sets.toListpack(left);
  for (let i = 0; i < found.length; i++) {
    sets.remove(record, found.bytes, found.startOf(i), found.endOf(i));
    sets.add(left, found.bytes, found.startOf(i), found.endOf(i));
  }
  found.clear();
  let popped = 0;
  let command: CommandWriter | null = null;
  sets.forEach(record, (member) => {
    command = replyPopped(context, member, popped++, count, command);
  });
  sets.detached.adopt(record, left);
}

function srandmember(context: CommandContext): void {
  const { args, reply } = context;
  if (args.count > 3) throw new CommandError(errors.syntax);
  if (args.count === 3) return srandmemberCount(context);
  const sets = setsOf(context);
  const record = readValue(context, 1, ValueType.SET);
  if (record === 0) return reply.null();
  sets.chooseMember(record);
  reply.bulk(sets.member.buffer, sets.member.start, sets.member.end);
}

function srandmemberCount(context: CommandContext): void {
  const { args, reply } = context;
  const asked = args.int64(2);
  if (asked === int64Min) throw new CommandError(errors.int64OutOfRange);
  const sets = setsOf(context);
  const record = readValue(context, 1, ValueType.SET);
  if (record === 0 || asked === 0) return reply.array(0);
  const size = sets.count(record);
  if (asked < 0) {
    const repetitions = -Number(asked);
    reply.array(repetitions);
    for (let i = 0; i < repetitions && !context.client.closing; i++) {
      sets.chooseMember(record);
      reply.bulk(sets.member.buffer, sets.member.start, sets.member.end);
    }
    return;
  }
  chooseSome(context, record, Math.min(Number(asked), size), size);
  replyFound(context, false);
}

/**
 * Gathers `count` of `size` members in one walk, each choice equally likely (Knuth's algorithm S): a
 * member is taken with the probability that what is left to take has among those left to see.
 */
function chooseSome(context: CommandContext, record: number, count: number, size: number): void {
  const { random } = context.database.keyspace;
  let wanted = count;
  let left = size;
  setsOf(context).forEach(record, (member) => {
    if (wanted > 0 && randomBelow(random, left) < wanted) {
      found.add(member.buffer, member.start, member.end);
      wanted--;
    }
    left--;
  });
}

function sscan(context: CommandContext): void {
  const { args, reply } = context;
  let cursor = parseCursor(args, 2);
  const record = readValue(context, 1, ValueType.SET);
  if (record === 0) {
    reply.array(2);
    reply.bulkString("0");
    return reply.array(0);
  }
  const { count, pattern } = parseScanOptions(args, 3, ScanOf.Members);
  const sets = setsOf(context);
  const { member } = sets;
  let looked = 0;
  const note = () => {
    looked++;
    if (pattern === null || pattern.matches(member.buffer, member.start, member.end)) {
      found.add(member.buffer, member.start, member.end);
    }
  };
  const dict = sets.dictOf(record);
  if (dict !== null) {
    const visit = (address: number) => {
      sets.locateMember(address);
      note();
    };
    let bucketsLeft = count * bucketsPerElementMax;
    do {
      cursor = dict.scan(cursor, visit);
    } while (cursor !== 0 && bucketsLeft-- > 0 && looked < count);
  } else {
    // a small set is answered as a whole
    cursor = 0;
    sets.forEach(record, note);
  }
  reply.array(2);
  reply.bulkString(String(cursor));
  replyFound(context, false);
}

export const setHandlers: Handlers = {
  sadd,
  scard,
  sismember,
  smembers,
  smismember,
  smove,
  spop,
  srandmember,
  srem,
  sscan,
  ...setAlgebraHandlers,
};
