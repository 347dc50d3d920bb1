import { assertEquals, assertThrows } from "@std/assert";
import {
  median,
  medianRun,
  parseBenchmarkCsv,
  parsePercentileMs,
  parseProcessStat,
  parseRequestsPerSecond,
  parseResidentBytes,
  type WorkloadResult,
} from "../../scripts/benchmark/figures.ts";
import { collectionShapes, collectionTests } from "../../scripts/benchmark/collections.ts";
import { parseOptions } from "../../scripts/benchmark/options.ts";
import { mixedKeys } from "../../scripts/benchmark/persistence.ts";
import {
  compare,
  formatCollectionMemory,
  formatCount,
  formatMemory,
  formatPauses,
  formatSaves,
  formatSnapshots,
  formatTable,
  formatThroughput,
  goalRatio,
  isClientBound,
  missedGoals,
} from "../../scripts/benchmark/report.ts";
import { redinoOnDeno } from "../../scripts/benchmark/servers.ts";
import { keyCountFor, planWorkloads } from "../../scripts/benchmark/throughput.ts";

const csvHeadings = '"test","rps","avg_latency_ms","min_latency_ms",' +
  '"p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"';

Deno.test("the median of an odd number of values is the middle one, whatever their order", () => {
  assertEquals(median([9, 1, 10]), 9);
});

Deno.test("the median of an even number of values is the mean of the middle two", () => {
  assertEquals(median([4, 1, 3, 100]), 3.5);
});

Deno.test("the median of no values is refused", () => {
  assertThrows(() => median([]), RangeError, "not defined");
});

Deno.test("the median leaves its argument as it was", () => {
  const values = [3, 1, 2];
  median(values);
  assertEquals(values, [3, 1, 2]);
});

Deno.test("the figures of redis-benchmark are found by the names of their columns", () => {
  const csv = `${csvHeadings}\n` +
    '"MSET (10 keys)","140056.03","5.590","0.552","4.983","9.967","12.359","21.775"\n';
  assertEquals(parseBenchmarkCsv(csv), {
    requestsPerSecond: 140056.03,
    p50Ms: 4.983,
    p99Ms: 12.359,
  });
});

const distribution = `Latency by percentile distribution:
0.000% <= 0.279 milliseconds (cumulative count 3)
99.609% <= 6.735 milliseconds (cumulative count 19922)
99.902% <= 12.463 milliseconds (cumulative count 19981)
100.000% <= 12.863 milliseconds (cumulative count 20000)

Cumulative distribution of latencies:
99.900% <= 7.103 milliseconds (cumulative count 19947)

Summary:
  throughput summary: 23474.18 requests per second
`;

Deno.test("a percentile is the first that redis-benchmark has at or above it", () => {
  assertEquals(parsePercentileMs(distribution, 99.9), 12.463);
  assertEquals(parsePercentileMs(distribution, 100), 12.863);
  assertEquals(parseRequestsPerSecond(distribution), 23474.18);
  assertThrows(() => parsePercentileMs("refused", 50), SyntaxError, "refused");
  assertThrows(() => parseRequestsPerSecond("refused"), SyntaxError, "refused");
});

Deno.test("mixed keys are of all types, with ten elements each", () => {
  const commands = [...mixedKeys(16)];
  const names = commands.map(([name]) => name);
  assertEquals(names.slice(0, 5), ["RPUSH", "SADD", "ZADD", "HSET", "SET"]);
  assertEquals(names.filter((name) => name === "SET").length, 8);
  assertEquals(commands.slice(0, 4).map(({ length }) => length), [12, 12, 22, 22]);
  assertEquals(new Set(commands.map(([, key]) => key)).size, 16);
});

Deno.test("what saving took stands in a line for each server and data set, blank what is unknown", () => {
  const figures = { name: "redino", what: "keys", saveSeconds: 1.234, loadSeconds: 2 };
  const [, , line] = formatSaves([{ ...figures, saveCpuSeconds: 0.5 }]).split("\n");
  assertEquals(
    line.split("|").map((cell) => cell.trim()).slice(1, -1),
    ["redino", "keys", "1.23", "0.50", "2.00", "—"],
  );
});

