/**
 * Streams: entries of fields and values, each with an ID higher than all before it.
 *
 * Entries are packed into nodes, listpacks in exactly the layout of Redis, so that dumps and files take
 * them as they are, and trimming by whole nodes (`~`) removes the same entries:
 *
 *     node:    ID of the first entry (16 bytes) | listpack
 *     head:    entries | deleted entries | n | field 1 … field n | 0
 *     entry:   flags | ms | sequence | [n | field 1 | value 1 | …]  | elements of the entry
 *              flags | ms | sequence | value 1 … value n            | elements of the entry
 *
 * Milliseconds and sequence are differences to the node's ID. An entry with the fields of the head has
 * its values only. A deleted entry is marked, and goes with its node when no other is left in it.
 *
 * The record's root is a block:
 *
 *     word 0     the tree of nodes, by ID
 *     word 1     the last node, 0 if there is none
 *     word 2     entries
 *     word 3     the tree of consumer groups, 0 until there was one (`stream_groups.ts`)
 *     word 4     last ID given
 *     word 8     ID of the first entry, 0-0 if there is none
 *     word 12    highest ID deleted by XDEL
 *     word 16    entries ever added, 64 bits
 */
import { type Heap, HeapFullError, SEGMENT_SHIFT, UNIT_MASK } from "../memory/heap.ts";
import type { OrderedCursor } from "../memory/ordered_cursor.ts";
import type { Reclaimer } from "../memory/reclaimer.ts";
import type { Arguments } from "../resp/arguments.ts";
import type { Int64 } from "../resp/numbers.ts";
import { highWord, int64OfWords, lowWord } from "./int64_words.ts";
import type { ValueLimits } from "./limits.ts";
import { Listpacks } from "./listpack.ts";
import { LENGTH_6, shortStringExtraBytes } from "./listpack_entry.ts";
import { isWorthFitting, nextNodeBytes } from "./packed_block.ts";
import { Encoding, rootOf, setEncoding, setRoot } from "./record.ts";
import type { Slice } from "./slice.ts";
import { countRadixNodes } from "./stream_radix.ts";
import { StreamCursor } from "./stream_cursor.ts";
import { StreamGroups } from "./stream_groups.ts";
import { StreamId, streamIdWords } from "./stream_id.ts";
import { StreamIdIndex } from "./stream_index.ts";
import { StreamNodeHead, writeNodeHead } from "./stream_node.ts";
import { StreamNodeCheck } from "./stream_node_check.ts";
import type { ValueKind } from "./value_kind.ts";
import type { ValueFoundation } from "./values.ts";

const treeWord = 0;
const tailWord = 1;
const countWord = 2;
const groupsWord = 3;
const lastIdWord = 4;
const firstIdWord = 8;
const maxDeletedIdWord = 12;
const addedWord = 16;
const rootWords = 18;

const idBytes = streamIdWords * 4;

/** Fields and values of one entry may have no more bytes together, nor may a node. */
const nodeBytesMax = 2 ** 30;

/** What the numbers of an entry take at most, and its node's counts where they become longer. */
const entryNumbersBytesMax = 48;

/** What a text takes at most beside its bytes, if these are more than `LENGTH_6`. */
const textExtraBytesMax = 10;

/** No node is made larger than this before it has the entries for it; nor in Redis. */
const madeAtOnceBytesMax = 4096;

const wordRange = 0x100000000;

/** So many blocks are freed at once, without the detour of the `Reclaimer`. */
const freedAtOnceMax = 16;

/** What is trimmed: down to so many entries, or those before an ID. */
export interface TrimGoal {
  readonly length: number;
  readonly before: StreamId | null;
  /** Whole nodes only. */
  readonly isApproximate: boolean;
  /** Nodes are left alone that would make it more entries; 0 is no limit. */
  readonly entriesMax: number;
}

