/** A connection to each of two servers, over which both are sent the same. */
import type { Target } from "./player.ts";
import { WireConnection } from "./wire_connection.ts";

/** What each of the servers answered; undefined where it closed the connection instead. */
export type Replies = [Uint8Array | undefined, Uint8Array | undefined];

export class WirePair {
  readonly #first: WireConnection;
  readonly #second: WireConnection;

  private constructor(first: WireConnection, second: WireConnection) {
    this.#first = first;
    this.#second = second;
  }

  static async open(first: Target, second: Target): Promise<WirePair> {
    return new WirePair(
      await WireConnection.open(first.port),
      await WireConnection.open(second.port),
    );
  }

  /** Sends the commands together and returns what was answered to each. */
  async exchange(commands: string[][]): Promise<Replies[]> {
    const [first, second] = await Promise.all([
      this.#first.exchange(commands),
      this.#second.exchange(commands),
    ]);
    return first.map((reply, i) => [reply, second[i]]);
  }

  close(): void {
    this.#first.close();
    this.#second.close();
  }
}
