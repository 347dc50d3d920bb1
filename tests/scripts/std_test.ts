/**
 * The stand-ins for `@std` packages do what the real packages document. Without the `links` in
 * `deno.json` these tests run against the real ones, and must pass there too.
 */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertExists,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
  unreachable,
} from "@std/assert";
import { abortable, deadline, delay, retry, RetryError } from "@std/async";
import { parseArgs } from "@std/cli/parse-args";
import { TextLineStream, toArrayBuffer, toBytes, toText } from "@std/streams";

/** The message of the AssertionError that this throws; it must throw one. */
function failure(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
    throw error;
  }
  throw new Error("no AssertionError was thrown");
}

Deno.test("assertEquals compares deeply", () => {
  assertEquals({ a: [1, new Map([["k", new Set([1])]])] }, {
    a: [1, new Map([["k", new Set([1])]])],
  });
  assertEquals(new Uint8Array([1, 2]), new Uint8Array([1, 2]));
  assertEquals<number>(NaN, NaN);
  assertEquals(new Date(5), new Date(5));
  const unequal: [unknown, unknown][] = [
    [1, 2],
    [1, "1"],
    [null, undefined],
    [[1, 2], [2, 1]],
    [{ a: undefined }, {}],
    [new Uint8Array([1]), new Uint8Array([2])],
    [new Uint8Array([1]), [1]],
    [new Map([[1, 2]]), new Map([[1, 3]])],
    [new Set([1]), new Set([2])],
    [new Date(5), new Date(6)],
    [/a/, /b/],
  ];
  for (const [a, b] of unequal) {
    assertMatch(failure(() => assertEquals(a, b)), /^Values are not equal\.\n/);
    assertNotEquals(a, b);
  }
});

Deno.test("assertEquals does not tell 0 from -0, nor an object without prototype from a plain one", () => {
  assertEquals(0, -0);
  assertEquals({ a: [0] }, { a: [-0] });
  assertEquals(new Map([["a", 0]]), new Map([["a", -0]]));
  assertEquals(new Float64Array([0]), new Float64Array([-0]));
  assertEquals(Object.assign(Object.create(null), { a: 1 }), { a: 1 });
  failure(() => assertStrictEquals(0, -0));
});

Deno.test("assertEquals compares what contains itself", () => {
  const one: unknown[] = [0];
  one.push(one);
  const other: unknown[] = [-0];
  other.push(other);
  assertEquals(one, other);
});

Deno.test("the other assertions hold where they should, and fail where they should not", () => {
  const object = {};
  const pairs: [() => unknown, () => unknown][] = [
    [() => assert(1), () => assert(0)],
    [() => assertNotEquals(1, 2), () => assertNotEquals([1], [1])],
    [() => assertStrictEquals(object, object), () => assertStrictEquals({}, {})],
    [() => assertExists(0), () => assertExists(null)],
    [() => assertInstanceOf(new Map(), Map), () => assertInstanceOf(null, Map)],
    [() => assertGreater(2, 1), () => assertGreater(1, 1)],
    [() => assertGreaterOrEqual(1, 1), () => assertGreaterOrEqual(0, 1)],
    [() => assertLess(1, 2), () => assertLess(1, 1)],
    [() => assertLessOrEqual(1, 1), () => assertLessOrEqual(2, 1)],
    [() => assertMatch("abc", /b/), () => assertMatch("abc", /d/)],
    [() => assertStringIncludes("abc", "b"), () => assertStringIncludes("abc", "d")],
    [() => assertAlmostEquals(1, 1 + 1e-8), () => assertAlmostEquals(1, 1.001)],
    [() => assertAlmostEquals(1, 1.5, 0.5), () => assertAlmostEquals(1, 1.5, 0.4)],
  ];
  for (const [holds, fails] of pairs) {
    holds();
    failure(fails);
  }
  assertEquals(failure(() => fail("because")), "Failed assertion: because");
  assertEquals(failure(() => unreachable()), "Unreachable.");
  assertStringIncludes(
    failure(() => assertEquals(1, 2, "because")),
    "Values are not equal: because",
  );
});

