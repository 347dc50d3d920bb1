/**
 * The dictionaries inside of values, by number: what a heap block can name a `Dict` by, which is an
 * object of JavaScript. There is one for each large collection, and none for a small one.
 */
import { invariant } from "../assert.ts";
import { Dict } from "./dict.ts";
import type { Hasher } from "./hash.ts";
import type { Heap } from "./heap.ts";

export class Dicts {
  readonly #heap: Heap;
  readonly hasher: Hasher;
  readonly #dicts: (Dict | null)[] = [];
  /** Numbers that are free again. */
  readonly #free: number[] = [];

  constructor(heap: Heap, hasher: Hasher) {
    this.#heap = heap;
    this.hasher = hasher;
  }

  /** How many there are. */
  get count(): number {
    return this.#dicts.length - this.#free.length;
  }

  /**
   * Makes an empty dictionary and returns its number.
   *
   * @throws {HeapFullError} if there is no memory for it; nothing has changed then.
   */
  create(keyOffset: number): number {
    const dict = new Dict(this.#heap, this.hasher, { keyOffset });
    const number = this.#free.pop() ?? this.#dicts.length;
    this.#dicts[number] = dict;
    return number;
  }

  at(number: number): Dict {
    const dict = this.#dicts[number];
    invariant(dict !== null && dict !== undefined, "a dictionary is used while it is there");
    return dict;
  }

  /** Takes a dictionary out, to be drained and released by the caller. */
  remove(number: number): Dict {
    const dict = this.at(number);
    this.#dicts[number] = null;
    this.#free.push(number);
    return dict;
  }
}
