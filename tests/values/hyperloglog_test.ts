/**
 * HyperLogLogs held against an array of registers, and against bytes that nobody made on purpose. What
 * Redis makes of the same elements is in tests/compat/hyperloglog.replies.
 */
import { assert, assertEquals } from "@std/assert";
import { type Random, randomBelow, SeededRandom } from "../../src/random.ts";
import {
  cacheCardinality,
  cachedCardinality,
  countElements,
  countRegisters,
  denseBytes,
  emptyBytes,
  indexOf,
  invalidateCardinality,
  isDense,
  isHyperLogLog,
  mergeRegisters,
  observe,
  raiseDense,
  registerCount,
  registersAt,
  valueOf,
  writeDense,
  writeEmpty,
} from "../../src/values/hyperloglog.ts";
import { selfTest } from "../../src/values/hyperloglog_self_test.ts";
import { describeSparse, SparseEdit, SparseOutcome } from "../../src/values/hyperloglog_sparse.ts";
import { testScale, withSeed } from "../support/property.ts";

/** Bytes on both sides of what is worked on, that must stay as they are. */
const margin = 16;
const marginByte = 0xa5;

/** A HyperLogLog between margins, with room to become whatever it may. */
class Sample {
  readonly bytes = new Uint8Array(margin + 40_000).fill(marginByte);
  length = 0;
  readonly #edit = new SparseEdit();

  static empty(): Sample {
    const sample = new Sample();
    writeEmpty(sample.bytes, margin);
    sample.length = emptyBytes;
    return sample;
  }

  get end(): number {
    return margin + this.length;
  }

  /** Sets a sparse register, as PFADD does; the margin behind moves along. */
  raise(index: number, value: number, lengthMax: number): SparseOutcome {
    const edit = this.#edit;
    const start = margin + registersAt;
    const room = lengthMax - this.length;
    const outcome = edit.plan(this.bytes, start, this.end, index, value, room);
    if (outcome !== SparseOutcome.Planned) return outcome;
    const reached = this.end + Math.max(0, edit.growthBytes);
    const end = edit.apply(this.bytes, start, this.end);
    assert(end <= reached);
    this.bytes.fill(marginByte, end, reached);
    this.length = end - margin;
    this.checkMargins();
    return outcome;
  }

  checkMargins(): void {
    for (let i = 0; i < margin; i++) {
      assertEquals([this.bytes[i], this.bytes[this.end + i]], [marginByte, marginByte]);
    }
  }

  registers(): Uint8Array {
    const registers = new Uint8Array(registerCount);
    assert(mergeRegisters(registers, this.bytes, margin, this.end));
    return registers;
  }

  count(): unknown {
    return countElements(this.bytes, margin, this.end);
  }
}

/** An index that is often next to the one before, so that runs form. */
function nearIndex(random: Random, index: number): number {
  if (randomBelow(random, 3) === 0) return randomBelow(random, registerCount);
  return (index + randomBelow(random, 7) - 3 + registerCount) % registerCount;
}

Deno.test("sparse registers are those of an array, whatever is split and merged", () => {
  withSeed((random) => {
    for (let round = 0; round < 5 * testScale(); round++) {
      const sample = Sample.empty();
      const expected = new Uint8Array(registerCount);
      let index = 0;
      for (let i = 0; i < 400; i++) {
        index = nearIndex(random, index);
        const value = 1 + randomBelow(random, randomBelow(random, 2) === 0 ? 3 : 32);
        const outcome = sample.raise(index, value, 20_000);
        const isNew = expected[index] < value;
        assertEquals(outcome, isNew ? SparseOutcome.Planned : SparseOutcome.Unchanged);
        if (isNew) expected[index] = value;
        if (i % 40 === 0) assertEquals(sample.registers(), expected);
      }
      assertEquals(sample.registers(), expected);
      assertEquals(sample.count(), countRegisters(expected));
    }
  });
});

Deno.test("a sparse one says when it would be too long, or a value too large", () => {
  const sample = Sample.empty();
  assertEquals(sample.raise(5, 33, 20_000), SparseOutcome.Dense);
  assertEquals(sample.raise(5, 32, emptyBytes), SparseOutcome.Dense);
  assertEquals(sample.raise(5, 32, emptyBytes + 2), SparseOutcome.Planned);
  assertEquals(
    describeSparse(sample.bytes, margin + registersAt, sample.end),
    "z:5 v:32,1 Z:16378",
  );
  // what needs no room is done at any length
  assertEquals(sample.raise(5, 31, 0), SparseOutcome.Unchanged);
  assertEquals(sample.raise(4, 32, 0), SparseOutcome.Dense);
  assertEquals(sample.raise(4, 32, 22), SparseOutcome.Planned);
  assertEquals(
    describeSparse(sample.bytes, margin + registersAt, sample.end),
    "z:4 v:32,2 Z:16378",
  );
});

