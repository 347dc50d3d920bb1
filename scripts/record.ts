/**
 * Records what real Redis answers to the transcripts under tests/compat/: `deno task record`, or
 * `deno task record string key` for some families only; as the family `rows`, what it says of its commands;
 * as the family `rdb`, what it makes of RDB files; and as the family `boundaries`, how it reads numbers.
 * The Redis is started here.
 */
import { playBoundaries, writeBoundaries } from "../tests/support/boundaries/recorded.ts";
import { readFamilies, writeReplies } from "../tests/support/families.ts";
import { Player } from "../tests/support/player.ts";
import { startReferenceServer } from "../tests/support/reference_server.ts";
import { formatReplies } from "../tests/support/transcript.ts";
import { recordRdbFiles } from "./record_rdb.ts";
import { recordRows } from "./record_rows.ts";

if (Deno.args.length === 0 || Deno.args.includes("rows")) {
  console.log(`rows: ${await recordRows()} commands`);
}
if (Deno.args.length === 0 || Deno.args.includes("rdb")) {
  console.log(`rdb: ${await recordRdbFiles()} files`);
}
if (Deno.args.length === 0 || Deno.args.includes("boundaries")) {
  console.log(`boundaries: ${await recordBoundaries()} arguments`);
}

const player = new Player(startReferenceServer);
try {
  for (const { name, sections } of readFamilies(Deno.args)) {
    const played = [];
    for (const section of sections) {
      try {
        played.push({ title: section.title, steps: await player.play(section) });
      } catch (cause) {
        throw new Error(`${name}: ${section.title}`, { cause });
      }
    }
    writeReplies(name, formatReplies(played));
    console.log(`${name}: ${sections.length} sections`);
  }
} finally {
  await player.stop();
}

async function recordBoundaries(): Promise<number> {
  const reference = await startReferenceServer();
  try {
    const played = await playBoundaries(reference);
    writeBoundaries(played);
    return played.size;
  } finally {
    await reference.stop();
  }
}
