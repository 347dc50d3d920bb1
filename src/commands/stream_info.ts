/** XINFO: what is known of a stream, of its groups and of their consumers. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { CommandError, errors, noSuchGroup, unknownSubcommandOrArity } from "../resp/errors.ts";
import type { Int64 } from "../resp/numbers.ts";
import type { ReplyWriter } from "../resp/reply_writer.ts";
import { ValueType } from "../values/record.ts";
import { Slice } from "../values/slice.ts";
import { entriesReadUnknown, type StreamGroups } from "../values/stream_groups.ts";
import { StreamId } from "../values/stream_id.ts";
import type { Streams } from "../values/streams.ts";
import { replyHelp } from "./help.ts";
import { readValue } from "./lookup.ts";
import { replyEntry, replyId, replyRange, replySlice, streamsOf } from "./stream_arguments.ts";
import { groupLag } from "../values/stream_lag.ts";

const keyAt = 2;

/** Entries of each kind that FULL shows if it isn't told. */
const fullCount = 10;

const id = new StreamId();
const name = new Slice();

const helpLines = [
  "CONSUMERS <key> <groupname>",
  "    Show consumers of <groupname>.",
  "GROUPS <key>",
  "    Show the stream consumer groups.",
  "STREAM <key> [FULL [COUNT <count>]",
  "    Show information about the stream.",
];

function findStream(context: CommandContext): number {
  const record = readValue(context, keyAt, ValueType.STREAM);
  if (record === 0) throw new CommandError(errors.noSuchKey);
  return record;
}

function replyName(reply: ReplyWriter): void {
  reply.bulkString("name");
  replySlice(reply, name);
}

function replyField(reply: ReplyWriter, field: string, value: Int64 | null): void {
  reply.bulkString(field);
  if (value === null) reply.null();
  else reply.integer(value);
}

function replyIdField(reply: ReplyWriter, field: string, value: StreamId): void {
  reply.bulkString(field);
  replyId(reply, value);
}

function entriesRead(groups: StreamGroups, group: number): Int64 | null {
  const count = groups.entriesRead(group);
  return count === entriesReadUnknown ? null : count;
}

function consumers(context: CommandContext): void {
  const { args, args: { buffer, starts, ends }, reply, server } = context;
  const record = findStream(context);
  const streams = streamsOf(context);
  const { groups } = streams;
  const group = groups.find(streams.groupsOf(record), buffer, starts[3], ends[3]);
  if (group === 0) throw new CommandError(noSuchGroup(args.cString(3), args.cString(keyAt)));
  const { nowMs } = server.keyspace;
  const count = groups.consumerCount(group);
  reply.array(count);
  for (let rank = 0; rank < count; rank++) {
    const consumer = groups.consumerAt(group, rank);
    const activeMs = groups.activeMs(consumer);
    reply.map(4);
    groups.locateConsumerName(consumer, name);
    replyName(reply);
    replyField(reply, "pending", groups.pendingCount(consumer));
    replyField(reply, "idle", Math.max(0, nowMs - groups.seenMs(consumer)));
    replyField(reply, "inactive", activeMs === -1 ? -1 : nowMs - activeMs);
  }
}

function groups(context: CommandContext): void {
  const { reply } = context;
  const record = findStream(context);
  const streams = streamsOf(context);
  const { groups } = streams;
  const tree = streams.groupsOf(record);
  const count = tree === 0 ? 0 : groups.count(tree);
  reply.array(count);
  for (let rank = 0; rank < count; rank++) {
    const group = groups.at(tree, rank);
    reply.map(6);
    groups.locateName(group, name);
    replyName(reply);
    replyField(reply, "consumers", groups.consumerCount(group));
    replyField(reply, "pending", groups.pendingCount(group));
    replyIdField(reply, "last-delivered-id", groups.loadLastId(group, id));
    replyField(reply, "entries-read", entriesRead(groups, group));
    replyField(reply, "lag", groupLag(streams, record, group));
  }
}

/** The COUNT of FULL, or null where it isn't asked for. */
function parseFull({ args }: CommandContext): number | null {
  const given = args.count - keyAt - 1;
  if (given === 0) return null;
  const isKnown = (given === 1 || given === 3) && args.is(3, "FULL") &&
    (given === 1 || args.is(4, "COUNT"));
  if (!isKnown) throw new CommandError(unknownSubcommandOrArity(args.cString(1), "XINFO"));
  if (given === 1) return fullCount;
  const count = Number(args.int64(5));
  return count < 0 ? fullCount : count === 0 ? Infinity : count;
}

