import { assert, assertEquals } from "@std/assert";
import { randomBelow, type SeededRandom } from "../../src/random.ts";
import { Arguments } from "../../src/resp/arguments.ts";
import { ListEnd, type Lists } from "../../src/values/lists.ts";
import { ValueType } from "../../src/values/record.ts";
import { testScale, withSeed } from "../support/property.ts";
import { ValueBench } from "./support.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function contents(lists: Lists, record: number): string[] {
  const found: string[] = [];
  for (let isHere = lists.seek(record, 0); isHere; isHere = lists.next()) {
    lists.read();
    found.push(elementText(lists));
  }
  return found;
}

function elementText({ element: { buffer, start, end } }: Lists): string {
  return decoder.decode(buffer.subarray(start, end));
}

function randomElement(random: SeededRandom): string {
  const kind = randomBelow(random, 20);
  if (kind === 0) return "x".repeat(randomBelow(random, 10_000));
  return kind < 10 ? String(randomBelow(random, 50)) : "e".repeat(randomBelow(random, 40));
}

/** One random change of a list and of the array that it should equal. */
function change(lists: Lists, record: number, model: string[], random: SeededRandom): void {
  const text = randomElement(random);
  const bytes = encoder.encode(text);
  const index = randomBelow(random, model.length + 1);
  const after = randomBelow(random, 2) === 1;
  switch (randomBelow(random, 10)) {
    case 0:
    case 1:
    case 2:
    case 8:
      lists.expect(record, 1, bytes.length);
      lists.push(record, after ? ListEnd.Tail : ListEnd.Head, bytes, 0, bytes.length);
      if (after) model.push(text);
      else model.unshift(text);
      break;
    case 3:
      lists.expect(record, 1, bytes.length);
      if (!lists.seek(record, index)) break;
      lists.insert(record, after, bytes, 0, bytes.length);
      model.splice(after ? index + 1 : index, 0, text);
      break;
    case 4:
      lists.expect(record, 1, bytes.length);
      if (!lists.seek(record, index)) break;
      lists.set(record, bytes, 0, bytes.length);
      model[index] = text;
      break;
    case 5: {
      if (!lists.seek(record, index)) break;
      const isThere = lists.removeHere(record, after);
      model.splice(index, 1);
      assertEquals(isThere, after ? index < model.length : index > 0);
      break;
    }
    case 6: {
      const count = randomBelow(random, 4);
      lists.removeRange(record, index, count);
      model.splice(index, count);
      break;
    }
    case 7: {
      if (model.length === 0) break;
      lists.readEnd(record, after ? ListEnd.Tail : ListEnd.Head);
      assertEquals(elementText(lists), after ? model.pop() : model.shift());
      assertEquals(lists.removeEnd(record), model.length);
      break;
    }
    default:
      if (model.length > 0) lists.compact(record);
  }
}

for (const size of [-2, -1, 0, 1, 4, 100]) {
  Deno.test(`a list changes as an array does, with list-max-listpack-size ${size}`, () => {
    withSeed((random) => {
      const bench = new ValueBench();
      Object.assign(bench.limits, { listMaxListpackSize: size });
      const { lists } = bench.values;
      const record = bench.create(ValueType.LIST);
      const model: string[] = [];
      for (let i = 0; i < 3000 * testScale(); i++) {
        change(lists, record, model, random);
        assertEquals(lists.count(record), model.length);
        lists.checkInvariants(record);
        if (i % 100 === 0) assertEquals(contents(lists, record), model);
      }
      assertEquals(contents(lists, record), model);
      bench.drop(record);
      assertEquals(bench.heap.usedBytes, 0);
    });
  });
}

Deno.test("elements are found by index from either end", () => {
  const bench = new ValueBench();
  Object.assign(bench.limits, { listMaxListpackSize: 3 });
  const { lists } = bench.values;
  const record = bench.create(ValueType.LIST);
  for (let i = 0; i < 20; i++) {
    const bytes = encoder.encode(`e${i}`);
    lists.expect(record, 1, bytes.length);
    lists.push(record, ListEnd.Tail, bytes, 0, bytes.length);
  }
  for (let i = -20; i < 20; i++) {
    assertEquals(lists.seek(record, i), true);
    lists.read();
    assertEquals(elementText(lists), `e${(i + 20) % 20}`);
  }
  assertEquals(lists.seek(record, 20), false);
  assertEquals(lists.seek(record, -21), false);
});

Deno.test("a long list has an eighth for growing in its last node, and a sixteenth in the full ones", () => {
  for (const end of [ListEnd.Head, ListEnd.Tail]) {
    const bench = new ValueBench();
    const { lists } = bench.values;
    const record = bench.create(ValueType.LIST);
    const elements = Array.from({ length: 100 }, (_, i) => `element:${i % 7}${"x".repeat(i % 7)}`);
    for (let count = 100; count <= 40_000; count += 100) {
      assertEquals(lists.pushAll(record, end, Arguments.from(elements), 0), count);
      if (lists.nodeCount(record) === 1) continue;
      const slack = lists.bytes(record, 0) / lists.listpackBytes(record) - 1;
      assert(slack < 3 / 16, `${slack} of ${lists.listpackBytes(record)} bytes`);
    }
    bench.drop(record);
  }
});
