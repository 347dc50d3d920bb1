/**
 * All databases, and what they share: the heap, the hash's secret, the time of the command being run,
 * access clocks and counters.
 *
 * The time stands still while a command runs (`nowMs` is set once a batch), so that one command sees
 * one moment, as in Redis.
 */
import { requestsTogetherMax } from "../limits.ts";
import { Hasher } from "../memory/hash.ts";
import { Heap, SEGMENT_SHIFT } from "../memory/heap.ts";
import { Dicts } from "../memory/dicts.ts";
import { FrozenBlocks } from "../memory/frozen_blocks.ts";
import { Lookahead } from "../memory/lookahead.ts";
import { Reclaimer } from "../memory/reclaimer.ts";
import { type Random, randomFraction } from "../random.ts";
import { Database } from "./database.ts";
import type { KeyspaceEvents } from "./events.ts";
import { NewRecords } from "./new_records.ts";
import type { ValueLimits } from "../values/limits.ts";
import { metaWord, recordWordIndex } from "../values/record.ts";
import { Values } from "../values/values.ts";
import type { TimerWheel } from "./timer_wheel.ts";

/** Counters of INFO's stats section that the keyspace keeps. */
export class KeyspaceStats {
  hits = 0;
  misses = 0;
  expired = 0;
  /** Fields of hashes, of which each had a time to live. */
  expiredFields = 0;
  evicted = 0;

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.hits = 0;
    this.misses = 0;
    this.expired = 0;
    this.expiredFields = 0;
    this.evicted = 0;
  }
}

/** How the 24 access bits of a record are used: which policy family is in force. */
export interface AccessPolicy {
  /** LFU counters instead of LRU clocks. */
  readonly lfu: boolean;
  readonly lfuLogFactor: number;
  /** Minutes in which a counter loses one. */
  readonly lfuDecayTime: number;
}

/** LFU counter of a new key, so that it isn't the first to go (Redis: LFU_INIT_VAL). */
const lfuInitial = 5;
const lfuMax = 255;

/** The LRU clock ticks once a second and wraps at 24 bits. */
const accessMask = 0xffffff;

export class Keyspace {
  readonly heap: Heap;
  readonly hasher: Hasher;
  readonly databases: Database[];
  readonly stats = new KeyspaceStats();
  readonly events: KeyspaceEvents;
  readonly random: Random;
  readonly values: Values;
  readonly newRecords: NewRecords;
  /** Of the batch of requests that is being run. */
  readonly lookahead: Lookahead;
  /** Frees what is large, in slices. */
  readonly reclaimer: Reclaimer = new Reclaimer();
  /** Nodes of long lists and streams that a snapshot has still to write. */
  readonly frozen: FrozenBlocks = new FrozenBlocks();
  /** Wall time of the running command, in milliseconds. */
  nowMs: number;
  /** No database's timer wheel has anything to do before; the expirer moves it on. */
  nextDueMs = Infinity;
  /** Access bits that a new key gets. */
  initialAccess = 0;
  /** Set while a client with NO-TOUCH runs a command. */
  touchDisabled = false;
  /**
   * A key that the running command has made and nobody has heard of yet, 0 for none, and its database. It is
   * taken back where the command fails, as for want of memory for what is to be in it.
   */
  untoldRecord = 0;
  untoldIn: Database | null = null;
  #policy: AccessPolicy = { lfu: false, lfuLogFactor: 10, lfuDecayTime: 1 };

  constructor(options: {
    databaseCount: number;
    nowMs: number;
    hashSeed: Uint32Array;
    random: Random;
    events: KeyspaceEvents;
    limits: ValueLimits;
  }) {
    this.heap = new Heap({ reserve: true });
    this.hasher = new Hasher(options.hashSeed[0], options.hashSeed[1]);
    this.lookahead = new Lookahead(this.heap, this.hasher, requestsTogetherMax * 2);
    this.random = options.random;
    this.values = new Values({
      heap: this.heap,
      dicts: new Dicts(this.heap, this.hasher),
      reclaimer: this.reclaimer,
      frozen: this.frozen,
      random: options.random,
      limits: options.limits,
      time: this,
    });
    this.newRecords = new NewRecords(this);
    this.events = options.events;
    this.nowMs = options.nowMs;
    this.databases = [];
    for (let i = 0; i < options.databaseCount; i++) this.databases.push(new Database(this, i));
    this.setNow(options.nowMs);
  }

