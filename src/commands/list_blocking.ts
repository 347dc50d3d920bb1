/**
 * BLPOP and its sisters, and LMPOP: they take an element from the first list that has one, or have the
 * client wait for it. Whoever waits is served by the same handler, run again.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { CommandError, errors } from "../resp/errors.ts";
import type { ReplyWriter } from "../resp/reply_writer.ts";
import { ListEnd } from "../values/lists.ts";
import { ValueType } from "../values/record.ts";
import { blockTimeoutMs } from "./block_timeout.ts";
import { moveElement, parseEnd, popFirst, popName, replyPopped } from "./list_pop.ts";
import { writeValue } from "./lookup.ts";

const replyNullArray = (reply: ReplyWriter): void => reply.nullArray();
const replyNull = (reply: ReplyWriter): void => reply.null();

function replyKey({ args, reply }: CommandContext, keyAt: number): void {
  reply.array(2);
  reply.bulk(args.buffer, args.starts[keyAt], args.ends[keyAt]);
}

function blockingPop(context: CommandContext, from: ListEnd): void {
  const { args } = context;
  const last = args.count - 1;
  const timeoutMs = blockTimeoutMs(context, last);
  for (let i = 1; i < last; i++) {
    const record = writeValue(context, i, ValueType.LIST);
    if (record === 0) continue;
    replyKey(context, i);
    popFirst(context, record, i, from);
    context.propagate(2)?.word(popName(from)).argument(args, i);
    return;
  }
  context.block({
    firstKey: 1,
    keyCount: last - 1,
    type: ValueType.LIST,
    timeoutMs,
    replyNothing: replyNullArray,
  });
}

/** Has the client wait for an element to move. */
function blockForSource(context: CommandContext, timeoutMs: number): void {
  context.block({
    firstKey: 1,
    keyCount: 1,
    type: ValueType.LIST,
    timeoutMs,
    replyNothing: context.mayBlock ? replyNullArray : replyNull,
  });
}

function blmove(context: CommandContext): void {
  const { args } = context;
  const from = parseEnd(args, 3);
  const to = parseEnd(args, 4);
  const timeoutMs = blockTimeoutMs(context, 5);
  if (!moveElement(context, from, to)) return blockForSource(context, timeoutMs);
  context.propagate(5)?.word("LMOVE").argument(args, 1).argument(args, 2)
    .argument(args, 3).argument(args, 4);
}

function brpoplpush(context: CommandContext): void {
  const { args } = context;
  const timeoutMs = blockTimeoutMs(context, 3);
  const isMoved = moveElement(context, ListEnd.Tail, ListEnd.Head);
  if (!isMoved) return blockForSource(context, timeoutMs);
  context.propagate(3)?.word("RPOPLPUSH").argument(args, 1).argument(args, 2);
}

interface MultiPop {
  readonly firstKey: number;
  readonly keyCount: number;
  readonly from: ListEnd;
  readonly count: number;
}

/** `numkeys key … LEFT|RIGHT [COUNT count]`, from argument `first` on. */
function parseMultiPop({ args }: CommandContext, first: number): MultiPop {
  const keyCount = args.quantity(first, 1, errors.keyCountNotPositive);
  const endAt = first + keyCount + 1;
  if (endAt >= args.count) throw new CommandError(errors.syntax);
  const from = parseEnd(args, endAt);
  let count = 0;
  for (let i = endAt + 1; i < args.count; i++) {
    const isCount = count === 0 && args.is(i, "COUNT") && i + 1 < args.count;
    if (!isCount) throw new CommandError(errors.syntax);
    count = args.quantity(++i, 1, errors.countNotPositive);
  }
  return { firstKey: first + 1, keyCount, from, count: count || 1 };
}

/** Answers with elements of the first list that has some; false if none has. */
function popFromAny(context: CommandContext, { firstKey, keyCount, from, count }: MultiPop) {
  for (let i = firstKey; i < firstKey + keyCount; i++) {
    const record = writeValue(context, i, ValueType.LIST);
    if (record === 0) continue;
    replyKey(context, i);
    const popped = replyPopped(context, record, i, from, count);
    context.propagate(3)?.word(popName(from)).argument(context.args, i).integer(popped);
    return true;
  }
  return false;
}

function lmpop(context: CommandContext): void {
  if (!popFromAny(context, parseMultiPop(context, 1))) context.reply.nullArray();
}

function blmpop(context: CommandContext): void {
  const request = parseMultiPop(context, 2);
  const timeoutMs = blockTimeoutMs(context, 1);
  if (popFromAny(context, request)) return;
  const { firstKey, keyCount } = request;
  const type = ValueType.LIST;
  context.block({ firstKey, keyCount, type, timeoutMs, replyNothing: replyNullArray });
}

export const listBlockingHandlers: Handlers = {
  blmove,
  blmpop,
  blpop: (context) => blockingPop(context, ListEnd.Head),
  brpop: (context) => blockingPop(context, ListEnd.Tail),
  brpoplpush,
  lmpop,
};
