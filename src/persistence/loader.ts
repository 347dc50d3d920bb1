/**
 * What a server does before it serves: reads a snapshot, or an append-only log, back into memory.
 *
 * Loading is a generator that stops every now and then, so that whoever drives it may answer clients in
 * between, or not (DEBUG RELOAD). How far it has come is in `LoadProgress`. A file that is no good ends
 * it with a `LoadError`, and a server does not start with half of its data.
 */
import type { Clock } from "../clock.ts";
import { HeapFullError } from "../memory/heap.ts";
import type { Arguments } from "../resp/arguments.ts";
import { type ReadableFile, StorageError } from "../storage.ts";
import type { AofManifest } from "./aof_manifest.ts";
import { AofRead, AofReader } from "./aof_reader.ts";
import { KeyDelay } from "./key_delay.ts";
import { RDB_MAGIC } from "./rdb_format.ts";
import { ForeignFileError, RdbError, shortReadLine } from "./rdb_input.ts";
import { RdbReader } from "./rdb_reader.ts";
import type { SnapshotFoundation } from "./rdb_saver.ts";

/** What is read between two stops, in bytes of RDB and in commands: some milliseconds' work. */
const portionBytes = 256 * 1024;
const portionCommands = 256;
/** The same where each key is delayed. */
const delayedPortionBytes = 1;
const delayedPortionCommands = 1;

/** The time at which no key's time has come: while a log is run again, what was there then is there. */
const beforeAllTimes = 0;

/** Data can't be loaded: the message says why, and what to do. */
export class LoadError extends Error {
  override name = "LoadError";
}

/** How far loading has come. */
export class LoadProgress {
  startedMs = 0;
  bytesTotal = 0;
  bytesLoaded = 0;
  /** Of the last snapshot that was loaded. */
  keysLoaded = 0;
  keysExpired = 0;
}

/** A file of a log. */
interface LogFile {
  /** Which the log is told. */
  readonly name: string;
  readonly path: string;
}

/** How long something has taken, for the log. */
export function secondsSince(clock: Clock, startMs: number): string {
  return `${((clock.nowMs() - startMs) / 1000).toFixed(3)} seconds`;
}

/** Runs commands of a log. */
export interface CommandRunner {
  /** Runs a command as it would be for a client that may do anything; false if there is none of this name. */
  run(args: Arguments): boolean;
  /** Has the next command find what the first of a log finds. */
  reset(): void;
}

/**
 * Reads a snapshot into the databases. Whether there is a file at `path`. A key that there is already
 * takes the value of the file with `replaceKeys`; else the file is refused.
 *
 * @throws {LoadError}
 */
export function* loadRdb(
  foundation: SnapshotFoundation,
  path: string,
  progress: LoadProgress,
  replaceKeys: boolean,
): Generator<void, boolean> {
  const refusal = "Fatal error loading the DB, check server logs. Exiting.";
  const file = openIfThere(foundation, path, refusal);
  if (file === null) return false;
  using source = file;
  progress.bytesTotal = source.byteLength;
  yield* readRdb(foundation, source, progress, { replaceKeys }, refusal);
  return true;
}

/** @param refusal What the log is told last where a file is none that can be read. */
function* readRdb(
  foundation: SnapshotFoundation,
  source: ReadableFile,
  progress: LoadProgress,
  options: { replaceKeys?: boolean; keepExpired?: boolean },
  refusal: string,
): Generator<void, RdbReader> {
  const { keyspace, log, values, clock, skipsChecksum } = foundation;
  const before = progress.bytesLoaded;
  const reader = new RdbReader({
    ...{ keyspace, log, source },
    checksum: values.rdbchecksum && !skipsChecksum,
    ...options,
  });
  const delay = new KeyDelay(values.keyLoadDelay);
  try {
    while (!reader.step(delay.isOn ? delayedPortionBytes : portionBytes)) {
      if (delay.isOn) clock.block(delay.dueMs(reader.keysLoaded));
      progress.bytesLoaded = before + reader.offset;
      yield;
      delay.follow(values.keyLoadDelay);
    }
  } catch (error) {
    reader.abandon();
    if (error instanceof RdbError && error.logLine !== null) log.warning(error.logLine);
    if (error instanceof StorageError) log.warning(shortReadLine);
    if (error instanceof ForeignFileError) throw new LoadError(refusal);
    throw asLoadError(error);
  }
  progress.bytesLoaded = before + reader.offset;
  progress.keysLoaded = reader.keysLoaded;
  progress.keysExpired = reader.keysExpired;
  foundation.functions = reader.functions;
  return reader;
}

