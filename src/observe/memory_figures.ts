/**
 * Where the memory is: the figures that INFO memory, MEMORY STATS and MEMORY DOCTOR share.
 *
 * "Used" is what counts against `maxmemory`: all blocks of the heap, and what clients take. The process
 * takes more than that: the heap's free pages, and the JavaScript runtime.
 */
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Clients } from "../session/clients.ts";
import type { ServerStats } from "./server_stats.ts";

/** What one database takes beside its keys and values. */
export interface DatabaseOverhead {
  readonly index: number;
  readonly tableBytes: number;
  readonly timersBytes: number;
}

export class MemoryFigures {
  readonly usedBytes: number;
  readonly peakBytes: number;
  readonly startupBytes: number;
  /** Of the databases that have keys. */
  readonly databases: readonly DatabaseOverhead[];
  readonly keys: number;
  /** What clients take: their buffers above all. */
  readonly clientsBytes: number;
  /** Pages of the heap that hold a block, and what clients take. */
  readonly activeBytes: number;
  /** All that the heap has reserved. */
  readonly heldBytes: number;
  /** What the whole process has in memory. */
  readonly residentBytes: number;

  constructor(keyspace: Keyspace, clients: Clients, stats: ServerStats, usedBytes: number) {
    this.usedBytes = usedBytes;
    // the cron looks now and then; what is higher now is the peak
    stats.usedMemoryPeakBytes = Math.max(stats.usedMemoryPeakBytes, usedBytes);
    this.peakBytes = stats.usedMemoryPeakBytes;
    this.startupBytes = stats.usedMemoryStartupBytes;
    this.databases = keyspace.databases.filter(({ size }) => size > 0).map((database) => ({
      index: database.index,
      tableBytes: database.dict.tableBytes,
      timersBytes: database.wheel.bytes + database.fieldTimers.wheel.bytes,
    }));
    this.keys = keyspace.size;
    this.clientsBytes = clients.memoryBytes;
    const { heap } = keyspace;
    this.activeBytes = Math.round(heap.usedBytes * heap.fragmentation) + this.clientsBytes;
    this.heldBytes = heap.heldBytes;
    this.residentBytes = Deno.memoryUsage().rss;
  }

  /** Used by tables, timers and clients, and before there were any keys. */
  get overheadBytes(): number {
    return this.databases.reduce(
      (sum, { tableBytes, timersBytes }) => sum + tableBytes + timersBytes,
      this.startupBytes + this.clientsBytes,
    );
  }

  /** Used by keys and values. */
  get datasetBytes(): number {
    return Math.max(0, this.usedBytes - this.overheadBytes);
  }

  get datasetPercent(): number {
    return percent(this.datasetBytes, this.usedBytes - this.startupBytes);
  }

  get peakPercent(): number {
    return percent(this.usedBytes, this.peakBytes);
  }

  get bytesPerKey(): number {
    if (this.keys === 0) return 0;
    return Math.floor(Math.max(0, this.usedBytes - this.startupBytes) / this.keys);
  }
}

/** `part` over `whole`, 0 where there is no whole. */
export function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

function percent(part: number, whole: number): number {
  return ratio(part, whole) * 100;
}
