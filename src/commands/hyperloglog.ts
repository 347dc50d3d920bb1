/**
 * The commands on HyperLogLogs: strings whose bytes `values/hyperloglog.ts` knows. This file finds them,
 * gives them room and changes their encoding. PFADD makes no object on its way.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import type { Database } from "../keyspace/database.ts";
import { NotifyClass } from "../keyspace/events.ts";
import { CommandError, errors, selfTestFailed, unknownPfdebugSubcommand } from "../resp/errors.ts";
import {
  cacheCardinality,
  cachedCardinality,
  countElements,
  countRegisters,
  denseBytes,
  emptyBytes,
  indexOf,
  invalidateCardinality,
  isDense,
  isHyperLogLog,
  mergeRegisters,
  observe,
  raiseDense,
  registerCount,
  registersAt,
  valueOf,
  writeDense,
  writeEmpty,
} from "../values/hyperloglog.ts";
import { selfTest } from "../values/hyperloglog_self_test.ts";
import { describeSparse, SparseEdit, SparseOutcome } from "../values/hyperloglog_sparse.ts";
import { Encoding, encodingOf, ValueType } from "../values/record.ts";
import { readValue, writeValue } from "./lookup.ts";

/** The change under way; it lasts no longer than `raiseSparse`. */
const edit = new SparseEdit();

/** Points `database.valueBuffer` and its siblings at a found string, which must be a HyperLogLog. */
function locateHyperLogLog(database: Database, record: number): void {
  database.locateValue(record);
  if (!isHyperLogLog(database.valueBuffer, database.valueStart, database.valueEnd)) {
    throw new CommandError(errors.notHyperLogLog);
  }
}

/** The HyperLogLog of argument `i` to read it, located; 0 where there is none. */
function readHyperLogLog(context: CommandContext, i: number): number {
  const record = readValue(context, i, ValueType.STRING);
  if (record !== 0) locateHyperLogLog(context.database, record);
  return record;
}

/** The HyperLogLog of argument `i` to change it, located; 0 where there is none. */
function writeHyperLogLog(context: CommandContext, i: number): number {
  const record = writeValue(context, i, ValueType.STRING);
  if (record === 0) return 0;
  locateHyperLogLog(context.database, record);
  return asRaw(context.database, record);
}

/** As in Redis, a value about to be changed is raw from then on. */
function asRaw(database: Database, record: number): number {
  if (encodingOf(database.heap, record) !== Encoding.EMBSTR) return record;
  const raw = database.resizeString(record, database.valueEnd - database.valueStart);
  database.locateValue(raw);
  return raw;
}

/** An empty HyperLogLog under argument `i`, which was just not found. */
function createHyperLogLog({ args, database }: CommandContext, i: number): number {
  const { buffer, starts, ends } = args;
  database.putString(0, buffer, starts[i], ends[i], Encoding.RAW, emptyBytes, false);
  // what is to be resized must be found: a dict that has grown does not know where it put the record
  const record = database.find(buffer, starts[i], ends[i]);
  database.locateValue(record);
  writeEmpty(database.valueBuffer, database.valueStart);
  return record;
}

/**
 * Has a register of the HyperLogLog of argument `i`, located, be `value` at least; leaves that located. Returns
 * the record, which may have moved, or 0 if nothing was to change.
 */
function raiseRegister(
  context: CommandContext,
  i: number,
  record: number,
  index: number,
  value: number,
): number {
  const { valueBuffer, valueStart } = context.database;
  if (!isDense(valueBuffer, valueStart)) return raiseSparse(context, i, record, index, value);
  return raiseDense(valueBuffer, valueStart, index, value) ? record : 0;
}

/** As `raiseRegister`, for a sparse one. */
function raiseSparse(
  context: CommandContext,
  i: number,
  record: number,
  index: number,
  value: number,
): number {
  const { database, server } = context;
  const { valueBuffer, valueStart, valueEnd } = database;
  const length = valueEnd - valueStart;
  const room = server.config.values.hllSparseMaxBytes - length;
  const registers = valueStart + registersAt;
  const outcome = edit.plan(valueBuffer, registers, valueEnd, index, value, room);
  if (outcome === SparseOutcome.Unchanged) return 0;
  if (outcome === SparseOutcome.Broken) throw new CommandError(errors.brokenHyperLogLog);
  if (outcome === SparseOutcome.Dense) {
    const dense = makeDense(context, i, record);
    raiseDense(database.valueBuffer, database.valueStart, index, value);
    return dense;
  }
  let at = record;
  if (edit.growthBytes > 0) {
    at = database.resizeString(record, length + edit.growthBytes);
    database.locateValue(at);
  }
  const start = database.valueStart;
  const end = edit.apply(database.valueBuffer, start + registersAt, start + length);
  invalidateCardinality(database.valueBuffer, start);
  if (end < database.valueEnd) {
    at = database.resizeString(at, end - start);
    database.locateValue(at);
  }
  return at;
}

/** Gives the sparse HyperLogLog of argument `i`, located, the dense encoding; leaves that located. */
function makeDense(context: CommandContext, i: number, record: number): number {
  const { valueBuffer, valueStart, valueEnd } = context.database;
  const registers = new Uint8Array(registerCount);
  if (!mergeRegisters(registers, valueBuffer, valueStart, valueEnd)) {
    throw new CommandError(errors.brokenHyperLogLog);
  }
  return storeDense(context, i, record, registers);
}

