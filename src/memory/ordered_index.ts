/**
 * Ordered indexes of records in a `Heap`, by score and then by the records' own order: large sorted sets
 * (score, member) and the pending entries of streams (by ID).
 *
 * An index is a B+ tree that counts (an order-statistic tree): it finds a record's rank and the record of
 * a rank in O(log n). A tree is no JavaScript object but the address of a header block; one
 * `OrderedIndex` serves all trees of a kind:
 *
 *     word 0   the root node, 0 if there are no records
 *     word 1   height: 1 if the root is a leaf
 *     word 2   records
 *     word 3   units of the heap that the nodes take
 *
 * The records are their owner's, who allocates and frees them, and removes one before freeing it. A
 * separator is always the first record below its child, so no freed record is ever compared.
 *
 * Insertion into a full leaf first tries to hand entries to a sibling, and splits only beside full
 * siblings: with random insertion leaves are four fifths full that way (70% without). At either edge of
 * the tree the split leaves the old node full: what comes in order fills it. Removal merges siblings that
 * fit into three quarters of a node, and takes empty nodes out; it never needs memory.
 *
 * No operation makes objects, or touches more than a few nodes of each level.
 *
 * Measured with `scripts/benchmark_memory.ts` (2026-11-24, 2-core AMD EPYC, Deno 2.9.6, other programs
 * running), per record, at random ranks:
 *
 *                      insert    rank      at    remove   walk     bytes
 *     1M, random       0.27 us   0.33 us   0.28  0.25 us  14 ns    15.2
 *     1M, ascending    0.08 us   0.27 us   0.28  0.12 us  13 ns    12.5
 *     1M, equal        0.55 us   0.99 us   0.28  0.54 us  15 ns    14.9   (each step reads a record)
 *     5M, random       0.43 us   0.61 us   0.45  -        19 ns    15.3
 *
 * The worst 200 insertions together take 1.1 ms of the 5M: that is the heap's next segment.
 */

import { invariant } from "../assert.ts";
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "./heap.ts";
import { OrderedCursor } from "./ordered_cursor.ts";
import {
  HEIGHT_MAX,
  INNER_ROOM,
  LEAF_ROOM,
  OrderedNodes,
  Path,
  type RecordOrder,
} from "./ordered_nodes.ts";
import { UNIT_BYTES } from "./size_classes.ts";

const ROOT = 0;
const HEIGHT = 1;
const COUNT = 2;
const NODE_UNITS = 3;
const HEADER_BYTES = 16;

/** A sibling takes entries of a full leaf if it has room for so many. */
const SHARE_MIN = 6;
/** It takes no more: the leaf's other sibling may be small. */
const SHARE_MAX = LEAF_ROOM >>> 1;
/** Siblings are merged if they have no more entries together. */
const LEAF_MERGE_MAX = Math.floor(LEAF_ROOM * 3 / 4);
const INNER_MERGE_MAX = Math.floor(INNER_ROOM * 3 / 4);

// A leaf that is the root grows in steps, each of which fills a size class of the heap.
const ROOT_LEAF_ROOM_FIRST = 4;
const ROOT_LEAF_ROOM_SECOND = 10;
const ROOT_LEAF_ROOM_THIRD = 20;

/**
 * All ordered indexes of a kind.
 *
 * @example
 * ```ts
 * const index = new OrderedIndex(heap, { compareTies: (a, b) => compareMembers(a, b) });
 * const tree = index.create();
 * index.insert(tree, 1.5, record);
 * index.rank(tree, 1.5, record); // 0
 * ```
 */
export class OrderedIndex {
  readonly #heap: Heap;
  readonly #nodes: OrderedNodes;
  /** Where the operation under way is. */
  readonly #path = new Path();
  /** Nodes allocated ahead of a split, by level. */
  readonly #spares = new Uint32Array(HEIGHT_MAX);

  constructor(heap: Heap, order: RecordOrder) {
    this.#heap = heap;
    this.#nodes = new OrderedNodes(heap, order);
  }

