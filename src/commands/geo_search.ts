/**
 * The searches of geospatial indices: GEOSEARCH, GEORADIUS and their kin, which differ only in how they
 * are asked. A search walks the score ranges that cover its area, and keeps what lies within.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import type { Arguments } from "../resp/arguments.ts";
import {
  centerMissing,
  CommandError,
  errors,
  shapeMissing,
  storedWithoutOptions,
} from "../resp/errors.ts";
import type { ReplyWriter } from "../resp/reply_writer.ts";
import { ByteList } from "../values/byte_list.ts";
import {
  decodeScore,
  distanceInArea,
  type Place,
  scoreRanges,
  type SearchArea,
} from "../values/geohash.ts";
import { partialSort } from "../values/partial_sort.ts";
import { ValueType } from "../values/record.ts";
import { findPlace, parsePlace, parseUnit, replyDistance, replyPlace } from "./geo_places.ts";
import { readValue } from "./lookup.ts";
import { sortedSetsOf, storeResult } from "./sorted_set_reply.ts";

/** How a command is asked. */
interface SearchForm {
  /** Where the key is that is searched. */
  readonly source: number;
  readonly firstOption: number;
  /** Where the center is in front of the options: coordinates, a member, or nowhere. */
  readonly center: "coordinates" | "member" | "option";
  /** Whether it has STORE and STOREDIST with a key. */
  readonly hasStore: boolean;
  /** Whether it always stores, under the key that is argument 1. */
  readonly isStored: boolean;
}

enum Order {
  None,
  Ascending,
  Descending,
}

type MutableArea = { -readonly [Name in keyof SearchArea]: SearchArea[Name] };

/** What a call asks for. */
interface Search {
  readonly area: MutableArea;
  /** The options that have named the center and the shape, which exclude their alternatives. */
  from: "FROMMEMBER" | "FROMLONLAT" | null;
  by: "BYRADIUS" | "BYBOX" | null;
  order: Order;
  /** How many are wanted, 0 for all. */
  count: number;
  /** Whether any so many do, and not just the nearest. */
  any: boolean;
  withDistance: boolean;
  withHash: boolean;
  withPlace: boolean;
  /** The argument that is the key to store under, 0 for none. */
  destination: number;
  /** Whether what is stored has distances as scores. */
  storesDistance: boolean;
}

/** What lies in the area, in the order of the ranges. */
interface Found {
  readonly members: ByteList;
  readonly scores: number[];
  readonly distances: number[];
}

function newSearch({ isStored }: SearchForm): Search {
  const center = { longitude: 0, latitude: 0 };
  return {
    area: { center, isBox: false, unitMeters: 1, radius: 0, width: 0, height: 0 },
    from: null,
    by: null,
    order: Order.None,
    count: 0,
    any: false,
    withDistance: false,
    withHash: false,
    withPlace: false,
    destination: isStored ? 1 : 0,
    storesDistance: false,
  };
}

function parseRadius(args: Arguments, i: number, area: MutableArea): void {
  const radius = args.double(i, errors.radiusNotNumber);
  if (radius < 0) throw new CommandError(errors.radiusNegative);
  area.isBox = false;
  area.radius = radius;
  area.unitMeters = parseUnit(args, i + 1);
}

function parseBox(args: Arguments, i: number, area: MutableArea): void {
  const width = args.double(i, errors.widthNotNumber);
  const height = args.double(i + 1, errors.heightNotNumber);
  if (width < 0 || height < 0) throw new CommandError(errors.boxNegative);
  area.isBox = true;
  area.width = width;
  area.height = height;
  area.unitMeters = parseUnit(args, i + 2);
}

/** The center is the place of the member that argument `i` is; of a missing key nobody asks. */
function parseMember(context: CommandContext, record: number, i: number, search: Search): void {
  if (record === 0 || findPlace(context, record, i, search.area.center)) return;
  throw new CommandError(errors.noPlace);
}

function parseCount(args: Arguments, i: number): number {
  const count = Number(args.int64(i));
  if (count <= 0) throw new CommandError(errors.countNotAboveZero);
  return count;
}

