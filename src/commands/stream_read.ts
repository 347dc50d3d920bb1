/** XREAD and XREADGROUP: what is new in streams, or the client waits for it. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { NotifyClass } from "../keyspace/events.ts";
import { Arguments } from "../resp/arguments.ts";
import {
  CommandError,
  errors,
  meaninglessGroupId,
  noSuchGroupToRead,
  unbalancedStreams,
} from "../resp/errors.ts";
import type { ReplyWriter } from "../resp/reply_writer.ts";
import { ValueType } from "../values/record.ts";
import { StreamId } from "../values/stream_id.ts";
import { advanceGroup } from "../values/stream_lag.ts";
import type { Streams } from "../values/streams.ts";
import { blockMilliseconds } from "./block_timeout.ts";
import { readValue, readValueToChange } from "./lookup.ts";
import { parseId, replyEntry, replyId, replyRange, streamsOf } from "./stream_arguments.ts";
import { type GroupArguments, propagateClaim, propagateLastId } from "./stream_propagation.ts";

interface ReadRequest {
  readonly isGroup: boolean;
  /** Where the group's name is, the consumer's behind it. */
  groupAt: number;
  /** How long to wait, -1 for not at all. */
  timeoutMs: number;
  countMax: number;
  noAck: boolean;
  /** Where the first key is; the IDs are `streamCount` behind the keys. */
  firstKey: number;
  streamCount: number;
}

const replyNullArray = (reply: ReplyWriter): void => reply.nullArray();

/** Where a client is in a stream: the first ID that it has not read. */
const from = new StreamId();
const id = new StreamId();

function parseRequest(context: CommandContext, isGroup: boolean): ReadRequest {
  const { args } = context;
  const request: ReadRequest = {
    ...{ isGroup, groupAt: 0, timeoutMs: -1, countMax: Infinity, noAck: false },
    ...{ firstKey: 0, streamCount: 0 },
  };
  for (let i = 1; i < args.count && request.firstKey === 0; i++) {
    const following = args.count - i - 1;
    if (args.is(i, "BLOCK") && following > 0) request.timeoutMs = blockMilliseconds(context, ++i);
    else if (args.is(i, "COUNT") && following > 0) {
      const count = Number(args.int64(++i));
      // as for XREADGROUP's IDs, 0 or less is no limit
      request.countMax = count > 0 ? count : Infinity;
    } else if (args.is(i, "STREAMS") && following > 0) {
      if (following % 2 !== 0) {
        throw new CommandError(unbalancedStreams(isGroup ? "xreadgroup" : "xread"));
      }
      request.firstKey = i + 1;
      request.streamCount = following / 2;
    } else if (args.is(i, "GROUP") && following >= 2) {
      if (!isGroup) throw new CommandError(errors.readWithGroup);
      request.groupAt = i + 1;
      i += 2;
    } else if (args.is(i, "NOACK")) {
      if (!isGroup) throw new CommandError(errors.readWithNoack);
      request.noAck = true;
    } else throw new CommandError(errors.syntax);
  }
  if (request.firstKey === 0) throw new CommandError(errors.syntax);
  if (isGroup && request.groupAt === 0) throw new CommandError(errors.readGroupMissing);
  return request;
}

/** XREAD's ID at argument `i`, behind which is to be read. */
function readBehind(args: Arguments, i: number, streams: Streams, record: number): StreamId {
  if (args.is(i, ">")) throw new CommandError(errors.readNewWithoutGroup);
  if (args.is(i, "$")) return record === 0 ? id.set(StreamId.min) : streams.loadLastId(record, id);
  if (!args.is(i, "+")) return parseId(args, i, id);
  const { cursor } = streams;
  const isThere = record !== 0 && cursor.seek(record, StreamId.min, StreamId.max, true);
  // the last entry itself is wanted
  if (isThere && id.set(cursor.id).decrement()) return id;
  return id.set(StreamId.min);
}

function xread(context: CommandContext): void {
  const { args, reply } = context;
  const request = parseRequest(context, false);
  const { firstKey, streamCount, countMax } = request;
  const streams = streamsOf(context);
  const ids: StreamId[] = [];
  const served: { k: number; record: number }[] = [];
  for (let k = 0; k < streamCount; k++) {
    const record = readValue(context, firstKey + k, ValueType.STREAM);
    const behind = new StreamId().set(
      readBehind(args, firstKey + streamCount + k, streams, record),
    );
    ids.push(behind);
  }
  // as in Redis each stream is looked up a second time, which counts
  for (let k = 0; k < streamCount; k++) {
    const record = readValue(context, firstKey + k, ValueType.STREAM);
    if (record !== 0 && hasBehind(streams, record, ids[k])) served.push({ k, record });
  }
  if (served.length === 0) return waitForEntries(context, request, ids);
  replyStreams(reply, served.length);
  for (const { k, record } of served) {
    replyKey(context, firstKey + k);
    from.set(ids[k]).increment();
    replyRange(reply, streams, record, from, StreamId.max, countMax);
  }
}

