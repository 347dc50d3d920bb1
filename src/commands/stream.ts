/** The commands on the entries of streams. Reading with XREAD, and groups, have files of their own. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { NotifyClass } from "../keyspace/events.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors, wrongArity } from "../resp/errors.ts";
import { ValueType } from "../values/record.ts";
import { ParsedId, parseStreamId, StreamId } from "../values/stream_id.ts";
import { readValue, writeValue } from "./lookup.ts";
import {
  type AppendOptions,
  parseAppendOptions,
  parseId,
  parseRangeEnd,
  parseRangeStart,
  replyId,
  replyRange,
  streamsOf,
  writeTrimming,
} from "./stream_arguments.ts";
import { streamClaimHandlers } from "./stream_claim.ts";
import { streamGroupHandlers } from "./stream_group.ts";
import { streamInfoHandlers } from "./stream_info.ts";
import { streamReadHandlers } from "./stream_read.ts";

const star = 0x2a;
const starSyntax = { autoSequence: true } as const;
const noOptions: AppendOptions = {
  goal: null,
  goalAt: 0,
  mayCreate: true,
  idAt: 2,
  givenId: ParsedId.Invalid,
};

/** The ID that XADD gives, and the last one of the stream. */
const newId = new StreamId();
const lastId = new StreamId();

/** The ends of the range that is being looked at. */
const start = new StreamId();
const end = new StreamId();

function isStar({ buffer, starts, ends }: Arguments, i: number): boolean {
  return i < starts.length && ends[i] - starts[i] === 1 && buffer[starts[i]] === star;
}

function xadd(context: CommandContext): void {
  const { args, reply } = context;
  const options = isStar(args, 2) ? noOptions : parseAppendOptions(context, readNewId);
  const { goal, mayCreate, idAt, givenId } = options;
  const texts = args.count - idAt - 1;
  if (texts < 2 || texts % 2 !== 0) throw new CommandError(wrongArity("xadd"));
  if (givenId === ParsedId.Whole && newId.isZero) throw new CommandError(errors.streamIdZero);
  const streams = streamsOf(context);
  let record = writeValue(context, 1, ValueType.STREAM);
  if (record === 0) {
    if (!mayCreate) return reply.null();
    const { buffer, starts, ends } = args;
    record = context.database.create(0, buffer, starts[1], ends[1], ValueType.STREAM);
  }
  completeNewId(context, streams.loadLastId(record, lastId), givenId);
  if (!streams.append(record, newId, args, idAt + 1)) {
    throw new CommandError(errors.streamEntryTooLarge);
  }
  replyId(reply, newId);
  context.notify(NotifyClass.STREAM, "xadd", 1);
  if (goal !== null && streams.trim(record, goal) > 0) {
    context.notify(NotifyClass.STREAM, "xtrim", 1);
  }
  context.changed(1);
  const isExplicit = givenId === ParsedId.Whole && !goal?.isApproximate;
  if (!isExplicit) propagateAppend(context, record, options);
}

/** Propagates XADD with the ID that the entry has got, and with what was trimmed. */
function propagateAppend(context: CommandContext, record: number, options: AppendOptions): void {
  const { args } = context;
  const { givenId, idAt } = options;
  const command = context.propagate(args.count);
  if (command === null) return;
  writeTrimming(command, context, record, options, idAt);
  if (givenId === ParsedId.Whole) command.argument(args, idAt);
  else command.streamId(newId);
  command.argumentsFrom(args, idAt + 1);
}

/** Reads XADD's ID into `newId`, or nothing for `*`, which is `Invalid` here. */
function readNewId(args: Arguments, i: number): ParsedId {
  if (isStar(args, i)) return ParsedId.Invalid;
  const parsed = parseStreamId(newId, args.buffer, args.starts[i], args.ends[i], starSyntax);
  if (parsed === ParsedId.Invalid) throw new CommandError(errors.streamId);
  return parsed;
}

/** Makes `newId` an ID behind `last`, as far as it was not given: not at all if that is `Invalid`. */
function completeNewId({ server }: CommandContext, last: StreamId, given: ParsedId): void {
  if (last.isMax) throw new CommandError(errors.streamIdsExhausted);
  if (given === ParsedId.Invalid) {
    newId.setMs(server.keyspace.nowMs);
    // the moment may have IDs already, and the clock may have been set back
    if (newId.compare(last) <= 0) newId.set(last).increment();
    return;
  }
  if (given === ParsedId.WithoutSequence && newId.hasMsOf(last)) {
    if (!newId.set(last).incrementSequence()) throw new CommandError(errors.streamIdNotHigher);
  }
  if (newId.compare(last) <= 0) throw new CommandError(errors.streamIdNotHigher);
}

