/** Values that belong to no key: results that are made before they take the place of what a key holds. */
import type { Heap } from "../memory/heap.ts";
import { encodingOf, recordBytes, rootOf, setEncoding, setMeta, setRoot } from "./record.ts";
import type { ValueKind } from "./value_kind.ts";

/** The detached values of one type. Each is a record without a key. */
export class DetachedValues {
  readonly #heap: Heap;
  readonly #kind: ValueKind;
  readonly #type: number;

  /** `type` is one of `ValueType`. */
  constructor(heap: Heap, kind: ValueKind, type: number) {
    this.#heap = heap;
    this.#kind = kind;
    this.#type = type;
  }

  /**
   * Makes an empty one, to be given to `adopt` or `discard`.
   *
   * @throws {HeapFullError}
   */
  create(): number {
    const heap = this.#heap;
    const detached = heap.allocate(recordBytes(0, 0));
    setMeta(heap, detached, this.#type);
    try {
      this.#kind.init(detached);
    } catch (error) {
      heap.free(detached);
      throw error;
    }
    return detached;
  }

  /** Makes one, which `fill` fills; if that throws, it is gone. */
  make(fill: (detached: number) => void): number {
    const detached = this.create();
    try {
      fill(detached);
    } catch (error) {
      this.discard(detached);
      throw error;
    }
    return detached;
  }

  /** Makes it the value of the record that `create` gives; if that throws, it is gone. */
  store(detached: number, create: () => number): void {
    let record: number;
    try {
      record = create();
    } catch (error) {
      this.discard(detached);
      throw error;
    }
    this.adopt(record, detached);
  }

  /** Makes the value of a detached one the value of `record`, in place of its own. */
  adopt(record: number, detached: number): void {
    const heap = this.#heap;
    this.#kind.free(record);
    setEncoding(heap, record, encodingOf(heap, detached));
    setRoot(heap, record, rootOf(heap, detached));
    heap.free(detached);
  }

  discard(detached: number): void {
    this.#kind.free(detached);
    this.#heap.free(detached);
  }
}
