/** Consumer groups of streams: XGROUP, XACK and XPENDING. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { NotifyClass } from "../keyspace/events.ts";
import {
  CommandError,
  errors,
  noSuchGroup,
  noSuchKeyOrGroup,
  unknownSubcommandOrArity,
} from "../resp/errors.ts";
import type { Int64 } from "../resp/numbers.ts";
import { ValueType } from "../values/record.ts";
import { Slice } from "../values/slice.ts";
import { entriesReadUnknown, type StreamGroups } from "../values/stream_groups.ts";
import { StreamId } from "../values/stream_id.ts";
import { replyHelp } from "./help.ts";
import { readValue, readValueToChange, writeValue } from "./lookup.ts";
import {
  parseId,
  parseRangeEnd,
  parseRangeStart,
  replyId,
  replySlice,
  streamsOf,
} from "./stream_arguments.ts";

const keyAt = 2;
const nameAt = 3;
const idAt = 4;
const consumerAt = 4;

const id = new StreamId();
const rangeEnd = new StreamId();
const name = new Slice();

const helpLines = [
  "CREATE <key> <groupname> <id|$> [option]",
  "    Create a new consumer group. Options are:",
  "    * MKSTREAM",
  "      Create the empty stream if it does not exist.",
  "    * ENTRIESREAD entries_read",
  "      Set the group's entries_read counter (internal use).",
  "CREATECONSUMER <key> <groupname> <consumer>",
  "    Create a new consumer in the specified group.",
  "DELCONSUMER <key> <groupname> <consumer>",
  "    Remove the specified consumer.",
  "DESTROY <key> <groupname>",
  "    Remove the specified group.",
  "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
  "    Set the current group ID and entries_read counter.",
];

/** What XGROUP is about: the stream, and the group with the given name, 0 where there is none. */
interface GroupPlace {
  readonly record: number;
  readonly group: number;
}

/** The group of XGROUP's arguments, whose key must exist. */
function findPlace(context: CommandContext, mayLackKey = false): GroupPlace {
  const { args: { buffer, starts, ends } } = context;
  const record = writeValue(context, keyAt, ValueType.STREAM);
  if (record === 0) {
    if (mayLackKey) return { record: 0, group: 0 };
    throw new CommandError(errors.groupNeedsKey);
  }
  const streams = streamsOf(context);
  const tree = streams.groupsOf(record);
  return { record, group: streams.groups.find(tree, buffer, starts[nameAt], ends[nameAt]) };
}

/** As `findPlace`, where the group must exist too. */
function findGroup(context: CommandContext): GroupPlace {
  const place = findPlace(context);
  const { args } = context;
  if (place.group === 0) {
    throw new CommandError(noSuchGroup(args.cString(nameAt), args.cString(keyAt)));
  }
  return place;
}

interface GroupOptions {
  mayCreateStream: boolean;
  entriesRead: Int64;
}

function parseGroupOptions({ args }: CommandContext, isCreate: boolean): GroupOptions {
  const options: GroupOptions = { mayCreateStream: false, entriesRead: entriesReadUnknown };
  for (let i = idAt + 1; i < args.count; i++) {
    if (isCreate && args.is(i, "MKSTREAM")) options.mayCreateStream = true;
    else if (args.is(i, "ENTRIESREAD") && i + 1 < args.count) {
      options.entriesRead = args.int64(++i);
      if (options.entriesRead < entriesReadUnknown) {
        throw new CommandError(errors.entriesReadNegative);
      }
    } else throw new CommandError(unknownSubcommandOrArity(args.cString(1), "XGROUP"));
  }
  return options;
}

