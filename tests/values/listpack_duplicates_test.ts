/** Equal entries of listpacks, in whatever way they are written, and such as only seem to be equal. */
import { assertEquals } from "@std/assert";
import { Hasher } from "../../src/memory/hash.ts";
import { Heap } from "../../src/memory/heap.ts";
import { randomBelow } from "../../src/random.ts";
import { Listpacks } from "../../src/values/listpack.ts";
import { ListpackDuplicates } from "../../src/values/listpack_duplicates.ts";
import { writeShortString } from "../../src/values/listpack_entry.ts";
import { endListpack, writeIntegerEntry } from "../../src/values/listpack_writer.ts";
import { withSeed } from "../support/property.ts";

const encoder = new TextEncoder();
const listpacks = new Listpacks(new Heap(), 0);
const duplicates = new ListpackDuplicates(new Hasher(1, 2));

/** Whether equal entries are found; text stays text, even if it is the decimal form of an integer. */
function found(entries: readonly (string | number)[], step = 1): boolean {
  const bytes = new Uint8Array(7 + entries.length * 40);
  let at = 6;
  for (const entry of entries) {
    if (typeof entry === "number") at = writeIntegerEntry(bytes, at, entry);
    else {
      const text = encoder.encode(entry);
      at = writeShortString(bytes, at, text, 0, text.length);
    }
  }
  endListpack(bytes, 0, at, entries.length);
  const a = listpacks.load(bytes, 0, at + 1);
  try {
    return duplicates.found(listpacks, a, step);
  } finally {
    listpacks.free(a);
  }
}

Deno.test("equal entries are found, however many there are and however they are written", () => {
  for (const count of [1, 2, 10, 64, 65, 300, 2000]) {
    const entries = Array.from({ length: count }, (_, i) => `a common beginning ${i}`);
    assertEquals(found(entries), false, `${count} entries`);
    assertEquals(found([...entries, entries[count >> 1]]), true, `${count} entries and one again`);
  }
  assertEquals(found([7, 8, "7"]), true);
  assertEquals(found(["", "a", ""]), true);
  assertEquals(found([]), false);
});

Deno.test("only every second or third entry counts, where others are values or times", () => {
  assertEquals(found(["a", "b", "b", "a"], 2), false);
  assertEquals(found(["a", "x", "b", "y", "a", "z"], 2), true);
  assertEquals(found(["a", "a", 0, "b", "a", 0], 3), false);
  assertEquals(found(["a", "x", 0, "a", "y", 0], 3), true);
});

Deno.test("entries that differ in bytes that are not looked at first are not equal", () => {
  const entries = Array.from({ length: 40 }, (_, i) => `${String(i).padStart(2, "0")}: same end`);
  assertEquals(found(entries), false);
  assertEquals(found([...entries, entries[3]]), true);
});

Deno.test("as many listpacks as there are numbers of them, and more, are told apart", () => {
  for (let i = 0; i < 70_000; i++) {
    if (found([i, "text"]) || !found([i, i])) throw new Error(`listpack ${i}`);
  }
});

Deno.test("what is found is what a set finds", () => {
  withSeed((random) => {
    for (let round = 0; round < 2000; round++) {
      const variety = 1 + randomBelow(random, 200);
      const entries = Array.from(
        { length: randomBelow(random, 20) },
        () => `member-${randomBelow(random, variety)}-${randomBelow(random, 2)}`,
      );
      assertEquals(found(entries), new Set(entries).size < entries.length, entries.join(" "));
    }
  });
});
