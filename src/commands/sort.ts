/**
 * SORT and SORT_RO: the elements of a list, set or sorted set in the order of themselves or of other
 * keys, answered or stored, as they are or as what other keys say of them.
 *
 * The elements are copied into one buffer first; what is sorted is their numbers.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { NotifyClass } from "../keyspace/events.ts";
import { compareBytes, copyBytes } from "../memory/bytes.ts";
import type { Arguments } from "../resp/arguments.ts";
import { parseBound } from "../resp/doubles.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { ByteList } from "../values/byte_list.ts";
import { ListEnd } from "../values/lists.ts";
import { typeOf, ValueType } from "../values/record.ts";
import { Slice } from "../values/slice.ts";
import { expireFieldAt } from "./hash_fields.ts";
import { removeForNothing } from "./lookup.ts";

const asterisk = 0x2a;
const hash = 0x23;
const dash = 0x2d;
const greater = 0x3e;

interface SortOptions {
  descending: boolean;
  alpha: boolean;
  /** The first element wanted, and how many; all if negative. */
  offset: number;
  count: number;
  /** Argument of the pattern that weights come from, 0 for the elements themselves. */
  by: number;
  /** Whether that pattern is the same for all: nothing is sorted then. */
  unsorted: boolean;
  /** Arguments of the patterns that are answered, instead of the elements. */
  gets: number[];
  /** Argument of the key that the result is stored in, 0 for none. */
  store: number;
}

function parseOptions(args: Arguments, mayStore: boolean): SortOptions {
  const options: SortOptions = {
    descending: false,
    alpha: false,
    offset: 0,
    count: -1,
    by: 0,
    unsorted: false,
    gets: [],
    store: 0,
  };
  for (let i = 2; i < args.count; i++) {
    const left = args.count - 1 - i;
    if (args.is(i, "ASC")) options.descending = false;
    else if (args.is(i, "DESC")) options.descending = true;
    else if (args.is(i, "ALPHA")) options.alpha = true;
    else if (args.is(i, "LIMIT") && left >= 2) {
      options.offset = Number(args.int64(++i));
      options.count = Number(args.int64(++i));
    } else if (mayStore && args.is(i, "STORE") && left >= 1) options.store = ++i;
    else if (args.is(i, "BY") && left >= 1) {
      options.by = ++i;
      options.unsorted = !args.bytes(i).includes(asterisk);
    } else if (args.is(i, "GET") && left >= 1) options.gets.push(++i);
    else throw new CommandError(errors.syntax);
  }
  return options;
}

/** One run of SORT: its elements, and what they are sorted by. */
class Sorting {
  readonly #context: CommandContext;
  readonly #options: SortOptions;
  readonly elements: ByteList = new ByteList();
  /** What ALPHA with BY compares; `#hasWeight` says which elements have any. */
  readonly #texts = new ByteList();
  #hasWeight = new Uint8Array(0);
  #scores = new Float64Array(0);
  /** Where a looked-up value is. */
  readonly found: Slice = new Slice();
  #key = new Uint8Array(256);

