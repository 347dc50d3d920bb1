/** A client without a connection, for what only looks at clients. */
import { nowhere } from "../../src/command/log_runner.ts";
import { Arguments } from "../../src/resp/arguments.ts";
import { ReplyBufferPool, WireWriter } from "../../src/resp/wire_writer.ts";
import { Client, type Link } from "../../src/session/client.ts";
import type { Database } from "../../src/keyspace/database.ts";

export interface FakeClient {
  client: Client;
  /** What the client was sent since the last time. */
  sent(): string;
}

export function fakeClient(options: Partial<Link> & { database?: number } = {}): FakeClient {
  const reply = new WireWriter(new ReplyBufferPool());
  const link: Link = {
    ...nowhere,
    peer: "127.0.0.1:60866",
    local: "127.0.0.1:6379",
    ...options,
  };
  const database = { index: options.database ?? 0 } as Database;
  const client = new Client({ id: 1, link, reply, database, authenticated: true, nowMs: 0 });
  const sent = () => {
    let text = "";
    for (let chunk = reply.take(); chunk !== null; chunk = reply.take()) {
      text += new TextDecoder().decode(chunk.buffer.subarray(0, chunk.length));
    }
    return text;
  };
  return { client, sent };
}

/** The arguments of a request as it is typed, without quotes. */
export function request(line: string): Arguments {
  return Arguments.of(...line.split(" "));
}
