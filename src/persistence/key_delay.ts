/**
 * The delays that tests ask for (`rdb-key-save-delay`, `key-load-delay`), so that a few keys take long
 * enough to be saved, or loaded, to look at what goes on meanwhile.
 */

export class KeyDelay {
  #keyUs: number;
  #keysDone = 0;
  /** What is due of it, but for what `dueMs` has answered. */
  #dueUs = 0;

  /** @param directive Microseconds for each key; where negative, so many keys for one. */
  constructor(directive: number) {
    this.#keyUs = keyUs(directive);
  }

  /** Has the keys take as long as the directive says now. */
  follow(directive: number): void {
    this.#keyUs = keyUs(directive);
  }

  get isOn(): boolean {
    return this.#keyUs > 0;
  }

  /**
   * Milliseconds to wait now that so many keys are done, all in all: what is due, but for what this has
   * answered before. Less than one is left for later.
   */
  dueMs(keysDone: number): number {
    this.#dueUs += (keysDone - this.#keysDone) * this.#keyUs;
    this.#keysDone = keysDone;
    const milliseconds = Math.floor(this.#dueUs / 1000);
    this.#dueUs -= milliseconds * 1000;
    return milliseconds;
  }
}

function keyUs(directive: number): number {
  return directive < 0 ? -1 / directive : directive;
}
