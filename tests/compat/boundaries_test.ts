/** Sends numbers at the ends of what they can be to redino and compares with what real Redis answered. */
import { assertEquals } from "@std/assert";
import {
  describeBoundaryDifferences,
  playBoundaries,
  readBoundaries,
} from "../support/boundaries/recorded.ts";
import { startRedino } from "../support/redino_server.ts";

/** More are more of the same. */
const shownMax = 20;

Deno.test("boundaries: redino reads numbers as Redis did, at every argument", async () => {
  const redino = await startRedino();
  try {
    const differences = describeBoundaryDifferences(
      readBoundaries(),
      await playBoundaries(redino),
    );
    assertEquals(differences.slice(0, shownMax), []);
  } finally {
    await redino.stop();
  }
});
