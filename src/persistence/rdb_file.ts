/**
 * A snapshot on its way to the disk: at once (SAVE), or in slices between which commands run (BGSAVE).
 *
 * The file is written under a temporary name, synced, and only then given its own: it is there as a
 * whole, or not at all.
 */
import { type Clock, othersTurn } from "../clock.ts";
import { backgroundSliceUsMax } from "../limits.ts";
import { discard, keep, type Storage, type WritableFile } from "../storage.ts";
import type { KeyDelay } from "./key_delay.ts";
import type { Snapshot } from "./snapshot.ts";

/** What is written between two looks at the clock, in bytes: a tenth of a millisecond, or less. */
const stepBytes = 8 * 1024;
/** Steps in a slice at most, whatever the clock says: one that is moved by hand stands still. */
const sliceStepsMax = 256;
/**
 * How long a slice may be while others have more to do than that, in microseconds. 50 clients get 11,000
 * replies a second, with slices of a millisecond 9,100, and the disk is as busy with either (medians of 3,
 * with other programs running; Deno 2.9.6, 2026-11-27).
 */
const busySliceUsMax = 500;
/** A step of a save that is delayed: a bucket of keys. */
const delayedStepBytes = 1;

/** Written and not yet synced, at most, where the file is synced while it is written; as Redis. */
const unsyncedBytesMax = 4 * 1024 * 1024;

/** Where a snapshot goes. */
export interface RdbDestination {
  readonly storage: Storage;
  readonly path: string;
  /** In the same folder. */
  readonly temporaryPath: string;
  /** Sync part by part, so that the end of the file does not wait for all of it. */
  readonly syncsParts: boolean;
  readonly delay: KeyDelay;
}

/** Somebody has asked for the snapshot to be given up. */
export class SnapshotCancelled extends Error {
  override name = "SnapshotCancelled";
}

/**
 * Writes a snapshot while everything else stands still. Returns the length of the file.
 *
 * @throws {StorageError} The file that was there before is still there.
 */
export function saveNow(snapshot: Snapshot, destination: RdbDestination, clock: Clock): number {
  const { storage, path, temporaryPath, syncsParts, delay } = destination;
  const bytes = delay.isOn ? delayedStepBytes : unsyncedBytesMax;
  try {
    using file = storage.create(temporaryPath);
    let unsyncedBytes = 0;
    for (let isLast = false; !isLast;) {
      isLast = snapshot.step(bytes);
      if (delay.isOn) clock.block(delay.dueMs(snapshot.keysWritten));
      for (let chunk = snapshot.output.take(); chunk; chunk = snapshot.output.take()) {
        file.writeNow(chunk.buffer.subarray(0, chunk.length));
        unsyncedBytes += chunk.length;
        snapshot.output.release(chunk.buffer);
      }
      if (!isLast && (!syncsParts || unsyncedBytes < unsyncedBytesMax)) continue;
      file.syncNow();
      unsyncedBytes = 0;
    }
  } catch (error) {
    if (!snapshot.isOver) snapshot.cancel();
    discard(storage, temporaryPath);
    throw error;
  }
  keep(storage, temporaryPath, path);
  return snapshot.output.byteLength;
}

/** Writes a snapshot beside the commands. */
export class BackgroundSave {
  /** How long it took to give the file its name, with which everybody else had to wait. */
  renameUs = 0;
  readonly #snapshot: Snapshot;
  readonly #destination: RdbDestination;
  readonly #clock: Clock;
  #unsyncedBytes = 0;
  #isCancelled = false;
  /** Ends the present delay. */
  #goOn: () => void = () => {};

  constructor(snapshot: Snapshot, destination: RdbDestination, clock: Clock) {
    this.#snapshot = snapshot;
    this.#destination = destination;
    this.#clock = clock;
  }

  get keysTotal(): number {
    return this.#snapshot.keysTotal;
  }

  get keysWritten(): number {
    return this.#snapshot.keysWritten;
  }

  /** Gives up: the databases are free for another snapshot at once, the file is as soon as may be. */
  cancel(): void {
    this.#isCancelled = true;
    this.#goOn();
    if (!this.#snapshot.isOver) this.#snapshot.cancel();
  }

  /** @throws {SnapshotCancelled} */
  checkCancelled(): void {
    if (this.#isCancelled) throw new SnapshotCancelled("the snapshot was given up");
  }

  /**
   * Writes all of the snapshot. Resolves with the length of the file, which has its name then.
   *
   * @throws {StorageError} It can't be written.
   * @throws {SnapshotCancelled}
   */
  async run(): Promise<number> {
    const { storage, path, temporaryPath } = this.#destination;
    try {
      using file = storage.create(temporaryPath);
      await this.#fill(file);
      await file.sync();
      // its name may be that of a later one by now
      this.checkCancelled();
    } catch (error) {
      if (!this.#snapshot.isOver) this.#snapshot.cancel();
      await discard(storage, temporaryPath);
      throw error;
    }
    const startUs = this.#clock.monotonicUs();
    keep(storage, temporaryPath, path);
    this.renameUs = this.#clock.monotonicUs() - startUs;
    return this.#snapshot.output.byteLength;
  }

  /** Takes slices in turns with everybody else, while what the last ones brought is being written. */
  async #fill(file: WritableFile): Promise<void> {
    const { delay } = this.#destination;
    let written: Promise<void> = Promise.resolve();
    let failure: unknown = null;
    for (let isLast = false; !isLast;) {
      const askedUs = this.#clock.monotonicUs();
      await othersTurn();
      if (this.#isCancelled) break;
      const isBusy = this.#clock.monotonicUs() - askedUs > busySliceUsMax;
      isLast = delay.isOn
        ? this.#snapshot.step(delayedStepBytes)
        : this.#slice(isBusy ? busySliceUsMax : backgroundSliceUsMax);
      if (delay.isOn) await this.#pause(delay.dueMs(this.#snapshot.keysWritten));
      // one slice ahead of the disk, and no further; while one is being written, only that takes chunks
      await written;
      if (failure !== null) break;
      written = this.#write(file).catch((error) => {
        failure = error;
      });
    }
    await written;
    if (failure !== null) throw failure;
    this.checkCancelled();
  }

  /** Has the snapshot go on for so long; whether it is complete. */
  #slice(usMax: number): boolean {
    const startUs = this.#clock.monotonicUs();
    for (let i = 0; i < sliceStepsMax; i++) {
      if (this.#snapshot.step(stepBytes)) return true;
      if (this.#clock.monotonicUs() - startUs >= usMax) break;
    }
    return false;
  }

  /** Waits, unless the snapshot is given up. */
  #pause(milliseconds: number): Promise<void> {
    if (milliseconds === 0 || this.#isCancelled) return Promise.resolve();
    return new Promise((resolve) => {
      const cancelTimer = this.#clock.after(milliseconds, resolve);
      this.#goOn = () => {
        cancelTimer();
        resolve();
      };
    });
  }

  /** Writes what there is, and what comes meanwhile. */
  async #write(file: WritableFile): Promise<void> {
    const { output } = this.#snapshot;
    for (let chunk = output.take(); chunk !== null; chunk = output.take()) {
      await file.write(chunk.buffer.subarray(0, chunk.length));
      this.#unsyncedBytes += chunk.length;
      output.release(chunk.buffer);
      if (!this.#destination.syncsParts || this.#unsyncedBytes < unsyncedBytesMax) continue;
      await file.sync();
      this.#unsyncedBytes = 0;
    }
  }
}
