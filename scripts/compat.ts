/**
 * Compares redino with a real Redis, both running: `deno task compat` plays the transcripts under
 * tests/compat/ to both (`deno task compat string key` those of some families only);
 * `deno task compat --propagation` does so, too, and compares what both propagate (and so it does with
 * `--fuzz`);
 * `deno task compat --boundaries` puts numbers that are at their limits into every argument (or
 * `deno task compat --boundaries zadd` into those of some commands);
 * `deno task compat --fuzz 100000 --seed 1` sends both the same random commands;
 * `deno task compat --files 20000 --seed 1` has real servers load RDB files of what random commands have
 * left;
 * `deno task compat --payloads 20000 --seed 1` gives both broken payloads for RESTORE; and
 * `deno task compat --round-trips 3 --seed 1` sends the files of Redis and of Valkey round through redino.
 */
import { parseArgs } from "@std/cli";
import { compareBoundaries, Figures } from "../tests/support/boundaries/matrix.ts";
import { describeDifferences } from "../tests/support/compare.ts";
import { fuzz } from "../tests/support/differential_fuzz.ts";
import { readDifferences } from "../tests/support/differences.ts";
import { exchangeFiles } from "../tests/support/file_exchange.ts";
import { roundTrip } from "../tests/support/round_trip.ts";
import { readFamilies } from "../tests/support/families.ts";
import { describeDifference, withoutExpiry } from "../tests/support/live_propagation.ts";
import { exchangePayloads } from "../tests/support/payload_exchange.ts";
import { Player } from "../tests/support/player.ts";
import { startRedino } from "../tests/support/redino_server.ts";
import { startReferenceServer } from "../tests/support/reference_server.ts";

/** Random commands whose data goes round at a time. */
const commandsPerTrip = 2_000;

/** Time passes for Redis while a section is played: what does not differ each time was late. */
const attemptsMax = 3;

/** Random commands that find so many differences will find the same ones again. */
const differencesMax = 20;

const flags = parseArgs(Deno.args, {
  boolean: ["boundaries", "propagation"],
  string: ["files", "fuzz", "payloads", "round-trips", "seed"],
});
const seed = Number(flags.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const passed = flags.fuzz
  ? await fuzzBoth(Number(flags.fuzz), seed, flags.propagation)
  : flags.files
  ? await exchange(Number(flags.files), seed)
  : flags.payloads
  ? await compareRestored(Number(flags.payloads), seed)
  : flags.boundaries
  ? await compareAtBoundaries(flags._.map(String))
  : flags.propagation
  ? await comparePropagation(flags._.map(String))
  : flags["round-trips"]
  ? await goRound(Number(flags["round-trips"]), seed)
  : await playToBoth(flags._.map(String));
Deno.exit(passed ? 0 : 1);

async function playToBoth(only: string[]): Promise<boolean> {
  const known = readDifferences();
  const reference = new Player(startReferenceServer);
  const redino = new Player(startRedino);
  let differing = 0;
  for (const { name, sections } of readFamilies(only)) {
    for (const section of sections) {
      if (known.has(`${name}: ${section.title}`)) continue;
      let found = "";
      for (let attempt = 0; attempt < attemptsMax && (attempt === 0 || found !== ""); attempt++) {
        const expected = await reference.play(section);
        found = await redino.play(section)
          .then((actual) => describeDifferences(section, expected, actual))
          .catch((error: Error) => error.message);
      }
      if (found === "") continue;
      differing++;
      console.log(`${name}: ${section.title}\n${found.replace(/^/gm, "  ")}\n`);
    }
  }
  await Promise.all([reference.stop(), redino.stop()]);
  console.log(differing === 0 ? "no difference" : `${differing} sections differ`);
  return differing === 0;
}

async function comparePropagation(only: string[]): Promise<boolean> {
  const reference = new Player(startReferenceServer);
  const redino = new Player(startRedino);
  let differing = 0;
  for (const family of readFamilies(only)) {
    for (const section of family.sections.map(withoutExpiry)) {
      const title = `${family.name}: ${section.title}`;
      try {
        const [expected, actual] = [await reference.play(section), await redino.play(section)];
        const found = describeDifference(section, expected, actual);
        if (found === "") continue;
        differing++;
        console.log(`${title}\n${found.replace(/^/gm, "  ")}\n`);
      } catch (error) {
        console.log(`${title}\n  not compared: ${(error as Error).message}\n`);
      }
    }
  }
  await Promise.all([reference.stop(), redino.stop()]);
  console.log(differing === 0 ? "no difference" : `${differing} sections differ`);
  return differing === 0;
}

async function fuzzBoth(count: number, seed: number, propagates: boolean): Promise<boolean> {
  console.log(`${count} random commands, seed ${seed}`);
  const reference = await startReferenceServer([], { propagates });
  const redino = await startRedino([], { propagates });
  let differing = 0;
  for await (const report of fuzz(reference, redino, count, seed, { propagates })) {
    console.log(report + "\n");
    if (++differing === differencesMax) break;
  }
  await Promise.all([reference.stop(), redino.stop()]);
  console.log(differing === 0 ? "no difference" : `${differing} differences`);
  return differing === 0;
}

async function exchange(count: number, seed: number): Promise<boolean> {
  console.log(`files of ${count} random commands, seed ${seed}`);
  let failures = 0;
  for await (const report of exchangeFiles(count, seed)) {
    console.log(report);
    failures++;
  }
  console.log(failures === 0 ? "all were loaded" : `${failures} failures`);
  return failures === 0;
}

async function compareRestored(count: number, seed: number): Promise<boolean> {
  console.log(`${count} broken payloads, seed ${seed}`);
  let differing = 0;
  for await (const report of exchangePayloads(count, seed)) {
    console.log(report);
    if (++differing === differencesMax) break;
  }
  console.log(differing === 0 ? "no difference" : `${differing} differences`);
  return differing === 0;
}

async function goRound(count: number, seed: number): Promise<boolean> {
  console.log(`${count} round trips, seed ${seed}`);
  let failures = 0;
  for (let trip = 0; trip < count; trip++) {
    for (const program of ["redis-server", "valkey-server"]) {
      for await (const report of roundTrip(program, commandsPerTrip, seed + trip)) {
        console.log(report);
        failures++;
      }
    }
  }
  console.log(failures === 0 ? "all came back as they were" : `${failures} failures`);
  return failures === 0;
}

async function compareAtBoundaries(only: string[]): Promise<boolean> {
  const reference = await startReferenceServer();
  const redino = await startRedino();
  const figures = new Figures();
  let differing = 0;
  for await (const report of compareBoundaries(reference, redino, { only, figures })) {
    console.log(report + "\n");
    differing++;
  }
  await Promise.all([reference.stop(), redino.stop()]);
  const { positions, values, omitted } = figures;
  console.log(
    `${values} values at ${positions} positions of ${figures.arguments} arguments, ${omitted} left out`,
  );
  console.log(differing === 0 ? "no difference" : `differences at ${differing} positions`);
  return differing === 0;
}
