/** Makes of a large value one that is written in parts: which way of those in `large_value.ts` each type takes. */
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { TimerWheel } from "../keyspace/timer_wheel.ts";
import { Encoding, encodingOf, typeOf, ValueType } from "../values/record.ts";
import { LargeStream } from "./large_stream.ts";
import { LargeChain, LargeList, LargeTable, type LargeValue } from "./large_value.ts";
import { RdbOutput } from "./rdb_output.ts";
import type { SnapshotFormat, SnapshotWriter } from "./snapshot_writer.ts";

/** What takes more memory is large: about a millisecond of compressing. */
export const largeBytesUsual = 128 * 1024;
/** The memory of a collection is estimated from so many of its elements. */
const sampledElements = 8;

/** There may be many that wait: their outputs begin small. */
const savedChunkBytes = 4096;

/** An output whose bytes go into another one; strings longer than `longBytes` are put off until then. */
export function savedOutput({ compresses }: SnapshotFormat, longBytes: number): RdbOutput {
  return new RdbOutput({ compresses, sums: false, chunkBytes: savedChunkBytes, longBytes });
}

export class LargeValues {
  readonly #keyspace: Keyspace;
  readonly #format: SnapshotFormat;
  readonly #largeBytes: number;
  /** Where nodes are written that are about to change. */
  readonly #scratch: RdbOutput;

  /** @param largeBytes A value that takes more memory is large. */
  constructor(keyspace: Keyspace, format: SnapshotFormat, largeBytes: number) {
    this.#keyspace = keyspace;
    this.#format = format;
    this.#largeBytes = largeBytes;
    this.#scratch = this.#newSaved();
  }

  /** Whether a value takes so much memory, and is not one packed block or string, which is written whole. */
  isLarge(record: number): boolean {
    const { heap, values } = this.#keyspace;
    if (typeOf(heap, record) === ValueType.STRING) return false;
    const encoding = encodingOf(heap, record);
    const isPacked = encoding === Encoding.LISTPACK || encoding === Encoding.LISTPACK_EX ||
      encoding === Encoding.INTSET;
    return !isPacked && values.kindOf(record).bytes(record, sampledElements) > this.#largeBytes;
  }

  /** Keeps a key and its value as they are now until they are written. */
  freeze(record: number, wheel: TimerWheel): LargeValue {
    const { heap, values: { hashes, lists, sets, sortedSets, streams } } = this.#keyspace;
    const writer = this.#format.writer(this.#newSaved());
    writer.beginLarge(record, wheel);
    switch (typeOf(heap, record)) {
      case ValueType.SET:
        return new LargeTable(sets.dictOf(record)!, writer);
      case ValueType.SORTED_SET:
        return new LargeTable(sortedSets.dictOf(record)!, writer);
      case ValueType.HASH:
        return new LargeTable(hashes.fieldsOf(record)!.dict, writer);
      case ValueType.LIST:
        return new LargeList(this.#chain(lists.nodes(record), writer), writer);
      default: {
        const chain = this.#chain(streams.nodes(record), writer);
        return new LargeStream(record, streams.groups, streams.groupsOf(record), chain, {
          ...{ writer, scratch: this.#scratch, cursor: streams.groups.pendingCursor() },
          newSaved: () => this.#newSaved(),
        });
      }
    }
  }

  #newSaved(): RdbOutput {
    return savedOutput(this.#format, this.#largeBytes);
  }

  #chain(nodes: Uint32Array, writer: SnapshotWriter): LargeChain {
    return new LargeChain(this.#keyspace.frozen, nodes, writer, this.#scratch);
  }
}
