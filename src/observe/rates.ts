/** How much happens per second, averaged over the last samples as INFO's `instantaneous_…` are. */
import type { ServerStats } from "./server_stats.ts";

const samplesMax = 16;

interface Sample {
  atMs: number;
  operations: number;
  inputBytes: number;
  outputBytes: number;
}

export class Rates {
  readonly #stats: ServerStats;
  readonly #samples: Sample[] = [];

  constructor(stats: ServerStats) {
    this.#stats = stats;
  }

  /** Notes the counters; to be called some ten times a second. */
  sample(nowMs: number): void {
    const { commandsTotal, netInputBytes, netOutputBytes } = this.#stats;
    this.#samples.push({
      atMs: nowMs,
      operations: commandsTotal,
      inputBytes: netInputBytes,
      outputBytes: netOutputBytes,
    });
    if (this.#samples.length > samplesMax) this.#samples.shift();
  }

  perSecond(): { operations: number; inputBytes: number; outputBytes: number } {
    const first = this.#samples[0];
    const last = this.#samples[this.#samples.length - 1];
    const seconds = first === undefined ? 0 : (last.atMs - first.atMs) / 1000;
    if (seconds <= 0) return { operations: 0, inputBytes: 0, outputBytes: 0 };
    // counters go back to 0 with CONFIG RESETSTAT
    return {
      operations: Math.max(0, last.operations - first.operations) / seconds,
      inputBytes: Math.max(0, last.inputBytes - first.inputBytes) / seconds,
      outputBytes: Math.max(0, last.outputBytes - first.outputBytes) / seconds,
    };
  }
}
