/** MurmurHash64A held against its definition in 64 bits. */
import { assertEquals } from "@std/assert";
import { randomBelow } from "../../src/random.ts";
import { murmurHash64A } from "../../src/values/murmur_hash.ts";
import { testScale, withSeed } from "../support/property.ts";

const multiplier = 0xc6a4a7935bd1e995n;

function times(left: bigint, right: bigint): bigint {
  return BigInt.asUintN(64, left * right);
}

function byDefinition(bytes: Uint8Array, seed: number): bigint {
  let hash = BigInt(seed) ^ times(BigInt(bytes.length), multiplier);
  for (let at = 0; at < bytes.length; at += 8) {
    const block = bytes.subarray(at, at + 8)
      .reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    if (at + 8 > bytes.length) {
      hash = times(hash ^ block, multiplier);
      break;
    }
    const mixed = times(block, multiplier);
    hash = times(hash ^ times(mixed ^ (mixed >> 47n), multiplier), multiplier);
  }
  hash = times(hash ^ (hash >> 47n), multiplier);
  return hash ^ (hash >> 47n);
}

Deno.test("the hash is MurmurHash64A, for every length and place", () => {
  const hash = new Int32Array(2);
  withSeed((random) => {
    for (let i = 0; i < 1000 * testScale(); i++) {
      const start = randomBelow(random, 8);
      const end = start + randomBelow(random, 50);
      const bytes = Uint8Array.from({ length: end + 5 }, () => random.uint32());
      const seed = random.uint32();
      murmurHash64A(bytes, start, end, seed, hash);
      const found = (BigInt(hash[1] >>> 0) << 32n) | BigInt(hash[0] >>> 0);
      assertEquals(found, byDefinition(bytes.subarray(start, end), seed));
    }
  });
});
