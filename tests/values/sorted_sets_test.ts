import { assertEquals } from "@std/assert";
import { Dicts } from "../../src/memory/dicts.ts";
import { Hasher } from "../../src/memory/hash.ts";
import { FrozenBlocks } from "../../src/memory/frozen_blocks.ts";
import { Heap } from "../../src/memory/heap.ts";
import { Reclaimer } from "../../src/memory/reclaimer.ts";
import { randomBelow } from "../../src/random.ts";
import type { ValueLimits } from "../../src/values/limits.ts";
import { SortedSets, Update, UpdateFlag } from "../../src/values/sorted_sets.ts";
import { testScale, withSeed } from "../support/property.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Members of a model in their order: all are ASCII, so that texts are ordered as their bytes. */
function inOrder(model: Map<string, number>): [string, number][] {
  return [...model].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
}

function membersOf(sets: SortedSets, record: number): [string, number][] {
  const members: [string, number][] = [];
  const { cursor } = sets;
  for (let more = cursor.seek(record, 0); more; more = cursor.next()) {
    const { buffer, start, end } = cursor.member;
    members.push([decoder.decode(buffer.subarray(start, end)), cursor.score]);
  }
  return members;
}

/** `length` members from a rank on. */
function visited(
  sets: SortedSets,
  record: number,
  rank: number,
  length: number,
  isReverse: boolean,
): [string, number][] {
  const members: [string, number][] = [];
  sets.forEach(record, rank, length, isReverse, (buffer, start, end, score) => {
    members.push([decoder.decode(buffer.subarray(start, end)), score]);
  });
  return members;
}

Deno.test("a sorted set is what a sorted map says, in both encodings, and frees all it had", () => {
  withSeed((random) => {
    for (const [members, steps] of [[12, 400], [400, 3000 * testScale()]]) {
      const heap = new Heap();
      const reclaimer = new Reclaimer();
      const limits = { zsetMaxListpackEntries: 16, zsetMaxListpackValueBytes: 8 } as ValueLimits;
      const dicts = new Dicts(heap, new Hasher(1, 2));
      const frozen = new FrozenBlocks();
      const time = { nowMs: 0 };
      const sets = new SortedSets({ heap, dicts, reclaimer, frozen, random, limits, time });
      const usedBytes = heap.usedBytes;
      const record = sets.detached.create();
      const model = new Map<string, number>();
      for (let step = 0; step < steps; step++) {
        const name = String(randomBelow(random, members));
        const member = encoder.encode(name);
        const score = (randomBelow(random, 41) - 20) / 4;
        const known = model.get(name);
        const choice = randomBelow(random, 10);
        if (choice < 5) {
          const done = sets.update(record, score, member, 0, member.length, 0);
          const moved = known === score ? Update.Unchanged : Update.Moved;
          assertEquals(done, known === undefined ? Update.Added : moved);
          model.set(name, score);
        } else if (choice < 7) {
          sets.update(record, score, member, 0, member.length, UpdateFlag.INCR);
          model.set(name, (known ?? 0) + score);
          assertEquals(sets.score, model.get(name));
        } else if (choice < 9) {
          assertEquals(sets.remove(record, member, 0, member.length), model.delete(name));
        } else {
          const rank = inOrder(model).findIndex(([other]) => other === name);
          assertEquals(sets.rank(record, member, 0, member.length), rank);
          const below = [...model.values()].filter((other) => other < score).length;
          assertEquals(sets.rankOfScore(record, score, false), below);
        }
      }
      assertEquals(sets.isListpack(record), members <= 16);
      assertEquals(membersOf(sets, record), inOrder(model));
      const from = randomBelow(random, model.size);
      const length = randomBelow(random, model.size - from + 1);
      const range = inOrder(model).slice(from, from + length);
      assertEquals(visited(sets, record, from, length, false), range);
      assertEquals(visited(sets, record, from + length - 1, length, true), range.reverse());
      const half = sets.count(record) >> 1;
      sets.removeRange(record, 1, half);
      assertEquals(membersOf(sets, record), inOrder(model).toSpliced(1, half));
      sets.detached.discard(record);
      while (reclaimer.pending) reclaimer.slice(100);
      assertEquals(heap.usedBytes, usedBytes);
    }
  });
});
