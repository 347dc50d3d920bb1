/**
 * The sizes of small blocks, and the spans of pages that each size is cut from.
 *
 * Eight classes per doubling, all multiples of 8 bytes: every 8 bytes up to 128 (no block is larger
 * than asked for but by alignment), then steps of an eighth, up to 256 KiB; so a block wastes at most
 * 12.5%, 6% on average. A span is 1 to 16 pages of 64 KiB: the fewest whose unused tail is under a
 * sixteenth, or else the number that wastes least. This file knows nothing of addresses.
 */

/** The unit of addresses and block sizes. */
export const UNIT_BYTES = 8;

/** A page is what spans, medium blocks and segments are measured in. */
export const PAGE_BYTES = 64 * 1024;

/** The largest block that is cut from a span; larger ones are whole pages. */
export const SMALL_BYTES_MAX = 256 * 1024;

const EXACT_BYTES_MAX = 128;
const CLASSES_PER_DOUBLING = 8;
const EXACT_CLASSES = EXACT_BYTES_MAX / UNIT_BYTES;
const SPAN_PAGES_MAX = 16;

export const SIZE_CLASSES = EXACT_CLASSES +
  CLASSES_PER_DOUBLING * Math.log2(SMALL_BYTES_MAX / EXACT_BYTES_MAX);

/** Block size of each class, in units. */
export const CLASS_UNITS = new Uint32Array(SIZE_CLASSES);
/** Pages in a span of each class. */
export const CLASS_PAGES = new Uint32Array(SIZE_CLASSES);
/** Blocks in a span of each class. */
export const CLASS_BLOCKS = new Uint32Array(SIZE_CLASSES);

/** The smallest class whose blocks hold `byteLength` bytes; at most `SMALL_BYTES_MAX`. */
export function sizeClassOf(byteLength: number): number {
  if (byteLength <= EXACT_BYTES_MAX) {
    return byteLength <= UNIT_BYTES ? 0 : ((byteLength + 7) >>> 3) - 1;
  }
  const last = byteLength - 1;
  const doubling = 31 - Math.clz32(last);
  return EXACT_CLASSES + ((doubling - 7) << 3) + ((last >>> (doubling - 3)) & 7);
}

function classBytes(sizeClass: number): number {
  if (sizeClass < EXACT_CLASSES) return (sizeClass + 1) * UNIT_BYTES;
  const step = sizeClass - EXACT_CLASSES;
  const base = EXACT_BYTES_MAX << (step >>> 3);
  return base + (base >>> 3) * ((step & 7) + 1);
}

function spanPages(blockBytes: number): number {
  let best = 0;
  let bestWaste = 1;
  for (let pages = 1; pages <= SPAN_PAGES_MAX; pages++) {
    const spanBytes = pages * PAGE_BYTES;
    if (spanBytes < blockBytes) continue;
    const waste = (spanBytes % blockBytes) / spanBytes;
    if (waste <= 1 / 16) return pages;
    if (waste < bestWaste) {
      best = pages;
      bestWaste = waste;
    }
  }
  return best;
}

for (let sizeClass = 0; sizeClass < SIZE_CLASSES; sizeClass++) {
  const bytes = classBytes(sizeClass);
  const pages = spanPages(bytes);
  CLASS_UNITS[sizeClass] = bytes / UNIT_BYTES;
  CLASS_PAGES[sizeClass] = pages;
  CLASS_BLOCKS[sizeClass] = Math.floor(pages * PAGE_BYTES / bytes);
}
