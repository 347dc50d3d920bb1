/**
 * What real Redis answers to INCRBYFLOAT is in tests/compat/string.replies; here are the edges of the
 * format, and sums that can be had exactly in another way.
 */
import { assertEquals } from "@std/assert";
import { type Random, randomBelow } from "../../src/random.ts";
import { LongDouble } from "../../src/values/long_double.ts";
import { testScale, withSeed } from "../support/property.ts";

function parse(text: string): LongDouble | null {
  const bytes = new TextEncoder().encode(text);
  return LongDouble.parse(bytes, 0, bytes.length);
}

/** The sum of two texts as text, or null where one of them is no number. */
function sum(left: string, right: string): string | null {
  const a = parse(left);
  const b = parse(right);
  return a && b && a.plus(b).toString();
}

function randomDigits(random: Random, length: number): string {
  return Array.from({ length }, () => randomBelow(random, 10)).join("");
}

Deno.test("a long double is read as C reads it", () => {
  for (const text of ["1", "+1", "01", "1.", "1.0", "1e0", "10E-1", ".1e1", "0x1", "0X.8p+1"]) {
    assertEquals(parse(text)?.toString(), "1", text);
  }
  const refused = ["", ".", "-", "+-1", "1e", "1e+", " 1", "1 ", "1,5", "0x", "0x1p", "1p1", "nan"];
  for (const text of refused) assertEquals(parse(text), null, text);
  for (const text of ["inf", "-inf", "+Infinity"]) assertEquals(parse(text)?.isFinite, false, text);
});

Deno.test("a long double has 64 bits, and rounds to even in the middle", () => {
  assertEquals(sum("18446744073709551615", "0"), "18446744073709551615");
  assertEquals(sum("18446744073709551615", "1"), "18446744073709551616");
  assertEquals(sum("18446744073709551616", "1"), "18446744073709551616");
  assertEquals(sum("18446744073709551616", "2"), "18446744073709551618");
  assertEquals(sum("18446744073709551616", "3"), "18446744073709551620");
  assertEquals(sum("36893488147419103233", "0"), "36893488147419103232");
  assertEquals(sum("9223372036854775807", "-9223372036854775808"), "-1");
});

Deno.test("a long double is printed to 17 decimals, rounded to even in the middle", () => {
  assertEquals(sum("0", "1e-17"), "0.00000000000000001");
  assertEquals(sum("0", "4e-18"), "0");
  assertEquals(sum("0", "-4e-18"), "0");
  assertEquals(sum("0.1", "0.2"), "0.3");
  assertEquals(sum("-1.50", "0.25"), "-1.25");
  assertEquals(sum("0x1p-18", "0"), "0.00000381469726562");
  assertEquals(sum("0x3p-18", "0"), "0.00001144409179688");
});

Deno.test("a long double out of range is refused, a denormal one is not", () => {
  assertEquals(parse("0x1p16384"), null);
  assertEquals(parse("1.18973149535723176509e4932"), null);
  assertEquals(parse("1e-5000"), null);
  assertEquals(parse("0x1p-16446"), null);
  assertEquals(parse("0x1.8p-16446")?.toString(), "0");
  assertEquals(parse("0e999999999999999999999")?.toString(), "0");
  assertEquals(parse("1e999999999999999999999"), null);
  assertEquals(parse("1".repeat(4932))?.toString().length, 4932);
  assertEquals(parse("0".repeat(5119))?.toString(), "0");
  assertEquals(parse("0".repeat(5120)), null);
  assertEquals(parse("0x1p16383")!.plus(parse("0x1p16383")!).isFinite, false);
});

Deno.test("the sum of two integers is exact as long as it has 64 bits", () => {
  withSeed((random) => {
    for (let i = 0; i < 2000 * testScale(); i++) {
      const [a, b] = [0, 0].map(() => {
        const magnitude = BigInt(randomDigits(random, 1 + randomBelow(random, 18)));
        return randomBelow(random, 2) === 0 ? magnitude : -magnitude;
      });
      assertEquals(sum(`${a}`, `${b}`), `${a + b}`);
    }
  });
});

Deno.test("the sum of two small decimals is what arithmetic on paper gives", () => {
  const scale = 10n ** 17n;
  withSeed((random) => {
    for (let i = 0; i < 2000 * testScale(); i++) {
      const [a, b] = [0, 0].map(() => randomDigits(random, 17));
      const total = BigInt(a) + BigInt(b);
      const fraction = String(total % scale).padStart(17, "0").replace(/0+$/, "");
      const expected = `${total / scale}${fraction === "" ? "" : `.${fraction}`}`;
      assertEquals(sum(`0.${a}`, `.${b}`), expected, `0.${a} + 0.${b}`);
    }
  });
});