Deno.test("dense registers are those of an array, the last one too", () => {
  withSeed((random) => {
    const bytes = new Uint8Array(margin + denseBytes + margin).fill(marginByte);
    bytes.fill(0, margin, margin + denseBytes);
    const expected = new Uint8Array(registerCount);
    for (let i = 0; i < 20_000; i++) {
      const index = randomBelow(random, 10) === 0
        ? registerCount - 1 - randomBelow(random, 4)
        : randomBelow(random, registerCount);
      const value = 1 + randomBelow(random, 63);
      assertEquals(raiseDense(bytes, margin, index, value), expected[index] < value);
      expected[index] = Math.max(expected[index], value);
    }
    const found = new Uint8Array(registerCount);
    assert(mergeRegisters(found, bytes, margin, margin + denseBytes));
    assertEquals(found, expected);
    assertEquals(
      countElements(bytes, margin, margin + denseBytes),
      countRegisters(expected),
    );
    const written = bytes.slice();
    writeDense(expected, written, margin);
    assertEquals(written, bytes);
    assertEquals(bytes.slice(margin + denseBytes), new Uint8Array(margin).fill(marginByte));
  });
});

Deno.test("the estimate is within three standard errors for known elements", () => {
  const random = new SeededRandom(1);
  const registers = new Uint8Array(registerCount);
  const element = new Uint8Array(8);
  const view = new DataView(element.buffer);
  const added = 100_000;
  for (let i = 0; i < added; i++) {
    view.setUint32(0, i);
    view.setUint32(4, random.uint32());
    const observation = observe(element, 0, 8);
    const index = indexOf(observation);
    registers[index] = Math.max(registers[index], valueOf(observation));
  }
  const error = Math.abs(Number(countRegisters(registers)) - added) / added;
  assert(error < 3 * 1.04 / Math.sqrt(registerCount), `${error}`);
});

Deno.test("a cardinality of any size is cached until something is added", () => {
  const bytes = new Uint8Array(emptyBytes);
  for (const cardinality of [0, 1, 2 ** 32, 2 ** 53 - 1, 2n ** 53n, 2n ** 63n - 1n]) {
    cacheCardinality(bytes, 0, cardinality);
    assertEquals(cachedCardinality(bytes, 0), cardinality);
    invalidateCardinality(bytes, 0);
    assertEquals(cachedCardinality(bytes, 0), null);
  }
});

/** A HyperLogLog with some registers set, then with some of its bytes changed, gone or added. */
function mutated(random: Random): Sample {
  const sample = Sample.empty();
  for (let i = randomBelow(random, 60); i > 0; i--) {
    sample.raise(randomBelow(random, registerCount), 1 + randomBelow(random, 32), 20_000);
  }
  const at = () => margin + registersAt + randomBelow(random, sample.length - registersAt);
  for (let i = 1 + randomBelow(random, 4); i > 0 && sample.length > registersAt; i--) {
    switch (randomBelow(random, 4)) {
      case 0:
        sample.bytes[at()] = random.uint32();
        break;
      case 1:
        sample.bytes[at()] ^= 1 << randomBelow(random, 8);
        break;
      case 2: {
        const place = at();
        sample.bytes.copyWithin(place, place + 1, sample.end + margin);
        sample.length--;
        break;
      }
      default:
        sample.bytes[sample.end] = random.uint32();
        sample.length++;
    }
  }
  return sample;
}

Deno.test("broken registers are told, and never lead outside", () => {
  withSeed((random) => {
    for (let i = 0; i < 1000 * testScale(); i++) {
      const sample = mutated(random);
      sample.checkMargins();
      const { bytes, end } = sample;
      assert(isHyperLogLog(bytes, margin, end));
      const merged = mergeRegisters(new Uint8Array(registerCount), bytes, margin, end);
      assertEquals(countElements(bytes, margin, end) !== null, merged);
      describeSparse(bytes, margin + registersAt, end);
      for (let k = 0; k < 5; k++) {
        const value = 1 + randomBelow(random, 40);
        sample.raise(randomBelow(random, registerCount), value, 3000);
      }
      sample.checkMargins();
    }
  });
});

Deno.test("what is no HyperLogLog is seen by its header", () => {
  const { bytes, end } = Sample.empty();
  const isOne = (change: (bytes: Uint8Array) => void, to = end) => {
    const changed = bytes.slice();
    change(changed);
    return isHyperLogLog(changed, margin, to);
  };
  assert(isOne(() => {}));
  assert(isOne(() => {}, margin + registersAt));
  assert(!isOne(() => {}, margin + registersAt - 1));
  assert(!isOne((bytes) => bytes[margin]++));
  assert(!isOne((bytes) => bytes[margin + 3]++));
  assert(!isOne((bytes) => bytes[margin + 4] = 2));
  assert(!isOne((bytes) => bytes[margin + 4] = 0));
  assert(isOne((bytes) => bytes[margin + 4] = 0, margin + denseBytes));
  assert(!isOne((bytes) => bytes[margin + 4] = 0, margin + denseBytes - 1));
  assert(!isDense(bytes, margin));
});

Deno.test("PFSELFTEST finds nothing wrong", () => {
  withSeed((random) => assertEquals(selfTest(random), null));
});
