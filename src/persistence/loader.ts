/**
 * What a server does before it serves: reads a snapshot, or an append-only log, back into memory.
 *
 * Loading is a generator that stops every now and then, so that whoever drives it may answer clients in
 * between, or not (DEBUG RELOAD). How far it has come is in `LoadProgress`. A file that is no good ends
 * it with a `LoadError`, and a server does not start with half of its data.
 */
import { HeapFullError } from "../memory/heap.ts";
import type { Arguments } from "../resp/arguments.ts";
import { type ReadableFile, StorageError } from "../storage.ts";
import type { AofManifest } from "./aof_manifest.ts";
import { AofRead, AofReader } from "./aof_reader.ts";
import { KeyDelay } from "./key_delay.ts";
import { RDB_MAGIC } from "./rdb_format.ts";
import { RdbError } from "./rdb_input.ts";
import { RdbReader } from "./rdb_reader.ts";
import type { SnapshotFoundation } from "./rdb_saver.ts";

/** What is read between two stops, in bytes of RDB and in commands: less than a millisecond's work. */
const portionBytes = 64 * 1024;
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
  const file = openIfThere(foundation, path);
  if (file === null) return false;
  using source = file;
  progress.bytesTotal = source.byteLength;
  yield* readRdb(foundation, source, path, progress, { replaceKeys });
  return true;
}

function* readRdb(
  foundation: SnapshotFoundation,
  source: ReadableFile,
  path: string,
  progress: LoadProgress,
  options: { replaceKeys?: boolean; keepExpired?: boolean },
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
    }
  } catch (error) {
    reader.abandon();
    throw asLoadError(error, path);
  }
  progress.bytesLoaded = before + reader.offset;
  progress.keysLoaded = reader.keysLoaded;
  progress.keysExpired = reader.keysExpired;
  foundation.functions = reader.functions;
  return reader;
}

/**
 * Reads all files of a log into the databases, which are empty. Returns their length in bytes.
 *
 * @throws {LoadError}
 */
export function* loadAof(
  foundation: SnapshotFoundation,
  manifest: AofManifest,
  runner: CommandRunner,
  progress: LoadProgress,
): Generator<void, number> {
  const { log, resolvePath, values } = foundation;
  foundation.functions = [];
  const paths = manifest.files.map(({ name }) => resolvePath(`${values.appenddirname}/${name}`));
  for (const path of paths) progress.bytesTotal += lengthOf(foundation, path);
  for (const [i, path] of paths.entries()) {
    const isBase = i === 0 && manifest.base !== null;
    // the next file is not written to before this one is complete, but it is there already
    const isLast = paths.slice(i + 1).every((path) => lengthOf(foundation, path) === 0);
    yield* loadAofFile(foundation, path, runner, progress, isLast);
    log.notice(
      `DB loaded from ${isBase ? "base" : "incr"} file ${manifest.files[i].name}: ` +
        `${((foundation.clock.nowMs() - progress.startedMs) / 1000).toFixed(3)} seconds`,
    );
  }
  return progress.bytesLoaded;
}

/** Reads one file of a log: a snapshot, commands, or commands behind a snapshot. */
function* loadAofFile(
  foundation: SnapshotFoundation,
  path: string,
  runner: CommandRunner,
  progress: LoadProgress,
  isLast: boolean,
): Generator<void> {
  const before = progress.bytesLoaded;
  const offset = yield* loadPreamble(foundation, path, progress);
  using file = openOrFail(foundation, path, offset);
  const commands = new LoggedCommands(foundation, new AofReader(file, offset), runner);
  runner.reset();
  const delay = new KeyDelay(foundation.values.keyLoadDelay);
  const portion = delay.isOn ? delayedPortionCommands : portionCommands;
  for (let done = portion; commands.runSome(portion); done += portion) {
    if (delay.isOn) foundation.clock.block(delay.dueMs(done));
    progress.bytesLoaded = before + commands.offset;
    yield;
  }
  progress.bytesLoaded = before + commands.offset;
  if (commands.unknownCommand !== null) {
    throw new LoadError(
      `Unknown command '${commands.unknownCommand}' reading the append only file ${path}`,
    );
  }
  if (commands.end === AofRead.Malformed) {
    throw new LoadError(
      `Bad file format reading the append only file ${path} at byte ${commands.offset}: ` +
        "make a backup of your AOF file, then use redis-check-aof --fix <filename.manifest>",
    );
  }
  if (commands.end === AofRead.Truncated) truncate(foundation, path, commands.offset, isLast);
}

/** Reads the snapshot that a file of a log may begin with. Returns how long it is. */
function* loadPreamble(
  foundation: SnapshotFoundation,
  path: string,
  progress: LoadProgress,
): Generator<void, number> {
  {
    using file = openOrFail(foundation, path);
    const magic = new Uint8Array(RDB_MAGIC.length);
    file.read(magic);
    if (new TextDecoder().decode(magic) !== RDB_MAGIC) return 0;
  }
  using file = openOrFail(foundation, path);
  const reader = yield* readRdb(foundation, file, path, progress, { keepExpired: true });
  return reader.offset;
}

/** The file is over in the middle of a command: what is left of that is taken off, if that is allowed. */
function truncate(
  { log, storage, values }: SnapshotFoundation,
  path: string,
  offset: number,
  isLast: boolean,
): void {
  if (!isLast) {
    throw new LoadError(
      `Fatal error: the truncated file ${path} is not the last file of the append only log`,
    );
  }
  if (!values.aofLoadTruncated) {
    throw new LoadError(
      `Unexpected end of file reading the append only file ${path}. You can: ` +
        "1) Make a backup of your AOF file, then use redis-check-aof --fix <filename.manifest>. " +
        "2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and " +
        "restart the server.",
    );
  }
  log.warning(`!!! Warning: short read while loading the AOF file ${path}!!!`);
  log.warning(`Truncating the AOF ${path} at offset ${offset}`);
  try {
    using file = storage.append(path);
    file.truncate(offset);
    file.syncNow();
  } catch (error) {
    throw asLoadError(error, path);
  }
  log.warning(`AOF ${path} loaded anyway because aof-load-truncated is enabled`);
}

/** The commands of one file, run in portions; those of a transaction when it is known to be whole. */
class LoggedCommands {
  /** Where the commands end that were run. */
  offset: number;
  end = AofRead.End;
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
        const isWhole = found !== AofRead.End || this.#queued === null;
        this.end = isWhole ? found : AofRead.Truncated;
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

function openIfThere({ storage }: SnapshotFoundation, path: string): ReadableFile | null {
  try {
    return storage.open(path);
  } catch (error) {
    if (error instanceof StorageError && error.kind === "missing") return null;
    throw asLoadError(error, path);
  }
}

function openOrFail({ storage }: SnapshotFoundation, path: string, offset = 0): ReadableFile {
  try {
    return storage.open(path, offset);
  } catch (error) {
    throw asLoadError(error, path);
  }
}

function lengthOf(foundation: SnapshotFoundation, path: string): number {
  using file = openOrFail(foundation, path);
  return file.byteLength;
}

/** What ends loading for a reason that somebody has to see to; anything else is a fault of ours. */
function asLoadError(error: unknown, path: string): unknown {
  if (error instanceof RdbError) return new LoadError(`Can't load ${path}: ${error.message}`);
  if (error instanceof StorageError) return new LoadError(`Can't read ${path}: ${error.message}`);
  if (error instanceof HeapFullError) return new LoadError(`Can't load ${path}: out of memory`);
  return error;
}
