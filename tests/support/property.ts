/** What tests with random input share: a seed that is told when they fail, and a size that scales. */
import { SeededRandom } from "../../src/random.ts";

/** Multiplies the length of random tests: CI runs them short, `REDINO_TEST_SCALE=500` millions long. */
export function testScale(): number {
  return Number(Deno.env.get("REDINO_TEST_SCALE") ?? "1");
}

/** Runs a property with a seed (`REDINO_TEST_SEED`, or a new one) and names it if the property fails. */
export function withSeed<T extends void | Promise<void>>(property: (random: SeededRandom) => T): T {
  const given = Deno.env.get("REDINO_TEST_SEED");
  const seed = given === undefined
    ? crypto.getRandomValues(new Uint32Array(1))[0]
    : Number(given) >>> 0;
  const fail = (error: unknown): never => {
    console.error(`failed with REDINO_TEST_SEED=${seed}`);
    throw error;
  };
  try {
    const outcome = property(new SeededRandom(seed));
    return outcome instanceof Promise ? outcome.catch(fail) as T : outcome;
  } catch (error) {
    return fail(error);
  }
}
