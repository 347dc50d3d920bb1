import { assertEquals } from "@std/assert";
import { LzfCompressor, lzfDecompress, UNFINISHED } from "../../src/persistence/lzf.ts";
import { randomBelow, type SeededRandom } from "../../src/random.ts";
import { testScale, withSeed } from "../support/property.ts";

Deno.test("LZF compresses as Redis does", () => {
  const compressor = new LzfCompressor();
  // what DUMP of Redis 8.0.2 has
  const samples: [string, string][] = [
    ["a".repeat(25), "016161e00c00016161"],
    ["abc".repeat(20), "0361626361e02d02016263"],
  ];
  for (const [text, expected] of samples) {
    const bytes = new TextEncoder().encode(text);
    assertEquals(hexOf(compress(compressor, bytes, bytes.length - 4)), expected, text);
  }
});

Deno.test("LZF gives back what it compressed, whatever was compressed before", () => {
  const compressor = new LzfCompressor();
  withSeed((random) => {
    for (let round = 0; round < 300 * testScale(); round++) {
      const bytes = sampleBytes(random);
      const fresh = compress(new LzfCompressor(), bytes, bytes.length + 100);
      const compressed = compress(compressor, bytes, bytes.length + 100);
      assertEquals(compressed, fresh);
      const back = new Uint8Array(bytes.length);
      assertEquals(lzfDecompress(compressed, 0, compressed.length, back, 0, back.length), true);
      assertEquals(back, bytes);
    }
  });
});

Deno.test("LZF compresses the same piece by piece", () => {
  const compressor = new LzfCompressor();
  withSeed((random) => {
    for (let round = 0; round < 300 * testScale(); round++) {
      const bytes = sampleBytes(random);
      const { length } = bytes;
      const output = new Uint8Array(length + 100);
      const room = randomBelow(random, 3) === 0 ? randomBelow(random, length + 1) : output.length;
      const expected = compress(new LzfCompressor(), bytes, room);
      compressor.begin(0, length, 0);
      let found = UNFINISHED;
      for (let until = 0; found === UNFINISHED;) {
        until += 1 + randomBelow(random, 300);
        found = compressor.compressUntil(until, bytes, 0, length, output, 0, room);
      }
      assertEquals(output.subarray(0, found), expected);
    }
  });
});

Deno.test("LZF keeps within the room that it is given", () => {
  const compressor = new LzfCompressor();
  withSeed((random) => {
    for (let round = 0; round < 300 * testScale(); round++) {
      const bytes = sampleBytes(random);
      const needed = compress(compressor, bytes, bytes.length + 100);
      const room = randomBelow(random, needed.length + 8);
      const output = new Uint8Array(room + 200).fill(0xaa);
      const length = compressor.compress(bytes, 0, bytes.length, output, 100, 100 + room);
      if (length > 0) assertEquals(output.subarray(100, 100 + length), needed);
      assertEquals(length > room, false);
      assertEquals(output.subarray(0, 100).every((byte) => byte === 0xaa), true);
      assertEquals(output.subarray(100 + room).every((byte) => byte === 0xaa), true);
    }
  });
});

Deno.test("LZF refuses what no compressor wrote", () => {
  const output = new Uint8Array(16);
  const hostile = [
    [],
    [0x20], // a copy without its offset
    [0xe0, 0x01], // a long one
    [0x20, 0x00], // from before the start
    [0x00, 0x61, 0x20, 0x05],
    [0x05, 0x61], // literals that are not there
    [0x00, 0x61, 0xe0, 0xff, 0x00], // more than there is room for
    [0x00, 0x61], // less than there should be
  ];
  for (const bytes of hostile) {
    assertEquals(lzfDecompress(new Uint8Array(bytes), 0, bytes.length, output, 0, 16), false);
  }
});

Deno.test("LZF stays within its bounds whatever the bytes", () => {
  withSeed((random) => {
    for (let round = 0; round < 2000 * testScale(); round++) {
      const bytes = new Uint8Array(randomBelow(random, 40));
      for (let i = 0; i < bytes.length; i++) bytes[i] = random.uint32();
      const output = new Uint8Array(120).fill(0xaa);
      lzfDecompress(bytes, 0, bytes.length, output, 20, 100);
      assertEquals(output.subarray(0, 20).every((byte) => byte === 0xaa), true);
      assertEquals(output.subarray(100).every((byte) => byte === 0xaa), true);
    }
  });
});

function compress(compressor: LzfCompressor, bytes: Uint8Array, room: number): Uint8Array {
  const output = new Uint8Array(room);
  return output.slice(0, compressor.compress(bytes, 0, bytes.length, output, 0, room));
}

/** Bytes of which some have been there before. */
function sampleBytes(random: SeededRandom): Uint8Array {
  const below = (limit: number) => randomBelow(random, limit);
  const bytes = new Uint8Array(3 + below(below(10) === 0 ? 20_000 : 400));
  const letters = [1, 2, 4, 26, 256][below(5)];
  for (let i = 0; i < bytes.length;) {
    if (i === 0 || below(3) > 0) {
      bytes[i++] = below(letters);
      continue;
    }
    const back = 1 + below(Math.min(i, 9000));
    for (let left = 1 + below(400); left > 0 && i < bytes.length; left--, i++) {
      bytes[i] = bytes[i - back];
    }
  }
  return bytes;
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
