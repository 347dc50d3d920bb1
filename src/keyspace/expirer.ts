/**
 * Removes keys, and fields of hashes, when their time has come, without being asked for them, and frees
 * what flushed databases left behind: the keyspace's background work.
 *
 * It sleeps until a timer wheel has something to do and works in slices, so that no command waits for
 * long. Between slices the event loop runs. That a key whose time has come isn't seen doesn't depend on
 * the expirer: `Database.find` looks for itself.
 *
 * On an idle server with 1M volatile keys a key goes 0.8 ms after its time (median; 9 in 10 within 2 ms,
 * on a machine shared with others). What remains is the platform's timers, which are up to 1.1 ms late.
 * Setting them a fraction of a millisecond early was tried: one that fires too early costs another 2 ms.
 * A million keys of one millisecond go within 1.6 s, in slices of 1 ms.
 */
import type { CancelTimer, Clock } from "../clock.ts";
import { backgroundSliceUsMax } from "../limits.ts";
import type { Database } from "./database.ts";
import type { Keyspace } from "./keyspace.ts";

/** Keys or timers treated between two looks at the clock. */
const batchStepsMax = 32;

/** Fields of one hash that go at once, of which listeners hear as of one change. */
const batchFieldsMax = 128;

/** Batches in a slice at most, whatever the clock says: one that is moved by hand stands still. */
const sliceBatchesMax = 128;

/**
 * Longest sleep, in milliseconds: how late it can be noticed, on an idle server, that the machine's
 * wall clock was set forward.
 */
const sleepMsMax = 1000;

/** Hears how long an event took, by the name that the latency monitor has for it. */
export type NoteLatency = (event: string, durationUs: number) => void;

/** Counters of INFO's stats section that the expirer keeps. */
export class ExpirerStats {
  /** Slices that ended with work left. */
  timeCapReached = 0;
  /** Time spent in slices. */
  elapsedUs = 0;

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.timeCapReached = this.elapsedUs = 0;
  }
}

/**
 * The keyspace's background work, driven by a clock's timers.
 *
 * @example
 * ```ts
 * const expirer = new Expirer(keyspace, clock);
 * expirer.start();
 * // run a batch of commands …
 * expirer.schedule();
 * ```
 */
export class Expirer {
  readonly stats = new ExpirerStats();
  readonly #keyspace: Keyspace;
  readonly #clock: Clock;
  readonly #noteLatency: NoteLatency;
  #started = false;
  #enabled = true;
  #cancelTimer: CancelTimer | null = null;
  /** What the timer is set to: Infinity without one, -Infinity when it fires as soon as it can. */
  #wakeAtMs = Infinity;
  /** The database to go on with, so that none waits until another has nothing left. */
  #turn = 0;

  /** @param noteLatency Hears how long each slice took. */
  constructor(keyspace: Keyspace, clock: Clock, noteLatency: NoteLatency = () => {}) {
    this.#keyspace = keyspace;
    this.#clock = clock;
    this.#noteLatency = noteLatency;
  }

  start(): void {
    this.#started = true;
    this.schedule();
  }

  stop(): void {
    this.#started = false;
    this.#cancel();
  }

  /** Whether keys go by themselves (DEBUG SET-ACTIVE-EXPIRE); if not, only when they are accessed. */
  get enabled(): boolean {
    return this.#enabled;
  }

  set enabled(enabled: boolean) {
    this.#enabled = enabled;
    this.schedule();
  }

  /** To be called after every batch of commands: sees to it that it wakes up in time. */
  schedule(): void {
    // what is overdue has its timer already: set anew with every batch, it would never fire
    const dueMs = Math.max(this.#nextDueMs(), this.#keyspace.nowMs);
    if (dueMs < this.#wakeAtMs) this.#sleepUntil(dueMs);
  }

  #nextDueMs(): number {
    if (this.#keyspace.reclaimer.pending) return -Infinity;
    return this.#enabled ? this.#keyspace.nextDueMs : Infinity;
  }

  #sleepUntil(wakeAtMs: number): void {
    this.#cancel();
    if (!this.#started || wakeAtMs === Infinity) return;
    const nowMs = this.#clock.nowMs();
    const delayMs = Math.min(Math.max(0, wakeAtMs - nowMs), sleepMsMax);
    // one that was due a moment earlier is no reason to set the timer again, and so put it off
    this.#wakeAtMs = wakeAtMs > nowMs ? wakeAtMs : -Infinity;
    this.#cancelTimer = this.#clock.after(delayMs, () => this.#wake());
  }

  #cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#wakeAtMs = Infinity;
  }

  #wake(): void {
    this.#keyspace.setNow(this.#clock.nowMs());
    const startUs = this.#clock.monotonicUs();
    let batches = 0;
    let elapsedUs = 0;
    let isDone = false;
    do {
      isDone = !this.#runBatch();
      elapsedUs = this.#clock.monotonicUs() - startUs;
      batches++;
    } while (!isDone && elapsedUs < backgroundSliceUsMax && batches < sliceBatchesMax);
    this.stats.elapsedUs += elapsedUs;
    if (!isDone) this.stats.timeCapReached++;
    this.#noteLatency("expire-cycle", elapsedUs);
    this.#sleepUntil(isDone ? this.#findNextDue() : -Infinity);
  }

  /** Does a small portion of what there is to do; false if there was nothing. */
  #runBatch(): boolean {
    if (this.#enabled) {
      const { databases } = this.#keyspace;
      for (let i = 0; i < databases.length; i++) {
        this.#turn = (this.#turn + 1) % databases.length;
        if (this.#expireSome(databases[this.#turn])) return true;
      }
    }
    if (!this.#keyspace.reclaimer.pending) return false;
    this.#keyspace.reclaimer.slice(batchStepsMax);
    return true;
  }

  /** Removes due keys or fields of a database; without any, sees to those that are due soon. */
  #expireSome(database: Database): boolean {
    return this.#expireKeys(database) || this.#expireFields(database);
  }

  #expireKeys(database: Database): boolean {
    const { wheel } = database;
    wheel.advance(this.#keyspace.nowMs);
    let steps = 0;
    for (; steps < batchStepsMax; steps++) {
      const record = wheel.firstDue();
      if (record === 0) break;
      database.expire(record);
    }
    return steps > 0 || wheel.cascade(batchStepsMax) > 0;
  }

  #expireFields(database: Database): boolean {
    const { wheel } = database.fieldTimers;
    wheel.advance(this.#keyspace.nowMs);
    let steps = 0;
    while (steps < batchStepsMax) {
      const record = wheel.firstDue();
      if (record === 0) break;
      steps += 1 + database.expireFields(record, batchFieldsMax);
    }
    return steps > 0 || wheel.cascade(batchStepsMax) > 0;
  }

  #findNextDue(): number {
    let nextMs = Infinity;
    for (const { wheel, fieldTimers } of this.#keyspace.databases) {
      nextMs = Math.min(nextMs, wheel.nextDueMs(), fieldTimers.wheel.nextDueMs());
    }
    this.#keyspace.nextDueMs = nextMs;
    return this.#nextDueMs();
  }
}
