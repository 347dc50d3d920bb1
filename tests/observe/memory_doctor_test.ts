import { assertEquals, assertStringIncludes } from "@std/assert";
import { describeMemory } from "../../src/observe/memory_doctor.ts";
import type { MemoryFigures } from "../../src/observe/memory_figures.ts";

const megabyte = 1024 * 1024;

function report(figures: Partial<MemoryFigures>, clientCount = 1): string {
  const usedBytes = 100 * megabyte;
  const healthy = { usedBytes, peakBytes: usedBytes, activeBytes: usedBytes, clientsBytes: 0 };
  return describeMemory({ ...healthy, ...figures } as MemoryFigures, clientCount);
}

Deno.test("MEMORY DOCTOR finds nothing where nothing is", () => {
  assertStringIncludes(report({}), "I can't find any memory issue");
});

Deno.test("MEMORY DOCTOR does not look at an empty server", () => {
  assertStringIncludes(report({ usedBytes: megabyte }), "is empty or is using very little memory");
});

Deno.test("MEMORY DOCTOR names what is odd, and only that", () => {
  const issues = (text: string) => [...text.matchAll(/^ \* ([^:]+)/gm)].map((match) => match[1]);
  assertEquals(issues(report({ peakBytes: 151 * megabyte })), ["Peak memory"]);
  assertEquals(issues(report({ activeBytes: 141 * megabyte })), ["High fragmentation"]);
  assertEquals(issues(report({ clientsBytes: megabyte }, 5)), ["Big client buffers"]);
  assertEquals(issues(report({ clientsBytes: megabyte }, 6)), []);
});
