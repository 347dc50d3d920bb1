/** Random commands as the load of one client, for tests that look at what they leave. */
import type { Client } from "../../src/client/client.ts";
import type { CommandGenerator } from "./command_generator.ts";
import { bytesOf } from "./wire_connection.ts";

/** Sends at least `count` commands, each when the one before has its reply, in scenes of some `sceneLength`. */
export async function sendRandomCommands(
  client: Client,
  generator: CommandGenerator,
  count: number,
  sceneLength = 250,
): Promise<void> {
  for (let sent = 0; sent < count;) {
    generator.changeScene();
    const sceneEnd = sent + sceneLength;
    while (sent < sceneEnd) {
      const group = generator.next();
      await Promise.all(group.map((words) => client.send(words.map(bytesOf))));
      sent += group.length;
    }
  }
}
