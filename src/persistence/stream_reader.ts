/**
 * Reads streams, in the three forms that there were:
 *
 *     stream:     nodes | node | … | entries | last ID | [2: first ID | highest deleted ID | added]
 *                 | groups | group | …
 *     node:       ID, a string of 16 bytes | listpack
 *     group:      name | last ID delivered | [2: entries read] | pending | pending entry | …
 *                 | consumers | consumer | …
 *     pending:    ID, 16 bytes | delivered at, 8 bytes | deliveries
 *     consumer:   name | seen at, 8 bytes | [3: active at, 8 bytes] | pending | ID, 16 bytes | …
 *
 * An ID of 16 bytes is big endian, any other is two lengths. What 2 and 3 have more, is estimated where
 * it is missing, as Redis does. Each pending entry of a group is one of exactly one of its consumers.
 */
import type { Int64 } from "../resp/numbers.ts";
import { StreamId } from "../values/stream_id.ts";
import { entriesUpTo } from "../values/stream_lag.ts";
import type { Streams } from "../values/streams.ts";
import { RdbType } from "./rdb_format.ts";
import type { RdbInput } from "./rdb_input.ts";
import type { ValuePart } from "./value_part.ts";

const idBytes = 16;

/** What each of these takes at least. */
const nodeBytesMin = 18;
const groupBytesMin = 5;
const pendingBytesMin = 25;
const consumerBytesMin = 10;

/** What is read next. */
enum Phase {
  Nodes,
  Groups,
  /** Pending entries of a group. */
  Pending,
  Consumers,
  /** Pending entries of a consumer. */
  Owned,
  Done,
}

export class StreamReader implements ValuePart {
  readonly #input: RdbInput;
  readonly #streams: Streams;
  readonly #id = new StreamId();
  #rdbType = 0;
  #record = 0;
  #phase = Phase.Done;
  /** What is left of each: a group's pending entries are read before its consumers. */
  #nodesLeft = 0;
  #groupsLeft = 0;
  #pendingLeft = 0;
  #consumersLeft = 0;
  #ownedLeft = 0;
  /** Pending entries of the group without a consumer. */
  #orphans = 0;
  #group = 0;
  #consumer = 0;

  constructor(input: RdbInput, streams: Streams) {
    this.#input = input;
    this.#streams = streams;
  }

  begin(rdbType: number, record: number): void {
    this.#rdbType = rdbType;
    this.#record = record;
    this.#streams.init(record);
    this.#nodesLeft = this.#input.count(nodeBytesMin);
    this.#phase = Phase.Nodes;
  }

  readSome(until: number): boolean {
    while (this.#phase !== Phase.Done) {
      if (this.#input.offset >= until) return false;
      this.#readOne();
    }
    return true;
  }

  /** A stream may be without entries. */
  get isEmpty(): boolean {
    return false;
  }

  get #hasCounts(): boolean {
    return this.#rdbType !== RdbType.STREAM_LISTPACKS;
  }

