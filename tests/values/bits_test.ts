/** What real Redis answers is in tests/compat/bitmap.replies; here bits are held against arrays of them. */
import { assertEquals } from "@std/assert";
import { type Random, randomBelow } from "../../src/random.ts";
import {
  BitOperation,
  combineBits,
  countBitRange,
  countBits,
  findBit,
  invertBits,
} from "../../src/values/bits.ts";
import { testScale, withSeed } from "../support/property.ts";

/** Bytes around which others lie, at any alignment. */
interface Piece {
  bytes: Uint8Array;
  start: number;
  end: number;
}

/** Lengths on both sides of what is worked on by words; mostly bytes that leave something to search for. */
function randomPiece(random: Random, lengthMax = 600): Piece {
  const start = randomBelow(random, 9);
  const end = start + 1 + randomBelow(random, randomBelow(random, 2) === 0 ? 12 : lengthMax);
  const bytes = new Uint8Array(end + randomBelow(random, 9));
  const fill = [0, 255, -1][randomBelow(random, 3)];
  for (let i = 0; i < bytes.length; i++) bytes[i] = fill < 0 ? random.uint32() : fill;
  for (let i = 0; i < 2; i++) bytes[randomBelow(random, bytes.length)] = random.uint32();
  return { bytes, start, end };
}

function bitsOf({ bytes, start, end }: Piece): number[] {
  return [...bytes.subarray(start, end)].flatMap((byte) =>
    Array.from({ length: 8 }, (_, i) => (byte >> (7 - i)) & 1)
  );
}

function count(bits: readonly number[]): number {
  return bits.filter((bit) => bit === 1).length;
}

Deno.test("countBits counts the set bits, at every alignment", () => {
  withSeed((random) => {
    for (let i = 0; i < 300 * testScale(); i++) {
      const piece = randomPiece(random);
      assertEquals(countBits(piece.bytes, piece.start, piece.end), count(bitsOf(piece)));
    }
  });
});

Deno.test("a range of bits is counted and searched from its first bit to its last", () => {
  withSeed((random) => {
    for (let i = 0; i < 300 * testScale(); i++) {
      const piece = randomPiece(random);
      const bits = bitsOf(piece);
      const first = randomBelow(random, bits.length);
      const last = first + randomBelow(random, bits.length - first);
      const range = bits.slice(first, last + 1);
      const { bytes, start } = piece;
      assertEquals(countBitRange(bytes, start, first, last), count(range));
      for (const bit of [0, 1]) {
        const found = range.indexOf(bit);
        const expected = found < 0 ? -1 : first + found;
        assertEquals(findBit(bytes, start, first, last, bit), expected);
      }
    }
  });
});

Deno.test("bit numbers beyond 2^31 are bits like others", () => {
  const bytes = new Uint8Array(2 ** 28 + 600);
  bytes[2 ** 28 + 599] = 0x10;
  const bit = (2 ** 28 + 599) * 8 + 3;
  assertEquals(findBit(bytes, 0, 2 ** 31 - 1, bytes.length * 8 - 1, 1), bit);
  assertEquals(countBitRange(bytes, 0, bit, bit), 1);
  assertEquals(countBitRange(bytes, 0, 2 ** 31, bit - 1), 0);
});

Deno.test("AND, OR, XOR and NOT combine bit by bit, and touch nothing around", () => {
  withSeed((random) => {
    for (let i = 0; i < 300 * testScale(); i++) {
      const into = randomPiece(random);
      const from = randomPiece(random, into.end - into.start);
      from.end = Math.min(from.end, from.start + into.end - into.start);
      const before = into.bytes.slice();
      const operation: BitOperation = randomBelow(random, 4);
      if (operation === BitOperation.Not) invertBits(into.bytes, into.start, into.end);
      else {
        combineBits(
          operation,
          into.bytes,
          into.start,
          into.end,
          from.bytes,
          from.start,
          from.end,
        );
      }
      for (let at = 0; at < before.length; at++) {
        const isInside = at >= into.start && at < into.end;
        const place = from.start + at - into.start;
        const other = place < from.end ? from.bytes[place] : 0;
        const expected = isInside ? byByte(operation, before[at], other) : before[at];
        assertEquals(into.bytes[at], expected);
      }
    }
  });
});

function byByte(operation: BitOperation, a: number, b: number): number {
  switch (operation) {
    case BitOperation.And:
      return a & b;
    case BitOperation.Or:
      return a | b;
    case BitOperation.Xor:
      return a ^ b;
    default:
      return ~a & 0xff;
  }
}
