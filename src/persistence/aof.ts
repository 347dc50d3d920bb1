/**
 * The append-only log of a server: every command that changes data, in files of which a manifest keeps
 * the list (`aof_manifest.ts`).
 *
 * It owns which files there are and when the log is rewritten. It hears of commands from the one seam that
 * all changes pass (`command`), and is asked at the end of each turn whether replies may leave (`commit`).
 * How bytes get to the disk is in `aof_writer.ts`, how they are read at start in `loader.ts`.
 *
 * Rewriting needs no fork: at one moment the cut of a snapshot is made and the log goes on in another file;
 * when the snapshot is on the disk it becomes the base, in place of all files before that moment.
 */
import { AppendFsync } from "../config/values.ts";
import { discard, folderOf, replaceFile, StorageError, type WritableFile } from "../storage.ts";
import { AofManifest } from "./aof_manifest.ts";
import { AofWriter } from "./aof_writer.ts";
import { KeyDelay } from "./key_delay.ts";
import { BackgroundSave, type RdbDestination, saveNow, SnapshotCancelled } from "./rdb_file.ts";
import { cut, type SnapshotFoundation, type SnapshotSlot } from "./rdb_saver.ts";

/** No database: what comes next begins with SELECT. */
const noDatabase = -1;

/** After a rewrite that failed the next waits so long, then twice as long, up to an hour. */
const retryDelayMsMin = 60_000;
const retryDelayMsMax = 3_600_000;
/** So many may fail before others have to wait. */
const failuresFree = 3;
/** A log that was turned on, and whose first base failed, tries again after so long. */
const turnOnRetryDelayMs = 1000;

const encoder = new TextEncoder();

export enum AofState {
  Off,
  /** Turned on, while the first base is being written: it can't be loaded yet. */
  Beginning,
  On,
}

/** Ends the process: what is in memory can't be made good on the disk. */
export type Fatal = (message: string) => void;

export class AppendOnlyFile {
  lastRewriteSucceeded = true;
  /** How long the last rewrite took, in seconds; -1 before the first. */
  lastRewriteSeconds = -1;
  rewritesTotal = 0;
  consecutiveFailures = 0;
  /** To be rewritten as soon as no snapshot is under way. */
  isRewriteScheduled = false;
  /** Bytes of all files when the last base was written; of the base alone where that was another process. */
  baseBytes = 0;
  /** For tests: everything stands still for so long before something is written. */
  flushDelayUs = 0;
  readonly #foundation: SnapshotFoundation;
  readonly #slot: SnapshotSlot;
  readonly #fatal: Fatal;
  #state = AofState.Off;
  #manifest = new AofManifest();
  /** Of the file that commands go to. */
  #writer: AofWriter | null = null;
  /** Those of files before, as long as they have something to write. */
  readonly #retired: Set<AofWriter> = new Set();
  /** What replies to commands before the log was turned off still wait for. */
  #lastCommit: Promise<void> | null = null;
  /** Resolves when the files of no use are gone. */
  #removed: Promise<unknown> = Promise.resolve();
  #selected = noDatabase;
  #notedSeconds = 0;
  /** Bytes of the files before the one that is written to. */
  #bytesBefore = 0;
  #files = 0;
  #retryAtMs = 0;
  #rewrite: { save: BackgroundSave; startedMs: number; over: Promise<void> } | null = null;

  constructor(foundation: SnapshotFoundation, slot: SnapshotSlot, fatal: Fatal) {
    this.#foundation = foundation;
    this.#slot = slot;
    this.#fatal = fatal;
  }

  get state(): AofState {
    return this.#state;
  }

  get isRewriting(): boolean {
    return this.#rewrite !== null;
  }

