/**
 * Geohashes: places on earth as the scores of a sorted set, and the score ranges that cover an area.
 *
 * A score interleaves 26 bits of longitude with 26 of latitude, so that places in one cell of a grid,
 * however coarse, are neighbours by score:
 *
 *     bit   51   50   49   48   …   1    0
 *           lon  lat  lon  lat  …   lon  lat      (the highest bit of each first)
 *
 * A cell of step `n` has the first `n` bits of both. A search takes the cell of the center and its eight
 * neighbours, of a step at which these nine are sure to cover the area, and looks at nothing else. All
 * arithmetic is in the order in which Redis does it, down to the last bit of a coordinate; the formulas
 * are those of its `geohash.c` and `geohash_helper.c`. Only sine, cosine and arcsine may differ in the last
 * bit of a distance, as they do between the C libraries and processors that Redis runs on.
 *
 * Cells are kept as columns and rows and only interleaved at the end, in halves of 32 bits: a score of
 * the easternmost places has 54 bits, more than a double holds.
 */
import { type Int64, toInt64 } from "../resp/numbers.ts";

export const longitudeMax = 180;
/** Where the Mercator projection of the web ends (EPSG:3857). */
export const latitudeMax = 85.05112878;

const stepMax = 26;
const earthRadiusMeters = 6372797.560856;
/** Half of the equator in the projection. */
const mercatorMaxMeters = 20037726.37;
const degree = Math.PI / 180;

const geohashAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
const geohashLatitudeMax = 90;

/** A place, in degrees. */
export interface Place {
  longitude: number;
  latitude: number;
}

/** What a search looks in: a circle or a box around its center. */
export interface SearchArea {
  readonly center: Place;
  readonly isBox: boolean;
  /** How many meters the unit has that the lengths are in. */
  readonly unitMeters: number;
  /** Of a circle. */
  readonly radius: number;
  /** Of a box. */
  readonly width: number;
  readonly height: number;
}

/** Scores from `from` on and less than `to`. */
export interface ScoreRange {
  readonly from: number;
  readonly to: number;
}

/** A cell of the grid that has `2 ** step` columns and rows. */
interface Cell {
  readonly column: number;
  readonly row: number;
  readonly step: number;
}

interface Bounds {
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
}

/** The score of a place, which lies within the limits. */
export function encodeScore(longitude: number, latitude: number): number {
  const { column, row } = cellOf(longitude, latitude, stepMax);
  return interleave(column, row, 0);
}

/** As `encodeScore`, with all its bits: behind the last column they are more than a double has. */
export function encodeScoreBits(longitude: number, latitude: number): Int64 {
  const { column, row } = cellOf(longitude, latitude, stepMax);
  return toInt64(
    BigInt(interleave(column >>> 16, row >>> 16, 0)) << 32n |
      BigInt(interleave(column & 0xffff, row & 0xffff, 0)),
  );
}

/** The middle of the cell that a score stands for. Any score does: Redis takes it as 64 bits. */
export function decodeScore(score: number, place: Place): void {
  let high = Math.floor(score / 2 ** 32);
  let low = score - high * 2 ** 32;
  if (!(score >= 0 && score <= Number.MAX_SAFE_INTEGER)) {
    const bits = toUint64(score);
    high = Number(bits >> 32n);
    low = Number(bits & 0xffffffffn);
  }
  const column = (gather(high >>> 1) << 16 | gather(low >>> 1)) >>> 0;
  const row = (gather(high) << 16 | gather(low)) >>> 0;
  const { west, east, south, north } = boundsOf({ column, row, step: stepMax });
  place.longitude = clamp((west + east) / 2, longitudeMax);
  place.latitude = clamp((south + north) / 2, latitudeMax);
}

/** A place as a geohash of 11 characters, in which latitudes go up to 90; the last one is always 0. */
export function standardGeohash({ longitude, latitude }: Place): string {
  // what lies beyond the last column begins anew
  const column = gridIndex(longitude, longitudeMax, stepMax) % 2 ** stepMax;
  const row = gridIndex(latitude, geohashLatitudeMax, stepMax);
  const bits = interleave(column, row, 0);
  let text = "";
  for (let shift = 2 * stepMax - 5; shift >= 0; shift -= 5) {
    text += geohashAlphabet[Math.floor(bits / 2 ** shift) % 32];
  }
  return text + "0";
}

