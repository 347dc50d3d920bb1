/**
 * HyperLogLogs: an estimate of how many different elements were added, in 12 KiB or less. They are strings,
 * in Redis' own format, byte for byte:
 *
 *     byte  0  "HYLL"
 *     byte  4  encoding: 0 dense, 1 sparse
 *     byte  5  3 bytes not used
 *     byte  8  u64  cached cardinality, little endian; its highest bit says that it is out of date
 *     byte 16       registers
 *
 * There are 16384 registers of 6 bits. An element's hash chooses one with its low 14 bits, and is counted
 * there by the run of zeros that follow: a register keeps the longest, plus one. The dense encoding packs
 * four registers into three bytes, low bits first:
 *
 *     byte    0         1         2
 *     bits    11000000  22221111  33333322     (highest bit on the left)
 *
 * The sparse encoding is in `hyperloglog_sparse.ts`, growing and changing encoding in
 * `commands/hyperloglog.ts`. The bytes may come from anywhere: whatever they are, nothing is read or
 * written outside of them.
 */
import { type Int64, int64Min, toInt64 } from "../resp/numbers.ts";
import {
  isSparseValid,
  opcodeBytes,
  registerCount,
  runLength,
  runValue,
} from "./hyperloglog_sparse.ts";
import { murmurHash64A } from "./murmur_hash.ts";

export { registerCount };
export const registersAt = 16;
/** Bytes of a HyperLogLog in the dense encoding. */
export const denseBytes = registersAt + registerCount * 6 / 8;
/** Bytes of an empty one in the sparse encoding. */
export const emptyBytes = registersAt + 2;

const indexBits = 14;
/** Bits of the hash that runs are counted in. */
const runBits = 64 - indexBits;
const registerMax = 63;
const hashSeed = 0xadc83b19;

const encodingAt = 4;
const cardinalityAt = 8;
const encodingDense = 0;
const encodingSparse = 1;
const outOfDateBit = 0x80;
const magic = Uint8Array.from("HYLL", (letter) => letter.charCodeAt(0));
const magicWord = wordAt(magic, 0);

/** What `murmurHash64A` writes to. */
const hash = new Int32Array(2);

/** Whether a string looks like a HyperLogLog; the registers of a sparse one may still be broken. */
export function isHyperLogLog(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < registersAt || wordAt(bytes, start) !== magicWord) return false;
  const encoding = bytes[start + encodingAt];
  return encoding === encodingSparse ||
    (encoding === encodingDense && end - start === denseBytes);
}

export function isDense(bytes: Uint8Array, start: number): boolean {
  return bytes[start + encodingAt] === encodingDense;
}

/** Writes an empty one, of `emptyBytes`: a single run of zeros. */
export function writeEmpty(bytes: Uint8Array, start: number): void {
  bytes.fill(0, start, start + registersAt);
  bytes.set(magic, start);
  bytes[start + encodingAt] = encodingSparse;
  bytes[start + registersAt] = 0x7f;
  bytes[start + registersAt + 1] = 0xff;
}

/**
 * Where an element counts, and with what: the register's index, and above its 14 bits the value that
 * the register must have at least.
 */
export function observe(bytes: Uint8Array, start: number, end: number): number {
  murmurHash64A(bytes, start, end, hashSeed, hash);
  const index = hash[0] & (registerCount - 1);
  const low = hash[0] >>> indexBits;
  const high = hash[1];
  let zeros = runBits;
  if (low !== 0) zeros = trailingZeros(low);
  else if (high !== 0) zeros = 32 - indexBits + trailingZeros(high);
  return ((zeros + 1) << indexBits) | index;
}

/** The index in what `observe` returned. */
export function indexOf(observation: number): number {
  return observation & (registerCount - 1);
}

/** The value in what `observe` returned. */
export function valueOf(observation: number): number {
  return observation >>> indexBits;
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Has a register of a dense one hold at least `value`; whether it held less. */
export function raiseDense(
  bytes: Uint8Array,
  start: number,
  index: number,
  value: number,
): boolean {
  const at = start + registersAt + ((index * 6) >>> 3);
  const shift = (index * 6) & 7;
  // the last register ends with the last byte: there the second byte is not touched
  const spans = shift > 2;
  const pair = spans ? bytes[at] | (bytes[at + 1] << 8) : bytes[at];
  if (((pair >>> shift) & registerMax) >= value) return false;
  const raised = (pair & ~(registerMax << shift)) | (value << shift);
  bytes[at] = raised;
  if (spans) bytes[at + 1] = raised >>> 8;
  return true;
}

/** Raises each register to that of a HyperLogLog; false if that one is broken. */
export function mergeRegisters(
  registers: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (isDense(bytes, start)) {
    mergeDense(registers, bytes, start + registersAt);
    return true;
  }
  let index = 0;
  for (let at = start + registersAt; at < end; at += opcodeBytes(bytes[at])) {
    const behind = index + runLength(bytes, at, end);
    if (behind > registerCount) return false;
    const value = runValue(bytes[at]);
    if (value === 0) index = behind;
    for (; index < behind; index++) {
      if (registers[index] < value) registers[index] = value;
    }
  }
  return index === registerCount;
}

function mergeDense(registers: Uint8Array, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < registerCount; i += 4, at += 3) {
    const four = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    for (let k = 0; k < 4; k++) {
      const value = (four >>> (6 * k)) & registerMax;
      if (registers[i + k] < value) registers[i + k] = value;
    }
  }
}

