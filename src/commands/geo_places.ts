/** How the commands on geospatial indices read places, units and lengths, and answer with them. */
import type { CommandContext } from "../command/context.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors, invalidCoordinates } from "../resp/errors.ts";
import type { ReplyWriter } from "../resp/reply_writer.ts";
import { decodeScore, latitudeMax, longitudeMax, type Place } from "../values/geohash.ts";
import { sortedSetsOf } from "./sorted_set_reply.ts";

/** A distance is told in ten thousandths of its unit. */
const distanceScale = 10_000;
const distanceDecimals = 4;
/** How Redis prints a distance that is no number, as antipodes may have. */
const distanceOfNaN = "-922337203685477.5808";

/** Reads argument `i` and the one behind it as longitude and latitude. */
export function parsePlace(args: Arguments, i: number, place: Place): void {
  const longitude = args.double(i);
  const latitude = args.double(i + 1);
  if (Math.abs(longitude) > longitudeMax || Math.abs(latitude) > latitudeMax) {
    throw new CommandError(invalidCoordinates(longitude, latitude));
  }
  place.longitude = longitude;
  place.latitude = latitude;
}

/** How many meters the unit has that argument `i` names. */
export function parseUnit(args: Arguments, i: number): number {
  if (args.is(i, "M")) return 1;
  if (args.is(i, "KM")) return 1000;
  if (args.is(i, "FT")) return 0.3048;
  if (args.is(i, "MI")) return 1609.34;
  throw new CommandError(errors.unknownUnit);
}

/** Finds the place of the member that argument `i` is; false if there is no such member. */
export function findPlace(
  context: CommandContext,
  record: number,
  i: number,
  place: Place,
): boolean {
  const { buffer, starts, ends } = context.args;
  const sets = sortedSetsOf(context);
  if (!sets.find(record, buffer, starts[i], ends[i])) return false;
  decodeScore(sets.score, place);
  return true;
}

export function replyPlace(reply: ReplyWriter, { longitude, latitude }: Place): void {
  reply.array(2);
  reply.double(longitude);
  reply.double(latitude);
}

/** Answers with a distance, with four decimals, the last one even where two are as near. */
export function replyDistance(reply: ReplyWriter, distance: number): void {
  if (Number.isNaN(distance)) return reply.bulkString(distanceOfNaN);
  const scaled = distance * distanceScale;
  let rounded = Math.round(scaled);
  if (rounded - scaled === 0.5 && rounded % 2 !== 0) rounded--;
  const whole = Math.floor(rounded / distanceScale);
  const decimals = String(rounded % distanceScale).padStart(distanceDecimals, "0");
  reply.bulkString(`${whole}.${decimals}`);
}
