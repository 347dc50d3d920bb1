/** What the commands on streams share: IDs, ranges of them and trimming as arguments; entries as replies. */
import type { CommandWriter } from "../persistence/command_writer.ts";
import type { CommandContext } from "../command/context.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors } from "../resp/errors.ts";
import type { ReplyWriter } from "../resp/reply_writer.ts";
import type { Slice } from "../values/slice.ts";
import type { StreamCursor } from "../values/stream_cursor.ts";
import {
  ParsedId,
  parseStreamId,
  StreamId,
  type StreamIdSyntax,
  streamIdTextBytesMax,
} from "../values/stream_id.ts";
import type { Streams, TrimGoal } from "../values/streams.ts";

const openInterval = 0x28;

/** What a `~` alone trims no more than: so many full nodes, within these bounds. */
const approximateNodes = 100;
const approximateEntriesMax = 1_000_000;
const approximateEntriesDefault = 10_000;

const firstId = new StreamId();
const idText = new Uint8Array(streamIdTextBytesMax);

export function streamsOf({ database }: CommandContext): Streams {
  return database.keyspace.values.streams;
}

/** Sets `id` to argument `i`. */
export function parseId(
  { buffer, starts, ends }: Arguments,
  i: number,
  id: StreamId,
  syntax?: StreamIdSyntax,
): StreamId {
  const parsed = parseStreamId(id, buffer, starts[i], ends[i], syntax);
  if (parsed === ParsedId.Invalid) throw new CommandError(errors.streamId);
  return id;
}

const startSyntax: StreamIdSyntax = {};
const startWithEdges: StreamIdSyntax = { edges: true };
const endSyntax: StreamIdSyntax = { lastOfMs: true };
const endWithEdges: StreamIdSyntax = { lastOfMs: true, edges: true };

/** Sets `id` to the first one of the range that begins at argument `i`, which `(` leaves out. */
export function parseRangeStart(args: Arguments, i: number, id: StreamId): StreamId {
  if (!isOpen(args, i)) return parseId(args, i, id, startWithEdges);
  parseBehindParenthesis(args, i, id, startSyntax);
  if (!id.increment()) throw new CommandError(errors.streamIntervalStart);
  return id;
}

/** Sets `id` to the last one of the range that ends at argument `i`, which `(` leaves out. */
export function parseRangeEnd(args: Arguments, i: number, id: StreamId): StreamId {
  if (!isOpen(args, i)) return parseId(args, i, id, endWithEdges);
  parseBehindParenthesis(args, i, id, endSyntax);
  if (!id.decrement()) throw new CommandError(errors.streamIntervalEnd);
  return id;
}

function isOpen({ buffer, starts, ends }: Arguments, i: number): boolean {
  return ends[i] - starts[i] > 1 && buffer[starts[i]] === openInterval;
}

function parseBehindParenthesis(
  { buffer, starts, ends }: Arguments,
  i: number,
  id: StreamId,
  syntax: StreamIdSyntax,
): void {
  const parsed = parseStreamId(id, buffer, starts[i] + 1, ends[i], syntax);
  if (parsed === ParsedId.Invalid) throw new CommandError(errors.streamId);
}

/** The options of XADD and XTRIM. */
export interface AppendOptions {
  /** What is to be trimmed, if anything, and the argument that has the number or the ID for it. */
  readonly goal: TrimGoal | null;
  readonly goalAt: number;
  readonly mayCreate: boolean;
  /** Where the ID is among XADD's arguments, and what is given of it. */
  readonly idAt: number;
  readonly givenId: ParsedId;
}

/**
 * Reads what may stand between the key and XADD's ID, which is for `readId` to read; of XTRIM, for which
 * that is null, all that follows the key.
 */
