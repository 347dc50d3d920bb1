/**
 * Tells most keys from the few that clients wait for or watch, without making a string of them.
 *
 * Every key has one of 4,096 places, found from its length and a few of its bytes; the filter counts the
 * keys that are held in each. A key whose place is empty is none of them.
 */

const placeCount = 4096;

function placeOf(buffer: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0) return 0;
  const first = buffer[start];
  const middle = buffer[start + (length >>> 1)];
  const last = buffer[end - 1];
  return (length * 17 + first * 5 + middle * 67 + last * 509) & (placeCount - 1);
}

export class KeyFilter {
  readonly #counts = new Uint32Array(placeCount);

  add(key: Uint8Array): void {
    this.#counts[placeOf(key, 0, key.length)]++;
  }

  /** Takes back one `add` of the key. */
  remove(key: Uint8Array): void {
    this.#counts[placeOf(key, 0, key.length)]--;
  }

  /** Whether the key `buffer[start, end)` may be one of those that were added. */
  mayHold(buffer: Uint8Array, start: number, end: number): boolean {
    return this.#counts[placeOf(buffer, start, end)] > 0;
  }
}
