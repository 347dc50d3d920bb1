/**
 * The commands on members of one sorted set, and those that pop. Ranges are in `sorted_set_range.ts`, what
 * makes a sorted set of several in `sorted_set_algebra.ts`.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { NotifyClass } from "../keyspace/events.ts";
import { randomBelow } from "../random.ts";
import type { Dict } from "../memory/dict.ts";
import type { Arguments } from "../resp/arguments.ts";
import { formatDouble, formatPrecise } from "../resp/doubles.ts";
import { CommandError, errors, wrongArity } from "../resp/errors.ts";
import { int64Max, int64Min } from "../resp/numbers.ts";
import type { ReplyWriter } from "../resp/reply_writer.ts";
import { ValueType } from "../values/record.ts";
import { Slice } from "../values/slice.ts";
import { type SortedSets, UpdateFlag } from "../values/sorted_sets.ts";
import { blockTimeoutMs } from "./block_timeout.ts";
import { readValue, writeValue } from "./lookup.ts";
import { bucketsPerElementMax, parseCursor, parseScanOptions, ScanOf } from "./scan_options.ts";
import { sortedSetAlgebraHandlers } from "./sorted_set_algebra.ts";
import { sortedSetRangeHandlers } from "./sorted_set_range.ts";
import { removeIfEmpty, replyMember, replyMembers, sortedSetsOf } from "./sorted_set_reply.ts";
import { type MemberUpdate, scoresFor, updateMembers } from "./sorted_set_update.ts";

/** What a call of ZADD or ZINCRBY is to do, filled anew by each. */
const update: MemberUpdate = { flags: 0, countsChanges: false, firstMember: 0, argumentsEach: 2 };

/** Reads the options before the first score; those of ZINCRBY leave it without a member. */
function parseUpdate(args: Arguments, flags: number): void {
  let i = 2;
  let countsChanges = false;
  for (; i < args.count; i++) {
    if (args.is(i, "NX")) flags |= UpdateFlag.NX;
    else if (args.is(i, "XX")) flags |= UpdateFlag.XX;
    else if (args.is(i, "CH")) countsChanges = true;
    else if (args.is(i, "INCR")) flags |= UpdateFlag.INCR;
    else if (args.is(i, "GT")) flags |= UpdateFlag.GT;
    else if (args.is(i, "LT")) flags |= UpdateFlag.LT;
    else break;
  }
  const rest = args.count - i;
  if (rest === 0 || rest % 2 !== 0) throw new CommandError(errors.syntax);
  const nx = (flags & UpdateFlag.NX) !== 0;
  const gt = (flags & UpdateFlag.GT) !== 0;
  const lt = (flags & UpdateFlag.LT) !== 0;
  if (nx && (flags & UpdateFlag.XX) !== 0) throw new CommandError(errors.updateConditions);
  if ((gt && nx) || (lt && nx) || (gt && lt)) throw new CommandError(errors.updateComparisons);
  if ((flags & UpdateFlag.INCR) !== 0 && rest > 2) throw new CommandError(errors.singleIncrement);
  update.flags = flags;
  update.countsChanges = countsChanges;
  update.firstMember = i + 1;
}

/** Reads all scores before anything is changed. */
function readScores(args: Arguments, { firstMember }: MemberUpdate): void {
  const pairs = (args.count - firstMember + 1) >> 1;
  const scores = scoresFor(pairs);
  for (let pair = 0; pair < pairs; pair++) scores[pair] = args.double(firstMember - 1 + pair * 2);
}

function zadd(context: CommandContext): void {
  parseUpdate(context.args, 0);
  readScores(context.args, update);
  updateMembers(context, update);
}

function zincrby(context: CommandContext): void {
  parseUpdate(context.args, UpdateFlag.INCR);
  readScores(context.args, update);
  updateMembers(context, update);
}

function zrem(context: CommandContext): void {
  const { args, reply } = context;
  const { buffer, starts, ends } = args;
  const sets = sortedSetsOf(context);
  const record = writeValue(context, 1, ValueType.SORTED_SET);
  if (record === 0) return reply.integer(0);
  let removed = 0;
  for (let i = 2; i < args.count && sets.count(record) > 0; i++) {
    if (sets.remove(record, buffer, starts[i], ends[i])) removed++;
  }
  if (removed > 0) {
    context.notify(NotifyClass.SORTED_SET, "zrem", 1);
    removeIfEmpty(context, record, 1);
    context.changed(1, removed);
  }
  reply.integer(removed);
}