  /**
   * Makes a tree without records.
   *
   * @throws {HeapFullError}
   */
  create(): number {
    const tree = this.#heap.allocate(HEADER_BYTES);
    for (let field = 0; field <= NODE_UNITS; field++) this.#set(tree, field, 0);
    return tree;
  }

  /** Frees a tree without records: `drain` it first. */
  release(tree: number): void {
    invariant(this.count(tree) === 0, "a tree is drained before it is released");
    this.#heap.free(tree);
  }

  /** The number of records. */
  count(tree: number): number {
    return this.#get(tree, COUNT);
  }

  /** Bytes of the tree itself, without records. */
  bytes(tree: number): number {
    return this.#heap.capacity(tree) + this.#get(tree, NODE_UNITS) * UNIT_BYTES;
  }

  /**
   * Adds a record, which must not be in the tree with this score.
   *
   * @throws {HeapFullError} if there is no memory for it; nothing has changed then.
   */
  insert(tree: number, score: number, record: number): void {
    const { nodes, slots } = this.#path;
    if (this.count(tree) === 0) this.#plant(tree);
    else {
      this.#descend(tree, score, record, record);
      if (this.#nodes.isFull(nodes[0])) this.#makeRoom(tree, score, record);
    }
    this.#nodes.open(nodes[0], slots[0], 1);
    this.#nodes.setEntry(nodes[0], slots[0], score, record);
    this.#addToCounts(tree, 1);
  }

  /** Takes a record out, if it is in the tree with this score. It is not freed. */
  remove(tree: number, score: number, record: number): boolean {
    if (!this.#find(tree, score, record)) return false;
    this.#cut(tree, 1);
    return true;
  }

  /** Takes the record of a rank out and returns it. It is not freed. */
  removeAt(tree: number, rank: number): number {
    this.locate(tree, rank, this.#path);
    const record = this.#nodes.record(this.#path.nodes[0], this.#path.slots[0]);
    this.#cut(tree, 1);
    return record;
  }

  /**
   * Takes `length` records from a rank on out. `visit` hears of each in order while it is still there; it
   * may free the record, and must not use this tree.
   */
  removeRange(
    tree: number,
    rank: number,
    length: number,
    visit: ((record: number, score: number) => void) | null,
  ): void {
    while (length > 0) {
      this.locate(tree, rank, this.#path);
      const leaf = this.#path.nodes[0];
      const slot = this.#path.slots[0];
      const part = Math.min(length, this.#nodes.count(leaf) - slot);
      if (visit !== null) {
        for (let i = slot; i < slot + part; i++) {
          visit(this.#nodes.record(leaf, i), this.#nodes.score(leaf, i));
        }
        // the visitor may have used other trees
        this.locate(tree, rank, this.#path);
      }
      this.#cut(tree, part);
      length -= part;
    }
  }

  /**
   * Takes at most so many records out, from the end, so that a large tree can be freed in slices.
   * Returns whether there are none left, and no nodes.
   */
  drain(
    tree: number,
    recordsMax: number,
    visit: ((record: number, score: number) => void) | null = null,
  ): boolean {
    const count = this.count(tree);
    const length = Math.min(count, recordsMax);
    this.removeRange(tree, count - length, length, visit);
    return length === count;
  }

  /**
   * Gives a record of the tree another score; where it is if its neighbours allow that.
   *
   * @throws {HeapFullError} if there is no memory for it; nothing has changed then.
   */
  move(tree: number, oldScore: number, newScore: number, record: number): void {
    if (oldScore === newScore) return;
    const found = this.#find(tree, oldScore, record);
    invariant(found, "a record that moves is in the tree");
    if (this.#mayStay(tree, newScore, record)) {
      const leaf = this.#path.nodes[0];
      const slot = this.#path.slots[0];
      this.#nodes.setEntry(leaf, slot, newScore, record);
      if (slot === 0) this.#setSeparatorAbove(tree, 0, leaf);
      return;
    }
    this.insert(tree, newScore, record);
    this.remove(tree, oldScore, record);
  }

  /** The owner has moved a record, whose order is the same, to another block. The old may be freed. */
  relocate(tree: number, score: number, oldRecord: number, newRecord: number): void {
    this.#descend(tree, score, newRecord, oldRecord);
    const leaf = this.#path.nodes[0];
    const slot = this.#path.slots[0];
    invariant(this.#isEntry(leaf, slot, score, oldRecord), "a relocated record is in the tree");
    this.#nodes.setEntry(leaf, slot, score, newRecord);
    if (slot === 0) this.#setSeparatorAbove(tree, 0, leaf);
  }

  /** How many records come before this one, whether or not it is in the tree. */
  rank(tree: number, score: number, record: number): number {
    const all = this.#nodes;
    let rank = 0;
    let node = this.#get(tree, ROOT);
    if (node === 0) return 0;
    for (let level = this.#get(tree, HEIGHT) - 1; level > 0; level--) {
      const slot = all.search(node, 1, score, record, record, true) - 1;
      rank += all.belowFirst(node, slot);
      node = all.child(node, slot);
    }
    return rank + all.search(node, 0, score, record, record, false);
  }

  /** How many records have a lower score, or an equal one if `inclusive`. */
  rankOfScore(tree: number, score: number, inclusive: boolean): number {
    const all = this.#nodes;
    let rank = 0;
    let node = this.#get(tree, ROOT);
    if (node === 0) return 0;
    for (let level = this.#get(tree, HEIGHT) - 1; level > 0; level--) {
      const slot = all.searchScore(node, 1, score, inclusive) - 1;
      rank += all.belowFirst(node, slot);
      node = all.child(node, slot);
    }
    return rank + all.searchScore(node, 0, score, inclusive);
  }

  /** How many records a predicate holds for: it holds for none that comes after one it fails for. */
  rankWhere(tree: number, isBefore: (record: number) => boolean): number {
    const all = this.#nodes;
    let rank = 0;
    let node = this.#get(tree, ROOT);
    if (node === 0) return 0;
    for (let level = this.#get(tree, HEIGHT) - 1; level > 0; level--) {
      const slot = all.searchWhere(node, 1, isBefore) - 1;
      rank += all.belowFirst(node, slot);
      node = all.child(node, slot);
    }
    return rank + all.searchWhere(node, 0, isBefore);
  }

  /** The record of a rank, which is less than the count. */
  at(tree: number, rank: number): number {
    this.locate(tree, rank, this.#path);
    return this.#nodes.record(this.#path.nodes[0], this.#path.slots[0]);
  }

  /** The score of the record of a rank, which is less than the count. */
  scoreAt(tree: number, rank: number): number {
    this.locate(tree, rank, this.#path);
    return this.#nodes.score(this.#path.nodes[0], this.#path.slots[0]);
  }

  /** A cursor for trees of this kind, to be kept and used again. */
  cursor(): OrderedCursor {
    return new OrderedCursor(this, this.#nodes);
  }

  /** Leaves the path to the record of a rank; for cursors, which have a path of their own. */
  locate(tree: number, rank: number, path: Path): void {
    invariant(rank >= 0 && rank < this.count(tree), "a rank is less than the count");
    const all = this.#nodes;
    let node = this.#get(tree, ROOT);
    for (let level = this.#get(tree, HEIGHT) - 1; level > 0; level--) {
      let slot = 0;
      for (let below = all.below(node, 0); rank >= below; below = all.below(node, ++slot)) {
        rank -= below;
      }
      path.nodes[level] = node;
      path.slots[level] = slot;
      node = all.child(node, slot);
    }
    path.nodes[0] = node;
    path.slots[0] = rank;
  }

  #get(tree: number, field: number): number {
    return this.#heap.words[tree >>> SEGMENT_SHIFT][((tree & UNIT_MASK) << 1) + field];
  }

  #set(tree: number, field: number, value: number): void {
    this.#heap.words[tree >>> SEGMENT_SHIFT][((tree & UNIT_MASK) << 1) + field] = value;
  }

  /** Leaves the path to the first entry that is not before a record of that score. */
  #descend(tree: number, score: number, record: number, same: number): void {
    const all = this.#nodes;
    const { nodes, slots } = this.#path;
    let node = this.#get(tree, ROOT);
    for (let level = this.#get(tree, HEIGHT) - 1; level > 0; level--) {
      const slot = all.search(node, 1, score, record, same, true) - 1;
      nodes[level] = node;
      slots[level] = slot;
      node = all.child(node, slot);
    }
    nodes[0] = node;
    slots[0] = all.search(node, 0, score, record, same, false);
  }

  #isEntry(leaf: number, slot: number, score: number, record: number): boolean {
    return slot < this.#nodes.count(leaf) && this.#nodes.record(leaf, slot) === record &&
      this.#nodes.score(leaf, slot) === score;
  }

  /** Leaves the path to a record, if it is in the tree with this score. */
  #find(tree: number, score: number, record: number): boolean {
    if (this.count(tree) === 0) return false;
    this.#descend(tree, score, record, record);
    return this.#isEntry(this.#path.nodes[0], this.#path.slots[0], score, record);
  }

  /** Adds to the counts of records along the path. */
  #addToCounts(tree: number, difference: number): void {
    const { nodes, slots } = this.#path;
    const height = this.#get(tree, HEIGHT);
    for (let level = 1; level < height; level++) {
      this.#nodes.addBelow(nodes[level], slots[level], difference);
    }
    this.#set(tree, COUNT, this.count(tree) + difference);
  }

  /** Makes the first entry of a node on the path the separator that stands for it further up. */
  #setSeparatorAbove(tree: number, level: number, node: number): void {
    const { nodes, slots } = this.#path;
    const height = this.#get(tree, HEIGHT);
    for (let above = level + 1; above < height; above++) {
      if (slots[above] === 0) continue;
      const score = this.#nodes.score(node, 0);
      this.#nodes.setEntry(nodes[above], slots[above], score, this.#nodes.record(node, 0));
      return;
    }
  }

  /** Whether the entry on the path would be in order with another score. */
  #mayStay(tree: number, score: number, record: number): boolean {
    const all = this.#nodes;
    const { nodes, slots } = this.#path;
    const leaf = nodes[0];
    const slot = slots[0];
    if (score < all.score(leaf, slot)) {
      // the record before the first one of a leaf is too far away to look
      return slot > 0 && all.search(leaf, slot - 1, score, record, record, true) >= slot;
    }
    const height = this.#get(tree, HEIGHT);
    for (let level = 0; level < height; level++) {
      const next = slots[level] + 1;
      if (next === all.count(nodes[level])) continue;
      return all.search(nodes[level], next, score, record, record, false) === next;
    }
    return true;
  }

  #allocateNode(tree: number, leafRoom: number): number {
    const node = leafRoom > 0 ? this.#nodes.allocateLeaf(leafRoom) : this.#nodes.allocateInner();
    const units = this.#heap.capacity(node) / UNIT_BYTES;
    this.#set(tree, NODE_UNITS, this.#get(tree, NODE_UNITS) + units);
    return node;
  }

  #freeNode(tree: number, node: number): void {
    const units = this.#heap.capacity(node) / UNIT_BYTES;
    this.#set(tree, NODE_UNITS, this.#get(tree, NODE_UNITS) - units);
    this.#heap.free(node);
  }

  /** Gives an empty tree its first leaf. */
  #plant(tree: number): void {
    const leaf = this.#allocateNode(tree, ROOT_LEAF_ROOM_FIRST);
    this.#set(tree, ROOT, leaf);
    this.#set(tree, HEIGHT, 1);
    this.#path.nodes[0] = leaf;
    this.#path.slots[0] = 0;
  }

