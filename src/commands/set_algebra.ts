/**
 * Unions, intersections and differences of sets, answered or stored. The order of the work, and so of
 * the members and the encoding of what is stored, is Redis'.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { NotifyClass } from "../keyspace/events.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { parseInt64 } from "../resp/numbers.ts";
import { ByteList } from "../values/byte_list.ts";
import { ValueType } from "../values/record.ts";
import type { Sets } from "../values/sets.ts";
import type { Slice } from "../values/slice.ts";
import { readValue, removeForNothing } from "./lookup.ts";

/** Members on their way to a reply. */
const found = new ByteList();

/** Most sets whose union is made by looking each one's members up in those before. */
const unionLookupsMax = 4;

/** The records of `count` keys from argument `first` on, 0 for those that there are not. */
function readSets(context: CommandContext, first: number, count: number): number[] {
  const records: number[] = [];
  for (let i = first; i < first + count; i++) {
    records.push(readValue(context, i, ValueType.SET));
  }
  return records;
}

/** Makes the detached set the value of argument 1, or removes that key if the set is empty. */
function storeResult(context: CommandContext, result: number, event: string): void {
  const { args: { buffer, starts, ends }, database, reply } = context;
  const { sets } = database.keyspace.values;
  const size = sets.count(result);
  if (size === 0) {
    sets.detached.discard(result);
    removeForNothing(context, 1);
  } else {
    const taken = database.lookupWrite(buffer, starts[1], ends[1]);
    sets.detached.store(
      result,
      () => database.create(taken, buffer, starts[1], ends[1], ValueType.SET),
    );
    context.changed(1);
    context.notify(NotifyClass.SET, event, 1);
  }
  reply.integer(size);
}

/** Answers with a detached set, which is gone then. */
function replyResult(context: CommandContext, result: number): void {
  const { database, reply } = context;
  const { sets } = database.keyspace.values;
  reply.set(sets.count(result));
  sets.forEach(result, (member) => reply.bulk(member.buffer, member.start, member.end));
  sets.detached.discard(result);
}

/** Sorted by size; null if one of them is empty. */
function smallestFirst(sets: Sets, records: readonly number[]): number[] | null {
  if (records.includes(0)) return null;
  return records.toSorted((a, b) => sets.count(a) - sets.count(b));
}

function gather({ buffer, start, end }: Slice): void {
  found.add(buffer, start, end);
}

/** Answers with what has been gathered. */
function replyFound({ reply }: CommandContext): void {
  for (let i = 0; i < found.length; i++) reply.bulk(found.bytes, found.startOf(i), found.endOf(i));
  found.clear();
}

function sinter(context: CommandContext): void {
  const { args, database, reply } = context;
  const { sets } = database.keyspace.values;
  const sorted = smallestFirst(sets, readSets(context, 1, args.count - 1));
  if (sorted === null) return reply.set(0);
  const [smallest, ...others] = sorted;
  sets.forEachShared(smallest, others, gather);
  reply.set(found.length);
  replyFound(context);
}

function sinterstore(context: CommandContext): void {
  const { args, database, reply } = context;
  const { sets } = database.keyspace.values;
  const sorted = smallestFirst(sets, readSets(context, 2, args.count - 2));
  if (sorted === null) {
    removeForNothing(context, 1);
    return reply.integer(0);
  }
  const [smallest, ...others] = sorted;
  const result = sets.detached.make((result) => {
    if (!sets.isIntset(smallest)) sets.toListpack(result);
    let isAllIntegers = true;
    sets.forEachShared(smallest, others, ({ buffer, start, end }) => {
      isAllIntegers &&= parseInt64(buffer, start, end) !== null;
      sets.add(result, buffer, start, end);
    });
    if (isAllIntegers) sets.compact(result);
  });
  storeResult(context, result, "sinterstore");
}

function sintercard(context: CommandContext): void {
  const { args, database, reply } = context;
  const { sets } = database.keyspace.values;
  const count = args.quantity(1, 1, errors.keyCountNotPositive);
  if (count > args.count - 2) throw new CommandError(errors.keyCountTooLarge);
  let limit = 0;
  for (let i = 2 + count; i < args.count; i++) {
    if (!args.is(i, "LIMIT") || i + 1 >= args.count) throw new CommandError(errors.syntax);
    limit = args.quantity(++i, 0, errors.limitNegative);
  }
  const sorted = smallestFirst(sets, readSets(context, 2, count));
  if (sorted === null) return reply.integer(0);
  const [smallest, ...others] = sorted;
  reply.integer(sets.countShared(smallest, others, limit === 0 ? Infinity : limit));
}