Deno.test("what snapshots do to others stands in a line for each server", () => {
  const figures = {
    name: "Redis",
    calmP999Ms: 1,
    savingP999Ms: 5.55,
    calmRequestsPerSecond: 100_000,
    savingRequestsPerSecond: 75_000.4,
    snapshotSeconds: 3.21,
    extraMemoryShare: 0.1,
  };
  const [, , known] = formatSnapshots([figures]).split("\n");
  const cells = known.split("|").map((cell) => cell.trim()).slice(1, -1);
  assertEquals(cells, ["Redis", "1.00", "5.55", "100,000", "75,000", "3.2", "10.0%"]);
  assertEquals(formatSnapshots([{ ...figures, extraMemoryShare: undefined }]).includes("—"), true);
});

Deno.test("lines that are not CSV beside the figures are passed over", () => {
  const csv =
    `WARNING: Could not fetch server CONFIG\n${csvHeadings}\n"SET","1","2","3","4","5","6","7"`;
  assertEquals(parseBenchmarkCsv(csv).p50Ms, 4);
});

Deno.test("output of redis-benchmark without figures is refused", () => {
  assertThrows(() => parseBenchmarkCsv(`${csvHeadings}\n`), SyntaxError, "figures of one test");
});

Deno.test("output of redis-benchmark without percentiles is refused", () => {
  const csv = '"test","rps"\n"SET","10"\n';
  assertThrows(() => parseBenchmarkCsv(csv), SyntaxError, "p50_latency_ms");
});

Deno.test("CPU times are found behind a program's name with blanks and parentheses", () => {
  const stat = "17 (a ) (b) S 1 17 17 0 -1 4194560 900 0 0 0 150 50 30 20 20 0 6 0 4321";
  assertEquals(parseProcessStat(stat), { ownSeconds: 2, endedChildrenSeconds: 0.5 });
});

Deno.test("resident memory is read from the status of a process", () => {
  assertEquals(parseResidentBytes("VmHWM:\t  999 kB\nVmRSS:\t  14820 kB\n"), 14820 * 1024);
  assertEquals(parseResidentBytes("Name:\tkthreadd\n"), undefined);
});

Deno.test("figures that no run has stay unknown in the median", () => {
  const run = { requestsPerSecond: 10, p50Ms: 1, p99Ms: 2 };
  assertEquals(medianRun([run, { ...run, requestsPerSecond: 30 }]), {
    requestsPerSecond: 20,
    p50Ms: 1,
    p99Ms: 2,
    serverCpuPerMillion: undefined,
    clientCpuShare: undefined,
  });
});

Deno.test("a table lines up, with figures to the right", () => {
  assertEquals(
    formatTable(["test", "req/s"], [["GET", "1,234"], ["MSET (10 keys)", "—"]]),
    [
      "| test           | req/s |",
      "| -------------- | ----: |",
      "| GET            | 1,234 |",
      "| MSET (10 keys) |     — |",
    ].join("\n"),
  );
});

Deno.test("counts have their thousands apart", () => {
  assertEquals(formatCount(1234567.8), "1,234,568");
});

Deno.test("memory per key is counted above the empty server", () => {
  const figures = [{ name: "Redis", emptyBytes: 14_000_000, loadedBytes: 142_500_000 }];
  assertEquals(
    formatMemory(figures, 1_000_000).split("\n").at(-1),
    "| Redis  |     14.0 |     142.5 |         128.5 |",
  );
});