/** Writes registers in the dense encoding, and that it is that; the rest of the header stays. */
export function writeDense(registers: Uint8Array, bytes: Uint8Array, start: number): void {
  bytes[start + encodingAt] = encodingDense;
  let at = start + registersAt;
  for (let i = 0; i < registerCount; i += 4) {
    const four = registers[i] | (registers[i + 1] << 6) | (registers[i + 2] << 12) |
      (registers[i + 3] << 18);
    bytes[at++] = four;
    bytes[at++] = four >>> 8;
    bytes[at++] = four >>> 16;
  }
}

/** The estimate for a HyperLogLog; null if it is broken. */
export function countElements(bytes: Uint8Array, start: number, end: number): Int64 | null {
  if (!isDense(bytes, start) && !isSparseValid(bytes, start + registersAt, end)) return null;
  const histogram = new Int32Array(registerMax + 1);
  if (isDense(bytes, start)) {
    for (let at = start + registersAt; at < end; at += 3) {
      const four = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
      histogram[four & registerMax]++;
      histogram[(four >>> 6) & registerMax]++;
      histogram[(four >>> 12) & registerMax]++;
      histogram[four >>> 18]++;
    }
  } else {
    for (let at = start + registersAt; at < end; at += opcodeBytes(bytes[at])) {
      histogram[runValue(bytes[at])] += runLength(bytes, at, end);
    }
  }
  return estimate(histogram);
}

/** The estimate for what was merged. */
export function countRegisters(registers: Uint8Array): Int64 {
  const histogram = new Int32Array(registerMax + 1);
  for (let i = 0; i < registerCount; i++) histogram[registers[i]]++;
  return estimate(histogram);
}

/**
 * How many elements make such a histogram of the registers' values: Otmar Ertl, "New cardinality estimation
 * algorithms for HyperLogLog sketches", arXiv:1702.01284, algorithm 6. The operations are in the order
 * of Redis', since they round.
 */
function estimate(histogram: Int32Array): Int64 {
  const m = registerCount;
  const alpha = 0.721347520444481703680; // 1 / (2 ln 2)
  let z = m * tau((m - histogram[runBits + 1]) / m);
  for (let value = runBits; value >= 1; value--) {
    z += histogram[value];
    z *= 0.5;
  }
  z += m * sigma(histogram[0] / m);
  const count = Math.round(alpha * m * m / z);
  if (count <= Number.MAX_SAFE_INTEGER) return count;
  // only registers that no hash makes get here; the processor's conversion says so to what is too large
  return count < 2 ** 63 ? toInt64(BigInt(count)) : int64Min;
}

function sigma(x: number): number {
  if (x === 1) return Infinity;
  let y = 1;
  let z = x;
  for (;;) {
    const previous = z;
    x *= x;
    z += x * y;
    y += y;
    if (z === previous) return z;
  }
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let y = 1;
  let z = 1 - x;
  for (;;) {
    const previous = z;
    x = Math.sqrt(x);
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
    if (z === previous) return z / 3;
  }
}

/** The cardinality counted last; null if something was added since. */
export function cachedCardinality(bytes: Uint8Array, start: number): Int64 | null {
  const at = start + cardinalityAt;
  if ((bytes[at + 7] & outOfDateBit) !== 0) return null;
  const low = wordAt(bytes, at);
  const high = wordAt(bytes, at + 4);
  if (high < 0x200000) return high * 2 ** 32 + low;
  return toInt64((BigInt(high) << 32n) | BigInt(low));
}

/** Keeps a cardinality, which thereby is up to date. */
export function cacheCardinality(bytes: Uint8Array, start: number, cardinality: Int64): void {
  let rest = BigInt(cardinality);
  for (let i = 0; i < 8; i++) {
    bytes[start + cardinalityAt + i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

/** Says that something was added since the elements were counted. */
export function invalidateCardinality(bytes: Uint8Array, start: number): void {
  bytes[start + cardinalityAt + 7] |= outOfDateBit;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}
