/** Listpacks against plain arrays, against bytes that Redis made, and against bytes that nobody made. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Heap, HeapFullError, SEGMENT_BYTES } from "../../src/memory/heap.ts";
import { type Random, randomBelow } from "../../src/random.ts";
import { type Int64, parseInt64 } from "../../src/resp/numbers.ts";
import { Listpacks } from "../../src/values/listpack.ts";
import {
  endListpack,
  writeIntegerEntry,
  writeStringEntry,
} from "../../src/values/listpack_writer.ts";
import { Slice } from "../../src/values/slice.ts";
import { setWord, wordAt } from "../memory/support.ts";
import { testScale, withSeed } from "../support/property.ts";
import { listpackDumps } from "./packed_dumps.ts";

const PREFIX_BYTES = 12;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One listpack driven by text, whose block may move. */
class Subject {
  readonly heap: Heap;
  readonly listpacks: Listpacks;
  readonly slice = new Slice();
  a: number;

  constructor(heap = new Heap(), prefixBytes = PREFIX_BYTES) {
    this.heap = heap;
    this.listpacks = new Listpacks(heap, prefixBytes);
    this.a = this.listpacks.create();
  }

  append(text: string): void {
    const bytes = encoder.encode(text);
    this.a = this.listpacks.append(this.a, bytes, 0, bytes.length);
  }

  insertBefore(at: number, text: string): void {
    const bytes = encoder.encode(text);
    this.a = this.listpacks.insertBefore(this.a, at, bytes, 0, bytes.length);
  }

  replace(at: number, text: string): void {
    const bytes = encoder.encode(text);
    this.a = this.listpacks.replace(this.a, at, bytes, 0, bytes.length);
  }

  find(text: string, from = 0, skip = 0): number {
    const bytes = encoder.encode(text);
    return this.listpacks.find(this.a, from, skip, bytes, 0, bytes.length);
  }

  textAt(at: number): string {
    this.listpacks.read(this.a, at, this.slice);
    return sliceText(this.slice);
  }

  texts(): string[] {
    const texts = [];
    for (let at = this.listpacks.first(this.a); at !== 0; at = this.listpacks.next(this.a, at)) {
      texts.push(this.textAt(at));
    }
    return texts;
  }

  textsBackwards(): string[] {
    const texts = [];
    for (let at = this.listpacks.last(this.a); at !== 0; at = this.listpacks.previous(this.a, at)) {
      texts.push(this.textAt(at));
    }
    return texts;
  }

  bytes(): Uint8Array {
    this.listpacks.locate(this.a, this.slice);
    return this.slice.buffer.slice(this.slice.start, this.slice.end);
  }

  /** Frees the listpack and holds the heap against that. */
  end(): void {
    this.listpacks.free(this.a);
    assertEquals(this.heap.usedBytes, 0);
    this.heap.checkInvariants();
  }
}

function sliceText(slice: Slice): string {
  return decoder.decode(slice.buffer.subarray(slice.start, slice.end));
}

/** Numbers at the edges of all encodings, what almost is a number, and strings at the edges of theirs. */
function boundaryTexts(): string[] {
  const texts = [
    "",
    "-",
    "-0",
    "00",
    "007",
    "+1",
    " 1",
    "1 ",
    "1.0",
    "a",
    "\0",
    "12345678901234567890",
  ];
  for (const bits of [0n, 7n, 8n, 12n, 13n, 15n, 16n, 23n, 24n, 31n, 32n, 53n, 62n, 63n, 64n]) {
    for (const step of [-2n, -1n, 0n, 1n]) {
      texts.push(`${(1n << bits) + step}`, `${-(1n << bits) + step}`);
    }
  }
  for (const length of [1, 62, 63, 64, 125, 126, 127, 4095, 4096, 16377, 16378]) {
    texts.push("x".repeat(length));
  }
  return texts;
}

function randomText(random: Random): string {
  switch (randomBelow(random, 6)) {
    case 0:
      return `${randomBelow(random, 200)}`;
    case 1:
      return `${
        (BigInt(random.uint32()) << 32n | BigInt(random.uint32())) -
          (1n << 63n) >> BigInt(randomBelow(random, 64))
      }`;
    case 2:
      return "long".repeat(randomBelow(random, 60));
    case 3:
      return testTexts[randomBelow(random, testTexts.length)];
    default:
      return "abcdefgh".slice(0, randomBelow(random, 9));
  }
}

const testTexts = boundaryTexts();

