/**
 * Time as the server sees it: the only file that asks the machine what time it is, and the only one
 * that sets a timer.
 *
 * Two implementations: `SystemClock`, and `ManualClock`, which a test or an embedding application
 * moves by hand. Wall time is in integer milliseconds since the Unix epoch; durations are measured
 * with a monotonic clock in microseconds.
 */
import { setImmediate } from "node:timers";

/** What cancels a timer that has not fired yet. */
export type CancelTimer = () => void;

/** A source of time and of timers. */
export interface Clock {
  /** Wall time in integer milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Wall time in integer microseconds; the millisecond that it falls in is `nowMs()`. */
  nowUs(): number;
  /** Monotonic time in microseconds, fractions included; its zero is arbitrary. */
  monotonicUs(): number;
  /** Calls `run` once, `delayMs` from now at the earliest. */
  after(delayMs: number, run: () => void): CancelTimer;
  /** Holds up everything in this process for `durationMs`. */
  block(durationMs: number): void;
}

/** Longest delay that a platform timer takes without wrapping, in milliseconds. */
const timerDelayMsMax = 0x7fffffff;

/** The machine's own clocks. */
export class SystemClock implements Clock {
  /** By how much the wall clock is ahead of the monotonic one. */
  #wallOffsetUs = Math.floor(performance.timeOrigin * 1000);

  nowMs(): number {
    return Date.now();
  }

  /** The wall clock shows milliseconds: the monotonic one, set by it, says where within one we are. */
  nowUs(): number {
    const monotonicUs = Math.floor(this.monotonicUs());
    const wallUs = this.nowMs() * 1000;
    const nowUs = Math.min(Math.max(monotonicUs + this.#wallOffsetUs, wallUs), wallUs + 999);
    this.#wallOffsetUs = nowUs - monotonicUs;
    return nowUs;
  }

  monotonicUs(): number {
    return performance.now() * 1000;
  }

  after(delayMs: number, run: () => void): CancelTimer {
    const id = setTimeout(run, Math.min(delayMs, timerDelayMsMax));
    return () => clearTimeout(id);
  }

  block(durationMs: number): void {
    const neverNotified = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(neverNotified, 0, 0, durationMs);
  }
}

/**
 * A clock that stands still until it is moved.
 *
 * @example
 * ```ts
 * import { ManualClock, Server } from "@redino/redino";
 *
 * const clock = new ManualClock(Date.UTC(2026, 0, 1));
 * const server = new Server({ port: 0, clock });
 * await server.start();
 * // SET greeting hello EX 60 …
 * clock.advance(60_000); // … and it is gone
 * await server.stop();
 * ```
 */
export class ManualClock implements Clock {
  #nowMs: number;
  #timers = new Set<{ dueMs: number; run: () => void }>();

  /** @param startMs Wall time to start at, in milliseconds since the Unix epoch. */
  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  nowUs(): number {
    return this.#nowMs * 1000;
  }

  monotonicUs(): number {
    return this.#nowMs * 1000;
  }

  after(delayMs: number, run: () => void): CancelTimer {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Time goes by, but what falls due in it has to wait for the next `advance`. */
  block(durationMs: number): void {
    this.#nowMs += Math.ceil(durationMs);
  }

  /** Moves time forward by `ms`, running every timer that falls due, in order of time. */
  advance(ms: number): void {
    const targetMs = this.#nowMs + ms;
    for (let next = this.#nextDue(targetMs); next; next = this.#nextDue(targetMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
    }
    this.#nowMs = targetMs;
  }

  #nextDue(untilMs: number): { dueMs: number; run: () => void } | undefined {
    let first: { dueMs: number; run: () => void } | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (!first || timer.dueMs < first.dueMs)) first = timer;
    }
    return first;
  }
}

/**
 * As long as there is something else to do the runtime looks at its sockets only every so many turns of
 * the event loop (`event_interval` of tokio).
 */
const turnsPerLook = 61;

/**
 * Resolves when whoever else has something to do has done a piece of it: it is no matter of time.
 *
 * One turn is not enough for that. Between slices of a millisecond, 50 clients got 400 replies a second,
 * after 60 ms each; with as many turns as sockets wait for 13,500, after 1.7 ms (Deno 2.9.6, 2026-11-27).
 * A timer that fires ends it earlier: timers are looked at together with sockets. In Deno 2.4.2 every turn
 * is a timer's and lasts a millisecond, so that 61 of them held up a long pipeline for 80 ms each time.
 */
export function othersTurn(): Promise<void> {
  return new Promise((resolve) => {
    let turns = 0;
    let isOver = false;
    const end = (): void => {
      isOver = true;
      clearTimeout(timer);
      resolve();
    };
    const next = (): void => {
      if (isOver) return;
      if (++turns === turnsPerLook) end();
      else setImmediate(next);
    };
    const timer = setTimeout(end, 0);
    setImmediate(next);
  });
}
