/**
 * Adds to one file of an append-only log, and knows what of it is safe.
 *
 * Under `appendfsync everysec` and `no` it works beside the event loop: bytes gather while the file is busy,
 * and go to it together. A sync is beside the writes, so that the death of the process loses no more on
 * a slow disk.
 *
 * Under `always` all commands of a turn of the event loop share a write and a sync (group commit). Where
 * that is short it is made at once: the way to another thread and back would cost more than it wins. Where
 * it takes longer it is made beside the loop, and what comes from other clients meanwhile is the next group.
 * SETs a second of 50 clients, by how long a sync takes, made at once, beside the loop, and by Redis
 * (2-core AMD EPYC, Deno 2.9.6, 2026-11-27):
 *
 *              pipeline 1               pipeline 16
 *      1 ms    14,800  20,500  17,300   131,000  199,000  146,000
 *      2 ms     9,400  11,000  10,200   104,000  158,000   95,000
 *      5 ms     5,000   6,500   4,700    66,000   83,000   60,000
 *
 * The file is not made longer ahead, though what doesn't grow is synced in half to two thirds of the time
 * (ext4, the same day): where power is lost, a group of which only some pages came to the disk would be
 * amid filler, and Redis refuses such a log where it cuts off one that ends too early.
 *
 * A write that fails is taken back by the file and is tried again by `tick`: nothing is lost, nothing is
 * there twice, and the log never goes on behind half a command.
 */
import type { Clock } from "../clock.ts";
import { AppendFsync } from "../config/values.ts";
import { StorageError, type WritableFile } from "../storage.ts";

/** Room for what gathers, in bytes; more is taken as it comes. */
const bufferBytesInitial = 64 * 1024;
/** A larger buffer is not kept for the next time. */
const bufferBytesKeptMax = 1024 * 1024;

/**
 * A sync that takes longer is made beside the event loop, in milliseconds. With 0.5 a disk of 0.3 was never
 * found to be fast again, as the way to the thread counts: 17,500 SETs a second at pipeline 1 instead of 22,000.
 */
const shortSyncMsMax = 1;
/** What the last one counts in the average. */
const newestSyncWeight = 1 / 8;

/** How long what was written may be unsynced under `everysec`, in milliseconds. */
const unsyncedMsMax = 1000;

/** What a writer tells of itself. */
export interface AofWriterEvents {
  /** A write or a sync has failed, for the first time since all went well. */
  failed(error: StorageError): void;
  /** After that, everything has been written. */
  recovered(): void;
  /** A write was made, in so much time, while a sync was under way or not. */
  wrote(durationUs: number, isSyncing: boolean): void;
  /** A sync that replies wait for was made, in so much time. */
  synced(durationUs: number): void;
}

export class AofWriter {
  /** What is waiting to be written. */
  #buffer = new Uint8Array(bufferBytesInitial);
  #length = 0;
  /** What is being written, or could not be. */
  #writing = new Uint8Array(bufferBytesInitial);
  #writingLength = 0;
  readonly #file: WritableFile;
  readonly #events: AofWriterEvents;
  readonly #fsync: () => AppendFsync;
  readonly #clock: Clock;
  /** The work beside the event loop. */
  #running: PromiseWithResolvers<void> | null = null;
  /** Whoever waits until a failure is made good. */
  #recovery: PromiseWithResolvers<void> | null = null;
  /** Whether the file before this one is not closed yet. */
  #isFollowing = false;
  /** Length of the beginning of the file that is synced, in bytes. */
  #syncedSize: number;
  #syncMs = 0;
  /** The sync beside the writes, which never fails. */
  #syncing: Promise<void> | null = null;
  #lastSyncMs: number;
  #syncWanted = false;
  #error: StorageError | null = null;
  #closing: PromiseWithResolvers<void> | null = null;
  /** Whoever closes and won't wait until the disk is well again. */
  #failed: PromiseWithResolvers<void> | null = null;

