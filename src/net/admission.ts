/** Who may connect, and telling the others why they may not. */
import type { ConfigValues } from "../config/values.ts";
import { errors } from "../resp/errors.ts";
import { isLocal } from "./sockets.ts";

const encoder = new TextEncoder();

/** Why a new connection from `peer` may not stay beside `clientCount` others, or null. */
export function refusalOf(
  peer: Deno.Addr,
  clientCount: number,
  values: Pick<ConfigValues, "maxclients" | "protectedMode" | "requirepass">,
): string | null {
  if (clientCount >= values.maxclients) return errors.maxClients;
  const isForLocalOnly = values.protectedMode && values.requirepass === "";
  return isForLocalOnly && !isLocal(peer) ? errors.protectedMode : null;
}

/** Tells a peer why it can't stay, if it still listens, and ends the connection. */
export async function refuse(socket: Deno.Conn, error: string): Promise<void> {
  try {
    await socket.write(encoder.encode(`-${error}\r\n`));
  } catch {
    // it did not wait for the reason
  }
  try {
    socket.close();
  } catch {
    // closed by the runtime after the failed write
  }
}
