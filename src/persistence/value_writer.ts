/**
 * Values as RDB has them: a byte for the type, which a key follows in a file, and then what `write`
 * writes. Packed values are written as they lie in the heap.
 *
 *     string            string
 *     list              nodes | of each: container | listpack, or an element that is too large for one
 *     set, sorted set   the intset or listpack; or members | of each: member [score]
 *     hash              [earliest time] listpack; or [earliest time] fields | of each: [time] field value
 *     stream            nodes | of each: ID, listpack | counts and IDs | groups
 *
 * A value is large (`large_values.ts`) when to write it at once would keep others waiting. Of such a one a
 * snapshot writes the head (`begin`), then its parts (`part`): each field, member, or node; of a stream
 * the counts and groups behind the nodes, and the pending entries of these.
 * Heads have the number of parts, so these must be those that there were when the head was written, in
 * any order but for lists and for the nodes of streams.
 */
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Heap } from "../memory/heap.ts";
import type { OrderedCursor } from "../memory/ordered_cursor.ts";
import { neverMs } from "../values/hash_fields.ts";
import type { TableFields } from "../values/hash_tables.ts";
import type { Hashes } from "../values/hashes.ts";
import type { Lists } from "../values/lists.ts";
import { Encoding, encodingOf, integerOf, typeOf, ValueType } from "../values/record.ts";
import type { Sets } from "../values/sets.ts";
import { Slice } from "../values/slice.ts";
import type { SortedSetCursor } from "../values/sorted_set_cursor.ts";
import type { SortedSets } from "../values/sorted_sets.ts";
import type { StreamGroups } from "../values/stream_groups.ts";
import { StreamId } from "../values/stream_id.ts";
import type { Streams } from "../values/streams.ts";
import type { Strings } from "../values/strings.ts";
import { NodeContainer, RDB_VERSION, RdbType } from "./rdb_format.ts";
import type { RdbOutput } from "./rdb_output.ts";
import type { VisitPending, WritePending } from "./snapshot_writer.ts";

/** What stands for the earliest time where no field of a hash has one. */
const noEarliest = 0;

/** Bytes of an ID, big endian. */
const idBytes = 16;

export class ValueWriter {
  /** Where it writes; large values have their parts in several places. */
  output: RdbOutput;
  readonly #version: number;
  readonly #heap: Heap;
  readonly #strings: Strings;
  readonly #lists: Lists;
  readonly #sets: Sets;
  readonly #sortedSets: SortedSets;
  readonly #hashes: Hashes;
  readonly #streams: Streams;
  readonly #groups: StreamGroups;
  // All places of its own: it is called in the middle of commands, which have theirs.
  readonly #slice = new Slice();
  readonly #second = new Slice();
  readonly #members: SortedSetCursor;
  readonly #id = new StreamId();
  readonly #idBytes = new Uint8Array(idBytes);
  readonly #idView = new DataView(this.#idBytes.buffer);
  readonly #nodes: OrderedCursor;
  readonly #pending: OrderedCursor;
  /** Of the value that is being written in parts. */
  #type: number = ValueType.STRING;
  #fill = 0;
  /** Those of the hash that is being written. */
  #fields: TableFields | null = null;
  #earliestMs = neverMs;

  /**
   * Writes to `output`, in version 12 or, for who can do without times to live of fields, 11. There must
   * be none in any hash then.
   */
  constructor({ heap, values }: Keyspace, output: RdbOutput, version: number = RDB_VERSION) {
    this.output = output;
    this.#version = version;
    this.#heap = heap;
    this.#strings = values.strings;
    this.#lists = values.lists;
    this.#sets = values.sets;
    this.#sortedSets = values.sortedSets;
    this.#hashes = values.hashes;
    this.#streams = values.streams;
    this.#groups = values.streams.groups;
    this.#members = values.sortedSets.newCursor();
    this.#nodes = values.streams.nodeCursor();
    this.#pending = values.streams.groups.pendingCursor();
  }