  /** How long the rewrite under way has taken, in seconds; -1 without one. */
  get currentRewriteSeconds(): number {
    if (this.#rewrite === null) return -1;
    return Math.floor((this.#foundation.clock.nowMs() - this.#rewrite.startedMs) / 1000);
  }

  /** Bytes of all files that would be loaded. */
  get currentBytes(): number {
    return this.#bytesBefore + (this.#writer?.size ?? 0);
  }

  /** Bytes that are not in a file yet. */
  get bufferBytes(): number {
    return this.#writer?.pendingBytes ?? 0;
  }

  /** Syncs beside the event loop that are under way. */
  get syncsPending(): number {
    let count = this.#writer?.isSyncing ? 1 : 0;
    for (const writer of this.#retired) if (writer.isSyncing) count++;
    return count;
  }

  /** Why the log can't be written at present. */
  get error(): StorageError | null {
    for (const { error } of this.#retired) if (error !== null) return error;
    return this.#writer?.error ?? null;
  }

  /** The files that there are. */
  get manifest(): AofManifest {
    return this.#manifest;
  }

  get #folder(): string {
    const { resolvePath, values } = this.#foundation;
    return resolvePath(values.appenddirname);
  }

  /** A folder that is not there after a power cut would take the log with it. */
  #makeFolder(): void {
    const { storage, values } = this.#foundation;
    saying(`Can't open or create append-only dir ${values.appenddirname}`, () => {
      storage.makeFolder(this.#folder);
      storage.syncFolder(folderOf(this.#folder));
    });
  }

  #path(name: string): string {
    return `${this.#folder}/${name}`;
  }

  /**
   * Makes a log of one file, of older versions, the first of many. It moves last: whoever finds it where
   * it was, behind a manifest that has nothing else, does this again.
   *
   * @throws {StorageError}
   */
  adopt(manifest: AofManifest): void {
    const { storage, resolvePath } = this.#foundation;
    const { name } = manifest.base!;
    const oldPath = resolvePath(name);
    this.#makeFolder();
    this.#persist(manifest);
    storage.rename(oldPath, this.#path(name));
    // before any other file is named
    storage.syncFolder(this.#folder);
    storage.syncFolder(folderOf(oldPath));
  }

  /** Says which files there were at start: their numbers are not given again. */
  know(manifest: AofManifest): void {
    this.#manifest = manifest;
  }

  /** Says how long the files are that were loaded, in bytes: all of them, and the base. */
  noteLoaded(bytes: number, baseBytes: number): void {
    this.#bytesBefore = bytes - (this.#writer?.size ?? 0);
    this.baseBytes = baseBytes;
  }

  /**
   * Begins to log at start, behind the files that were loaded.
   *
   * @throws {StorageError}
   */
  open(): void {
    this.#makeFolder();
    saying("Can't open the append-only file", () => this.#openFiles());
    this.#state = AofState.On;
    this.removeHistory();
  }

  #openFiles(): void {
    const { storage, values, log, clock } = this.#foundation;
    let manifest = this.#manifest;
    for (const { name } of manifest.files) this.#syncFile(name);
    if (manifest.files.length === 0) {
      manifest = manifest.withBase(values.appendfilename, values.aofUseRdbPreamble, 0);
      const { name } = manifest.base!;
      log.notice(`Creating AOF base file ${name} on server start`);
      // as in Redis, its bytes are not counted
      saveNow(cut(this.#foundation, true), this.#destination(name), clock);
    }
    if (manifest.increments.length === 0) {
      manifest = manifest.withIncrement(values.appendfilename);
      log.notice(`Creating AOF incr file ${manifest.increments[0].name} on server start`);
    } else log.notice(`Opening AOF incr file ${manifest.increments.at(-1)!.name} on server start`);
    const file = storage.append(this.#path(manifest.increments.at(-1)!.name));
    if (manifest !== this.#manifest) this.#persist(manifest);
    else storage.syncFolder(this.#folder);
    this.#manifest = manifest;
    this.#follow(file, null);
    this.#bytesBefore -= file.size;
  }

  /** Makes last what a process that was killed may have written, and not synced. */
  #syncFile(name: string): void {
    let opened: WritableFile;
    try {
      opened = this.#foundation.storage.append(this.#path(name));
    } catch (error) {
      // nobody has written to what can only be read
      if (error instanceof StorageError) return;
      throw error;
    }
    using file = opened;
    file.syncNow();
  }

  /**
   * Turns the log on at run time: it counts when its first base is written. False if that can't be begun.
   *
   * @param isInUnit Whether what has changed already is yet to be heard of: there is no cut in between.
   */
  turnOn(isInUnit: boolean): boolean {
    if (this.#state !== AofState.Off) return true;
    const { log } = this.#foundation;
    this.#state = AofState.Beginning;
    this.#retryAtMs = 0;
    if (this.#rewrite === null && this.#slot.save === null && !isInUnit) {
      if (this.#beginRewrite()) return true;
      log.warning(
        "redino needs to enable the AOF but can't trigger a background AOF rewrite operation. " +
          "Check the above logs for more info about the error.",
      );
      this.#state = AofState.Off;
      return false;
    }
    log.notice(`AOF was enabled ${this.#whyScheduled()}`);
    // one of a log that was off ends without what came since
    this.#rewrite?.save.cancel();
    this.isRewriteScheduled = true;
    return true;
  }

  #whyScheduled(): string {
    const later = "An AOF background was scheduled to start when possible.";
    if (this.#rewrite !== null) {
      return "but there is already an AOF rewriting in background. Stopping background AOF and " +
        "starting a rewrite now.";
    }
    return this.#slot.save !== null
      ? `but there is already another background operation. ${later}`
      : `during a transaction. ${later}`;
  }

  /** Turns the log off, when all of it is on the disk. */
  async turnOff(): Promise<void> {
    if (this.#state === AofState.Off) return;
    const writer = this.#writer;
    const wasOn = this.#state === AofState.On;
    const safe = this.commit();
    this.#lastCommit = safe;
    safe?.then(() => {
      if (this.#lastCommit === safe) this.#lastCommit = null;
    });
    this.#state = AofState.Off;
    this.#writer = null;
    this.isRewriteScheduled = false;
    this.#rewrite?.save.cancel();
    const closed = writer === null ? null : this.#retire(writer);
    await this.#rewrite?.over;
    if (wasOn) await closed;
  }

  /** Hears of a command that has changed data; of MULTI and EXEC, which are of no database, as of -1. */
  command(database: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#writer === null) return;
    if (this.#foundation.values.aofTimestampEnabled) this.#noteTime(this.#writer);
    if (database !== noDatabase && database !== this.#selected) {
      this.#selected = database;
      this.#appendText(this.#writer, selectCommand(database));
    }
    this.#writer.append(bytes, start, end);
  }

  /**
   * Has what was logged in this turn written, and synced where replies wait for that. Null when they may
   * leave; else it resolves when they may.
   */
  commit(): Promise<void> | null {
    if (this.flushDelayUs > 0 && this.#writer !== null && this.#writer.pendingBytes > 0) {
      this.#foundation.clock.block(this.flushDelayUs / 1000);
    }
    const safe = this.#writer?.commit() ?? null;
    return this.#state === AofState.On && safe !== null ? safe : this.#lastCommit;
  }

  /** How long a `commit` that replies wait for takes, on average, in milliseconds. */
  get commitMs(): number {
    return this.#writer?.syncMs ?? 0;
  }

  /** Null when all that was logged is in its file; else a promise, behind which this is to be called again. */
  written(): Promise<void> | null {
    for (const writer of this.#retired) return writer.written();
    return this.#writer?.written() ?? null;
  }

  /** Removes what was replaced, unless it is to be kept. */
  removeHistory(): void {
    const { history } = this.#manifest;
    const { log, storage, values } = this.#foundation;
    if (history.length === 0 || values.aofDisableAutoGc) return;
    const removals = history.map(({ name }) => {
      log.notice(`Removing the history file ${name} in the background`);
      return discard(storage, this.#path(name));
    });
    this.#removed = Promise.all([this.#removed, ...removals]);
    this.#manifest = this.#manifest.withoutHistory();
    try {
      this.#persist(this.#manifest);
    } catch (error) {
      // those that are named and not there any more are removed next time
      if (!(error instanceof StorageError)) throw error;
    }
  }

  /** To be called now and then: syncs, tries again what failed, rewrites a log that has grown. */
  cron(): void {
    const { clock, values, log } = this.#foundation;
    const nowMs = clock.nowMs();
    for (const writer of this.#retired) writer.tick(nowMs);
    this.#writer?.tick(nowMs);
    if (this.#slot.save !== null) return;
    if (this.isRewriteScheduled) return void this.#beginRewrite();
    if (this.#state === AofState.Off) return;
    if (nowMs < this.#retryAtMs) return;
    if (this.#state === AofState.Beginning) return void this.#beginRewrite();
    const percentage = values.autoAofRewritePercentage;
    const current = this.currentBytes;
    if (percentage === 0 || current <= values.autoAofRewriteMinSizeBytes) return;
    const growth = Math.floor(current * 100 / (this.baseBytes || 1)) - 100;
    if (growth < percentage) return;
    log.notice(`Starting automatic rewriting of AOF on ${growth}% growth`);
    this.#beginRewrite();
  }

  /** Rewrites the log beside the commands, now or when the snapshot under way is over. */
  rewrite(): "started" | "scheduled" | "failed" {
    if (this.#slot.save === null) return this.#beginRewrite() ? "started" : "failed";
    this.isRewriteScheduled = true;
    return "scheduled";
  }

  /**
   * Has the log begin anew with what is in memory, as soon as may be: a command that found no memory may
   * have changed some of it, which nobody could be told.
   */
  renew(): void {
    if (this.#state !== AofState.Off) this.isRewriteScheduled = true;
  }

  /** Gives up a rewrite; resolves when nothing is left of it. */
  async cancelRewrite(): Promise<void> {
    this.#rewrite?.save.cancel();
    await this.#rewrite?.over;
  }

  /** Has all that was logged on the disk, as far as the disk can, and leaves nothing under way. */
  async close(): Promise<void> {
    await this.#removed;
    const writer = this.#writer;
    this.#writer = null;
    // the last one does not write before the others are closed
    for (const next of writer === null ? this.#retired : [...this.#retired, writer]) {
      if (await next.tryClose()) continue;
      this.#foundation.log.warning(`Fail to fsync the AOF file: ${next.error!.message}.`);
      return;
    }
  }

  /** False if the disk doesn't let it. */
  #beginRewrite(): boolean {
    const { clock, log, values } = this.#foundation;
    this.isRewriteScheduled = false;
    const startedMs = clock.nowMs();
    const snapshot = cut(this.#foundation, true);
    try {
      this.#makeFolder();
      if (this.#state !== AofState.Off) this.#rotate();
    } catch (error) {
      snapshot.cancel();
      if (!(error instanceof StorageError)) throw error;
      log.warning(error.message);
      this.#rewriteFailed();
      return false;
    }
    this.rewritesTotal++;
    const kept = this.#state === AofState.Off ? 0 : 1;
    const { aofUseRdbPreamble, appendfilename } = values;
    const next = this.#manifest.withBase(appendfilename, aofUseRdbPreamble, kept);
    const save = new BackgroundSave(snapshot, this.#destination(next.base!.name), clock);
    log.notice("Background append only file rewriting started");
    const over = this.#finishRewrite(save, next, startedMs);
    this.#rewrite = { save, startedMs, over };
    return true;
  }

  /** Goes on in another file. */
  #rotate(): void {
    const { storage, values, log } = this.#foundation;
    const next = this.#manifest.withIncrement(values.appendfilename);
    const { name } = next.increments.at(-1)!;
    log.notice(`Creating AOF incr file ${name} on background rewrite`);
    const file = saying(`Can't open the append-only file ${name}`, () => {
      const file = storage.create(this.#path(name));
      try {
        // a log that is only beginning can't be loaded before it has a base
        if (this.#state === AofState.On) this.#persist(next);
        return file;
      } catch (error) {
        // not removed: the manifest that names it may be there, and an empty file behind the others is no harm
        file[Symbol.dispose]();
        throw error;
      }
    });
    this.#bytesBefore = this.currentBytes;
    this.#manifest = next;
    this.#follow(file, this.#writer === null ? null : this.#retire(this.#writer));
  }

  async #finishRewrite(
    save: BackgroundSave,
    next: AofManifest,
    startedMs: number,
  ): Promise<void> {
    const { clock, log, noteLatency } = this.#foundation;
    try {
      const baseBytes = await this.#slot.run(save);
      noteLatency("aof-rename", save.renameUs);
      save.checkCancelled();
      log.notice("Background AOF rewrite terminated with success");
      this.#persist(next);
      this.#manifest = next;
      this.#bytesBefore = baseBytes;
      this.baseBytes = this.currentBytes;
      if (this.#state === AofState.Beginning) this.#state = AofState.On;
      this.lastRewriteSucceeded = true;
      this.consecutiveFailures = 0;
      this.removeHistory();
      log.notice("Background AOF rewrite finished successfully");
    } catch (error) {
      if (error instanceof SnapshotCancelled) {
        log.warning("Background AOF rewrite was given up");
        // for a snapshot that could not wait, unless nobody wants a log any more
        if (this.#state !== AofState.Off) this.isRewriteScheduled = true;
      } else if (error instanceof StorageError) {
        log.warning(`Background AOF rewrite failed: ${error.message}`);
        this.#rewriteFailed();
      } else throw error;
    } finally {
      this.lastRewriteSeconds = Math.floor((clock.nowMs() - startedMs) / 1000);
      this.#rewrite = null;
    }
  }

  #rewriteFailed(): void {
    const nowMs = this.#foundation.clock.nowMs();
    this.lastRewriteSucceeded = false;
    const failures = ++this.consecutiveFailures;
    if (this.#state === AofState.Beginning) this.#retryAtMs = nowMs + turnOnRetryDelayMs;
    else if (failures >= failuresFree) {
      const delayMs = retryDelayMsMin * 2 ** (failures - failuresFree);
      this.#retryAtMs = nowMs + Math.min(delayMs, retryDelayMsMax);
    }
  }

  /** Has commands go to a file from now on, when that before it is closed. */
  #follow(file: WritableFile, after: Promise<void> | null): void {
    const { clock, log, noteLatency } = this.#foundation;
    this.#selected = noDatabase;
    this.#notedSeconds = 0;
    this.#writer = new AofWriter(
      file,
      () => this.#fsync(),
      {
        failed: ({ message }) => this.#writeFailed(message),
        recovered: () => log.warning("AOF write error looks solved. The server can write again."),
        wrote: (durationUs, isSyncing) => this.#wrote(durationUs, isSyncing),
        synced: (durationUs) => noteLatency("aof-fsync-always", durationUs),
      },
      clock,
      after,
    );
  }

  /** Under the name that all writes have, and under that of what was going on. */
  #wrote(durationUs: number, isSyncing: boolean): void {
    const { noteLatency } = this.#foundation;
    const isSaving = this.#slot.save !== null;
    const meanwhile = isSyncing ? "pending-fsync" : isSaving ? "active-child" : "alone";
    noteLatency(`aof-write-${meanwhile}`, durationUs);
    noteLatency("aof-write", durationUs);
  }

  #fsync(): AppendFsync {
    const { values } = this.#foundation;
    const isSnapshotting = values.noAppendfsyncOnRewrite && this.#slot.save !== null;
    return isSnapshotting ? AppendFsync.No : values.appendfsync;
  }

  #writeFailed(message: string): void {
    const { log, values } = this.#foundation;
    log.warning(`Error writing to the AOF file: ${message}`);
    if (values.appendfsync !== AppendFsync.Always || this.#state !== AofState.On) return;
    // a reply that has left before could not be kept
    this.#fatal(
      "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...",
    );
  }

  /** Has a writer end when it has written all. */
  async #retire(writer: AofWriter): Promise<void> {
    this.#retired.add(writer);
    await writer.close();
    this.#retired.delete(writer);
  }

  /** A note of the time before the first command of a second. */
  #noteTime(writer: AofWriter): void {
    const seconds = Math.floor(this.#foundation.keyspace.nowMs / 1000);
    if (seconds <= this.#notedSeconds) return;
    this.#notedSeconds = seconds;
    this.#appendText(writer, `#TS:${seconds}\r\n`);
  }

  #appendText(writer: AofWriter, text: string): void {
    const bytes = encoder.encode(text);
    writer.append(bytes, 0, bytes.length);
  }

  /** Makes a manifest the one that is loaded next time. */
  #persist(manifest: AofManifest): void {
    const { storage, values } = this.#foundation;
    const name = `${values.appendfilename}.manifest`;
    replaceFile(storage, this.#path(name), this.#path(`temp-${name}`), (file) => {
      file.writeNow(encoder.encode(manifest.format()));
    });
  }

  #destination(name: string): RdbDestination {
    const { storage, values } = this.#foundation;
    return {
      storage,
      path: this.#path(name),
      temporaryPath: this.#path(`temp-rewriteaof-${Deno.pid}.${++this.#files}.aof`),
      syncsParts: values.aofRewriteIncrementalFsync,
      delay: new KeyDelay(values.rdbKeySaveDelay),
    };
  }
}

/**
 * Does something with the disk; where that fails, the error says what it was.
 *
 * @throws {StorageError}
 */
function saying<Result>(failure: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new StorageError(`${failure}: ${error.message}`, error.kind);
  }
}

function selectCommand(database: number): string {
  const digits = String(database);
  return `*2\r\n$6\r\nSELECT\r\n$${digits.length}\r\n${digits}\r\n`;
}
