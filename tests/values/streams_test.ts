/** Streams against an array of entries, and groups against maps, through nodes of every size. */
import { assert, assertEquals } from "@std/assert";
import { randomBelow, type SeededRandom } from "../../src/random.ts";
import { Arguments } from "../../src/resp/arguments.ts";
import { Encoding, recordBytes, setMeta, ValueType } from "../../src/values/record.ts";
import { Slice } from "../../src/values/slice.ts";
import { ParsedId, parseStreamId, StreamId } from "../../src/values/stream_id.ts";
import { testScale, withSeed } from "../support/property.ts";
import { ValueBench } from "./support.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Entry {
  readonly id: string;
  readonly fields: string[];
}

function idOf(text: string): StreamId {
  const id = new StreamId();
  const bytes = encoder.encode(text);
  assertEquals(parseStreamId(id, bytes, 0, bytes.length), ParsedId.Whole);
  return id;
}

function textOf({ buffer, start, end }: Slice): string {
  return decoder.decode(buffer.subarray(start, end));
}

function randomFields(random: SeededRandom): string[] {
  const kind = randomBelow(random, 10);
  const count = kind < 6 ? 2 : randomBelow(random, 4) + 1;
  const fields: string[] = [];
  for (let i = 0; i < count; i++) {
    const length = randomBelow(random, 20) === 0 ? 300 : randomBelow(random, 6);
    fields.push(kind < 8 ? `field ${i}` : "f".repeat(length));
    fields.push(kind % 2 === 0 ? String(randomBelow(random, 100_000)) : "v".repeat(length));
  }
  return fields;
}

/** One bench with a stream, and what it should hold. */
class Pair {
  readonly bench: ValueBench;
  readonly record: number;
  entries: Entry[] = [];
  readonly #last = new StreamId();

  constructor(random: SeededRandom) {
    this.bench = new ValueBench(random.uint32());
    this.bench.limits.streamNodeMaxEntries = randomBelow(random, 12);
    this.bench.limits.streamNodeMaxBytes = randomBelow(random, 2) * (50 + randomBelow(random, 500));
    this.record = this.bench.create(ValueType.STREAM);
  }

  get streams() {
    return this.bench.values.streams;
  }

  append(random: SeededRandom): void {
    const last = this.#last;
    const step = randomBelow(random, 4);
    if (step === 0) {
      last.setSince(last, randomBelow(random, 100) === 0 ? 2 ** 40 : 1, 0);
      last.seqLow = randomBelow(random, 3);
      last.seqHigh = 0;
    } else for (let i = 0; i < step; i++) last.increment();
    const fields = randomFields(random);
    const isAdded = this.streams.append(this.record, last, Arguments.of(...fields), 0);
    assert(isAdded, "small entries fit");
    this.entries.push({ id: String(last), fields });
  }

  read(record: number, start: string, end: string, isReverse = false): Entry[] {
    const { cursor } = this.streams;
    const found: Entry[] = [];
    let more = cursor.seek(record, idOf(start), idOf(end), isReverse);
    for (; more; more = cursor.next()) {
      const id = String(cursor.id);
      const fields: string[] = [];
      const { fieldCount } = cursor;
      // those that are not looked at are passed by
      const looked = found.length % 3 === 2 ? 0 : fieldCount;
      while (fields.length < looked * 2 && cursor.nextField()) {
        fields.push(textOf(cursor.field), textOf(cursor.value));
      }
      found.push({ id, fields });
    }
    return found;
  }

  assertSame(random: SeededRandom): void {
    const { entries, record, streams } = this;
    assertEquals(streams.count(record), entries.length);
    assertEquals(streams.added(record) as number >= entries.length, true);
    const first = streams.loadFirstId(record, new StreamId());
    assertEquals(String(first), entries.at(0)?.id ?? "0-0");
    const a = entries.length === 0 ? 0 : randomBelow(random, entries.length);
    const b = entries.length === 0 ? 0 : a + randomBelow(random, entries.length - a);
    for (const isReverse of [false, true]) {
      this.#assertRange(0, entries.length - 1, isReverse);
      this.#assertRange(a, b, isReverse);
    }
  }

  #assertRange(first: number, last: number, isReverse: boolean): void {
    const whole = this.entries.slice(first, last + 1);
    if (whole.length === 0) return;
    const found = this.read(this.record, whole[0].id, whole.at(-1)!.id, isReverse);
    const expected = (isReverse ? whole.toReversed() : whole)
      .map((entry, i) => i % 3 === 2 ? { ...entry, fields: [] } : entry);
    assertEquals(found, expected);
    const { record, streams } = this;
    const [start, end] = [idOf(whole[0].id), idOf(whole.at(-1)!.id)];
    assertEquals(streams.countRange(record, start, end, Infinity), whole.length);
  }

  end(): void {
    this.bench.drop(this.record);
    assertEquals(this.bench.heap.usedBytes, 0);
  }
}

