/**
 * Finds equal entries of a listpack: bytes from outside may say a member, or a field, twice.
 *
 * Mostly there are none, and a table of one word for each place that some bytes of an entry choose shows
 * it: no two entries have the same place. It is not cleared from listpack to listpack, as it holds the
 * number of the one that a place was taken for. Where a place is taken already all are looked up in a table
 * by hash, which nobody can choose entries for.
 */
import type { Hasher } from "../memory/hash.ts";
import { allocateScratch } from "../memory/scratch.ts";
import type { Listpacks } from "./listpack.ts";
import { Slice } from "./slice.ts";

/** So many entries may well have a place each. */
const entriesFew = 64;
const placeBits = 11;
const placeShift = 32 - placeBits;
/** Numbers of listpacks begin anew behind this. */
const numberMax = 0xffff;

/** Spreads what differs in few bits over all of a word. */
const spread = 0x9e3779b1;

/** A table for so many entries is kept for the next listpack. */
const entriesUsual = 512;

/** Slots per entry; a power of two of them is fewer than four. */
const slotsPerEntry = 2;

export class ListpackDuplicates {
  readonly #hasher: Hasher;
  readonly #entry = new Slice();
  readonly #usual = new Int32Array(tableWords(entriesUsual));
  readonly #takenFor = new Uint16Array(1 << placeBits);
  #number = 0;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  /** Whether two entries are equal, of which only every `step`th counts, the first one being the first. */
  found(listpacks: Listpacks, a: number, step: number): boolean {
    const count = Math.ceil(listpacks.count(a) / step);
    if (count <= entriesFew && this.#havePlaces(listpacks, a, step)) return false;
    return this.#foundInTable(listpacks, a, step, tableWords(count));
  }

  /** Whether each entry has a place for itself, so that none are equal. */
  #havePlaces(listpacks: Listpacks, a: number, step: number): boolean {
    const takenFor = this.#takenFor;
    const entry = this.#entry;
    const number = this.#nextNumber();
    for (let at = listpacks.first(a); at !== 0;) {
      let next = listpacks.readNext(a, at, entry);
      const place = placeOf(entry.buffer, entry.start, entry.end);
      if (takenFor[place] === number) return false;
      takenFor[place] = number;
      for (let i = 1; i < step && next !== 0; i++) next = listpacks.next(a, next);
      at = next;
    }
    return true;
  }

  #nextNumber(): number {
    if (this.#number === numberMax) {
      this.#takenFor.fill(0);
      this.#number = 0;
    }
    return ++this.#number;
  }

  #foundInTable(listpacks: Listpacks, a: number, step: number, words: number): boolean {
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

/** A place by the length and the last bytes, where what has a common beginning mostly differs. */
function placeOf(buffer: Uint8Array, start: number, end: number): number {
  let word = end - start;
  if (word >= 8) word = Math.imul(word ^ wordAt(buffer, end - 8), spread);
  if (end - start >= 4) word ^= wordAt(buffer, end - 4);
  else for (let at = start; at < end; at++) word = word << 8 ^ buffer[at];
  return Math.imul(word, spread) >>> placeShift;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24;
}

/** Words of a table for so many entries: a power of two. */
function tableWords(entries: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, entries) * slotsPerEntry * 2));
}