function create(context: CommandContext): void {
  const { args, database, reply } = context;
  const { buffer, starts, ends } = args;
  const { mayCreateStream, entriesRead } = parseGroupOptions(context, true);
  const streams = streamsOf(context);
  const place = findPlace(context, mayCreateStream);
  let { record } = place;
  // more than both options, each once, are none: found last, as in Redis
  if (args.count > 8) {
    throw new CommandError(unknownSubcommandOrArity(args.cString(1), "XGROUP"));
  }
  if (!args.is(idAt, "$")) parseId(args, idAt, id);
  else if (record === 0) id.set(StreamId.min);
  else streams.loadLastId(record, id);
  if (place.group !== 0) throw new CommandError(errors.groupExists);
  const isNew = record === 0;
  if (isNew) record = database.create(0, buffer, starts[keyAt], ends[keyAt], ValueType.STREAM);
  const tree = streams.groupsToAddTo(record);
  const group = streams.groups.create(tree, buffer, starts[nameAt], ends[nameAt], id);
  streams.groups.setEntriesRead(group, entriesRead);
  if (isNew) context.changed(keyAt);
  else context.server.propagation.changedUnheard(1);
  context.notify(NotifyClass.STREAM, "xgroup-create", keyAt);
  reply.ok();
}

function setId(context: CommandContext): void {
  const { args, reply } = context;
  const { entriesRead } = parseGroupOptions(context, false);
  const { record, group } = findGroup(context);
  if (args.count !== 5 && args.count !== 7) {
    throw new CommandError(unknownSubcommandOrArity(args.cString(1), "XGROUP"));
  }
  const streams = streamsOf(context);
  if (args.is(idAt, "$")) streams.loadLastId(record, id);
  else parseId(args, idAt, id, { edges: true });
  streams.groups.setLastId(group, id);
  streams.groups.setEntriesRead(group, entriesRead);
  context.server.propagation.changedUnheard(1);
  context.notify(NotifyClass.STREAM, "xgroup-setid", keyAt);
  reply.ok();
}

function destroy(context: CommandContext): void {
  const { args: { buffer, starts, ends }, database, reply, server } = context;
  const { record, group } = findPlace(context);
  if (group === 0) return reply.integer(0);
  const streams = streamsOf(context);
  streams.groups.destroy(streams.groupsOf(record), group);
  server.propagation.groupDestroyed(database, buffer, starts[keyAt], ends[keyAt]);
  context.notify(NotifyClass.STREAM, "xgroup-destroy", keyAt);
  reply.integer(1);
}

function createConsumer(context: CommandContext): void {
  const { args: { buffer, starts, ends }, reply, server } = context;
  const { group } = findGroup(context);
  const { groups } = streamsOf(context);
  const start = starts[consumerAt];
  const end = ends[consumerAt];
  if (groups.findConsumer(group, buffer, start, end) !== 0) return reply.integer(0);
  groups.createConsumer(group, buffer, start, end, context.timeMs);
  server.propagation.changedUnheard(1);
  context.notify(NotifyClass.STREAM, "xgroup-createconsumer", keyAt);
  reply.integer(1);
}

function deleteConsumer(context: CommandContext): void {
  const { args: { buffer, starts, ends }, reply, server } = context;
  const { group } = findGroup(context);
  const { groups } = streamsOf(context);
  const consumer = groups.findConsumer(group, buffer, starts[consumerAt], ends[consumerAt]);
  if (consumer === 0) return reply.integer(0);
  const pending = groups.pendingCount(consumer);
  groups.removeConsumer(group, consumer);
  server.propagation.changedUnheard(1);
  context.notify(NotifyClass.STREAM, "xgroup-delconsumer", keyAt);
  reply.integer(pending);
}

/** The group that argument 2 names of the stream at argument 1, 0 where there is none. */
function groupOf(
  { args: { buffer, starts, ends } }: CommandContext,
  groups: StreamGroups,
  tree: number,
) {
  return groups.find(tree, buffer, starts[2], ends[2]);
}

function xack(context: CommandContext): void {
  const { args, reply, server } = context;
  const record = readValueToChange(context, 1, ValueType.STREAM);
  if (record === 0) return reply.integer(0);
  const streams = streamsOf(context);
  const { groups } = streams;
  const group = groupOf(context, groups, streams.groupsOf(record));
  if (group === 0) return reply.integer(0);
  // all or nothing: a wrong ID acknowledges none
  for (let i = 3; i < args.count; i++) parseId(args, i, id);
  let acknowledged = 0;
  for (let i = 3; i < args.count; i++) {
    const pending = groups.findPending(group, parseId(args, i, id));
    if (pending === 0) continue;
    groups.removePending(group, pending);
    acknowledged++;
  }
  server.propagation.changedUnheard(acknowledged);
  reply.integer(acknowledged);
}