/** How long a log is that was loaded, in bytes: all of its files, and the base of them. */
export interface LoadedLog {
  readonly bytes: number;
  readonly baseBytes: number;
}

/**
 * Reads all files of a log into the databases, which are empty.
 *
 * @throws {LoadError}
 */
export function* loadAof(
  foundation: SnapshotFoundation,
  manifest: AofManifest,
  runner: CommandRunner,
  progress: LoadProgress,
): Generator<void, LoadedLog> {
  const { clock, log, resolvePath, values } = foundation;
  foundation.functions = [];
  const files = manifest.files.map(({ name }) => {
    return { name, path: resolvePath(`${values.appenddirname}/${name}`) };
  });
  const lengths = files.map((file) => lengthOf(foundation, file));
  progress.bytesTotal += lengths.reduce((sum, length) => sum + length, 0);
  let baseBytes = 0;
  for (const [i, file] of files.entries()) {
    if (lengths[i] === 0) continue;
    const startedMs = clock.nowMs();
    // the next file is not written to before this one is complete, but it is there already
    const isLast = lengths.slice(i + 1).every((length) => length === 0);
    yield* loadAofFile(foundation, file, runner, progress, isLast);
    const isBase = i === 0 && manifest.base !== null;
    if (isBase) baseBytes = progress.bytesLoaded;
    const kind = isBase ? "base" : "incr";
    log.notice(`DB loaded from ${kind} file ${file.name}: ${secondsSince(clock, startedMs)}`);
  }
  return { bytes: progress.bytesLoaded, baseBytes };
}

