/** How ZADD, ZINCRBY and GEOADD give members scores, once they know which. */
import type { CommandContext } from "../command/context.ts";
import { NotifyClass } from "../keyspace/events.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { ValueType } from "../values/record.ts";
import { Update, UpdateFlag } from "../values/sorted_sets.ts";
import { writeValue } from "./lookup.ts";
import { sortedSetsOf } from "./sorted_set_reply.ts";

/** What a call is to do to the members among its arguments. */
export interface MemberUpdate {
  /** `UpdateFlag`s. */
  flags: number;
  /** CH: whether members that are given another score count, too. */
  countsChanges: boolean;
  /** The argument that the first member is. */
  firstMember: number;
  /** From one member to the next. */
  argumentsEach: number;
}

/** The scores of one call, in the order of its members. */
let scores = new Float64Array(16);

/** Room for the scores of a call, which `updateMembers` then gives to the members. */
export function scoresFor(count: number): Float64Array {
  if (count > scores.length) scores = new Float64Array(count * 2);
  return scores;
}

/**
 * Gives the members among the arguments the scores in `scoresFor`, under the key that is argument 1;
 * whether anything has changed.
 */
export function updateMembers(
  context: CommandContext,
  { flags, countsChanges, firstMember, argumentsEach }: MemberUpdate,
): boolean {
  const { args, database, reply } = context;
  const { buffer, starts, ends } = args;
  const isIncrement = (flags & UpdateFlag.INCR) !== 0;
  const sets = sortedSetsOf(context);
  const size = Math.ceil((args.count - firstMember) / argumentsEach);
  let record = writeValue(context, 1, ValueType.SORTED_SET);
  if (record !== 0) sets.expect(record, size);
  else if ((flags & UpdateFlag.XX) !== 0) {
    if (isIncrement) reply.null();
    else reply.integer(0);
    return false;
  } else {
    record = database.create(0, buffer, starts[1], ends[1], ValueType.SORTED_SET);
    sets.prepare(record, size, args.length(firstMember));
  }
  let added = 0;
  let moved = 0;
  let isRefused = false;
  for (let member = 0; member < size; member++) {
    const i = firstMember + member * argumentsEach;
    const done = sets.update(record, scores[member], buffer, starts[i], ends[i], flags);
    if (done === Update.NotANumber) throw new CommandError(errors.scoreNotNumber);
    if (done === Update.Added) added++;
    else if (done === Update.Moved) moved++;
    isRefused = done === Update.Refused;
  }
  if (added + moved > 0) {
    context.changed(1, added + moved);
    context.notify(NotifyClass.SORTED_SET, isIncrement ? "zincr" : "zadd", 1);
  }
  if (!isIncrement) reply.integer(countsChanges ? added + moved : added);
  else if (isRefused) reply.null();
  else reply.double(sets.score);
  return added + moved > 0;
}
