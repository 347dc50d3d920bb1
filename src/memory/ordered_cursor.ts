/**
 * A walk over the records of an ordered index, in either direction.
 *
 * Leaves are not linked: one descent for each leaf of a walk costs less than links would, in memory and
 * in what insertions and removals had to keep right.
 */

import type { OrderedIndex } from "./ordered_index.ts";
import { type OrderedNodes, Path } from "./ordered_nodes.ts";

/**
 * A place in a tree. Any change of the tree makes it invalid, until `seek` places it again.
 *
 * @example
 * ```ts
 * for (let more = cursor.seek(tree, 10); more; more = cursor.next()) show(cursor.record, cursor.score);
 * ```
 */
export class OrderedCursor {
  readonly #index: OrderedIndex;
  readonly #nodes: OrderedNodes;
  readonly #path = new Path();
  #tree = 0;
  #count = 0;
  #rank = 0;
  #leafCount = 0;
  #slot = 0;
  /** What the leaf's columns are in, and where they begin: they stay there as long as the cursor is valid. */
  records: Uint32Array = new Uint32Array(0);
  #recordsAt = 0;
  scores: Float64Array = new Float64Array(0);
  #scoresAt = 0;

  /** Made by `OrderedIndex.cursor`. */
  constructor(index: OrderedIndex, nodes: OrderedNodes) {
    this.#index = index;
    this.#nodes = nodes;
  }

  /** Goes to the record of a rank, if there is one; returns whether. */
  seek(tree: number, rank: number): boolean {
    this.#tree = tree;
    this.#count = this.#index.count(tree);
    return this.#place(rank);
  }

  /** The rank of the current record. */
  get rank(): number {
    return this.#rank;
  }

  /** The current record. */
  get record(): number {
    return this.records[this.#recordsAt + this.#slot];
  }

  /** The score of the current record. */
  get score(): number {
    return this.scores[this.#scoresAt + this.#slot];
  }

  /** Where the current record is in `records`; its neighbours in the leaf are beside it. */
  get recordAt(): number {
    return this.#recordsAt + this.#slot;
  }

  /** Where its score is in `scores`, between those of its neighbours. */
  get scoreAt(): number {
    return this.#scoresAt + this.#slot;
  }

  /** How many records of the leaf there are from the current one on, or up to it. */
  leafRest(isReverse: boolean): number {
    return isReverse ? this.#slot + 1 : this.#leafCount - this.#slot;
  }

  /** Goes to the record after the current one, if there is one; returns whether. */
  next(): boolean {
    if (this.#slot + 1 === this.#leafCount) return this.#place(this.#rank + 1);
    this.#slot++;
    this.#rank++;
    return true;
  }

  /** Goes to the record before the current one, if there is one; returns whether. */
  previous(): boolean {
    if (this.#slot === 0) return this.#place(this.#rank - 1);
    this.#slot--;
    this.#rank--;
    return true;
  }

  #place(rank: number): boolean {
    if (rank < 0 || rank >= this.#count) return false;
    this.#index.locate(this.#tree, rank, this.#path);
    this.#rank = rank;
    const leaf = this.#path.nodes[0];
    const nodes = this.#nodes;
    this.#slot = this.#path.slots[0];
    this.#leafCount = nodes.count(leaf);
    this.records = nodes.wordsOf(leaf);
    this.#recordsAt = nodes.recordsAt(leaf);
    this.scores = nodes.scoresOf(leaf);
    this.#scoresAt = nodes.scoresAt(leaf);
    return true;
  }
}
