/**
 * Finds equal entries of a listpack: bytes from outside may say a member, or a field, twice.
 *
 * Few are compared each with each, by a word of their ends, and whole only where these are the same: in a
 * fifth of the time that hashes take. Of many there is a table by hash, as they would take hours otherwise.
 */
import type { Hasher } from "../memory/hash.ts";
import { allocateScratch } from "../memory/scratch.ts";
import type { Listpacks } from "./listpack.ts";
import { Slice } from "./slice.ts";

/** So many are few. */
const entriesFew = 16;

/** A table for so many entries is kept for the next listpack. */
const entriesUsual = 512;

/** Slots per entry; a power of two of them is fewer than four. */
const slotsPerEntry = 2;

export class ListpackDuplicates {
  readonly #hasher: Hasher;
  readonly #entry = new Slice();
  readonly #usual = new Int32Array(tableWords(entriesUsual));

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  /** Whether two entries are equal, of which only every `step`th counts, the first one being the first. */
  found(listpacks: Listpacks, a: number, step: number): boolean {
    const count = Math.ceil(listpacks.count(a) / step);
    return count <= entriesFew
      ? this.#foundAmongFew(listpacks, a, step)
      : this.#foundAmongMany(listpacks, a, step, tableWords(count));
  }

  #foundAmongFew(listpacks: Listpacks, a: number, step: number): boolean {
    // word and position of each
    const table = this.#usual;
    const entry = this.#entry;
    let tableEnd = 0;
    for (let at = listpacks.first(a); at !== 0;) {
      let next = listpacks.readNext(a, at, entry);
      const { buffer, start, end } = entry;
      const word = wordOf(buffer, start, end);
      for (let i = 0; i < tableEnd; i += 2) {
        if (table[i] === word && listpacks.equals(a, table[i + 1], buffer, start, end)) return true;
      }
      table[tableEnd++] = word;
      table[tableEnd++] = at;
      for (let i = 1; i < step && next !== 0; i++) next = listpacks.next(a, next);
      at = next;
    }
    return false;
  }

  #foundAmongMany(listpacks: Listpacks, a: number, step: number, words: number): boolean {
    // hash and position of each, a position of 0 being none
    const table = words <= this.#usual.length
      ? this.#usual.fill(0, 0, words)
      : new Int32Array(allocateScratch(words * 4).buffer);
    const mask = words - 1;
    const entry = this.#entry;
    for (let at = listpacks.first(a); at !== 0;) {
      let next = listpacks.readNext(a, at, entry);
      const hash = this.#hasher.hash(entry.buffer, entry.start, entry.end);
      let slot = (hash << 1) & mask;
      for (; table[slot + 1] !== 0; slot = (slot + 2) & mask) {
        if (table[slot] !== hash) continue;
        const { buffer, start, end } = entry;
        if (listpacks.equals(a, table[slot + 1], buffer, start, end)) return true;
      }
      table[slot] = hash;
      table[slot + 1] = at;
      for (let i = 1; i < step && next !== 0; i++) next = listpacks.next(a, next);
      at = next;
    }
    return false;
  }
}

/** The last four bytes, with the length: what has a common beginning mostly differs there. */
function wordOf(buffer: Uint8Array, start: number, end: number): number {
  let word = end - start;
  for (let at = word > 4 ? end - 4 : start; at < end; at++) word = word << 7 ^ buffer[at];
  return word >>> 0;
}

/** Words of a table for so many entries: a power of two. */
function tableWords(entries: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, entries) * slotsPerEntry * 2));
}
