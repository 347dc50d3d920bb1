import { assert, assertEquals } from "@std/assert";
import { Crc64 } from "../../src/persistence/crc64.ts";
import { chunkBytesUsual as chunkBytes, RdbOutput } from "../../src/persistence/rdb_output.ts";
import { randomBelow } from "../../src/random.ts";
import { withSeed } from "../support/property.ts";

const encoder = new TextEncoder();

/** The bytes that `write` writes, in hexadecimal. */
function written(write: (output: RdbOutput) => void, compresses = true): string {
  const output = new RdbOutput({ compresses, sums: false });
  write(output);
  return output.takeAll().toHex();
}

Deno.test("lengths have the fewest bytes", () => {
  const lengths: [number, string][] = [
    [0, "00"],
    [63, "3f"],
    [64, "4040"],
    [16383, "7fff"],
    [16384, "8000004000"],
    [0xffffffff, "80ffffffff"],
    [0x100000000, "810000000100000000"],
    [Number.MAX_SAFE_INTEGER, "81001fffffffffffff"],
  ];
  for (const [length, expected] of lengths) {
    assertEquals(written((output) => output.length(length)), expected);
    assertEquals(written((output) => output.lengthOf64(length)), expected);
  }
  assertEquals(written((output) => output.lengthOf64(-1)), "81ffffffffffffffff");
  assertEquals(written((output) => output.lengthOf64(-(2n ** 63n))), "818000000000000000");
  assertEquals(written((output) => output.lengthOfWords(0x80000000, 1)), "818000000000000001");
});

Deno.test("numbers of a fixed width are little endian", () => {
  assertEquals(written((output) => output.uint16(12)), "0c00");
  assertEquals(written((output) => output.int64(-2)), "feffffffffffffff");
  assertEquals(written((output) => output.int64(2n ** 62n + 1n)), "0100000000000040");
  assertEquals(written((output) => output.double(-1.5)), "000000000000f8bf");
});

Deno.test("a string is an integer, compressed, or as it is", () => {
  const strings: [string, string][] = [
    ["", "00"],
    ["-128", "c080"],
    ["128", "c18000"],
    ["32768", "c200800000"],
    ["2147483648", "0a" + encoder.encode("2147483648").toHex()],
    ["01", "023031"],
    ["a".repeat(21), "c30615016161e00a00"],
  ];
  for (const [text, expected] of strings) {
    assertEquals(written((output) => output.text(text)), expected, text);
  }
  assertEquals(written((output) => output.text("aaaaaaaaaaaaaaaaaaaaa"), false).length, 44);
  assertEquals(written((output) => output.integer(-1)), "c0ff");
  assertEquals(
    written((output) => output.integer(2n ** 63n - 1n)),
    "13" + encoder.encode("9223372036854775807").toHex(),
  );
});

Deno.test("bytes are the same however they fall into chunks", () => {
  withSeed((random) => {
    const bytes = new Uint8Array(chunkBytes * 3);
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.uint32();
    const expected = new Uint8Array(bytes.length + 8);
    expected.set(bytes);
    const crc = new Crc64();
    crc.update(bytes, 0, bytes.length);
    new DataView(expected.buffer).setUint32(bytes.length, crc.low, true);
    new DataView(expected.buffer).setUint32(bytes.length + 4, crc.high, true);

    const output = new RdbOutput({ compresses: true, sums: true });
    const taken = new Uint8Array(expected.length);
    let takenBytes = 0;
    const takeAll = () => {
      for (let chunk = output.take(); chunk !== null; chunk = output.take()) {
        taken.set(chunk.buffer.subarray(0, chunk.length), takenBytes);
        takenBytes += chunk.length;
        output.release(chunk.buffer);
      }
    };
    for (let at = 0; at < bytes.length;) {
      if (randomBelow(random, 100) === 0) output.flush();
      const end = Math.min(bytes.length, at + 1 + randomBelow(random, 9000));
      if (end - at > 8) {
        output.raw(bytes, at, end);
        at = end;
      } else output.byte(bytes[at++]);
      assertEquals(output.byteLength, at);
      takeAll();
    }
    output.checksum();
    output.flush();
    takeAll();
    assertEquals(takenBytes, expected.length);
    assert(taken.every((byte, i) => byte === expected[i]));
  });
});

Deno.test("a long string is compressed in a room of its own", () => {
  const long = "ab".repeat(chunkBytes);
  const output = new RdbOutput({ compresses: true, sums: true });
  output.text(long);
  assert(output.byteLength < long.length / 50);
});

/** All chunks that there are. */
function taken(output: RdbOutput): Uint8Array {
  const bytes: number[] = [];
  for (let chunk = output.take(); chunk !== null; chunk = output.take()) {
    for (const byte of chunk.buffer.subarray(0, chunk.length)) bytes.push(byte);
    output.release(chunk.buffer);
  }
  return Uint8Array.from(bytes);
}

Deno.test("a long string is put off, and the same piece by piece", () => {
  withSeed((random) => {
    for (const letters of [2, 256]) {
      const text = Uint8Array.from({ length: 300_000 }, () => randomBelow(random, letters));
      const write = (output: RdbOutput) => {
        output.byte(1);
        output.string(text, 0, text.length);
        output.byte(2);
        output.string(text, 1000, text.length);
        output.raw(text, 0, text.length);
      };
      for (const compresses of [true, false]) {
        const atOnce = new RdbOutput({ compresses, sums: true });
        write(atOnce);
        atOnce.checksum();
        const output = new RdbOutput({ compresses, sums: true, longBytes: 1000 });
        write(output);
        assertEquals(output.byteLength, 2 + text.length * 3 - 1000);
        let steps = 0;
        for (; output.isBehind; steps++) output.catchUp(10_000);
        assert(steps > (compresses ? 60 : 3));
        output.checksum();
        output.flush();
        assertEquals(output.byteLength, atOnce.byteLength);
        assertEquals(taken(output), atOnce.takeAll());
      }
    }
  });
});

Deno.test("what was put off goes from output to output", () => {
  const text = new TextEncoder().encode("ab".repeat(5000));
  const atOnce = new RdbOutput({ compresses: true, sums: true });
  const from = new RdbOutput({ compresses: true, sums: false, chunkBytes: 64, longBytes: 100 });
  const output = new RdbOutput({ compresses: true, sums: true, longBytes: 100 });
  for (let round = 0; round < 3; round++) {
    for (const each of [atOnce, from]) {
      each.raw(text, 0, 150);
      each.string(text, 0, text.length);
      each.byte(round);
    }
    output.add(from.takeParts());
  }
  while (output.isBehind) output.catchUp(1000);
  for (const each of [atOnce, output]) each.checksum();
  output.flush();
  assertEquals(taken(output), atOnce.takeAll());
});

Deno.test("an output of which all was taken begins anew", () => {
  const output = new RdbOutput({ compresses: false, sums: true });
  const long = new Uint8Array(chunkBytes * 2 + 5).fill(7);
  output.raw(long, 0, long.length);
  assertEquals(output.takeAll(), long);
  assertEquals(output.byteLength, 0);
  output.checksum();
  assertEquals(output.takeAll().toHex(), "0000000000000000");
});
