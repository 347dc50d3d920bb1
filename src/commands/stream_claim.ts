/** XCLAIM and XAUTOCLAIM: pending entries of a consumer group become another consumer's. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { NotifyClass } from "../keyspace/events.ts";
import type { Arguments } from "../resp/arguments.ts";
import {
  CommandError,
  errors,
  invalidClaimArgument,
  noSuchKeyOrGroup,
  unknownClaimOption,
} from "../resp/errors.ts";
import type { Int64 } from "../resp/numbers.ts";
import { ValueType } from "../values/record.ts";
import { ParsedId, parseStreamId, StreamId } from "../values/stream_id.ts";
import type { Streams } from "../values/streams.ts";
import { checkType } from "./lookup.ts";
import { parseId, parseRangeStart, replyEntry, replyId, streamsOf } from "./stream_arguments.ts";
import { type GroupArguments, propagateClaim, propagateLastId } from "./stream_propagation.ts";

const groupAt = 2;
const consumerAt = 3;
const idleAt = 4;
const firstIdAt = 5;

/** Entries that XAUTOCLAIM claims if it isn't told, and how many it looks at for each. */
const autoclaimCount = 100;
const attemptsPerEntry = 10;
/** 2^63 - 1 divided by the 16 bytes of an ID. */
const autoclaimCountMax = 576460752303423487n;
/** Redis reserves 16 bytes for each entry, and has so much room for as many at most: 2^47 bytes. */
const autoclaimCountReservedMax = 2 ** 43;

const id = new StreamId();

/** Where entries are claimed, and for whom. */
interface Claim extends GroupArguments {
  readonly streams: Streams;
  readonly record: number;
  consumer: number;
}

/** The group that is argument 2, in what `record` holds, the key that has just been looked up. */
function findGroup(context: CommandContext, record: number): Claim {
  const { args, database } = context;
  const { buffer, starts, ends } = args;
  checkType(database, record, ValueType.STREAM);
  if (record !== 0) database.dict.changeFound();
  const streams = streamsOf(context);
  const group = record === 0
    ? 0
    : streams.groups.find(streams.groupsOf(record), buffer, starts[groupAt], ends[groupAt]);
  if (group === 0) throw new CommandError(noSuchKeyOrGroup(args.cString(1), args.cString(groupAt)));
  return { streams, record, group, keyAt: 1, groupAt, consumer: 0 };
}

/** Sets the consumer who claims, which is made where there is none. */
function seeConsumer(context: CommandContext, claim: Claim): void {
  const { args: { buffer, starts, ends }, server } = context;
  const { groups } = claim.streams;
  const start = starts[consumerAt];
  const end = ends[consumerAt];
  const nowMs = context.timeMs;
  claim.consumer = groups.findConsumer(claim.group, buffer, start, end);
  if (claim.consumer === 0) {
    claim.consumer = groups.createConsumer(claim.group, buffer, start, end, nowMs);
    server.propagation.changedUnheard(1);
    context.notify(NotifyClass.STREAM, "xgroup-createconsumer", 1);
  }
  groups.setSeenMs(claim.consumer, nowMs);
}

function parseIdleMin(args: Arguments, command: string): number {
  const text = invalidClaimArgument("min-idle-time", command);
  return Math.max(0, Number(args.int64(idleAt, text)));
}

interface ClaimOptions {
  /** When the entries are taken to be delivered. */
  deliveredMs: number;
  /** How often the entries are taken to be delivered, -1 for what it is. */
  deliveries: Int64;
  isForced: boolean;
  justIds: boolean;
  readonly lastId: StreamId;
}

