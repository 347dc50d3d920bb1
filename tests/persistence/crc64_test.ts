import { assertEquals } from "@std/assert";
import { Crc64 } from "../../src/persistence/crc64.ts";
import { randomBelow } from "../../src/random.ts";
import { testScale, withSeed } from "../support/property.ts";

Deno.test("CRC-64 has Redis' check value", () => {
  const crc = new Crc64();
  crc.update(new TextEncoder().encode("123456789"), 0, 9);
  assertEquals(hexOf(crc), "e9c6d914c4b8d9ca");
  crc.reset();
  assertEquals(hexOf(crc), "0000000000000000");
});

Deno.test("CRC-64 is the same however its bytes come", () => {
  withSeed((random) => {
    for (let round = 0; round < 40 * testScale(); round++) {
      const bytes = new Uint8Array(randomBelow(random, 5000));
      for (let i = 0; i < bytes.length; i++) bytes[i] = random.uint32();
      const inPieces = new Crc64();
      for (let at = 0; at < bytes.length;) {
        const end = Math.min(bytes.length, at + randomBelow(random, 2000));
        inPieces.update(bytes, at, end);
        at = end;
      }
      assertEquals(hexOf(inPieces), slowCrcOf(bytes));
      // a view that does not begin at a word of its buffer
      const shift = randomBelow(random, 9);
      const shifted = new Uint8Array(bytes.length + shift).subarray(shift);
      shifted.set(bytes);
      const whole = new Crc64();
      whole.update(shifted, 0, shifted.length);
      assertEquals(hexOf(whole), hexOf(inPieces));
    }
  });
});

function hexOf(crc: Crc64): string {
  return crc.high.toString(16).padStart(8, "0") + crc.low.toString(16).padStart(8, "0");
}

/** The definition, bit by bit. */
function slowCrcOf(bytes: Uint8Array): string {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1n) === 0n ? crc >> 1n : (crc >> 1n) ^ 0x95ac9329ac4bc9b5n;
    }
  }
  return crc.toString(16).padStart(16, "0");
}