function zcard(context: CommandContext): void {
  const record = readValue(context, 1, ValueType.SORTED_SET);
  context.reply.integer(record === 0 ? 0 : sortedSetsOf(context).count(record));
}

/** Answers with the score of the member that argument `i` is. */
function replyScore(context: CommandContext, record: number, i: number): void {
  const { args: { buffer, starts, ends }, reply } = context;
  const sets = sortedSetsOf(context);
  if (record === 0 || !sets.find(record, buffer, starts[i], ends[i])) reply.null();
  else reply.double(sets.score);
}

function zscore(context: CommandContext): void {
  replyScore(context, readValue(context, 1, ValueType.SORTED_SET), 2);
}

function zmscore(context: CommandContext): void {
  const { args, reply } = context;
  const record = readValue(context, 1, ValueType.SORTED_SET);
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) replyScore(context, record, i);
}

/** ZRANK and ZREVRANK. */
function replyRank(context: CommandContext, command: string, isReverse: boolean): void {
  const { args, reply } = context;
  const { buffer, starts, ends, count } = args;
  if (count > 4) throw new CommandError(wrongArity(command));
  const withScore = count === 4;
  if (withScore && !args.is(3, "WITHSCORE")) throw new CommandError(errors.syntax);
  const sets = sortedSetsOf(context);
  const record = readValue(context, 1, ValueType.SORTED_SET);
  const rank = record === 0 ? -1 : sets.rank(record, buffer, starts[2], ends[2]);
  if (rank < 0) return withScore ? reply.nullArray() : reply.null();
  if (withScore) reply.array(2);
  reply.integer(isReverse ? sets.count(record) - 1 - rank : rank);
  if (withScore) reply.double(sets.score);
}

function zrank(context: CommandContext): void {
  replyRank(context, "zrank", false);
}

function zrevrank(context: CommandContext): void {
  replyRank(context, "zrevrank", true);
}

/** Pops members, as many as are asked for and there are, and answers with them; `i` is the key. Says how many. */
function popMembers(
  context: CommandContext,
  record: number,
  i: number,
  fromEnd: boolean,
  length: number,
  asPairs: boolean,
): number {
  const { reply } = context;
  const sets = sortedSetsOf(context);
  const { cursor } = sets;
  const count = sets.count(record);
  const popped = Math.min(length, count);
  let more = cursor.seek(record, fromEnd ? count - 1 : 0);
  for (let left = popped; left > 0 && more; left--) {
    if (asPairs) reply.array(2);
    reply.bulk(cursor.member.buffer, cursor.member.start, cursor.member.end);
    reply.double(cursor.score);
    if (left > 1) more = fromEnd ? cursor.previous() : cursor.next();
  }
  sets.removeRange(record, fromEnd ? count - popped : 0, popped);
  context.notify(NotifyClass.SORTED_SET, fromEnd ? "zpopmax" : "zpopmin", i);
  removeIfEmpty(context, record, i);
  context.changed(i, popped);
  return popped;
}

/** The command that pops from one end. */
function popName(fromEnd: boolean): string {
  return fromEnd ? "ZPOPMAX" : "ZPOPMIN";
}

/** ZPOPMIN and ZPOPMAX. */
function pop(context: CommandContext, fromEnd: boolean): void {
  const { args, reply } = context;
  if (args.count > 3) throw new CommandError(errors.syntax);
  const hasCount = args.count === 3;
  const length = hasCount ? args.quantity(2, 0, errors.mustBePositive) : 1;
  const record = writeValue(context, 1, ValueType.SORTED_SET);
  if (record === 0 || length === 0) return reply.array(0);
  const popped = Math.min(length, sortedSetsOf(context).count(record));
  const asPairs = hasCount && reply.protocol === 3;
  reply.array(asPairs ? popped : popped * 2);
  popMembers(context, record, 1, fromEnd, popped, asPairs);
}

function zpopmin(context: CommandContext): void {
  pop(context, false);
}

function zpopmax(context: CommandContext): void {
  pop(context, true);
}

function replyKey({ args, reply }: CommandContext, i: number): void {
  reply.bulk(args.buffer, args.starts[i], args.ends[i]);
}

function replyNullArray(reply: ReplyWriter): void {
  reply.nullArray();
}

