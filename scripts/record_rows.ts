/**
 * Records what real Redis says of each command that redino has, for tests/command/table_test.ts:
 * `deno task record rows`, or this script alone.
 */
import { Client } from "../src/client/client.ts";
import { commandGroups } from "../src/command/specs/groups.ts";
import { type Row, rowOf, writeRecordedRows } from "../tests/command/rows.ts";
import { startReferenceServer } from "../tests/support/reference_server.ts";

/** Asks a Redis of its own and writes the file; returns how many commands there are in it. */
export async function recordRows(): Promise<number> {
  const server = await startReferenceServer();
  try {
    const client = await Client.connect({ port: server.port });
    await client.send(["HELLO", 3]);
    const rows: Row[] = [];
    for (const { commands } of commandGroups) {
      for (const { name } of commands) {
        const info = await client.send(["COMMAND", "INFO", name]);
        const docs = await client.send(["COMMAND", "DOCS", name]);
        rows.push(rowOf(name, info, docs));
      }
    }
    writeRecordedRows(rows);
    client.close();
    return rows.length;
  } finally {
    await server.stop();
  }
}

if (import.meta.main) console.log(`rows: ${await recordRows()} commands`);