export class Streams implements ValueKind {
  readonly groups: StreamGroups;
  /** For walks of which nobody needs two at a time. */
  readonly cursor: StreamCursor;
  readonly #heap: Heap;
  readonly #limits: ValueLimits;
  readonly #reclaimer: Reclaimer;
  readonly #listpacks: Listpacks;
  readonly #ids: StreamIdIndex;
  readonly #walker: StreamCursor;
  readonly #nodeCheck = new StreamNodeCheck();
  /** Of the node that was looked at last. */
  readonly #head = new StreamNodeHead();
  readonly #masterId = new StreamId();
  readonly #edgeId = new StreamId();

  constructor({ heap, frozen, limits, reclaimer }: ValueFoundation) {
    this.#heap = heap;
    this.#limits = limits;
    this.#reclaimer = reclaimer;
    this.#listpacks = new Listpacks(heap, idBytes, frozen);
    this.#ids = new StreamIdIndex(heap);
    this.groups = new StreamGroups(heap, this.#ids, reclaimer);
    this.cursor = this.createCursor();
    this.#walker = this.createCursor();
  }

  createCursor(): StreamCursor {
    return new StreamCursor(this, this.#ids.cursor());
  }

  init(record: number): void {
    setRoot(this.#heap, record, this.#createRoot());
    setEncoding(this.#heap, record, Encoding.STREAM);
  }

  free(record: number): void {
    const root = rootOf(this.#heap, record);
    if (this.#freeSome(root, freedAtOnceMax)) return;
    this.#reclaimer.later((stepsMax) => this.#freeSome(root, stepsMax));
  }

  copy(record: number, copy: number): void {
    const heap = this.#heap;
    const root = rootOf(heap, record);
    const made = this.#createRoot();
    try {
      for (let word = countWord; word < rootWords; word++) {
        if (word !== groupsWord) this.#set(made, word, this.#get(root, word));
      }
      this.#copyNodes(root, made);
      const groups = this.#get(root, groupsWord);
      if (groups !== 0) this.#set(made, groupsWord, this.groups.copyTree(groups));
    } catch (error) {
      this.#freeSome(made, Infinity);
      throw error;
    }
    setRoot(heap, copy, made);
  }

  bytes(record: number, samples: number): number {
    const root = rootOf(this.#heap, record);
    const tree = this.#get(root, treeWord);
    const { trees } = this.#ids;
    const nodeCount = trees.count(tree);
    const looked = samples === 0 ? nodeCount : Math.min(samples, nodeCount);
    let nodeBytes = 0;
    for (let rank = 0; rank < looked; rank++) {
      nodeBytes += this.#heap.capacity(trees.at(tree, rank));
    }
    const groups = this.#get(root, groupsWord);
    return this.#heap.capacity(root) + trees.bytes(tree) +
      (looked === 0 ? 0 : Math.ceil(nodeBytes / looked * nodeCount)) +
      (groups === 0 ? 0 : this.groups.treeBytes(groups));
  }

  /** The number of entries. */
  count(record: number): number {
    return this.#get(rootOf(this.#heap, record), countWord);
  }

  nodeCount(record: number): number {
    return this.#ids.trees.count(this.treeOf(record));
  }

  /** How many nodes a radix tree of the nodes' IDs would have, which is what Redis keeps them in. */
  radixTreeNodes(record: number): number {
    return countRadixNodes(this.nodeCount(record), (rank, id) => {
      const node = this.#ids.trees.at(this.treeOf(record), rank);
      return id.load(this.#heap.words[node >>> SEGMENT_SHIFT], (node & UNIT_MASK) << 1);
    });
  }

  /** Sets `id` to the last one given. */
  loadLastId(record: number, id: StreamId): StreamId {
    return this.#loadId(record, lastIdWord, id);
  }

  setLastId(record: number, id: StreamId): void {
    this.#storeId(record, lastIdWord, id);
  }

  /** Sets `id` to the first entry's, or to 0-0. */
  loadFirstId(record: number, id: StreamId): StreamId {
    return this.#loadId(record, firstIdWord, id);
  }

  setFirstId(record: number, id: StreamId): void {
    this.#storeId(record, firstIdWord, id);
  }

  /** Sets `id` to that of the first entry in memory, be it deleted; without any, to the last of all IDs. */
  loadFirstKeptId(record: number, id: StreamId): StreamId {
    const tree = this.treeOf(record);
    const { trees } = this.#ids;
    if (trees.count(tree) === 0) return id.set(StreamId.max);
    const node = trees.at(tree, 0);
    // a node has the ID of its first entry
    id.load(this.#heap.words[node >>> SEGMENT_SHIFT], (node & UNIT_MASK) << 1);
    return id;
  }

  /** Sets `id` to the highest one that XDEL has deleted, or to 0-0. */
  loadMaxDeletedId(record: number, id: StreamId): StreamId {
    return this.#loadId(record, maxDeletedIdWord, id);
  }

  setMaxDeletedId(record: number, id: StreamId): void {
    this.#storeId(record, maxDeletedIdWord, id);
  }

  /** How many entries were ever added. */
  added(record: number): Int64 {
    const root = rootOf(this.#heap, record);
    return int64OfWords(this.#get(root, addedWord) | 0, this.#get(root, addedWord + 1) | 0);
  }

  setAdded(record: number, added: Int64): void {
    const root = rootOf(this.#heap, record);
    this.#set(root, addedWord, lowWord(added));
    this.#set(root, addedWord + 1, highWord(added));
  }

  /** The tree of groups, to be given to `groups`; 0 if there was none yet. */
  groupsOf(record: number): number {
    return this.#get(rootOf(this.#heap, record), groupsWord);
  }

  /** As `groupsOf`, but makes the tree where there is none. */
  groupsToAddTo(record: number): number {
    const root = rootOf(this.#heap, record);
    if (this.#get(root, groupsWord) === 0) this.#set(root, groupsWord, this.groups.createTree());
    return this.#get(root, groupsWord);
  }

  /** The tree of nodes, for cursors. */
  treeOf(record: number): number {
    return this.#get(rootOf(this.#heap, record), treeWord);
  }

  /** The rank of the node in which an ID is, or would be; -1 if it is before all nodes. */
  nodeRank(record: number, id: StreamId): number {
    return this.#ids.floorRank(this.treeOf(record), id);
  }

  /** A walk over the nodes of `treeOf`, to be kept and used again. */
  nodeCursor(): OrderedCursor {
    return this.#ids.cursor();
  }

  /** The nodes of a stream, in their order. */
  nodes(record: number): Uint32Array {
    const nodes = new Uint32Array(this.nodeCount(record));
    const cursor = this.nodeCursor();
    let more = cursor.seek(this.treeOf(record), 0);
    for (let i = 0; more; more = cursor.next()) nodes[i++] = cursor.record;
    return nodes;
  }

  /** Points `listpack` at a node's, and sets `id` to the node's. */
  locateNode(node: number, listpack: Slice, id: StreamId): void {
    this.#listpacks.locate(node, listpack);
    id.load(this.#heap.words[node >>> SEGMENT_SHIFT], (node & UNIT_MASK) << 1);
  }

  /** Whether there is an entry with this ID. */
  has(record: number, id: StreamId): boolean {
    return this.#walker.seek(record, id, id);
  }

  /** How many entries there are in a range, as far as `max` is interested. */
  countRange(record: number, start: StreamId, end: StreamId, max: number): number {
    let count = 0;
    let more = this.#walker.seek(record, start, end);
    for (; more && count < max; more = this.#walker.next()) count++;
    return count;
  }

  /**
   * Adds an entry whose fields and values are the arguments from `first` on; `id` is higher than the last
   * one. False if it is too large for a stream.
   *
   * @throws {HeapFullError} if there is no memory for it; nothing has changed then.
   */
  append(record: number, id: StreamId, args: Arguments, first: number): boolean {
    const { starts, ends, count } = args;
    let textBytes = 0;
    let entryBytes = entryNumbersBytesMax;
    for (let i = first; i < count; i++) {
      const length = ends[i] - starts[i];
      textBytes += length;
      entryBytes += length +
        (length <= LENGTH_6 ? shortStringExtraBytes : textExtraBytesMax);
    }
    if (textBytes > nodeBytesMax) return false;
    const root = rootOf(this.#heap, record);
    let node = this.#get(root, tailWord);
    if (node !== 0 && this.#isFull(this.#readHead(node), node, textBytes)) {
      this.#trimSlack(root, node);
      node = 0;
    }
    const ready = node === 0
      ? this.#addNode(root, id, args, first, entryBytes)
      : this.#reserve(root, node, entryBytes);
    if (ready !== node) this.#readHead(ready);
    this.#appendEntry(ready, id, args, first);
    const words = this.#heap.words[root >>> SEGMENT_SHIFT];
    const at = (root & UNIT_MASK) << 1;
    if (++words[at + addedWord] === wordRange) words[at + addedWord + 1]++;
    id.store(words, at + lastIdWord);
    if (++words[at + countWord] === 1) id.store(words, at + firstIdWord);
    return true;
  }

  /**
   * Adds a node behind the others, of the ID `id` and the bytes of a listpack; false if these are no node
   * or not behind the others. The stream's own IDs and counts, but that of the entries, are to be set then.
   */
  loadNode(
    record: number,
    id: StreamId,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    if (!this.#listpacks.validate(buffer, start, end)) return false;
    const root = rootOf(this.#heap, record);
    const tail = this.#get(root, tailWord);
    const last = tail === 0 ? null : this.#walker.loadLastIdOf(tail, this.#edgeId);
    if (!this.#nodeCheck.accepts(id, buffer, start, end, last)) return false;
    const node = this.#listpacks.load(buffer, start, end);
    id.store(this.#heap.words[node >>> SEGMENT_SHIFT], (node & UNIT_MASK) << 1);
    this.#insertNode(this.#get(root, treeWord), node);
    this.#set(root, tailWord, node);
    this.#set(root, countWord, this.#get(root, countWord) + this.#nodeCheck.entries);
    return true;
  }

  /** Whether the last ID given is not before that of an entry, be that deleted. */
  isLastIdValid(record: number): boolean {
    const tail = this.#get(rootOf(this.#heap, record), tailWord);
    if (tail === 0) return true;
    const last = this.#walker.loadLastIdOf(tail, this.#edgeId);
    return last.compare(this.loadLastId(record, this.#masterId)) <= 0;
  }

  /** Deletes the entry with this ID; false if there is none. `settleFirstId` is due afterwards. */
  delete(record: number, id: StreamId): boolean {
    const cursor = this.#walker;
    if (!cursor.seek(record, id, id)) return false;
    const root = rootOf(this.#heap, record);
    const { node } = cursor;
    if (this.#nodeEntries(node) === 1) this.#removeNode(root, node);
    else {
      const reserved = this.#reserve(root, node, entryNumbersBytesMax);
      if (reserved !== node) cursor.seek(record, id, id);
      cursor.markDeleted();
      this.#addToCounts(root, reserved, 1);
    }
    this.#set(root, countWord, this.#get(root, countWord) - 1);
    return true;
  }

  /** Trims the stream from its start; returns how many entries are gone. */
  trim(record: number, goal: TrimGoal): number {
    const root = rootOf(this.#heap, record);
    const tree = this.#get(root, treeWord);
    const { trees } = this.#ids;
    let trimmed = 0;
    while (trees.count(tree) > 0) {
      const entries = this.#get(root, countWord);
      if (goal.before === null && entries <= goal.length) break;
      const node = trees.at(tree, 0);
      const nodeEntries = this.#nodeEntries(node);
      if (goal.entriesMax > 0 && trimmed + nodeEntries > goal.entriesMax) break;
      const isWhole = goal.before === null
        ? entries - nodeEntries >= goal.length
        : this.#endsBefore(node, goal.before);
      if (!isWhole) {
        if (!goal.isApproximate) trimmed += this.#trimNode(record, node, goal);
        break;
      }
      this.#removeNode(root, node);
      this.#set(root, countWord, entries - nodeEntries);
      trimmed += nodeEntries;
    }
    if (trimmed > 0) this.settleFirstId(record);
    return trimmed;
  }

  /** Brings the first ID up to date, when entries were removed. */
  settleFirstId(record: number): void {
    const isThere = this.#walker.seek(record, StreamId.min, StreamId.max);
    this.#storeId(record, firstIdWord, isThere ? this.#walker.id : StreamId.min);
  }

  #createRoot(): number {
    const root = this.#heap.allocate(rootWords * 4);
    for (let word = 0; word < rootWords; word++) this.#set(root, word, 0);
    try {
      this.#set(root, treeWord, this.#ids.trees.create());
    } catch (error) {
      this.#heap.free(root);
      throw error;
    }
    return root;
  }

  /** Frees up to about `stepsMax` blocks; whether all are gone. */
  #freeSome(root: number, stepsMax: number): boolean {
    const tree = this.#get(root, treeWord);
    if (!this.#ids.trees.drain(tree, stepsMax, (node) => this.#listpacks.free(node))) return false;
    const groups = this.#get(root, groupsWord);
    if (groups !== 0 && !this.groups.freeSome(groups, stepsMax)) return false;
    this.#ids.trees.release(tree);
    this.#heap.free(root);
    return true;
  }

  #copyNodes(from: number, to: number): void {
    const source = this.#get(from, treeWord);
    const target = this.#get(to, treeWord);
    const nodeCount = this.#ids.trees.count(source);
    for (let rank = 0; rank < nodeCount; rank++) {
      const node = this.#ids.trees.at(source, rank);
      const made = this.#copyNode(node);
      this.#insertNode(target, made);
      this.#set(to, tailWord, made);
    }
  }

  #copyNode(node: number): number {
    const made = this.#listpacks.copy(node);
    for (let word = 0; word < streamIdWords; word++) this.#set(made, word, this.#get(node, word));
    return made;
  }

  #insertNode(tree: number, node: number): void {
    try {
      this.#ids.insert(tree, node);
    } catch (error) {
      this.#listpacks.free(node);
      throw error;
    }
  }

  /** Whether an entry with so many bytes of text goes to a new node. */
  #isFull({ entries, deleted }: StreamNodeHead, node: number, textBytes: number): boolean {
    const { streamNodeMaxBytes, streamNodeMaxEntries } = this.#limits;
    const isLimited = streamNodeMaxBytes > 0 && streamNodeMaxBytes <= nodeBytesMax;
    const bytesMax = isLimited ? streamNodeMaxBytes : nodeBytesMax;
    if (this.#listpacks.bytes(node) + textBytes >= bytesMax) return true;
    if (streamNodeMaxEntries === 0) return false;
    return entries + deleted >= streamNodeMaxEntries;
  }

  /** Makes the last node, with the head that an entry to come asks for, and room for that. */
  #addNode(
    root: number,
    id: StreamId,
    args: Arguments,
    first: number,
    entryBytes: number,
  ): number {
    const tree = this.#get(root, treeWord);
    const tail = this.#get(root, tailWord);
    const fullBytes = tail === 0 ? 0 : Math.min(this.#listpacks.bytes(tail), madeAtOnceBytesMax);
    const nodeBytes = nextNodeBytes(fullBytes, this.#ids.trees.count(tree));
    // of the fields, which are in the head, the entry has none
    const node = this.#listpacks.create(Math.max(nodeBytes, entryNumbersBytesMax) + entryBytes);
    const segment = node >>> SEGMENT_SHIFT;
    id.store(this.#heap.words[segment], (node & UNIT_MASK) << 1);
    this.#insertNode(tree, node);
    writeNodeHead(this.#heap.bytes[segment], ((node & UNIT_MASK) << 3) + idBytes, args, first);
    this.#set(root, tailWord, node);
    return node;
  }

  /** Adds an entry to the node whose head was read last, and which has room for it. */
  #appendEntry(node: number, id: StreamId, args: Arguments, first: number): void {
    const listpacks = this.#listpacks;
    const head = this.#head;
    if (!head.countEntry()) {
      listpacks.replaceInteger(node, listpacks.first(node), head.entries + 1);
      this.#readHead(node);
    }
    head.append(((node & UNIT_MASK) << 3) + idBytes + listpacks.bytes(node) - 1, id, args, first);
  }

  #readHead(node: number): StreamNodeHead {
    const segment = node >>> SEGMENT_SHIFT;
    const at = (node & UNIT_MASK) << 1;
    this.#head.id.load(this.#heap.words[segment], at);
    this.#head.read(this.#heap.bytes[segment], (at << 2) + idBytes);
    return this.#head;
  }

  /** Makes room in a node for so many bytes; returns where it is then. */
  #reserve(root: number, node: number, byteLength: number): number {
    const moved = this.#listpacks.reserve(node, byteLength);
    if (moved !== node) this.#nodeMoved(root, node, moved);
    return moved;
  }

  /** Gives back what a full node had for growing, if it is worth a copy. */
  #trimSlack(root: number, node: number): void {
    if (!isWorthFitting(this.#heap, node, idBytes + this.#listpacks.bytes(node))) return;
    let fitting: number;
    try {
      fitting = this.#copyNode(node);
    } catch (error) {
      if (error instanceof HeapFullError) return;
      throw error;
    }
    this.#nodeMoved(root, node, fitting);
    this.#listpacks.free(node);
  }

  #nodeMoved(root: number, from: number, to: number): void {
    this.#ids.relocate(this.#get(root, treeWord), from, to);
    if (this.#get(root, tailWord) === from) this.#set(root, tailWord, to);
  }

  #removeNode(root: number, node: number): void {
    const tree = this.#get(root, treeWord);
    this.#ids.remove(tree, node);
    this.#listpacks.free(node);
    if (this.#get(root, tailWord) !== node) return;
    const left = this.#ids.trees.count(tree);
    this.#set(root, tailWord, left === 0 ? 0 : this.#ids.trees.at(tree, left - 1));
  }

  /** Whether the last entry of a node, deleted or not, is before an ID. */
  #endsBefore(node: number, id: StreamId): boolean {
    return this.#walker.loadLastIdOf(node, this.#edgeId).compare(id) < 0;
  }

  /** Deletes entries of the first node, which doesn't go as a whole; returns how many. */
  #trimNode(record: number, node: number, goal: TrimGoal): number {
    const root = rootOf(this.#heap, record);
    const reserved = this.#reserve(root, node, entryNumbersBytesMax);
    const entries = this.#get(root, countWord);
    const excess = goal.before === null ? entries - goal.length : Infinity;
    const cursor = this.#walker;
    let trimmed = 0;
    let more = cursor.seek(record, StreamId.min, StreamId.max);
    for (; more && trimmed < excess; more = cursor.next()) {
      if (goal.before !== null && cursor.id.compare(goal.before) >= 0) break;
      cursor.markDeleted();
      trimmed++;
    }
    this.#addToCounts(root, reserved, trimmed);
    this.#set(root, countWord, entries - trimmed);
    return trimmed;
  }

  /** Entries of a node that are not deleted. */
  #nodeEntries(node: number): number {
    return this.#readHead(node).entries;
  }

  /** Counts entries of a node, which has room for longer counts, as deleted. */
  #addToCounts(root: number, node: number, count: number): void {
    const listpacks = this.#listpacks;
    const { entries, deleted } = this.#readHead(node);
    const first = listpacks.replaceInteger(node, listpacks.at(node, 1), deleted + count);
    const last = listpacks.replaceInteger(first, listpacks.first(first), entries - count);
    if (last !== node) this.#nodeMoved(root, node, last);
  }

  #loadId(record: number, word: number, id: StreamId): StreamId {
    const root = rootOf(this.#heap, record);
    return id.load(this.#heap.words[root >>> SEGMENT_SHIFT], ((root & UNIT_MASK) << 1) + word);
  }

  #storeId(record: number, word: number, id: StreamId): void {
    const root = rootOf(this.#heap, record);
    id.store(this.#heap.words[root >>> SEGMENT_SHIFT], ((root & UNIT_MASK) << 1) + word);
  }

  #get(block: number, word: number): number {
    return this.#heap.words[block >>> SEGMENT_SHIFT][((block & UNIT_MASK) << 1) + word];
  }

  #set(block: number, word: number, value: number): void {
    this.#heap.words[block >>> SEGMENT_SHIFT][((block & UNIT_MASK) << 1) + word] = value;
  }
}