  constructor(context: CommandContext, options: SortOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** Copies the elements of a value, 0 for none, in the order in which it has them. */
  gather(record: number): void {
    if (record === 0) return;
    const { heap, keyspace: { values } } = this.#context.database;
    const add = ({ buffer, start, end }: Slice) => this.elements.add(buffer, start, end);
    const type = typeOf(heap, record);
    if (type === ValueType.SET) {
      values.sets.forEach(record, add);
    } else if (type === ValueType.LIST) {
      const { lists } = values;
      for (let isHere = lists.seek(record, 0); isHere; isHere = lists.next()) {
        lists.read();
        add(lists.element);
      }
    } else {
      const { cursor } = values.sortedSets;
      for (let isHere = cursor.seek(record, 0); isHere; isHere = cursor.next()) add(cursor.member);
    }
  }

  /** The numbers of the elements in the order asked for. */
  order(isSorted: boolean): number[] {
    const { alpha, by, descending } = this.#options;
    const order = Array.from({ length: this.elements.length }, (_, i) => i);
    if (!isSorted) return descending ? order.reverse() : order;
    const byPattern = by !== 0 && !this.#options.unsorted;
    if (!alpha) this.#weighByNumber(byPattern);
    else if (byPattern) this.#weighByText();
    const compare = alpha
      ? this.#textComparer(byPattern ? this.#texts : this.elements)
      : (a: number, b: number) =>
        this.#scores[a] - this.#scores[b] || compareAt(this.elements, a, b);
    return order.sort(descending ? (a, b) => -compare(a, b) : compare);
  }

  /**
   * Looks up what argument `i`, a pattern, says of an element: the value of the key that it makes with the
   * element in the place of its first `*`, or a field of that; `#` is the element itself. False if there
   * is none.
   */
  lookup(i: number, element: number): boolean {
    const { args: { buffer, starts, ends }, database } = this.#context;
    const { elements } = this;
    const start = starts[i];
    const end = ends[i];
    const from = elements.startOf(element);
    const to = elements.endOf(element);
    if (end - start === 1 && buffer[start] === hash) {
      this.found.set(elements.bytes, from, to);
      return true;
    }
    const star = buffer.subarray(start, end).indexOf(asterisk);
    if (star < 0) return false;
    const arrow = findArrow(buffer, start + star + 1, end);
    const keyEnd = arrow < 0 ? end : arrow;
    const length = keyEnd - start - 1 + to - from;
    if (length > this.#key.length) this.#key = new Uint8Array(length * 2);
    copyBytes(buffer, start, this.#key, 0, star);
    copyBytes(elements.bytes, from, this.#key, star, to - from);
    copyBytes(buffer, start + star + 1, this.#key, star + to - from, keyEnd - start - star - 1);
    const record = database.lookupRead(this.#key, 0, length);
    if (record === 0) return false;
    const type = typeOf(database.heap, record);
    if (arrow >= 0) {
      const { hashes } = database.keyspace.values;
      if (type !== ValueType.HASH) return false;
      if (!hashes.get(record, buffer, arrow + 2, end)) {
        expireFieldAt(database, record, buffer, arrow + 2, end);
        return false;
      }
      this.found.set(hashes.value.buffer, hashes.value.start, hashes.value.end);
      return true;
    }
    if (type !== ValueType.STRING) return false;
    database.locateValue(record);
    this.found.set(database.valueBuffer, database.valueStart, database.valueEnd);
    return true;
  }

  #weighByNumber(byPattern: boolean): void {
    const { elements, found } = this;
    this.#scores = new Float64Array(elements.length);
    // a weight that is none is an error in the end only, when all have been looked up
    let areNumbers = true;
    for (let i = 0; i < elements.length; i++) {
      if (byPattern) {
        if (!this.lookup(this.#options.by, i)) continue;
      } else found.set(elements.bytes, elements.startOf(i), elements.endOf(i));
      const score = parseBound(found.buffer, found.start, found.end);
      areNumbers &&= !Number.isNaN(score);
      this.#scores[i] = score;
    }
    if (!areNumbers) throw new CommandError(errors.weightNotDouble);
  }

  #weighByText(): void {
    const { elements, found } = this;
    this.#hasWeight = new Uint8Array(elements.length);
    for (let i = 0; i < elements.length; i++) {
      const isThere = this.lookup(this.#options.by, i);
      this.#hasWeight[i] = isThere ? 1 : 0;
      if (isThere) this.#texts.add(found.buffer, found.start, found.end);
      else this.#texts.add(found.buffer, 0, 0);
    }
  }

  /**
   * What compares the texts in a list, of which those without a weight come first. What is not stored, Redis
   * compares with C's strcoll, to which a text ends at its first NUL.
   */
  #textComparer(texts: ByteList): (a: number, b: number) => number {
    const { bytes } = texts;
    const ends = Int32Array.from({ length: texts.length }, (_, i) => texts.endOf(i));
    if (this.#options.store === 0) {
      for (let i = 0; i < ends.length; i++) {
        const length = bytes.subarray(texts.startOf(i), ends[i]).indexOf(0);
        if (length >= 0) ends[i] = texts.startOf(i) + length;
      }
    }
    const hasWeight = this.#hasWeight;
    return (a, b) => {
      const difference = hasWeight.length === 0 ? 0 : hasWeight[a] - hasWeight[b];
      if (difference !== 0) return difference;
      return compareBytes(bytes, texts.startOf(a), ends[a], bytes, texts.startOf(b), ends[b]);
    };
  }
}

function compareAt(list: ByteList, a: number, b: number): number {
  const { bytes } = list;
  return compareBytes(
    bytes,
    list.startOf(a),
    list.endOf(a),
    bytes,
    list.startOf(b),
    list.endOf(b),
  );
}

/** Where `->` begins that a field's name follows, or -1. */
function findArrow(buffer: Uint8Array, start: number, end: number): number {
  for (let i = start; i + 2 < end; i++) {
    if (buffer[i] === dash && buffer[i + 1] === greater) return i;
  }
  return -1;
}

/** The record of argument 1 that can be sorted; 0 where there is none. */
function readSortable({ args, database }: CommandContext): number {
  const record = database.lookupRead(args.buffer, args.starts[1], args.ends[1]);
  if (record === 0) return 0;
  const type = typeOf(database.heap, record);
  const isSortable = type === ValueType.LIST || type === ValueType.SET ||
    type === ValueType.SORTED_SET;
  if (!isSortable) throw new CommandError(errors.wrongType);
  return record;
}

/** The part of the order that LIMIT asks for. */
function limited(order: number[], { offset, count }: SortOptions): number[] {
  const start = Math.max(0, offset);
  return count < 0 ? order.slice(start) : order.slice(start, start + count);
}

function runSort(context: CommandContext, mayStore: boolean): void {
  const { args, database } = context;
  const options = parseOptions(args, mayStore);
  const record = readSortable(context);
  // the order that a set happens to have is no order to store
  const isSet = record !== 0 && typeOf(database.heap, record) === ValueType.SET;
  const isForced = options.unsorted && isSet && options.store !== 0;
  if (isForced) options.alpha = true;
  const { sortedSets } = database.keyspace.values;
  // Redis sorts no packed ones, and a reader of OBJECT ENCODING sees it
  if (record !== 0 && typeOf(database.heap, record) === ValueType.SORTED_SET) {
    if (sortedSets.isListpack(record)) sortedSets.toSkiplist(record);
  }
  const sorting = new Sorting(context, options);
  sorting.gather(record);
  const order = limited(sorting.order(!options.unsorted || isForced), options);
  if (options.store === 0) reply(context, sorting, order, options);
  else store(context, sorting, order, options);
}

function reply(
  context: CommandContext,
  sorting: Sorting,
  order: readonly number[],
  { gets }: SortOptions,
): void {
  const { elements, found } = sorting;
  context.reply.array(order.length * Math.max(1, gets.length));
  for (const i of order) {
    if (gets.length === 0) {
      context.reply.bulk(elements.bytes, elements.startOf(i), elements.endOf(i));
    }
    for (const get of gets) {
      if (sorting.lookup(get, i)) context.reply.bulk(found.buffer, found.start, found.end);
      else context.reply.null();
    }
  }
}

/** Makes the result a list under the key that STORE names; nothing at all removes that key. */
function store(
  context: CommandContext,
  sorting: Sorting,
  order: readonly number[],
  { gets, store: keyAt }: SortOptions,
): void {
  const { args: { buffer, starts, ends }, database } = context;
  const { elements, found } = sorting;
  // all is looked up before the key is replaced, which may be one of those looked up
  const results = new ByteList();
  for (const i of order) {
    if (gets.length === 0) results.add(elements.bytes, elements.startOf(i), elements.endOf(i));
    for (const get of gets) {
      if (sorting.lookup(get, i)) results.add(found.buffer, found.start, found.end);
      else results.add(buffer, 0, 0);
    }
  }
  if (results.length === 0) {
    removeForNothing(context, keyAt);
    return context.reply.integer(0);
  }
  const taken = database.lookupWrite(buffer, starts[keyAt], ends[keyAt]);
  const { lists } = database.keyspace.values;
  const list = database.create(taken, buffer, starts[keyAt], ends[keyAt], ValueType.LIST);
  for (let i = 0; i < results.length; i++) {
    const start = results.startOf(i);
    const end = results.endOf(i);
    lists.expect(list, 1, end - start);
    lists.push(list, ListEnd.Tail, results.bytes, start, end);
  }
  context.changed(keyAt, results.length);
  context.notify(NotifyClass.LIST, "sortstore", keyAt);
  context.reply.integer(results.length);
}

export const sortHandlers: Handlers = {
  sort: (context) => runSort(context, true),
  "sort_ro": (context) => runSort(context, false),
};
