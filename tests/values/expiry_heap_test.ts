/** Times to live of fields against a map of them. */
import { assertEquals } from "@std/assert";
import { Heap } from "../../src/memory/heap.ts";
import { randomBelow } from "../../src/random.ts";
import { ExpiryHeap, positionOf, setPosition } from "../../src/values/expiry_heap.ts";
import { testScale, withSeed } from "../support/property.ts";

const recordBytes = 12;
const timeMax = 2 ** 48 - 1;

function newRecord(heap: Heap): number {
  const record = heap.allocate(recordBytes);
  setPosition(heap, record, 0);
  return record;
}

Deno.test("an expiry heap has the earliest of all times, and each field's own", () => {
  withSeed((random) => {
    for (let round = 0; round < 10 * testScale(); round++) {
      const heap = new Heap();
      const expiries = new ExpiryHeap(heap);
      const records = Array.from({ length: 60 }, () => newRecord(heap));
      const model = new Map<number, number>();
      for (let i = 0; i < 400; i++) {
        const record = records[randomBelow(random, records.length)];
        if (randomBelow(random, 3) > 0) {
          const timeMs = randomBelow(random, 2) === 0
            ? randomBelow(random, 100)
            : timeMax - randomBelow(random, 2 ** 31);
          expiries.set(record, timeMs);
          model.set(record, timeMs);
        } else {
          expiries.remove(record);
          model.delete(record);
        }
        assertEquals(expiries.count, model.size);
        assertEquals(expiries.earliestMs, Math.min(...model.values(), Infinity));
        if (model.size > 0) assertEquals(model.get(expiries.earliestRecord), expiries.earliestMs);
        const nowMs = randomBelow(random, 120);
        const due = [...model.values()].filter((timeMs) => timeMs < nowMs).length;
        assertEquals(expiries.countBefore(nowMs), due);
      }
      for (const record of records) {
        const position = positionOf(heap, record);
        assertEquals(
          position === 0 ? undefined : expiries.expiresAtMs(position),
          model.get(record),
        );
        heap.free(record);
      }
      expiries.free();
      assertEquals(heap.usedBytes, 0);
    }
  });
});
