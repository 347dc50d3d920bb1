/**
 * A snapshot as commands: what a rewritten log begins with where `aof-use-rdb-preamble` is off. Each key is
 * the fewest commands that make it again, as Redis chooses them:
 *
 *     string       SET
 *     list         RPUSH  }
 *     set          SADD   } of up to 64 elements each
 *     sorted set   ZADD   }
 *     hash         HMSET  }; or HMSET and HPEXPIREAT for each field, if any has a time to live
 *     stream       XADD for each entry, XSETID; for each group XGROUP CREATE; for each of its consumers
 *                  XCLAIM for each pending entry, or XGROUP CREATECONSUMER
 *
 * and behind it PEXPIREAT. Of large lists each node has commands of its own, since it may be written
 * before those in front of it.
 */
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { TimerWheel } from "../keyspace/timer_wheel.ts";
import { SEGMENT_SHIFT } from "../memory/heap.ts";
import type { OrderedCursor } from "../memory/ordered_cursor.ts";
import { formatShortest } from "../resp/doubles.ts";
import type { Int64 } from "../resp/numbers.ts";
import { neverMs } from "../values/hash_fields.ts";
import type { TableFields } from "../values/hash_tables.ts";
import {
  Encoding,
  encodingOf,
  integerOf,
  keyLengthOf,
  keyStartOf,
  timerOf,
  typeOf,
  ValueType,
} from "../values/record.ts";
import { Slice } from "../values/slice.ts";
import type { SortedSetCursor } from "../values/sorted_set_cursor.ts";
import type { StreamCursor } from "../values/stream_cursor.ts";
import { StreamId } from "../values/stream_id.ts";
import { CommandWriter } from "./command_writer.ts";
import type { RdbOutput } from "./rdb_output.ts";
import type {
  SnapshotFormat,
  SnapshotOrigin,
  SnapshotWriter,
  VisitPending,
  WritePending,
} from "./snapshot_writer.ts";

/** A command has at most so many elements, or fields, or pairs of score and member. */
const itemsPerCommandMax = 64;

/** Longer strings go right to the output, not by way of the `CommandWriter`. */
const copiedBytesMax = 16 * 1024;

/** What makes a stream that has no entries. */
const emptyStreamId = "0-1";

const encoder = new TextEncoder();

/** A snapshot as commands. */
export class RewriteFormat implements SnapshotFormat {
  readonly compresses = false;
  readonly sums = false;
  readonly #keyspace: Keyspace;
  readonly #notesTime: boolean;

  /** @param notesTime Whether the log has notes of the time. */
  constructor(keyspace: Keyspace, notesTime: boolean) {
    this.#keyspace = keyspace;
    this.#notesTime = notesTime;
  }

  writer(output: RdbOutput): RewriteWriter {
    return new RewriteWriter(this.#keyspace, output, this.#notesTime);
  }
}

export class RewriteWriter implements SnapshotWriter {
  output: RdbOutput;
  readonly #keyspace: Keyspace;
  readonly #notesTime: boolean;
  readonly #commands = new CommandWriter();
  // Of the key that is being written. One that is large has a copy: it may be gone before all is written.
  readonly #key = new Slice();
  #type: number = ValueType.STRING;
  #expiresAtMs: Int64 | null = null;
  /** Those of a large hash, and whether any field of the hash has a time to live. */
  #fields: TableFields | null = null;
  #hasFieldTimes = false;
  // Of the commands that its items are written with.
  #command = "";
  #wordsPerItem = 1;
  #itemsLeft = 0;
  /** So many more go into the command that was begun. */
  #itemsExpected = 0;
  // All places of its own: it is called in the middle of commands, which have theirs.
  readonly #first = new Slice();
  readonly #second = new Slice();
  readonly #id = new StreamId();
  readonly #members: SortedSetCursor;
  readonly #entries: StreamCursor;
  readonly #pending: OrderedCursor;

  constructor(keyspace: Keyspace, output: RdbOutput, notesTime: boolean) {
    const { sortedSets, streams } = keyspace.values;
    this.output = output;
    this.#keyspace = keyspace;
    this.#notesTime = notesTime;
    this.#members = sortedSets.newCursor();
    this.#entries = streams.createCursor();
    this.#pending = streams.groups.pendingCursor();
  }