Deno.test("a listpack has the bytes that Redis gives it", () => {
  for (const { command, values, hex } of listpackDumps) {
    const subject = new Subject();
    for (const value of values) subject.append(value);
    assertEquals(subject.bytes().toHex(), hex, `${command} ${values}`);
    assertEquals(subject.bytes().length, subject.listpacks.bytes(subject.a));
    assert(subject.listpacks.validate(subject.bytes(), 0, hex.length / 2));
    assertEquals(subject.texts(), values);
    subject.end();
  }
});

Deno.test("boundary values come back, are found, and say their size before", () => {
  const subject = new Subject();
  const { listpacks } = subject;
  for (const text of testTexts) {
    const bytes = encoder.encode(`..${text}`);
    const before = listpacks.bytes(subject.a);
    const entryBytes = listpacks.entryBytes(bytes, 2, bytes.length);
    subject.a = listpacks.append(subject.a, bytes, 2, bytes.length);
    assertEquals(listpacks.bytes(subject.a) - before, entryBytes, text);
    assertEquals(subject.textAt(listpacks.position), text);
    assert(listpacks.equals(subject.a, listpacks.position, bytes, 2, bytes.length));
    assertEquals(
      listpacks.integerAt(subject.a, listpacks.position),
      parseInt64(bytes, 2, bytes.length),
    );
  }
  assertEquals(subject.texts(), testTexts);
  assertEquals(subject.textsBackwards(), testTexts.toReversed());
  for (const text of testTexts) {
    assertEquals(subject.textAt(subject.find(text)), text);
    assertEquals(subject.find(`${text}?`), 0);
  }
  assert(listpacks.validate(subject.bytes(), 0, listpacks.bytes(subject.a)));
  subject.end();
});

Deno.test("integers are stored as their decimal forms are", () => {
  const byText = new Subject();
  const byValue = new Subject();
  for (const text of testTexts) {
    const bytes = encoder.encode(text);
    const value: Int64 | null = parseInt64(bytes, 0, bytes.length);
    if (value === null) continue;
    byText.append(text);
    byValue.a = byValue.listpacks.appendInteger(byValue.a, 5);
    byValue.a = byValue.listpacks.replaceInteger(byValue.a, byValue.listpacks.position, value);
  }
  assertEquals(byValue.bytes(), byText.bytes());
  byValue.a = byValue.listpacks.insertIntegerBefore(
    byValue.a,
    byValue.listpacks.first(byValue.a),
    77,
  );
  assertEquals(byValue.texts(), ["77", ...byText.texts()]);
  byText.end();
  byValue.end();
});

Deno.test("any order of changes does what it does to an array", () => {
  withSeed((random) => {
    for (let round = 0; round < 20 * testScale(); round++) {
      const subject = new Subject();
      const model: string[] = [];
      setWord(subject.heap, subject.a, 8, 4711);
      for (let i = 0; i < 150; i++) changeBoth(subject, model, random);
      assertEquals(subject.texts(), model);
      assertEquals(subject.textsBackwards(), model.toReversed());
      assertEquals(wordAt(subject.heap, subject.a, 8), 4711);
      assert(subject.listpacks.validate(subject.bytes(), 0, subject.listpacks.bytes(subject.a)));
      subject.end();
    }
  });
});

function changeBoth(subject: Subject, model: string[], random: Random): void {
  const { listpacks } = subject;
  const index = model.length === 0 ? -1 : randomBelow(random, model.length);
  const fromEnd = index - model.length;
  const at = listpacks.at(subject.a, randomBelow(random, 2) === 0 ? index : fromEnd);
  assertEquals(at === 0, model.length === 0);
  const text = randomText(random);
  const bytes = encoder.encode(text);
  const change = model.length === 0 ? 0 : randomBelow(random, 8);
  if (change <= 1) {
    subject.a = listpacks.append(subject.a, bytes, 0, bytes.length);
    model.push(text);
  } else if (change === 2) {
    subject.a = listpacks.prepend(subject.a, bytes, 0, bytes.length);
    model.unshift(text);
  } else if (change === 3) {
    subject.insertBefore(at, text);
    model.splice(index, 0, text);
  } else if (change === 4) {
    subject.a = listpacks.insertAfter(subject.a, at, bytes, 0, bytes.length);
    model.splice(index + 1, 0, text);
  } else if (change === 5) {
    subject.replace(at, text);
    model[index] = text;
  } else {
    const entryCount = randomBelow(random, 4);
    subject.a = listpacks.remove(subject.a, at, entryCount);
    model.splice(index, entryCount);
    assertEquals(listpacks.position === 0, index >= model.length);
    if (index < model.length) assertEquals(subject.textAt(listpacks.position), model[index]);
  }
  if (change <= 5) assertEquals(subject.textAt(listpacks.position), text);
  assertEquals(listpacks.count(subject.a), model.length);
  const skip = randomBelow(random, 3);
  const found = model.findIndex((each, i) => i % (skip + 1) === 0 && each === text);
  assertEquals(subject.find(text, 0, skip), found < 0 ? 0 : listpacks.at(subject.a, found));
}

