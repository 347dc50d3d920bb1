/** What real Redis answers is in tests/compat/bitmap.replies; here fields are held against BigInt. */
import { assertEquals } from "@std/assert";
import { type Random, randomBelow } from "../../src/random.ts";
import { type Int64, int64Max, int64Min, toInt64 } from "../../src/resp/numbers.ts";
import {
  type FieldType,
  incremented,
  Overflow,
  readField,
  settled,
  writeField,
} from "../../src/values/bitfield.ts";
import { testScale, withSeed } from "../support/property.ts";

function randomType(random: Random): FieldType {
  const isSigned = randomBelow(random, 2) === 0;
  return { isSigned, bits: 1 + randomBelow(random, isSigned ? 64 : 63) };
}

/** Any 64 bits, or a number near a power of two. */
function randomInt64(random: Random): Int64 {
  const any = (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
  if (randomBelow(random, 2) === 0) return toInt64(BigInt.asIntN(64, any));
  const near = (1n << BigInt(randomBelow(random, 65))) + BigInt(randomBelow(random, 5) - 2);
  return toInt64(BigInt.asIntN(64, randomBelow(random, 2) === 0 ? near : -near));
}

function asType({ isSigned, bits }: FieldType, value: Int64): Int64 {
  return toInt64((isSigned ? BigInt.asIntN : BigInt.asUintN)(bits, BigInt(value)));
}

/** The bits of `bytes` as one number. */
function whole(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

Deno.test("a field holds what is written to it, and its neighbours keep what they held", () => {
  withSeed((random) => {
    for (let i = 0; i < 2000 * testScale(); i++) {
      const bytes = Uint8Array.from({ length: 24 }, () => random.uint32());
      const type = randomType(random);
      const offset = randomBelow(random, 24 * 8 - 3 * 8 - type.bits);
      const shift = BigInt(24 * 8 - 3 * 8 - offset - type.bits);
      const mask = ((1n << BigInt(type.bits)) - 1n) << shift;
      const before = whole(bytes);
      const held = asType(type, toInt64((before & mask) >> shift));
      assertEquals(readField(bytes, 3, 24, offset, type), held);
      const value = asType(type, randomInt64(random));
      writeField(bytes, 3, offset, type, value);
      assertEquals(readField(bytes, 3, 24, offset, type), value);
      const written = BigInt.asUintN(type.bits, BigInt(value)) << shift;
      assertEquals(whole(bytes), (before & ~mask) | written);
    }
  });
});

Deno.test("beyond the end there are zeros", () => {
  const bytes = new Uint8Array([0xff, 0xff, 0xff]);
  assertEquals(readField(bytes, 0, 2, 12, { isSigned: false, bits: 8 }), 0xf0);
  assertEquals(readField(bytes, 0, 2, 12, { isSigned: true, bits: 64 }), -(2n ** 60n));
  assertEquals(readField(bytes, 0, 2, 2 ** 32 - 1, { isSigned: false, bits: 63 }), 0);
});

/** By the definition of the overflow modes. */
function fittedByDefinition(type: FieldType, overflow: Overflow, value: bigint): Int64 | null {
  const bits = BigInt(type.bits);
  const min = type.isSigned ? -(1n << (bits - 1n)) : 0n;
  const max = min + (1n << bits) - 1n;
  if (value >= min && value <= max) return toInt64(value);
  if (overflow === Overflow.Fail) return null;
  if (overflow === Overflow.Saturate) return toInt64(value < min ? min : max);
  return toInt64((((value - min) % (1n << bits)) + (1n << bits)) % (1n << bits) + min);
}

Deno.test("what overflows wraps, saturates or fails", () => {
  withSeed((random) => {
    for (let i = 0; i < 2000 * testScale(); i++) {
      const type = randomType(random);
      const value = asType(type, randomInt64(random));
      const increment = randomInt64(random);
      for (const overflow of [Overflow.Wrap, Overflow.Saturate, Overflow.Fail]) {
        assertEquals(
          incremented(type, overflow, value, increment),
          fittedByDefinition(type, overflow, BigInt(value) + BigInt(increment)),
        );
        // Redis compares as unsigned numbers: what is far too low counts as too high
        const max = type.isSigned ? (1n << BigInt(type.bits - 1)) - 1n : -1n;
        const isFarBelow = type.bits < 64 &&
          max - BigInt(increment) >= (type.isSigned ? 2n ** 63n : 0n);
        const unsigned = isFarBelow ? BigInt.asUintN(64, BigInt(increment)) : BigInt(increment);
        assertEquals(
          settled(type, overflow, increment),
          fittedByDefinition(type, overflow, unsigned),
        );
      }
    }
  });
});

Deno.test("the widest fields reach the ends of 64 bits", () => {
  const i64 = { isSigned: true, bits: 64 };
  assertEquals(incremented(i64, Overflow.Wrap, int64Max, 1), int64Min);
  assertEquals(incremented(i64, Overflow.Saturate, int64Min, -1), int64Min);
  assertEquals(incremented(i64, Overflow.Fail, int64Max, 1), null);
  assertEquals(settled({ isSigned: false, bits: 63 }, Overflow.Saturate, -1), int64Max);
});
