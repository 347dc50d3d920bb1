/**
 * Large values on their way into a snapshot: written part by part, while commands change them.
 *
 * A value is frozen at the moment that its key is told of, and is from then on written by two
 * hands: by `step`, when it is its turn, and by each first change of a part, which is saved before it
 * happens. What is saved waits in memory, so that the parts of a value follow each other in the file.
 * Both hands write with the one `SnapshotWriter` that the value has, to different places. Streams have
 * more than nodes: `large_stream.ts`.
 */
import type { Dict } from "../memory/dict.ts";
import type { BlockReader, FrozenBlocks } from "../memory/frozen_blocks.ts";
import type { RdbOutput, RdbPart } from "./rdb_output.ts";
import type { SnapshotWriter } from "./snapshot_writer.ts";

/** A value of which parts are still to be written. */
export interface LargeValue {
  /**
   * Writes what was saved, then parts, until the output has `untilBytes` bytes. Whether that was the last.
   */
  step(output: RdbOutput, untilBytes: number): boolean;
  /** Nobody wants it any more. */
  cancel(): void;
}

/** A set, hash or sorted set: the elements of a dictionary, bucket by bucket, in any order. */
export class LargeTable implements LargeValue {
  readonly #dict: Dict;
  readonly #writer: SnapshotWriter;
  /** Where elements go that change before it is this value's turn. */
  readonly #saved: RdbOutput;
  #bucket = 0;
  #left: number;

  /** @param writer Has begun the value, and writes to where elements are to be saved. */
  constructor(dict: Dict, writer: SnapshotWriter) {
    this.#dict = dict;
    this.#writer = writer;
    this.#saved = writer.output;
    this.#left = dict.count;
    dict.freeze((element) => {
      this.#left--;
      this.#writer.part(element);
    });
  }

  step(output: RdbOutput, untilBytes: number): boolean {
    output.add(this.#saved.takeParts());
    this.#writer.output = output;
    // a dictionary that is drained meanwhile has told of all its elements
    while (this.#left > 0 && output.byteLength < untilBytes) {
      this.#dict.tellBucket(this.#bucket++);
    }
    const isOver = this.#left === 0;
    if (isOver) {
      this.#dict.thaw();
      this.#writer.endLarge();
    }
    this.#writer.output = this.#saved;
    return isOver;
  }

  cancel(): void {
    this.#dict.thaw();
  }
}

/** The nodes of a list or stream, in their order. */
export class LargeChain implements BlockReader {
  readonly #frozen: FrozenBlocks;
  readonly #nodes: Uint32Array;
  /** Of nodes that have changed meanwhile, what they were. */
  readonly #savedNodes: Map<number, RdbPart[]> = new Map();
  readonly #writer: SnapshotWriter;
  /** What is before the nodes. */
  readonly #head: RdbOutput;
  /** Where nodes are written that are about to change. */
  readonly #scratch: RdbOutput;
  #next = 0;

  /** @param writer Has begun the value. */
  constructor(
    frozen: FrozenBlocks,
    nodes: Uint32Array,
    writer: SnapshotWriter,
    scratch: RdbOutput,
  ) {
    this.#frozen = frozen;
    this.#nodes = nodes;
    this.#writer = writer;
    this.#head = writer.output;
    this.#scratch = scratch;
    for (let i = 0; i < nodes.length; i++) frozen.freeze(nodes[i], this, i);
  }

  save(index: number): void {
    this.#writer.output = this.#scratch;
    this.#writer.part(this.#nodes[index]);
    this.#savedNodes.set(index, this.#scratch.takeParts());
  }

  /** As `LargeValue.step`. */
  step(output: RdbOutput, untilBytes: number): boolean {
    output.add(this.#head.takeParts());
    this.#writer.output = output;
    while (this.#next < this.#nodes.length && output.byteLength < untilBytes) {
      this.#writeNext(output);
    }
    return this.#next === this.#nodes.length;
  }

  #writeNext(output: RdbOutput): void {
    const index = this.#next++;
    const saved = this.#savedNodes.get(index);
    if (saved === undefined) {
      this.#writer.part(this.#nodes[index]);
      this.#frozen.thaw(this.#nodes[index]);
    } else {
      output.add(saved);
      this.#savedNodes.delete(index);
    }
  }

  cancel(): void {
    for (let i = this.#next; i < this.#nodes.length; i++) {
      if (!this.#savedNodes.has(i)) this.#frozen.thaw(this.#nodes[i]);
    }
  }
}

/** A list: its nodes, and nothing behind them. */
export class LargeList implements LargeValue {
  readonly #chain: LargeChain;
  readonly #writer: SnapshotWriter;

  constructor(chain: LargeChain, writer: SnapshotWriter) {
    this.#chain = chain;
    this.#writer = writer;
  }

  step(output: RdbOutput, untilBytes: number): boolean {
    if (!this.#chain.step(output, untilBytes)) return false;
    this.#writer.endLarge();
    return true;
  }

  cancel(): void {
    this.#chain.cancel();
  }
}
