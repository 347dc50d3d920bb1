import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvariantError } from "../../src/assert.ts";
import { Heap, HeapFullError, SEGMENT_BYTES } from "../../src/memory/heap.ts";
import { OrderedIndex } from "../../src/memory/ordered_index.ts";
import { randomBelow, type SeededRandom } from "../../src/random.ts";
import { setWord, wordAt } from "./support.ts";
import { testScale, withSeed } from "../support/property.ts";

/** A tree with its model. A record is a block of one word: its name, which orders equal scores. */
class Fixture {
  readonly heap: Heap;
  readonly index: OrderedIndex;
  readonly tree: number;
  /** The same records, sorted. */
  readonly model: { score: number; name: number; record: number }[] = [];

  constructor(heap = new Heap()) {
    this.heap = heap;
    this.index = new OrderedIndex(heap, { compareTies: (a, b) => this.name(a) - this.name(b) });
    this.tree = this.index.create();
  }

  name(record: number): number {
    return wordAt(this.heap, record, 0);
  }

  makeRecord(name: number): number {
    const record = this.heap.allocate(8);
    setWord(this.heap, record, 0, name);
    return record;
  }

  /** Where in the model a record of that score and name is or would be. */
  place(score: number, name: number): number {
    let low = 0;
    let high = this.model.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.model[middle];
      if (other.score < score || (other.score === score && other.name < name)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  has(score: number, name: number): boolean {
    const found = this.model[this.place(score, name)];
    return found !== undefined && found.score === score && found.name === name;
  }

  insert(score: number, name: number): void {
    if (this.has(score, name)) return;
    const record = this.makeRecord(name);
    this.index.insert(this.tree, score, record);
    this.model.splice(this.place(score, name), 0, { score, name, record });
  }

  removeAt(rank: number): void {
    const { score, record } = this.model[rank];
    assert(this.index.remove(this.tree, score, record));
    this.heap.free(record);
    this.model.splice(rank, 1);
  }

  move(rank: number, score: number): void {
    const entry = this.model[rank];
    if (this.has(score, entry.name)) return;
    this.index.move(this.tree, entry.score, score, entry.record);
    this.model.splice(rank, 1);
    this.model.splice(this.place(score, entry.name), 0, { ...entry, score });
  }

  relocate(rank: number): void {
    const entry = this.model[rank];
    const moved = this.makeRecord(entry.name);
    setWord(this.heap, entry.record, 0, 0); // nobody may look at it again
    this.heap.free(entry.record);
    this.index.relocate(this.tree, entry.score, entry.record, moved);
    entry.record = moved;
  }

  removeRange(rank: number, length: number): void {
    const seen: number[] = [];
    this.index.removeRange(this.tree, rank, length, (record, score) => {
      seen.push(record, score);
      this.heap.free(record);
    });
    const expected = this.model.splice(rank, length);
    assertEquals(seen, expected.flatMap(({ record, score }) => [record, score]));
  }

  /** Compares what a rank, its record and its score say. */
  checkRank(rank: number): void {
    const { score, record } = this.model[rank];
    assertEquals(this.index.at(this.tree, rank), record);
    assertEquals(this.index.scoreAt(this.tree, rank), score);
    assertEquals(this.index.rank(this.tree, score, record), rank);
    assertEquals(this.index.rankOfScore(this.tree, score, false), this.place(score, -1));
    assertEquals(this.index.rankOfScore(this.tree, score, true), this.place(score, Infinity));
    const before = new Set(this.model.slice(0, rank).map((entry) => entry.record));
    assertEquals(this.index.rankWhere(this.tree, (other) => before.has(other)), rank);
  }

  check(): void {
    this.index.checkInvariants(this.tree);
    this.heap.checkInvariants();
    assertEquals(this.index.count(this.tree), this.model.length);
    assertEquals(this.heap.usedBytes, this.index.bytes(this.tree) + 8 * this.model.length);
    const cursor = this.index.cursor();
    let rank = 0;
    for (let more = cursor.seek(this.tree, 0); more; more = cursor.next()) {
      if (cursor.record !== this.model[rank].record || cursor.score !== this.model[rank].score) {
        throw new Error(`rank ${rank} has the wrong record`);
      }
      assert(cursor.rank === rank++);
    }
    assertEquals(rank, this.model.length);
    for (let more = cursor.seek(this.tree, rank - 1); more; more = cursor.previous()) {
      if (cursor.record !== this.model[--rank].record) throw new Error(`wrong record at ${rank}`);
    }
    assertEquals(rank, 0);
  }

  /** Drains and releases the tree, and checks that nothing is left in the heap. */
  end(): void {
    while (!this.index.drain(this.tree, 1000, (record) => this.heap.free(record)));
    this.index.checkInvariants(this.tree);
    this.index.release(this.tree);
    this.heap.checkInvariants();
    assertEquals(this.heap.usedBytes, 0);
  }
}

/** Scores of some kind: all equal, few, near each other, or any, with infinities and zeros. */
function scoreSource(random: SeededRandom, kind: number): () => number {
  return () => {
    const draw = random.uint32();
    if (kind === 0) return 0;
    if (draw % 64 === 0) return [-Infinity, Infinity, 0, -0][(draw >>> 8) % 4];
    if (kind === 1) return (draw >>> 8) % 5;
    if (kind === 2) return (draw >>> 8) % 1000 / 8;
    return (draw - 2 ** 31) * (draw % 2 === 0 ? 1e-300 : 1e300);
  };
}

Deno.test("OrderedIndex does what a sorted array does through random changes", () => {
  withSeed((random) => {
    for (let round = 0; round < 4 * testScale(); round++) {
      const fixture = new Fixture();
      const nextScore = scoreSource(random, round % 4);
      for (let step = 0; step < 6000; step++) {
        const length = fixture.model.length;
        const growing = step % 3000 < 2000;
        const choice = randomBelow(random, 10);
        if (choice < (growing ? 7 : 2) || length === 0) {
          fixture.insert(nextScore(), randomBelow(random, 1e6));
        } else {
          const rank = randomBelow(random, length);
          if (choice < 7) fixture.removeAt(rank);
          else if (choice === 7) fixture.move(rank, nextScore());
          else if (choice === 8) fixture.relocate(rank);
          else fixture.checkRank(rank);
        }
        if (step % 500 === 0) fixture.check();
      }
      fixture.check();
      fixture.end();
    }
  });
});

/** Which of the numbers to a limit are in a set, and how many are below one (a Fenwick tree). */
class NumberSet {
  readonly #sums: Int32Array;
  readonly present: Uint8Array;
  count = 0;

  constructor(limit: number) {
    this.#sums = new Int32Array(limit + 1);
    this.present = new Uint8Array(limit);
  }

  toggle(number: number): void {
    const difference = this.present[number] === 0 ? 1 : -1;
    this.present[number] ^= 1;
    this.count += difference;
    for (let i = number + 1; i < this.#sums.length; i += i & -i) this.#sums[i] += difference;
  }

  below(number: number): number {
    let sum = 0;
    for (let i = number; i > 0; i -= i & -i) sum += this.#sums[i];
    return sum;
  }
}

Deno.test("OrderedIndex keeps ranks right in trees of four levels", () => {
  withSeed((random) => {
    const limit = 160_000 * testScale();
    const heap = new Heap();
    // Record `number + 1` has the score `number >> 2`: their order is that of the numbers.
    const index = new OrderedIndex(heap, { compareTies: (a, b) => a - b });
    const tree = index.create();
    const model = new NumberSet(limit);
    const toggle = (number: number) => {
      const removed = index.remove(tree, number >> 2, number + 1);
      assert(removed === (model.present[number] === 1));
      if (!removed) index.insert(tree, number >> 2, number + 1);
      model.toggle(number);
    };
    const check = () => {
      index.checkInvariants(tree);
      assertEquals(index.count(tree), model.count);
      for (let i = 0; i < 500; i++) {
        const number = randomBelow(random, limit);
        const rank = model.below(number);
        assertEquals(index.rank(tree, number >> 2, number + 1), rank);
        assertEquals(index.rankWhere(tree, (record) => record <= number), rank);
        assertEquals(index.rankOfScore(tree, number >> 2, false), model.below(number & ~3));
        if (model.present[number] === 1) assertEquals(index.at(tree, rank), number + 1);
      }
    };
    for (let number = 0; number < limit; number++) toggle(number);
    check();
    for (let i = 0; i < limit / 2; i++) toggle(randomBelow(random, limit));
    check();
    while (model.count > 0) {
      const from = randomBelow(random, Math.ceil(model.count / 2));
      const length = Math.min(model.count - from, 1 + randomBelow(random, limit / 8));
      let rank = from;
      index.removeRange(tree, from, length, (record) => {
        assert(model.present[record - 1] === 1);
        if (rank++ === from) assert(model.below(record - 1) === from);
        model.toggle(record - 1);
      });
      for (let i = 0; i < limit / 100; i++) {
        const number = randomBelow(random, limit);
        if (model.present[number] === 1) toggle(number);
      }
      check();
    }
    index.release(tree);
    assertEquals(heap.usedBytes, 0);
  });
});

Deno.test("OrderedIndex takes ascending, descending and zigzag runs, and ranges out of them", () => {
  withSeed((random) => {
    for (let round = 0; round < 9 * testScale(); round++) {
      const fixture = new Fixture();
      const length = 1 + randomBelow(random, 6000);
      for (let i = 0; i < length; i++) {
        const score = [i, -i, i % 2 === 0 ? i : -i][round % 3];
        fixture.insert(round % 2 === 0 ? score : 1, score + length);
      }
      fixture.check();
      while (fixture.model.length > 0) {
        const rank = randomBelow(random, fixture.model.length);
        const most = fixture.model.length - rank;
        const choice = randomBelow(random, 8);
        if (choice === 0) fixture.removeRange(0, Math.min(fixture.model.length, 10));
        else if (choice === 1) fixture.removeRange(rank, 0);
        else if (choice < 4) fixture.removeRange(rank, randomBelow(random, most + 1));
        else fixture.removeRange(rank, Math.min(most, randomBelow(random, 200)));
        if (choice === 7) {
          for (let i = 0; i < 200; i++) fixture.insert(i / 2, randomBelow(random, 4));
        }
        if (fixture.model.length > 0) fixture.checkRank(randomBelow(random, fixture.model.length));
        fixture.index.checkInvariants(fixture.tree);
        if (choice > 5) fixture.check();
      }
      fixture.check();
      fixture.end();
    }
  });
});

Deno.test("OrderedIndex drains in slices, and its visitor may change another tree", () => {
  const fixture = new Fixture();
  const { heap, index, tree } = fixture;
  const other = index.create();
  for (let i = 0; i < 5000; i++) {
    fixture.insert(i, i);
    index.insert(other, -i, fixture.model[i].record);
  }
  const visit = (record: number, score: number) => {
    assertEquals(index.rank(other, -score, record), index.count(other) - 1 - (score - 4900));
    assert(index.remove(other, -score, record));
  };
  index.removeRange(tree, 4900, 1, (_record, score) => assertEquals(score, 4900));
  index.removeRange(tree, 0, 0, visit);
  assertEquals(index.count(other), 5000);
  let slices = 0;
  for (let done = false; !done; slices++) {
    const before = index.count(tree);
    done = index.drain(tree, 333, (record, score) => assert(index.remove(other, -score, record)));
    assertEquals(index.count(tree), Math.max(0, before - 333));
    index.checkInvariants(tree);
    index.checkInvariants(other);
  }
  assertEquals(slices, Math.ceil(4999 / 333));
  assertEquals(index.removeAt(other, 0), fixture.model[4900].record);
  for (const { record } of fixture.model.splice(0)) heap.free(record);
  index.release(other);
  fixture.end();
});

Deno.test("OrderedIndex without records answers, and is released", () => {
  const fixture = new Fixture();
  const { index, tree } = fixture;
  const record = fixture.makeRecord(1);
  assertEquals(index.count(tree), 0);
  assertEquals(index.bytes(tree), 16);
  assertEquals(index.rank(tree, 1, record), 0);
  assertEquals(index.rankOfScore(tree, Infinity, true), 0);
  assertEquals(index.rankWhere(tree, () => true), 0);
  assertEquals(index.remove(tree, 1, record), false);
  assertEquals(index.cursor().seek(tree, 0), false);
  assertThrows(() => index.at(tree, 0), InvariantError);
  assertThrows(() => index.move(tree, 1, 2, record), InvariantError);
  assertThrows(() => index.relocate(tree, 1, record, record), InvariantError);
  index.insert(tree, 1, record);
  assertThrows(() => index.at(tree, 1), InvariantError);
  assertThrows(() => index.at(tree, -1), InvariantError);
  assertThrows(() => index.release(tree), InvariantError);
  assertEquals(index.remove(tree, 2, record), false);
  assertEquals(index.remove(tree, 0, record), false);
  assert(index.remove(tree, 1, record));
  fixture.heap.free(record);
  fixture.end();
});

Deno.test("OrderedIndex takes -0 for 0, and infinities for the ends", () => {
  const fixture = new Fixture();
  for (const [i, score] of [0, -0, 0, -0, Infinity, -Infinity].entries()) fixture.insert(score, i);
  fixture.check();
  const { index, tree } = fixture;
  assertEquals(fixture.model.map(({ name }) => name), [5, 0, 1, 2, 3, 4]);
  assertEquals(index.rankOfScore(tree, -0, false), 1);
  assertEquals(index.rankOfScore(tree, 0, true), 5);
  assertEquals(index.rankOfScore(tree, -Infinity, false), 0);
  assertEquals(index.rankOfScore(tree, Infinity, false), 5);
  assertEquals(index.rankOfScore(tree, Infinity, true), 6);
  assert(index.remove(tree, 0, fixture.model[2].record));
  index.insert(tree, 0, fixture.model[2].record);
  fixture.end();
});

Deno.test("OrderedIndex fills its nodes: 13 bytes a record in order, 16 at random", () => {
  withSeed((random) => {
    const bytesPerRecord = (scoreOf: (i: number) => number) => {
      const heap = new Heap();
      const index = new OrderedIndex(heap, { compareTies: (a, b) => a - b });
      const tree = index.create();
      const count = 50_000 * testScale();
      for (let i = 0; i < count; i++) index.insert(tree, scoreOf(i), i + 1);
      index.checkInvariants(tree);
      const bytes = index.bytes(tree) / count;
      // a tree that loses most of its records at random gives memory back
      for (let i = 0; i < count; i++) {
        if (i % 20 !== 0) index.removeAt(tree, randomBelow(random, index.count(tree)));
      }
      index.checkInvariants(tree);
      assert(
        index.bytes(tree) < 30 * index.count(tree),
        `${index.bytes(tree) / index.count(tree)}`,
      );
      return bytes;
    };
    assert(bytesPerRecord((i) => i) < 13);
    assert(bytesPerRecord((i) => -i) < 13);
    assert(bytesPerRecord(() => 7) < 13);
    const atRandom = bytesPerRecord(() => random.uint32());
    assert(atRandom < 16.5, `${atRandom}`);
    // runs that take turns, as time series in one set do
    const inTurns = bytesPerRecord((i) => i % 7 * 1e6 + i);
    assert(inTurns < 16.5, `${inTurns}`);
  });
});

Deno.test("OrderedIndex is as it was if there is no memory for an insertion", () => {
  withSeed((random) => {
    for (const kind of [0, 1, 2]) {
      const heap = new Heap({ bytesMax: SEGMENT_BYTES });
      const index = new OrderedIndex(heap, { compareTies: (a, b) => a - b });
      const tree = index.create();
      // all but half a MiB is taken
      const ballast: number[] = [];
      for (const bytes of [2 ** 20, 2 ** 16]) {
        try {
          for (;;) ballast.push(heap.allocate(bytes));
        } catch (error) {
          if (!(error instanceof HeapFullError)) throw error;
        }
      }
      for (let i = 0; i < 8; i++) heap.free(ballast.pop()!);
      let failures = 0;
      for (let i = 1; failures < 300; i++) {
        const score = [i, -i, random.uint32()][kind];
        const used = heap.usedBytes;
        const count = index.count(tree);
        const bytes = index.bytes(tree);
        try {
          index.insert(tree, score, i);
        } catch (error) {
          if (!(error instanceof HeapFullError)) throw error;
          failures++;
          assertEquals(heap.usedBytes, used);
          assertEquals(index.count(tree), count);
          assertEquals(index.bytes(tree), bytes);
          if (failures % 50 === 1) index.checkInvariants(tree);
        }
      }
      assert(index.count(tree) > 5000);
      index.checkInvariants(tree);
      while (!index.drain(tree, 1000));
      for (const block of ballast) heap.free(block);
      index.release(tree);
      heap.checkInvariants();
      assertEquals(heap.usedBytes, 0);
    }
  });
});
