/**
 * LOLWUT: a drawing and the version.
 *
 * Ours is a sunflower, drawn as one grows: each seed a golden angle further around the middle than the
 * one before, which spreads what comes in a row as evenly as can be. Multiplicative hashing is the same
 * trick. The drawing depends on nothing but its size.
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

/** Area that a seed gets on average, in dots. */
const seedArea = 32;

/** How fast seeds get further from the middle; at 0.5 they would lie equally close everywhere. */
const spread = 0.72;

/** Size of a seed in the middle, and by how much more at the rim, as a radius in dots. */
const seedRadiusMin = 0.7;
const seedRadiusGrowth = 2.2;

/** Part of the way to the edge that the outermost seed's middle has. */
const margin = 0.97;

function lolwut({ args, reply }: CommandContext): void {
  const size = { columns: columnsByDefault, rows: rowsByDefault };
  if (args.count >= 3 && args.is(1, "VERSION")) {
    args.quantity(2);
    if (args.count > 3) size.columns = clampSize(args.quantity(3));
    if (args.count > 4) size.rows = clampSize(args.quantity(4));
  }
  reply.verbatim(
    "txt",
    `${drawSunflower(size.columns, size.rows)}\n` +
      `A sunflower: every seed a golden angle further around than the one before.\n\n` +
      `Redis ver. ${redisVersion} (redino ${redinoVersion})\n`,
  );
}

function clampSize(size: number): number {
  return Math.min(Math.max(size, 1), sizeMax);
}

/** A sunflower that fills `columns` by `rows` characters, each line ended. */
function drawSunflower(columns: number, rows: number): string {
  const canvas = new Canvas(columns, rows);
  const { width, height } = canvas;
  const seeds = Math.ceil(width * height / seedArea);
  for (let n = 0; n < seeds; n++) {
    const distance = ((n + 0.5) / seeds) ** spread;
    const angle = n * goldenAngle;
    canvas.fillCircle(
      (1 + distance * margin * Math.cos(angle)) * width / 2,
      (1 + distance * margin * Math.sin(angle)) * height / 2,
      seedRadiusMin + distance * seedRadiusGrowth,
    );
  }
  return canvas.toString();
}

/** Dots, eight to a character. */
class Canvas {
  readonly width: number;
  readonly height: number;
  readonly #columns: number;
  readonly #cells: Uint8Array;

  constructor(columns: number, rows: number) {
    this.width = columns * dotColumns;
    this.height = rows * dotRows;
    this.#columns = columns;
    this.#cells = new Uint8Array(columns * rows);
  }

  fillCircle(centreX: number, centreY: number, radius: number): void {
    for (let y = Math.ceil(centreY - radius); y <= centreY + radius; y++) {
      for (let x = Math.ceil(centreX - radius); x <= centreX + radius; x++) {
        if (Math.hypot(x - centreX, y - centreY) <= radius) this.#set(x, y);
      }
    }
  }

  toString(): string {
    let text = "";
    for (const [i, dots] of this.#cells.entries()) {
      text += String.fromCharCode(brailleBlank + dots);
      if ((i + 1) % this.#columns === 0) text += "\n";
    }
    return text;
  }

  #set(x: number, y: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const cell = Math.floor(y / dotRows) * this.#columns + Math.floor(x / dotColumns);
    this.#cells[cell] |= dotBits[y % dotRows][x % dotColumns];
  }
}

export const lolwutHandlers: Handlers = { lolwut };
