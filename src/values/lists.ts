/**
 * Lists: elements in order, added and taken at both ends.
 *
 * A list is a chain of nodes, each a listpack in one heap block with the addresses of its neighbours
 * before it:
 *
 *     node  word 0  previous node, 0 for the first     root of a long   word 0  first node
 *           word 1  next node, 0 for the last          list             word 1  last node
 *           byte 8  listpack                                            word 2  number of elements
 *                                                                       word 3  number of nodes
 *                                                                       word 4  fill
 *
 * A short list (encoding `listpack`) is a single node, which its record's root names; a long one
 * (`quicklist`) has a root block. So both ends are reached at once, and a change in the middle moves
 * the bytes of one node. How much a node takes, where it is split, when neighbours are merged and when
 * a list changes its encoding is as in Redis, as OBJECT ENCODING and DUMP show it. The nodes of a long
 * list go by its fill: the `list-max-listpack-size` of when it became one.
 *
 * `seek`, `next` and `previous` move a cursor, of which there is one: any other call forgets it, but those
 * that say that they work at it.
 */
import { invariant } from "../assert.ts";
import { type Heap, HeapFullError, SEGMENT_SHIFT, UNIT_MASK } from "../memory/heap.ts";
import type { Reclaimer } from "../memory/reclaimer.ts";
import type { Arguments } from "../resp/arguments.ts";
import type { ValueLimits } from "./limits.ts";
import { Listpacks } from "./listpack.ts";
import { isWorthFitting, nextNodeBytes } from "./packed_block.ts";
import { Encoding, encodingOf, rootOf, setEncoding, setRoot } from "./record.ts";
import { Slice } from "./slice.ts";
import type { ValueKind } from "./value_kind.ts";
import type { ValueFoundation } from "./values.ts";

const previousWord = 0;
const nextWord = 1;
const linkBytes = 8;

const headWord = 0;
const tailWord = 1;
const countWord = 2;
const nodeCountWord = 3;
const fillWord = 4;
const rootBytes = 20;

/** Largest node by the classes -1 to -5 of `list-max-listpack-size`: so many bytes, doubled 0 to 4 times. */
const classOneBytes = 4096;
const doublingsMax = 4;
/** Where that counts entries, a node still takes no more bytes. */
const countedNodeBytesMax = 8192;
/** What Redis expects an entry's header to take, when it asks whether a node has room. */
const entryOverheadBytes = 8;
/** What two listpacks have and one that joins them hasn't. */
const joinedBytes = 7;

/** An end of a list. */
export enum ListEnd {
  Head,
  Tail,
}

export class Lists implements ValueKind {
  readonly listpacks: Listpacks;
  /** What `read` points at. */
  readonly element: Slice = new Slice();
  /** For tests: elements from so many bytes on have nodes of their own, whatever the fill; 0 is off. */
  largeBytesMin = 0;
  readonly #heap: Heap;
  readonly #reclaimer: Reclaimer;
  readonly #limits: ValueLimits;
  /** The cursor: a node, 0 behind the last element; and the position in it. */
  #node = 0;
  #at = 0;

  constructor(foundation: ValueFoundation) {
    this.#heap = foundation.heap;
    this.#reclaimer = foundation.reclaimer;
    this.#limits = foundation.limits;
    this.listpacks = new Listpacks(foundation.heap, linkBytes, foundation.frozen);
  }

