/**
 * Searches of places, compared with a look at all of them: what a search answers must be the places that
 * are within the area by the plain formula, whatever cells it has looked at.
 *
 * Redis itself misses places in two cases, and so does redino; they are not drawn here. What is right at
 * 180 degrees, or at the northernmost latitude, is in a column or row behind the last one, and nobody's
 * neighbour. And of an area that reaches over a pole the longitudes are not what the formula makes of them.
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type Random, randomBelow, randomFraction } from "../../src/random.ts";
import { testScale, withSeed } from "../support/property.ts";
import { type Session, withServer } from "./server_support.ts";

const placesMax = 1500;
const searchesPerRound = 60;

const longitudeMax = 180;
const latitudeMax = 85.05112878;
/** A cell is less than that wide: nothing right at a limit is drawn. */
const cellDegrees = 1e-5;
const earthRadiusMeters = 6372797.560856;
const degree = Math.PI / 180;

const unitsMeters = { m: 1, km: 1000, ft: 0.3048, mi: 1609.34 };
type Unit = keyof typeof unitsMeters;

/** Searches reach so far, half a box or a radius. */
const reachMetersMin = 1;
const reachMetersMax = 25_000_000;

/** Places so near to the edge of an area, in parts of its lengths, may be in it or not: that is rounding. */
const edge = 1e-7;

/** A distance is told in ten thousandths of its unit. */
const toldTolerance = 1e-4;

interface Place {
  readonly longitude: number;
  readonly latitude: number;
}

interface Member extends Place {
  readonly name: string;
}

/** A circle or a box, in meters; a circle's halves are its radius. */
interface Area {
  readonly center: Place;
  readonly isBox: boolean;
  readonly halfWidth: number;
  readonly halfHeight: number;
}

function haversineMeters(a: Place, b: Place): number {
  const u = Math.sin((b.latitude - a.latitude) * degree / 2);
  const v = Math.sin((b.longitude - a.longitude) * degree / 2);
  const chord = u * u + Math.cos(a.latitude * degree) * Math.cos(b.latitude * degree) * v * v;
  return 2 * earthRadiusMeters * Math.asin(Math.sqrt(Math.min(1, chord)));
}

/** By how much a place is within an area, in parts of the area's lengths; negative outside. */
function depthIn({ center, isBox, halfWidth, halfHeight }: Area, place: Place): number {
  if (!isBox) return 1 - haversineMeters(center, place) / halfWidth;
  const across = earthRadiusMeters * Math.abs(place.latitude - center.latitude) * degree;
  const along = haversineMeters({ ...center, latitude: place.latitude }, place);
  return 1 - Math.max(across / halfHeight, along / halfWidth);
}