export function parseAppendOptions(
  context: CommandContext,
  readId: ((args: Arguments, i: number) => ParsedId) | null,
): AppendOptions {
  const { args } = context;
  let strategy: Pick<TrimGoal, "length" | "before" | "isApproximate"> | null = null;
  let goalAt = 0;
  let mayCreate = true;
  let limit = 0;
  let hasLimit = false;
  let i = 2;
  for (; i < args.count; i++) {
    const hasNext = i + 1 < args.count;
    if (hasNext && (args.is(i, "MAXLEN") || args.is(i, "MINID"))) {
      if (strategy !== null) throw new CommandError(errors.trimStrategies);
      const byLength = args.is(i, "MAXLEN");
      const isApproximate = i + 2 < args.count && args.is(i + 1, "~");
      if (isApproximate || (i + 2 < args.count && args.is(i + 1, "="))) i++;
      const length = byLength ? args.quantity(++i) : 0;
      if (length < 0) throw new CommandError(errors.trimMaxlenNegative);
      const before = byLength ? null : parseId(args, ++i, new StreamId());
      strategy = { length, before, isApproximate };
      goalAt = i;
    } else if (hasNext && args.is(i, "LIMIT")) {
      limit = args.quantity(++i);
      if (limit < 0) throw new CommandError(errors.trimLimitNegative);
      hasLimit = true;
    } else if (readId === null) throw new CommandError(errors.syntax);
    else if (args.is(i, "NOMKSTREAM")) mayCreate = false;
    else break;
  }
  const givenId = readId === null || i === args.count ? ParsedId.Invalid : readId(args, i);
  if (limit > 0 && strategy === null) throw new CommandError(errors.trimLimitAlone);
  if (strategy === null && readId === null) throw new CommandError(errors.trimStrategyMissing);
  // a log has the exact number in place of what was approximate, and the limit still with it
  if (context.isReplay) limit = 0;
  else if (hasLimit && !strategy?.isApproximate) throw new CommandError(errors.trimLimitExact);
  if (strategy === null) return { goal: null, goalAt, mayCreate, idAt: i, givenId };
  const entriesMax = hasLimit || !strategy.isApproximate ? limit : approximateLimit(context);
  return { goal: { ...strategy, entriesMax }, goalAt, mayCreate, idAt: i, givenId };
}

function approximateLimit({ server: { config } }: CommandContext): number {
  const entries = approximateNodes * config.values.streamNodeMaxEntries;
  return entries === 0 ? approximateEntriesDefault : Math.min(entries, approximateEntriesMax);
}

/**
 * Writes the arguments of XADD or XTRIM in front of `end`, to be propagated: with what is left of the
 * stream where how much to trim was the server's choice.
 */
export function writeTrimming(
  command: CommandWriter,
  { args, database }: CommandContext,
  record: number,
  { goal, goalAt }: AppendOptions,
  end: number,
): void {
  const { streams } = database.keyspace.values;
  for (let i = 0; i < end; i++) {
    if (!goal?.isApproximate || i < goalAt - 1 || i > goalAt) command.argument(args, i);
    else if (i < goalAt) command.word("=");
    else if (goal.before === null) command.integer(streams.count(record));
    else command.streamId(streams.loadFirstKeptId(record, firstId));
  }
}

/** Answers with an ID. */
export function replyId(reply: ReplyWriter, id: StreamId): void {
  reply.bulk(idText, 0, id.write(idText));
}

export function replySlice(reply: ReplyWriter, { buffer, start, end }: Slice): void {
  reply.bulk(buffer, start, end);
}

/** Answers with the entry at a cursor: its ID, and its fields and values. */
export function replyEntry(reply: ReplyWriter, cursor: StreamCursor): void {
  reply.array(2);
  replyId(reply, cursor.id);
  reply.array(cursor.fieldCount * 2);
  while (cursor.nextField()) {
    replySlice(reply, cursor.field);
    replySlice(reply, cursor.value);
  }
}

/** Answers with the entries from `start` to `end`, or the other way round, at most so many. */
export function replyRange(
  reply: ReplyWriter,
  streams: Streams,
  record: number,
  start: StreamId,
  end: StreamId,
  countMax = Infinity,
  isReverse = false,
): void {
  const { cursor } = streams;
  let left = streams.countRange(record, start, end, countMax);
  reply.array(left);
  let more = cursor.seek(record, start, end, isReverse);
  for (; more && left > 0; left--, more = cursor.next()) replyEntry(reply, cursor);
}
