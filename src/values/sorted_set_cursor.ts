/** A walk over the members of a sorted set in either direction, whatever its encoding. */
import type { OrderedCursor } from "../memory/ordered_cursor.ts";
import { Slice } from "./slice.ts";
import type { SortedSets } from "./sorted_sets.ts";

/**
 * A place in a sorted set. Any change of the set makes it invalid, until `seek` places it again.
 *
 * @example
 * ```ts
 * for (let more = cursor.seek(record, 0); more; more = cursor.next()) show(cursor.member, cursor.score);
 * ```
 */
export class SortedSetCursor {
  /** The current member. */
  readonly member: Slice = new Slice();
  /** Its score. */
  score = 0;
  readonly #sets: SortedSets;
  readonly #ordered: OrderedCursor;
  /** Of a small one: its listpack, and the positions of member and score in it. Of a large one: 0. */
  #listpack = 0;
  #at = 0;
  #scoreAt = 0;

  constructor(sets: SortedSets, ordered: OrderedCursor) {
    this.#sets = sets;
    this.#ordered = ordered;
  }

  /** Goes to the member of a rank, if there is one; returns whether. */
  seek(record: number, rank: number): boolean {
    const sets = this.#sets;
    if (!sets.isListpack(record)) {
      this.#listpack = 0;
      return this.#ordered.seek(sets.treeOf(record), rank) && this.#showOrdered();
    }
    this.#listpack = sets.listpackOf(record);
    this.#at = sets.listpacks.at(this.#listpack, rank * 2);
    return this.#showPair();
  }

  /** Goes to the next member, if there is one; returns whether. */
  next(): boolean {
    if (this.#listpack === 0) return this.#ordered.next() && this.#showOrdered();
    const { listpacks } = this.#sets;
    this.#at = listpacks.next(this.#listpack, this.#scoreAt);
    return this.#showPair();
  }

  /** Goes to the member before, if there is one; returns whether. */
  previous(): boolean {
    if (this.#listpack === 0) return this.#ordered.previous() && this.#showOrdered();
    const { listpacks } = this.#sets;
    const scoreAt = listpacks.previous(this.#listpack, this.#at);
    if (scoreAt === 0) return false;
    this.#at = listpacks.previous(this.#listpack, scoreAt);
    return this.#showPair();
  }

  /** Shows a record of a large one's dictionary, from which there is no next. */
  show(member: number): void {
    this.#sets.locateMember(member, this.member);
    this.score = this.#sets.scoreOf(member);
  }

  #showOrdered(): boolean {
    this.#sets.locateMember(this.#ordered.record, this.member);
    this.score = this.#ordered.score;
    return true;
  }

  #showPair(): boolean {
    if (this.#at === 0) return false;
    const { listpacks } = this.#sets;
    this.#scoreAt = listpacks.readNext(this.#listpack, this.#at, this.member);
    this.score = this.#sets.scoreAt(this.#listpack, this.#scoreAt);
    return true;
  }
}