  /**
   * @param after What must be over before the first byte is written: the file before this one.
   */
  constructor(
    file: WritableFile,
    fsync: () => AppendFsync,
    events: AofWriterEvents,
    clock: Clock,
    after: Promise<void> | null = null,
  ) {
    this.#file = file;
    this.#fsync = fsync;
    this.#events = events;
    this.#clock = clock;
    this.#syncedSize = file.size;
    this.#lastSyncMs = clock.nowMs();
    if (after !== null) {
      this.#isFollowing = true;
      this.#running = Promise.withResolvers();
      after.then(() => {
        this.#isFollowing = false;
        this.#run();
      });
    }
  }

  /** Length of the file when all is written, in bytes. */
  get size(): number {
    return this.#file.size + this.pendingBytes;
  }

  /** Bytes that are not in the file yet. */
  get pendingBytes(): number {
    return this.#length + this.#writingLength;
  }

  /** How long a sync that replies wait for takes, on average, in milliseconds. */
  get syncMs(): number {
    return this.#syncMs;
  }

  /** Why it can't write at present. */
  get error(): StorageError | null {
    return this.#error;
  }

  /** Whether a sync beside the writes is under way. */
  get isSyncing(): boolean {
    return this.#syncing !== null;
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.#length + length > this.#buffer.length) this.#grow(this.#length + length);
    this.#buffer.set(bytes.subarray(start, end), this.#length);
    this.#length += length;
  }

  /**
   * Has what was appended written, and under `always` synced. Where replies must wait for that: a promise
   * that resolves when it is. Null where they may leave.
   */
  commit(): Promise<void> | null {
    if (this.#fsync() !== AppendFsync.Always) {
      if (this.#length > 0) this.#start();
      return null;
    }
    const isIdle = this.#running === null && this.#error === null;
    if (isIdle && this.#length > 0 && this.#syncMs <= shortSyncMsMax) this.#commitNow();
    return this.#isSafe(this.size) ? null : this.#untilSafe(this.size);
  }

  /** Null when what was appended is in the file; else a promise, behind which this is to be called again. */
  written(): Promise<void> | null {
    return this.pendingBytes === 0 ? null : this.commit() ?? this.#unfinished();
  }

  /** Whether the beginning of the file that is so long is synced, and all files before it. */
  #isSafe(size: number): boolean {
    return !this.#isFollowing && this.#syncedSize >= size;
  }

  /** Resolves when it is, or nobody waits for that any more. */
  async #untilSafe(size: number): Promise<void> {
    while (!this.#isSafe(size) && this.#fsync() === AppendFsync.Always) {
      if (this.#error === null) {
        this.#syncWanted = true;
        this.#start();
      }
      await this.#unfinished();
    }
  }

  #unfinished(): Promise<void> | null {
    if (this.#error === null) return this.#running?.promise ?? null;
    this.#recovery ??= Promise.withResolvers();
    return this.#recovery.promise;
  }

  /** To be called now and then: writes what no reply waits for, syncs when it is time, tries again what failed. */
  tick(nowMs: number): void {
    if (this.#error !== null) {
      this.#syncWanted = this.#hasUnsynced;
      return this.#start();
    }
    this.commit();
    const isDue = this.#hasUnsynced && this.#syncing === null &&
      this.#fsync() === AppendFsync.EverySecond && nowMs - this.#lastSyncMs >= unsyncedMsMax;
    if (!isDue) return;
    this.#lastSyncMs = nowMs;
    this.#syncWanted = true;
    this.#start();
  }

  /** Writes and syncs what there is, and closes the file; resolves once that has succeeded. */
  close(): Promise<void> {
    this.#closing ??= Promise.withResolvers<void>();
    this.#start();
    return this.#closing.promise;
  }

  /** Closes the file if the disk lets it, at the first try; whether it is closed. */
  tryClose(): Promise<boolean> {
    this.#failed ??= Promise.withResolvers<void>();
    return Promise.race([
      this.close().then(() => true),
      this.#failed.promise.then(() => false),
    ]);
  }

