/** What real Redis answers to LCS is in tests/compat/string.replies; here it is held against a model. */
import { assert, assertEquals } from "@std/assert";
import { type Random, randomBelow } from "../../src/random.ts";
import { commonLength, commonSubsequence } from "../../src/values/lcs.ts";
import { testScale, withSeed } from "../support/property.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The whole table of lengths, by the definition. */
function lengthByDefinition(a: Uint8Array, b: Uint8Array): number {
  const table = Array.from(a, () => new Array<number>(b.length).fill(0));
  const at = (i: number, j: number) => i < 0 || j < 0 ? 0 : table[i][j];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < b.length; j++) {
      table[i][j] = a[i] === b[j] ? at(i - 1, j - 1) + 1 : Math.max(at(i - 1, j), at(i, j - 1));
    }
  }
  return at(a.length - 1, b.length - 1);
}

function randomText(random: Random): Uint8Array {
  const letters = 1 + randomBelow(random, 5);
  return Uint8Array.from(
    { length: randomBelow(random, 40) },
    () => 97 + randomBelow(random, letters),
  );
}

Deno.test("the longest common subsequence, and its runs from the last to the first", () => {
  const a = encoder.encode("ohmytext");
  const b = encoder.encode("mynewtext");
  assertEquals(commonLength(a, b), 6);
  const { bytes, runs } = commonSubsequence(a, b);
  assertEquals(decoder.decode(bytes), "mytext");
  assertEquals(runs, [
    { aStart: 4, aEnd: 7, bStart: 5, bEnd: 8 },
    { aStart: 2, aEnd: 3, bStart: 0, bEnd: 1 },
  ]);
});

Deno.test("strings with nothing in common", () => {
  assertEquals(commonSubsequence(encoder.encode("abc"), encoder.encode("xyz")).runs, []);
  assertEquals(commonLength(encoder.encode("abc"), new Uint8Array(0)), 0);
  assertEquals(commonSubsequence(new Uint8Array(0), new Uint8Array(0)).bytes.length, 0);
});

Deno.test("runs are maximal, in order, the same bytes in both strings, and make up the subsequence", () => {
  withSeed((random) => {
    for (let i = 0; i < 500 * testScale(); i++) {
      const a = randomText(random);
      const b = randomText(random);
      const { bytes, runs } = commonSubsequence(a, b);
      assertEquals(bytes.length, lengthByDefinition(a, b));
      assertEquals(commonLength(a, b), bytes.length);
      let aNext = a.length;
      let bNext = b.length;
      let rest = bytes.length;
      for (const { aStart, aEnd, bStart, bEnd } of runs) {
        assert(aStart <= aEnd && aEnd < aNext && bEnd < bNext);
        assert(aEnd + 1 < aNext || bEnd + 1 < bNext || rest === bytes.length, "a run is maximal");
        const run = a.slice(aStart, aEnd + 1);
        assertEquals(run, b.slice(bStart, bEnd + 1));
        assertEquals(run, bytes.slice(rest - run.length, rest));
        rest -= run.length;
        aNext = aStart;
        bNext = bStart;
      }
      assertEquals(rest, 0);
    }
  });
});