/** Meters between two places on a great circle, by the haversine formula. */
export function distanceMeters(
  longitude1: number,
  latitude1: number,
  longitude2: number,
  latitude2: number,
): number {
  const v = Math.sin((longitude2 * degree - longitude1 * degree) / 2);
  if (v === 0) return meridianMeters(latitude1, latitude2);
  const radians1 = latitude1 * degree;
  const radians2 = latitude2 * degree;
  const u = Math.sin((radians2 - radians1) / 2);
  const a = u * u + Math.cos(radians1) * Math.cos(radians2) * v * v;
  return 2 * earthRadiusMeters * Math.asin(Math.sqrt(a));
}

/** Meters from the center of an area to a place, or -1 if that lies outside of it. */
export function distanceInArea(area: SearchArea, { longitude, latitude }: Place): number {
  const { center, unitMeters } = area;
  if (area.isBox) {
    const acrossMeters = meridianMeters(latitude, center.latitude);
    if (acrossMeters > area.height * unitMeters / 2) return -1;
    const alongMeters = distanceMeters(longitude, latitude, center.longitude, latitude);
    if (alongMeters > area.width * unitMeters / 2) return -1;
  }
  const meters = distanceMeters(center.longitude, center.latitude, longitude, latitude);
  return !area.isBox && meters > area.radius * unitMeters ? -1 : meters;
}

/** The ranges of scores in which all places of an area are, in the order in which Redis looks at them. */
export function scoreRanges(area: SearchArea): ScoreRange[] {
  const { center: { longitude, latitude } } = area;
  const bounds = boundsAround(area);
  let step = searchStep(area);
  let cell = cellOf(longitude, latitude, step);
  if (step > 1 && !coverWithNeighbours(cell, bounds)) cell = cellOf(longitude, latitude, --step);
  const { west, east, south, north } = boundsOf(cell);
  // at the first step every cell is a neighbour in all directions
  const isCoarse = step < 2;
  const hasNorth = isCoarse || !(north > bounds.north);
  const hasSouth = isCoarse || !(south < bounds.south);
  const hasEast = isCoarse || !(east > bounds.east);
  const hasWest = isCoarse || !(west < bounds.west);
  const neighbours: Cell[] = [];
  const add = (right: number, up: number) => {
    const found = neighbour(cell, right, up);
    const last = neighbours.at(-1);
    if (last?.column !== found.column || last.row !== found.row) neighbours.push(found);
  };
  if (hasNorth) add(0, 1);
  if (hasSouth) add(0, -1);
  if (hasEast) add(1, 0);
  if (hasWest) add(-1, 0);
  if (hasNorth && hasEast) add(1, 1);
  if (hasNorth && hasWest) add(-1, 1);
  if (hasSouth && hasEast) add(1, -1);
  if (hasSouth && hasWest) add(-1, -1);
  return [cell, ...neighbours].map(scoresOf);
}

/** How fine a grid may be for an area: as far as its cells are surely larger than the area's half. */
function searchStep(area: SearchArea): number {
  const { center: { latitude }, width, height, unitMeters } = area;
  const radius = area.isBox
    ? Math.sqrt((width / 2) * (width / 2) + (height / 2) * (height / 2))
    : area.radius;
  let meters = radius * unitMeters;
  if (meters === 0) return stepMax;
  let step = -1;
  for (; meters < mercatorMaxMeters; meters *= 2) step++;
  // cells are narrower towards the poles
  if (Math.abs(latitude) > 66) step--;
  if (Math.abs(latitude) > 80) step--;
  return Math.min(Math.max(step, 1), stepMax);
}

