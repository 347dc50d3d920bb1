/** What a server tells of keys: the messages of keyspace events, in the order in which they come. */
import { encodeCommand } from "../../src/client/client.ts";
import type { Target } from "./player.ts";
import { latin1 } from "./reply_rules.ts";
import { WireConnection } from "./wire_connection.ts";

/** The `notify-keyspace-events` of whom everything is told: by key, and of new and missing keys as well. */
export const allEvents = "AEnm";

export class EventFeed {
  readonly #connection: WireConnection;

  private constructor(connection: WireConnection) {
    this.#connection = connection;
  }

  static async open(server: Target): Promise<EventFeed> {
    const feed = new EventFeed(await WireConnection.open(server.port));
    for (const command of [["HELLO", "3"], ["PSUBSCRIBE", "__keyevent@*"]]) {
      await feed.#connection.write(encodeCommand(command));
    }
    await feed.read();
    return feed;
  }

  /** The messages that have come since the last call. */
  async read(): Promise<string[]> {
    await this.#connection.write(encodeCommand(["PING"]));
    const messages: string[] = [];
    for (;;) {
      const reply = await this.#connection.readReply();
      if (reply === undefined) {
        throw new Error("the server has closed the connection of its events");
      }
      const message = latin1(reply);
      if (message === "+PONG\r\n") return messages;
      messages.push(message);
    }
  }

  close(): void {
    this.#connection.close();
  }
}
