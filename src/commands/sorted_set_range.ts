/**
 * Ranges of sorted sets, by rank, by score and by bytes: answered, counted, stored or removed. All of
 * them are ranges of ranks once their bounds have been looked up.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { NotifyClass } from "../keyspace/events.ts";
import type { Arguments } from "../resp/arguments.ts";
import { parseBound } from "../resp/doubles.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { ValueType } from "../values/record.ts";
import type { SortedSets } from "../values/sorted_sets.ts";
import { readValue, writeValue } from "./lookup.ts";
import { removeIfEmpty, replyMembers, sortedSetsOf, storeResult } from "./sorted_set_reply.ts";

const parenthesis = 0x28;
const bracket = 0x5b;
const plus = 0x2b;
const minus = 0x2d;

/** What the bounds of a range are. */
enum By {
  Rank,
  Score,
  Bytes,
}

/** The ranks of one range: `from` is the first, `to` behind the last. Made once, filled for each call. */
const range = { from: 0, to: 0 };

/** One bound of a range of scores: the score, and whether it is left out itself. */
const scoreBound = { score: 0, isExclusive: false };

function readScoreBound({ buffer, starts, ends }: Arguments, i: number): void {
  const isExclusive = ends[i] > starts[i] && buffer[starts[i]] === parenthesis;
  const score = parseBound(buffer, starts[i] + (isExclusive ? 1 : 0), ends[i]);
  if (Number.isNaN(score)) throw new CommandError(errors.scoreRange);
  scoreBound.score = score;
  scoreBound.isExclusive = isExclusive;
}

function checkBytesBound({ buffer, starts, ends }: Arguments, i: number): void {
  const first = ends[i] > starts[i] ? buffer[starts[i]] : 0;
  const isInfinite = first === plus || first === minus;
  // C sees the end of the argument in a NUL
  const isAlone = ends[i] - starts[i] === 1 || buffer[starts[i] + 1] === 0;
  const isValid = isInfinite ? isAlone : first === parenthesis || first === bracket;
  if (!isValid) throw new CommandError(errors.lexRange);
}

/** Says what is wrong with the bounds, before any key is looked at. */
function checkBounds(args: Arguments, by: By, min: number, max: number): void {
  if (by === By.Rank) {
    args.int64(min);
    args.int64(max);
  } else if (by === By.Score) {
    readScoreBound(args, min);
    readScoreBound(args, max);
  } else {
    checkBytesBound(args, min);
    checkBytesBound(args, max);
  }
}

/** The rank at which a range of bytes begins or ends. */
function rankOfBytesBound(
  sets: SortedSets,
  record: number,
  { buffer, starts, ends }: Arguments,
  i: number,
  isMax: boolean,
): number {
  const first = buffer[starts[i]];
  if (first === minus) return 0;
  if (first === plus) return sets.count(record);
  const inclusive = (first === parenthesis) !== isMax;
  return sets.rankOfBytes(record, buffer, starts[i] + 1, ends[i], inclusive);
}

/** Fills `range` with the ranks between the bounds, which are valid; it is empty where they cross. */
function locateRange(
  context: CommandContext,
  record: number,
  by: By,
  min: number,
  max: number,
): void {
  const { args } = context;
  const sets = sortedSetsOf(context);
  if (by === By.Score) {
    readScoreBound(args, min);
    range.from = sets.rankOfScore(record, scoreBound.score, scoreBound.isExclusive);
    readScoreBound(args, max);
    range.to = sets.rankOfScore(record, scoreBound.score, !scoreBound.isExclusive);
  } else {
    range.from = rankOfBytesBound(sets, record, args, min, false);
    range.to = rankOfBytesBound(sets, record, args, max, true);
  }
  range.to = Math.max(range.from, range.to);
}

/** Fills `range` with the ranks from argument `first` to argument `last`, negative ones from the end. */
function locateRanks(count: number, first: number, last: number): void {
  const from = Math.max(0, first < 0 ? first + count : first);
  const to = Math.min(count, (last < 0 ? last + count : last) + 1);
  range.from = Math.min(from, count);
  range.to = Math.max(range.from, to);
}

interface RangeOptions {
  by: By;
  isReverse: boolean;
  withScores: boolean;
  offset: number;
  /** How many there may be; all if negative. */
  limit: number;
}

/** Which options a command has, besides LIMIT. */
interface RangeForm {
  /** Null where the command takes BYSCORE and BYLEX. */
  readonly by: By | null;
  /** Null where the command takes REV. */
  readonly isReverse: boolean | null;
  readonly isStored: boolean;
}

function parseRangeOptions(args: Arguments, from: number, form: RangeForm): RangeOptions {
  let { by, isReverse } = form;
  let withScores = false;
  let offset = 0;
  let limit = -1;
  for (let i = from; i < args.count; i++) {
    if (!form.isStored && args.is(i, "WITHSCORES")) withScores = true;
    else if (args.is(i, "LIMIT") && i + 2 < args.count) {
      offset = Number(args.int64(++i));
      limit = Number(args.int64(++i));
    } else if (isReverse === null && args.is(i, "REV")) isReverse = true;
    else if (by === null && args.is(i, "BYLEX")) by = By.Bytes;
    else if (by === null && args.is(i, "BYSCORE")) by = By.Score;
    else throw new CommandError(errors.syntax);
  }
  by ??= By.Rank;
  if (limit !== -1 && by === By.Rank) throw new CommandError(errors.limitByRank);
  if (withScores && by === By.Bytes) throw new CommandError(errors.scoresByLex);
  return { by, isReverse: isReverse ?? false, withScores, offset, limit };
}