function parseClaimOptions(context: CommandContext, first: number): ClaimOptions {
  const { args, timeMs: nowMs } = context;
  const option = (what: string) => invalidClaimArgument(`${what} option`, "XCLAIM");
  const options: ClaimOptions = {
    deliveredMs: nowMs,
    deliveries: -1,
    isForced: false,
    justIds: false,
    lastId: new StreamId(),
  };
  let deliveredMs = nowMs;
  for (let i = first; i < args.count; i++) {
    const hasNext = i + 1 < args.count;
    if (args.is(i, "FORCE")) options.isForced = true;
    else if (args.is(i, "JUSTID")) options.justIds = true;
    else if (hasNext && args.is(i, "IDLE")) {
      deliveredMs = nowMs - Number(args.int64(++i, option("IDLE")));
    } else if (hasNext && args.is(i, "TIME")) deliveredMs = Number(args.int64(++i, option("TIME")));
    else if (hasNext && args.is(i, "RETRYCOUNT")) {
      options.deliveries = args.int64(++i, option("RETRYCOUNT"));
    } else if (hasNext && args.is(i, "LASTID")) parseId(args, ++i, options.lastId);
    else throw new CommandError(unknownClaimOption(args.cString(i)));
  }
  // a client's clock may be wrong
  const isSane = deliveredMs >= 0 && deliveredMs <= nowMs;
  options.deliveredMs = isSane ? deliveredMs : nowMs;
  return options;
}

/** The argument behind the last ID of XCLAIM. */
function behindIds(args: Arguments): number {
  let i = firstIdAt;
  while (
    i < args.count &&
    parseStreamId(id, args.buffer, args.starts[i], args.ends[i]) !== ParsedId.Invalid
  ) i++;
  return i;
}

function xclaim(context: CommandContext): void {
  const { args, database, reply, server } = context;
  const claim = findGroup(context, database.lookupRead(args.buffer, args.starts[1], args.ends[1]));
  const { streams: { groups }, group } = claim;
  context.propagateNothing();
  const idleMinMs = parseIdleMin(args, "XCLAIM");
  const idsEnd = behindIds(args);
  const options = parseClaimOptions(context, idsEnd);
  let lastIdChanged = options.lastId.compare(groups.loadLastId(group, id)) > 0;
  if (lastIdChanged) groups.setLastId(group, options.lastId);
  seeConsumer(context, claim);
  const claimed: number[] = [];
  let changes = 0;
  for (let i = firstIdAt; i < idsEnd; i++) {
    const outcome = claimOne(context, claim, i, idleMinMs, options);
    if (outcome === Claimed.Nothing) continue;
    // what the command does to an entry tells of the group's last ID too
    lastIdChanged = false;
    changes++;
    if (outcome === Claimed.Entry) claimed.push(i);
  }
  server.propagation.changedUnheard(changes + (lastIdChanged ? 1 : 0));
  if (lastIdChanged) propagateLastId(context, claim);
  reply.array(claimed.length);
  for (const i of claimed) replyClaimed(context, claim, parseId(args, i, id), options.justIds);
}

/** What has become of an entry that was to be claimed. */
enum Claimed {
  Nothing,
  /** It is pending no more, since the stream doesn't have it. */
  Dropped,
  Entry,
}

/** Claims the entry whose ID is argument `i`. */
function claimOne(
  context: CommandContext,
  claim: Claim,
  i: number,
  idleMinMs: number,
  { deliveredMs, deliveries, isForced, justIds }: ClaimOptions,
): Claimed {
  const { args, timeMs: nowMs } = context;
  const { streams, streams: { groups }, record, group, consumer } = claim;
  const wanted = parseId(args, i, id);
  let pending = groups.findPending(group, wanted);
  if (!streams.has(record, wanted)) {
    if (pending === 0) return Claimed.Nothing;
    propagateClaim(context, claim, pending, i);
    groups.removePending(group, pending);
    return Claimed.Dropped;
  }
  if (pending === 0) {
    if (!isForced) return Claimed.Nothing;
    pending = groups.addPending(group, consumer, wanted, nowMs);
  } else {
    const isBusy = idleMinMs !== 0 && nowMs - groups.deliveredMs(pending) < idleMinMs;
    if (isBusy) return Claimed.Nothing;
    groups.assign(pending, consumer);
  }
  groups.setDeliveredMs(pending, deliveredMs);
  if (deliveries >= 0) groups.setDeliveries(pending, deliveries);
  else if (!justIds) groups.countDelivery(pending);
  groups.setActiveMs(consumer, nowMs);
  propagateClaim(context, claim, pending, i);
  return Claimed.Entry;
}

