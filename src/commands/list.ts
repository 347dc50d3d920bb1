/** The commands on lists. Those that wait for elements are in `list_blocking.ts`. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { NotifyClass } from "../keyspace/events.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors, wrongArity } from "../resp/errors.ts";
import { int64Min } from "../resp/numbers.ts";
import { ListEnd, type Lists } from "../values/lists.ts";
import { ValueType } from "../values/record.ts";
import { listBlockingHandlers } from "./list_blocking.ts";
import { listsOf, moveElement, parseEnd, popFirst, removed, replyPopped } from "./list_pop.ts";
import { readValue, writeOrCreateValue, writeValue } from "./lookup.ts";

function push(context: CommandContext, to: ListEnd, mustExist: boolean): void {
  const { args, reply } = context;
  const lists = listsOf(context);
  const record = mustExist
    ? writeValue(context, 1, ValueType.LIST)
    : writeOrCreateValue(context, 1, ValueType.LIST);
  if (record === 0) return reply.integer(0);
  const count = lists.pushAll(record, to, args, 2);
  context.changed(1, args.count - 2);
  context.notify(NotifyClass.LIST, to === ListEnd.Head ? "lpush" : "rpush", 1);
  reply.integer(count);
}

function pop(context: CommandContext, from: ListEnd): void {
  const { args, reply } = context;
  if (args.count > 3) throw new CommandError(wrongArity(context.command!.fullName));
  if (args.count === 3) return popCount(context, from);
  const record = writeValue(context, 1, ValueType.LIST);
  if (record === 0) return reply.null();
  popFirst(context, record, 1, from);
}

function popCount(context: CommandContext, from: ListEnd): void {
  const { args, reply } = context;
  const count = args.quantity(2, 0, errors.mustBePositive);
  const record = writeValue(context, 1, ValueType.LIST);
  if (record === 0) return reply.nullArray();
  if (count === 0) return reply.array(0);
  replyPopped(context, record, 1, from, count);
}

function llen(context: CommandContext): void {
  const record = readValue(context, 1, ValueType.LIST);
  context.reply.integer(record === 0 ? 0 : listsOf(context).count(record));
}

/** Answers with the element at the cursor. */
function replyElement({ reply }: CommandContext, lists: Lists): void {
  lists.read();
  reply.bulk(lists.element.buffer, lists.element.start, lists.element.end);
}

function lindex(context: CommandContext): void {
  const { args, reply } = context;
  const lists = listsOf(context);
  const record = readValue(context, 1, ValueType.LIST);
  if (record === 0) return reply.null();
  if (!lists.seek(record, Number(args.int64(2)))) return reply.null();
  replyElement(context, lists);
}

function lset(context: CommandContext): void {
  const { args, args: { buffer, starts, ends }, reply } = context;
  const lists = listsOf(context);
  const record = writeValue(context, 1, ValueType.LIST);
  if (record === 0) throw new CommandError(errors.noSuchKey);
  // Redis takes the lower 32 bits for the index, and of no other command's
  const index = Number(BigInt.asIntN(32, BigInt(args.int64(2))));
  lists.expect(record, 1, ends[3] - starts[3]);
  if (!lists.seek(record, index)) throw new CommandError(errors.indexOutOfRange);
  lists.set(record, buffer, starts[3], ends[3]);
  lists.compact(record);
  context.changed(1);
  context.notify(NotifyClass.LIST, "lset", 1);
  reply.ok();
}

function linsert(context: CommandContext): void {
  const { args, args: { buffer, starts, ends }, reply } = context;
  const lists = listsOf(context);
  const after = args.is(2, "AFTER");
  if (!after && !args.is(2, "BEFORE")) throw new CommandError(errors.syntax);
  const record = writeValue(context, 1, ValueType.LIST);
  if (record === 0) return reply.integer(0);
  lists.expect(record, 1, ends[4] - starts[4]);
  for (let isHere = lists.seek(record, 0); isHere; isHere = lists.next()) {
    if (!lists.equals(buffer, starts[3], ends[3])) continue;
    lists.insert(record, after, buffer, starts[4], ends[4]);
    context.changed(1);
    context.notify(NotifyClass.LIST, "linsert", 1);
    return reply.integer(lists.count(record));
  }
  reply.integer(-1);
}

/** The index that argument `i` is, counted from the start; below 0 where that is before the first. */
function indexAt(args: Arguments, i: number, count: number): number {
  const index = Number(args.int64(i));
  return index < 0 ? index + count : index;
}

function lrange(context: CommandContext): void {
  const { args, reply } = context;
  const lists = listsOf(context);
  args.int64(2);
  args.int64(3);
  const record = readValue(context, 1, ValueType.LIST);
  if (record === 0) return reply.array(0);
  const count = lists.count(record);
  const start = Math.max(0, indexAt(args, 2, count));
  const stop = Math.min(count - 1, indexAt(args, 3, count));
  if (start > stop) return reply.array(0);
  reply.array(stop - start + 1);
  lists.seek(record, start);
  const { element } = lists;
  for (let i = start; i <= stop; i++) {
    lists.readNext();
    reply.bulk(element.buffer, element.start, element.end);
  }
}

