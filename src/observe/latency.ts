/**
 * The latency monitor: when, in which kind of event, the server was slower than
 * `latency-monitor-threshold`.
 *
 * Each kind of event has a ring of samples, at most one a second: the slowest of that second. The kinds:
 *
 * - `command`, and `fast-command` for commands that never have much to do, whose slowness tells of a busy
 *   machine;
 * - `expire-cycle` and `eviction-cycle`, slices of removing keys;
 * - `aof-write`, which is as well `aof-write-alone`, `-pending-fsync` or `-active-child` by what else was
 *   under way; `aof-fsync-always`; and `aof-rename`, when a rewritten log gets its name. These are beside
 *   the event loop, but the last.
 */

/** Seconds with a sample that are kept of each kind of event. */
const samplesMax = 160;

/** The slowest event of one second. */
export interface LatencySample {
  readonly atSeconds: number;
  latencyMs: number;
}

/** What is known of one kind of event. */
export interface LatencyEvent {
  /** Oldest first, never empty. */
  readonly samples: readonly LatencySample[];
  /** The slowest of all, kept or not. */
  readonly maxMs: number;
}

interface History extends LatencyEvent {
  readonly samples: LatencySample[];
  maxMs: number;
}

export class LatencyMonitor {
  readonly #histories = new Map<string, History>();

  /** Notes an event that was slower than the threshold. */
  note(event: string, durationMs: number, nowMs: number): void {
    const latencyMs = Math.floor(durationMs);
    const atSeconds = Math.floor(nowMs / 1000);
    const history = this.#histories.get(event) ?? { samples: [], maxMs: 0 };
    this.#histories.set(event, history);
    history.maxMs = Math.max(history.maxMs, latencyMs);
    const last = history.samples.at(-1);
    if (last?.atSeconds === atSeconds) {
      last.latencyMs = Math.max(last.latencyMs, latencyMs);
      return;
    }
    history.samples.push({ atSeconds, latencyMs });
    if (history.samples.length > samplesMax) history.samples.shift();
  }

  /** The kinds of event that have been slow, by name. */
  get events(): ReadonlyMap<string, LatencyEvent> {
    return this.#histories;
  }

  /** Forgets one kind of event; returns whether there was anything to forget. */
  forget(event: string): boolean {
    return this.#histories.delete(event);
  }
}
