/** A server with a client, and replies as plain values, for tests of what the server tells of itself. */
import { Client, type Reply } from "../../src/client/client.ts";
import { startRedino } from "../support/redino_server.ts";

export interface Session {
  /** Sends the words of `line`, and gives the reply as a plain value; an error as its text. */
  run(line: string): Promise<unknown>;
  /** Lets time pass for the server. */
  advance(milliseconds: number): Promise<void>;
  /** One more client. */
  connect(): Promise<Client>;
}

/** Runs `test` with a client of a fresh server, whose clock only the test moves. */
export async function withServer(
  test: (session: Session) => Promise<void>,
  ...serverArguments: string[]
): Promise<void> {
  const target = await startRedino(serverArguments);
  const clients: Client[] = [];
  const connect = async () => {
    const client = await Client.connect(target);
    clients.push(client);
    return client;
  };
  try {
    const client = await connect();
    await test({
      run: async (line) => plain(await client.send(line.split(" "))),
      advance: (milliseconds) => target.advance(milliseconds),
      connect,
    });
  } finally {
    for (const client of clients) client.close();
    await target.stop();
  }
}

/** The fields of INFO's reply, by name. */
export function infoFields(info: unknown): Record<string, string> {
  const lines = String(info).split("\r\n").filter((line) => line.includes(":"));
  return Object.fromEntries(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1)];
  }));
}

/** How many changes of data a command tells of. */
export async function changesOf({ run }: Session, line: string): Promise<number> {
  const changes = async () =>
    Number(infoFields(await run("INFO persistence")).rdb_changes_since_last_save);
  const before = await changes();
  await run(line);
  return await changes() - before;
}

/** Bytes that the server says it uses, but for its clients. */
export async function usedMemory({ run }: Session): Promise<number> {
  const { used_memory, mem_clients_normal } = infoFields(await run("INFO memory"));
  return Number(used_memory) - Number(mem_clients_normal);
}

/** A reply as the value that it stands for; an error as its text. */
export function plain(reply: Reply): unknown {
  switch (reply.kind) {
    case "null":
      return null;
    case "simple":
    case "error":
      return reply.text;
    case "bulk":
    case "verbatim":
      return new TextDecoder().decode(reply.bytes);
    case "array":
    case "set":
    case "push":
      return reply.items.map(plain);
    case "map":
      return new Map(reply.entries.map(([key, value]) => [plain(key), plain(value)]));
    case "attribute":
      return plain(reply.of);
    default:
      return reply.value;
  }
}