const slowGet: WorkloadResult = {
  workload: { test: "get", valueBytes: 32, pipeline: 16, keyCount: 1_000_000 },
  requestCount: 1_000_000,
  runs: {
    redino: [{
      requestsPerSecond: 1_200_000,
      p50Ms: 0.4,
      p99Ms: 1.5,
      serverCpuPerMillion: 0.5,
      clientCpuShare: 0.97,
    }],
    Redis: [{
      requestsPerSecond: 1_000_000,
      p50Ms: 0.5,
      p99Ms: 1,
      serverCpuPerMillion: 1,
      clientCpuShare: 0.6,
    }],
  },
};

Deno.test("a comparison sets throughput and CPU so that above 1 is better", () => {
  const { throughputRatio, cpuRatio, p99Ratio } = compare(slowGet, "redino", "Redis");
  assertEquals([throughputRatio, cpuRatio, p99Ratio], [1.2, 2, 1.5]);
});

Deno.test("the range of a ratio pairs the runs of one round", () => {
  const [redino] = slowGet.runs.redino;
  const [redis] = slowGet.runs.Redis;
  const runs = {
    redino: [redino, { ...redino, requestsPerSecond: 900_000 }],
    Redis: [redis, { ...redis, requestsPerSecond: 600_000 }],
  };
  assertEquals(compare({ ...slowGet, runs }, "redino", "Redis").throughputRatioRange, [1.2, 1.5]);
});

Deno.test("a row names the servers with which the client set the pace", () => {
  assertEquals(isClientBound(slowGet.runs.redino[0]), true);
  assertEquals(isClientBound(slowGet.runs.Redis[0]), false);
  const cells = formatThroughput([slowGet], "redino", "Redis").split("\n")[2].split("|");
  assertEquals(cells.map((cell) => cell.trim()).slice(1, -1), [
    "GET",
    "32",
    "16",
    "1,200,000",
    "1,000,000",
    "1.20",
    "1.20–1.20",
    "0.400 / 1.500",
    "0.500 / 1.000",
    "1.50",
    "0.50",
    "1.00",
    "2.00",
    "redino",
  ]);
});

Deno.test("missed goals are told with the figure and the goal", () => {
  assertEquals(missedGoals([slowGet], "redino", "Redis"), [
    "GET 32 bytes pipeline 16: ratio 1.20, goal 1.3",
    "GET 32 bytes pipeline 16: p99 ratio 1.50, at most 1.2",
  ]);
});

Deno.test("goals depend on test, size and pipeline", () => {
  const workload = { keyCount: 1, test: "set", valueBytes: 3, pipeline: 1 } as const;
  assertEquals(goalRatio(workload), 1);
  assertEquals(goalRatio({ ...workload, pipeline: 64 }), 1.3);
  assertEquals(goalRatio({ ...workload, pipeline: 64, valueBytes: 1024 }), 1);
  assertEquals(goalRatio({ ...workload, pipeline: 64, test: "mset" }), 0.9);
  assertEquals(goalRatio({ test: "incr", pipeline: 16, keyCount: 1 }), 1.3);
  assertEquals(goalRatio({ test: "lpush", pipeline: 1, keyCount: 1 }), 1);
  assertEquals(goalRatio({ test: "lpush", pipeline: 16, keyCount: 1 }), 1.2);
  assertEquals(goalRatio({ test: "hgetall", pipeline: 16, keyCount: 1 }), 1);
});

Deno.test("redino gets the permissions of the start task, and not all of them", () => {
  for (const [form, entry] of [["source", "/main.ts"], ["bundle", "/dist/redino.js"]] as const) {
    const { args } = redinoOnDeno(form);
    assertEquals(args[0], "run");
    assertEquals(args.includes("--allow-net"), true);
    assertEquals(args.includes("-A") || args.includes("--allow-all"), false);
    assertEquals(args.some((argument) => argument.endsWith(entry)), true);
  }
});

Deno.test("large values are spread over fewer keys", () => {
  assertEquals([3, 32, 1024, 16384].map(keyCountFor), [1_000_000, 1_000_000, 200_000, 20_000]);
});

