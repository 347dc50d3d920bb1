/**
 * Large values on their way into a snapshot: written part by part, while commands change them.
 *
 * A value is frozen at the moment that its key's bucket is announced, and is from then on written by two
 * hands: by `step`, when it is its turn, and by each first change of a part, which is saved before it
 * happens. What is saved waits in memory, so that the parts of a value follow each other in the file.
 */
import type { Dict } from "../memory/dict.ts";
import type { BlockReader, FrozenBlocks } from "../memory/frozen_blocks.ts";
import { RdbOutput } from "./rdb_output.ts";
import type { ValueWriter } from "./value_writer.ts";

/** There may be many that wait: their outputs begin small. */
const savedChunkBytes = 4096;

/** A value of which parts are still to be written. */
export interface LargeValue {
  /**
   * Writes what was saved, then parts, until the output has `untilBytes` bytes. Whether that was the last.
   */
  step(output: RdbOutput, writer: ValueWriter, untilBytes: number): boolean;
  /** Nobody wants it any more. */
  cancel(): void;
}

/** An output whose bytes go into another one. */
export function savedOutput(): RdbOutput {
  return new RdbOutput({ compresses: true, sums: false, chunkBytes: savedChunkBytes });
}

/** Moves all bytes of an output to another one. */
export function moveBytes(from: RdbOutput, to: RdbOutput): void {
  from.flush();
  for (let chunk = from.take(); chunk !== null; chunk = from.take()) {
    to.raw(chunk.buffer, 0, chunk.length);
    from.release(chunk.buffer);
  }
}

/** Writes one element of a large set, hash or sorted set. */
export type WriteElement = (writer: ValueWriter, element: number) => void;

/** A set, hash or sorted set: the elements of a dictionary, bucket by bucket, in any order. */
export class LargeTable implements LargeValue {
  readonly #dict: Dict;
  readonly #writeElement: WriteElement;
  readonly #saved: RdbOutput;
  readonly #savedWriter: ValueWriter;
  /** Where elements go: to what is saved, or into the file while it is this value's turn. */
  #target: ValueWriter;
  #bucket = 0;
  #left: number;
  readonly #write = (element: number) => {
    this.#left--;
    this.#writeElement(this.#target, element);
  };

  /** @param saved Has the value's head; `savedWriter` writes to it. */
  constructor(
    dict: Dict,
    writeElement: WriteElement,
    saved: RdbOutput,
    savedWriter: ValueWriter,
  ) {
    this.#dict = dict;
    this.#writeElement = writeElement;
    this.#saved = saved;
    this.#savedWriter = this.#target = savedWriter;
    this.#left = dict.count;
    dict.epoch++;
    dict.beforeChange = (bucket) => dict.visitBucket(bucket, this.#write);
  }

  step(output: RdbOutput, writer: ValueWriter, untilBytes: number): boolean {
    moveBytes(this.#saved, output);
    this.#target = writer;
    // a dictionary that is drained meanwhile has told of all its buckets
    while (this.#left > 0 && output.byteLength < untilBytes) {
      this.#dict.announceBucket(this.#bucket++);
    }
    this.#target = this.#savedWriter;
    if (this.#left > 0) return false;
    this.#dict.beforeChange = null;
    return true;
  }

  cancel(): void {
    this.#dict.beforeChange = null;
  }
}

/** Writes one node of a long list or stream. */
export type WriteNode = (writer: ValueWriter, node: number) => void;

/** A list or stream: its nodes, in their order, and what is behind them. */
export class LargeChain implements LargeValue, BlockReader {
  readonly #frozen: FrozenBlocks;
  readonly #nodes: Uint32Array;
  /** Of nodes that have changed meanwhile, what they were. */
  readonly #savedNodes: Map<number, Uint8Array> = new Map();
  readonly #writeNode: WriteNode;
  readonly #head: RdbOutput;
  readonly #tail: RdbOutput;
  readonly #scratch: RdbOutput;
  readonly #scratchWriter: ValueWriter;
  #next = 0;

  constructor(
    frozen: FrozenBlocks,
    nodes: Uint32Array,
    writeNode: WriteNode,
    parts: { head: RdbOutput; tail: RdbOutput; scratch: RdbOutput; scratchWriter: ValueWriter },
  ) {
    this.#frozen = frozen;
    this.#nodes = nodes;
    this.#writeNode = writeNode;
    this.#head = parts.head;
    this.#tail = parts.tail;
    this.#scratch = parts.scratch;
    this.#scratchWriter = parts.scratchWriter;
    for (let i = 0; i < nodes.length; i++) frozen.freeze(nodes[i], this, i);
  }

  save(index: number): void {
    this.#writeNode(this.#scratchWriter, this.#nodes[index]);
    this.#savedNodes.set(index, this.#scratch.takeAll().slice());
  }

  step(output: RdbOutput, writer: ValueWriter, untilBytes: number): boolean {
    moveBytes(this.#head, output);
    while (this.#next < this.#nodes.length && output.byteLength < untilBytes) {
      this.#writeNext(output, writer);
    }
    if (this.#next < this.#nodes.length) return false;
    moveBytes(this.#tail, output);
    return true;
  }

  #writeNext(output: RdbOutput, writer: ValueWriter): void {
    const index = this.#next++;
    const saved = this.#savedNodes.get(index);
    if (saved === undefined) {
      this.#writeNode(writer, this.#nodes[index]);
      this.#frozen.thaw(this.#nodes[index]);
    } else {
      output.raw(saved, 0, saved.length);
      this.#savedNodes.delete(index);
    }
  }

  cancel(): void {
    for (let i = this.#next; i < this.#nodes.length; i++) {
      if (!this.#savedNodes.has(i)) this.#frozen.thaw(this.#nodes[i]);
    }
  }
}
