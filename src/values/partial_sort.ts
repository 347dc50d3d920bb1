/**
 * Sorting only what is asked for: the first of many, in their order.
 *
 * This is quicksort as Bentley and McIlroy engineered it, which leaves alone what lies behind the part
 * that is asked for, as Redis' `pqsort` does. It exchanges just what that exchanges, since which ones
 * come first of those that are equal is visible in replies. Of two halves the smaller is sorted by
 * recursion, so however unlucky the order, the stack stays low.
 */

export type Compare = (a: number, b: number) => number;

/** Fewer are sorted by insertion. */
const partitionedMin = 7;
/** More have their pivot chosen among nine. */
const ninthsAbove = 40;

/** Brings those that belong before index `length` there, sorted. The rest is in any order. */
export function partialSort(items: number[], length: number, compare: Compare): void {
  sortPart(items, 0, items.length, length, compare);
}

function sortPart(
  items: number[],
  start: number,
  end: number,
  length: number,
  compare: Compare,
): void {
  while (start < length) {
    if (end - start < partitionedMin) return sortByInsertion(items, start, end, compare);
    swap(items, start, choosePivot(items, start, end, compare));
    // those equal to the pivot gather at both ends: before equalEnd, and behind equalStart
    let equalEnd = start + 1;
    let equalStart = end - 1;
    let left = equalEnd;
    let right = equalStart;
    while (true) {
      for (; left <= right; left++) {
        const order = compare(items[left], items[start]);
        if (order > 0) break;
        if (order === 0) swap(items, equalEnd++, left);
      }
      for (; left <= right; right--) {
        const order = compare(items[right], items[start]);
        if (order < 0) break;
        if (order === 0) swap(items, right, equalStart--);
      }
      if (left > right) break;
      swap(items, left++, right--);
    }
    const lower = left - equalEnd;
    const upper = equalStart - right;
    swapRanges(items, start, left, Math.min(equalEnd - start, lower));
    swapRanges(items, left, end, Math.min(upper, end - equalStart - 1));
    if (lower < upper) {
      sortPart(items, start, start + lower, length, compare);
      start = end - upper;
    } else {
      sortPart(items, end - upper, end, length, compare);
      end = start + lower;
    }
  }
}

function sortByInsertion(items: number[], start: number, end: number, compare: Compare): void {
  for (let i = start + 1; i < end; i++) {
    for (let k = i; k > start && compare(items[k - 1], items[k]) > 0; k--) swap(items, k, k - 1);
  }
}

/** The index of a median: of the middle alone, of three, or of three such. */
function choosePivot(items: number[], start: number, end: number, compare: Compare): number {
  const length = end - start;
  const middle = start + (length >> 1);
  if (length === partitionedMin) return middle;
  const last = end - 1;
  if (length <= ninthsAbove) return medianOf(items, start, middle, last, compare);
  const step = length >> 3;
  return medianOf(
    items,
    medianOf(items, start, start + step, start + 2 * step, compare),
    medianOf(items, middle - step, middle, middle + step, compare),
    medianOf(items, last - 2 * step, last - step, last, compare),
    compare,
  );
}

/** Which of three indices has the item that is neither the least nor the greatest. */
function medianOf(items: number[], a: number, b: number, c: number, compare: Compare): number {
  if (compare(items[a], items[b]) < 0) {
    if (compare(items[b], items[c]) < 0) return b;
    return compare(items[a], items[c]) < 0 ? c : a;
  }
  if (compare(items[b], items[c]) > 0) return b;
  return compare(items[a], items[c]) < 0 ? a : c;
}

/** Exchanges `length` items from `start` on with as many before `end`. */
function swapRanges(items: number[], start: number, end: number, length: number): void {
  for (let i = 0; i < length; i++) swap(items, start + i, end - length + i);
}

function swap(items: number[], i: number, k: number): void {
  const item = items[i];
  items[i] = items[k];
  items[k] = item;
}
