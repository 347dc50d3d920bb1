/**
 * The commands on geospatial indices, which are sorted sets whose scores are geohashes: adding places, and
 * what there is to know of single ones. Searches are in `geo_search.ts`.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors } from "../resp/errors.ts";
import {
  distanceMeters,
  encodeScore,
  encodeScoreBits,
  type Place,
  standardGeohash,
} from "../values/geohash.ts";
import { ValueType } from "../values/record.ts";
import { UpdateFlag } from "../values/sorted_sets.ts";
import { findPlace, parsePlace, parseUnit, replyDistance, replyPlace } from "./geo_places.ts";
import { geoSearchHandlers } from "./geo_search.ts";
import { readValue } from "./lookup.ts";
import { type MemberUpdate, scoresFor, updateMembers } from "./sorted_set_update.ts";

/** What is read or found; filled anew by each command. */
const place: Place = { longitude: 0, latitude: 0 };
const otherPlace: Place = { longitude: 0, latitude: 0 };

function parseGeoadd(args: Arguments): MemberUpdate {
  let i = 2;
  let flags = 0;
  let countsChanges = false;
  for (; i < args.count; i++) {
    if (args.is(i, "NX")) flags |= UpdateFlag.NX;
    else if (args.is(i, "XX")) flags |= UpdateFlag.XX;
    else if (args.is(i, "CH")) countsChanges = true;
    else break;
  }
  const isContradictory = (flags & UpdateFlag.NX) !== 0 && (flags & UpdateFlag.XX) !== 0;
  const rest = args.count - i;
  if (rest === 0 || rest % 3 !== 0 || isContradictory) throw new CommandError(errors.syntax);
  return { flags, countsChanges, firstMember: i + 2, argumentsEach: 3 };
}

function geoadd(context: CommandContext): void {
  const { args } = context;
  const update = parseGeoadd(args);
  const first = update.firstMember - 2;
  const count = (args.count - first) / 3;
  const scores = scoresFor(count);
  for (let i = 0; i < count; i++) {
    parsePlace(args, first + i * 3, place);
    scores[i] = encodeScore(place.longitude, place.latitude);
  }
  if (updateMembers(context, update)) propagateScores(context, first, count, scores);
}

/** Propagates a GEOADD with so many places from argument `first` on as the ZADD that it is. */
function propagateScores(
  context: CommandContext,
  first: number,
  count: number,
  scores: Float64Array,
): void {
  const { args } = context;
  const command = context.propagate(first + count * 2);
  if (command === null) return;
  command.word("zadd");
  for (let i = 1; i < first; i++) command.argument(args, i);
  for (let i = 0; i < count; i++) {
    const at = first + i * 3;
    if (scores[i] <= Number.MAX_SAFE_INTEGER) command.integer(scores[i]);
    else {
      // in full, as in Redis, though it is to be rounded again
      parsePlace(args, at, place);
      command.integer(encodeScoreBits(place.longitude, place.latitude));
    }
    command.argument(args, at + 2);
  }
}

function geodist(context: CommandContext): void {
  const { args, reply } = context;
  if (args.count > 5) throw new CommandError(errors.syntax);
  const unitMeters = args.count === 5 ? parseUnit(args, 4) : 1;
  const record = readValue(context, 1, ValueType.SORTED_SET);
  const areFound = record !== 0 && findPlace(context, record, 2, place) &&
    findPlace(context, record, 3, otherPlace);
  if (!areFound) return reply.null();
  const meters = distanceMeters(
    place.longitude,
    place.latitude,
    otherPlace.longitude,
    otherPlace.latitude,
  );
  replyDistance(reply, meters / unitMeters);
}

function geohash(context: CommandContext): void {
  const { args, reply } = context;
  const record = readValue(context, 1, ValueType.SORTED_SET);
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    const isFound = record !== 0 && findPlace(context, record, i, place);
    if (isFound) reply.bulkString(standardGeohash(place));
    else reply.null();
  }
}

function geopos(context: CommandContext): void {
  const { args, reply } = context;
  const record = readValue(context, 1, ValueType.SORTED_SET);
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    const isFound = record !== 0 && findPlace(context, record, i, place);
    if (isFound) replyPlace(reply, place);
    else reply.nullArray();
  }
}

export const geoHandlers: Handlers = { geoadd, geodist, geohash, geopos, ...geoSearchHandlers };
