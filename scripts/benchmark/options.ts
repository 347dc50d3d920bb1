/** What can be asked of the benchmark, and the reading of its command line. */

import { parseArgs } from "@std/cli/parse-args";
import { type CollectionTestName, collectionTests } from "./collections.ts";

/** The tests of redis-benchmark that are run, by the names its `-t` knows. */
const stringTestNames = ["ping_inline", "ping_mbulk", "set", "get", "incr", "mset"] as const;
const collectionTestNames = Object.keys(collectionTests) as CollectionTestName[];

export type TestName = typeof stringTestNames[number] | CollectionTestName;
export const testNames: readonly TestName[] = [...stringTestNames, ...collectionTestNames];

/** What is measured besides throughput. */
export const sectionNames = ["memory", "pauses", "startup", "persistence", "batches"] as const;
export type SectionName = typeof sectionNames[number];

export interface BenchmarkOptions {
  tests: TestName[];
  sections: SectionName[];
  /** Measured runs of each workload on each server; they alternate between the servers. */
  rounds: number;
  pipelines: number[];
  valueSizesBytes: number[];
  /** How long one measured run should take on the reference server. */
  runSeconds: number;
  memoryKeyCount: number;
  memoryRounds: number;
  /** Elements of the collections that grow while others ask. */
  pauseElementCount: number;
  startupRounds: number;
  /** Small strings that are saved and loaded. */
  savedKeyCount: number;
  /** Keys of a kilobyte of which snapshots are taken under load, and the length of such a load. */
  snapshotKeyCount: number;
  snapshotSeconds: number;
  /** Measure Valkey besides Redis. */
  valkey: boolean;
  /** Leave redino out and measure Valkey against Redis: shows the harness's own noise. */
  referencesOnly: boolean;
  /** A compiled redino, run instead of the bundle. */
  binaryPath?: string;
  /** Where all figures of all runs are written. */
  jsonPath?: string;
}

export const usage = `usage: deno task bench [flags]
  --rounds N        measured runs of each workload on each server (5)
  --seconds S       length of one run on the reference server (2)
  --only LIST       of ${[...stringTestNames, ...sectionNames].join(",")},
                    ${collectionTestNames.slice(0, 11).join(",")},
                    ${collectionTestNames.slice(11).join(",")};
                    "ping" is both pings, "strings" and "collections" are all tests of these
  --pipelines LIST  (1,16,64)
  --sizes LIST      bytes of a value (3,32,1024,16384)
  --binary FILE     a compiled redino; without it the bundle is run
  --valkey          compare with Valkey too
  --references-only compare Valkey with Redis, without redino
  --json FILE       write every figure of every run
  --quick           a short trial of everything: not figures to be quoted`;

/** Reads the command line; throws a `RangeError` that names the flag when a value makes no sense. */
export function parseOptions(args: string[]): BenchmarkOptions {
  const flags = parseArgs(args, {
    boolean: ["quick", "valkey", "references-only"],
    string: ["rounds", "seconds", "only", "pipelines", "sizes", "binary", "json"],
    unknown: (argument) => {
      throw new RangeError(`"${argument}" is not a flag`);
    },
  });

  const quick = flags.quick;
  const only = selectNames(flags.only);
  return {
    tests: testNames.filter((name) => only === undefined || only.has(name)),
    sections: sectionNames.filter((name) =>
      // The batch figures take minutes and gigabytes: a quick run has them only when asked.
      only === undefined ? !(quick && name === "batches") : only.has(name)
    ),
    rounds: parseInteger("rounds", flags.rounds) ?? (quick ? 1 : 5),
    pipelines: parseIntegers("pipelines", flags.pipelines) ?? (quick ? [1, 16] : [1, 16, 64]),
    valueSizesBytes: parseIntegers("sizes", flags.sizes) ??
      (quick ? [3, 1024] : [3, 32, 1024, 16384]),
    runSeconds: parsePositive("seconds", flags.seconds) ?? (quick ? 0.3 : 2),
    memoryKeyCount: quick ? 100_000 : 1_000_000,
    memoryRounds: quick ? 1 : 3,
    pauseElementCount: quick ? 200_000 : 5_000_000,
    startupRounds: quick ? 3 : 10,
    savedKeyCount: quick ? 100_000 : 5_000_000,
    snapshotKeyCount: quick ? 20_000 : 1_000_000,
    snapshotSeconds: quick ? 1 : 10,
    valkey: flags.valkey || flags["references-only"],
    referencesOnly: flags["references-only"],
    binaryPath: flags.binary,
    jsonPath: flags.json,
  };
}

const groups: Readonly<Record<string, readonly string[]>> = {
  ping: ["ping_inline", "ping_mbulk"],
  strings: stringTestNames,
  collections: collectionTestNames,
};

function selectNames(list: string | undefined): Set<string> | undefined {
  if (list === undefined) return undefined;
  const names = list.split(",").flatMap((name) => groups[name] ?? [name]);
  const known: readonly string[] = [...testNames, ...sectionNames];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RangeError(`--only does not know "${unknown}"`);
  return new Set(names);
}

function parseIntegers(flag: string, list: string | undefined): number[] | undefined {
  return list?.split(",").map((text) => parseInteger(flag, text)!);
}

function parseInteger(flag: string, text: string | undefined): number | undefined {
  const value = parsePositive(flag, text);
  if (value !== undefined && !Number.isInteger(value)) {
    throw new RangeError(`--${flag} needs whole numbers, not "${text}"`);
  }
  return value;
}

function parsePositive(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) {
    throw new RangeError(`--${flag} needs numbers above 0, not "${text}"`);
  }
  return value;
}