/** Whether a stream has an entry behind an ID. */
function hasBehind(streams: Streams, record: number, behind: StreamId): boolean {
  // what was given last may have been deleted
  if (streams.count(record) === 0 || streams.loadLastId(record, from).compare(behind) <= 0) {
    return false;
  }
  const { cursor } = streams;
  return cursor.seek(record, StreamId.min, StreamId.max, true) && cursor.id.compare(behind) > 0;
}

/** The streams that follow, each with its entries. */
function replyStreams(reply: ReplyWriter, count: number): void {
  if (reply.protocol === 3) reply.map(count);
  else reply.array(count);
}

function replyKey({ args, reply }: CommandContext, i: number): void {
  if (reply.protocol === 2) reply.array(2);
  reply.bulk(args.buffer, args.starts[i], args.ends[i]);
}

/** `ids` stand for the IDs of XREAD when it is run again: what `$` was stays what it is now. */
function waitForEntries(context: CommandContext, request: ReadRequest, ids: StreamId[]): void {
  const { args, reply } = context;
  const { firstKey, isGroup, streamCount, timeoutMs } = request;
  if (timeoutMs === -1) return reply.nullArray();
  const firstId = firstKey + streamCount;
  const hasLast = ids.some((_, k) => args.is(firstId + k, "$"));
  context.block({
    firstKey,
    keyCount: streamCount,
    type: ValueType.STREAM,
    timeoutMs,
    replyNothing: replyNullArray,
    endsWithKey: isGroup,
    args: hasLast ? withIds(args, firstId, ids) : args,
  });
}

/** The request with the IDs that `$` stands for now. */
function withIds(args: Arguments, firstId: number, ids: StreamId[]): Arguments {
  const values: (string | Uint8Array)[] = [];
  for (let i = 0; i < args.count; i++) {
    values.push(args.is(i, "$") && i >= firstId ? String(ids[i - firstId]) : args.bytes(i));
  }
  return Arguments.from(values);
}

/** A stream that XREADGROUP reads. */
interface GroupRead extends GroupArguments {
  readonly record: number;
  /** Null for what is new. */
  readonly behind: StreamId | null;
  /** Who reads; 0 until it is known. */
  consumer: number;
  isConsumerNew: boolean;
}

function xreadgroup(context: CommandContext): void {
  // instead of it, what it makes of the group
  context.propagateNothing();
  const request = parseRequest(context, true);
  const { countMax, firstKey, noAck, streamCount } = request;
  const reads: GroupRead[] = [];
  for (let k = 0; k < streamCount; k++) {
    reads.push(parseGroupRead(context, request, firstKey + k));
  }
  const streams = streamsOf(context);
  const served: GroupRead[] = [];
  for (const read of reads) {
    // as for XREAD
    readValue(context, read.keyAt, ValueType.STREAM);
    findConsumer(context, request, read);
    streams.groups.setSeenMs(read.consumer, context.server.keyspace.nowMs);
    const before = served.filter((other) => isSameGroup(other, read)).length;
    if (read.behind !== null || hasNews(streams, read, before * Math.min(countMax, 2 ** 32))) {
      served.push(read);
    }
  }
  if (served.length > 0) replyStreams(context.reply, served.length);
  for (const read of reads) {
    // without that, XCLAIM makes the consumer, or nobody ever hears of it
    if (read.isConsumerNew && noAck) propagateConsumer(context, request, read);
    if (!served.includes(read)) continue;
    const { behind, consumer, keyAt, record } = read;
    replyKey(context, keyAt);
    if (behind !== null) {
      from.set(behind).increment();
      replyHistory(context, record, consumer, countMax);
    } else if (deliver(context, read, consumer, countMax, noAck) > 0) {
      context.server.propagation.changedUnheard(1);
      propagateLastId(context, read);
    }
  }
  if (served.length === 0) waitForEntries(context, request, []);
}

/** Whether both are about what is new to one group. */
function isSameGroup(a: GroupRead, b: GroupRead): boolean {
  return a.group === b.group && a.behind === null && b.behind === null;
}

/** Whether there is anything new to a group, but for so many entries. */
function hasNews(streams: Streams, { group, record }: GroupRead, passed: number): boolean {
  streams.groups.loadLastId(group, id);
  if (passed === 0) return hasBehind(streams, record, id);
  return id.increment() && streams.countRange(record, id, StreamId.max, passed + 1) > passed;
}