/** BZPOPMIN and BZPOPMAX. */
function blockingPop(context: CommandContext, fromEnd: boolean): void {
  const { args, reply } = context;
  const keyCount = args.count - 2;
  const timeoutMs = blockTimeoutMs(context, args.count - 1);
  for (let i = 1; i <= keyCount; i++) {
    const record = writeValue(context, i, ValueType.SORTED_SET);
    if (record === 0) continue;
    reply.array(3);
    replyKey(context, i);
    popMembers(context, record, i, fromEnd, 1, false);
    context.propagate(2)?.word(popName(fromEnd)).argument(args, i);
    return;
  }
  const type = ValueType.SORTED_SET;
  context.block({ firstKey: 1, keyCount, type, timeoutMs, replyNothing: replyNullArray });
}

function bzpopmin(context: CommandContext): void {
  blockingPop(context, false);
}

function bzpopmax(context: CommandContext): void {
  blockingPop(context, true);
}

/** What ZMPOP and BZMPOP say from the number of keys on. */
interface MultiplePop {
  readonly firstKey: number;
  readonly keyCount: number;
  readonly fromEnd: boolean;
  readonly length: number;
}

function parseMultiplePop(args: Arguments, countAt: number): MultiplePop {
  const keyCount = args.quantity(countAt, 1, errors.keyCountNotPositive);
  const where = countAt + keyCount + 1;
  if (where >= args.count) throw new CommandError(errors.syntax);
  const fromEnd = args.is(where, "MAX");
  if (!fromEnd && !args.is(where, "MIN")) throw new CommandError(errors.syntax);
  let length = 0;
  for (let i = where + 1; i < args.count; i += 2) {
    const isCount = length === 0 && args.is(i, "COUNT") && i + 1 < args.count;
    if (!isCount) throw new CommandError(errors.syntax);
    length = args.quantity(i + 1, 1, errors.countNotPositive);
  }
  return { firstKey: countAt + 1, keyCount, fromEnd, length: length === 0 ? 1 : length };
}

/** Pops from the first key that there is; whether there is one. */
function popFromFirst(context: CommandContext, request: MultiplePop): boolean {
  const { reply } = context;
  const { firstKey, keyCount, fromEnd, length } = request;
  for (let i = firstKey; i < firstKey + keyCount; i++) {
    const record = writeValue(context, i, ValueType.SORTED_SET);
    if (record === 0) continue;
    reply.array(2);
    replyKey(context, i);
    reply.array(Math.min(length, sortedSetsOf(context).count(record)));
    const popped = popMembers(context, record, i, fromEnd, length, true);
    context.propagate(3)?.word(popName(fromEnd)).argument(context.args, i).integer(popped);
    return true;
  }
  return false;
}

function zmpop(context: CommandContext): void {
  if (!popFromFirst(context, parseMultiplePop(context.args, 1))) context.reply.nullArray();
}

function bzmpop(context: CommandContext): void {
  const request = parseMultiplePop(context.args, 2);
  const timeoutMs = blockTimeoutMs(context, 1);
  if (popFromFirst(context, request)) return;
  const { firstKey, keyCount } = request;
  const type = ValueType.SORTED_SET;
  context.block({ firstKey, keyCount, type, timeoutMs, replyNothing: replyNullArray });
}

function zrandmember(context: CommandContext): void {
  const { args, reply } = context;
  const sets = sortedSetsOf(context);
  const { cursor } = sets;
  if (args.count === 2) {
    const record = readValue(context, 1, ValueType.SORTED_SET);
    if (record === 0) return reply.null();
    sets.chooseMember(record);
    return replyMember(reply, cursor, false);
  }
  const asked = args.int64(2);
  if (asked === int64Min) throw new CommandError(errors.int64OutOfRange);
  const withScores = args.count === 4;
  if (args.count > 4 || (withScores && !args.is(3, "WITHSCORES"))) {
    throw new CommandError(errors.syntax);
  }
  const isOutOfRange = withScores && (asked < -(int64Max / 2n) || asked > int64Max / 2n);
  if (isOutOfRange) throw new CommandError(errors.outOfRange);
  const record = readValue(context, 1, ValueType.SORTED_SET);
  if (record === 0 || asked === 0) return reply.array(0);
  const count = sets.count(record);
  if (asked >= count) {
    // all of them, from the end, as in Redis
    return replyMembers(context, record, count - 1, count, true, withScores);
  }
  if (asked < 0) replyRepeated(context, record, -Number(asked), withScores);
  else replyDistinct(context, record, Number(asked), withScores);
}

