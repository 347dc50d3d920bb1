/**
 * The snapshots of a server: on request, when the save points say so, and how the last ones went.
 *
 * It owns when a snapshot is made and what becomes of it. At most one is under way, be it this one's or
 * that which an append-only log begins with: `SnapshotSlot` is what they share.
 */
import type { Clock } from "../clock.ts";
import type { ConfigValues } from "../config/values.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "../log.ts";
import type { ServerStats } from "../observe/server_stats.ts";
import { type Storage, StorageError } from "../storage.ts";
import { redisVersion } from "../version.ts";
import { KeyDelay } from "./key_delay.ts";
import { BackgroundSave, type RdbDestination, saveNow, SnapshotCancelled } from "./rdb_file.ts";
import { accessInfoFor, RdbFormat } from "./rdb_writer.ts";
import { RewriteFormat } from "./rewrite_writer.ts";
import { Snapshot } from "./snapshot.ts";

/** After one that failed, what is scheduled waits so long, and so do save points, in milliseconds. */
const retryDelayMs = 5000;

/** What those who make snapshots work with. */
export interface SnapshotFoundation {
  readonly keyspace: Keyspace;
  readonly values: ConfigValues;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly stats: ServerStats;
  /** For tests: whether any checksum will do in what is loaded. */
  skipsChecksum: boolean;
  /** Code of libraries of functions that was loaded. It is not run here, and written again as it is. */
  functions: readonly Uint8Array[];
  /** Has the latency monitor know how long something took. */
  noteLatency(event: string, durationUs: number): void;
  /** A path that the configuration names, made absolute. */
  resolvePath(path: string): string;
}

/** Makes the cut, of what becomes a file of its own or the base of a log. */
export function cut(foundation: SnapshotFoundation, isAofBase: boolean): Snapshot {
  const { keyspace, values, clock, functions } = foundation;
  const format = isAofBase && !values.aofUseRdbPreamble
    ? new RewriteFormat(keyspace, values.aofTimestampEnabled)
    : new RdbFormat(keyspace, {
      compresses: values.rdbcompression,
      sums: values.rdbchecksum,
      access: accessInfoFor(values.maxmemoryPolicy),
    });
  return new Snapshot(keyspace, format, {
    redisVersion,
    createdAtSeconds: Math.floor(clock.nowMs() / 1000),
    usedMemoryBytes: keyspace.heap.usedBytes,
    isAofBase,
    functions,
  });
}

/** The snapshot that is written beside the commands, of which there is one at most. */
export class SnapshotSlot {
  #save: BackgroundSave | null = null;

  get save(): BackgroundSave | null {
    return this.#save;
  }

  /** Runs a save; nobody else may until it is over. */
  async run(save: BackgroundSave): Promise<number> {
    this.#save = save;
    try {
      return await save.run();
    } finally {
      this.#save = null;
    }
  }
}

export class RdbSaver {
  /** When data was last saved, or the server began. */
  lastSaveMs: number;
  lastSucceeded = true;
  /** How long the last one in the background took; -1 before the first. */
  lastSeconds = -1;
  /** How often one was begun in the background, or asked for by SAVE. */
  savesTotal = 0;
  /** To be made as soon as no other snapshot is under way, nor has just failed. */
  isScheduled = false;
  readonly #foundation: SnapshotFoundation;
  readonly #slot: SnapshotSlot;
  /** Files begun: each has a temporary name of its own. */
  #files = 0;
  #lastTryMs = -Infinity;
  /** Changes that were saved. */
  #savedDirty = 0;
  #current: { save: BackgroundSave; startedMs: number; over: Promise<void> } | null = null;

  constructor(foundation: SnapshotFoundation, slot: SnapshotSlot) {
    this.#foundation = foundation;
    this.#slot = slot;
    this.lastSaveMs = foundation.clock.nowMs();
  }

  /** Changes that are lost if the process ends now. */
  get changesSinceSave(): number {
    return this.#foundation.stats.dirty - this.#savedDirty;
  }

