/** Makes of a large value one that is written in parts (`large_value.ts`): what the parts of each type are. */
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { TimerWheel } from "../keyspace/timer_wheel.ts";
import { typeOf, ValueType } from "../values/record.ts";
import {
  LargeChain,
  LargeTable,
  type LargeValue,
  savedOutput,
  type WriteNode,
} from "./large_value.ts";
import type { RdbOutput } from "./rdb_output.ts";
import { type AccessInfo, RdbWriter } from "./rdb_writer.ts";

const noNodes = new Uint32Array(0);

export class LargeValues {
  readonly #keyspace: Keyspace;
  readonly #version: number;
  readonly #access: AccessInfo;
  readonly #largeBytes: number | undefined;
  /** Where nodes are written that are about to change. */
  readonly #scratch = savedOutput();
  readonly #scratchWriter: RdbWriter;

  /** @param largeBytes A value that takes more memory is large. */
  constructor(keyspace: Keyspace, version: number, access: AccessInfo, largeBytes?: number) {
    this.#keyspace = keyspace;
    this.#version = version;
    this.#access = access;
    this.#largeBytes = largeBytes;
    this.#scratchWriter = this.#writerTo(this.#scratch);
  }

  isLarge(record: number): boolean {
    return this.#scratchWriter.values.isLarge(record, this.#largeBytes);
  }

  /** Keeps a key and its value as they are now until they are written. */
  freeze(record: number, wheel: TimerWheel): LargeValue {
    const { heap, values: { hashes, lists, sets, sortedSets, streams } } = this.#keyspace;
    const head = savedOutput();
    const writer = this.#writerTo(head);
    const { values } = writer;
    writer.keyHead(record, wheel);
    values.head(record);
    switch (typeOf(heap, record)) {
      case ValueType.SET:
        return new LargeTable(
          sets.dictOf(record)!,
          (to, member) => to.setMember(member),
          head,
          values,
        );
      case ValueType.SORTED_SET: {
        const dict = sortedSets.dictOf(record)!;
        return new LargeTable(dict, (to, member) => to.sortedSetMember(member), head, values);
      }
      case ValueType.HASH: {
        const fields = hashes.fieldsOf(record)!;
        const earliestMs = hashes.earliestMs(record);
        const write = (to: typeof values, field: number) => to.hashField(fields, field, earliestMs);
        return new LargeTable(fields.dict, write, head, values);
      }
      case ValueType.LIST: {
        const fill = lists.fill(record);
        return this.#chain(lists.nodes(record), (to, node) => to.listNode(fill, node), head);
      }
      case ValueType.STREAM: {
        const tail = savedOutput();
        this.#writerTo(tail).values.streamTail(record);
        return this.#chain(streams.nodes(record), (to, node) => to.streamNode(node), head, tail);
      }
      default:
        values.stringBytes(record);
        return this.#chain(noNodes, () => {}, head);
    }
  }

  #writerTo(output: RdbOutput): RdbWriter {
    return new RdbWriter(this.#keyspace, output, this.#version, this.#access);
  }

  #chain(
    nodes: Uint32Array,
    writeNode: WriteNode,
    head: RdbOutput,
    tail: RdbOutput = savedOutput(),
  ): LargeChain {
    return new LargeChain(this.#keyspace.frozen, nodes, writeNode, {
      ...{ head, tail },
      scratch: this.#scratch,
      scratchWriter: this.#scratchWriter.values,
    });
  }
}
