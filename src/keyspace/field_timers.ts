/**
 * When fields of hashes go: a timer for each hash of a database that has fields with times to live, in a
 * wheel of their own. What the fields' times are, and which timer is whose, the hash itself keeps.
 *
 * A timer is never later than the first of its hash's fields. It may be earlier, when that field has lost
 * its time to live since: then there is nothing to remove when it comes, and it is set anew.
 */
import { neverMs } from "../values/hash_fields.ts";
import type { Hashes } from "../values/hashes.ts";
import type { Keyspace } from "./keyspace.ts";
import { TimerWheel } from "./timer_wheel.ts";

export class FieldTimers {
  readonly wheel: TimerWheel;
  readonly #keyspace: Keyspace;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
    this.wheel = new TimerWheel(keyspace.heap, keyspace.nowMs);
  }

  /**
   * To be called before a field is given a time to live.
   *
   * @throws {HeapFullError} if there is no memory for a timer; nothing has changed then.
   */
  cover(record: number, expiresAtMs: number): void {
    const timer = this.#hashes.timer(record);
    if (timer === 0 || this.wheel.expiresAtMs(timer) > expiresAtMs) this.#set(record, expiresAtMs);
  }

  /** Has the timer of a hash come when its first field goes; without any such field it has none. */
  update(record: number): void {
    const earliestMs = this.#hashes.earliestMs(record);
    if (earliestMs === neverMs) return this.cancel(record);
    const timer = this.#hashes.timer(record);
    if (timer === 0 || this.wheel.expiresAtMs(timer) !== earliestMs) this.#set(record, earliestMs);
  }

  /** Takes a hash's timer away, if it has one. */
  cancel(record: number): void {
    const timer = this.#hashes.timer(record);
    if (timer === 0) return;
    this.wheel.cancel(timer);
    this.#hashes.setTimer(record, 0);
  }

  /** The hash, as it is, belongs to another record now. */
  moved(record: number): void {
    const timer = this.#hashes.timer(record);
    if (timer !== 0) this.wheel.setOwner(timer, record);
  }

  get #hashes(): Hashes {
    return this.#keyspace.values.hashes;
  }

  #set(record: number, timeMs: number): void {
    // a wheel that knows the present places the timer well
    this.wheel.advance(this.#keyspace.nowMs);
    const timer = this.#hashes.timer(record);
    if (timer === 0) this.#hashes.setTimer(record, this.wheel.arm(record, timeMs));
    else this.wheel.move(timer, timeMs);
    this.#keyspace.timerArmed(this.wheel);
  }
}