  init(record: number): void {
    const node = this.listpacks.create();
    setEncoding(this.#heap, record, Encoding.LISTPACK);
    setRoot(this.#heap, record, node);
  }

  free(record: number): void {
    const root = rootOf(this.#heap, record);
    if (!this.isLong(record)) return this.listpacks.free(root);
    let node = this.#word(root, headWord);
    this.#heap.free(root);
    this.#reclaimer.later((stepsMax) => {
      for (let i = 0; i < stepsMax && node !== 0; i++) {
        const next = this.#word(node, nextWord);
        this.listpacks.free(node);
        node = next;
      }
      return node === 0;
    });
  }

  copy(record: number, copy: number): void {
    if (!this.isLong(record)) {
      return setRoot(this.#heap, copy, this.listpacks.copy(rootOf(this.#heap, record)));
    }
    setRoot(this.#heap, copy, this.#createRoot(this.fill(record)));
    try {
      for (let node = this.#head(record); node !== 0; node = this.#word(node, nextWord)) {
        this.#link(copy, this.#tail(copy), this.listpacks.copy(node));
        this.#addToCount(copy, this.listpacks.count(node));
      }
    } catch (error) {
      this.free(copy);
      throw error;
    }
  }

  bytes(record: number, samples: number): number {
    const root = rootOf(this.#heap, record);
    if (!this.isLong(record)) return this.#heap.capacity(root);
    let looked = 0;
    let bytes = 0;
    let node = this.#word(root, headWord);
    for (; node !== 0 && (samples === 0 || looked < samples); looked++) {
      bytes += this.#heap.capacity(node);
      node = this.#word(node, nextWord);
    }
    return this.#heap.capacity(root) +
      Math.ceil(bytes / looked * this.#word(root, nodeCountWord));
  }

  count(record: number): number {
    const root = rootOf(this.#heap, record);
    return this.isLong(record) ? this.#word(root, countWord) : this.listpacks.count(root);
  }

  /** Number of nodes. */
  nodeCount(record: number): number {
    return this.isLong(record) ? this.#word(rootOf(this.#heap, record), nodeCountWord) : 1;
  }

  /** Bytes of all listpacks. */
  listpackBytes(record: number): number {
    let bytes = 0;
    for (let node = this.#head(record); node !== 0; node = this.#word(node, nextWord)) {
      bytes += this.listpacks.bytes(node);
    }
    return bytes;
  }

  /** Moves the cursor to the element with this index, from the end if negative; false if none is. */
  seek(record: number, index: number): boolean {
    const count = this.count(record);
    if (index < 0) index += count;
    this.#node = 0;
    if (index < 0 || index >= count) return false;
    if (index <= count >> 1) {
      let node = this.#head(record);
      for (let length = this.listpacks.count(node); index >= length;) {
        index -= length;
        node = this.#word(node, nextWord);
        length = this.listpacks.count(node);
      }
      this.#node = node;
      this.#at = this.listpacks.at(node, index);
      return true;
    }
    let fromEnd = count - index;
    let node = this.#tail(record);
    for (let length = this.listpacks.count(node); fromEnd > length;) {
      fromEnd -= length;
      node = this.#word(node, previousWord);
      length = this.listpacks.count(node);
    }
    this.#node = node;
    this.#at = this.listpacks.at(node, -fromEnd);
    return true;
  }

  /** Moves the cursor to the next element; false behind the last. */
  next(): boolean {
    this.#at = this.listpacks.next(this.#node, this.#at);
    if (this.#at !== 0) return true;
    return this.#enter(this.#word(this.#node, nextWord), ListEnd.Head);
  }

  /** Moves the cursor to the previous element; false before the first. */
  previous(): boolean {
    this.#at = this.listpacks.previous(this.#node, this.#at);
    if (this.#at !== 0) return true;
    return this.#enter(this.#word(this.#node, previousWord), ListEnd.Tail);
  }

  /** Points `element` at the element at the cursor. */
  read(): void {
    this.listpacks.read(this.#node, this.#at, this.element);
  }

  /** As `read` and then `next`, in one step. */
  readNext(): boolean {
    this.#at = this.listpacks.readNext(this.#node, this.#at, this.element);
    if (this.#at !== 0) return true;
    return this.#enter(this.#word(this.#node, nextWord), ListEnd.Head);
  }

  /** Whether the element at the cursor is `buffer[start, end)`. */
  equals(buffer: Uint8Array, start: number, end: number): boolean {
    return this.listpacks.equals(this.#node, this.#at, buffer, start, end);
  }

  /**
   * Says that elements of so many bytes are about to be added or set: a short list that they would make
   * too long becomes a long one.
   */
  expect(record: number, elementCount: number, byteLength: number): void {
    if (this.isLong(record)) return;
    const node = rootOf(this.#heap, record);
    const bytes = this.listpacks.bytes(node) + byteLength;
    const count = this.listpacks.count(node) + elementCount;
    if (exceedsNode(this.#limits.listMaxListpackSize, bytes, count)) this.toQuicklist(record);
  }

  /** Makes a new list a long one without nodes. */
  initQuicklist(record: number): void {
    const root = this.#createRoot(this.#limits.listMaxListpackSize);
    setEncoding(this.#heap, record, Encoding.QUICKLIST);
    setRoot(this.#heap, record, root);
  }

  /** Makes a short list a long one. */
  toQuicklist(record: number): void {
    const node = rootOf(this.#heap, record);
    this.initQuicklist(record);
    const count = this.listpacks.count(node);
    if (count === 0) return this.listpacks.free(node);
    this.#link(record, 0, node);
    this.#addToCount(record, count);
  }

  /**
   * Adds the bytes of a listpack as the last node of a long list, however much it is; one without entries
   * is left out. False if they are none.
   */
  loadNode(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    if (!this.listpacks.validate(buffer, start, end)) return false;
    const node = this.listpacks.load(buffer, start, end);
    if (this.listpacks.count(node) === 0) this.listpacks.free(node);
    else this.#linkLast(record, node);
    return true;
  }

  /** As `loadNode`, for the only node of a list that has no value yet, which becomes a short one if it may. */
  loadOnlyNode(record: number, buffer: Uint8Array, start: number, end: number): boolean {
    if (!this.listpacks.validate(buffer, start, end)) return false;
    const node = this.listpacks.load(buffer, start, end);
    setEncoding(this.#heap, record, Encoding.LISTPACK);
    setRoot(this.#heap, record, node);
    if (!this.#isShort(node, this.#limits.listMaxListpackSize)) this.toQuicklist(record);
    return true;
  }

  /** Adds an element of a long list as its last node. */
  loadElement(record: number, buffer: Uint8Array, start: number, end: number): void {
    this.#linkLast(record, this.#nodeOf(buffer, start, end));
  }

  #linkLast(record: number, node: number): void {
    this.#link(record, this.#tail(record), node);
    this.#addToCount(record, this.listpacks.count(node));
  }

  /** Lets a long list become a short one, if its only node takes half of what it may. */
  compact(record: number): void {
    if (!this.isLong(record)) return;
    const root = rootOf(this.#heap, record);
    if (this.#word(root, nodeCountWord) === 1) this.#compactNode(record, root);
  }

  #compactNode(record: number, root: number): void {
    const node = this.#word(root, headWord);
    const fill = this.#limits.listMaxListpackSize;
    const isSmall = fill >= 0
      ? this.listpacks.count(node) <= Math.trunc(Math.max(1, fill) / 2)
      : this.listpacks.bytes(node) <= nodeBytesMax(fill) / 2;
    if (isSmall && !this.isPlainNode(this.fill(record), node)) this.#toListpack(record, node);
  }

  /** Lets a long list that was just made become a short one, if a node is all that it has. */
  settle(record: number): void {
    const root = rootOf(this.#heap, record);
    if (this.#word(root, nodeCountWord) !== 1) return;
    const node = this.#word(root, headWord);
    const fill = this.#limits.listMaxListpackSize;
    if (this.#isShort(node, fill)) this.#toListpack(record, node);
  }

  /** Whether a node alone may be a short list. */
  #isShort(node: number, fill: number): boolean {
    const isSmall = !exceedsNode(fill, this.listpacks.bytes(node), this.listpacks.count(node));
    return isSmall && !this.isPlainNode(fill, node);
  }

  /** Makes a long list a short one, whose only node this is. */
  #toListpack(record: number, node: number): void {
    this.#heap.free(rootOf(this.#heap, record));
    setEncoding(this.#heap, record, Encoding.LISTPACK);
    setRoot(this.#heap, record, node);
  }

  /** Adds the arguments from `first` on at an end, one after the other; returns how many there are then. */
  pushAll(record: number, to: ListEnd, args: Arguments, first: number): number {
    const { buffer, starts, ends, count } = args;
    if (!this.isLong(record)) {
      let byteLength = 0;
      for (let i = first; i < count; i++) byteLength += ends[i] - starts[i];
      this.expect(record, count - first, byteLength);
    }
    let length = 0;
    for (let i = first; i < count; i++) length = this.push(record, to, buffer, starts[i], ends[i]);
    return length;
  }

  /** Adds an element at an end; returns how many there are then. */
  push(record: number, to: ListEnd, buffer: Uint8Array, start: number, end: number): number {
    const heap = this.#heap;
    const root = rootOf(heap, record);
    if (encodingOf(heap, record) !== Encoding.QUICKLIST) {
      const node = this.#addAtEnd(root, to, buffer, start, end);
      if (node !== root) setRoot(heap, record, node);
      return this.listpacks.count(node);
    }
    const rootWords = heap.words[root >>> SEGMENT_SHIFT];
    const rootAt = (root & UNIT_MASK) << 1;
    const node = rootWords[rootAt + (to === ListEnd.Head ? headWord : tailWord)];
    const fill = rootWords[rootAt + fillWord] | 0;
    if (node !== 0 && this.#hasRoom(node, fill, end - start)) {
      const moved = this.#addAtEnd(node, to, buffer, start, end);
      if (moved !== node) this.#moved(record, node, moved);
    } else {
      const added = this.#nodeOf(buffer, start, end, this.#nextNodeBytes(root, node));
      const full = node === 0 ? 0 : this.#trimmed(record, node);
      this.#link(record, to === ListEnd.Head ? 0 : full, added);
    }
    return ++rootWords[rootAt + countWord];
  }

  /** Moves the cursor to the first or the last element, which there is, and points `element` at it. */
  readEnd(record: number, end: ListEnd): void {
    const { listpacks } = this;
    const node = end === ListEnd.Head ? this.#head(record) : this.#tail(record);
    const at = end === ListEnd.Head ? listpacks.first(node) : listpacks.last(node);
    this.#node = node;
    this.#at = at;
    listpacks.read(node, at, this.element);
  }

  /** Takes away what `readEnd` has just read; returns how many elements are left. */
  removeEnd(record: number): number {
    const { listpacks } = this;
    const heap = this.#heap;
    const node = this.#node;
    const left = listpacks.remove(node, this.#at, 1);
    const root = rootOf(heap, record);
    if (root === node) {
      if (left !== node) setRoot(heap, record, left);
      return listpacks.count(left);
    }
    if (left !== node) this.#moved(record, node, left);
    if (listpacks.first(left) === 0) {
      this.#unlink(record, left);
      listpacks.free(left);
    }
    const rootWords = heap.words[root >>> SEGMENT_SHIFT];
    return --rootWords[((root & UNIT_MASK) << 1) + countWord];
  }

  /** Replaces the element at the cursor. */
  set(record: number, buffer: Uint8Array, start: number, end: number): void {
    const node = this.#node;
    if (this.isLong(record)) {
      const fill = this.fill(record);
      const isLarge = this.#isLarge(fill, end - start);
      if (isLarge !== this.isPlainNode(fill, node)) {
        return this.#setElsewhere(record, isLarge, buffer, start, end);
      }
    }
    this.#moved(record, node, this.listpacks.replace(node, this.#at, buffer, start, end));
  }

  /** Replaces the element at the cursor with one that, other than that, has a node of its own, or has none. */
  #setElsewhere(
    record: number,
    isLarge: boolean,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.insert(record, true, buffer, start, end);
    const added = this.#word(this.#node, nextWord);
    const isAlone = this.listpacks.count(this.#node) === 1;
    this.removeHere(record, true);
    if (isLarge && !isAlone) this.#joinAround(record, added);
  }

  /** Adds an element behind or before the one at the cursor. */
  insert(record: number, after: boolean, buffer: Uint8Array, start: number, end: number): void {
    const node = this.#node;
    if (!this.isLong(record)) {
      this.#insertInNode(record, after, buffer, start, end);
      return;
    }
    const isAtEdge = after
      ? this.listpacks.next(node, this.#at) === 0
      : this.listpacks.previous(node, this.#at) === 0;
    const length = end - start;
    const fill = this.fill(record);
    if (this.#hasRoom(node, fill, length)) {
      this.#insertInNode(record, after, buffer, start, end);
    } else if (!isAtEdge) {
      this.#insertBySplitting(record, after, buffer, start, end);
    } else {
      const neighbour = this.#word(node, after ? nextWord : previousWord);
      if (neighbour !== 0 && this.#hasRoom(neighbour, fill, length)) {
        const to = after ? ListEnd.Head : ListEnd.Tail;
        this.#moved(record, neighbour, this.#addAtEnd(neighbour, to, buffer, start, end));
      } else {
        this.#link(record, after ? node : neighbour, this.#nodeOf(buffer, start, end));
      }
    }
    this.#addToCount(record, 1);
  }

  /**
   * Removes the element at the cursor and moves the cursor to the next one, or the previous one where not
   * `forward`; false if there is none.
   */
  removeHere(record: number, forward: boolean): boolean {
    const node = this.#node;
    const at = this.#at;
    const before = forward ? 0 : this.listpacks.previous(node, at);
    const neighbour = this.#word(node, forward ? nextWord : previousWord);
    const left = this.#removeFromNode(record, node, at, 1);
    const here = forward ? this.listpacks.position : before;
    if (left !== 0 && here !== 0) {
      this.#node = left;
      this.#at = here;
      return true;
    }
    return this.#enter(neighbour, forward ? ListEnd.Head : ListEnd.Tail);
  }

  /** Removes up to `count` elements from an index on. */
  removeRange(record: number, index: number, count: number): void {
    if (count === 0 || !this.seek(record, index)) return;
    let node = this.#node;
    let at = this.#at;
    while (count > 0 && node !== 0) {
      const next = this.#word(node, nextWord);
      const length = this.listpacks.count(node);
      const left = this.#removeFromNode(record, node, at, count);
      count -= length - (left === 0 ? 0 : this.listpacks.count(left));
      node = next;
      if (node !== 0) at = this.listpacks.first(node);
    }
  }

  /** The first node, for those who take a list as it is kept. */
  firstNode(record: number): number {
    return this.#head(record);
  }

  /** The node behind one, 0 behind the last. */
  nextNode(node: number): number {
    return this.#word(node, nextWord);
  }

  /** The `list-max-listpack-size` that the nodes of a long list go by. */
  fill(record: number): number {
    return this.#word(rootOf(this.#heap, record), fillWord) | 0;
  }

  /**
   * Whether a node of a long list is one that a large element has for itself; `element` is at it then.
   * `fill` is the list's.
   */
  isPlainNode(fill: number, node: number, element: Slice = this.element): boolean {
    if (this.listpacks.count(node) !== 1) return false;
    this.listpacks.read(node, this.listpacks.first(node), element);
    return this.#isLarge(fill, element.length);
  }

  /** The nodes of a list, in their order. */
  nodes(record: number): Uint32Array {
    const nodes = new Uint32Array(this.nodeCount(record));
    let node = this.#head(record);
    for (let i = 0; i < nodes.length; i++) {
      nodes[i] = node;
      node = this.nextNode(node);
    }
    return nodes;
  }

  /** Whether it is kept as a chain of nodes. */
  isLong(record: number): boolean {
    return encodingOf(this.#heap, record) === Encoding.QUICKLIST;
  }

  #head(record: number): number {
    const root = rootOf(this.#heap, record);
    return this.isLong(record) ? this.#word(root, headWord) : root;
  }

  #tail(record: number): number {
    const root = rootOf(this.#heap, record);
    return this.isLong(record) ? this.#word(root, tailWord) : root;
  }

  #word(block: number, word: number): number {
    return this.#heap.words[block >>> SEGMENT_SHIFT][((block & UNIT_MASK) << 1) + word];
  }

  #setWord(block: number, word: number, value: number): void {
    this.#heap.words[block >>> SEGMENT_SHIFT][((block & UNIT_MASK) << 1) + word] = value;
  }

  #createRoot(fill: number): number {
    const root = this.#heap.allocate(rootBytes);
    for (let word = headWord; word <= nodeCountWord; word++) this.#setWord(root, word, 0);
    this.#setWord(root, fillWord, fill);
    return root;
  }

  #addToCount(record: number, difference: number): void {
    const root = rootOf(this.#heap, record);
    this.#setWord(root, countWord, this.#word(root, countWord) + difference);
  }

  #enter(node: number, end: ListEnd): boolean {
    if (node === 0) return false;
    this.#node = node;
    this.#at = end === ListEnd.Head ? this.listpacks.first(node) : this.listpacks.last(node);
    return true;
  }

  #addAtEnd(node: number, to: ListEnd, buffer: Uint8Array, start: number, end: number): number {
    return to === ListEnd.Head
      ? this.listpacks.prepend(node, buffer, start, end)
      : this.listpacks.append(node, buffer, start, end);
  }

  /** How large to make a node that is to be filled at an end, beside `full`, the last one there (or 0). */
  #nextNodeBytes(root: number, full: number): number {
    if (full === 0) return 0;
    const bytesMax = nodeBytesMax(this.#word(root, fillWord) | 0);
    const fullBytes = Math.min(bytesMax, this.listpacks.bytes(full));
    return nextNodeBytes(fullBytes, this.#word(root, nodeCountWord));
  }

  /** A node in no list, with one element and room for `capacityBytes`. */
  #nodeOf(buffer: Uint8Array, start: number, end: number, capacityBytes = 0): number {
    const node = this.listpacks.create(capacityBytes);
    try {
      return this.listpacks.append(node, buffer, start, end);
    } catch (error) {
      this.listpacks.free(node);
      throw error;
    }
  }

  /** Gives back what a full node had for growing, if it is worth a copy; returns where the node is now. */
  #trimmed(record: number, node: number): number {
    if (!isWorthFitting(this.#heap, node, linkBytes + this.listpacks.bytes(node))) return node;
    let fitting: number;
    try {
      fitting = this.listpacks.copy(node);
    } catch (error) {
      if (error instanceof HeapFullError) return node;
      throw error;
    }
    this.#setWord(fitting, previousWord, this.#word(node, previousWord));
    this.#setWord(fitting, nextWord, this.#word(node, nextWord));
    this.#moved(record, node, fitting);
    this.listpacks.free(node);
    return fitting;
  }

  #insertInNode(
    record: number,
    after: boolean,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void {
    const node = this.#node;
    const moved = after
      ? this.listpacks.insertAfter(node, this.#at, buffer, start, end)
      : this.listpacks.insertBefore(node, this.#at, buffer, start, end);
    this.#moved(record, node, moved);
    if (!after) this.#at = this.listpacks.next(moved, this.listpacks.position);
  }

  /** Puts a node into the list behind `left`, 0 for the first place. */
  #link(record: number, left: number, node: number): void {
    const root = rootOf(this.#heap, record);
    const right = left === 0 ? this.#word(root, headWord) : this.#word(left, nextWord);
    this.#setWord(node, previousWord, left);
    this.#setWord(node, nextWord, right);
    this.#connect(root, left, right, node, node);
    this.#setWord(root, nodeCountWord, this.#word(root, nodeCountWord) + 1);
  }

  #unlink(record: number, node: number): void {
    const root = rootOf(this.#heap, record);
    const left = this.#word(node, previousWord);
    const right = this.#word(node, nextWord);
    this.#connect(root, left, right, right, left);
    this.#setWord(root, nodeCountWord, this.#word(root, nodeCountWord) - 1);
  }

  /** Has `left`, or the root, say that `first` follows it, and `right`, or the root, that `last` precedes it. */
  #connect(root: number, left: number, right: number, first: number, last: number): void {
    if (left === 0) this.#setWord(root, headWord, first);
    else this.#setWord(left, nextWord, first);
    if (right === 0) this.#setWord(root, tailWord, last);
    else this.#setWord(right, previousWord, last);
  }

  /** A node is at another address now: whoever names it is told, the cursor too. */
  #moved(record: number, from: number, to: number): void {
    if (this.#node === from) this.#node = to;
    if (from === to) return;
    if (!this.isLong(record)) return setRoot(this.#heap, record, to);
    const root = rootOf(this.#heap, record);
    this.#connect(root, this.#word(to, previousWord), this.#word(to, nextWord), to, to);
  }

  /** Removes entries of a node and returns where it is now; 0 if it is gone. */
  #removeFromNode(record: number, node: number, at: number, count: number): number {
    const length = this.listpacks.count(node);
    const left = this.listpacks.remove(node, at, count);
    this.#moved(record, node, left);
    const leftLength = this.listpacks.count(left);
    if (!this.isLong(record)) return left;
    this.#addToCount(record, leftLength - length);
    if (leftLength > 0) return left;
    this.#unlink(record, left);
    this.listpacks.free(left);
    return 0;
  }

  /** Adds an element in the middle of a node that has no room for it. */
  #insertBySplitting(
    record: number,
    after: boolean,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void {
    const other = this.#split(record, after);
    if (this.#isLarge(this.fill(record), end - start)) {
      this.#link(record, after ? this.#node : other, this.#nodeOf(buffer, start, end));
      return;
    }
    const to = after ? ListEnd.Head : ListEnd.Tail;
    this.#moved(record, other, this.#addAtEnd(other, to, buffer, start, end));
    this.#joinAround(record, this.#node);
  }

  /** Moves what is behind, or before, the cursor's element to a new node beside this one; returns that. */
  #split(record: number, after: boolean): number {
    const { listpacks } = this;
    const node = this.#node;
    const other = listpacks.copy(node);
    const tailStart = after ? listpacks.next(node, this.#at) : this.#at;
    let headLength = 0;
    for (let at = listpacks.first(node); at !== tailStart; at = listpacks.next(node, at)) {
      headLength++;
    }
    const head = listpacks.remove(after ? node : other, tailStart, Infinity);
    const tail = after ? other : node;
    const shortTail = listpacks.remove(tail, listpacks.first(tail), headLength);
    if (after) {
      this.#moved(record, node, head);
      this.#link(record, head, shortTail);
      return shortTail;
    }
    this.#moved(record, node, shortTail);
    this.#at = listpacks.first(shortTail);
    this.#link(record, this.#word(shortTail, previousWord), head);
    return head;
  }

  /** Merges neighbours around a node, where together they are no more than one. */
  #joinAround(record: number, node: number): void {
    const before = this.#word(node, previousWord);
    if (before !== 0) this.#join(record, this.#word(before, previousWord), before);
    const after = this.#word(node, nextWord);
    if (after !== 0) this.#join(record, after, this.#word(after, nextWord));
    const joined = this.#join(record, this.#word(node, previousWord), node);
    this.#join(record, joined, this.#word(joined, nextWord));
  }

  /** Merges two neighbours if it may be; returns the node that the second is in then. */
  #join(record: number, left: number, right: number): number {
    if (left === 0 || right === 0) return left === 0 ? right : left;
    const bytes = this.listpacks.bytes(left) + this.listpacks.bytes(right) - joinedBytes;
    const count = this.listpacks.count(left) + this.listpacks.count(right);
    const fill = this.fill(record);
    if (exceedsNode(fill, bytes, count)) return right;
    if (
      this.largeBytesMin !== 0 && (this.isPlainNode(fill, left) || this.isPlainNode(fill, right))
    ) {
      return right;
    }
    let joined: number;
    try {
      joined = this.listpacks.appendAll(left, right);
    } catch (error) {
      // without the memory for one they stay two
      if (error instanceof HeapFullError) return right;
      throw error;
    }
    this.#moved(record, left, joined);
    this.#unlink(record, right);
    this.listpacks.free(right);
    return joined;
  }

  /** Whether an element has a node of its own. */
  #isLarge(fill: number, length: number): boolean {
    if (this.largeBytesMin !== 0) return length >= this.largeBytesMin;
    return length > nodeBytesMax(fill);
  }

  #hasRoom(node: number, fill: number, length: number): boolean {
    if (this.largeBytesMin !== 0 && (this.#isLarge(fill, length) || this.isPlainNode(fill, node))) {
      return false;
    }
    const bytes = this.listpacks.bytes(node) + length + entryOverheadBytes;
    // where bytes alone count, entries need not be
    if (fill < 0) return bytes <= nodeBytesMax(fill);
    return !exceedsNode(fill, bytes, this.listpacks.count(node) + 1);
  }

  /** Walks a list and asserts that it is consistent; for tests. */
  checkInvariants(record: number): void {
    if (!this.isLong(record)) return;
    const root = rootOf(this.#heap, record);
    let before = 0;
    let count = 0;
    let nodes = 0;
    for (let node = this.#word(root, headWord); node !== 0; node = this.#word(node, nextWord)) {
      invariant(this.#word(node, previousWord) === before, "nodes are linked both ways");
      invariant(this.listpacks.count(node) > 0, "no node is empty");
      count += this.listpacks.count(node);
      nodes++;
      before = node;
    }
    invariant(this.#word(root, tailWord) === before, "the list ends in its tail");
    invariant(this.#word(root, countWord) === count, "elements are counted");
    invariant(this.#word(root, nodeCountWord) === nodes, "nodes are counted");
  }
}

/** Bytes that a node may take by a `list-max-listpack-size`. */
function nodeBytesMax(fill: number): number {
  return fill >= 0 ? countedNodeBytesMax : classOneBytes << Math.min(-fill - 1, doublingsMax);
}

/** Whether so many bytes and entries are more than a node may have. */
function exceedsNode(fill: number, bytes: number, count: number): boolean {
  return bytes > nodeBytesMax(fill) || (fill >= 0 && count > Math.max(1, fill));
}
