/**
 * Consumer groups of streams: who reads, and what was delivered but not acknowledged yet.
 *
 * A stream's groups are in a tree by name; so are a group's consumers. Each pending entry is one block
 * in two trees by ID, its group's and its consumer's:
 *
 *     group      word 0  length of the name      consumer   word 0  length of the name
 *                word 1  tree of pending                    word 1  tree of pending
 *                word 2  tree of consumers                  byte 8  last tried to read, ms, f64
 *                word 4  last ID delivered                  byte 16 last got an entry, f64, -1 for never
 *                word 8  entries read, i64                  byte 24 name
 *                byte 40 name
 *
 *     pending    word 0  ID
 *                byte 16 delivered last, ms, f64
 *                word 6  consumer
 *                word 7  deliveries, i64
 *
 * "Entries read" is how many entries of the stream, ever, come up to the last ID delivered: -1 if
 * nobody knows.
 */
import { copyBytes } from "../memory/bytes.ts";
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "../memory/heap.ts";
import type { OrderedCursor } from "../memory/ordered_cursor.ts";
import type { Reclaimer } from "../memory/reclaimer.ts";
import type { Int64 } from "../resp/numbers.ts";
import { FrozenGroups } from "./frozen_groups.ts";
import { addWrapping, highWord, int64OfWords, lowWord } from "./int64_words.ts";
import { Slice } from "./slice.ts";
import { StreamId } from "./stream_id.ts";
import { type StreamIdIndex, StreamNameIndex } from "./stream_index.ts";

const pendingTreeWord = 1;

const consumersWord = 2;
const lastIdWord = 4;
const entriesReadWord = 8;
const groupNameOffset = 40;

const seenUnit = 1;
const activeUnit = 2;
const consumerNameOffset = 24;

const deliveredUnit = 2;
const consumerWord = 6;
const deliveriesWord = 7;
const pendingBytes = 36;

/** A group whose entries read nobody knows. */
export const entriesReadUnknown = -1;

/** So many blocks are freed at once, without the detour of the `Reclaimer`. */
const freedAtOnceMax = 64;

export class StreamGroups {
  readonly frozen: FrozenGroups = new FrozenGroups();
  readonly #heap: Heap;
  readonly #pending: StreamIdIndex;
  readonly #groups: StreamNameIndex;
  readonly #consumers: StreamNameIndex;
  readonly #reclaimer: Reclaimer;
  readonly #id = new StreamId();
  readonly #name = new Slice();

  constructor(heap: Heap, pending: StreamIdIndex, reclaimer: Reclaimer) {
    this.#heap = heap;
    this.#pending = pending;
    this.#groups = new StreamNameIndex(heap, groupNameOffset);
    this.#consumers = new StreamNameIndex(heap, consumerNameOffset);
    this.#reclaimer = reclaimer;
  }

  /** A tree for the groups of a stream. */
  createTree(): number {
    return this.#groups.trees.create();
  }

  /** A tree with a copy of each group. */
  copyTree(tree: number): number {
    const copy = this.createTree();
    try {
      for (let rank = 0; rank < this.count(tree); rank++) {
        this.#copyGroup(this.at(tree, rank), copy);
      }
    } catch (error) {
      this.freeSome(copy, Infinity);
      throw error;
    }
    return copy;
  }