/** Draws places: anywhere, near the limits of the map, and near what has been drawn before. */
class Atlas {
  readonly #random: Random;
  readonly #drawn: Place[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  place(): Place {
    const kind = this.below(8);
    let place = { longitude: this.#within(longitudeMax), latitude: this.#within(latitudeMax) };
    if (kind === 0) place.latitude = this.#nearLimit(latitudeMax);
    else if (kind === 1) place.longitude = this.#nearLimit(longitudeMax);
    else if (kind > 3 && this.#drawn.length > 0) place = this.#near(this.pick(this.#drawn));
    this.#drawn.push(place);
    return place;
  }

  /** A circle or box that does not reach over a pole. */
  areaAround(center: Place): Area {
    const isBox = this.below(2) === 0;
    const top = (90 - Math.abs(center.latitude)) * degree * earthRadiusMeters;
    const halfHeight = this.#length(Math.min(reachMetersMax, top));
    return {
      center,
      isBox,
      halfHeight,
      halfWidth: isBox ? this.#length(reachMetersMax) : halfHeight,
    };
  }

  below(bound: number): number {
    return randomBelow(this.#random, bound);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  /** Short ones are as likely as long ones. */
  #length(max: number): number {
    return reachMetersMin * (max / reachMetersMin) ** randomFraction(this.#random);
  }

  #near({ longitude, latitude }: Place): Place {
    const degrees = 10 ** -this.below(6);
    return {
      longitude: withinLimit(longitude + this.#within(degrees), longitudeMax),
      latitude: withinLimit(latitude + this.#within(degrees), latitudeMax),
    };
  }

  /** Mostly less than a degree away from a limit, or right at the one that has its own column. */
  #nearLimit(max: number): number {
    if (this.below(6) === 0) return -max;
    const distance = randomFraction(this.#random) ** 3;
    return this.below(2) === 0 ? distance - max : withinLimit(max - distance, max);
  }

  #within(max: number): number {
    return (2 * randomFraction(this.#random) - 1) * max;
  }
}

function withinLimit(degrees: number, max: number): number {
  return Math.max(-max, Math.min(degrees, max - cellDegrees));
}

/** Fills the key, and gives the places as the server has them: in the middle of their cells. */
async function addMembers({ run }: Session, atlas: Atlas): Promise<Member[]> {
  const names = Array.from({ length: 1 + atlas.below(placesMax) }, (_, i) => `member:${i}`);
  const words = names.flatMap((name) => {
    const { longitude, latitude } = atlas.place();
    return [longitude, latitude, name];
  });
  await run("DEL places");
  assertEquals(await run(`GEOADD places ${words.join(" ")}`), names.length);
  const found = await run(`GEOPOS places ${names.join(" ")}`) as [string, string][];
  return found.map(([longitude, latitude], i) => ({
    name: names[i],
    longitude: Number(longitude),
    latitude: Number(latitude),
  }));
}

/** What a search asks for, beside its area. */
interface Wish {
  readonly order: "" | "ASC" | "DESC";
  /** 0 for all. */
  readonly count: number;
  readonly any: boolean;
}

/** Asserts that a search has found what it should. */
function assertFound(
  told: readonly [name: string, distance: string][],
  members: readonly Member[],
  area: Area,
  unit: Unit,
  { order, count, any }: Wish,
): void {
  const byName = new Map(members.map((member) => [member.name, member]));
  const distanceTo = (place: Place) => haversineMeters(area.center, place) / unitsMeters[unit];
  const found = told.map(([name]) => byName.get(name)!);
  assertEquals(new Set(found).size, told.length, "each is found once");
  for (const [i, member] of found.entries()) {
    assert(depthIn(area, member) > -edge, `${member.name} is outside`);
    assertAlmostEquals(Number(told[i][1]), distanceTo(member), toldTolerance);
  }
  const surely = members.filter((member) => depthIn(area, member) > edge);
  const perhaps = members.filter((member) => depthIn(area, member) >= -edge);
  const wanted = count === 0 ? Infinity : count;
  assert(told.length >= Math.min(wanted, surely.length), `${told.length} of ${surely.length}`);
  assert(told.length <= Math.min(wanted, perhaps.length), `${told.length} of ${perhaps.length}`);
  const distances = found.map(distanceTo);
  const inOrder = order === "DESC"
    ? (a: number, b: number) => b - a
    : (a: number, b: number) => a - b;
  if (order !== "") assertNear(distances, distances.toSorted(inOrder));
  if (count === 0 || any || perhaps.length > surely.length) return;
  // without ANY these are the nearest, or the farthest, of all
  const chosen = surely.map(distanceTo).sort(inOrder).slice(0, count);
  assertNear(distances.sort(inOrder), chosen);
}

function assertNear(actual: readonly number[], expected: readonly number[]): void {
  assertEquals(actual.length, expected.length);
  actual.forEach((each, i) => assertAlmostEquals(each, expected[i], toldTolerance));
}

Deno.test("GEOSEARCH finds what a look at all places finds", async () => {
  await withSeed((random) =>
    withServer(async (session) => {
      for (let round = 0; round < 8 * testScale(); round++) {
        const atlas = new Atlas(random);
        const members = await addMembers(session, atlas);
        for (let search = 0; search < searchesPerRound; search++) {
          const member = atlas.below(2) === 0 ? atlas.pick(members) : null;
          const area = atlas.areaAround(member ?? atlas.place());
          const unit = atlas.pick(Object.keys(unitsMeters) as Unit[]);
          const count = atlas.below(2) === 0 ? 0 : 1 + atlas.below(members.length);
          const wish: Wish = {
            order: atlas.pick(["", "ASC", "DESC"]),
            count,
            any: count > 0 && atlas.below(2) === 0,
          };
          const line = requestOf(area, member?.name, unit, wish);
          const told = await session.run(line) as [string, string][];
          try {
            assertFound(told, members, area, unit, wish);
          } catch (error) {
            throw new Error(line, { cause: error });
          }
        }
      }
    })
  );
});

function requestOf(
  { center: { longitude, latitude }, isBox, halfWidth, halfHeight }: Area,
  member: string | undefined,
  unit: Unit,
  { order, count, any }: Wish,
): string {
  const meters = unitsMeters[unit];
  return [
    "GEOSEARCH places",
    member ? `FROMMEMBER ${member}` : `FROMLONLAT ${longitude} ${latitude}`,
    isBox
      ? `BYBOX ${2 * halfWidth / meters} ${2 * halfHeight / meters} ${unit}`
      : `BYRADIUS ${halfWidth / meters} ${unit}`,
    ...order === "" ? [] : [order],
    ...count === 0 ? [] : [`COUNT ${count}`],
    ...any ? ["ANY"] : [],
    "WITHDIST",
  ].join(" ");
}
