import { assertEquals, assertThrows } from "@std/assert";
import { Heap, HeapFullError } from "../../src/memory/heap.ts";
import { WordStack } from "../../src/memory/word_stack.ts";
import { randomBelow } from "../../src/random.ts";
import { testScale, withSeed } from "../support/property.ts";

Deno.test("a word stack behaves as an array, and gives back what it doesn't need", () => {
  withSeed((random) => {
    const heap = new Heap();
    const stack = new WordStack(heap);
    const model: number[] = [];
    for (let round = 0; round < 40 * testScale(); round++) {
      const grows = randomBelow(random, 2) === 1;
      for (let i = randomBelow(random, 5000); i > 0; i--) {
        const word = random.uint32();
        if (grows) {
          stack.push(word);
          model.push(word);
        } else if (model.length > 0) {
          assertEquals(stack.pop(), model.pop());
        }
        if (model.length === 0) continue;
        const index = randomBelow(random, model.length);
        stack.set(index, model[index] = random.uint32());
      }
      assertEquals(stack.length, model.length);
      model.forEach((word, index) => assertEquals(stack.get(index), word));
      const chunks = heap.usedBytes / 4096;
      assertEquals(chunks, Math.ceil(model.length / 1024));
    }
  });
});

Deno.test("a push after reserve() needs no memory, and a failed one changes nothing", () => {
  const heap = new Heap({ bytesMax: 32 * 1024 * 1024 });
  const stack = new WordStack(heap);
  stack.reserve();
  const blocks: number[] = [];
  assertThrows(() => {
    for (;;) blocks.push(heap.allocate(4096));
  }, HeapFullError);
  for (let word = 0; word < 1024; word++) stack.push(word);
  assertThrows(() => stack.push(1024), HeapFullError);
  assertEquals(stack.length, 1024);
  assertEquals(stack.get(1023), 1023);
});