Deno.test("a stream holds what was added and neither deleted nor trimmed", () => {
  withSeed((random) => {
    for (let round = 0; round < 8 * testScale(); round++) {
      const pair = new Pair(random);
      const { record, streams } = pair;
      for (let i = 0; i < 250; i++) {
        const kind = randomBelow(random, 20);
        const { entries } = pair;
        if (kind < 13 || entries.length === 0) pair.append(random);
        else if (kind < 18) {
          const [{ id }] = entries.splice(randomBelow(random, entries.length), 1);
          assert(streams.delete(record, idOf(id)), "what is there can be deleted");
          assert(!streams.delete(record, idOf(id)), "but once only");
          streams.settleFirstId(record);
        } else if (kind === 18) {
          const length = randomBelow(random, entries.length + 3);
          const goal = { length, before: null, isApproximate: false, entriesMax: 0 };
          const trimmed = streams.trim(record, goal);
          assertEquals(trimmed, Math.max(0, entries.length - length));
          entries.splice(0, trimmed);
        } else {
          const at = randomBelow(random, entries.length);
          const before = idOf(entries[at].id);
          const isApproximate = randomBelow(random, 2) === 0;
          const goal = { length: 0, before, isApproximate, entriesMax: 0 };
          const trimmed = streams.trim(record, goal);
          assert(isApproximate ? trimmed <= at : trimmed === at, "only what is before goes");
          entries.splice(0, trimmed);
        }
        if (i % 10 === 0) pair.assertSame(random);
      }
      pair.assertSame(random);
      pair.end();
    }
  });
});

Deno.test("a node counts its entries by as many bytes as that takes", () => {
  const bench = new ValueBench();
  Object.assign(bench.limits, { streamNodeMaxEntries: 0, streamNodeMaxBytes: 0 });
  const { streams } = bench.values;
  const record = bench.create(ValueType.STREAM);
  const id = new StreamId();
  const fields = Arguments.of("field", "value");
  const countAll = () => streams.countRange(record, StreamId.min, StreamId.max, Infinity);
  for (let i = 1; i <= 5000; i++) {
    assert(id.increment() && streams.append(record, id, fields, 0));
    if (i % 100 === 0 || Math.abs(i - 127) < 3 || Math.abs(i - 4095) < 3) {
      assertEquals(countAll(), i);
    }
  }
  const deleted = new StreamId();
  for (let i = 1; i <= 300; i++) {
    assert(deleted.increment() && streams.delete(record, deleted));
    if (i % 50 !== 0) continue;
    assert(id.increment() && streams.append(record, id, fields, 0));
    assertEquals(countAll(), 5000 - i + i / 50);
  }
  assertEquals(streams.count(record), 4706);
  assertEquals(streams.nodeCount(record), 1);
  bench.drop(record);
  assertEquals(bench.heap.usedBytes, 0);
});

Deno.test("entries ever added are counted beyond 32 bits", () => {
  const bench = new ValueBench();
  const { streams } = bench.values;
  const record = bench.create(ValueType.STREAM);
  streams.setAdded(record, 2 ** 32 - 1);
  const id = new StreamId().setMs(1);
  assert(streams.append(record, id, Arguments.of("field", "value"), 0));
  assertEquals(streams.added(record), 2 ** 32);
});

Deno.test("a long stream has an eighth for growing in its last node, and as much in the full ones", () => {
  const bench = new ValueBench();
  const { streams } = bench.values;
  const record = bench.create(ValueType.STREAM);
  const id = new StreamId();
  const node = new Slice();
  const cursor = streams.nodeCursor();
  for (let count = 1; count <= 10_000; count++) {
    const value = `value:${"x".repeat(count % 9)}`;
    assert(id.increment() && streams.append(record, id, Arguments.of("field", value), 0));
    if (streams.nodeCount(record) === 1 || count % 7 !== 0) continue;
    let filled = 0;
    let more = cursor.seek(streams.treeOf(record), 0);
    for (; more; more = cursor.next()) {
      streams.locateNode(cursor.record, node, new StreamId());
      filled += node.length;
    }
    assert(streams.bytes(record, 0) < 500 + filled * 1.25, `${filled} bytes`);
  }
  bench.drop(record);
});

