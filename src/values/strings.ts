/** Strings as values among others: how they are freed, copied and measured. `Database` writes them. */
import { copyBytes } from "../memory/bytes.ts";
import { type Heap, SEGMENT_SHIFT } from "../memory/heap.ts";
import {
  Encoding,
  encodingOf,
  externalBit,
  externalOf,
  integerOf,
  markCopiedInteger,
  payloadBytesOf,
  payloadStartOf,
  recordWordIndex,
  setExternal,
  valueLengthOf,
} from "./record.ts";
import type { Slice } from "./slice.ts";
import type { ValueKind } from "./value_kind.ts";

export class Strings implements ValueKind {
  readonly #heap: Heap;

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** A record without payload is the empty string as it is. */
  init(_record: number): void {}

  free(record: number): void {
    if (this.#isExternal(record)) this.#heap.free(externalOf(this.#heap, record));
  }

  copy(record: number, copy: number): void {
    const heap = this.#heap;
    if (this.#isExternal(record)) {
      const length = valueLengthOf(heap, record);
      const block = heap.allocate(length);
      const from = externalOf(heap, record);
      copyBytes(
        heap.bytes[from >>> SEGMENT_SHIFT],
        recordWordIndex(from) << 2,
        heap.bytes[block >>> SEGMENT_SHIFT],
        recordWordIndex(block) << 2,
        length,
      );
      setExternal(heap, copy, block);
      return;
    }
    copyBytes(
      heap.bytes[record >>> SEGMENT_SHIFT],
      payloadStartOf(heap, record),
      heap.bytes[copy >>> SEGMENT_SHIFT],
      payloadStartOf(heap, copy),
      payloadBytesOf(heap, record),
    );
    if (encodingOf(heap, record) === Encoding.INT) markCopiedInteger(heap, copy);
  }

  bytes(record: number, _samples: number): number {
    return this.#isExternal(record) ? this.#heap.capacity(externalOf(this.#heap, record)) : 0;
  }

  /** Points `slice` at a string's bytes; for an integer these are its digits. */
  locate(record: number, slice: Slice): void {
    const heap = this.#heap;
    if (encodingOf(heap, record) === Encoding.INT) return slice.setInteger(integerOf(heap, record));
    const isExternal = this.#isExternal(record);
    const block = isExternal ? externalOf(heap, record) : record;
    const start = isExternal ? recordWordIndex(block) << 2 : payloadStartOf(heap, record);
    slice.set(heap.bytes[block >>> SEGMENT_SHIFT], start, start + valueLengthOf(heap, record));
  }

  #isExternal(record: number): boolean {
    return encodingOf(this.#heap, record) === (Encoding.RAW | externalBit);
  }
}
