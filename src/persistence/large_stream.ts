/**
 * A large stream on its way into a snapshot: its nodes, and the pending entries of its consumer groups, of
 * which there may be millions, all of them as they were when it was frozen.
 *
 * Behind the nodes a stream is a row of sections: what was to be written of a group or consumer when the
 * stream was frozen, and then its pending entries, in any order. Each section walks its tree by ID, as far
 * as it comes in a step. A pending entry that is about to change is first written to what the sections of
 * its group and its consumer have saved, if these have not come to it yet. From then on it is none that a
 * walk has to see to; neither is one that came later.
 */
import type { OrderedCursor } from "../memory/ordered_cursor.ts";
import type { PendingReader } from "../values/frozen_groups.ts";
import type { StreamGroups } from "../values/stream_groups.ts";
import { StreamId } from "../values/stream_id.ts";
import type { LargeChain, LargeValue } from "./large_value.ts";
import type { RdbOutput, RdbPart } from "./rdb_output.ts";
import type { SnapshotWriter, WritePending } from "./snapshot_writer.ts";

/** Work that it is, in bytes written, to pass over a pending entry that somebody has seen to. */
const passedWork = 16;

/** What the parts of a stream that are not nodes are made with. */
export interface StreamWriting {
  readonly writer: SnapshotWriter;
  /** For what is written and taken at once. */
  readonly scratch: RdbOutput;
  /** Of all walks, each of which begins with a search. */
  readonly cursor: OrderedCursor;
  /** Makes an output for what waits. */
  newSaved(): RdbOutput;
}

export class LargeStream implements LargeValue {
  readonly #chain: LargeChain;
  readonly #writer: SnapshotWriter;
  readonly #sections: Section[] = [];
  readonly #frozen: FrozenGroup[] = [];
  /** What is behind the last pending entry. */
  readonly #tail: RdbPart[];
  #next = 0;

  /** @param tree The groups of the stream; 0 for none. */
  constructor(
    record: number,
    groups: StreamGroups,
    tree: number,
    chain: LargeChain,
    writing: StreamWriting,
  ) {
    const { writer, scratch } = writing;
    this.#chain = chain;
    this.#writer = writer;
    writer.output = scratch;
    const byOwner = new Map<number, Section>();
    writer.streamTail(record, (owner, write) => {
      if (groups.pendingCount(owner) === 0) return;
      const section = new Section(groups, owner, scratch.takeParts(), write, writing);
      this.#sections.push(section);
      byOwner.set(owner, section);
    });
    this.#tail = scratch.takeParts();
    const groupCount = tree === 0 ? 0 : groups.count(tree);
    for (let rank = 0; rank < groupCount; rank++) {
      this.#frozen.push(new FrozenGroup(groups, groups.at(tree, rank), byOwner));
    }
  }

  step(output: RdbOutput, untilBytes: number): boolean {
    if (!this.#chain.step(output, untilBytes)) return false;
    this.#writer.output = output;
    while (this.#next < this.#sections.length) {
      if (!this.#sections[this.#next].step(output, untilBytes)) return false;
      this.#next++;
    }
    output.add(this.#tail);
    this.#writer.endLarge();
    this.#thaw();
    return true;
  }

  cancel(): void {
    this.#chain.cancel();
    this.#thaw();
  }

  #thaw(): void {
    for (const group of this.#frozen) group.thaw();
  }
}

/** A group of a stream on its way: it is told of what becomes of the pending entries. */
class FrozenGroup implements PendingReader {
  readonly #groups: StreamGroups;
  /** The group, and the consumers that had pending entries. */
  readonly #owners: number[];
  readonly #sections: ReadonlyMap<number, Section>;
  readonly #ownSection: Section | undefined;
  /** Those that no walk is to write: saved, or newer than the snapshot. */
  readonly #seen: Set<number> = new Set();

  constructor(groups: StreamGroups, group: number, sections: ReadonlyMap<number, Section>) {
    this.#groups = groups;
    this.#sections = sections;
    this.#ownSection = sections.get(group);
    this.#owners = [group];
    for (let rank = 0; rank < groups.consumerCount(group); rank++) {
      const consumer = groups.consumerAt(group, rank);
      if (sections.has(consumer)) this.#owners.push(consumer);
    }
    for (const owner of this.#owners) {
      groups.frozen.freeze(owner, this);
      const section = sections.get(owner);
      if (section !== undefined) section.seen = this.#seen;
    }
  }

  beforeChange(pending: number): void {
    if (this.#seen.has(pending)) return;
    this.#seen.add(pending);
    this.#ownSection?.save(pending);
    this.#sections.get(this.#groups.consumerOf(pending))?.save(pending);
  }

  added(pending: number): void {
    this.#seen.add(pending);
  }

  thaw(): void {
    for (const owner of this.#owners) this.#groups.frozen.thaw(owner, this);
  }
}

/** The pending entries of a group or a consumer, and what is before them. */
class Section {
  /** Those that the walk passes over. */
  seen: ReadonlySet<number> = new Set();
  readonly #groups: StreamGroups;
  readonly #owner: number;
  readonly #head: RdbPart[];
  readonly #write: WritePending;
  readonly #writing: StreamWriting;
  #isBegun = false;
  #saved: RdbOutput | null = null;
  /** The walk has not come to this ID yet. */
  readonly #from = new StreamId();
  readonly #id = new StreamId();
  /** So many are neither written nor saved. */
  #left: number;

  constructor(
    groups: StreamGroups,
    owner: number,
    head: RdbPart[],
    write: WritePending,
    writing: StreamWriting,
  ) {
    this.#groups = groups;
    this.#owner = owner;
    this.#head = head;
    this.#write = write;
    this.#writing = writing;
    this.#left = groups.pendingCount(owner);
  }

  /** Writes a pending entry that is about to change, unless it is written. */
  save(pending: number): void {
    if (this.#left === 0) return;
    if (this.#groups.loadPendingId(pending, this.#id).compare(this.#from) < 0) return;
    this.#left--;
    this.#saved ??= this.#writing.newSaved();
    this.#writing.writer.output = this.#saved;
    this.#write(pending);
  }

  /** As `LargeValue.step`; the writer's output is `output`. */
  step(output: RdbOutput, untilBytes: number): boolean {
    if (!this.#isBegun) output.add(this.#head);
    this.#isBegun = true;
    if (this.#saved !== null) output.add(this.#saved.takeParts());
    if (this.#left > 0) this.#walk(output, untilBytes);
    return this.#left === 0;
  }

  /** Goes on with those that have not changed. As long as any is left, their owner is there. */
  #walk(output: RdbOutput, untilBytes: number): void {
    const groups = this.#groups;
    const { cursor } = this.#writing;
    const rank = groups.pendingRank(this.#owner, this.#from);
    let more = cursor.seek(groups.pendingTree(this.#owner), rank);
    let last = 0;
    for (let passed = 0; more && this.#left > 0; more = cursor.next()) {
      if (output.byteLength + passed >= untilBytes) break;
      last = cursor.record;
      if (this.seen.has(last)) {
        passed += passedWork;
        continue;
      }
      this.#write(last);
      this.#left--;
    }
    // behind the last of all IDs there is none to come to
    if (last !== 0) groups.loadPendingId(last, this.#from).increment();
  }
}
