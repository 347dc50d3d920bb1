import { assertEquals } from "@std/assert";
import { KeyDelay } from "../../src/persistence/key_delay.ts";

Deno.test("what is due for keys is answered once, and fractions of a millisecond later", () => {
  const delay = new KeyDelay(400);
  assertEquals([1, 2, 3, 10].map((keys) => delay.dueMs(keys)), [0, 0, 1, 3]);
  const many = new KeyDelay(-4);
  assertEquals([3999, 4000, 12_000].map((keys) => many.dueMs(keys)), [0, 1, 2]);
});

Deno.test("another delay is for the keys from then on", () => {
  const delay = new KeyDelay(1000);
  assertEquals(delay.dueMs(2), 2);
  delay.follow(5000);
  assertEquals(delay.dueMs(3), 5);
  delay.follow(0);
  assertEquals([delay.isOn, delay.dueMs(100)], [false, 0]);
});
