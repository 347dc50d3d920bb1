/** How long others wait while a collection grows to millions of elements, and while it is deleted. */

import { delay } from "@std/async/delay";
import { growCollection, growingTypes } from "./collections.ts";
import { RunningServer, type ServerProgram } from "./servers.ts";
import { WireConnection } from "./wire.ts";

export interface PauseFigures {
  /** The server's. */
  name: string;
  what: string;
  p999Ms: number;
  longestMs: number;
}

const key = "collection";

/** How long is asked after a deletion, which goes on behind the reply. */
const deletionMs = 2_000;

/** Measures each type on a server of its own. */
export async function measurePauses(
  program: ServerProgram,
  elementCount: number,
): Promise<PauseFigures[]> {
  const figures: PauseFigures[] = [];
  for (const type of growingTypes) {
    await using server = await RunningServer.start(program);
    using loader = await WireConnection.connect(server.port);
    const grown = await waitsDuring(
      server,
      () => loader.sendAll(growCollection(type, key, elementCount)),
    );
    figures.push({ name: program.name, what: `a ${type} grows`, ...grown });
    const deleted = await waitsDuring(server, async () => {
      await loader.request("DEL", key);
      await delay(deletionMs);
    });
    figures.push({ name: program.name, what: `DEL of a ${type}`, ...deleted });
  }
  return figures;
}

/** Asks PING after PING until `work` is done. */
async function waitsDuring(
  server: RunningServer,
  work: () => Promise<void>,
): Promise<{ p999Ms: number; longestMs: number }> {
  using asker = await WireConnection.connect(server.port);
  const waitsMs: number[] = [];
  let isDone = false;
  const working = work().finally(() => isDone = true);
  while (!isDone) {
    const askedAtMs = performance.now();
    await asker.request("PING");
    waitsMs.push(performance.now() - askedAtMs);
    await delay(1);
  }
  await working;
  waitsMs.sort((a, b) => a - b);
  return {
    p999Ms: waitsMs[Math.floor(waitsMs.length * 0.999)],
    longestMs: waitsMs.at(-1)!,
  };
}