Deno.test("entries are moved to another place, and read one after the other", () => {
  withSeed((random) => {
    for (let round = 0; round < 20 * testScale(); round++) {
      const subject = new Subject();
      const { listpacks } = subject;
      const model: string[] = [];
      for (let i = randomBelow(random, 30) + 1; i > 0; i--) {
        model.push(randomText(random));
        subject.append(model.at(-1)!);
      }
      for (let i = 0; i < 10; i++) {
        const from = randomBelow(random, model.length);
        const count = 1 + randomBelow(random, model.length - from);
        const others = [...model.slice(0, from), ...model.slice(from + count)];
        const target = randomBelow(random, others.length + 1);
        const before = target < from ? target : target === others.length ? -1 : target + count;
        const to = before === -1 ? 0 : listpacks.at(subject.a, before);
        listpacks.move(subject.a, listpacks.at(subject.a, from), count, to);
        others.splice(target, 0, ...model.slice(from, from + count));
        model.splice(0, model.length, ...others);
        const texts: string[] = [];
        for (let at = listpacks.first(subject.a); at !== 0;) {
          at = listpacks.readNext(subject.a, at, subject.slice);
          texts.push(sliceText(subject.slice));
        }
        assertEquals(texts, model);
        assertEquals(subject.texts(), model);
      }
      subject.end();
    }
  });
});

Deno.test("find begins where it is told to and skips what it is told to", () => {
  const subject = new Subject();
  for (const text of ["a", "1", "b", "a", "1", "300", "x", "70000"]) subject.append(text);
  const position = (index: number) => subject.listpacks.at(subject.a, index);
  assertEquals(subject.find("a", 0, 1), position(0));
  assertEquals(subject.find("a", position(1), 1), position(3));
  assertEquals(subject.find("1", 0, 1), position(4));
  assertEquals(subject.find("300", 0, 1), 0);
  assertEquals(subject.find("70000", position(1), 2), position(7));
  assertEquals(subject.listpacks.at(subject.a, 8), 0);
  assertEquals(subject.listpacks.at(subject.a, -9), 0);
  subject.end();
  assertEquals(new Subject().find("a"), 0);
});

Deno.test("an integer that others stored as a string is found, too", () => {
  const subject = new Subject();
  const foreign = Uint8Array.of(13, 0, 0, 0, 2, 0, 0x81, 0x35, 2, 0xc0, 7, 2, 0xff);
  assert(subject.listpacks.validate(foreign, 0, foreign.length));
  subject.listpacks.free(subject.a);
  subject.a = subject.listpacks.load(foreign, 0, foreign.length);
  assertEquals(subject.texts(), ["5", "7"]);
  assertEquals(subject.find("5"), 6);
  assertEquals(subject.find("7"), 9);
  subject.end();
});

Deno.test("more entries than the header can count are counted by hand, until they are fewer", () => {
  const subject = new Subject();
  const { listpacks } = subject;
  for (let i = 0; i < 65600; i++) subject.a = listpacks.appendInteger(subject.a, i);
  assertEquals(listpacks.count(subject.a), 65600);
  assertEquals(subject.bytes().subarray(4, 6), Uint8Array.of(255, 255));
  assert(listpacks.validate(subject.bytes(), 0, listpacks.bytes(subject.a)));
  assertEquals(subject.textAt(listpacks.at(subject.a, 65599)), "65599");
  assertEquals(subject.textAt(listpacks.at(subject.a, -65600)), "0");
  assertEquals(listpacks.at(subject.a, 65600), 0);
  assertEquals(listpacks.at(subject.a, -65601), 0);
  subject.a = listpacks.remove(subject.a, listpacks.at(subject.a, 100), 65000);
  assertEquals(subject.bytes().subarray(4, 6), Uint8Array.of(255, 255));
  assertEquals(listpacks.count(subject.a), 600);
  assertEquals(subject.bytes().subarray(4, 6), Uint8Array.of(88, 2));
  subject.end();
});