function replyLength(reply: ReplyWriter, length: number, withScores: boolean): void {
  reply.array(withScores && reply.protocol === 2 ? length * 2 : length);
}

/** Members by chance, each of all of them every time. */
function replyRepeated(
  context: CommandContext,
  record: number,
  length: number,
  withScores: boolean,
): void {
  const { client, reply } = context;
  const sets = sortedSetsOf(context);
  replyLength(reply, length, withScores);
  for (let i = 0; i < length && !client.closing; i++) {
    sets.chooseMember(record);
    replyMember(reply, sets.cursor, withScores);
  }
}

/** Different members by chance, but not all of them, in their order: each is chosen with what is left of the odds. */
function replyDistinct(
  context: CommandContext,
  record: number,
  length: number,
  withScores: boolean,
): void {
  const { reply, server: { random } } = context;
  const sets = sortedSetsOf(context);
  const { cursor } = sets;
  const count = sets.count(record);
  let wanted = length;
  replyLength(reply, wanted, withScores);
  if (wanted * fewOf < count) return replyFew(context, record, wanted, withScores);
  let more = cursor.seek(record, 0);
  for (let left = count; wanted > 0 && more; left--, more = cursor.next()) {
    if (randomBelow(random, left) >= wanted) continue;
    replyMember(reply, cursor, withScores);
    wanted--;
  }
}

/** Where fewer than one of so many members are wanted, drawing again is quicker than walking. */
const fewOf = 3;

function replyFew(
  context: CommandContext,
  record: number,
  length: number,
  withScores: boolean,
): void {
  const { reply, server: { random } } = context;
  const sets = sortedSetsOf(context);
  const ranks = new Set<number>();
  const count = sets.count(record);
  while (ranks.size < length) {
    const rank = randomBelow(random, count);
    if (ranks.has(rank)) continue;
    ranks.add(rank);
    sets.cursor.seek(record, rank);
    replyMember(reply, sets.cursor, withScores);
  }
}

/** The member that ZSCAN looks at, and those that it answers with. */
const scanned = new Slice();

function zscan(context: CommandContext): void {
  const { args, reply } = context;
  let cursor = parseCursor(args, 2);
  const record = readValue(context, 1, ValueType.SORTED_SET);
  if (record === 0) {
    reply.array(2);
    reply.bulkString("0");
    return reply.array(0);
  }
  const { count, pattern } = parseScanOptions(args, 3, ScanOf.Members);
  const sets = sortedSetsOf(context);
  const found: { member: Uint8Array; score: number }[] = [];
  const note = ({ buffer, start, end }: Slice, score: number) => {
    if (pattern !== null && !pattern.matches(buffer, start, end)) return;
    found.push({ member: buffer.slice(start, end), score });
  };
  const dict = sets.dictOf(record);
  if (dict !== null) cursor = scanDict(sets, dict, cursor, count, note);
  else {
    // a small one is answered as a whole
    const walk = sets.cursor;
    for (let more = walk.seek(record, 0); more; more = walk.next()) note(walk.member, walk.score);
    cursor = 0;
  }
  reply.array(2);
  reply.bulkString(String(cursor));
  reply.array(found.length * 2);
  for (const { member, score } of found) {
    reply.bulk(member, 0, member.length);
    // not a double, even in RESP3
    reply.bulkString(dict === null ? formatDouble(score) : formatPrecise(score));
  }
}

/** Looks at members of a large one from a cursor on, and returns the next. */
function scanDict(
  sets: SortedSets,
  dict: Dict,
  cursor: number,
  count: number,
  note: (member: Slice, score: number) => void,
): number {
  let looked = 0;
  const visit = (member: number) => {
    looked++;
    sets.locateMember(member, scanned);
    note(scanned, sets.scoreOf(member));
  };
  let bucketsLeft = count * bucketsPerElementMax;
  do {
    cursor = dict.scan(cursor, visit);
  } while (cursor !== 0 && bucketsLeft-- > 0 && looked < count);
  return cursor;
}

export const sortedSetHandlers: Handlers = {
  bzmpop,
  bzpopmax,
  bzpopmin,
  zadd,
  zcard,
  zincrby,
  zmpop,
  zmscore,
  zpopmax,
  zpopmin,
  zrandmember,
  zrank,
  zrem,
  zrevrank,
  zscan,
  zscore,
  ...sortedSetAlgebraHandlers,
  ...sortedSetRangeHandlers,
};