  get #hasUnsynced(): boolean {
    return this.#syncedSize < this.#file.size;
  }

  /** Under `always` what gathers during a sync is left until the turn is over, as what replies wait for it. */
  get #hasWork(): boolean {
    if (this.#writingLength > 0 || this.#syncWanted || this.#closing !== null) return true;
    return this.#length > 0 && (this.#fsync() !== AppendFsync.Always || this.#error !== null);
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }

  #start(): void {
    if (this.#running !== null) return;
    this.#running = Promise.withResolvers();
    this.#run();
  }

  /** Works until there is nothing to do, or something fails. Never rejects. */
  async #run(): Promise<void> {
    try {
      while (this.#hasWork) {
        await this.#writeSome();
        if (this.#closing && this.#length === 0) {
          this.#file[Symbol.dispose]();
          this.#closing.resolve();
          break;
        }
      }
      if (this.#error !== null && !this.#hasUnsynced) this.#recovered();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#running!.resolve();
      this.#running = null;
    }
  }

  #recovered(): void {
    this.#error = null;
    this.#events.recovered();
    this.#recovery?.resolve();
    this.#recovery = null;
  }

  #fail(error: unknown): void {
    if (!(error instanceof StorageError)) throw error;
    const isNew = this.#error === null;
    this.#error = error;
    if (isNew) this.#events.failed(error);
    this.#failed?.resolve();
  }

  async #writeSome(): Promise<void> {
    if (this.#file.torn) this.#file.truncate(this.#file.size);
    if (this.#writingLength === 0) this.#swap();
    if (this.#writingLength > 0) {
      const isSyncing = this.#syncing !== null;
      const startUs = this.#clock.monotonicUs();
      const bytes = this.#writing.subarray(0, this.#writingLength);
      // the way to another thread is long for those who wait for the sync
      if (this.#fsync() === AppendFsync.Always) this.#file.writeNow(bytes);
      else await this.#file.write(bytes);
      this.#events.wrote(this.#clock.monotonicUs() - startUs, isSyncing);
      this.#writingLength = 0;
    }
    const isAwaited = this.#closing !== null || this.#error !== null ||
      this.#fsync() === AppendFsync.Always;
    if (isAwaited) {
      if (this.#syncing !== null) await this.#syncing;
      if (this.#hasUnsynced) await this.#syncAwaited();
    } else if (this.#syncWanted) this.#syncBeside();
    this.#syncWanted = false;
  }

  /** Writes and syncs before anything else is done. */
  #commitNow(): void {
    const startUs = this.#clock.monotonicUs();
    try {
      this.#file.writeNow(this.#buffer.subarray(0, this.#length));
      this.#length = 0;
      if (this.#buffer.length > bufferBytesKeptMax) {
        this.#buffer = new Uint8Array(bufferBytesInitial);
      }
      const writtenUs = this.#clock.monotonicUs();
      this.#events.wrote(writtenUs - startUs, this.#syncing !== null);
      this.#file.syncNow();
      this.#syncedSize = this.#file.size;
      this.#noteSync(this.#clock.monotonicUs() - writtenUs);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #syncAwaited(): Promise<void> {
    const startUs = this.#clock.monotonicUs();
    await this.#sync();
    if (this.#fsync() === AppendFsync.Always) {
      this.#noteSync(this.#clock.monotonicUs() - startUs);
    }
  }

  /** Syncs what was written until now, while more is being written. */
  #syncBeside(): void {
    this.#syncing = this.#sync()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#syncing = null);
  }

  async #sync(): Promise<void> {
    const { size } = this.#file;
    await this.#file.sync();
    this.#syncedSize = size;
  }

  #noteSync(durationUs: number): void {
    this.#syncMs += (durationUs / 1000 - this.#syncMs) * newestSyncWeight;
    this.#events.synced(durationUs);
  }

  /** Takes what has gathered for the next write. */
  #swap(): void {
    const free = this.#writing;
    this.#writing = this.#buffer;
    this.#writingLength = this.#length;
    this.#buffer = free.length <= bufferBytesKeptMax ? free : new Uint8Array(bufferBytesInitial);
    this.#length = 0;
  }
}