  /** Reads one thing of the phase, or, when none is left, goes on to what follows. */
  #readOne(): void {
    switch (this.#phase) {
      case Phase.Nodes:
        if (this.#nodesLeft-- > 0) return this.#readNode();
        this.#readCounts();
        this.#groupsLeft = this.#input.count(groupBytesMin);
        this.#phase = Phase.Groups;
        return;
      case Phase.Groups:
        if (this.#groupsLeft-- > 0) return this.#readGroup();
        this.#phase = Phase.Done;
        return;
      case Phase.Pending:
        if (this.#pendingLeft-- > 0) return this.#readPending();
        this.#consumersLeft = this.#input.count(consumerBytesMin);
        this.#phase = Phase.Consumers;
        return;
      case Phase.Consumers:
        if (this.#consumersLeft-- > 0) return this.#readConsumer();
        if (this.#orphans > 0) this.#input.fail("a pending entry that no consumer has");
        this.#phase = Phase.Groups;
        return;
      case Phase.Owned:
        if (this.#ownedLeft-- > 0) return this.#readOwned();
        this.#phase = Phase.Consumers;
    }
  }

  #readNode(): void {
    const input = this.#input;
    input.readName();
    const { name, string } = input;
    if (name.length !== idBytes) input.fail("a node of a stream without an ID");
    const id = this.#id.loadBigEndian(name.buffer, name.start);
    input.readString();
    const { buffer, start, end } = string;
    if (!this.#streams.loadNode(this.#record, id, buffer, start, end)) {
      input.fail("a stream has a broken node");
    }
  }

  /** Reads what the stream knows of itself. */
  #readCounts(): void {
    const input = this.#input;
    const streams = this.#streams;
    const record = this.#record;
    const entries = input.length();
    if (entries !== streams.count(record)) {
      input.fail(`a stream of ${entries} entries that are ${streams.count(record)}`);
    }
    streams.setLastId(record, this.#readId());
    if (!streams.isLastIdValid(record)) input.fail("a stream has an entry behind its last");
    if (this.#hasCounts) {
      streams.setFirstId(record, this.#readId());
      streams.setMaxDeletedId(record, this.#readId());
      streams.setAdded(record, input.lengthAsInt64());
    } else {
      // as in Redis, the first ID of no entries is the last there can be, until one is added
      if (entries === 0) streams.setFirstId(record, StreamId.max);
      else streams.settleFirstId(record);
      streams.setAdded(record, entries);
    }
  }

  #readGroup(): void {
    const input = this.#input;
    const streams = this.#streams;
    const { groups } = streams;
    input.readName();
    const id = this.#readId();
    const { buffer, start, end } = input.name;
    const tree = streams.groupsToAddTo(this.#record);
    if (groups.find(tree, buffer, start, end) !== 0) input.fail("a stream has a group twice");
    this.#group = groups.create(tree, buffer, start, end, id);
    groups.setEntriesRead(
      this.#group,
      this.#hasCounts ? input.lengthAsInt64() : entriesUpTo(streams, this.#record, id),
    );
    this.#pendingLeft = input.count(pendingBytesMin);
    this.#orphans = this.#pendingLeft;
    this.#phase = Phase.Pending;
  }

  #readPending(): void {
    const { groups } = this.#streams;
    const id = this.#readRawId();
    const deliveredMs = this.#readTime();
    const deliveries = this.#input.lengthAsInt64();
    if (groups.findPending(this.#group, id) !== 0) this.#input.fail("an entry is pending twice");
    groups.addOrphan(this.#group, id, deliveredMs, deliveries);
  }

  #readConsumer(): void {
    const input = this.#input;
    const { groups } = this.#streams;
    input.readName();
    const seenMs = this.#readTime();
    const { buffer, start, end } = input.name;
    if (groups.findConsumer(this.#group, buffer, start, end) !== 0) {
      input.fail("a group has a consumer twice");
    }
    this.#consumer = groups.createConsumer(this.#group, buffer, start, end, seenMs);
    const hasActive = this.#rdbType === RdbType.STREAM_LISTPACKS_3;
    groups.setActiveMs(this.#consumer, hasActive ? this.#readTime() : seenMs);
    this.#ownedLeft = input.count(idBytes);
    this.#phase = Phase.Owned;
  }

  #readOwned(): void {
    const { groups } = this.#streams;
    const pending = groups.findPending(this.#group, this.#readRawId());
    if (pending === 0) this.#input.fail("a consumer has a pending entry that its group has not");
    if (groups.consumerOf(pending) !== 0) this.#input.fail("two consumers have a pending entry");
    groups.own(pending, this.#consumer);
    this.#orphans--;
  }

  /** An ID as two lengths. */
  #readId(): StreamId {
    const input = this.#input;
    const id = this.#id;
    input.length();
    id.msHigh = input.lengthHigh;
    id.msLow = input.lengthLow;
    input.length();
    id.seqHigh = input.lengthHigh;
    id.seqLow = input.lengthLow;
    return id;
  }

  /** An ID as 16 bytes. */
  #readRawId(): StreamId {
    const input = this.#input;
    const id = this.#id;
    id.msHigh = input.int32BigEndian() >>> 0;
    id.msLow = input.int32BigEndian() >>> 0;
    id.seqHigh = input.int32BigEndian() >>> 0;
    id.seqLow = input.int32BigEndian() >>> 0;
    return id;
  }

  #readTime(): number {
    const ms: Int64 = this.#input.int64();
    if (typeof ms !== "number") this.#input.fail(`a time of ${ms} ms`);
    return ms;
  }
}