  /** Makes room in the full leaf on the path for a record there; the path then leads to that room. */
  #makeRoom(tree: number, score: number, record: number): void {
    if (this.#nodes.room(this.#path.nodes[0]) < LEAF_ROOM) return this.#growRootLeaf(tree);
    if (this.#get(tree, HEIGHT) > 1 && (this.#shareWithLeft() || this.#shareWithRight())) return;
    this.#splitPath(tree, score, record);
  }

  #growRootLeaf(tree: number): void {
    const leaf = this.#path.nodes[0];
    const count = this.#nodes.count(leaf);
    let room = LEAF_ROOM;
    if (count < ROOT_LEAF_ROOM_SECOND) room = ROOT_LEAF_ROOM_SECOND;
    else if (count < ROOT_LEAF_ROOM_THIRD) room = ROOT_LEAF_ROOM_THIRD;
    const grown = this.#allocateNode(tree, room);
    this.#nodes.move(leaf, 0, count, grown, 0);
    this.#freeNode(tree, leaf);
    this.#set(tree, ROOT, grown);
    this.#path.nodes[0] = grown;
  }

  /** Moves entries of the full leaf on the path to the sibling before it, if that has some room. */
  #shareWithLeft(): boolean {
    const all = this.#nodes;
    const { nodes, slots } = this.#path;
    const leaf = nodes[0];
    const parent = nodes[1];
    const slot = slots[0];
    const at = slots[1];
    if (at === 0) return false;
    const leftCount = all.below(parent, at - 1);
    const spare = LEAF_ROOM - leftCount;
    if (spare < SHARE_MIN) return false;
    // what comes in ascending order leaves full nodes behind
    const length = slot === LEAF_ROOM ? Math.min(spare, SHARE_MAX) : spare >>> 1;
    const left = all.child(parent, at - 1);
    all.move(leaf, 0, length, left, leftCount);
    all.addBelow(parent, at - 1, length);
    all.addBelow(parent, at, -length);
    all.setEntry(parent, at, all.score(leaf, 0), all.record(leaf, 0));
    if (slot > length) {
      slots[0] = slot - length;
    } else {
      nodes[0] = left;
      slots[0] = leftCount + slot;
      slots[1] = at - 1;
    }
    return true;
  }

  /** Moves entries of the full leaf on the path to the sibling after it, if that has some room. */
  #shareWithRight(): boolean {
    const all = this.#nodes;
    const { nodes, slots } = this.#path;
    const leaf = nodes[0];
    const parent = nodes[1];
    const slot = slots[0];
    const at = slots[1];
    if (at + 1 === all.count(parent)) return false;
    const spare = LEAF_ROOM - all.below(parent, at + 1);
    if (spare < SHARE_MIN) return false;
    const length = slot === 0 ? Math.min(spare, SHARE_MAX) : spare >>> 1;
    const kept = LEAF_ROOM - length;
    const right = all.child(parent, at + 1);
    all.move(leaf, kept, length, right, 0);
    all.addBelow(parent, at, -length);
    all.addBelow(parent, at + 1, length);
    all.setEntry(parent, at + 1, all.score(right, 0), all.record(right, 0));
    if (slot > kept) {
      nodes[0] = right;
      slots[0] = slot - kept;
      slots[1] = at + 1;
    }
    return true;
  }

  /** Splits the leaf on the path, and before it the nodes above it that are full. */
  #splitPath(tree: number, score: number, record: number): void {
    const { nodes, slots } = this.#path;
    const height = this.#get(tree, HEIGHT);
    let levels = 1;
    while (levels < height && this.#nodes.isFull(nodes[levels])) levels++;
    this.#reserve(tree, levels === height ? levels + 1 : levels);
    let atStart = slots[0] === 0;
    let atEnd = slots[0] === LEAF_ROOM;
    for (let level = 1; level < height; level++) {
      if (slots[level] !== 0) atStart = false;
      if (slots[level] + 1 !== this.#nodes.count(nodes[level])) atEnd = false;
    }
    if (levels === height) this.#raiseRoot(tree);
    for (let level = levels - 1; level > 0; level--) {
      // At an edge the child that is about to be split goes alone.
      const point = atEnd ? INNER_ROOM - 1 : atStart ? 1 : INNER_ROOM >>> 1;
      this.#splitNode(level, point, slots[level] >= point, score, record);
    }
    const point = atEnd ? LEAF_ROOM : atStart ? 0 : LEAF_ROOM >>> 1;
    this.#splitNode(0, point, atEnd || slots[0] > point, score, record);
  }

  /** Allocates a leaf and inner nodes, together as many as are asked for, or nothing. */
  #reserve(tree: number, count: number): void {
    let level = 0;
    try {
      for (; level < count; level++) {
        this.#spares[level] = this.#allocateNode(tree, level === 0 ? LEAF_ROOM : 0);
      }
    } catch (error) {
      while (level > 0) this.#freeNode(tree, this.#spares[--level]);
      throw error;
    }
  }

  /** Puts a new root above the full one. */
  #raiseRoot(tree: number): void {
    const { nodes, slots } = this.#path;
    const height = this.#get(tree, HEIGHT);
    invariant(height < HEIGHT_MAX, "a tree stays flat");
    const root = this.#spares[height];
    this.#nodes.open(root, 0, 1);
    this.#nodes.setEntry(root, 0, 0, 0);
    this.#nodes.setChild(root, 0, nodes[height - 1], this.count(tree));
    nodes[height] = root;
    slots[height] = 0;
    this.#set(tree, ROOT, root);
    this.#set(tree, HEIGHT, height + 1);
  }

  /**
   * Moves the entries of a node from `point` on to a new node after it; the path follows if `follow`. A
   * new node without entries will have the given record as its first.
   */
  #splitNode(level: number, point: number, follow: boolean, score: number, record: number): void {
    const all = this.#nodes;
    const { nodes, slots } = this.#path;
    const node = nodes[level];
    const parent = nodes[level + 1];
    const at = slots[level + 1] + 1;
    const right = this.#spares[level];
    const length = all.count(node) - point;
    all.move(node, point, length, right, 0);
    const below = all.records(right);
    all.open(parent, at, 1);
    all.setChild(parent, at, right, below);
    all.addBelow(parent, at - 1, -below);
    if (length === 0) all.setEntry(parent, at, score, record);
    else all.setEntry(parent, at, all.score(right, 0), all.record(right, 0));
    if (!follow) return;
    nodes[level] = right;
    slots[level] -= point;
    slots[level + 1] = at;
  }

  /** Takes so many entries of one leaf, from where the path leads, out of the tree. */
  #cut(tree: number, length: number): void {
    const { nodes, slots } = this.#path;
    this.#nodes.close(nodes[0], slots[0], length);
    this.#addToCounts(tree, -length);
    if (slots[0] === 0 && this.#nodes.count(nodes[0]) > 0) {
      this.#setSeparatorAbove(tree, 0, nodes[0]);
    }
    const below = this.#get(tree, HEIGHT) - 1;
    let level = 0;
    while (level < below && (this.#unlinkEmpty(tree, level) || this.#merge(tree, level))) level++;
    if (level === below) this.#lowerRoot(tree);
  }

  /** Takes the node on the path out of its parent if it has no entries. */
  #unlinkEmpty(tree: number, level: number): boolean {
    const { nodes, slots } = this.#path;
    if (this.#nodes.count(nodes[level]) > 0) return false;
    const parent = nodes[level + 1];
    const at = slots[level + 1];
    this.#freeNode(tree, nodes[level]);
    this.#nodes.close(parent, at, 1);
    if (at > 0) this.#joinIfSmall(tree, parent, at - 1, level);
    else if (this.#nodes.count(parent) > 0) this.#setSeparatorAbove(tree, level + 1, parent);
    return true;
  }

  /** Merges the node on the path with its siblings if they are small enough. */
  #merge(tree: number, level: number): boolean {
    const parent = this.#path.nodes[level + 1];
    const at = this.#path.slots[level + 1];
    const withLeft = at > 0 && this.#joinIfSmall(tree, parent, at - 1, level);
    const withRight = this.#joinIfSmall(tree, parent, withLeft ? at - 1 : at, level);
    return withLeft || withRight;
  }

  /** Merges the children at a slot and after it, if there are two and they are small enough. */
  #joinIfSmall(tree: number, parent: number, slot: number, level: number): boolean {
    if (slot + 1 >= this.#nodes.count(parent)) return false;
    const max = level === 0 ? LEAF_MERGE_MAX : INNER_MERGE_MAX;
    const entries = this.#entries(parent, slot, level) + this.#entries(parent, slot + 1, level);
    if (entries > max) return false;
    const left = this.#nodes.child(parent, slot);
    const seam = this.#nodes.count(left) - 1;
    this.#join(tree, parent, slot);
    // the last child of the one and the first of the other are siblings now
    if (level > 0) this.#joinIfSmall(tree, left, seam, level - 1);
    return true;
  }

  /** Entries of a child; a leaf's are known without a look at it. */
  #entries(parent: number, slot: number, level: number): number {
    if (level === 0) return this.#nodes.below(parent, slot);
    return this.#nodes.count(this.#nodes.child(parent, slot));
  }

  /** Moves all entries of the child after a slot into the child there. */
  #join(tree: number, parent: number, slot: number): void {
    const all = this.#nodes;
    const left = all.child(parent, slot);
    const right = all.child(parent, slot + 1);
    // the first entry of an inner node gets the separator that it needs now
    all.setEntry(right, 0, all.score(parent, slot + 1), all.record(parent, slot + 1));
    all.move(right, 0, all.count(right), left, all.count(left));
    all.addBelow(parent, slot, all.below(parent, slot + 1));
    all.close(parent, slot + 1, 1);
    this.#freeNode(tree, right);
  }

  /** Takes roots away that have no entry, or one child only. */
  #lowerRoot(tree: number): void {
    let root = this.#get(tree, ROOT);
    let height = this.#get(tree, HEIGHT);
    while (height > 0) {
      const count = this.#nodes.count(root);
      if (count > 1 || (count === 1 && height === 1)) break;
      const child = count === 0 ? 0 : this.#nodes.child(root, 0);
      this.#freeNode(tree, root);
      root = child;
      height = count === 0 ? 0 : height - 1;
    }
    this.#set(tree, ROOT, root);
    this.#set(tree, HEIGHT, height);
  }

  /** Walks a tree and asserts that it is in order; for tests. */
  checkInvariants(tree: number): void {
    const height = this.#get(tree, HEIGHT);
    const root = this.#get(tree, ROOT);
    const walk = { last: 0, lastScore: -Infinity, units: 0, count: 0 };
    const visit = (node: number, level: number, score: number, record: number): void => {
      const all = this.#nodes;
      const count = all.count(node);
      walk.units += this.#heap.capacity(node) / UNIT_BYTES;
      invariant(count > 0 && count <= all.room(node), "a node has entries, and room for them");
      if (level === 0) {
        const first = record === 0 || this.#isEntry(node, 0, score, record);
        invariant(first, "a separator is the first record below its child");
        for (let slot = 0; slot < count; slot++) {
          const next = all.search(node, slot, walk.lastScore, walk.last, walk.last, true);
          invariant(walk.last === 0 || next === slot, "records are in order");
          walk.last = all.record(node, slot);
          walk.lastScore = all.score(node, slot);
        }
        walk.count += count;
        return;
      }
      const half = (level === 1 ? LEAF_ROOM : INNER_ROOM) / 2;
      for (let slot = 0; slot < count; slot++) {
        const entries = this.#entries(node, slot, level - 1);
        const pair = slot === 0 ? Infinity : entries + this.#entries(node, slot - 1, level - 1);
        invariant(pair > half, "siblings are not both small");
        const before = walk.count;
        if (slot === 0) visit(all.child(node, 0), level - 1, score, record);
        else visit(all.child(node, slot), level - 1, all.score(node, slot), all.record(node, slot));
        invariant(walk.count - before === all.below(node, slot), "records below are counted");
      }
    };
    invariant((root === 0) === (height === 0), "a tree without records has no nodes");
    if (root !== 0) visit(root, height - 1, 0, 0);
    invariant(height < 2 || this.#nodes.count(root) > 1, "the root is needed");
    invariant(walk.count === this.count(tree), "the records are counted");
    invariant(walk.units === this.#get(tree, NODE_UNITS), "the nodes' memory is counted");
  }
}
