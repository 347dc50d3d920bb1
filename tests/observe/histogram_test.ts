import { assertEquals } from "@std/assert";
import { Histogram } from "../../src/observe/histogram.ts";

function histogramOf(...durationsUs: number[]): Histogram {
  const histogram = new Histogram();
  for (const durationUs of durationsUs) histogram.record(durationUs, 1);
  return histogram;
}

Deno.test("percentiles are where a bucket ends, as Redis prints them", () => {
  // figures that INFO latencystats of Redis 8.0 showed for single commands that took so long
  const pairs = [[1, 1.003], [4, 4.015], [6, 6.015], [8, 8.031], [19, 19.071], [946, 946.175]];
  for (const [durationUs, shownUs] of pairs) {
    assertEquals(histogramOf(durationUs).percentileUs(50), shownUs);
  }
});

Deno.test("the percentile 0 is where its bucket begins", () => {
  assertEquals(histogramOf(6, 100).percentileUs(0), 5.984);
});

Deno.test("more than a second counts as a second", () => {
  assertEquals(histogramOf(1.2e6, 3e6).percentileUs(99.9), 1002438.655);
});

Deno.test("percentiles are taken of all durations", () => {
  const histogram = new Histogram();
  histogram.record(1, 98);
  histogram.record(20, 1);
  histogram.record(500, 1);
  assertEquals([50, 98, 99, 99.9].map((percent) => histogram.percentileUs(percent)), [
    1.003,
    1.003,
    20.095,
    501.759,
  ]);
});

Deno.test("cumulative counts name Redis' bounds and leave out those that add nothing", () => {
  const histogram = histogramOf(0, 1, 3, 30, 30, 132, 1e6, 5e6);
  assertEquals(histogram.cumulative(), [
    { upToUs: 1, count: 2 },
    { upToUs: 4, count: 3 },
    { upToUs: 33, count: 5 },
    { upToUs: 132, count: 6 },
    { upToUs: 1073741, count: 8 },
  ]);
});

Deno.test("an empty histogram has nothing to tell", () => {
  assertEquals(new Histogram().cumulative(), []);
  assertEquals(new Histogram().percentileUs(50), 0);
});