/** The box around an area. Longitudes may go beyond their limits. */
function boundsAround(area: SearchArea): Bounds {
  const { center: { longitude, latitude }, unitMeters } = area;
  const heightMeters = unitMeters * (area.isBox ? area.height / 2 : area.radius);
  const widthMeters = unitMeters * (area.isBox ? area.width / 2 : area.radius);
  const up = heightMeters / earthRadiusMeters / degree;
  const widest = latitude < 0 ? latitude - up : latitude + up;
  const right = widthMeters / earthRadiusMeters / Math.cos(widest * degree) / degree;
  return {
    west: longitude - right,
    east: longitude + right,
    south: latitude - up,
    north: latitude + up,
  };
}

/** Whether a cell and those around it reach to all bounds. */
function coverWithNeighbours(cell: Cell, { west, east, south, north }: Bounds): boolean {
  return !(boundsOf(neighbour(cell, 0, 1)).north < north ||
    boundsOf(neighbour(cell, 0, -1)).south > south ||
    boundsOf(neighbour(cell, 1, 0)).east < east ||
    boundsOf(neighbour(cell, -1, 0)).west > west);
}

function cellOf(longitude: number, latitude: number, step: number): Cell {
  return {
    column: gridIndex(longitude, longitudeMax, step),
    row: gridIndex(latitude, latitudeMax, step),
    step,
  };
}

/** The column or row of a coordinate; of the limit itself, the one behind the last. */
function gridIndex(coordinate: number, max: number, step: number): number {
  return Math.floor((coordinate + max) / (max + max) * 2 ** step);
}

/** The cell so many columns and rows away, which begin anew at the end. */
function neighbour({ column, row, step }: Cell, right: number, up: number): Cell {
  const mask = 2 ** step - 1;
  return {
    column: right === 0 ? column : (column + right) & mask,
    row: up === 0 ? row : (row + up) & mask,
    step,
  };
}

function boundsOf({ column, row, step }: Cell): Bounds {
  const columns = 2 ** step;
  // the one behind is counted in 32 bits
  return {
    west: -longitudeMax + column / columns * (longitudeMax * 2),
    east: -longitudeMax + ((column + 1) >>> 0) / columns * (longitudeMax * 2),
    south: -latitudeMax + row / columns * (latitudeMax * 2),
    north: -latitudeMax + ((row + 1) >>> 0) / columns * (latitudeMax * 2),
  };
}

function scoresOf({ column, row, step }: Cell): ScoreRange {
  const scale = 2 ** (2 * (stepMax - step));
  return { from: interleave(column, row, 0) * scale, to: interleave(column, row, 1) * scale };
}

/** The bits of both in turn, plus `more`; rounded once, to a double. */
function interleave(column: number, row: number, more: number): number {
  const high = spread(column >>> 16) * 2 + spread(row >>> 16);
  const low = spread(column & 0xffff) * 2 + spread(row & 0xffff);
  return high * 2 ** 32 + (low + more);
}

/** Puts a zero before each of 16 bits. */
function spread(bits: number): number {
  bits = (bits | bits << 8) & 0x00ff00ff;
  bits = (bits | bits << 4) & 0x0f0f0f0f;
  bits = (bits | bits << 2) & 0x33333333;
  return (bits | bits << 1) & 0x55555555;
}

/** The opposite of `spread`: every other of 32 bits. */
function gather(bits: number): number {
  bits &= 0x55555555;
  bits = (bits | bits >>> 1) & 0x33333333;
  bits = (bits | bits >>> 2) & 0x0f0f0f0f;
  bits = (bits | bits >>> 4) & 0x00ff00ff;
  return (bits | bits >>> 8) & 0xffff;
}

/** A score as an unsigned integer, as C turns a double into one on the processors that Redis runs on. */
function toUint64(score: number): bigint {
  if (score >= 2 ** 64) return 0n;
  if (score < -(2 ** 63)) return 1n << 63n;
  return BigInt.asUintN(64, BigInt(Math.trunc(score)));
}

/** Meters between two latitudes on one meridian. */
function meridianMeters(latitude1: number, latitude2: number): number {
  return earthRadiusMeters * Math.abs(latitude2 * degree - latitude1 * degree);
}

function clamp(coordinate: number, max: number): number {
  return Math.min(Math.max(coordinate, -max), max);
}