Deno.test("a string of millions of bytes", () => {
  const subject = new Subject();
  const long = "0123456789".repeat(500_000);
  for (const text of ["a", long, "b"]) subject.append(text);
  assertEquals(subject.textsBackwards(), ["b", long, "a"]);
  assertEquals(subject.find("b"), subject.listpacks.last(subject.a));
  assert(subject.listpacks.validate(subject.bytes(), 0, subject.listpacks.bytes(subject.a)));
  subject.replace(subject.find(long), "short");
  assertEquals(subject.texts(), ["a", "short", "b"]);
  assert(subject.heap.usedBytes < 100);
  subject.end();
});

Deno.test("small listpacks take no more than their bytes, large ones little more", () => {
  const subject = new Subject(new Heap(), 0);
  for (let i = 0; i < 2000; i++) {
    subject.append(`entry ${i}`);
    const total = subject.listpacks.bytes(subject.a);
    const most = total <= 128 ? (total + 7) & ~7 : total * 1.3;
    assert(subject.heap.usedBytes <= most, `${subject.heap.usedBytes} bytes for ${total}`);
  }
  while (subject.listpacks.count(subject.a) > 0) {
    subject.a = subject.listpacks.remove(subject.a, subject.listpacks.last(subject.a), 1);
    assert(subject.heap.usedBytes <= Math.max(8, 2 * subject.listpacks.bytes(subject.a)));
  }
  subject.end();
});

Deno.test("after reserve the block does not move", () => {
  const subject = new Subject();
  subject.a = subject.listpacks.reserve(subject.a, 3000);
  const reserved = subject.a;
  for (let i = 0; i < 300; i++) subject.append(`item ${i % 10}...`.slice(0, 8));
  assertEquals(subject.a, reserved);
  subject.end();
});

Deno.test("a copy has the entries and nothing of the prefix; all of one go behind another", () => {
  const subject = new Subject();
  const { listpacks, heap } = subject;
  for (const text of testTexts) subject.append(text);
  setWord(heap, subject.a, 0, 99);
  const original = subject.a;
  const bytes = subject.bytes();
  subject.a = listpacks.copy(original);
  assertEquals(wordAt(heap, subject.a, 0), 0);
  assertEquals(subject.bytes(), bytes);
  subject.a = listpacks.appendAll(subject.a, original);
  assertEquals(subject.texts(), [...testTexts, ...testTexts]);
  assertEquals(listpacks.count(subject.a), 2 * testTexts.length);
  listpacks.free(original);
  subject.end();
});

Deno.test("where the heap is full a listpack stays as it was, and removing succeeds", () => {
  const subject = new Subject(new Heap({ bytesMax: SEGMENT_BYTES }));
  const { heap, listpacks } = subject;
  for (let i = 0; i < 3000; i++) subject.append(`entry ${i}`);
  const fill: number[] = [];
  for (const size of [65536, 16384, 4096, 512, 64, 8]) {
    try {
      for (;;) fill.push(heap.allocate(size));
    } catch (error) {
      assert(error instanceof HeapFullError);
    }
  }
  const bytes = subject.bytes();
  const { a } = subject;
  const long = "x".repeat(20000);
  assertThrows(() => subject.append(long), HeapFullError);
  assertThrows(() => subject.replace(6, long), HeapFullError);
  assertThrows(() => subject.insertBefore(6, long), HeapFullError);
  assertEquals(subject.a, a);
  assertEquals(subject.bytes(), bytes);
  subject.a = listpacks.remove(subject.a, listpacks.at(subject.a, 10), 2990);
  assertEquals(subject.texts(), Array.from({ length: 10 }, (_, i) => `entry ${i}`));
  for (const address of fill) heap.free(address);
  subject.end();
});