  /** One of `RdbType`: how the value of a record is written. */
  typeOf(record: number): number {
    const encoding = encodingOf(this.#heap, record);
    switch (typeOf(this.#heap, record)) {
      case ValueType.STRING:
        return RdbType.STRING;
      case ValueType.LIST:
        return RdbType.LIST_QUICKLIST_2;
      case ValueType.SET:
        if (encoding === Encoding.INTSET) return RdbType.SET_INTSET;
        return encoding === Encoding.LISTPACK ? RdbType.SET_LISTPACK : RdbType.SET;
      case ValueType.SORTED_SET:
        return encoding === Encoding.LISTPACK ? RdbType.SORTED_SET_LISTPACK : RdbType.SORTED_SET_2;
      case ValueType.HASH:
        return this.#typeOfHash(record, encoding);
      default:
        return RdbType.STREAM_LISTPACKS_3;
    }
  }

  #typeOfHash(record: number, encoding: number): number {
    if (encoding === Encoding.LISTPACK) return RdbType.HASH_LISTPACK;
    if (encoding === Encoding.LISTPACK_EX) {
      return this.#version < RDB_VERSION ? RdbType.HASH : RdbType.HASH_LISTPACK_EX;
    }
    return this.#hashes.earliestMs(record) === neverMs ? RdbType.HASH : RdbType.HASH_METADATA;
  }

  /** Writes a value of any size. */
  write(record: number): void {
    const encoding = encodingOf(this.#heap, record);
    switch (typeOf(this.#heap, record)) {
      case ValueType.STRING:
        return this.#writeString(record, encoding);
      case ValueType.LIST:
        return this.#writeList(record);
      case ValueType.SET:
        return this.#writeSet(record);
      case ValueType.SORTED_SET:
        return this.#writeSortedSet(record);
      case ValueType.HASH:
        return this.#writeHash(record, encoding);
      default:
        return this.#writeStream(record);
    }
  }

  /** Writes what precedes the parts of a large value, whose parts follow. */
  begin(record: number): void {
    this.#type = typeOf(this.#heap, record);
    this.#head(record);
    if (this.#type === ValueType.LIST) this.#fill = this.#lists.fill(record);
    else if (this.#type === ValueType.HASH) this.#noteFields(record);
  }

  /** Writes an element of a large set, sorted set or hash, or a node of a list or stream. */
  part(address: number): void {
    switch (this.#type) {
      case ValueType.LIST:
        return this.#listNode(address);
      case ValueType.SET:
        return this.#setMember(address);
      case ValueType.SORTED_SET:
        return this.#sortedSetMember(address);
      case ValueType.HASH:
        return this.#hashField(address);
      case ValueType.STREAM:
        return this.#streamNode(address);
    }
  }

  /** Writes what is behind the nodes of a stream; `visit` is for the pending entries. */
  streamTail(record: number, visit: VisitPending): void {
    const output = this.output;
    const streams = this.#streams;
    const id = this.#id;
    output.length(streams.count(record));
    this.#idLengths(streams.loadLastId(record, id));
    this.#idLengths(streams.loadFirstId(record, id));
    this.#idLengths(streams.loadMaxDeletedId(record, id));
    output.lengthOf64(streams.added(record));
    const groups = streams.groupsOf(record);
    const count = groups === 0 ? 0 : this.#groups.count(groups);
    output.length(count);
    for (let rank = 0; rank < count; rank++) {
      this.#streamGroup(this.#groups.at(groups, rank), visit);
    }
  }

  #head(record: number): void {
    const output = this.output;
    switch (typeOf(this.#heap, record)) {
      case ValueType.LIST:
        return output.length(this.#lists.nodeCount(record));
      case ValueType.SET:
        return output.length(this.#sets.count(record));
      case ValueType.SORTED_SET:
        return output.length(this.#sortedSets.count(record));
      case ValueType.HASH: {
        const earliestMs = this.#hashes.earliestMs(record);
        if (earliestMs !== neverMs) output.int64(earliestMs);
        return output.length(this.#hashes.count(record));
      }
      default:
        return output.length(this.#streams.nodeCount(record));
    }
  }

  /** A node of a long list. */
  #listNode(node: number): void {
    const output = this.output;
    if (this.#lists.isPlainNode(this.#fill, node, this.#slice)) {
      output.length(NodeContainer.PLAIN);
      output.slice(this.#slice);
    } else this.#packedNode(node);
  }

  /** A record of a set's dictionary. */
  #setMember(member: number): void {
    this.#sets.locateMember(member, this.#slice);
    this.output.slice(this.#slice);
  }

  /** A record of a sorted set's dictionary. */
  #sortedSetMember(member: number): void {
    this.#sortedSets.locateMember(member, this.#slice);
    this.output.slice(this.#slice);
    this.output.double(this.#sortedSets.scoreOf(member));
  }

  /** Goes on with the fields of a large hash. */
  #noteFields(record: number): void {
    this.#fields = this.#hashes.fieldsOf(record);
    this.#earliestMs = this.#hashes.earliestMs(record);
  }

  /** A record of a hash's dictionary. */
  #hashField(field: number): void {
    const output = this.output;
    const expiresAtMs = this.#fields!.locate(field, this.#slice, this.#second);
    if (this.#earliestMs !== neverMs) {
      // 0 is for none, so that times are one more than they are later
      output.length(expiresAtMs === neverMs ? 0 : expiresAtMs - this.#earliestMs + 1);
    }
    output.slice(this.#slice);
    output.slice(this.#second);
  }

  /** A node of a stream. */
  #streamNode(node: number): void {
    const slice = this.#slice;
    this.#streams.locateNode(node, slice, this.#id);
    this.#packId();
    this.output.string(this.#idBytes, 0, idBytes);
    this.output.slice(slice);
  }

  /** A group of a stream, with its consumers. */
  #streamGroup(group: number, visit: VisitPending): void {
    const output = this.output;
    const groups = this.#groups;
    groups.locateName(group, this.#slice);
    output.slice(this.#slice);
    this.#idLengths(groups.loadLastId(group, this.#id));
    output.lengthOf64(groups.entriesRead(group));
    output.length(groups.pendingCount(group));
    visit(group, this.#writeDelivered);
    const consumers = groups.consumerCount(group);
    output.length(consumers);
    for (let rank = 0; rank < consumers; rank++) {
      const consumer = groups.consumerAt(group, rank);
      groups.locateConsumerName(consumer, this.#slice);
      output.slice(this.#slice);
      output.int64(groups.seenMs(consumer));
      output.int64(groups.activeMs(consumer));
      output.length(groups.pendingCount(consumer));
      visit(consumer, this.#writePendingId);
    }
  }

  #writeString(record: number, encoding: number): void {
    if (encoding === Encoding.INT) return this.output.integer(integerOf(this.#heap, record));
    this.#strings.locate(record, this.#slice);
    this.output.slice(this.#slice);
  }

  #writeList(record: number): void {
    const lists = this.#lists;
    this.#head(record);
    let node = lists.firstNode(record);
    if (!lists.isLong(record)) return this.#packedNode(node);
    this.#fill = lists.fill(record);
    for (; node !== 0; node = lists.nextNode(node)) this.#listNode(node);
  }

  #packedNode(node: number): void {
    this.#lists.listpacks.locate(node, this.#slice);
    this.output.length(NodeContainer.PACKED);
    this.output.slice(this.#slice);
  }

  #writeSet(record: number): void {
    const dict = this.#sets.dictOf(record);
    if (dict !== null) {
      this.#head(record);
      return dict.forEach(this.#visitSetMember);
    }
    this.#sets.locatePacked(record, this.#slice);
    this.output.slice(this.#slice);
  }

  readonly #visitSetMember = (member: number): void => this.#setMember(member);

  #writeSortedSet(record: number): void {
    const sortedSets = this.#sortedSets;
    if (sortedSets.isListpack(record)) {
      sortedSets.listpacks.locate(sortedSets.listpackOf(record), this.#slice);
      return this.output.slice(this.#slice);
    }
    this.#head(record);
    // from the highest score on, as Redis does: there each is then added in front of all others
    const cursor = this.#members;
    let more = cursor.seek(record, sortedSets.count(record) - 1);
    for (; more; more = cursor.previous()) {
      this.output.slice(cursor.member);
      this.output.double(cursor.score);
    }
  }

  #writeHash(record: number, encoding: number): void {
    const hashes = this.#hashes;
    const fields = hashes.fieldsOf(record);
    if (fields !== null) {
      this.#head(record);
      this.#noteFields(record);
      return fields.dict.forEach(this.#visitHashField);
    }
    if (encoding === Encoding.LISTPACK_EX) {
      if (this.#version < RDB_VERSION) return this.#writeFields(record);
      const earliestMs = hashes.earliestMs(record);
      this.output.int64(earliestMs === neverMs ? noEarliest : earliestMs);
    }
    hashes.locateListpack(record, this.#slice);
    this.output.slice(this.#slice);
  }

  readonly #visitHashField = (field: number): void => this.#hashField(field);

  /** A small hash that could have times to live of fields and has none: as one that could not. */
  #writeFields(record: number): void {
    this.#head(record);
    const visit = (field: Slice, value: Slice) => {
      this.output.slice(field);
      this.output.slice(value);
    };
    this.#hashes.forEachKept(record, visit, this.#slice, this.#second);
  }

  #writeStream(record: number): void {
    const nodes = this.#nodes;
    this.#head(record);
    let more = nodes.seek(this.#streams.treeOf(record), 0);
    for (; more; more = nodes.next()) this.#streamNode(nodes.record);
    this.streamTail(record, this.#writeAllPending);
  }

  readonly #writeAllPending = (owner: number, write: WritePending): void => {
    const cursor = this.#pending;
    let more = cursor.seek(this.#groups.pendingTree(owner), 0);
    for (; more; more = cursor.next()) write(cursor.record);
  };

  /** A pending entry of a group: with when and how often it was delivered. */
  readonly #writeDelivered = (pending: number): void => {
    this.#writePendingId(pending);
    this.output.int64(this.#groups.deliveredMs(pending));
    this.output.lengthOf64(this.#groups.deliveries(pending));
  };

  /** A pending entry of a consumer, which its group has told of. */
  readonly #writePendingId = (pending: number): void => {
    this.#groups.loadPendingId(pending, this.#id);
    this.#packId();
    this.output.raw(this.#idBytes, 0, idBytes);
  };

  /** An ID as two lengths. */
  #idLengths(id: StreamId): void {
    this.output.lengthOfWords(id.msHigh, id.msLow);
    this.output.lengthOfWords(id.seqHigh, id.seqLow);
  }

  /** Brings `#id` into the form that its bytes compare in. */
  #packId(): void {
    const view = this.#idView;
    view.setUint32(0, this.#id.msHigh);
    view.setUint32(4, this.#id.msLow);
    view.setUint32(8, this.#id.seqHigh);
    view.setUint32(12, this.#id.seqLow);
  }
}
