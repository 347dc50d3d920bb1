import { assertEquals } from "@std/assert";
import { integerLength, parseInt64, writeInteger } from "../../src/resp/numbers.ts";

const decoder = new TextDecoder();

Deno.test("a safe integer of any length is written as its digits, and read from them", () => {
  const buffer = new Uint8Array(24);
  const around = Array.from({ length: 16 }, (_, power) => [10 ** power - 1, 10 ** power]).flat();
  const edges = [2 ** 31 - 1, 2 ** 31, 2 ** 32, 1e9 + 1, Number.MAX_SAFE_INTEGER];
  for (const value of [...around, ...edges].flatMap((size) => [size, 0 - size])) {
    const end = writeInteger(buffer, 2, value);
    assertEquals(decoder.decode(buffer.subarray(2, end)), String(value));
    assertEquals(integerLength(value), end - 2);
    assertEquals(parseInt64(buffer, 2, end), value);
  }
});
