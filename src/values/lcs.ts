/**
 * The longest common subsequence of two byte strings, for LCS.
 *
 * The usual table of lengths is built row by row; only one row of it is kept. To find the subsequence
 * itself, one bit for each cell says which neighbour is longer, a thirty-second of the table that Redis
 * keeps. Where there are several longest ones, the choice is Redis's: from the ends of both strings
 * backwards, a byte of `b` is given up unless giving up one of `a` leaves more.
 */

/** A run of bytes that are in both strings: first and last position in each. */
export interface CommonRun {
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

export interface CommonSubsequence {
  readonly bytes: Uint8Array;
  /** Last run first. */
  readonly runs: readonly CommonRun[];
}

/** The length of the longest common subsequence. */
export function commonLength(a: Uint8Array, b: Uint8Array): number {
  return fillTable(a, b, null);
}

/** The longest common subsequence, and the runs that it is made of. */
export function commonSubsequence(a: Uint8Array, b: Uint8Array): CommonSubsequence {
  const givesUpA = new Uint8Array(Math.ceil(a.length * b.length / 8));
  const bytes = new Uint8Array(fillTable(a, b, givesUpA));
  const runs: CommonRun[] = [];
  let at = bytes.length;
  let i = a.length;
  let j = b.length;
  while (i > 0 && j > 0) {
    const aEnd = i;
    const bEnd = j;
    while (i > 0 && j > 0 && a[i - 1] === b[j - 1]) {
      bytes[--at] = a[--i];
      j--;
    }
    if (i < aEnd) runs.push({ aStart: i, aEnd: aEnd - 1, bStart: j, bEnd: bEnd - 1 });
    if (i === 0 || j === 0) break;
    const cell = (i - 1) * b.length + j - 1;
    if (((givesUpA[cell >>> 3] >>> (cell & 7)) & 1) !== 0) i--;
    else j--;
  }
  return { bytes, runs };
}

/** Computes the table, setting the bits of the cells in which giving up a byte of `a` leaves more. */
function fillTable(a: Uint8Array, b: Uint8Array, givesUpA: Uint8Array | null): number {
  const row = new Uint32Array(b.length + 1);
  let cell = 0;
  for (let i = 0; i < a.length; i++) {
    const byte = a[i];
    /** Of the row before: the cell to the left above. */
    let diagonal = 0;
    for (let j = 1; j < row.length; j++, cell++) {
      const above = row[j];
      if (b[j - 1] === byte) {
        row[j] = diagonal + 1;
      } else if (above > row[j - 1]) {
        if (givesUpA !== null) givesUpA[cell >>> 3] |= 1 << (cell & 7);
      } else {
        row[j] = row[j - 1];
      }
      diagonal = above;
    }
  }
  return row[b.length];
}
