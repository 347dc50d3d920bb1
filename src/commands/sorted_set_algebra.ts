/**
 * Unions, intersections and differences of sorted sets, and of sets, whose members have the score 1.
 * Inputs are gone through in the order that Redis does, which decides what sums of doubles come out.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { CommandError, errors, inputKeyNeeded } from "../resp/errors.ts";
import { typeOf, ValueType } from "../values/record.ts";
import type { Slice } from "../values/slice.ts";
import { UpdateFlag } from "../values/sorted_sets.ts";
import { replyMembers, sortedSetsOf, storeResult } from "./sorted_set_reply.ts";

enum Operation {
  Union,
  Intersection,
  Difference,
}

/** One input: a sorted set or a set, or nothing. */
interface Source {
  /** 0 if there is no such key. */
  readonly record: number;
  readonly isSet: boolean;
  readonly size: number;
  weight: number;
}

type Aggregate = (first: number, second: number) => number;

const aggregates: Record<string, Aggregate> = {
  // opposite infinities make 0
  SUM: (first, second) => numberOrZero(first + second),
  MIN: (first, second) => second < first ? second : first,
  MAX: (first, second) => second > first ? second : first,
};

interface AlgebraOptions {
  sources: Source[];
  aggregate: Aggregate;
  withScores: boolean;
  /** Of ZINTERCARD; 0 is none. */
  limit: number;
}

/** What a command is, besides its operation. */
interface AlgebraForm {
  readonly name: string;
  readonly operation: Operation;
  /** Where the number of keys is. */
  readonly countAt: number;
  readonly isCounted: boolean;
}

function numberOrZero(value: number): number {
  return Number.isNaN(value) ? 0 : value;
}

function readSource({ args, database }: CommandContext, i: number): Source {
  const { heap, keyspace: { values } } = database;
  const record = database.lookupRead(args.buffer, args.starts[i], args.ends[i]);
  if (record === 0) return { record, isSet: false, size: 0, weight: 1 };
  const type = typeOf(heap, record);
  const isSet = type === ValueType.SET;
  if (!isSet && type !== ValueType.SORTED_SET) throw new CommandError(errors.wrongType);
  const size = isSet ? values.sets.count(record) : values.sortedSets.count(record);
  return { record, isSet, size, weight: 1 };
}

function parseAlgebra(context: CommandContext, form: AlgebraForm): AlgebraOptions {
  const { args } = context;
  const { countAt, isCounted, operation } = form;
  const keyCount = Number(args.int64(countAt));
  if (keyCount < 1) throw new CommandError(inputKeyNeeded(form.name));
  if (keyCount > args.count - countAt - 1) throw new CommandError(errors.syntax);
  const firstOption = countAt + 1 + keyCount;
  const sources: Source[] = [];
  for (let i = countAt + 1; i < firstOption; i++) sources.push(readSource(context, i));
  const options = { sources, aggregate: aggregates.SUM, withScores: false, limit: 0 };
  const isWeighted = operation !== Operation.Difference && !isCounted;
  for (let i = firstOption; i < args.count; i++) {
    const rest = args.count - i - 1;
    if (isWeighted && rest >= keyCount && args.is(i, "WEIGHTS")) {
      for (const source of sources) source.weight = args.double(++i, errors.notWeight);
    } else if (isWeighted && rest >= 1 && args.is(i, "AGGREGATE")) {
      const name = ["SUM", "MIN", "MAX"].find((word) => args.is(i + 1, word));
      if (name === undefined) throw new CommandError(errors.syntax);
      options.aggregate = aggregates[name];
      i++;
    } else if (countAt === 1 && !isCounted && args.is(i, "WITHSCORES")) options.withScores = true;
    else if (isCounted && rest >= 1 && args.is(i, "LIMIT")) {
      options.limit = args.quantity(++i, 0, errors.limitNegative);
    } else throw new CommandError(errors.syntax);
  }
  // smallest first, where the order does not matter to the result
  if (operation !== Operation.Difference) sources.sort((a, b) => a.size - b.size);
  return options;
}

/** Gives each member of a source with its score to `visit`, until that returns false. */
function forEachMember(
  context: CommandContext,
  { record, isSet }: Source,
  visit: (member: Slice, score: number) => boolean | void,
): void {
  if (record === 0) return;
  const { sets, sortedSets: { cursor } } = context.database.keyspace.values;
  if (!isSet) {
    for (let more = cursor.seek(record, 0); more; more = cursor.next()) {
      if (visit(cursor.member, cursor.score) === false) return;
    }
    return;
  }
  let isOver = false;
  sets.forEach(record, (member) => {
    isOver ||= visit(member, 1) === false;
  });
}

