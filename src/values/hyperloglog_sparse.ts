/**
 * The sparse encoding of a HyperLogLog's registers: runs of equal ones, each an opcode of a byte or two.
 *
 *     ZERO   00xxxxxx            x + 1 registers of 0 (to 64)
 *     XZERO  01xxxxxx yyyyyyyy   xy + 1 registers of 0 (to 16384)
 *     VAL    1vvvvvxx            x + 1 registers (to 4) of v + 1 (to 32)
 *
 * Together they stand for 16384 registers, or the encoding is broken. Setting a register splits its run
 * and merges what then is equal, just as Redis does: the same elements leave the same bytes.
 *
 * The second byte of an XZERO that is cut off by the end counts as 0, as in Redis, where a NUL follows.
 */
import { copyBytes } from "../memory/bytes.ts";

export const registerCount = 16384;

const xzeroBit = 0x40;
const valueBit = 0x80;
const zeroLengthMax = 64;
const valueLengthMax = 4;
const valueMax = 32;
/** A split takes XZERO, VAL, XZERO at most. */
const splitBytesMax = 5;
/** How many opcodes from the one before the change on are looked at to be merged. */
const mergedOpcodesMax = 5;

/** Bytes of an opcode, by its first. */
export function opcodeBytes(opcode: number): number {
  return (opcode & 0xc0) === xzeroBit ? 2 : 1;
}

/** How many registers the opcode at `at` stands for. */
export function runLength(bytes: Uint8Array, at: number, end: number): number {
  const opcode = bytes[at];
  if ((opcode & valueBit) !== 0) return (opcode & 3) + 1;
  if ((opcode & xzeroBit) === 0) return opcode + 1;
  const low = at + 1 < end ? bytes[at + 1] : 0;
  return (((opcode & 0x3f) << 8) | low) + 1;
}

/** The value of the registers of an opcode, by its first byte. */
export function runValue(opcode: number): number {
  return (opcode & valueBit) !== 0 ? ((opcode >>> 2) & 0x1f) + 1 : 0;
}

/** Whether the opcodes in `[at, end)` stand for all registers, and for no more. */
export function isSparseValid(bytes: Uint8Array, at: number, end: number): boolean {
  let registers = 0;
  for (; at < end; at += opcodeBytes(bytes[at])) registers += runLength(bytes, at, end);
  return registers === registerCount;
}

/** The opcodes in words, for PFDEBUG DECODE: `Z:` an XZERO, `z:` a ZERO, `v:` a VAL. */
export function describeSparse(bytes: Uint8Array, at: number, end: number): string {
  const words: string[] = [];
  for (; at < end; at += opcodeBytes(bytes[at])) {
    const length = runLength(bytes, at, end);
    const value = runValue(bytes[at]);
    if (value !== 0) words.push(`v:${value},${length}`);
    else words.push(`${opcodeBytes(bytes[at]) === 2 ? "Z" : "z"}:${length}`);
  }
  return words.join(" ");
}

/** What setting a register comes to. */
export enum SparseOutcome {
  /** The register has that value, or more. */
  Unchanged,
  /** `apply` does it. */
  Planned,
  /** It takes the dense encoding. */
  Dense,
  /** The opcodes don't cover the register. */
  Broken,
}

/**
 * One register set in two steps, so that the caller can make room in between: `plan` finds out what is to
 * be written and how much longer the opcodes get, `apply` writes it.
 */
export class SparseEdit {
  /** Bytes by which the opcodes grow before they are merged; may be negative. */
  growthBytes = 0;
  /** The opcode to be replaced and the one before it, counted from the first opcode. */
  #at = 0;
  #previous = 0;
  #oldBytes = 0;
  readonly #split = new Uint8Array(splitBytesMax);
  #splitBytes = 0;

  /**
   * Plans to have register `index` be `value` at least, in the opcodes at `[start, end)`, which may grow
   * by no more than `growthBytesMax`.
   */
  plan(
    bytes: Uint8Array,
    start: number,
    end: number,
    index: number,
    value: number,
    growthBytesMax: number,
  ): SparseOutcome {
    if (value > valueMax) return SparseOutcome.Dense;
    let at = start;
    let previous = start;
    let first = 0;
    let length = 0;
    while (at < end) {
      length = runLength(bytes, at, end);
      if (index < first + length) break;
      first += length;
      previous = at;
      at += opcodeBytes(bytes[at]);
    }
    if (at >= end) return SparseOutcome.Broken;
    const old = runValue(bytes[at]);
    if (old >= value) return SparseOutcome.Unchanged;
    this.#at = at - start;
    this.#previous = previous - start;
    this.#oldBytes = opcodeBytes(bytes[at]);
    this.#splitBytes = 0;
    this.#append(old, index - first);
    this.#append(value, 1);
    this.#append(old, first + length - 1 - index);
    this.growthBytes = this.#splitBytes - this.#oldBytes;
    const isTooLong = this.growthBytes > 0 && this.growthBytes > growthBytesMax;
    return isTooLong ? SparseOutcome.Dense : SparseOutcome.Planned;
  }

  /**
   * Does what was planned for the opcodes at `[start, end)`, behind which there now is room for
   * `growthBytes`. Returns where they end then.
   */
  apply(bytes: Uint8Array, start: number, end: number): number {
    const at = start + this.#at;
    const rest = at + this.#oldBytes;
    const restTo = at + this.#splitBytes;
    if (rest < end) bytes.copyWithin(restTo, rest, end);
    end += this.growthBytes;
    // where an XZERO was cut off by the end, so is what replaces it
    copyBytes(this.#split, 0, bytes, at, Math.min(this.#splitBytes, end - at));
    return mergeValues(bytes, start + this.#previous, end);
  }

  /** Adds the opcode of a run to the split; nothing for an empty one. */
  #append(value: number, length: number): void {
    if (length === 0) return;
    const last = length - 1;
    if (value !== 0) {
      this.#split[this.#splitBytes++] = valueOpcode(value, length);
    } else if (length <= zeroLengthMax) {
      this.#split[this.#splitBytes++] = last;
    } else {
      this.#split[this.#splitBytes++] = xzeroBit | (last >>> 8);
      this.#split[this.#splitBytes++] = last;
    }
  }
}

function valueOpcode(value: number, length: number): number {
  return valueBit | ((value - 1) << 2) | (length - 1);
}

/** Merges neighbouring VALs of one value among the opcodes from `at` on; returns where all end then. */
function mergeValues(bytes: Uint8Array, at: number, end: number): number {
  for (let looked = 0; at < end && looked < mergedOpcodesMax; looked++) {
    const value = runValue(bytes[at]);
    if (value !== 0 && at + 1 < end && runValue(bytes[at + 1]) === value) {
      const length = runLength(bytes, at, end) + runLength(bytes, at + 1, end);
      if (length <= valueLengthMax) {
        bytes.copyWithin(at, at + 1, end);
        bytes[at] = valueOpcode(value, length);
        end--;
        continue;
      }
    }
    at += opcodeBytes(bytes[at]);
  }
  return end;
}
