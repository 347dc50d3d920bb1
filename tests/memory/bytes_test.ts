import { assertEquals } from "@std/assert";
import { compareBytes, copyBytes, equalBytes } from "../../src/memory/bytes.ts";
import { randomBelow } from "../../src/random.ts";
import { withSeed } from "../support/property.ts";

Deno.test("copyBytes copies as if through another buffer, overlapping or not", () => {
  withSeed((random) => {
    for (let round = 0; round < 5000; round++) {
      const buffer = Uint8Array.from({ length: 200 }, () => randomBelow(random, 256));
      const expected = buffer.slice();
      const length = randomBelow(random, 80);
      const from = randomBelow(random, 120);
      const to = randomBelow(random, 120);
      expected.set(buffer.slice(from, from + length), to);
      copyBytes(buffer, from, buffer, to, length);
      assertEquals(buffer.join(), expected.join());
    }
  });
});

Deno.test("copyBytes copies between long buffers, and between parts of such, any length", () => {
  withSeed((random) => {
    const fill = (length: number) => Uint8Array.from({ length }, () => randomBelow(random, 256));
    // shorter and longer than the buffers of which views are kept, and several, so that they change
    const buffers = [fill(100_000).subarray(5), fill(4096), fill(1000), fill(20_000).subarray(3)];
    const expected = buffers.map((buffer) => buffer.slice());
    for (let round = 0; round < 5000; round++) {
      const from = randomBelow(random, buffers.length);
      const to = randomBelow(random, buffers.length);
      const length = randomBelow(random, 200);
      const fromStart = randomBelow(random, buffers[from].length - length + 1);
      const toStart = randomBelow(random, buffers[to].length - length + 1);
      copyBytes(buffers[from], fromStart, buffers[to], toStart, length);
      expected[to].set(expected[from].slice(fromStart, fromStart + length), toStart);
    }
    assertEquals(buffers.map((buffer) => buffer.slice()), expected);
  });
});

Deno.test("equalBytes and compareBytes agree with a comparison of texts", () => {
  withSeed((random) => {
    const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);
    for (let round = 0; round < 20_000; round++) {
      // Few different bytes, the signed extremes among them, so that many prefixes are equal.
      const make = () =>
        Uint8Array.from(
          { length: randomBelow(random, 5) },
          () => [0, 127, 128, 255][randomBelow(random, 4)],
        );
      const a = make();
      const b = make();
      const order = text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0;
      assertEquals(Math.sign(compareBytes(a, 0, a.length, b, 0, b.length)), order);
      const length = Math.min(a.length, b.length);
      assertEquals(
        equalBytes(a, 0, b, 0, length),
        text(a).slice(0, length) === text(b).slice(0, length),
      );
    }
  });
});
