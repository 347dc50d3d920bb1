/**
 * What was removed and is too large to be freed at once: jobs that free it, run in slices.
 *
 * Removing a key unlinks its value, which nobody can reach from then on; returning the memory of a
 * value with millions of elements takes a second. Here the value waits until somebody has time.
 */

/** Frees up to about `stepsMax` blocks; whether none is left. */
export type FreeSome = (stepsMax: number) => boolean;

export class Reclaimer {
  readonly #jobs: FreeSome[] = [];
  /** Jobs done; CONFIG RESETSTAT begins again. */
  doneCount = 0;

  /** Jobs that wait. */
  get pendingCount(): number {
    return this.#jobs.length;
  }

  /** Whether anything waits to be freed. */
  get pending(): boolean {
    return this.#jobs.length > 0;
  }

  /** Has a job done behind those that wait already. */
  later(free: FreeSome): void {
    this.#jobs.push(free);
  }

  /** Frees up to about `stepsMax` blocks. */
  slice(stepsMax: number): void {
    if (this.#jobs.length === 0 || !this.#jobs[0](stepsMax)) return;
    this.#jobs.shift();
    this.doneCount++;
  }
}
