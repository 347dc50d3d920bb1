/** What a server costs before and besides answering: resident memory for its keys, time to start. */

import { delay } from "@std/async/delay";
import type { CollectionShape } from "./collections.ts";
import { median } from "./figures.ts";
import { RunningServer, type ServerProgram } from "./servers.ts";
import { WireConnection } from "./wire.ts";

export const memoryValueBytes = 32;

export interface MemoryFigures {
  name: string;
  emptyBytes: number;
  loadedBytes: number;
}

export interface StartupFigures {
  label: string;
  firstPongMs: number;
}

/** What one data set takes, above the empty server, by the names of the servers. */
export interface CollectionMemory {
  title: string;
  bytesPerElement: Record<string, number>;
}

/** Time for a server to finish what it does after starting and after a load, such as giving back memory. */
const settleMs = 1_500;

/**
 * Resident memory of a fresh server and of the same one with `keyCount` keys of 16 bytes, each the
 * median of `rounds` servers; undefined where there is no /proc.
 */
export async function measureMemory(
  program: ServerProgram,
  keyCount: number,
  rounds: number,
): Promise<MemoryFigures | undefined> {
  const empty: number[] = [];
  const loaded: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await using server = await RunningServer.start(program);
    const emptyBytes = await settledResidentBytes(server);
    using connection = await WireConnection.connect(server.port);
    await connection.load(keyCount, memoryValueBytes);
    const loadedBytes = await settledResidentBytes(server);
    if (emptyBytes === undefined || loadedBytes === undefined) return undefined;
    empty.push(emptyBytes);
    loaded.push(loadedBytes);
  }
  return { name: program.name, emptyBytes: median(empty), loadedBytes: median(loaded) };
}

/** What a data set takes on each server, resident; undefined where there is no /proc. */
export async function measureCollection(
  programs: readonly ServerProgram[],
  { commands, elementCount, title }: CollectionShape,
): Promise<CollectionMemory | undefined> {
  const bytesPerElement: Record<string, number> = {};
  for (const program of programs) {
    await using server = await RunningServer.start(program);
    const emptyBytes = await settledResidentBytes(server);
    using connection = await WireConnection.connect(server.port);
    await connection.sendAll(commands());
    const loadedBytes = await settledResidentBytes(server);
    if (emptyBytes === undefined || loadedBytes === undefined) return undefined;
    bytesPerElement[program.name] = (loadedBytes - emptyBytes) / elementCount;
  }
  return { title, bytesPerElement };
}

async function settledResidentBytes(server: RunningServer): Promise<number | undefined> {
  await delay(settleMs);
  return await server.residentBytes();
}

/** Time from the start of the process to the first PONG: the median of `rounds` starts. */
export async function measureStartup(program: ServerProgram, rounds: number): Promise<number> {
  const startupsMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await using server = await RunningServer.start(program);
    startupsMs.push(server.startupMs);
  }
  return median(startupsMs);
}