/** Takes what OFFSET and LIMIT leave of `range`, whose first member is the last one if reversed. */
function limitRange({ isReverse, offset, limit }: RangeOptions, isListpack: boolean): void {
  const length = range.to - range.from;
  // Redis counts a negative offset from the end of the range, but only in a skiplist
  const isBefore = offset < 0 && (isListpack || -offset > length);
  const skipped = isBefore ? length : offset < 0 ? length + offset : Math.min(offset, length);
  const left = length - skipped;
  const taken = limit < 0 ? left : Math.min(limit, left);
  if (isReverse) {
    range.to -= skipped;
    range.from = range.to - taken;
  } else {
    range.from += skipped;
    range.to = range.from + taken;
  }
}

/**
 * Looks up the range of the sorted set that is argument `source`, bounds behind it, in `range`. Returns
 * the record, 0 if there is none.
 */
function findRange(context: CommandContext, source: number, options: RangeOptions): number {
  const { args } = context;
  const { by, isReverse } = options;
  const isSwapped = isReverse && by !== By.Rank;
  const min = source + (isSwapped ? 2 : 1);
  const max = source + (isSwapped ? 1 : 2);
  checkBounds(args, by, min, max);
  const record = readValue(context, source, ValueType.SORTED_SET);
  if (record === 0) return 0;
  if (by === By.Rank) {
    const count = sortedSetsOf(context).count(record);
    locateRanks(count, Number(args.int64(min)), Number(args.int64(max)));
    if (isReverse) {
      const { from, to } = range;
      range.from = count - to;
      range.to = count - from;
    }
  } else {
    locateRange(context, record, by, min, max);
    limitRange(options, sortedSetsOf(context).isListpack(record));
  }
  return record;
}

function replyRange(context: CommandContext, form: RangeForm): void {
  const options = parseRangeOptions(context.args, 4, form);
  const record = findRange(context, 1, options);
  if (record === 0) return context.reply.array(0);
  const { isReverse, withScores } = options;
  const first = isReverse ? range.to - 1 : range.from;
  replyMembers(context, record, first, range.to - range.from, isReverse, withScores);
}

const forms = {
  zrange: { by: null, isReverse: null, isStored: false },
  zrangestore: { by: null, isReverse: null, isStored: true },
  zrevrange: { by: By.Rank, isReverse: true, isStored: false },
  zrangebyscore: { by: By.Score, isReverse: false, isStored: false },
  zrevrangebyscore: { by: By.Score, isReverse: true, isStored: false },
  zrangebylex: { by: By.Bytes, isReverse: false, isStored: false },
  zrevrangebylex: { by: By.Bytes, isReverse: true, isStored: false },
} as const;

function zrangestore(context: CommandContext): void {
  const sets = sortedSetsOf(context);
  const options = parseRangeOptions(context.args, 5, forms.zrangestore);
  const record = findRange(context, 2, options);
  const result = sets.detached.make((result) => {
    if (record === 0) return;
    let left = range.to - range.from;
    // as Redis, which knows only of a range of ranks how long it is
    if (options.by === By.Rank) sets.prepare(result, left, 0);
    const { cursor } = sets;
    const { member } = cursor;
    for (let more = left > 0 && cursor.seek(record, range.from); more && left > 0; left--) {
      sets.update(result, cursor.score, member.buffer, member.start, member.end, 0);
      if (left > 1) more = cursor.next();
    }
  });
  storeResult(context, 1, result, "zrangestore");
}

/** ZCOUNT and ZLEXCOUNT. */
function countRange(context: CommandContext, by: By): void {
  checkBounds(context.args, by, 2, 3);
  const record = readValue(context, 1, ValueType.SORTED_SET);
  if (record === 0) return context.reply.integer(0);
  locateRange(context, record, by, 2, 3);
  context.reply.integer(range.to - range.from);
}

/** ZREMRANGEBYRANK and its siblings. */
function removeRange(context: CommandContext, by: By, event: string): void {
  const { args, reply } = context;
  const sets = sortedSetsOf(context);
  checkBounds(args, by, 2, 3);
  const record = writeValue(context, 1, ValueType.SORTED_SET);
  if (record === 0) return reply.integer(0);
  if (by !== By.Rank) locateRange(context, record, by, 2, 3);
  else locateRanks(sets.count(record), Number(args.int64(2)), Number(args.int64(3)));
  const removed = range.to - range.from;
  if (removed > 0) {
    sets.removeRange(record, range.from, removed);
    context.notify(NotifyClass.SORTED_SET, event, 1);
    removeIfEmpty(context, record, 1);
    context.changed(1, removed);
  }
  reply.integer(removed);
}

export const sortedSetRangeHandlers: Handlers = {
  zcount: (context) => countRange(context, By.Score),
  zlexcount: (context) => countRange(context, By.Bytes),
  zrange: (context) => replyRange(context, forms.zrange),
  zrangebylex: (context) => replyRange(context, forms.zrangebylex),
  zrangebyscore: (context) => replyRange(context, forms.zrangebyscore),
  zrangestore,
  zremrangebylex: (context) => removeRange(context, By.Bytes, "zremrangebylex"),
  zremrangebyrank: (context) => removeRange(context, By.Rank, "zremrangebyrank"),
  zremrangebyscore: (context) => removeRange(context, By.Score, "zremrangebyscore"),
  zrevrange: (context) => replyRange(context, forms.zrevrange),
  zrevrangebylex: (context) => replyRange(context, forms.zrevrangebylex),
  zrevrangebyscore: (context) => replyRange(context, forms.zrevrangebyscore),
};
