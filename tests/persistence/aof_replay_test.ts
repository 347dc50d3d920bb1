import { assertEquals } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import { ManualClock } from "../../src/clock.ts";
import { datasetDigest } from "../../src/observe/digest.ts";
import { Server } from "../../src/server.ts";
import { CommandGenerator } from "../support/command_generator.ts";
import { testScale, withSeed } from "../support/property.ts";
import { sendRandomCommands } from "../support/random_load.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { configFrom } from "../net/support.ts";

const commands = 400;
const commandsPerScene = 100;

function makeServer(storage: SimulatedStorage, clock: ManualClock): Server {
  const config = configFrom("/data", ["bind 127.0.0.1", 'save ""', "appendonly yes"]);
  return new Server({ config, clock, storage, port: 0 });
}

Deno.test("what random commands have left is there again when their log has been loaded", async () => {
  await withSeed(async (random) => {
    for (let round = 0; round < 3 * testScale(); round++) {
      const generator = new CommandGenerator(random);
      const clock = new ManualClock(Date.UTC(2026, 0, 1));
      const storage = new SimulatedStorage();
      const server = makeServer(storage, clock);
      await server.start();
      const client = await Client.connect(server);
      await sendRandomCommands(client, generator, commands, commandsPerScene);
      client.close();
      const digest = datasetDigest(server.keyspace.databases);
      await server.stop();
      const loaded = makeServer(storage.afterKill(), clock);
      await loaded.start();
      assertEquals(datasetDigest(loaded.keyspace.databases), digest);
      await loaded.stop();
    }
  });
});
