/** Finds ports for servers that can't be told to choose one themselves. */

/**
 * Below those that systems give to connections that leave (from 32768 on Linux): a client, or even the one that
 * tries whether the server is there already, would take the port from it.
 */
const [portMin, portMax] = [10_240, 32_767];

/** A port of 127.0.0.1 on which nobody listens; somebody else may take it before it is used. */
export function freePort(): number {
  while (true) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin + 1));
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
