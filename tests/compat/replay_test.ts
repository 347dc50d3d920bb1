/**
 * Sends the transcripts in this folder to redino and compares its replies with those that real Redis
 * gave (README.md tells how). Each section is a step of its family's test.
 */
import { describeDifferences } from "../support/compare.ts";
import { readDifferences } from "../support/differences.ts";
import { readFamilies, readReplies } from "../support/families.ts";
import { Player } from "../support/player.ts";
import { startRedino } from "../support/redino_server.ts";

const knownDifferences = readDifferences();

for (const { name, sections } of readFamilies()) {
  Deno.test(`${name}: redino answers as Redis did`, async (test) => {
    const replies = readReplies(name);
    const player = new Player(startRedino);
    try {
      for (const section of sections) {
        await test.step(section.title, async () => {
          const played = await player.play(section);
          const found = describeDifferences(section, replies.get(section.title), played);
          expectDifference(found, knownDifferences.has(`${name}: ${section.title}`));
        });
      }
    } finally {
      await player.stop();
    }
  });
}

function expectDifference(found: string, isKnown: boolean): void {
  if (found !== "" && !isKnown) throw new Error(found);
  if (found === "" && isKnown) {
    throw new Error("tests/differences.md names this section, and there is no difference any more");
  }
}
