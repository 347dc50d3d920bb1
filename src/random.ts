/**
 * Chance as the server sees it: the only file that draws random numbers.
 *
 * `SeededRandom` is what everything uses: the same seed gives the same run, which is how property
 * tests and fuzzers repeat a failure. Secrets (the hash seed, the run id) come from `randomBytes`.
 */

/** A source of uniformly distributed numbers. */
export interface Random {
  /** An integer from 0 to 2^32 - 1. */
  uint32(): number;
}

/** xoshiro128** by Blackman and Vigna (2018): small, fast, and repeatable from a 32-bit seed. */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    // splitmix32 spreads the seed over the state, so that near seeds give unrelated runs
    let state = seed >>> 0;
    const next = () => {
      state = (state + 0x9e3779b9) >>> 0;
      let mixed = state;
      mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      return (mixed ^ (mixed >>> 16)) | 0;
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next();
  }

  uint32(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }
}

/** An unbiased integer from 0 to `bound` - 1; `bound` is from 1 to 2^32. */
export function randomBelow(random: Random, bound: number): number {
  if (bound === 1) return 0;
  // as many bits as it takes, drawn again if they are too much: a remainder costs more, and is a double's
  const unused = Math.clz32(bound - 1);
  let drawn = random.uint32() >>> unused;
  while (drawn >= bound) drawn = random.uint32() >>> unused;
  return drawn;
}

/** A number from 0 (included) to 1 (excluded). */
export function randomFraction(random: Random): number {
  return random.uint32() / 0x100000000;
}

/** `length` bytes that nobody can foresee. */
export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