/** Reads one file of a log: a snapshot, commands, or commands behind a snapshot. */
function* loadAofFile(
  foundation: SnapshotFoundation,
  file: LogFile,
  runner: CommandRunner,
  progress: LoadProgress,
  isLast: boolean,
): Generator<void> {
  const { clock, log, values } = foundation;
  const before = progress.bytesLoaded;
  let commands: LoggedCommands;
  try {
    const offset = yield* loadPreamble(foundation, file, progress);
    using source = foundation.storage.open(file.path, offset);
    commands = new LoggedCommands(foundation, new AofReader(source, offset), runner);
    runner.reset();
    const delay = new KeyDelay(values.keyLoadDelay);
    for (let done = 0;;) {
      const portion = delay.isOn ? delayedPortionCommands : portionCommands;
      if (!commands.runSome(portion)) break;
      done += portion;
      if (delay.isOn) clock.block(delay.dueMs(done));
      progress.bytesLoaded = before + commands.offset;
      yield;
      delay.follow(values.keyLoadDelay);
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw asLoadError(error);
    const { message } = error;
    throw new LoadError(
      `Unrecoverable error reading the append only file ${file.name}: ${message}`,
    );
  }
  progress.bytesLoaded = before + commands.offset;
  if (commands.unknownCommand !== null) {
    throw new LoadError(
      `Unknown command '${commands.unknownCommand}' reading the append only file ${file.name}`,
    );
  }
  if (commands.end === AofRead.Malformed) {
    throw new LoadError(
      `Bad file format reading the append only file ${file.name}: ` +
        "make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>",
    );
  }
  if (commands.endsInTransaction) {
    log.warning(`Revert incomplete MULTI/EXEC transaction in AOF file ${file.name}`);
  }
  if (commands.end === AofRead.Truncated) truncate(foundation, file, commands.offset, isLast);
}

/** Reads the snapshot that a file of a log may begin with. Returns how long it is. */
function* loadPreamble(
  foundation: SnapshotFoundation,
  { name, path }: LogFile,
  progress: LoadProgress,
): Generator<void, number> {
  const { log, storage, values } = foundation;
  {
    using file = storage.open(path);
    const magic = new Uint8Array(RDB_MAGIC.length);
    file.read(magic);
    if (new TextDecoder().decode(magic) !== RDB_MAGIC) return 0;
  }
  // a log of older versions, which goes on behind it
  const isOld = name === values.appendfilename;
  log.notice(
    isOld ? "Reading RDB preamble from AOF file..." : "Reading RDB base file on AOF loading...",
  );
  using file = storage.open(path);
  const what = isOld ? "preamble of the AOF file" : "base file";
  const refusal = `Error reading the RDB ${what} ${name}, AOF loading aborted`;
  const reader = yield* readRdb(foundation, file, progress, { keepExpired: true }, refusal);
  if (isOld) log.notice("Reading the remaining AOF tail...");
  return reader.offset;
}

/** The file is over in the middle of a command: what is left of that is taken off, if that is allowed. */
function truncate(
  { log, storage, values }: SnapshotFoundation,
  { name, path }: LogFile,
  offset: number,
  isLast: boolean,
): void {
  const refusal = `Unexpected end of file reading the append only file ${name}. You can: ` +
    "1) Make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>. " +
    "2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and " +
    "restart the server.";
  if (!values.aofLoadTruncated) throw new LoadError(refusal);
  log.warning(`!!! Warning: short read while loading the AOF file ${name}!!!`);
  if (!isLast) throw new LoadError("Fatal error: the truncated file is not the last file");
  log.warning(`!!! Truncating the AOF ${name} at offset ${offset} !!!`);
  try {
    using file = storage.append(path);
    file.truncate(offset);
    file.syncNow();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log.warning(`Error truncating the AOF file ${name}: ${error.message}`);
    throw new LoadError(refusal);
  }
  log.warning(`AOF ${name} loaded anyway because aof-load-truncated is enabled`);
}

/** The commands of one file, run in portions; those of a transaction when it is known to be whole. */
class LoggedCommands {
  /** Where the commands end that were run. */
  offset: number;
  end = AofRead.End;
  endsInTransaction = false;
  unknownCommand: string | null = null;
  readonly #foundation: SnapshotFoundation;
  readonly #reader: AofReader;
  readonly #runner: CommandRunner;
  /** Commands since MULTI, while there is no EXEC. */
  #queued: Arguments[] | null = null;

  constructor(foundation: SnapshotFoundation, reader: AofReader, runner: CommandRunner) {
    this.#foundation = foundation;
    this.#reader = reader;
    this.#runner = runner;
    this.offset = reader.offset;
  }

  /** Runs so many; false behind the last command, or where there is no other. */
  runSome(count: number): boolean {
    this.#foundation.keyspace.setNow(beforeAllTimes);
    for (let i = 0; i < count; i++) {
      const found = this.#reader.next();
      if (found !== AofRead.Command) {
        // a transaction without its end was never acknowledged
        this.endsInTransaction = found === AofRead.End && this.#queued !== null;
        this.end = this.endsInTransaction ? AofRead.Truncated : found;
        return false;
      }
      if (!this.#take(this.#reader.args)) return false;
    }
    return true;
  }

  #take(args: Arguments): boolean {
    if (args.is(0, "MULTI") && args.count === 1) {
      this.#queued = [];
      return true;
    }
    if (args.is(0, "EXEC") && args.count === 1) {
      const queued = this.#queued ?? [];
      this.#queued = null;
      if (!queued.every((command) => this.#run(command))) return false;
    } else if (this.#queued !== null) {
      this.#queued.push(args.copy());
      return true;
    } else if (!this.#run(args)) return false;
    this.offset = this.#reader.offset;
    return true;
  }

  #run(args: Arguments): boolean {
    if (args.count === 3 && args.is(0, "FUNCTION") && args.is(1, "LOAD")) {
      const foundation = this.#foundation;
      foundation.functions = [...foundation.functions, args.bytes(2).slice()];
      return true;
    }
    if (this.#runner.run(args)) return true;
    this.unknownCommand = args.cString(0, 128);
    return false;
  }
}

function openIfThere(
  { log, storage, values }: SnapshotFoundation,
  path: string,
  refusal: string,
): ReadableFile | null {
  try {
    return storage.open(path);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    if (error.kind === "missing") return null;
    const { message } = error;
    log.warning(
      `Fatal error: can't open the RDB file ${values.dbfilename} for reading: ${message}`,
    );
    throw new LoadError(refusal);
  }
}

function lengthOf({ storage }: SnapshotFoundation, { name, path }: LogFile): number {
  try {
    using file = storage.open(path);
    return file.byteLength;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new LoadError(`Unable to obtain the AOF file ${name} length. stat: ${error.message}`);
  }
}

/** What ends loading for a reason that somebody has to see to; anything else is a fault of ours. */
function asLoadError(error: unknown): unknown {
  if (error instanceof RdbError) {
    const { offset, reason } = error;
    return new LoadError(`Internal error in RDB reading offset ${offset} -> ${reason}`);
  }
  if (error instanceof StorageError) {
    return new LoadError(`Fatal error loading the DB: ${error.message}. Exiting.`);
  }
  if (error instanceof HeapFullError) {
    return new LoadError(shortReadLine);
  }
  return error;
}