function ltrim(context: CommandContext): void {
  const { args, reply } = context;
  const lists = listsOf(context);
  args.int64(2);
  args.int64(3);
  const record = writeValue(context, 1, ValueType.LIST);
  if (record === 0) return reply.ok();
  const count = lists.count(record);
  const start = Math.max(0, indexAt(args, 2, count));
  const stop = Math.min(count - 1, indexAt(args, 3, count));
  const isEmpty = start > stop || start >= count;
  const left = isEmpty ? 0 : stop - start + 1;
  lists.removeRange(record, isEmpty ? 0 : stop + 1, count);
  if (!isEmpty) lists.removeRange(record, 0, start);
  context.notify(NotifyClass.LIST, "ltrim", 1);
  removed(context, record, 1, left);
  context.changed(1, count - left);
  reply.ok();
}

function lrem(context: CommandContext): void {
  const { args, args: { buffer, starts, ends }, reply } = context;
  const lists = listsOf(context);
  const asked = args.int64(2);
  if (asked === int64Min) throw new CommandError(errors.int64OutOfRange);
  const record = writeValue(context, 1, ValueType.LIST);
  if (record === 0) return reply.integer(0);
  const forward = asked >= 0;
  const removedMax = asked === 0 ? Infinity : Math.abs(Number(asked));
  let removedCount = 0;
  let isHere = lists.seek(record, forward ? 0 : -1);
  while (isHere && removedCount < removedMax) {
    if (lists.equals(buffer, starts[3], ends[3])) {
      isHere = lists.removeHere(record, forward);
      removedCount++;
    } else {
      isHere = forward ? lists.next() : lists.previous();
    }
  }
  if (removedCount > 0) {
    context.notify(NotifyClass.LIST, "lrem", 1);
    removed(context, record, 1, lists.count(record));
    context.changed(1, removedCount);
  }
  reply.integer(removedCount);
}

interface PositionOptions {
  /** Which match is the first that counts; from the end if negative. */
  rank: number;
  /** Matches wanted, 0 for all; null where COUNT is not given. */
  count: number | null;
  /** Elements to look at, 0 for all. */
  lookedMax: number;
}

function parsePositionOptions(args: Arguments): PositionOptions {
  const options: PositionOptions = { rank: 1, count: null, lookedMax: 0 };
  for (let i = 3; i < args.count; i++) {
    const hasValue = i + 1 < args.count;
    if (hasValue && args.is(i, "RANK")) {
      const rank = args.int64(++i);
      if (rank === int64Min) throw new CommandError(errors.int64OutOfRange);
      if (rank === 0) throw new CommandError(errors.rankZero);
      options.rank = Number(rank);
    } else if (hasValue && args.is(i, "COUNT")) {
      options.count = args.quantity(++i, 0, errors.countNegative);
    } else if (hasValue && args.is(i, "MAXLEN")) {
      options.lookedMax = args.quantity(++i, 0, errors.maxlenNegative);
    } else {
      throw new CommandError(errors.syntax);
    }
  }
  return options;
}

function lpos(context: CommandContext): void {
  const { args, args: { buffer, starts, ends }, reply } = context;
  const lists = listsOf(context);
  const { rank, count, lookedMax } = parsePositionOptions(args);
  const record = readValue(context, 1, ValueType.LIST);
  const size = record === 0 ? 0 : lists.count(record);
  const forward = rank > 0;
  const wanted = count === null ? 1 : count === 0 ? Infinity : count;
  const end = lookedMax === 0 ? size : Math.min(size, lookedMax);
  const found: number[] = [];
  let skip = Math.abs(rank) - 1;
  if (size > 0) lists.seek(record, forward ? 0 : -1);
  for (let looked = 0; looked < end && found.length < wanted; looked++) {
    if (lists.equals(buffer, starts[2], ends[2]) && skip-- <= 0) {
      found.push(forward ? looked : size - looked - 1);
    }
    if (forward) lists.next();
    else lists.previous();
  }
  if (count === null) {
    if (found.length === 0) reply.null();
    else reply.integer(found[0]);
    return;
  }
  reply.array(found.length);
  for (const index of found) reply.integer(index);
}

function lmove(context: CommandContext): void {
  const from = parseEnd(context.args, 3);
  const to = parseEnd(context.args, 4);
  if (!moveElement(context, from, to)) context.reply.null();
}

function rpoplpush(context: CommandContext): void {
  if (!moveElement(context, ListEnd.Tail, ListEnd.Head)) context.reply.null();
}

export const listHandlers: Handlers = {
  lindex,
  linsert,
  llen,
  lmove,
  lpop: (context) => pop(context, ListEnd.Head),
  lpos,
  lpush: (context) => push(context, ListEnd.Head, false),
  lpushx: (context) => push(context, ListEnd.Head, true),
  lrange,
  lrem,
  lset,
  ltrim,
  rpop: (context) => pop(context, ListEnd.Tail),
  rpoplpush,
  rpush: (context) => push(context, ListEnd.Tail, false),
  rpushx: (context) => push(context, ListEnd.Tail, true),
  ...listBlockingHandlers,
};
