/**
 * What PFSELFTEST does: registers keep what they are given, both encodings count the same, and the
 * estimate is as good as it should be. On bytes of its own; the server waits for a tenth of a second.
 */
import type { Random } from "../random.ts";
import {
  countElements,
  denseBytes,
  emptyBytes,
  indexOf,
  isDense,
  mergeRegisters,
  observe,
  raiseDense,
  registerCount,
  registersAt,
  valueOf,
  writeDense,
  writeEmpty,
} from "./hyperloglog.ts";
import { SparseEdit, SparseOutcome } from "./hyperloglog_sparse.ts";

/** Redis runs 1000 cycles and 10 million elements, and makes everybody wait for seconds. */
const registerCycles = 50;
const elementsMax = 1_000_000;
/** Times the standard error that an estimate may be off. */
const toleratedErrors = 6;
/** A sparse one is at its largest long before this many elements. */
const sparseBytesMax = 3000;

/** What is wrong; null if nothing is. */
export function selfTest(random: Random): string | null {
  return testRegisters(random) ?? testEstimates(random);
}

function testRegisters(random: Random): string | null {
  const bytes = new Uint8Array(denseBytes);
  for (let cycle = 0; cycle < registerCycles; cycle++) {
    bytes.fill(0);
    const expected = Uint8Array.from({ length: registerCount }, () => random.uint32() & 63);
    expected.forEach((value, i) => raiseDense(bytes, 0, i, value));
    const found = new Uint8Array(registerCount);
    mergeRegisters(found, bytes, 0, denseBytes);
    const wrong = expected.findIndex((value, i) => value !== found[i]);
    if (wrong >= 0) {
      return `Register ${wrong} should be ${expected[wrong]} but is ${found[wrong]}`;
    }
  }
  return null;
}

/** Adds elements to a dense and to a sparse one, and looks at both at each power of ten. */
function testEstimates(random: Random): string | null {
  const dense = new Uint8Array(denseBytes);
  dense.set([..."HYLL"].map((letter) => letter.charCodeAt(0)));
  const other = new SelfTestHyperLogLog();
  const element = new Uint8Array(8);
  const view = new DataView(element.buffer);
  view.setUint32(4, random.uint32());
  const seed = random.uint32();
  const standardError = 1.04 / Math.sqrt(registerCount);
  let checkpoint = 1;
  for (let i = 1; i <= elementsMax; i++) {
    view.setUint32(0, i ^ seed);
    const observation = observe(element, 0, element.length);
    raiseDense(dense, 0, indexOf(observation), valueOf(observation));
    other.raise(indexOf(observation), valueOf(observation));
    if (i < checkpoint) continue;
    if (i < sparseBytesMax / 2 && isDense(other.bytes, 0)) return "sparse encoding not used";
    const estimate = Number(countElements(dense, 0, denseBytes));
    if (Number(other.count()) !== estimate) return "dense/sparse disagree";
    const error = Math.abs(checkpoint - estimate);
    // among ten elements, two in one register are not unlikely enough
    const errorMax = i === 10 ? 1 : Math.ceil(standardError * toleratedErrors * checkpoint);
    if (error > errorMax) return `Too big error. card:${checkpoint} abserr:${error}`;
    checkpoint *= 10;
  }
  return null;
}

/** A HyperLogLog that begins sparse, in a buffer that is long enough for any. */
class SelfTestHyperLogLog {
  readonly bytes = new Uint8Array(denseBytes);
  #length = emptyBytes;
  readonly #edit = new SparseEdit();

  constructor() {
    writeEmpty(this.bytes, 0);
  }

  raise(index: number, value: number): void {
    if (!isDense(this.bytes, 0)) {
      const room = sparseBytesMax - this.#length;
      const outcome = this.#edit.plan(this.bytes, registersAt, this.#length, index, value, room);
      if (outcome === SparseOutcome.Planned) {
        this.#length = this.#edit.apply(this.bytes, registersAt, this.#length);
      }
      if (outcome !== SparseOutcome.Dense) return;
      const registers = new Uint8Array(registerCount);
      mergeRegisters(registers, this.bytes, 0, this.#length);
      this.#length = denseBytes;
      writeDense(registers, this.bytes, 0);
    }
    raiseDense(this.bytes, 0, index, value);
  }

  count(): number {
    return Number(countElements(this.bytes, 0, this.#length));
  }
}