  header({ createdAtSeconds, functions }: SnapshotOrigin): void {
    if (this.#notesTime) this.#raw(`#TS:${createdAtSeconds}\r\n`);
    for (const code of functions) {
      this.#commands.begin(3).word("FUNCTION").word("LOAD").bulk(code, 0, code.length);
      this.#flush();
    }
  }

  database(index: number): void {
    this.#commands.begin(2).word("SELECT").integer(index);
    this.#flush();
  }

  key(record: number, wheel: TimerWheel): void {
    this.#note(record, wheel);
    this.#writeValue(record);
    this.#writeExpiry();
  }

  end(): void {
    // the last key is the end
  }

  beginLarge(record: number, wheel: TimerWheel): void {
    this.#note(record, wheel);
    const { buffer, start, end } = this.#key;
    this.#key.set(buffer.slice(start, end), 0, end - start);
    const { hashes } = this.#keyspace.values;
    if (this.#type === ValueType.HASH) this.#fields = hashes.fieldsOf(record);
    // of a list each node begins anew
    if (this.#type !== ValueType.LIST) this.#beginItems(record);
  }

  part(address: number): void {
    const { sets, sortedSets } = this.#keyspace.values;
    switch (this.#type) {
      case ValueType.LIST:
        return this.#writeNodeAlone(address);
      case ValueType.SET:
        sets.locateMember(address, this.#first);
        return this.#writeItem(this.#first);
      case ValueType.SORTED_SET:
        sortedSets.locateMember(address, this.#first);
        return this.#writeScored(this.#first, sortedSets.scoreOf(address));
      case ValueType.HASH: {
        const expiresAtMs = this.#fields!.locate(address, this.#first, this.#second);
        return this.#writeField(this.#first, this.#second, expiresAtMs);
      }
      case ValueType.STREAM:
        return this.#writeEntries(this.#entries.seekInNode(address));
    }
  }

  streamTail(record: number, visit: VisitPending): void {
    const { streams } = this.#keyspace.values;
    const id = this.#id;
    if (streams.count(record) === 0) {
      const words = this.#begin(7, "XADD").word("MAXLEN").word("0").word(emptyStreamId);
      words.word("x").word("y");
    }
    this.#begin(7, "XSETID").streamId(streams.loadLastId(record, id))
      .word("ENTRIESADDED").integer(streams.added(record))
      .word("MAXDELETEDID").streamId(streams.loadMaxDeletedId(record, id));
    this.#flush();
    const tree = streams.groupsOf(record);
    const count = tree === 0 ? 0 : streams.groups.count(tree);
    for (let rank = 0; rank < count; rank++) {
      this.#writeGroup(streams.groups.at(tree, rank), visit);
    }
  }

  endLarge(): void {
    this.#writeExpiry();
  }

  /** Takes in what is to be known of a key while it is written. */
  #note(record: number, wheel: TimerWheel): void {
    const { heap } = this.#keyspace;
    const start = keyStartOf(record);
    this.#key.set(heap.bytes[record >>> SEGMENT_SHIFT], start, start + keyLengthOf(heap, record));
    this.#type = typeOf(heap, record);
    const timer = timerOf(heap, record);
    this.#expiresAtMs = timer === 0 ? null : wheel.expiresAtMs(timer);
  }

  #writeValue(record: number): void {
    const { hashes, sets, streams } = this.#keyspace.values;
    if (this.#type !== ValueType.STRING) this.#beginItems(record);
    switch (this.#type) {
      case ValueType.STRING:
        return this.#writeString(record);
      case ValueType.LIST:
        return this.#writeList(record);
      case ValueType.SET:
        return sets.forEach(record, this.#visitMember, this.#first);
      case ValueType.SORTED_SET:
        return this.#writeSortedSet(record);
      case ValueType.HASH:
        return hashes.forEachKept(record, this.#visitField, this.#first, this.#second);
      default:
        if (streams.count(record) > 0) {
          this.#writeEntries(this.#entries.seek(record, StreamId.min, StreamId.max));
        }
        return this.streamTail(record, this.#writeAllPending);
    }
  }

  readonly #visitMember = (member: Slice): void => this.#writeItem(member);
  readonly #visitField = (field: Slice, value: Slice, expiresAtMs: number): void =>
    this.#writeField(field, value, expiresAtMs);

  readonly #writeAllPending = (owner: number, write: WritePending): void => {
    const cursor = this.#pending;
    let more = cursor.seek(this.#keyspace.values.streams.groups.pendingTree(owner), 0);
    for (; more; more = cursor.next()) write(cursor.record);
  };

  #writeExpiry(): void {
    if (this.#expiresAtMs === null) return;
    this.#begin(3, "PEXPIREAT").integer(this.#expiresAtMs);
    this.#flush();
  }

  #writeString(record: number): void {
    const { heap, values: { strings } } = this.#keyspace;
    this.#begin(3, "SET");
    if (encodingOf(heap, record) === Encoding.INT) this.#commands.integer(integerOf(heap, record));
    else {
      strings.locate(record, this.#first);
      this.#bulk(this.#first);
    }
    this.#flush();
  }

  /** Says what the elements of a value are written with. */
  #beginItems(record: number): void {
    const { hashes, lists, sets, sortedSets } = this.#keyspace.values;
    switch (this.#type) {
      case ValueType.LIST:
        return this.#expectItems("RPUSH", 1, lists.count(record));
      case ValueType.SET:
        return this.#expectItems("SADD", 1, sets.count(record));
      case ValueType.SORTED_SET:
        return this.#expectItems("ZADD", 2, sortedSets.count(record));
      case ValueType.HASH:
        this.#hasFieldTimes = hashes.earliestMs(record) !== neverMs;
        return this.#expectItems("HMSET", 2, hashes.count(record));
    }
  }

  #expectItems(command: string, wordsPerItem: number, count: number): void {
    this.#command = command;
    this.#wordsPerItem = wordsPerItem;
    this.#itemsLeft = count;
    this.#itemsExpected = 0;
  }

  /** Begins another command if the last one has all its items. */
  #beginItem(): void {
    if (this.#itemsExpected === 0) {
      this.#itemsExpected = Math.min(this.#itemsLeft, itemsPerCommandMax);
      this.#begin(2 + this.#itemsExpected * this.#wordsPerItem, this.#command);
    }
    this.#itemsExpected--;
    this.#itemsLeft--;
  }

  #writeItem(item: Slice): void {
    this.#beginItem();
    this.#bulk(item);
    this.#flush();
  }

  #writeScored(member: Slice, score: number): void {
    this.#beginItem();
    this.#commands.word(formatShortest(score));
    this.#bulk(member);
    this.#flush();
  }

  #writeField(field: Slice, value: Slice, expiresAtMs: number): void {
    if (this.#hasFieldTimes) this.#begin(4, "HMSET");
    else this.#beginItem();
    this.#bulk(field);
    this.#bulk(value);
    if (expiresAtMs !== neverMs) {
      this.#begin(6, "HPEXPIREAT").integer(expiresAtMs).word("FIELDS").word("1");
      this.#bulk(field);
    }
    this.#flush();
  }

  #writeList(record: number): void {
    const { lists } = this.#keyspace.values;
    const isLong = lists.isLong(record);
    let node = lists.firstNode(record);
    for (; node !== 0; node = isLong ? lists.nextNode(node) : 0) this.#writeNode(node);
  }

  #writeNodeAlone(node: number): void {
    this.#expectItems("RPUSH", 1, this.#keyspace.values.lists.listpacks.count(node));
    this.#writeNode(node);
  }

