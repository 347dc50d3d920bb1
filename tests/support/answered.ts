/** Waiting for a server whose clients don't wait for replies. */
import { Client } from "../../src/client/client.ts";

/** Waits until the server has done what it was sent before. */
export async function untilAnswered(port: number): Promise<void> {
  const client = await Client.connect({ port });
  await client.send(["PING"]);
  client.close();
}