Deno.test("assertThrows returns what was thrown, and fails on another class or message", () => {
  const throwing = (): never => {
    throw new RangeError("out of range");
  };
  assertEquals(assertThrows(throwing, RangeError, "of").message, "out of range");
  assertInstanceOf(assertThrows(throwing), RangeError);
  assertMatch(failure(() => assertThrows(() => 1)), /^Expected function to throw/);
  assertMatch(failure(() => assertThrows(throwing, TypeError)), /instance of "TypeError"/);
  assertMatch(failure(() => assertThrows(throwing, RangeError, "other")), /to include "other"/);
  const throwingText = (): never => {
    // deno-lint-ignore no-throw-literal -- what is tested
    throw "text";
  };
  assertMatch(failure(() => assertThrows(throwingText, Error)), /non-Error object was thrown/);
});

Deno.test("assertRejects returns the reason, and fails when nothing is rejected", async () => {
  const rejecting = (): Promise<never> => Promise.reject(new RangeError("out of range"));
  assertEquals((await assertRejects(rejecting, RangeError, "of")).message, "out of range");
  await assertRejects(() => assertRejects(rejecting, TypeError), AssertionError, "TypeError");
  await assertRejects(() => assertRejects(() => Promise.resolve()), AssertionError, "to reject");
  const throwing = (): never => {
    throw new Error("at once");
  };
  await assertRejects(() => assertRejects(throwing), AssertionError, "Function throws");
});

Deno.test("delay ends early with the reason of its signal", async () => {
  await delay(0);
  await delay(-1);
  const controller = new AbortController();
  const waiting = delay(1 << 30, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  await assertRejects(() => delay(0, { signal: controller.signal }), Error, "enough");
});

Deno.test("deadline gives the value, or a TimeoutError", async () => {
  assertEquals(await deadline(Promise.resolve(42), 10_000), 42);
  const error = await assertRejects(() => deadline(new Promise(() => {}), 1), DOMException);
  assertEquals(error.name, "TimeoutError");
});

Deno.test("abortable ends a promise and an iterable with the reason of its signal", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  assertEquals(await abortable(Promise.resolve(1), signal), 1);
  async function* endless(): AsyncGenerator<number> {
    for (let i = 1;; i++) yield await Promise.resolve(i);
  }
  const seen: number[] = [];
  await assertRejects(
    async () => {
      for await (const item of abortable(endless(), signal)) {
        seen.push(item);
        if (item === 2) controller.abort(new Error("enough"));
      }
    },
    Error,
    "enough",
  );
  assertEquals(seen, [1, 2]);
  await assertRejects(() => abortable(new Promise(() => {}), signal), Error, "enough");
});

Deno.test("retry tries again, and throws when attempts are used up or make no sense", async () => {
  let calls = 0;
  const succeedsAtThird = (): number => {
    calls++;
    if (calls < 3) throw new Error("not yet");
    return calls;
  };
  assertEquals(await retry(succeedsAtThird, { minTimeout: 0 }), 3);

  const failing = (): never => {
    throw new TypeError("never");
  };
  const given = await assertRejects(
    () => retry(failing, { minTimeout: 0, maxAttempts: 2 }),
    RetryError,
    "(2)",
  );
  assertInstanceOf(given.cause, TypeError);
  await assertRejects(() => retry(failing, { isRetriable: () => false }), TypeError, "never");
  await assertRejects(() => retry(failing, { maxAttempts: 0 }), RangeError, "maxAttempts");
});

Deno.test("parseArgs reads strings, booleans and what belongs to neither", () => {
  const flags = parseArgs(["--port", "7000", "--verbose", "GET", "--name=a=b", "12"], {
    string: ["port", "name", "absent"],
    boolean: ["verbose", "quiet"],
  });
  assertEquals(flags, { _: ["GET", 12], port: "7000", verbose: true, quiet: false, name: "a=b" });
  const port: string | undefined = flags.port;
  const quiet: boolean = flags.quiet;
  assertEquals([port, quiet], ["7000", false]);
});

