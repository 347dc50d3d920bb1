/**
 * All that a server does so that its data outlives it, and what the rest of the server asks of that:
 * snapshots (`rdb_saver.ts`), the append-only log (`aof.ts`), and loading either at start (`loader.ts`).
 */
import { aofMisconfigured, errors } from "../resp/errors.ts";
import { StorageError } from "../storage.ts";
import { AofManifest, ManifestError } from "./aof_manifest.ts";
import { AofState, AppendOnlyFile, type Fatal } from "./aof.ts";
import {
  type CommandRunner,
  loadAof,
  LoadError,
  LoadProgress,
  loadRdb,
  secondsSince,
} from "./loader.ts";
import { RdbSaver, type SnapshotFoundation, SnapshotSlot } from "./rdb_saver.ts";

export class Persistence {
  readonly slot: SnapshotSlot = new SnapshotSlot();
  readonly rdb: RdbSaver;
  readonly aof: AppendOnlyFile;
  /** How far loading has come; null when it is over. */
  loading: LoadProgress | null = null;
  /** Of the last snapshot that was loaded. */
  keysLoaded = 0;
  keysExpired = 0;
  readonly #foundation: SnapshotFoundation;
  readonly #runner: CommandRunner;

  /** @param fatal Ends the process, where going on would be a lie. */
  constructor(foundation: SnapshotFoundation, runner: CommandRunner, fatal: Fatal) {
    this.#foundation = foundation;
    this.#runner = runner;
    this.rdb = new RdbSaver(foundation, this.slot);
    this.aof = new AppendOnlyFile(foundation, this.slot, fatal);
  }

  set skipsChecksum(skips: boolean) {
    this.#foundation.skipsChecksum = skips;
  }

  /** Why data must not be changed at present, as an error reply; null where it may be. */
  get refusal(): string | null {
    const { values } = this.#foundation;
    if (values.stopWritesOnBgsaveError && values.save.length > 0 && !this.rdb.lastSucceeded) {
      return errors.rdbMisconfigured;
    }
    const { error, state } = this.aof;
    return error !== null && state === AofState.On ? aofMisconfigured(error.message) : null;
  }

  /** How long replies wait until what they tell of is safe, on average, in milliseconds. */
  get commitMs(): number {
    return this.aof.commitMs;
  }

  /** Makes all changes until now safe. Null when replies may leave; else it resolves when they may. */
  commit(): Promise<void> | null {
    return this.aof.commit();
  }

  /** To be called ten times a second. */
  cron(): void {
    this.aof.cron();
    this.rdb.cron();
  }

  /**
   * Turns the log on or off, as the configuration says; while data is being loaded, behind that. False if
   * the disk doesn't let it.
   *
   * @param isInUnit Whether what has changed already is yet to be heard of.
   */
  followConfig(isInUnit: boolean): boolean {
    if (this.loading !== null) return true;
    if (this.#foundation.values.appendonly) return this.aof.turnOn(isInUnit);
    this.aof.turnOff();
    return true;
  }

  /** Has all that was logged on the disk, and nothing under way; before the process ends. */
  async close(): Promise<void> {
    await Promise.all([this.rdb.cancel(), this.aof.cancelRewrite()]);
    await this.aof.close();
  }

  /**
   * Loads what there is, and begins to log if that is wanted. Whether it has come to its end.
   *
   * @param turn Lets others do something, between portions of the work; whether that is to go on.
   * @throws {LoadError}
   */
  async start(turn: () => Promise<boolean>): Promise<boolean> {
    const steps = this.#load();
    while (!steps.next().done) {
      this.#setTime();
      if (await turn()) continue;
      steps.return(undefined);
      return false;
    }
    this.#setTime();
    return true;
  }

  /**
   * Loads what the log has; whether there is one.
   *
   * @throws {LoadError}
   */
  reloadAof(): boolean {
    this.#reload(() => this.#loadAof());
    return this.aof.manifest.files.length > 0;
  }

  /**
   * Loads the snapshot again, with `merges` over the keys that there are; whether there is one.
   *
   * @throws {LoadError}
   */
  reloadRdb(merges: boolean): boolean {
    return this.#reload(() => this.#loadRdb(merges));
  }

  *#load(): Generator<void> {
    const { clock, values } = this.#foundation;
    this.aof.know(this.#findManifest());
    const startedMs = clock.nowMs();
    if (!values.appendonly) {
      if (yield* this.#loadRdb()) this.#logLoaded("disk", startedMs);
      this.rdb.noteSaved();
      this.#setTime();
      // it may have been turned on since
      this.followConfig(false);
      return;
    }
    yield* this.#loadAof();
    if (this.aof.manifest.files.length > 0) this.#logLoaded("append only file", startedMs);
    this.#setTime();
    if (!values.appendonly) return;
    try {
      this.aof.open();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      throw new LoadError(error.message);
    }
  }

  *#loadRdb(merges = false): Generator<void, boolean> {
    const { resolvePath, values } = this.#foundation;
    return yield* this.#measured((progress) =>
      loadRdb(this.#foundation, resolvePath(values.dbfilename), progress, merges)
    );
  }

  *#loadAof(): Generator<void> {
    const { bytes, baseBytes } = yield* this.#measured((progress) =>
      loadAof(this.#foundation, this.aof.manifest, this.#runner, progress)
    );
    this.aof.noteLoaded(bytes, baseBytes);
  }

