/** What the commands on sorted sets share: how they answer, and how a result becomes a key's value. */
import type { CommandContext } from "../command/context.ts";
import { NotifyClass } from "../keyspace/events.ts";
import type { ReplyWriter } from "../resp/reply_writer.ts";
import { ValueType } from "../values/record.ts";
import type { SortedSetCursor } from "../values/sorted_set_cursor.ts";
import type { SortedSets } from "../values/sorted_sets.ts";
import { removeForNothing } from "./lookup.ts";

export function sortedSetsOf({ database }: CommandContext): SortedSets {
  return database.keyspace.values.sortedSets;
}

/** Answers with the member at the cursor; with its score, they are a pair of their own in RESP3. */
export function replyMember(
  reply: ReplyWriter,
  cursor: SortedSetCursor,
  withScore: boolean,
): void {
  if (withScore && reply.protocol === 3) reply.array(2);
  reply.bulk(cursor.member.buffer, cursor.member.start, cursor.member.end);
  if (withScore) reply.double(cursor.score);
}

/** Answers with `length` members from a rank on, towards the end or the beginning. */
export function replyMembers(
  context: CommandContext,
  record: number,
  rank: number,
  length: number,
  isReverse: boolean,
  withScores: boolean,
): void {
  const { reply } = context;
  const arePairs = withScores && reply.protocol === 3;
  reply.array(withScores && !arePairs ? length * 2 : length);
  sortedSetsOf(context).forEach(record, rank, length, isReverse, (buffer, start, end, score) => {
    if (arePairs) reply.array(2);
    reply.bulk(buffer, start, end);
    if (withScores) reply.double(score);
  });
}

/** Removes the key of argument `i` if its sorted set has become empty. */
export function removeIfEmpty(context: CommandContext, record: number, i: number): void {
  if (sortedSetsOf(context).count(record) > 0) return;
  context.database.remove(record);
  context.notify(NotifyClass.GENERIC, "del", i);
}

/**
 * Makes a detached sorted set the value of argument `i`, which counts as so many changes, or removes that
 * key if the set is empty.
 */
export function storeResult(
  context: CommandContext,
  i: number,
  result: number,
  event: string,
  changes = 1,
): void {
  const { args: { buffer, starts, ends }, database, reply } = context;
  const sets = sortedSetsOf(context);
  const size = sets.count(result);
  if (size > 0) {
    const taken = database.lookupWrite(buffer, starts[i], ends[i]);
    sets.detached.store(
      result,
      () => database.create(taken, buffer, starts[i], ends[i], ValueType.SORTED_SET),
    );
    context.changed(i, changes);
    context.notify(NotifyClass.SORTED_SET, event, i);
  } else {
    sets.detached.discard(result);
    removeForNothing(context, i);
  }
  reply.integer(size);
}
