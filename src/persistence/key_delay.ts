/**
 * The delays that tests ask for (`rdb-key-save-delay`, `key-load-delay`), so that a few keys take long
 * enough to be saved, or loaded, to look at what goes on meanwhile.
 */

export class KeyDelay {
  readonly #keyUs: number;
  #waitedMs = 0;

  /** @param directive Microseconds for each key; where negative, so many keys for one. */
  constructor(directive: number) {
    this.#keyUs = directive < 0 ? -1 / directive : directive;
  }

  get isOn(): boolean {
    return this.#keyUs > 0;
  }

  /**
   * Milliseconds to wait now that so many keys are done, all in all: what is due, but for what this has
   * answered before. Less than one is left for later.
   */
  dueMs(keysDone: number): number {
    const milliseconds = Math.floor(keysDone * this.#keyUs / 1000) - this.#waitedMs;
    this.#waitedMs += milliseconds;
    return milliseconds;
  }
}