/** The score of a member in a source, or null. */
function scoreIn(
  context: CommandContext,
  { record, isSet }: Source,
  { buffer, start, end }: Slice,
): number | null {
  if (record === 0) return null;
  const { sets, sortedSets } = context.database.keyspace.values;
  if (isSet) return sets.has(record, buffer, start, end) ? 1 : null;
  return sortedSets.find(record, buffer, start, end) ? sortedSets.score : null;
}

/** Gives each member that is in all sources, with its score, to `visit`, until that returns false. */
function intersect(
  context: CommandContext,
  { sources, aggregate }: AlgebraOptions,
  visit: (member: Slice, score: number) => boolean | void,
): void {
  const [smallest, ...others] = sources;
  forEachMember(context, smallest, (member, first) => {
    let score = numberOrZero(first * smallest.weight);
    for (const other of others) {
      const found = scoreIn(context, other, member);
      if (found === null) return;
      score = aggregate(score, found * other.weight);
    }
    return visit(member, score);
  });
}

/** Adds all members of all sources to `result`. */
function unite(context: CommandContext, options: AlgebraOptions, result: number): void {
  const sets = sortedSetsOf(context);
  const { sources, aggregate } = options;
  for (const source of sources) {
    forEachMember(context, source, ({ buffer, start, end }, score) => {
      let weighted = numberOrZero(score * source.weight);
      if (sets.find(result, buffer, start, end)) {
        weighted = aggregate(sets.score, weighted);
        // an update would take 0 for the -0 that is there
        if (weighted === 0) sets.remove(result, buffer, start, end);
      }
      sets.update(result, weighted, buffer, start, end, 0);
    });
  }
}

/** Adds the members of the first source that no other has to `result`. */
function subtract(context: CommandContext, { sources }: AlgebraOptions, result: number): void {
  const sets = sortedSetsOf(context);
  const [first, ...others] = sources;
  if (others.some(({ record }) => record === first.record)) return;
  forEachMember(context, first, (member, score) => {
    if (others.some((other) => scoreIn(context, other, member) !== null)) return;
    sets.update(result, score, member.buffer, member.start, member.end, UpdateFlag.NX);
  });
}

/** A detached sorted set with the result. */
function compute(context: CommandContext, form: AlgebraForm, options: AlgebraOptions): number {
  const sets = sortedSetsOf(context);
  return sets.detached.make((result) => {
    sets.toSkiplist(result);
    if (form.operation === Operation.Union) unite(context, options, result);
    else if (form.operation === Operation.Difference) subtract(context, options, result);
    else {
      intersect(context, options, ({ buffer, start, end }, score) => {
        sets.update(result, score, buffer, start, end, 0);
      });
    }
  });
}

function answer(context: CommandContext, form: AlgebraForm): void {
  const sets = sortedSetsOf(context);
  const options = parseAlgebra(context, form);
  const result = compute(context, form, options);
  replyMembers(context, result, 0, sets.count(result), false, options.withScores);
  sets.detached.discard(result);
}

function store(context: CommandContext, form: AlgebraForm): void {
  const result = compute(context, form, parseAlgebra(context, form));
  sortedSetsOf(context).compact(result);
  storeResult(context, 1, result, form.name);
}

function zintercard(context: CommandContext): void {
  const form = algebraForm("zintercard", Operation.Intersection, 1, true);
  const options = parseAlgebra(context, form);
  let common = 0;
  intersect(context, options, () => ++common !== options.limit);
  context.reply.integer(common);
}

function algebraForm(
  name: string,
  operation: Operation,
  countAt: number,
  isCounted = false,
): AlgebraForm {
  return { name, operation, countAt, isCounted };
}

const zdiff = algebraForm("zdiff", Operation.Difference, 1);
const zdiffstore = algebraForm("zdiffstore", Operation.Difference, 2);
const zinter = algebraForm("zinter", Operation.Intersection, 1);
const zinterstore = algebraForm("zinterstore", Operation.Intersection, 2);
const zunion = algebraForm("zunion", Operation.Union, 1);
const zunionstore = algebraForm("zunionstore", Operation.Union, 2);

export const sortedSetAlgebraHandlers: Handlers = {
  zdiff: (context) => answer(context, zdiff),
  zdiffstore: (context) => store(context, zdiffstore),
  zinter: (context) => answer(context, zinter),
  zintercard,
  zinterstore: (context) => store(context, zinterstore),
  zunion: (context) => answer(context, zunion),
  zunionstore: (context) => store(context, zunionstore),
};
