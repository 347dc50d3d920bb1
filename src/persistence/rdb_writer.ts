/**
 * A whole RDB file, part by part in the order of `rdb_format.ts`: `header`; of each database that has
 * keys `database`, and of each of its keys `key`; and `end`.
 *
 * 5M small strings (keys of 16 bytes, values of 8 to 32) take 670 ns of processor time each, of which 250
 * are spent on trying to compress values of more than 20 bytes and 100 on the checksum, and the most of the
 * rest on waiting for memory: the records are written in the order of the dictionary. SAVE of Redis 8.0.2
 * takes 2000 ns for each of the same, 1100 without compression. (`scripts/benchmark_rdb.ts`, 2026-11-27,
 * 2-core AMD EPYC that others used too, Deno 2.9.6.)
 */
import { MaxmemoryPolicy } from "../config/values.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { TimerWheel } from "../keyspace/timer_wheel.ts";
import { SEGMENT_SHIFT } from "../memory/heap.ts";
import { accessOf, keyLengthOf, keyStartOf, timerOf } from "../values/record.ts";
import {
  RDB_MAGIC,
  RDB_VERSION,
  RDB_VERSION_COMPATIBLE,
  RDB_VERSION_DIGITS,
  RdbOpcode,
} from "./rdb_format.ts";
import type { RdbOutput } from "./rdb_output.ts";
import type {
  SnapshotFormat,
  SnapshotOrigin,
  SnapshotWriter,
  VisitPending,
} from "./snapshot_writer.ts";
import { ValueWriter } from "./value_writer.ts";

const encoder = new TextEncoder();

/** What is written of how a key was used: what the eviction policy goes by. */
export enum AccessInfo {
  None,
  /** Seconds since it was. */
  Idle,
  /** How often it is, as the counter of LFU. */
  Frequency,
}

/** What a file tells under a policy of eviction. */
export function accessInfoFor(policy: MaxmemoryPolicy): AccessInfo {
  switch (policy) {
    case MaxmemoryPolicy.AllkeysLru:
    case MaxmemoryPolicy.VolatileLru:
      return AccessInfo.Idle;
    case MaxmemoryPolicy.AllkeysLfu:
    case MaxmemoryPolicy.VolatileLfu:
      return AccessInfo.Frequency;
  }
  return AccessInfo.None;
}

/**
 * The version that a file with all data must have: the older one where that will do. It is asked at the
 * moment that the file is a picture of.
 */
export function versionFor({ databases }: Keyspace): number {
  const hasFieldTimes = databases.some(({ fieldTimers }) => fieldTimers.wheel.count > 0);
  return hasFieldTimes ? RDB_VERSION : RDB_VERSION_COMPATIBLE;
}

/** A snapshot as RDB. */
export class RdbFormat implements SnapshotFormat {
  readonly compresses: boolean;
  readonly sums: boolean;
  readonly #keyspace: Keyspace;
  readonly #version: number;
  readonly #access: AccessInfo;

  /** @param options Whether long strings are compressed, whether there is a checksum, and what is told of use. */
  constructor(
    keyspace: Keyspace,
    { compresses, sums, access }: { compresses: boolean; sums: boolean; access: AccessInfo },
  ) {
    this.compresses = compresses;
    this.sums = sums;
    this.#keyspace = keyspace;
    this.#version = versionFor(keyspace);
    this.#access = access;
  }

  writer(output: RdbOutput): RdbWriter {
    return new RdbWriter(this.#keyspace, output, this.#version, this.#access);
  }
}

export class RdbWriter implements SnapshotWriter {
  readonly #keyspace: Keyspace;
  readonly #values: ValueWriter;
  readonly #version: number;
  readonly #access: AccessInfo;

  constructor(keyspace: Keyspace, output: RdbOutput, version: number, access: AccessInfo) {
    this.#keyspace = keyspace;
    this.#version = version;
    this.#access = access;
    this.#values = new ValueWriter(keyspace, output, version);
  }

  get output(): RdbOutput {
    return this.#values.output;
  }

  set output(output: RdbOutput) {
    this.#values.output = output;
  }

  header(origin: SnapshotOrigin): void {
    const { redisVersion, createdAtSeconds, usedMemoryBytes, isAofBase, functions } = origin;
    const magic = RDB_MAGIC + String(this.#version).padStart(RDB_VERSION_DIGITS, "0");
    const bytes = encoder.encode(magic);
    this.output.raw(bytes, 0, bytes.length);
    this.#field("redis-ver", redisVersion);
    this.#field("redis-bits", "64");
    this.#field("ctime", String(createdAtSeconds));
    this.#field("used-mem", String(usedMemoryBytes));
    this.#field("aof-base", isAofBase ? "1" : "0");
    for (const code of functions) {
      this.output.byte(RdbOpcode.FUNCTION2);
      this.output.string(code, 0, code.length);
    }
  }

  database(index: number, keys: number, volatileKeys: number): void {
    const output = this.output;
    output.byte(RdbOpcode.SELECTDB);
    output.length(index);
    output.byte(RdbOpcode.RESIZEDB);
    output.length(keys);
    output.length(volatileKeys);
  }

  key(record: number, wheel: TimerWheel): void {
    this.#keyHead(record, wheel);
    this.#values.write(record);
  }

  beginLarge(record: number, wheel: TimerWheel): void {
    this.#keyHead(record, wheel);
    this.#values.begin(record);
  }

  part(address: number): void {
    this.#values.part(address);
  }

  streamTail(record: number, visit: VisitPending): void {
    this.#values.streamTail(record, visit);
  }

  endLarge(): void {
    // a key is over with its value
  }

  /** Writes all of a key but its value. */
  #keyHead(record: number, wheel: TimerWheel): void {
    const output = this.output;
    const { heap } = this.#keyspace;
    const timer = timerOf(heap, record);
    if (timer !== 0) {
      output.byte(RdbOpcode.EXPIRETIME_MS);
      output.int64(wheel.expiresAtMs(timer));
    }
    if (this.#access !== AccessInfo.None) this.#writeAccess(accessOf(heap, record));
    output.byte(this.#values.typeOf(record));
    const start = keyStartOf(record);
    const end = start + keyLengthOf(heap, record);
    output.string(heap.bytes[record >>> SEGMENT_SHIFT], start, end);
  }

  end(): void {
    this.output.byte(RdbOpcode.EOF);
    this.output.checksum();
  }

  #writeAccess(access: number): void {
    const output = this.output;
    if (this.#access === AccessInfo.Idle) {
      output.byte(RdbOpcode.IDLE);
      output.length(this.#keyspace.idleSeconds(access));
    } else {
      output.byte(RdbOpcode.FREQ);
      output.byte(this.#keyspace.lfuCounter(access));
    }
  }

  #field(name: string, value: string): void {
    this.output.byte(RdbOpcode.AUX);
    this.output.text(name);
    this.output.text(value);
  }
}
