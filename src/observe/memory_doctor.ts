/** MEMORY DOCTOR: what is odd about the memory figures, in the frame of Redis' report. */
import { type MemoryFigures, ratio } from "./memory_figures.ts";

const megabyte = 1024 * 1024;

/** With less in use, ratios mean nothing. */
const usedBytesMin = 5 * megabyte;

/** An excess smaller than this is not worth a word. */
const excessBytesMin = 10 * megabyte;

const peakRatioMax = 1.5;
const fragmentationMax = 1.4;

/** Buffers that a client may have on average. */
const clientBytesMax = 200 * 1024;

const healthy = "Hi Sam, I can't find any memory issue in your instance. " +
  "I can only account for what occurs on this base.\n";

const empty = "Hi Sam, this instance is empty or is using very little memory, " +
  "my issues detector can't be used in these conditions. " +
  "Please, leave for your mission on Earth and fill it with some data. " +
  "The new Sam and I will be back to our programming as soon as I finished rebooting.\n";

/** The report on `figures` of a server with `clientCount` clients. */
export function describeMemory(figures: MemoryFigures, clientCount: number): string {
  if (figures.usedBytes < usedBytesMin) return empty;
  const issues = findIssues(figures, clientCount);
  if (issues.length === 0) return healthy;
  return "Sam, I detected a few issues in this Redis instance memory implants:\n\n" +
    issues.map((issue) => ` * ${issue}\n\n`).join("") +
    "I'm here to keep you safe, Sam. I want to help you.\n";
}

function findIssues(figures: MemoryFigures, clientCount: number): string[] {
  const { usedBytes, peakBytes, activeBytes, clientsBytes } = figures;
  const issues: string[] = [];
  if (ratio(peakBytes, usedBytes) > peakRatioMax) {
    issues.push(
      "Peak memory: once more than 150% of what is used now was in use. Empty segments have gone " +
        "back to the system; the rest is filled again before the process grows.",
    );
  }
  const isFragmented = ratio(activeBytes, usedBytes) > fragmentationMax &&
    activeBytes - usedBytes > excessBytesMin;
  if (isFragmented) {
    issues.push(
      "High fragmentation: the pages that hold data are more than 40% larger than the data. Many " +
        "values were deleted or changed their size; new ones fill the gaps.",
    );
  }
  if (clientsBytes > clientBytesMax * clientCount) {
    issues.push(
      "Big client buffers: more than 200 KB per client on average. CLIENT LIST tells who sends " +
        "much at once or does not read its replies.",
    );
  }
  return issues;
}