  get isRunning(): boolean {
    return this.#current !== null;
  }

  /** How long the one under way has taken; -1 without one. */
  get currentSeconds(): number {
    if (this.#current === null) return -1;
    return Math.floor((this.#foundation.clock.nowMs() - this.#current.startedMs) / 1000);
  }

  /** The data in memory is what the file has. */
  noteSaved(dirty: number = this.#foundation.stats.dirty): void {
    this.#savedDirty = dirty;
    this.lastSaveMs = this.#foundation.clock.nowMs();
    this.lastSucceeded = true;
  }

  /**
   * Saves at once.
   *
   * @throws {StorageError}
   */
  saveNow(): void {
    const { clock, log } = this.#foundation;
    // there is one snapshot at a time; a log that was being rewritten is so again later
    this.#slot.save?.cancel();
    try {
      saveNow(cut(this.#foundation, false), this.#destination(), clock);
    } catch (error) {
      if (error instanceof StorageError) {
        log.warning(`Error saving DB on disk (${this.#path}): ${error.message}`);
      }
      throw error;
    }
    log.notice("DB saved on disk");
    this.noteSaved();
  }

  /** Begins to save beside the commands; no snapshot may be under way. */
  saveInBackground(): void {
    const { clock, log, stats } = this.#foundation;
    const startedMs = this.#lastTryMs = clock.nowMs();
    this.savesTotal++;
    this.isScheduled = false;
    const save = new BackgroundSave(cut(this.#foundation, false), this.#destination(), clock);
    log.notice("Background saving started");
    const over = this.#finish(save, startedMs, stats.dirty);
    this.#current = { save, startedMs, over };
  }

  /** Gives up the one under way; resolves when nothing is left of it. */
  async cancel(): Promise<void> {
    this.#current?.save.cancel();
    await this.#current?.over;
  }

  /** All data is gone because somebody wanted that: it is not to be back after the next start. */
  flushed(): void {
    this.cancel();
    if (this.#foundation.values.save.length === 0) return;
    try {
      this.saveNow();
    } catch (error) {
      // it is logged
      if (!(error instanceof StorageError)) throw error;
    }
  }

  /** To be called now and then: saves when that is due. */
  cron(): void {
    if (this.#slot.save !== null) return;
    const { clock, log, values } = this.#foundation;
    const nowMs = clock.nowMs();
    if (!this.lastSucceeded && nowMs - this.#lastTryMs <= retryDelayMs) return;
    if (this.isScheduled) return this.saveInBackground();
    const changes = this.changesSinceSave;
    const reached = values.save.find((point) =>
      changes >= point.changes && (nowMs - this.lastSaveMs) / 1000 > point.seconds
    );
    if (reached === undefined) return;
    log.notice(`${reached.changes} changes in ${reached.seconds} seconds. Saving...`);
    this.saveInBackground();
  }

  async #finish(save: BackgroundSave, startedMs: number, dirty: number): Promise<void> {
    const { clock, log } = this.#foundation;
    try {
      await this.#slot.run(save);
      this.noteSaved(dirty);
      log.notice("Background saving terminated with success");
    } catch (error) {
      if (error instanceof SnapshotCancelled) {
        log.warning("Background saving was given up");
      } else if (error instanceof StorageError) {
        this.lastSucceeded = false;
        log.warning(`Background saving error (${this.#path}): ${error.message}`);
      } else throw error;
    } finally {
      this.lastSeconds = Math.floor((clock.nowMs() - startedMs) / 1000);
      this.#current = null;
    }
  }

  get #path(): string {
    const { resolvePath, values } = this.#foundation;
    return resolvePath(values.dbfilename);
  }

  #destination(): RdbDestination {
    const { resolvePath, storage, values } = this.#foundation;
    return {
      storage,
      path: this.#path,
      temporaryPath: resolvePath(`temp-${Deno.pid}.${++this.#files}.rdb`),
      syncsParts: values.rdbSaveIncrementalFsync,
      delay: new KeyDelay(values.rdbKeySaveDelay),
    };
  }
}