function xpending(context: CommandContext): void {
  const { args } = context;
  const isSummary = args.count === 3;
  if (!isSummary && (args.count < 6 || args.count > 9)) throw new CommandError(errors.syntax);
  const hasIdle = !isSummary && args.is(3, "IDLE");
  const rangeAt = hasIdle ? 5 : 3;
  const idleMinMs = hasIdle ? Number(args.int64(4)) : 0;
  if (hasIdle && args.count < 8) throw new CommandError(errors.syntax);
  let countMax = 0;
  const start = new StreamId();
  if (!isSummary) {
    countMax = Number(args.int64(rangeAt + 2));
    parseRangeStart(args, rangeAt, start);
    parseRangeEnd(args, rangeAt + 1, rangeEnd);
  }
  const record = readValue(context, 1, ValueType.STREAM);
  const streams = streamsOf(context);
  const group = record === 0 ? 0 : groupOf(context, streams.groups, streams.groupsOf(record));
  if (group === 0) throw new CommandError(noSuchKeyOrGroup(args.cString(1), args.cString(2)));
  if (isSummary) return replySummary(context, streams.groups, group);
  let owner = group;
  if (rangeAt + 3 < args.count) {
    const at = rangeAt + 3;
    owner = streams.groups.findConsumer(group, args.buffer, args.starts[at], args.ends[at]);
    if (owner === 0) return context.reply.array(0);
  }
  replyPending(context, streams.groups, owner, start, countMax, idleMinMs);
}

/** How many entries are pending, the first and the last of them, and how many each consumer has. */
function replySummary({ reply }: CommandContext, groups: StreamGroups, group: number): void {
  const count = groups.pendingCount(group);
  reply.array(4);
  reply.integer(count);
  if (count === 0) {
    reply.null();
    reply.null();
    return reply.nullArray();
  }
  const pending = groups.pendingCursor();
  for (const rank of [0, count - 1]) {
    pending.seek(groups.pendingTree(group), rank);
    replyId(reply, groups.loadPendingId(pending.record, id));
  }
  const busy: number[] = [];
  for (let rank = 0; rank < groups.consumerCount(group); rank++) {
    const consumer = groups.consumerAt(group, rank);
    if (groups.pendingCount(consumer) > 0) busy.push(consumer);
  }
  reply.array(busy.length);
  for (const consumer of busy) {
    reply.array(2);
    groups.locateConsumerName(consumer, name);
    replySlice(reply, name);
    reply.bulkString(String(groups.pendingCount(consumer)));
  }
}

/** The pending entries from `start` to `rangeEnd`, of those idle for so long, at most so many. */
function replyPending(
  { reply, server }: CommandContext,
  groups: StreamGroups,
  owner: number,
  start: StreamId,
  countMax: number,
  idleMinMs: number,
): void {
  const { nowMs } = server.keyspace;
  const found: number[] = [];
  const cursor = groups.pendingCursor();
  let more = cursor.seek(groups.pendingTree(owner), groups.pendingRank(owner, start));
  for (; more && found.length < countMax; more = cursor.next()) {
    const { record: pending } = cursor;
    if (groups.loadPendingId(pending, id).compare(rangeEnd) > 0) break;
    if (idleMinMs !== 0 && nowMs - groups.deliveredMs(pending) < idleMinMs) continue;
    found.push(pending);
  }
  reply.array(found.length);
  for (const pending of found) {
    reply.array(4);
    replyId(reply, groups.loadPendingId(pending, id));
    groups.locateConsumerName(groups.consumerOf(pending), name);
    replySlice(reply, name);
    reply.integer(Math.max(0, nowMs - groups.deliveredMs(pending)));
    reply.integer(groups.deliveries(pending));
  }
}

export const streamGroupHandlers: Handlers = {
  xack,
  "xgroup|create": create,
  "xgroup|createconsumer": createConsumer,
  "xgroup|delconsumer": deleteConsumer,
  "xgroup|destroy": destroy,
  "xgroup|help": (context) => replyHelp(context, helpLines),
  "xgroup|setid": setId,
  xpending,
};
