/**
 * Records what real Redis makes of the RDB files of tests/persistence/rdb_files.ts: `deno task record rdb`,
 * or this script alone. Each file is what a server of its own begins with.
 */
import { Client } from "../src/client/client.ts";
import { plain } from "../tests/commands/server_support.ts";
import {
  rdbFiles,
  type RecordedFile,
  type RecordedKey,
  writeRecordedFiles,
} from "../tests/persistence/rdb_files.ts";
import type { Target } from "../tests/support/player.ts";
import { startReferenceServer } from "../tests/support/reference_server.ts";

const databaseCount = 16;

/** Writes what there is; returns how many files there are in it. */
export async function recordRdbFiles(): Promise<number> {
  const files: RecordedFile[] = [];
  for (const [name, bytes] of rdbFiles) files.push(await recordFile(name, bytes));
  writeRecordedFiles(files);
  return files.length;
}

async function recordFile(name: string, bytes: Uint8Array): Promise<RecordedFile> {
  let server: Target;
  try {
    server = await startReferenceServer([], {}, { "dump.rdb": bytes });
  } catch {
    return { name, refused: true };
  }
  try {
    const client = await Client.connect({ port: server.port });
    const file = await describeData(name, client);
    client.close();
    return file;
  } catch {
    // it listens before it reads the file, and ends when that is broken
    return { name, refused: true };
  } finally {
    await server.stop();
  }
}

async function describeData(name: string, client: Client): Promise<RecordedFile> {
  const run = async (...words: (string | number)[]) => plain(await client.send(words));
  while (await run("PING") !== "PONG");
  const digest = String(await run("DEBUG", "DIGEST"));
  const databases: Record<string, RecordedKey[]> = {};
  for (let index = 0; index < databaseCount; index++) {
    await run("SELECT", index);
    for (const key of (await run("KEYS", "*") as string[]).sort()) {
      databases[index] ??= [];
      databases[index].push({
        key,
        type: String(await run("TYPE", key)),
        encoding: String(await run("OBJECT", "ENCODING", key)),
        expiresAtMs: Number(await run("PEXPIRETIME", key)),
      });
    }
  }
  return { name, refused: false, digest, databases };
}

if (import.meta.main) console.log(`rdb: ${await recordRdbFiles()} files`);
