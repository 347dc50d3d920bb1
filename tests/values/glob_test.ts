/**
 * What real Redis answers to patterns is in tests/compat/glob.replies; here it is the matcher alone,
 * against an obvious one and under load.
 */
import { assert, assertEquals } from "@std/assert";
import { Glob, globMatch } from "../../src/values/glob.ts";

const encoder = new TextEncoder();

function matches(pattern: string | Uint8Array, text: string | Uint8Array, ignoreCase = false) {
  const p = typeof pattern === "string" ? encoder.encode(pattern) : pattern;
  const t = typeof text === "string" ? encoder.encode(text) : text;
  return globMatch(p, 0, p.length, t, 0, t.length, ignoreCase);
}

Deno.test("every part but a star stands for one byte", () => {
  assert(matches("k?y", "key"));
  assert(!matches("k?y", "ky"));
  assert(matches("[a-c]1", "b1"));
  assert(!matches("[^a-c]1", "b1"));
  assert(matches("a*", "a"));
  assert(matches("*a*b*", "xaxxb"));
  assert(!matches("*a*b*", "xbxxa"));
  assert(matches("**a**", "a"));
});

Deno.test("a backslash takes a byte as it is", () => {
  assert(matches("\\*", "*"));
  assert(!matches("\\*", "a"));
  assert(matches("[\\]]", "]"));
  assert(matches("a\\", "a\\"));
});

Deno.test("bounds of a range may be swapped, and a class need not be closed", () => {
  assert(matches("[c-a]", "b"));
  assert(matches("x[ab", "xb"));
  assert(matches("x[a-", "x-"));
  assert(!matches("x[", "xa"));
  assert(matches("x[^", "xa"));
  assert(!matches("x[]", "x]"));
});

Deno.test("bytes from 128 on count as negative in a range", () => {
  const range = Uint8Array.of(0x5b, 0x61, 0x2d, 0xff, 0x5d); // [a-\xff]
  assert(matches(range, Uint8Array.of(0xff)));
  assert(matches(range, "0"));
  assert(!matches(range, "b"));
  assert(!matches(range, Uint8Array.of(0x80)));
});

Deno.test("case can be ignored, but not that of an escaped byte in a class", () => {
  assert(matches("GET*", "getdel", true));
  assert(matches("[A-C]", "b", true));
  assert(matches("\\A", "a", true));
  assert(!matches("[\\A]", "a", true));
  assert(!matches("@", "`", true));
});

Deno.test("nothing but the empty pattern matches the empty text", () => {
  assert(matches("", ""));
  assert(!matches("*", ""));
  assert(!matches("", "a"));
});

Deno.test("more than a thousand stars before the last part never match", () => {
  const text = "a".repeat(2000);
  assert(matches("*a".repeat(1000), text));
  assert(!matches("*a".repeat(1001), text));
  assert(matches("*a".repeat(1000) + "*", text));
});

Deno.test("only the given ranges are looked at", () => {
  const bytes = encoder.encode("xa*yabcz");
  assert(globMatch(bytes, 1, 3, bytes, 4, 7));
  assert(!globMatch(bytes, 1, 3, bytes, 3, 7));
});

Deno.test("a glob matches many texts, each as if it were the first", () => {
  const pattern = encoder.encode("a*c");
  const glob = new Glob(pattern, 0, pattern.length);
  const found = ["ac", "ab", "abc", "", "c", "acc"].map((text) => {
    const bytes = encoder.encode(text);
    return glob.matches(bytes, 0, bytes.length);
  });
  assertEquals(found, [true, false, true, false, false, true]);
});

/** The obvious matcher for patterns of letters, `?` and `*`. */
function matchesSimply(pattern: string, text: string): boolean {
  if (pattern === "") return text === "";
  const rest = pattern.slice(1);
  if (pattern[0] === "*") {
    return matchesSimply(rest, text) || (text !== "" && matchesSimply(pattern, text.slice(1)));
  }
  const accepts = text !== "" && (pattern[0] === "?" || pattern[0] === text[0]);
  return accepts && matchesSimply(rest, text.slice(1));
}

Deno.test("random patterns match what the obvious matcher says, across word boundaries", () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0];
  let state = seed;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * limit);
  };
  const word = (letters: string, lengthMax: number) =>
    Array.from({ length: 1 + below(lengthMax) }, () => letters[below(letters.length)]).join("");
  for (let i = 0; i < 3000; i++) {
    // A run of 28 to 36 letters in front shifts the rest over the edge of a word of states.
    const front = below(2) === 0 ? "" : "a".repeat(28 + below(9));
    const pattern = front + word("aab??*", 8);
    const text = front + word("aab", 10);
    assertEquals(
      matches(pattern, text),
      matchesSimply(pattern, text),
      `seed ${seed}: ${pattern} ${text}`,
    );
  }
});

Deno.test("a pattern of 1 KB on a text of 1 KB reads each byte at most twice", () => {
  const many = "a".repeat(1024);
  const patterns = [
    "*" + "a".repeat(511) + "b*",
    "*" + "?".repeat(511) + "b*",
    "a*".repeat(511) + "b",
    "*[" + "x".repeat(1019) + "a]b",
    "*" + "[^b]".repeat(255) + "b*",
    "*[" + "x-z".repeat(339) + "a]b",
  ];
  for (const pattern of patterns) {
    let reads = 0;
    const counted = new Proxy(encoder.encode(many), {
      get(bytes, property) {
        reads++;
        return Reflect.get(bytes, property, bytes);
      },
    });
    assert(!new Glob(encoder.encode(pattern), 0, pattern.length).matches(counted, 0, many.length));
    assert(reads <= many.length * 2, `${pattern.slice(0, 20)}… read ${reads} bytes`);
  }
});
