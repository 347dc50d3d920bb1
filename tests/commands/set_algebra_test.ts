import { assertEquals } from "@std/assert";
import { randomBelow } from "../../src/random.ts";
import { testScale, withSeed } from "../support/property.ts";
import { withServer } from "./server_support.ts";

const sizes = [0, 1, 5, 60, 200, 700, 3000, 9000];
const keys = ["a", "b", "c"];

Deno.test("unions, intersections and differences are those of sets, whatever their sizes", async () => {
  await withSeed(async (random) => {
    await withServer(async ({ run }) => {
      for (let round = 0; round < 40 * testScale(); round++) {
        const sets = keys.map(() => new Set<string>());
        for (const [i, key] of keys.entries()) {
          await run(`DEL ${key}`);
          const size = sizes[randomBelow(random, sizes.length)];
          const range = Math.max(1, Math.floor(size * (0.5 + randomBelow(random, 30) / 10)));
          const prefix = randomBelow(random, 3) === 0 ? "" : "member:";
          for (let n = 0; n < size; n++) sets[i].add(prefix + randomBelow(random, range));
          if (sets[i].size > 0) await run(`SADD ${key} ${[...sets[i]].join(" ")}`);
          // a table that has shrunk has fewer buckets than when it was full
          for (const member of [...sets[i]].slice(0, randomBelow(random, sets[i].size + 1))) {
            if (randomBelow(random, 2) === 0 || sets[i].size > 2000) continue;
            sets[i].delete(member);
            await run(`SREM ${key} ${member}`);
          }
        }
        const [a, b, c] = sets;
        const sorted = (members: Iterable<string>) => [...members].sort();
        const found = async (line: string) => sorted(await run(line) as string[]);
        assertEquals(await found("SUNION a b c"), sorted(a.union(b).union(c)));
        assertEquals(await found("SINTER a b c"), sorted(a.intersection(b).intersection(c)));
        assertEquals(await found("SINTER a b"), sorted(a.intersection(b)));
        assertEquals(await found("SDIFF a b c"), sorted(a.difference(b).difference(c)));
        assertEquals(await found("SDIFF b a"), sorted(b.difference(a)));
        assertEquals(await run("SINTERCARD 2 b c"), b.intersection(c).size);
        assertEquals(await run("SUNIONSTORE to a b"), a.union(b).size);
        assertEquals(await found("SMEMBERS to"), sorted(a.union(b)));
        assertEquals(await run("SDIFFSTORE to b c"), b.difference(c).size);
        assertEquals(await found("SMEMBERS to"), sorted(b.difference(c)));
      }
    });
  });
});
