/**
 * Finds equal entries of a listpack: bytes from outside may say a member, or a field, twice.
 *
 * A table of positions by hash, as comparing each with each takes hours for what a megabyte may hold.
 */
import type { Hasher } from "../memory/hash.ts";
import { allocateScratch } from "../memory/scratch.ts";
import type { Listpacks } from "./listpack.ts";
import { Slice } from "./slice.ts";

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
    const words = tableWords(Math.ceil(listpacks.count(a) / step));
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

/** Words of a table for so many entries: a power of two. */
function tableWords(entries: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, entries) * slotsPerEntry * 2));
}
