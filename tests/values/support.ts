/** What the tests of values share: a heap with all that values stand on, and records to put them in. */
import { ConfigValues } from "../../src/config/values.ts";
import { Dicts } from "../../src/memory/dicts.ts";
import { Hasher } from "../../src/memory/hash.ts";
import { FrozenBlocks } from "../../src/memory/frozen_blocks.ts";
import { Heap } from "../../src/memory/heap.ts";
import { Reclaimer } from "../../src/memory/reclaimer.ts";
import { SeededRandom } from "../../src/random.ts";
import { recordBytes, setMeta } from "../../src/values/record.ts";
import { Values } from "../../src/values/values.ts";

/** Values over a heap of their own, with limits that a test may change. */
export class ValueBench {
  readonly heap: Heap;
  readonly limits = new ConfigValues();
  readonly reclaimer = new Reclaimer();
  readonly dicts: Dicts;
  /** What commands see as the present. */
  readonly time = { nowMs: 1000 };
  readonly values: Values;

  constructor(seed = 1, heap = new Heap()) {
    this.heap = heap;
    this.dicts = new Dicts(heap, new Hasher(1, 2));
    this.values = new Values({
      heap: this.heap,
      dicts: this.dicts,
      reclaimer: this.reclaimer,
      frozen: new FrozenBlocks(),
      random: new SeededRandom(seed),
      limits: this.limits,
      time: this.time,
    });
  }

  /** A record without a key that holds an empty value. */
  create(type: number): number {
    const record = this.heap.allocate(recordBytes(0, 0));
    setMeta(this.heap, record, type);
    this.values.kind(type).init(record);
    return record;
  }

  /** Frees a record and its value, and all that waits to be freed. */
  drop(record: number): void {
    this.values.kindOf(record).free(record);
    this.heap.free(record);
    while (this.reclaimer.pending) this.reclaimer.slice(100);
  }
}