  /** Frees up to about `stepsMax` blocks of a tree; whether all are gone, and the tree too. */
  freeSome(tree: number, stepsMax: number): boolean {
    let left = stepsMax;
    while (this.count(tree) > 0) {
      const group = this.at(tree, 0);
      left -= this.pendingCount(group) + this.consumerCount(group) + 1;
      if (!this.#freeGroup(group, stepsMax)) return false;
      this.#groups.remove(tree, group);
      this.#heap.free(group);
      if (left <= 0) return false;
    }
    this.#groups.trees.release(tree);
    return true;
  }

  /** Bytes of a tree with all that is in it. */
  treeBytes(tree: number): number {
    const { trees: groups } = this.#groups;
    const { trees: consumers } = this.#consumers;
    const { trees: pending } = this.#pending;
    let bytes = groups.bytes(tree);
    for (let i = 0; i < this.count(tree); i++) {
      const group = this.at(tree, i);
      const pendingCount = this.pendingCount(group);
      bytes += this.#heap.capacity(group) + pending.bytes(this.pendingTree(group)) +
        consumers.bytes(this.#get(group, consumersWord));
      if (pendingCount > 0) {
        bytes += pendingCount * this.#heap.capacity(pending.at(this.pendingTree(group), 0));
      }
      for (let k = 0; k < this.consumerCount(group); k++) {
        const consumer = this.consumerAt(group, k);
        bytes += this.#heap.capacity(consumer) + pending.bytes(this.pendingTree(consumer));
      }
    }
    return bytes;
  }

  /** The number of groups in a tree. */
  count(tree: number): number {
    return this.#groups.trees.count(tree);
  }

  /** The group of a rank by name. */
  at(tree: number, rank: number): number {
    return this.#groups.trees.at(tree, rank);
  }

  /** The group with this name, or 0. */
  find(tree: number, buffer: Uint8Array, start: number, end: number): number {
    return tree === 0 ? 0 : this.#groups.find(tree, buffer, start, end);
  }

  /**
   * Adds a group, whose name none has.
   *
   * @throws {HeapFullError}
   */
  create(tree: number, buffer: Uint8Array, start: number, end: number, lastId: StreamId): number {
    const group = this.#createNamed(groupNameOffset, buffer, start, end);
    this.#set(group, consumersWord, 0);
    this.setLastId(group, lastId);
    this.setEntriesRead(group, entriesReadUnknown);
    try {
      this.#set(group, consumersWord, this.#consumers.trees.create());
      this.#groups.insert(tree, group);
    } catch (error) {
      const consumers = this.#get(group, consumersWord);
      if (consumers !== 0) this.#consumers.trees.release(consumers);
      this.#freeNamed(group);
      throw error;
    }
    return group;
  }

  /** Removes a group with all that is in it. */
  destroy(tree: number, group: number): void {
    this.#groups.remove(tree, group);
    const freeSome = (stepsMax: number) => {
      if (!this.#freeGroup(group, stepsMax)) return false;
      this.#heap.free(group);
      return true;
    };
    if (!freeSome(freedAtOnceMax)) this.#reclaimer.later(freeSome);
  }

  locateName(group: number, slice: Slice): void {
    this.#groups.locateName(group, slice);
  }

  loadLastId(group: number, id: StreamId): StreamId {
    return id.load(this.#words(group), this.#at(group) + lastIdWord);
  }

  setLastId(group: number, id: StreamId): void {
    id.store(this.#words(group), this.#at(group) + lastIdWord);
  }

  /** How many entries of the stream come up to the last ID delivered, or `entriesReadUnknown`. */
  entriesRead(group: number): Int64 {
    return this.#int64(group, entriesReadWord);
  }

  setEntriesRead(group: number, entriesRead: Int64): void {
    this.#setInt64(group, entriesReadWord, entriesRead);
  }

  consumerCount(group: number): number {
    return this.#consumers.trees.count(this.#get(group, consumersWord));
  }

  /** The consumer of a rank by name. */
  consumerAt(group: number, rank: number): number {
    return this.#consumers.trees.at(this.#get(group, consumersWord), rank);
  }

  /** The consumer with this name, or 0. */
  findConsumer(group: number, buffer: Uint8Array, start: number, end: number): number {
    return this.#consumers.find(this.#get(group, consumersWord), buffer, start, end);
  }

  /**
   * Adds a consumer, whose name none has.
   *
   * @throws {HeapFullError}
   */
  createConsumer(
    group: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    nowMs: number,
  ): number {
    const consumer = this.#createNamed(consumerNameOffset, buffer, start, end);
    this.setSeenMs(consumer, nowMs);
    this.setActiveMs(consumer, -1);
    try {
      this.#consumers.insert(this.#get(group, consumersWord), consumer);
    } catch (error) {
      this.#freeNamed(consumer);
      throw error;
    }
    return consumer;
  }

  /** Removes a consumer with its pending entries. */
  removeConsumer(group: number, consumer: number): void {
    const tree = this.pendingTree(consumer);
    const groupTree = this.pendingTree(group);
    const { trees } = this.#pending;
    while (trees.count(tree) > 0) {
      const pending = trees.removeAt(tree, trees.count(tree) - 1);
      this.#willChange(pending);
      this.#pending.remove(groupTree, pending);
      this.#heap.free(pending);
    }
    this.#consumers.remove(this.#get(group, consumersWord), consumer);
    this.#freeConsumer(consumer);
  }

  locateConsumerName(consumer: number, slice: Slice): void {
    this.#consumers.locateName(consumer, slice);
  }

  /** When a consumer last tried to read or claim. */
  seenMs(consumer: number): number {
    return this.#double(consumer, seenUnit);
  }

  setSeenMs(consumer: number, ms: number): void {
    this.#setDouble(consumer, seenUnit, ms);
  }

  /** When a consumer last got an entry, -1 for never. */
  activeMs(consumer: number): number {
    return this.#double(consumer, activeUnit);
  }

  setActiveMs(consumer: number, ms: number): void {
    this.#setDouble(consumer, activeUnit, ms);
  }

  /** The pending entries of a group or a consumer, for `pendingCursor`. */
  pendingTree(owner: number): number {
    return this.#get(owner, pendingTreeWord);
  }

  pendingCount(owner: number): number {
    return this.#pending.trees.count(this.pendingTree(owner));
  }

  /** How many pending entries of a group or a consumer have an ID before `id`. */
  pendingRank(owner: number, id: StreamId): number {
    return this.#pending.rank(this.pendingTree(owner), id);
  }

  /** A walk over pending entries, to be kept and used again. */
  pendingCursor(): OrderedCursor {
    return this.#pending.cursor();
  }

  /** The pending entry of a group with this ID, or 0. */
  findPending(group: number, id: StreamId): number {
    return this.#pending.find(this.pendingTree(group), id);
  }

  /**
   * Adds a pending entry, which the group has none of with this ID.
   *
   * @throws {HeapFullError}
   */
  addPending(group: number, consumer: number, id: StreamId, nowMs: number): number {
    const pending = this.addOrphan(group, id, nowMs, 1);
    try {
      this.own(pending, consumer);
    } catch (error) {
      this.#pending.remove(this.pendingTree(group), pending);
      this.#heap.free(pending);
      throw error;
    }
    return pending;
  }

  /**
   * As `addPending`, where the consumer is not known yet: `own` follows, before anybody else sees it.
   *
   * @throws {HeapFullError}
   */
  addOrphan(group: number, id: StreamId, deliveredMs: number, deliveries: Int64): number {
    const pending = this.#heap.allocate(pendingBytes);
    id.store(this.#words(pending), this.#at(pending));
    this.#setDouble(pending, deliveredUnit, deliveredMs);
    this.#setInt64(pending, deliveriesWord, deliveries);
    this.#set(pending, consumerWord, 0);
    try {
      this.#pending.insert(this.pendingTree(group), pending);
    } catch (error) {
      this.#heap.free(pending);
      throw error;
    }
    if (this.frozen.count > 0) this.frozen.added(group, pending);
    return pending;
  }

  /** Gives an orphan to a consumer. */
  own(pending: number, consumer: number): void {
    this.#pending.insert(this.pendingTree(consumer), pending);
    this.#set(pending, consumerWord, consumer);
  }

  /** Removes a pending entry from its group and its consumer. */
  removePending(group: number, pending: number): void {
    this.#willChange(pending);
    this.#pending.remove(this.pendingTree(group), pending);
    this.#pending.remove(this.pendingTree(this.consumerOf(pending)), pending);
    this.#heap.free(pending);
  }

  /** Makes a pending entry another consumer's, if it isn't already. */
  assign(pending: number, consumer: number): void {
    const owner = this.consumerOf(pending);
    if (owner === consumer) return;
    this.#willChange(pending);
    this.#pending.insert(this.pendingTree(consumer), pending);
    this.#pending.remove(this.pendingTree(owner), pending);
    this.#set(pending, consumerWord, consumer);
  }

  loadPendingId(pending: number, id: StreamId): StreamId {
    return id.load(this.#words(pending), this.#at(pending));
  }

  /** The consumer that a pending entry was delivered to, 0 for an orphan. */
  consumerOf(pending: number): number {
    return this.#get(pending, consumerWord);
  }

  deliveredMs(pending: number): number {
    return this.#double(pending, deliveredUnit);
  }

  setDeliveredMs(pending: number, ms: number): void {
    this.#willChange(pending);
    this.#setDouble(pending, deliveredUnit, ms);
  }

  deliveries(pending: number): Int64 {
    return this.#int64(pending, deliveriesWord);
  }

  setDeliveries(pending: number, deliveries: Int64): void {
    this.#willChange(pending);
    this.#setInt64(pending, deliveriesWord, deliveries);
  }

  countDelivery(pending: number): void {
    this.setDeliveries(pending, addWrapping(this.deliveries(pending), 1));
  }

  /** Frees up to about `stepsMax` blocks of what is in a group; whether nothing is left but the group. */
  #freeGroup(group: number, stepsMax: number): boolean {
    const { trees } = this.#pending;
    const consumers = this.#get(group, consumersWord);
    let left = stepsMax;
    while (this.#consumers.trees.count(consumers) > 0) {
      if (left-- <= 0) return false;
      const consumer = this.#consumers.trees.at(consumers, 0);
      // their blocks are the group's too: who reads them is told while all of them are there
      const announce = (pending: number) => this.#willChange(pending);
      if (!trees.drain(this.pendingTree(consumer), stepsMax, announce)) return false;
      this.#consumers.remove(consumers, consumer);
      this.#freeConsumer(consumer);
    }
    const tree = this.pendingTree(group);
    if (!trees.drain(tree, stepsMax, (pending) => this.#heap.free(pending))) return false;
    this.#consumers.trees.release(consumers);
    trees.release(tree);
    this.frozen.thaw(group);
    return true;
  }

  #freeConsumer(consumer: number): void {
    this.frozen.thaw(consumer);
    this.#freeNamed(consumer);
  }

  /** Says that a pending entry, which a consumer has, is about to change or to go. */
  #willChange(pending: number): void {
    if (this.frozen.count > 0) this.frozen.beforeChange(this.consumerOf(pending), pending);
  }

  #copyGroup(group: number, tree: number): void {
    const { buffer, start, end } = this.#located(group, this.#groups);
    const copy = this.create(tree, buffer, start, end, this.loadLastId(group, this.#id));
    this.setEntriesRead(copy, this.entriesRead(group));
    for (let rank = 0; rank < this.consumerCount(group); rank++) {
      const consumer = this.consumerAt(group, rank);
      const name = this.#located(consumer, this.#consumers);
      const seenMs = this.seenMs(consumer);
      const made = this.createConsumer(copy, name.buffer, name.start, name.end, seenMs);
      this.setActiveMs(made, this.activeMs(consumer));
      this.#copyPending(consumer, copy, made);
    }
  }

  #copyPending(consumer: number, group: number, made: number): void {
    const tree = this.pendingTree(consumer);
    const count = this.pendingCount(consumer);
    for (let rank = 0; rank < count; rank++) {
      const pending = this.#pending.trees.at(tree, rank);
      const id = this.loadPendingId(pending, this.#id);
      const copy = this.addPending(group, made, id, this.deliveredMs(pending));
      this.setDeliveries(copy, this.deliveries(pending));
    }
  }

  #located(block: number, index: StreamNameIndex): Slice {
    index.locateName(block, this.#name);
    return this.#name;
  }

  /** A block with a name and a tree of pending entries. */
  #createNamed(nameOffset: number, buffer: Uint8Array, start: number, end: number): number {
    const heap = this.#heap;
    const block = heap.allocate(nameOffset + end - start);
    try {
      this.#set(block, pendingTreeWord, this.#pending.trees.create());
    } catch (error) {
      heap.free(block);
      throw error;
    }
    this.#set(block, 0, end - start);
    const bytes = heap.bytes[block >>> SEGMENT_SHIFT];
    copyBytes(buffer, start, bytes, ((block & UNIT_MASK) << 3) + nameOffset, end - start);
    return block;
  }

  #freeNamed(block: number): void {
    this.#pending.trees.release(this.pendingTree(block));
    this.#heap.free(block);
  }

  #words(block: number): Uint32Array {
    return this.#heap.words[block >>> SEGMENT_SHIFT];
  }

  #at(block: number): number {
    return (block & UNIT_MASK) << 1;
  }

  #get(block: number, word: number): number {
    return this.#words(block)[this.#at(block) + word];
  }

  #set(block: number, word: number, value: number): void {
    this.#words(block)[this.#at(block) + word] = value;
  }

  #int64(block: number, word: number): Int64 {
    return int64OfWords(this.#get(block, word) | 0, this.#get(block, word + 1) | 0);
  }

  #setInt64(block: number, word: number, value: Int64): void {
    this.#set(block, word, lowWord(value));
    this.#set(block, word + 1, highWord(value));
  }

  #double(block: number, unit: number): number {
    return this.#heap.doubles[block >>> SEGMENT_SHIFT][(block & UNIT_MASK) + unit];
  }

  #setDouble(block: number, unit: number, value: number): void {
    this.#heap.doubles[block >>> SEGMENT_SHIFT][(block & UNIT_MASK) + unit] = value;
  }
}