Deno.test("a copy of a stream has entries and groups of its own", () => {
  withSeed((random) => {
    const pair = new Pair(random);
    const { bench, record, streams } = pair;
    for (let i = 0; i < 200; i++) pair.append(random);
    const { groups } = streams;
    const name = encoder.encode("name");
    const group = groups.create(streams.groupsToAddTo(record), name, 0, 4, StreamId.min);
    const consumer = groups.createConsumer(group, name, 0, 4, 1000);
    for (const { id } of pair.entries) groups.addPending(group, consumer, idOf(id), 2000);
    const copy = bench.heap.allocate(recordBytes(0, 0));
    setMeta(bench.heap, copy, ValueType.STREAM | (Encoding.STREAM << 4));
    streams.copy(record, copy);
    assertEquals(pair.read(copy, "0", "99999999999999"), pair.read(record, "0", "99999999999999"));
    assertEquals(streams.bytes(copy, 0) > 200, true);
    groups.destroy(streams.groupsOf(record), group);
    const copied = groups.find(streams.groupsOf(copy), name, 0, 4);
    assertEquals(groups.pendingCount(copied), 200);
    const first = idOf(pair.entries[0].id);
    assertEquals(groups.deliveredMs(groups.findPending(copied, first)), 2000);
    bench.drop(copy);
    pair.end();
  });
});

Deno.test("groups know who was given what", () => {
  withSeed((random) => {
    for (let round = 0; round < 3 * testScale(); round++) {
      const pair = new Pair(random);
      const { record, streams: { groups } } = pair;
      const tree = pair.streams.groupsToAddTo(record);
      const name = encoder.encode("group");
      const group = groups.create(tree, name, 0, 5, StreamId.min);
      const owners = new Map<string, string>();
      const consumers = new Map<string, number>();
      for (let i = 0; i < 600; i++) {
        const text = `c${randomBelow(random, 5)}`;
        const bytes = encoder.encode(text);
        const found = groups.findConsumer(group, bytes, 0, bytes.length);
        assertEquals(found, consumers.get(text) ?? 0);
        const consumer = found || groups.createConsumer(group, bytes, 0, bytes.length, i);
        consumers.set(text, consumer);
        const id = `${randomBelow(random, 8)}-${randomBelow(random, 40)}`;
        const pending = groups.findPending(group, idOf(id));
        assertEquals(pending !== 0, owners.has(id));
        const kind = randomBelow(random, 40);
        if (kind === 0) {
          groups.removeConsumer(group, consumer);
          consumers.delete(text);
          for (const [key, owner] of owners) if (owner === text) owners.delete(key);
        } else if (pending === 0) {
          groups.addPending(group, consumer, idOf(id), i);
          owners.set(id, text);
        } else if (kind < 20) {
          groups.assign(pending, consumer);
          owners.set(id, text);
        } else {
          groups.removePending(group, pending);
          owners.delete(id);
        }
        assertEquals(groups.pendingCount(group), owners.size);
      }
      for (const [text, consumer] of consumers) {
        const expected = [...owners].filter(([, owner]) => owner === text).map(([id]) => id);
        const cursor = groups.pendingCursor();
        const listed: string[] = [];
        let more = cursor.seek(groups.pendingTree(consumer), 0);
        for (; more; more = cursor.next()) {
          listed.push(String(groups.loadPendingId(cursor.record, new StreamId())));
        }
        const inOrder = expected.sort((a, b) => idOf(a).compare(idOf(b)));
        assertEquals(listed, inOrder);
      }
      pair.end();
    }
  });
});

Deno.test("IDs count over their words in both directions", () => {
  const texts = [
    ["0-0", "0-1"],
    ["0-4294967295", "0-4294967296"],
    ["1-18446744073709551615", "2-0"],
    ["4294967295-18446744073709551615", "4294967296-0"],
    ["9007199254740993-9007199254740993", "9007199254740993-9007199254740994"],
    ["18446744073709551615-18446744073709551614", "18446744073709551615-18446744073709551615"],
  ];
  for (const [before, after] of texts) {
    const id = idOf(before);
    assert(id.increment());
    assertEquals(String(id), after);
    assert(id.decrement());
    assertEquals(String(id), before);
    const base = idOf("4294967296-4294967290");
    const moved = new StreamId();
    moved.setSince(base, id.msSince(base), id.sequenceSince(base));
    assertEquals(String(moved), before);
  }
  assert(!idOf("0-0").decrement());
  assert(!new StreamId().setMax().increment());
});