Deno.test("parseArgs takes no option for a value", () => {
  assertEquals(parseArgs(["--port", "--quiet"], { string: ["port"], boolean: ["quiet"] }), {
    _: [],
    port: "",
    quiet: true,
  });
  assertEquals(parseArgs(["--port"], { string: ["port"] }), { _: [], port: "" });
});

Deno.test("parseArgs reads booleans that are written out", () => {
  const boolean = ["quiet"] as const;
  assertEquals(parseArgs(["--quiet", "false"], { boolean }), { _: [], quiet: false });
  assertEquals(parseArgs(["--quiet=false"], { boolean }), { _: [], quiet: false });
  assertEquals(parseArgs(["--quiet", "GET"], { boolean }), { _: ["GET"], quiet: true });
});

Deno.test("parseArgs guesses what nobody declared", () => {
  assertEquals(parseArgs(["--a", "1", "-b", "x", "--c", "--d=0x10", "-"]), {
    _: ["-"],
    a: 1,
    b: "x",
    c: true,
    d: 16,
  });
});

Deno.test("parseArgs knows options by their aliases", () => {
  const options = {
    string: ["port"],
    boolean: ["help"],
    alias: { port: "p", help: ["h"] },
  } as const;
  assertEquals(parseArgs(["-p", "1", "-h"], { ...options, alias: { port: "p", help: ["h"] } }), {
    _: [],
    p: "1",
    port: "1",
    h: true,
    help: true,
  });
});

Deno.test("parseArgs collects, negates and fills in", () => {
  const flags = parseArgs(["--target", "a", "--target=b", "--no-color"], {
    string: ["target", "other"],
    boolean: ["color"],
    collect: ["target", "other"],
    negatable: ["color"],
    default: { color: true, rounds: 5 },
  });
  assertEquals(flags, { _: [], target: ["a", "b"], other: [], color: false, rounds: 5 });
  const all: string[] = flags.target;
  assertEquals(all.length, 2);
});

Deno.test("parseArgs stops where it is told to", () => {
  const args = ["--quiet", "run", "--fast", "--", "--slow", "1"];
  const boolean = ["quiet"] as const;
  assertEquals(parseArgs(args, { boolean, stopEarly: true }), {
    _: ["run", "--fast", "--slow", "1"],
    quiet: true,
  });
  assertEquals(parseArgs(args, { boolean, "--": true })["--"], ["--slow", "1"]);
});

Deno.test("parseArgs tells of what it does not know", () => {
  const told: unknown[] = [];
  const flags = parseArgs(["--port", "1", "--prot", "2", "GET"], {
    string: ["port"],
    unknown: (arg, key, value) => {
      told.push([arg, key, value]);
      return false;
    },
  });
  assertEquals(flags, { _: [], port: "1" });
  assertEquals(told, [["--prot", "prot", "2"], ["GET", undefined, undefined]]);
});

Deno.test("toText, toBytes and toArrayBuffer read a stream to its end", async () => {
  const bytes = new TextEncoder().encode("aé€");
  const stream = (): ReadableStream<Uint8Array> =>
    ReadableStream.from([...bytes].map((byte) => new Uint8Array([byte])));
  assertEquals(await toText(stream()), "aé€");
  assertEquals(await toText(ReadableStream.from(["a", "é€"])), "aé€");
  assertEquals(await toBytes(stream()), bytes);
  assertEquals(new Uint8Array(await toArrayBuffer(stream())), bytes);
});

Deno.test("TextLineStream cuts lines wherever the chunks end", async () => {
  const text = "one\r\ntwo\n\nthr\ree\nrest";
  for (let size = 1; size <= text.length; size++) {
    const chunks = text.match(/[^]/g)!.reduce<string[]>((all, letter, i) => {
      if (i % size === 0) all.push("");
      all[all.length - 1] += letter;
      return all;
    }, []);
    const lines = (allowCR: boolean): Promise<string[]> =>
      Array.fromAsync(ReadableStream.from(chunks).pipeThrough(new TextLineStream({ allowCR })));
    assertEquals(await lines(false), ["one", "two", "", "thr\ree", "rest"]);
    assertEquals(await lines(true), ["one", "two", "", "thr", "ee", "rest"]);
  }
});
