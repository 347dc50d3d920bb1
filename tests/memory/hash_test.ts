import { assert, assertEquals } from "@std/assert";
import { Hasher } from "../../src/memory/hash.ts";

Deno.test("Hasher is HalfSipHash-1-3 of the published vectors", () => {
  // Vector n is the hash of the bytes 0 .. n-1 under the key 00 01 .. 07; the values are those that
  // Linux's siphash self-test expects.
  const vectors = [
    0x5814c896,
    0xe7e864ca,
    0xbc4b0e30,
    0x01539939,
    0x7e059ea6,
    0x88e3d89b,
    0xa0080b65,
    0x9d38d9d6,
    0x577999b1,
  ];
  const hasher = new Hasher(0x03020100, 0x07060504);
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => i);
  vectors.forEach((expected, length) =>
    assertEquals(hasher.hash(bytes, 0, length) >>> 0, expected)
  );
  assertEquals(hasher.hash(bytes, 0, 63) >>> 0, 0x87178304);
});

Deno.test("Hasher remembers what was announced, until it is told to forget", () => {
  const hasher = new Hasher(9, 10);
  const fresh = new Hasher(9, 10);
  const buffer = Uint8Array.from({ length: 4096 }, (_, i) => i * 31);
  const other = buffer.map((byte) => byte ^ 0xff);
  for (let batch = 0; batch < 3; batch++) {
    hasher.forget();
    for (let start = 0; start < 4000; start += 7) {
      assertEquals(hasher.announce(buffer, start, start + 5), fresh.hash(buffer, start, start + 5));
    }
    assertEquals(hasher.announce(other, 0, 5), fresh.hash(other, 0, 5));
    // neither other bounds nor another buffer are taken for what was announced
    for (let start = 0; start < 4000; start++) {
      for (const end of [start, start + 4, start + 5, start + 6]) {
        assertEquals(hasher.hash(buffer, start, end), fresh.hash(buffer, start, end));
        assertEquals(hasher.hash(other, start, end), fresh.hash(other, start, end));
      }
    }
    hasher.forget();
    for (let i = 0; i < buffer.length; i++) buffer[i] += 3;
    for (let start = 0; start < 4000; start++) {
      assertEquals(hasher.hash(buffer, start, start + 5), fresh.hash(buffer, start, start + 5));
    }
  }
});

Deno.test("Hasher answers with what it was told to remember", () => {
  const hasher = new Hasher(9, 10);
  const buffer = new Uint8Array(100);
  hasher.forget();
  hasher.remember(buffer, 10, 20, -5);
  assertEquals(hasher.hash(buffer, 10, 20), -5);
});

Deno.test("Hasher gives the same wherever the bytes lie", () => {
  const hasher = new Hasher(5, 6);
  const key = new TextEncoder().encode("a key of some length, not a multiple of 4");
  for (let length = 0; length <= key.length; length++) {
    const expected = hasher.hash(key, 0, length);
    for (let offset = 0; offset < 8; offset++) {
      const moved = new Uint8Array(64);
      moved.set(key.subarray(0, length), offset);
      assertEquals(hasher.hash(moved, offset, offset + length), expected);
    }
  }
});

Deno.test("Hasher of keys alike spreads over low and high bits", () => {
  const hasher = new Hasher(7, 8);
  const low = new Uint32Array(256);
  const high = new Uint32Array(256);
  const keys = 256 * 256;
  for (let i = 0; i < keys; i++) {
    const key = new TextEncoder().encode(`user:${i}:name`);
    const hash = hasher.hash(key, 0, key.length);
    low[hash & 255]++;
    high[hash >>> 24]++;
  }
  for (const counts of [low, high]) {
    // Chi squared with 255 degrees of freedom: over 400 has a chance of less than 1 in 10^8.
    let chiSquared = 0;
    for (const count of counts) chiSquared += (count - 256) ** 2 / 256;
    assert(chiSquared < 400, `chi squared is ${chiSquared}`);
  }
});
