/** Digits that Redis prints are in tests/compat/sorted_set.replies; here it is any double, read back. */
import { assert, assertEquals } from "@std/assert";
import { formatPrecise, formatShortest } from "../../src/resp/doubles.ts";
import { testScale, withSeed } from "../support/property.ts";

const formats = { formatPrecise, formatShortest };

function digitsOf(text: string): string {
  return text.replace(/e.*/, "").replace(/[-.]/g, "").replace(/^0+/, "").replace(/0+$/, "");
}

for (const [name, format] of Object.entries(formats)) {
  Deno.test(`${name}: any double reads back from at most seventeen digits`, () => {
    withSeed((random) => {
      const words = new Uint32Array(2);
      const value = new Float64Array(words.buffer);
      for (let i = 0; i < 5000 * testScale(); i++) {
        words[0] = random.uint32();
        words[1] = random.uint32();
        // one in four near zero or denormal, one in four with few bits
        if (i % 4 === 1) words[1] &= 0x800f_ffff;
        if (i % 4 === 2) words[0] = 0;
        if (!Number.isFinite(value[0])) continue;
        const text = format(value[0]);
        assertEquals(Number(text), value[0], text);
        assert(digitsOf(text).length <= 17, text);
      }
    });
  });

  Deno.test(`${name}: powers of two, whose lower neighbour is nearer, and the bounds`, () => {
    for (let power = -1074; power < 1024; power++) {
      for (const value of [2 ** power, -(2 ** power)]) assertEquals(Number(format(value)), value);
    }
    assertEquals(Number(format(Number.MAX_VALUE)), Number.MAX_VALUE);
    assertEquals([NaN, Infinity, -Infinity, -0].map(format), ["nan", "inf", "-inf", "-0"]);
  });
}
