import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { sha1 } from "../../src/observe/sha1.ts";

Deno.test("SHA-1 is the runtime's, at every length around its blocks", () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i * 167 + (i >> 3));
  const lengths = [...Array(300).keys(), 511, 512, 513, 1000];
  for (const length of lengths) {
    const data = bytes.subarray(0, length);
    const expected = new Uint8Array(createHash("sha1").update(data).digest());
    assertEquals(sha1(data), expected, `${length} bytes`);
  }
});
