import { assert, assertEquals } from "@std/assert";
import { Dict } from "../../src/memory/dict.ts";
import { Hasher } from "../../src/memory/hash.ts";
import { Heap } from "../../src/memory/heap.ts";
import { Lookahead } from "../../src/memory/lookahead.ts";
import { randomBelow } from "../../src/random.ts";
import { insertKey, KEY_OFFSET, keyOf, keyText } from "./support.ts";
import { withSeed } from "../support/property.ts";

/** Keys in one buffer, as those of requests are, and where each begins and ends. */
function packed(
  numbers: readonly number[],
): { buffer: Uint8Array; starts: number[]; ends: number[] } {
  const keys = numbers.map(keyOf);
  const starts: number[] = [];
  const ends: number[] = [];
  let length = 0;
  for (const key of keys) {
    starts.push(length);
    ends.push(length += key.length);
  }
  const buffer = new Uint8Array(length);
  keys.forEach((key, i) => buffer.set(key, starts[i]));
  return { buffer, starts, ends };
}

Deno.test("Lookahead finds what is then looked for, and leaves every search as it is", () => {
  withSeed((random) => {
    const heap = new Heap();
    const hasher = new Hasher(random.uint32(), random.uint32());
    const lookahead = new Lookahead(heap, hasher, 64);
    const dicts = [0, 1].map(() => new Dict(heap, hasher, { keyOffset: KEY_OFFSET }));
    for (let i = 0; i < 500; i++) insertKey(heap, dicts[i % 2], keyOf(i), i);
    let found = 0;
    let guessed = 0;
    for (let batch = 0; batch < 200; batch++) {
      const numbers = Array.from({ length: 64 }, () => randomBelow(random, 700));
      const { buffer, starts, ends } = packed(numbers);
      const searched = numbers.map(() => dicts[randomBelow(random, 2)]);
      lookahead.begin();
      const searches: number[] = [];
      for (let i = 0; i < 64; i++) {
        if (i % 20 === 0) lookahead.fetch();
        searches.push(lookahead.announce(searched[i], buffer, starts[i], ends[i]));
      }
      lookahead.fetch();
      for (let i = 0; i < 64; i++) {
        const record = searched[i].find(buffer, starts[i], ends[i]);
        const isThere = numbers[i] < 500 && dicts[numbers[i] % 2] === searched[i];
        assertEquals(record !== 0, isThere);
        if (record === 0) continue;
        assertEquals(keyText(heap, record), `key:${numbers[i]}`);
        found++;
        if (lookahead.likelyRecord(searches[i]) === record) guessed++;
      }
    }
    // not where a bucket overflows, and where another of its records has the same tag
    assert(guessed > found * 0.9, `${guessed} of ${found}`);
  });
});

Deno.test("Lookahead knows a search that is made again at another place", () => {
  const heap = new Heap();
  const hasher = new Hasher(1, 2);
  const lookahead = new Lookahead(heap, hasher, 64);
  const dict = new Dict(heap, hasher, { keyOffset: KEY_OFFSET });
  const record = insertKey(heap, dict, keyOf(5), 5);
  const { buffer, starts, ends } = packed([5, 5]);
  lookahead.begin();
  const search = lookahead.announce(dict, buffer, starts[0], ends[0]);
  lookahead.repeat(search, buffer, starts[1], ends[1]);
  lookahead.fetch();
  assertEquals(lookahead.likelyRecord(search), record);
  assertEquals(dict.find(buffer, starts[1], ends[1]), record);
  // the next batch is in the same buffer
  buffer.set(keyOf(6));
  lookahead.begin();
  assertEquals(dict.find(buffer, starts[0], ends[0]), 0);
});