  /** Keys in all databases. */
  get size(): number {
    let sum = 0;
    for (const database of this.databases) sum += database.size;
    return sum;
  }

  /** Moves the time that commands see. */
  setNow(nowMs: number): void {
    this.nowMs = nowMs;
    this.initialAccess = this.#policy.lfu
      ? (lfuMinutes(nowMs) << 8) | lfuInitial
      : Math.floor(nowMs / 1000) & accessMask;
  }

  /** Says how access bits are to be read from now on. */
  setPolicy(policy: AccessPolicy): void {
    this.#policy = policy;
    this.setNow(this.nowMs);
  }

  /** Whether the access bits of records are LFU counters. */
  get usesLfu(): boolean {
    return this.#policy.lfu;
  }

  /** Notes an access to a record. */
  touch(record: number): void {
    if (this.touchDisabled) return;
    const words = this.heap.words[record >>> SEGMENT_SHIFT];
    const at = recordWordIndex(record) + metaWord;
    const meta = words[at];
    const access = this.#policy.lfu ? this.#lfuAccessed(meta >>> 8) : this.initialAccess;
    words[at] = (meta & 0xff) | (access << 8);
  }

  /**
   * Gives a record the access bits that a file or a client tells of: a counter if LFU is in force, else
   * the seconds since the last access. What is negative is not told; the seconds count modulo 2^24.
   */
  setUsage(record: number, frequency: number, idleSeconds: number): void {
    const isTold = this.#policy.lfu ? frequency >= 0 : idleSeconds >= 0;
    if (!isTold) return;
    const access = this.#policy.lfu
      ? (lfuMinutes(this.nowMs) << 8) | frequency
      : (Math.floor(this.nowMs / 1000) - idleSeconds) & accessMask;
    const words = this.heap.words[record >>> SEGMENT_SHIFT];
    const at = recordWordIndex(record) + metaWord;
    words[at] = (words[at] & 0xff) | (access << 8);
  }

  /** Seconds since the last access, from a record's access bits (LRU). */
  idleSeconds(access: number): number {
    return (Math.floor(this.nowMs / 1000) - access) & accessMask;
  }

  /** The LFU counter of a record's access bits, decayed to now. */
  lfuCounter(access: number): number {
    const counter = access & 0xff;
    const { lfuDecayTime } = this.#policy;
    if (lfuDecayTime === 0) return counter;
    const elapsedMinutes = (lfuMinutes(this.nowMs) - (access >>> 8)) & 0xffff;
    return Math.max(0, counter - Math.floor(elapsedMinutes / lfuDecayTime));
  }

  /** Redis' logarithmic counter: the higher it is, the less likely an access raises it. */
  #lfuAccessed(access: number): number {
    let counter = this.lfuCounter(access);
    if (counter < lfuMax) {
      const base = Math.max(0, counter - lfuInitial);
      if (randomFraction(this.random) < 1 / (base * this.#policy.lfuLogFactor + 1)) counter++;
    }
    return (lfuMinutes(this.nowMs) << 8) | counter;
  }

  /** Removes the key that was made and that nobody has heard of. */
  takeBack(): void {
    const record = this.untoldRecord;
    if (record === 0) return;
    this.untoldRecord = 0;
    this.untoldIn!.remove(record);
  }

  /** Notes that a timer of this wheel was armed, in O(1): what wakes the expirer in time. */
  timerArmed(wheel: TimerWheel): void {
    this.nextDueMs = Math.min(this.nextDueMs, wheel.nextDueMs());
  }
}

/** Minutes since the epoch in 16 bits. */
function lfuMinutes(nowMs: number): number {
  return Math.floor(nowMs / 60_000) & 0xffff;
}