/** Makes an empty set fit for the union or the difference of these: it stays an intset if it may be one. */
function prepareResult(
  sets: Sets,
  result: number,
  records: readonly number[],
  isStored: boolean,
): void {
  const isAllIntsets = records.every((record) => record === 0 || sets.isIntset(record));
  if (!isStored && !isAllIntsets) sets.toHashTable(result);
}

function unionOf(context: CommandContext, records: readonly number[], isStored: boolean): number {
  const { sets } = context.database.keyspace.values;
  return sets.detached.make((result) => {
    prepareResult(sets, result, records, isStored);
    for (const record of records) {
      if (record === 0) continue;
      sets.forEach(record, ({ buffer, start, end }) => sets.add(result, buffer, start, end));
    }
  });
}

/**
 * The sets of a union in such an order that it takes no table of all members: a set's members are looked
 * for in those before it. Null where that could take long: in small sets, and in many, it is not quick.
 */
function lookupOrder(sets: Sets, records: readonly number[]): number[] | null {
  const sorted = records.filter((record) => record !== 0)
    .sort((a, b) => sets.count(b) - sets.count(a));
  const isQuick = sorted.length <= unionLookupsMax &&
    sorted.slice(0, -1).every((record) => sets.dictOf(record) !== null);
  return isQuick ? sorted : null;
}

function sunion(context: CommandContext): void {
  const { args, database, reply } = context;
  const { sets } = database.keyspace.values;
  const records = readSets(context, 1, args.count - 1);
  const sorted = lookupOrder(sets, records);
  if (sorted === null) return replyResult(context, unionOf(context, records, false));
  if (sorted.length === 0) return reply.set(0);
  for (let i = 1; i < sorted.length; i++) {
    sets.forEachUnshared(sorted[i], sorted.slice(0, i), gather);
  }
  reply.set(sets.count(sorted[0]) + found.length);
  sets.forEach(sorted[0], (member) => reply.bulk(member.buffer, member.start, member.end));
  replyFound(context);
}

function sunionstore(context: CommandContext): void {
  const records = readSets(context, 2, context.args.count - 2);
  storeResult(context, unionOf(context, records, true), "sunionstore");
}

/**
 * The sets that each member of the first is to be looked for in to find the difference, largest first. Null
 * where it is better to take all of the first, and to take those of the others out again: of the two ways
 * the one that looks at fewer members, where the former does with half.
 */
function lookedIn(sets: Sets, first: number, rest: readonly number[]): number[] | null {
  const others = rest.filter((record) => record !== 0)
    .sort((a, b) => sets.count(b) - sets.count(a));
  const size = sets.count(first);
  const lookups = Math.trunc(size * (others.length + 1) / 2);
  const walked = others.reduce((sum, other) => sum + sets.count(other), size);
  return lookups <= walked ? others : null;
}

/** The first set without the members of the others. */
function differenceOf(
  context: CommandContext,
  records: readonly number[],
  isStored: boolean,
): number {
  const { sets } = context.database.keyspace.values;
  return sets.detached.make((result) => {
    prepareResult(sets, result, records, isStored);
    const [first, ...rest] = records;
    if (first !== 0 && !rest.includes(first)) subtract(sets, result, first, rest);
  });
}

function subtract(sets: Sets, result: number, first: number, rest: readonly number[]): void {
  const add = ({ buffer, start, end }: Slice) => sets.add(result, buffer, start, end);
  const others = lookedIn(sets, first, rest);
  if (others !== null) return sets.forEachUnshared(first, others, add);
  sets.forEach(first, add);
  for (const other of rest) {
    if (other === 0) continue;
    sets.forEach(other, ({ buffer, start, end }) => sets.remove(result, buffer, start, end));
    if (sets.count(result) === 0) break;
  }
}

function sdiff(context: CommandContext): void {
  const { args, database, reply } = context;
  const { sets } = database.keyspace.values;
  const records = readSets(context, 1, args.count - 1);
  const [first, ...rest] = records;
  if (first === 0 || rest.includes(first)) return reply.set(0);
  const others = lookedIn(sets, first, rest);
  if (others === null) return replyResult(context, differenceOf(context, records, false));
  sets.forEachUnshared(first, others, gather);
  reply.set(found.length);
  replyFound(context);
}

function sdiffstore(context: CommandContext): void {
  const records = readSets(context, 2, context.args.count - 2);
  storeResult(context, differenceOf(context, records, true), "sdiffstore");
}

export const setAlgebraHandlers: Handlers = {
  sdiff,
  sdiffstore,
  sinter,
  sintercard,
  sinterstore,
  sunion,
  sunionstore,
};