Deno.test("tests without values are planned once per pipeline, GETs of a size in a row", () => {
  const options = parseOptions([
    "--only",
    "incr,get,set",
    "--sizes",
    "3,1024",
    "--pipelines",
    "1,16",
  ]);
  const plan = planWorkloads(options).map(({ test, valueBytes, pipeline }) =>
    `${test} ${valueBytes ?? "-"} ${pipeline}`
  );
  assertEquals(plan, [
    "incr - 1",
    "incr - 16",
    "set 3 1",
    "set 3 16",
    "get 3 1",
    "get 3 16",
    "set 1024 1",
    "set 1024 16",
    "get 1024 1",
    "get 1024 16",
  ]);
});

Deno.test("without flags everything is measured in five rounds", () => {
  const options = parseOptions([]);
  assertEquals(options.rounds, 5);
  assertEquals(options.sections, ["memory", "pauses", "startup", "persistence", "batches"]);
  assertEquals(planWorkloads(options).length, (3 + 20) * 3 + 4 * 3 * 3);
  assertEquals(options.valkey, false);
});

Deno.test("a quick run leaves out the batches unless they are named", () => {
  assertEquals(parseOptions(["--quick"]).sections, ["memory", "pauses", "startup", "persistence"]);
  assertEquals(parseOptions(["--quick", "--only", "batches"]).sections, ["batches"]);
});

Deno.test("ping stands for both kinds of ping", () => {
  assertEquals(parseOptions(["--only", "ping"]).tests, ["ping_inline", "ping_mbulk"]);
});

Deno.test("collections stands for the tests on all of them", () => {
  const { sections, tests } = parseOptions(["--only", "collections"]);
  assertEquals([sections.length, tests.length, tests[0], tests.at(-1)], [0, 20, "lpush", "sinter"]);
});

Deno.test("what pops finds an element for each request, and two more", () => {
  const commands = [...collectionTests.zpopmin.load(1_234)];
  assertEquals(commands.map(([name, key]) => `${name} ${key}`), Array(3).fill("ZADD zset"));
  const members = commands.flatMap((command) => command.slice(2).filter((_, i) => i % 2 === 1));
  assertEquals(new Set(members).size, 1_236);
});

Deno.test("one collection of each type is measured, and a tenth as many of ten elements", () => {
  const shapes = collectionShapes(1_000);
  assertEquals(shapes.map(({ title }) => title).slice(0, 2), ["one list", "small lists"]);
  assertEquals(shapes.length, 10);
  const keys = [...shapes[1].commands()].map(([, key]) => key);
  assertEquals([keys.length, new Set(keys).size], [100, 100]);
});

Deno.test("memory of collections has a server to a column, unknown figures a dash", () => {
  const figures = [{ title: "one list", bytesPerElement: { redino: 21.25 } }];
  assertEquals(
    formatCollectionMemory(figures, ["redino", "Redis"]).split("\n").at(-1),
    "| one list |         21.3 |           — |",
  );
});

Deno.test("pauses have a row for each server and collection", () => {
  const figures = [{ name: "Redis", what: "a set grows", p999Ms: 1.234, longestMs: 12.5 }];
  assertEquals(
    formatPauses(figures).split("\n").at(-1),
    "| Redis  | a set grows |     1.23 |      12.50 |",
  );
});

Deno.test("senseless flags are refused by name", () => {
  assertThrows(() => parseOptions(["--rounds", "0"]), RangeError, "--rounds");
  assertThrows(() => parseOptions(["--rounds", "1.5"]), RangeError, "whole numbers");
  assertThrows(() => parseOptions(["--sizes", "3,x"]), RangeError, "--sizes");
  assertThrows(() => parseOptions(["--only", "lpushx"]), RangeError, "lpushx");
  assertThrows(() => parseOptions(["--round", "3"]), RangeError, '"--round" is not a flag');
  assertThrows(() => parseOptions(["rounds"]), RangeError, '"rounds" is not a flag');
});