  *#measured<Result>(
    load: (progress: LoadProgress) => Generator<void, Result>,
  ): Generator<void, Result> {
    const progress = new LoadProgress();
    progress.startedMs = this.#foundation.clock.nowMs();
    this.loading = progress;
    try {
      return yield* load(progress);
    } finally {
      this.loading = null;
      this.keysLoaded = progress.keysLoaded;
      this.keysExpired = progress.keysExpired;
    }
  }

  #reload<Result>(load: () => Generator<void, Result>): Result {
    const steps = load();
    try {
      for (;;) {
        const step = steps.next();
        if (!step.done) continue;
        this.rdb.noteSaved();
        return step.value;
      }
    } finally {
      this.#setTime();
    }
  }

  #logLoaded(source: string, startedMs: number): void {
    const { clock, log } = this.#foundation;
    log.notice(`DB loaded from ${source}: ${secondsSince(clock, startedMs)}`);
  }

  /** The files of the log, as the disk has them. A log of one file, of older versions, becomes such a one. */
  #findManifest(): AofManifest {
    const { log, resolvePath, values } = this.#foundation;
    const { appenddirname, appendfilename, appendonly } = values;
    const folder = resolvePath(appenddirname);
    try {
      const text = this.#readText(`${folder}/${appendfilename}.manifest`);
      const found = text === null ? new AofManifest() : AofManifest.parse(text);
      if (!appendonly || !found.mayBeOfOldFile(appendfilename)) return found;
      if (!this.#isThere(resolvePath(appendfilename))) return found;
      // moving it comes last, and may have been cut short
      if (found.base !== null && this.#isThere(`${folder}/${appendfilename}`)) return found;
      const manifest = AofManifest.ofOldFile(appendfilename);
      this.aof.adopt(manifest);
      log.notice(
        `Successfully migrated an old-style AOF file (${appendfilename}) into the AOF directory ` +
          `(${appenddirname}).`,
      );
      return manifest;
    } catch (error) {
      if (error instanceof ManifestError) throw this.#asLoadError(error);
      if (!(error instanceof StorageError)) throw error;
      throw new LoadError(
        `Fatal error: can't open the AOF manifest file ${appendfilename}.manifest for reading: ` +
          error.message,
      );
    }
  }

  /** As Redis, with an empty line behind each. */
  #asLoadError({ line, message }: ManifestError): LoadError {
    const { log } = this.#foundation;
    log.warning("\n*** FATAL AOF MANIFEST FILE ERROR ***\n");
    if (line !== null) {
      log.warning(`Reading the manifest file, at line ${line.number}\n`);
      log.warning(`>>> '${line.text}'\n`);
    }
    return new LoadError(`${message}\n`);
  }

  /** Whether there is a file of this name. */
  #isThere(path: string): boolean {
    try {
      using file = this.#foundation.storage.open(path);
      // a folder can be opened, but not read
      file.read(new Uint8Array(1));
      return true;
    } catch (error) {
      const isNone = error instanceof StorageError &&
        (error.kind === "missing" || error.kind === "folder");
      if (isNone) return false;
      throw error;
    }
  }

  /** The text of a small file; null if there is none. */
  #readText(path: string): string | null {
    if (!this.#isThere(path)) return null;
    using file = this.#foundation.storage.open(path);
    const bytes = new Uint8Array(file.byteLength);
    return new TextDecoder().decode(bytes.subarray(0, file.read(bytes)));
  }

  /** While a log is run again it is another time. */
  #setTime(): void {
    const { clock, keyspace } = this.#foundation;
    keyspace.setNow(clock.nowMs());
  }
}
