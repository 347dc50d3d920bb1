/**
 * LOLWUT: a drawing and the version.
 *
 * Ours is a sunflower: seed n sits at n times the golden angle, √n away from the middle. The dict finds
 * its buckets by the same trick, multiplying by a number that spreads what comes in a row as evenly
 * as can be. The drawing depends on nothing but its size.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { redinoVersion, redisVersion } from "../version.ts";

const columnsByDefault = 40;
const rowsByDefault = 20;

/** Largest drawing, in characters either way. */
const sizeMax = 500;

/** 360° over the square of the golden ratio, in radians. */
const goldenAngle = Math.PI * (3 - Math.sqrt(5));

/** Dots of a braille character, and its code without dots. */
const dotColumns = 2;
const dotRows = 4;
const brailleBlank = 0x2800;

/** The bit of each dot of a braille character, by row and column. */
const dotBits = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/** Area that a seed gets, in dots. */
const seedArea = 7;

function lolwut({ args, reply }: CommandContext): void {
  const size = { columns: columnsByDefault, rows: rowsByDefault };
  if (args.count >= 3 && args.is(1, "VERSION")) {
    args.integer(2);
    if (args.count > 3) size.columns = clampSize(args.integer(3));
    if (args.count > 4) size.rows = clampSize(args.integer(4));
  }
  reply.verbatim(
    "txt",
    `${drawSunflower(size.columns, size.rows)}\n` +
      `A sunflower: every seed at the golden angle to the one before.\n\n` +
      `Redis ver. ${redisVersion} (redino ${redinoVersion})\n`,
  );
}

function clampSize(size: number): number {
  return Math.min(Math.max(size, 1), sizeMax);
}

/** A sunflower that fills `columns` by `rows` characters, each line ended. */
function drawSunflower(columns: number, rows: number): string {
  const width = columns * dotColumns;
  const height = rows * dotRows;
  const cells = new Uint8Array(columns * rows);
  const seeds = Math.floor(Math.PI / 4 * width * height / seedArea);
  for (let n = 0; n < seeds; n++) {
    const distance = Math.sqrt((n + 0.5) / seeds);
    const x = Math.floor((1 + distance * Math.cos(n * goldenAngle)) * width / 2);
    const y = Math.floor((1 + distance * Math.sin(n * goldenAngle)) * height / 2);
    const cell = Math.floor(y / dotRows) * columns + Math.floor(x / dotColumns);
    cells[cell] |= dotBits[y % dotRows][x % dotColumns];
  }
  const lines = Array.from({ length: rows }, (_, row) => {
    const line = cells.subarray(row * columns, (row + 1) * columns);
    return String.fromCharCode(...Array.from(line, (dots) => brailleBlank + dots));
  });
  return lines.map((line) => line + "\n").join("");
}

export const lolwutHandlers: Handlers = { lolwut };
