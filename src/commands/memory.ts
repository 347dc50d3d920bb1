/** MEMORY: what keys take, and where the rest of the memory is. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import type { Database } from "../keyspace/database.ts";
import { timerOf } from "../values/record.ts";
import { describeMemory } from "../observe/memory_doctor.ts";
import { MemoryFigures, ratio } from "../observe/memory_figures.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { replyHelp } from "./help.ts";

function figuresOf({ server }: CommandContext): MemoryFigures {
  return new MemoryFigures(
    server.keyspace,
    server.clients,
    server.stats,
    server.usedMemoryBytes(),
  );
}

function memoryDoctor(context: CommandContext): void {
  const report = describeMemory(figuresOf(context), context.server.clients.count);
  context.reply.verbatim("txt", report);
}

/** The heap is no allocator that keeps statistics of its own. */
function memoryMallocStats({ reply }: CommandContext): void {
  reply.verbatim("txt", "Stats not supported for the current allocator");
}

function memoryPurge({ reply, server }: CommandContext): void {
  server.keyspace.heap.trim();
  reply.ok();
}

function memoryStats(context: CommandContext): void {
  const { reply } = context;
  const figures = figuresOf(context);
  const { usedBytes, activeBytes, residentBytes } = figures;
  const entries: [name: string, reply: () => void][] = [];
  const integer = (name: string, value: number) => entries.push([name, () => reply.integer(value)]);
  const double = (name: string, value: number) => entries.push([name, () => reply.double(value)]);
  const excess = (names: [string, string], takenBytes: number, neededBytes: number) => {
    double(names[0], ratio(takenBytes, neededBytes));
    integer(names[1], takenBytes - neededBytes);
  };
  integer("peak.allocated", figures.peakBytes);
  integer("total.allocated", usedBytes);
  integer("startup.allocated", figures.startupBytes);
  integer("replication.backlog", 0);
  integer("replica.fullsync.buffer", 0);
  integer("clients.slaves", 0);
  integer("clients.normal", figures.clientsBytes);
  integer("cluster.links", 0);
  integer("aof.buffer", 0);
  integer("lua.caches", 0);
  integer("functions.caches", 0);
  integer("script.VMs", 0);
  for (const { index, tableBytes, timersBytes } of figures.databases) {
    entries.push([`db.${index}`, () => {
      reply.map(2);
      reply.bulkString("overhead.hashtable.main");
      reply.integer(tableBytes);
      reply.bulkString("overhead.hashtable.expires");
      reply.integer(timersBytes);
    }]);
  }
  integer("overhead.db.hashtable.lut", sum(figures.databases.map(({ tableBytes }) => tableBytes)));
  integer("overhead.db.hashtable.rehashing", 0);
  integer("overhead.total", figures.overheadBytes);
  integer("db.dict.rehashing.count", 0);
  integer("keys.count", figures.keys);
  integer("keys.bytes-per-key", figures.bytesPerKey);
  integer("dataset.bytes", figures.datasetBytes);
  double("dataset.percentage", figures.datasetPercent);
  double("peak.percentage", figures.peakPercent);
  integer("allocator.allocated", usedBytes);
  integer("allocator.active", activeBytes);
  integer("allocator.resident", activeBytes);
  integer("allocator.muzzy", 0);
  excess(
    ["allocator-fragmentation.ratio", "allocator-fragmentation.bytes"],
    activeBytes,
    usedBytes,
  );
  excess(["allocator-rss.ratio", "allocator-rss.bytes"], activeBytes, activeBytes);
  excess(["rss-overhead.ratio", "rss-overhead.bytes"], residentBytes, activeBytes);
  excess(["fragmentation", "fragmentation.bytes"], residentBytes, usedBytes);
  reply.map(entries.length);
  for (const [name, replyValue] of entries) {
    reply.bulkString(name);
    replyValue();
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Elements of a large value that are looked at to tell its size, when SAMPLES doesn't say. */
const samplesDefault = 5;

function memoryUsage({ args, database, reply }: CommandContext): void {
  let samples = samplesDefault;
  for (let i = 3; i < args.count; i += 2) {
    if (!args.is(i, "SAMPLES") || i + 1 >= args.count) throw new CommandError(errors.syntax);
    samples = args.quantity(i + 1);
    if (samples < 0) throw new CommandError(errors.syntax);
  }
  // one whose time has come takes memory as long as it is there
  const record = database.dict.find(args.buffer, args.starts[2], args.ends[2]);
  if (record === 0) reply.null();
  else reply.integer(recordUsageBytes(database, record, samples));
}

/** Everything that would be freed with the record, and its share of the table. */
function recordUsageBytes(database: Database, record: number, samples: number): number {
  const { dict, heap, keyspace: { values } } = database;
  const bytes = heap.capacity(record) + Math.ceil(dict.tableBytes / dict.count) +
    values.kindOf(record).bytes(record, samples);
  const timer = timerOf(heap, record);
  return timer === 0 ? bytes : bytes + heap.capacity(timer);
}

function memoryHelp(context: CommandContext): void {
  replyHelp(context, [
    "DOCTOR",
    "    Return memory problems reports.",
    "MALLOC-STATS",
    "    Return internal statistics report from the memory allocator.",
    "PURGE",
    "    Attempt to purge dirty pages for reclamation by the allocator.",
    "STATS",
    "    Return information about the memory usage of the server.",
    "USAGE <key> [SAMPLES <count>]",
    "    Return memory in bytes used by <key> and its value. Nested values are",
    "    sampled up to <count> times (default: 5, 0 means sample all).",
  ]);
}

export const memoryHandlers: Handlers = {
  "memory|doctor": memoryDoctor,
  "memory|help": memoryHelp,
  "memory|malloc-stats": memoryMallocStats,
  "memory|purge": memoryPurge,
  "memory|stats": memoryStats,
  "memory|usage": memoryUsage,
};