function stream(context: CommandContext): void {
  const { reply } = context;
  const record = findStream(context);
  const streams = streamsOf(context);
  const countMax = parseFull(context);
  reply.map(countMax === null ? 10 : 9);
  replyField(reply, "length", streams.count(record));
  replyField(reply, "radix-tree-keys", streams.nodeCount(record));
  replyField(reply, "radix-tree-nodes", streams.radixTreeNodes(record));
  replyIdField(reply, "last-generated-id", streams.loadLastId(record, id));
  replyIdField(reply, "max-deleted-entry-id", streams.loadMaxDeletedId(record, id));
  replyField(reply, "entries-added", streams.added(record));
  replyIdField(reply, "recorded-first-entry-id", streams.loadFirstId(record, id));
  const tree = streams.groupsOf(record);
  const groupCount = tree === 0 ? 0 : streams.groups.count(tree);
  if (countMax === null) {
    replyField(reply, "groups", groupCount);
    replyEdge(reply, streams, record, "first-entry", false);
    replyEdge(reply, streams, record, "last-entry", true);
    return;
  }
  reply.bulkString("entries");
  replyRange(reply, streams, record, StreamId.min, StreamId.max, countMax);
  reply.bulkString("groups");
  reply.array(groupCount);
  for (let rank = 0; rank < groupCount; rank++) {
    replyGroup(reply, streams, record, streams.groups.at(tree, rank), countMax);
  }
}

function replyEdge(
  reply: ReplyWriter,
  { cursor }: Streams,
  record: number,
  field: string,
  isLast: boolean,
): void {
  reply.bulkString(field);
  if (cursor.seek(record, StreamId.min, StreamId.max, isLast)) replyEntry(reply, cursor);
  else reply.null();
}

function replyGroup(
  reply: ReplyWriter,
  streams: Streams,
  record: number,
  group: number,
  countMax: number,
): void {
  const { groups } = streams;
  reply.map(7);
  groups.locateName(group, name);
  replyName(reply);
  replyIdField(reply, "last-delivered-id", groups.loadLastId(group, id));
  replyField(reply, "entries-read", entriesRead(groups, group));
  replyField(reply, "lag", groupLag(streams, record, group));
  replyField(reply, "pel-count", groups.pendingCount(group));
  replyPending(reply, groups, group, countMax, true);
  const count = groups.consumerCount(group);
  reply.bulkString("consumers");
  reply.array(count);
  for (let rank = 0; rank < count; rank++) {
    const consumer = groups.consumerAt(group, rank);
    reply.map(5);
    groups.locateConsumerName(consumer, name);
    replyName(reply);
    replyField(reply, "seen-time", groups.seenMs(consumer));
    replyField(reply, "active-time", groups.activeMs(consumer));
    replyField(reply, "pel-count", groups.pendingCount(consumer));
    replyPending(reply, groups, consumer, countMax, false);
  }
}

/** The first pending entries of a group, or of a consumer, whose name goes without saying. */
function replyPending(
  reply: ReplyWriter,
  groups: StreamGroups,
  owner: number,
  countMax: number,
  withConsumer: boolean,
): void {
  let left = Math.min(groups.pendingCount(owner), countMax);
  reply.bulkString("pending");
  reply.array(left);
  const cursor = groups.pendingCursor();
  let more = cursor.seek(groups.pendingTree(owner), 0);
  for (; more && left > 0; left--, more = cursor.next()) {
    const { record: pending } = cursor;
    reply.array(withConsumer ? 4 : 3);
    replyId(reply, groups.loadPendingId(pending, id));
    if (withConsumer) {
      groups.locateConsumerName(groups.consumerOf(pending), name);
      replySlice(reply, name);
    }
    reply.integer(groups.deliveredMs(pending));
    reply.integer(groups.deliveries(pending));
  }
}

export const streamInfoHandlers: Handlers = {
  "xinfo|consumers": consumers,
  "xinfo|groups": groups,
  "xinfo|help": (context) => replyHelp(context, helpLines),
  "xinfo|stream": stream,
};
