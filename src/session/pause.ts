/**
 * CLIENT PAUSE: commands of clients wait, all of them or those that may write, until a moment or until
 * CLIENT UNPAUSE.
 */
import type { CancelTimer, Clock } from "../clock.ts";

export class Pause {
  readonly #clock: Clock;
  #untilMs = 0;
  #writesOnly = false;
  #cancelTimer: CancelTimer | null = null;
  #ended: PromiseWithResolvers<void> | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether any commands wait now. */
  get active(): boolean {
    return this.#ended !== null;
  }

  /** Whether only commands that may write wait. */
  get writesOnly(): boolean {
    return this.#writesOnly;
  }

  /** Resolves when the pause is over. */
  get ended(): Promise<void> {
    return this.#ended?.promise ?? Promise.resolve();
  }

  /** Begins a pause; one under way is never made shorter nor narrower, as in Redis. */
  begin(untilMs: number, writesOnly: boolean): void {
    this.#writesOnly = this.active ? this.#writesOnly && writesOnly : writesOnly;
    this.#untilMs = Math.max(this.active ? this.#untilMs : 0, untilMs);
    this.#ended ??= Promise.withResolvers<void>();
    this.#arm();
  }

  /** Ends the pause at once. */
  end(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#ended?.resolve();
    this.#ended = null;
    this.#untilMs = 0;
  }

  #arm(): void {
    this.#cancelTimer?.();
    const leftMs = this.#untilMs - this.#clock.nowMs();
    if (leftMs <= 0) return this.end();
    // a timer may fire early where the delay was cut to the longest that a platform takes
    this.#cancelTimer = this.#clock.after(leftMs, () => this.#arm());
  }
}
