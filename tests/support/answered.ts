/** Waiting for a server whose clients don't wait for replies. */
import { deadline } from "@std/async";
import { Client } from "../../src/client/client.ts";

/** One that has not answered by then has its clients paused, and does nothing for them. */
const patienceMs = 1000;

/** Waits until the server has done what it was sent before; one that has ended does nothing any more. */
export async function untilAnswered(port: number): Promise<void> {
  const client = await connect(port);
  if (client === null) return;
  try {
    await deadline(client.send(["PING"]), patienceMs);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  } finally {
    client.close();
  }
}

async function connect(port: number): Promise<Client | null> {
  try {
    return await Client.connect({ port });
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return null;
    throw error;
  }
}