function parseGroupRead(
  context: CommandContext,
  { groupAt, streamCount }: ReadRequest,
  keyAt: number,
): GroupRead {
  const { args } = context;
  const { buffer, starts, ends } = args;
  const streams = streamsOf(context);
  const record = readValueToChange(context, keyAt, ValueType.STREAM);
  const group = record === 0
    ? 0
    : streams.groups.find(streams.groupsOf(record), buffer, starts[groupAt], ends[groupAt]);
  if (group === 0) {
    throw new CommandError(noSuchGroupToRead(args.cString(keyAt), args.cString(groupAt)));
  }
  const idAt = keyAt + streamCount;
  for (const sign of ["$", "+"]) {
    if (args.is(idAt, sign)) throw new CommandError(meaninglessGroupId(sign));
  }
  const behind = args.is(idAt, ">") ? StreamId.max : parseId(args, idAt, new StreamId());
  // to Redis the last of all IDs is another way to write `>`
  const isNews = behind.compare(StreamId.max) === 0;
  return {
    keyAt,
    groupAt,
    record,
    group,
    behind: isNews ? null : behind,
    consumer: 0,
    isConsumerNew: false,
  };
}

/** Finds the consumer that reads, or makes it. */
function findConsumer(
  context: CommandContext,
  { groupAt }: ReadRequest,
  read: GroupRead,
): void {
  const { args: { buffer, starts, ends }, server } = context;
  const { groups } = streamsOf(context);
  const [start, end] = [starts[groupAt + 1], ends[groupAt + 1]];
  read.consumer = groups.findConsumer(read.group, buffer, start, end);
  if (read.consumer !== 0) return;
  read.consumer = groups.createConsumer(read.group, buffer, start, end, server.keyspace.nowMs);
  read.isConsumerNew = true;
  server.propagation.changedUnheard(1);
  context.notify(NotifyClass.STREAM, "xgroup-createconsumer", read.keyAt);
}

function propagateConsumer(
  context: CommandContext,
  { groupAt }: ReadRequest,
  { keyAt }: GroupRead,
): void {
  const { args } = context;
  context.propagate(5)?.word("XGROUP").word("CREATECONSUMER").argument(args, keyAt)
    .argument(args, groupAt).argument(args, groupAt + 1);
}

/** Answers with what a consumer was given and has not acknowledged, from `from` on. */
function replyHistory(
  { reply, server }: CommandContext,
  record: number,
  consumer: number,
  countMax: number,
): void {
  const { streams } = server.keyspace.values;
  const { cursor, groups } = streams;
  const tree = groups.pendingTree(consumer);
  const first = groups.pendingRank(consumer, from);
  const count = Math.min(groups.pendingCount(consumer) - first, countMax);
  reply.array(count);
  const pending = groups.pendingCursor();
  pending.seek(tree, first);
  for (let left = count; left > 0; left--, pending.next()) {
    groups.loadPendingId(pending.record, id);
    if (cursor.seek(record, id, id)) {
      replyEntry(reply, cursor);
      groups.setDeliveredMs(pending.record, server.keyspace.nowMs);
      groups.countDelivery(pending.record);
    } else {
      // it was deleted in the meantime
      reply.array(2);
      replyId(reply, id);
      reply.nullArray();
    }
  }
}

/** Answers with what is new to a group and notes that a consumer has it; returns how much that is. */
function deliver(
  context: CommandContext,
  read: GroupRead,
  consumer: number,
  countMax: number,
  noAck: boolean,
): number {
  const { reply, server } = context;
  const { group, record } = read;
  const { streams } = server.keyspace.values;
  const { nowMs } = server.keyspace;
  const { cursor, groups } = streams;
  groups.loadLastId(group, from).increment();
  const count = streams.countRange(record, from, StreamId.max, countMax);
  reply.array(count);
  let more = cursor.seek(record, from, StreamId.max);
  for (let left = count; more && left > 0; left--, more = cursor.next()) {
    let pending = 0;
    if (!noAck) {
      pending = groups.findPending(group, cursor.id);
      if (pending === 0) pending = groups.addPending(group, consumer, cursor.id, nowMs);
      else {
        // XGROUP SETID has gone back: it was somebody's already
        groups.assign(pending, consumer);
        groups.setDeliveredMs(pending, nowMs);
        groups.setDeliveries(pending, 1);
      }
      groups.setActiveMs(consumer, nowMs);
    }
    advanceGroup(streams, record, group, cursor.id);
    if (pending !== 0) propagateClaim(context, read, pending);
    replyEntry(reply, cursor);
  }
  return count;
}

export const streamReadHandlers: Handlers = { xread, xreadgroup };