/** Reads the option that argument `i` is, and returns how many arguments it takes; 0 if it is none. */
function parseOption(args: Arguments, i: number, form: SearchForm, search: Search): number {
  const hasNext = i + 1 < args.count;
  if (args.is(i, "WITHDIST")) search.withDistance = true;
  else if (args.is(i, "WITHHASH")) search.withHash = true;
  else if (args.is(i, "WITHCOORD")) search.withPlace = true;
  else if (args.is(i, "ANY")) search.any = true;
  else if (args.is(i, "ASC")) search.order = Order.Ascending;
  else if (args.is(i, "DESC")) search.order = Order.Descending;
  else if (args.is(i, "COUNT") && hasNext) {
    search.count = parseCount(args, i + 1);
    return 2;
  } else if (form.isStored && args.is(i, "STOREDIST")) search.storesDistance = true;
  else if (form.hasStore && hasNext && (args.is(i, "STORE") || args.is(i, "STOREDIST"))) {
    search.destination = i + 1;
    search.storesDistance = args.is(i, "STOREDIST");
    return 2;
  } else return 0;
  return 1;
}

/** As `parseOption`, for what only GEOSEARCH has: the center and the shape, each of one kind. */
function parseAreaOption(
  context: CommandContext,
  record: number,
  i: number,
  search: Search,
): number {
  const { args } = context;
  const { area, from, by } = search;
  const rest = args.count - i - 1;
  if (args.is(i, "FROMMEMBER") && rest >= 1 && from !== "FROMLONLAT") {
    search.from = "FROMMEMBER";
    parseMember(context, record, i + 1, search);
    return 2;
  }
  if (args.is(i, "FROMLONLAT") && rest >= 2 && from !== "FROMMEMBER") {
    search.from = "FROMLONLAT";
    parsePlace(args, i + 1, area.center);
    return 3;
  }
  if (args.is(i, "BYRADIUS") && rest >= 2 && by !== "BYBOX") {
    search.by = "BYRADIUS";
    parseRadius(args, i + 1, area);
    return 3;
  }
  if (args.is(i, "BYBOX") && rest >= 3 && by !== "BYRADIUS") {
    search.by = "BYBOX";
    parseBox(args, i + 1, area);
    return 4;
  }
  return 0;
}

function parseSearch(context: CommandContext, record: number, form: SearchForm): Search {
  const { args } = context;
  const search = newSearch(form);
  if (form.center === "coordinates") {
    parsePlace(args, 2, search.area.center);
    parseRadius(args, 4, search.area);
  } else if (form.center === "member" && record !== 0) {
    parseMember(context, record, 2, search);
    parseRadius(args, 3, search.area);
  }
  for (let i = form.firstOption; i < args.count;) {
    let taken = parseOption(args, i, form, search);
    if (taken === 0 && form.center === "option") {
      taken = parseAreaOption(context, record, i, search);
    }
    if (taken === 0) throw new CommandError(errors.syntax);
    i += taken;
  }
  const tellsMore = search.withDistance || search.withHash || search.withPlace;
  if (search.destination !== 0 && tellsMore) {
    const command = form.isStored ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS";
    throw new CommandError(storedWithoutOptions(command));
  }
  if (form.center === "option") {
    if (search.from === null) throw new CommandError(centerMissing(args.cString(0)));
    if (search.by === null) throw new CommandError(shapeMissing(args.cString(0)));
  }
  if (search.any && search.count === 0) throw new CommandError(errors.anyWithoutCount);
  // the nearest, unless any will do
  if (search.count > 0 && search.order === Order.None && !search.any) {
    search.order = Order.Ascending;
  }
  return search;
}

/** What lies in the area; with ANY no more than are wanted. */
function findMembers(context: CommandContext, record: number, search: Search): Found {
  const { area } = search;
  const lengthMax = search.any ? search.count : Infinity;
  const sets = sortedSetsOf(context);
  const { cursor } = sets;
  const { member } = cursor;
  const place: Place = { longitude: 0, latitude: 0 };
  const found: Found = { members: new ByteList(), scores: [], distances: [] };
  for (const { from, to } of scoreRanges(area)) {
    let more = cursor.seek(record, sets.rankOfScore(record, from, false));
    for (; more && cursor.score < to; more = cursor.next()) {
      decodeScore(cursor.score, place);
      const distance = distanceInArea(area, place);
      if (distance < 0) continue;
      found.members.add(member.buffer, member.start, member.end);
      found.scores.push(cursor.score);
      found.distances.push(distance);
      if (found.scores.length === lengthMax) return found;
    }
  }
  return found;
}

