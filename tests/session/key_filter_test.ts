import { assert, assertEquals } from "@std/assert";
import { KeyFilter } from "../../src/session/key_filter.ts";

const encoder = new TextEncoder();
const mayHold = (filter: KeyFilter, key: Uint8Array) => filter.mayHold(key, 0, key.length);

Deno.test("a key filter holds what was added, as often as it was", () => {
  const filter = new KeyFilter();
  const keys = ["", "k", "key", "key:1", "\0".repeat(1000)].map((key) => encoder.encode(key));
  for (const key of [...keys, ...keys]) filter.add(key);
  for (const key of keys) filter.remove(key);
  for (const key of keys) assert(mayHold(filter, key));
  for (const key of keys) filter.remove(key);
  assertEquals(keys.some((key) => mayHold(filter, key)), false);
});

Deno.test("a key filter with one key lets few others by", () => {
  const filter = new KeyFilter();
  filter.add(encoder.encode("jobs"));
  let taken = 0;
  for (let i = 0; i < 10_000; i++) if (mayHold(filter, encoder.encode(`key:${i}`))) taken++;
  assert(taken < 200, `${taken} of 10000`);
  // a part of a buffer is the same key as one on its own
  assert(filter.mayHold(encoder.encode("my jobs!"), 3, 7));
});
