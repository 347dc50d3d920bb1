import { assertEquals } from "@std/assert";
import { othersTurn } from "../../src/clock.ts";
import { KeyDelay } from "../../src/persistence/key_delay.ts";
import { BackgroundSave, saveNow } from "../../src/persistence/rdb_file.ts";
import { type Random, randomBelow, SeededRandom } from "../../src/random.ts";
import { withSeed } from "../support/property.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { Data, loaded } from "./snapshot_data.ts";

const path = "/data/dump.rdb";

function destinationIn(storage: SimulatedStorage, syncsParts: boolean) {
  return { storage, path, temporaryPath: "/data/temp.rdb", syncsParts, delay: new KeyDelay(0) };
}

/** Strings that can't be compressed, and make some fifty chunks of a file. */
function longStrings(random: Random): Data {
  const data = new Data();
  for (let i = 0; i < 1000; i++) {
    const letters = Array.from(
      { length: 3000 },
      () => String.fromCharCode(randomBelow(random, 128)),
    );
    data.run("SET", `key:${i}`, letters.join(""));
  }
  return data;
}

Deno.test("a file has its parts in their order, however long the disk takes for each", async () => {
  await withSeed(async (random) => {
    const data = longStrings(random);
    const storage = new SimulatedStorage();
    const aWhile = async () => {
      for (let turns = randomBelow(random, 4); turns > 0; turns--) await othersTurn();
    };
    storage.writing = storage.syncing = aWhile;
    for (const syncsParts of [false, true]) {
      const save = new BackgroundSave(
        data.snapshot(),
        destinationIn(storage, syncsParts),
        data.clock,
      );
      assertEquals(await save.run(), storage.read(path).length);
      assertEquals(loaded([storage.read(path)]).digest, data.digest);
    }
  });
});

Deno.test("a file that is written at once is the same as one that is written beside commands", async () => {
  const data = longStrings(new SeededRandom(1));
  const storage = new SimulatedStorage();
  saveNow(data.snapshot(), destinationIn(storage, true), data.clock);
  const atOnce = storage.read(path);
  await new BackgroundSave(data.snapshot(), destinationIn(storage, true), data.clock).run();
  assertEquals(storage.read(path), atOnce);
});