function replyClaimed(
  { reply }: CommandContext,
  { streams: { cursor }, record }: Claim,
  claimed: StreamId,
  justIds: boolean,
): void {
  if (justIds) return replyId(reply, claimed);
  cursor.seek(record, claimed, claimed);
  replyEntry(reply, cursor);
}

function xautoclaim(context: CommandContext): void {
  const { args, database, reply, server } = context;
  const record = database.lookupRead(args.buffer, args.starts[1], args.ends[1]);
  const idleMinMs = parseIdleMin(args, "XAUTOCLAIM");
  const start = parseRangeStart(args, firstIdAt, new StreamId());
  let countMax = autoclaimCount;
  let justIds = false;
  for (let i = firstIdAt + 1; i < args.count; i++) {
    if (args.is(i, "COUNT") && i + 1 < args.count) countMax = parseAutoclaimCount(args, ++i);
    else if (args.is(i, "JUSTID")) justIds = true;
    else throw new CommandError(errors.syntax);
  }
  const claim = findGroup(context, record);
  if (countMax >= autoclaimCountReservedMax) throw new CommandError(errors.countTooHigh);
  context.propagateNothing();
  seeConsumer(context, claim);
  const { claimed, dropped, next } = claimFrom(context, claim, start, countMax, idleMinMs, justIds);
  server.propagation.changedUnheard(claimed.length + dropped.length);
  reply.array(3);
  replyId(reply, next);
  reply.array(claimed.length);
  for (const found of claimed) replyClaimed(context, claim, found, justIds);
  reply.array(dropped.length);
  for (const found of dropped) replyId(reply, found);
}

function parseAutoclaimCount(args: Arguments, i: number): number {
  const count = args.int64(i, errors.countNotAboveZero);
  if (count < 1 || count > autoclaimCountMax) throw new CommandError(errors.countNotAboveZero);
  return Number(count);
}

/** Claims what has been idle for so long; `next` is where to go on, 0-0 at the end. */
function claimFrom(
  context: CommandContext,
  claim: Claim,
  start: StreamId,
  countMax: number,
  idleMinMs: number,
  justIds: boolean,
): { claimed: StreamId[]; dropped: StreamId[]; next: StreamId } {
  const { streams, streams: { groups }, record, group, consumer } = claim;
  const { nowMs } = context.server.keyspace;
  const tree = groups.pendingTree(group);
  const cursor = groups.pendingCursor();
  const claimed: StreamId[] = [];
  const dropped: StreamId[] = [];
  let rank = groups.pendingRank(group, start);
  let more = cursor.seek(tree, rank);
  let attempts = countMax * attemptsPerEntry;
  while (more && attempts-- > 0 && claimed.length + dropped.length < countMax) {
    const pending = cursor.record;
    const found = groups.loadPendingId(pending, new StreamId());
    if (!streams.has(record, found)) {
      propagateClaim(context, claim, pending);
      groups.removePending(group, pending);
      dropped.push(found);
      more = cursor.seek(tree, rank);
      continue;
    }
    rank++;
    more = cursor.next();
    if (idleMinMs !== 0 && nowMs - groups.deliveredMs(pending) < idleMinMs) continue;
    groups.assign(pending, consumer);
    groups.setDeliveredMs(pending, nowMs);
    if (!justIds) groups.countDelivery(pending);
    groups.setActiveMs(consumer, nowMs);
    propagateClaim(context, claim, pending);
    claimed.push(found);
  }
  const next = new StreamId();
  if (more) groups.loadPendingId(cursor.record, next);
  return { claimed, dropped, next };
}

export const streamClaimHandlers: Handlers = { xautoclaim, xclaim };