/** The indices of those that are wanted, in their order. */
function choose({ distances }: Found, { order, count }: Search): number[] {
  const indices = Array.from(distances, (_, i) => i);
  const length = count === 0 ? indices.length : Math.min(count, indices.length);
  const compare = order === Order.Ascending
    ? (a: number, b: number) => compareDistances(distances[a], distances[b])
    : (a: number, b: number) => -compareDistances(distances[a], distances[b]);
  if (order === Order.None) return indices.slice(0, length);
  if (length === indices.length) return indices.sort(compare);
  partialSort(indices, length, compare);
  return indices.slice(0, length);
}

function compareDistances(a: number, b: number): number {
  return a > b ? 1 : a === b ? 0 : -1;
}

function replyFound(
  reply: ReplyWriter,
  { members, scores, distances }: Found,
  indices: readonly number[],
  { area: { unitMeters }, withDistance, withHash, withPlace }: Search,
): void {
  const place: Place = { longitude: 0, latitude: 0 };
  const extras = Number(withDistance) + Number(withHash) + Number(withPlace);
  reply.array(indices.length);
  for (const i of indices) {
    if (extras > 0) reply.array(1 + extras);
    reply.bulk(members.bytes, members.startOf(i), members.endOf(i));
    if (withDistance) replyDistance(reply, distances[i] / unitMeters);
    // scores in a range are not negative, and may have a fraction
    if (withHash) reply.integer(BigInt(Math.trunc(scores[i])));
    if (!withPlace) continue;
    decodeScore(scores[i], place);
    replyPlace(reply, place);
  }
}

function storeFound(
  context: CommandContext,
  { members, scores, distances }: Found,
  indices: readonly number[],
  { area: { unitMeters }, destination, storesDistance }: Search,
  event: string,
): void {
  const sets = sortedSetsOf(context);
  const result = sets.detached.make((result) => {
    sets.toSkiplist(result);
    for (const i of indices) {
      const score = storesDistance ? distances[i] / unitMeters : scores[i];
      if (Number.isNaN(score)) throw new CommandError(errors.scoreNotNumber);
      sets.update(result, score, members.bytes, members.startOf(i), members.endOf(i), 0);
    }
    sets.compact(result);
  });
  storeResult(context, destination, result, event, indices.length);
}

function search(context: CommandContext, form: SearchForm): void {
  const { reply } = context;
  const record = readValue(context, form.source, ValueType.SORTED_SET);
  const request = parseSearch(context, record, form);
  const found = record === 0 ? nothing : findMembers(context, record, request);
  const indices = choose(found, request);
  if (request.destination === 0) replyFound(reply, found, indices, request);
  else {
    const event = form.center === "option" ? "geosearchstore" : "georadiusstore";
    storeFound(context, found, indices, request, event);
  }
}

const nothing: Found = { members: new ByteList(), scores: [], distances: [] };

function searchForm(
  source: number,
  firstOption: number,
  center: SearchForm["center"],
  { hasStore = false, isStored = false } = {},
): SearchForm {
  return { source, firstOption, center, hasStore, isStored };
}

const georadius = searchForm(1, 6, "coordinates", { hasStore: true });
const georadiusRo = searchForm(1, 6, "coordinates");
const georadiusbymember = searchForm(1, 5, "member", { hasStore: true });
const georadiusbymemberRo = searchForm(1, 5, "member");
const geosearch = searchForm(1, 2, "option");
const geosearchstore = searchForm(2, 3, "option", { isStored: true });

export const geoSearchHandlers: Handlers = {
  georadius: (context) => search(context, georadius),
  "georadius_ro": (context) => search(context, georadiusRo),
  georadiusbymember: (context) => search(context, georadiusbymember),
  "georadiusbymember_ro": (context) => search(context, georadiusbymemberRo),
  geosearch: (context) => search(context, geosearch),
  geosearchstore: (context) => search(context, geosearchstore),
};