Deno.test("bytes that are accepted can be walked both ways, whatever they are", () => {
  withSeed((random) => {
    const subject = new Subject();
    const { listpacks } = subject;
    let accepted = 0;
    for (let round = 0; round < 3000 * testScale(); round++) {
      const { hex } = listpackDumps[randomBelow(random, listpackDumps.length)];
      const bytes = mutated(Uint8Array.fromHex(hex), random);
      // The bytes lie between others that would be read if any were read outside.
      const buffer = new Uint8Array(bytes.length + 20).fill(0x81);
      buffer.set(bytes, 10);
      const isValid = listpacks.validate(buffer, 10, 10 + bytes.length);
      buffer.fill(0xff, 10 + bytes.length);
      assertEquals(listpacks.validate(buffer, 10, 10 + bytes.length), isValid);
      assertEquals(listpacks.validate(bytes, 0, bytes.length), isValid);
      if (!isValid) continue;
      accepted++;
      listpacks.free(subject.a);
      subject.a = listpacks.load(bytes, 0, bytes.length);
      const texts = subject.texts();
      assertEquals(subject.textsBackwards(), texts.toReversed());
      assertEquals(listpacks.count(subject.a), texts.length);
    }
    assert(accepted > 0);
    subject.end();
  });
});

function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  const changes = randomBelow(random, 4);
  for (let i = 0; i < changes; i++) {
    bytes[randomBelow(random, bytes.length)] = randomBelow(random, 2) === 0
      ? randomBelow(random, 256)
      : [0, 0x7f, 0x80, 0xbf, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff][randomBelow(random, 10)];
  }
  if (randomBelow(random, 8) === 0) return bytes.slice(0, randomBelow(random, bytes.length + 1));
  return bytes;
}

Deno.test("what is no listpack is refused", () => {
  const { listpacks } = new Subject();
  const refused: [string, string][] = [
    ["nothing", ""],
    ["no end", "060000000000"],
    ["a wrong end", "07000000000000"],
    ["more bytes than stated", "0600000000" + "00ff"],
    ["fewer bytes than stated", "080000000000ff"],
    ["a wrong count", "090000000200" + "0101ff"],
    ["a wrong backlen", "090000000100" + "0102ff"],
    ["a string over the end", "0a0000000100" + "850101ff"],
    ["a length over the end", "0a0000000100" + "f00101ff"],
    ["a huge length", "0e0000000100" + "f0ffffffff" + "0101ff"],
    ["an unknown encoding", "0a0000000100" + "f50102ff"],
    ["an end within", "0a0000000100" + "0101ffff"],
  ];
  for (const [why, hex] of refused) {
    const bytes = Uint8Array.fromHex(hex);
    assert(!listpacks.validate(bytes, 0, bytes.length), why);
  }
});

Deno.test("a slice writes integers in decimal", () => {
  const slice = new Slice();
  for (const value of [0, -1, 9007199254740991, -(2n ** 63n), 2n ** 63n - 1n]) {
    slice.setInteger(value);
    assertEquals(sliceText(slice), `${value}`);
    assertEquals(slice.length, `${value}`.length);
  }
  slice.set(encoder.encode("abcdef"), 2, 4);
  assertEquals(sliceText(slice), "cd");
});

Deno.test("many entries written at once are the same as one by one", () => {
  withSeed((random) => {
    for (let round = 0; round < 50 * testScale(); round++) {
      const heap = new Heap();
      const listpacks = new Listpacks(heap, 16);
      const slice = new Slice();
      let one = listpacks.append(listpacks.create(), encoder.encode("first"), 0, 5);
      const other = listpacks.reserve(listpacks.copy(one), 100_000);
      listpacks.locate(other, slice);
      const { buffer: bytes, start, end } = slice;
      let at = end - 1;
      for (let i = 0; i < 20; i++) {
        const length =
          [0, 1, 62, 63, 64, 126, 127, 4000, 4095, 4096, 5000][randomBelow(random, 11)];
        const text = encoder.encode("x".repeat(length));
        const size = 2 ** randomBelow(random, 53);
        const value = randomBelow(random, size < 2 ** 32 ? size : 2 ** 32) * (i % 2 === 0 ? 1 : -1);
        one = listpacks.append(one, text, 0, length);
        one = listpacks.appendInteger(one, value);
        one = listpacks.append(one, encoder.encode(`${value}`), 0, `${value}`.length);
        at = writeStringEntry(bytes, at, text, 0, length);
        at = writeIntegerEntry(bytes, at, value);
        at = writeStringEntry(bytes, at, encoder.encode(`${value}`), 0, `${value}`.length);
      }
      endListpack(bytes, start, at, 60);
      listpacks.locate(one, slice);
      const expected = slice.buffer.slice(slice.start, slice.end);
      listpacks.locate(other, slice);
      assertEquals(slice.buffer.slice(slice.start, slice.end), expected);
      assertEquals(listpacks.count(other), 61);
    }
  });
});