function xtrim(context: CommandContext): void {
  const { args } = context;
  const options = parseAppendOptions(context, null);
  const { goal } = options;
  const record = writeValue(context, 1, ValueType.STREAM);
  if (record === 0) return context.reply.integer(0);
  const trimmed = streamsOf(context).trim(record, goal!);
  if (trimmed > 0) {
    context.notify(NotifyClass.STREAM, "xtrim", 1);
    context.changed(1, trimmed);
    if (goal!.isApproximate) {
      const command = context.propagate(args.count);
      if (command !== null) writeTrimming(command, context, record, options, args.count);
    }
  }
  context.reply.integer(trimmed);
}

function xdel(context: CommandContext): void {
  const { args } = context;
  const record = writeValue(context, 1, ValueType.STREAM);
  if (record === 0) return context.reply.integer(0);
  const streams = streamsOf(context);
  // all or nothing: a wrong ID deletes none
  for (let i = 2; i < args.count; i++) parseId(args, i, newId);
  let deleted = 0;
  for (let i = 2; i < args.count; i++) {
    const id = parseId(args, i, newId);
    if (!streams.delete(record, id)) continue;
    if (id.compare(streams.loadMaxDeletedId(record, lastId)) > 0) {
      streams.setMaxDeletedId(record, id);
    }
    deleted++;
  }
  if (deleted > 0) {
    streams.settleFirstId(record);
    context.notify(NotifyClass.STREAM, "xdel", 1);
    context.changed(1, deleted);
  }
  context.reply.integer(deleted);
}

function xlen(context: CommandContext): void {
  const record = readValue(context, 1, ValueType.STREAM);
  context.reply.integer(record === 0 ? 0 : streamsOf(context).count(record));
}

function range(context: CommandContext, isReverse: boolean): void {
  const { args, reply } = context;
  parseRangeStart(args, isReverse ? 3 : 2, start);
  parseRangeEnd(args, isReverse ? 2 : 3, end);
  let countMax = Infinity;
  for (let i = 4; i < args.count; i++) {
    if (!args.is(i, "COUNT") || i + 1 === args.count) throw new CommandError(errors.syntax);
    countMax = Number(args.int64(++i));
  }
  const record = readValue(context, 1, ValueType.STREAM);
  if (record === 0) return reply.array(0);
  if (countMax <= 0) return reply.nullArray();
  replyRange(reply, streamsOf(context), record, start, end, countMax, isReverse);
}

function xsetid(context: CommandContext): void {
  const { args, reply } = context;
  const id = parseId(args, 2, newId);
  let added: number | bigint = -1;
  const maxDeletedId = new StreamId();
  for (let i = 3; i < args.count; i += 2) {
    const hasNext = i + 1 < args.count;
    if (hasNext && args.is(i, "ENTRIESADDED")) {
      added = args.int64(i + 1);
      if (added < 0) throw new CommandError(errors.setIdAddedNegative);
    } else if (hasNext && args.is(i, "MAXDELETEDID")) {
      parseId(args, i + 1, maxDeletedId);
      if (id.compare(maxDeletedId) < 0) throw new CommandError(errors.setIdBelowGivenDeleted);
    } else throw new CommandError(errors.syntax);
  }
  const record = writeValue(context, 1, ValueType.STREAM);
  if (record === 0) throw new CommandError(errors.noSuchKey);
  const streams = streamsOf(context);
  if (id.compare(streams.loadMaxDeletedId(record, lastId)) < 0) {
    throw new CommandError(errors.setIdBelowDeleted);
  }
  const { cursor } = streams;
  if (cursor.seek(record, StreamId.min, StreamId.max, true)) {
    if (id.compare(cursor.id) < 0) throw new CommandError(errors.setIdBelowTop);
    if (added !== -1 && added < streams.count(record)) {
      throw new CommandError(errors.setIdAddedBelowLength);
    }
  }
  streams.setLastId(record, id);
  if (added !== -1) streams.setAdded(record, added);
  if (!maxDeletedId.isZero) streams.setMaxDeletedId(record, maxDeletedId);
  context.server.propagation.changedUnheard(1);
  context.notify(NotifyClass.STREAM, "xsetid", 1);
  reply.ok();
}

export const streamHandlers: Handlers = {
  xadd,
  xdel,
  xlen,
  xrange: (context) => range(context, false),
  xrevrange: (context) => range(context, true),
  xsetid,
  xtrim,
  ...streamClaimHandlers,
  ...streamGroupHandlers,
  ...streamInfoHandlers,
  ...streamReadHandlers,
};