/** Writes the registers of the HyperLogLog of argument `i`, located, in the dense encoding. */
function storeDense(
  { args, database }: CommandContext,
  i: number,
  record: number,
  registers: Uint8Array,
): number {
  const { buffer, starts, ends } = args;
  const header = database.valueBuffer.slice(
    database.valueStart,
    database.valueStart + registersAt,
  );
  const dense = database.putString(
    record,
    buffer,
    starts[i],
    ends[i],
    Encoding.RAW,
    denseBytes,
    true,
  );
  database.locateValue(dense);
  database.valueBuffer.set(header, database.valueStart);
  writeDense(registers, database.valueBuffer, database.valueStart);
  return dense;
}

function pfadd(context: CommandContext): void {
  const { args, database, reply } = context;
  let record = writeHyperLogLog(context, 1);
  let changes = 0;
  if (record === 0) {
    record = createHyperLogLog(context, 1);
    changes++;
  }
  for (let i = 2; i < args.count; i++) {
    const observation = observe(args.buffer, args.starts[i], args.ends[i]);
    const raised = raiseRegister(context, 1, record, indexOf(observation), valueOf(observation));
    if (raised === 0) continue;
    record = raised;
    changes++;
  }
  if (changes > 0) {
    invalidateCardinality(database.valueBuffer, database.valueStart);
    context.changed(1, changes);
    context.notify(NotifyClass.STRING, "pfadd", 1);
  }
  reply.integer(changes > 0 ? 1 : 0);
}

function pfcount(context: CommandContext): void {
  const { args, database, reply } = context;
  if (args.count > 2) return countUnion(context);
  const record = readHyperLogLog(context, 1);
  if (record === 0) return reply.integer(0);
  asRaw(database, record);
  const { valueBuffer, valueStart, valueEnd } = database;
  const cached = cachedCardinality(valueBuffer, valueStart);
  if (cached !== null) return reply.integer(cached);
  const count = countElements(valueBuffer, valueStart, valueEnd);
  if (count === null) throw new CommandError(errors.brokenHyperLogLog);
  database.dict.changeFound();
  cacheCardinality(valueBuffer, valueStart, count);
  context.changed(1);
  reply.integer(count);
}

function countUnion(context: CommandContext): void {
  const registers = new Uint8Array(registerCount);
  for (let i = 1; i < context.args.count; i++) mergeArgument(context, i, registers);
  context.reply.integer(countRegisters(registers));
}

/** Merges the HyperLogLog of argument `i`, if there is one; whether it is dense. */
function mergeArgument(context: CommandContext, i: number, registers: Uint8Array): boolean {
  if (readHyperLogLog(context, i) === 0) return false;
  const { valueBuffer, valueStart, valueEnd } = context.database;
  if (!mergeRegisters(registers, valueBuffer, valueStart, valueEnd)) {
    throw new CommandError(errors.brokenHyperLogLog);
  }
  return isDense(valueBuffer, valueStart);
}

function pfmerge(context: CommandContext): void {
  const { args, database, reply } = context;
  const registers = new Uint8Array(registerCount);
  let becomesDense = false;
  for (let i = 1; i < args.count; i++) {
    if (mergeArgument(context, i, registers)) becomesDense = true;
  }
  let record = writeHyperLogLog(context, 1);
  if (record === 0) record = createHyperLogLog(context, 1);
  if (becomesDense) {
    record = storeDense(context, 1, record, registers);
  } else {
    for (let index = 0; index < registerCount; index++) {
      if (registers[index] === 0) continue;
      const raised = raiseRegister(context, 1, record, index, registers[index]);
      if (raised !== 0) record = raised;
    }
  }
  invalidateCardinality(database.valueBuffer, database.valueStart);
  context.changed(1);
  context.notify(NotifyClass.STRING, "pfadd", 1);
  reply.ok();
}

function pfdebug(context: CommandContext): void {
  const { args, database, reply } = context;
  const record = writeHyperLogLog(context, 2);
  if (record === 0) throw new CommandError(errors.noSuchHyperLogLog);
  const { valueBuffer, valueStart, valueEnd } = database;
  const wasDense = isDense(valueBuffer, valueStart);
  if (args.is(1, "GETREG")) {
    if (!wasDense) becomeDense(context, record);
    replyRegisters(context);
  } else if (args.is(1, "DECODE")) {
    if (wasDense) throw new CommandError(errors.notSparse);
    reply.bulkString(describeSparse(valueBuffer, valueStart + registersAt, valueEnd));
  } else if (args.is(1, "ENCODING")) {
    reply.simpleString(wasDense ? "dense" : "sparse");
  } else if (args.is(1, "TODENSE")) {
    if (!wasDense) becomeDense(context, record);
    reply.integer(wasDense ? 0 : 1);
  } else {
    throw new CommandError(unknownPfdebugSubcommand(args.cString(1)));
  }
}

/** Gives the sparse HyperLogLog of PFDEBUG the dense encoding. */
function becomeDense(context: CommandContext, record: number): void {
  makeDense(context, 2, record);
  context.server.propagation.changedUnheard(1);
}

/** Answers with every register of the located HyperLogLog. */
function replyRegisters({ database, reply }: CommandContext): void {
  const registers = new Uint8Array(registerCount);
  mergeRegisters(registers, database.valueBuffer, database.valueStart, database.valueEnd);
  reply.array(registerCount);
  for (let index = 0; index < registerCount; index++) reply.integer(registers[index]);
}

function pfselftest({ reply, server }: CommandContext): void {
  const failure = selfTest(server.random);
  if (failure !== null) throw new CommandError(selfTestFailed(failure));
  reply.ok();
}

export const hyperloglogHandlers: Handlers = { pfadd, pfcount, pfdebug, pfmerge, pfselftest };