  #writeNode(node: number): void {
    const { listpacks } = this.#keyspace.values.lists;
    for (let at = listpacks.first(node); at !== 0;) {
      at = listpacks.readNext(node, at, this.#first);
      this.#writeItem(this.#first);
    }
  }

  #writeSortedSet(record: number): void {
    const cursor = this.#members;
    let more = cursor.seek(record, 0);
    for (; more; more = cursor.next()) this.#writeScored(cursor.member, cursor.score);
  }

  /** Writes the entries of a stream from where the cursor is, if it is at one. */
  #writeEntries(isThere: boolean): void {
    const entries = this.#entries;
    for (let more = isThere; more; more = entries.next()) {
      this.#begin(3 + 2 * entries.fieldCount, "XADD").streamId(entries.id);
      while (entries.nextField()) {
        this.#bulk(entries.field);
        this.#bulk(entries.value);
      }
      this.#flush();
    }
  }

  #writeGroup(group: number, visit: VisitPending): void {
    const { groups } = this.#keyspace.values.streams;
    groups.locateName(group, this.#first);
    const name = copyOf(this.#first);
    this.#commands.begin(7).word("XGROUP").word("CREATE").slice(this.#key).slice(name)
      .streamId(groups.loadLastId(group, this.#id))
      .word("ENTRIESREAD").integer(groups.entriesRead(group));
    const count = groups.consumerCount(group);
    for (let rank = 0; rank < count; rank++) {
      const consumer = groups.consumerAt(group, rank);
      groups.locateConsumerName(consumer, this.#first);
      if (groups.pendingCount(consumer) > 0) {
        const consumerName = copyOf(this.#first);
        this.#flush();
        visit(consumer, (pending) => this.#writePending(name, consumerName, pending));
      } else {
        this.#commands.begin(5).word("XGROUP").word("CREATECONSUMER").slice(this.#key).slice(name)
          .slice(this.#first);
      }
    }
    this.#flush();
  }

  #writePending(group: Slice, consumer: Slice, pending: number): void {
    const { groups } = this.#keyspace.values.streams;
    this.#begin(12, "XCLAIM").slice(group).slice(consumer).word("0")
      .streamId(groups.loadPendingId(pending, this.#id))
      .word("TIME").integer(groups.deliveredMs(pending))
      .word("RETRYCOUNT").integer(groups.deliveries(pending))
      .word("JUSTID").word("FORCE");
    this.#flush();
  }

  /** Begins a command whose first argument is the key. */
  #begin(wordCount: number, name: string): CommandWriter {
    return this.#commands.begin(wordCount).word(name).slice(this.#key);
  }

  /** Writes a string of any length. */
  #bulk(slice: Slice): void {
    const { buffer, start, end, length } = slice;
    if (length <= copiedBytesMax) {
      this.#commands.slice(slice);
      return;
    }
    this.#flush();
    this.#raw(`$${length}\r\n`);
    this.output.raw(buffer, start, end);
    this.#raw("\r\n");
  }

  /** Hands on what the `CommandWriter` has. */
  #flush(): void {
    const commands = this.#commands;
    this.output.raw(commands.bytes, 0, commands.end);
    commands.clear();
  }

  #raw(text: string): void {
    const bytes = encoder.encode(text);
    this.output.raw(bytes, 0, bytes.length);
  }
}

/** A slice with bytes of its own. */
function copyOf({ buffer, start, end }: Slice): Slice {
  const copy = new Slice();
  copy.set(buffer.slice(start, end), 0, end - start);
  return copy;
}
