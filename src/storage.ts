/**
 * Files as the server sees them: the only way to the disk for what must outlive the process.
 *
 * `DiskStorage` is the machine's; tests put another in its place, that fails and forgets as disks do.
 * Whatever goes wrong is a `StorageError`, and an ordinary state: who writes says what follows from it.
 *
 * What a write puts into a file survives the death of the process, not that of the machine; for that
 * there is `sync`. That a file exists, or has another name, survives once its folder is synced.
 */
import { systemErrorCode, systemErrorText } from "./system_error.ts";

/** What of a failure its handling depends on. */
export type StorageErrorKind =
  /** There is no such file or folder. */
  | "missing"
  /** It is a folder, and no file. */
  | "folder"
  /** No space is left, or what this user may have of it. */
  | "full"
  | "other";

/** A disk could not do what it was asked for. The message is the system's. */
export class StorageError extends Error {
  override name = "StorageError";
  readonly kind: StorageErrorKind;

  constructor(message: string, kind: StorageErrorKind = "other") {
    super(message);
    this.kind = kind;
  }
}

/** A file open for reading. */
export interface ReadableFile extends Disposable {
  /** Bytes of all of it. */
  readonly byteLength: number;
  /** Reads up to `into.length` bytes; 0 at the end. */
  read(into: Uint8Array): number;
}

/**
 * A file open for adding to its end. What is written waits in the system's memory until it is synced.
 *
 * The methods that return promises work beside the event loop. Of each one is under way at a time; what
 * is written meanwhile is not of the sync.
 */
export interface WritableFile extends Disposable {
  /** Length in bytes. */
  readonly size: number;
  /** Adds all of `bytes`; if it throws, the file is as long as before, or `torn`. */
  writeNow(bytes: Uint8Array): void;
  write(bytes: Uint8Array): Promise<void>;
  syncNow(): void;
  sync(): Promise<void>;
  /** Takes off what is behind the first `size` bytes. */
  truncate(size: number): void;
  /** Whether a write failed halfway, and its beginning, behind `size`, could not be taken off. */
  readonly torn: boolean;
}

/** A place where files are. All methods throw a `StorageError` when they can't. */
export interface Storage {
  /** Opens a file to read from so many bytes on. */
  open(path: string, offset?: number): ReadableFile;
  /** Makes an empty file, in place of one that may be there. */
  create(path: string): WritableFile;
  /** Opens a file to go on behind its end; makes it if there is none. */
  append(path: string): WritableFile;
  /** Gives a file another name; one that has that name is gone. */
  rename(from: string, to: string): void;
  /** Beside the event loop: to free what a large file takes is long work. */
  remove(path: string): Promise<void>;
  /** Makes a folder, if it is not there, with those above it. */
  makeFolder(path: string): void;
  /** Names of the files and folders in a folder. */
  list(path: string): string[];
  /** Makes last what was made, renamed and removed in a folder. */
  syncFolder(path: string): void;
}

/** The disks of this machine. */
export class DiskStorage implements Storage {
  open(path: string, offset = 0): ReadableFile {
    return attempt(() => {
      const file = Deno.openSync(path);
      file.seekSync(offset, Deno.SeekMode.Start);
      return new DiskReader(file);
    });
  }

  create(path: string): WritableFile {
    return attempt(() => new DiskWriter(path, true));
  }

  append(path: string): WritableFile {
    return attempt(() => new DiskWriter(path, false));
  }

  rename(from: string, to: string): void {
    attempt(() => Deno.renameSync(from, to));
  }

  async remove(path: string): Promise<void> {
    try {
      await Deno.remove(path);
    } catch (error) {
      throw storageError(error);
    }
  }

  makeFolder(path: string): void {
    try {
      Deno.mkdirSync(path, { recursive: true, mode: 0o755 });
    } catch (error) {
      const isFile = error instanceof Deno.errors.AlreadyExists;
      throw isFile ? new StorageError("Not a directory") : storageError(error);
    }
  }

  list(path: string): string[] {
    return attempt(() => Array.from(Deno.readDirSync(path), ({ name }) => name));
  }

  /** Windows can't open a folder, and needs no such thing. */
  syncFolder(path: string): void {
    if (Deno.build.os === "windows") return;
    attempt(() => {
      using folder = Deno.openSync(path);
      folder.syncSync();
    });
  }
}

class DiskReader implements ReadableFile {
  readonly byteLength: number;
  readonly #file: Deno.FsFile;

  constructor(file: Deno.FsFile) {
    this.#file = file;
    this.byteLength = file.statSync().size;
  }

  read(into: Uint8Array): number {
    return attempt(() => this.#file.readSync(into) ?? 0);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

class DiskWriter implements WritableFile {
  size: number;
  torn = false;
  readonly #file: Deno.FsFile;
  /** Another handle: the runtime has what is asked of one wait for each other, a write for a sync. */
  readonly #synced: Deno.FsFile;

  constructor(path: string, empty: boolean) {
    this.#file = Deno.openSync(path, { append: true, create: true, mode: 0o644 });
    this.#synced = Deno.openSync(path, { write: true });
    if (empty) this.#file.truncateSync(0);
    this.size = empty ? 0 : this.#file.statSync().size;
  }

  writeNow(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    } catch (error) {
      this.#takeBack();
      throw storageError(error);
    }
    this.size += bytes.length;
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) at += await this.#file.write(bytes.subarray(at));
    } catch (error) {
      this.#takeBack();
      throw storageError(error);
    }
    this.size += bytes.length;
  }

  syncNow(): void {
    attempt(() => this.#file.syncDataSync());
  }

  async sync(): Promise<void> {
    try {
      await this.#synced.syncData();
    } catch (error) {
      throw storageError(error);
    }
  }

  truncate(size: number): void {
    attempt(() => this.#file.truncateSync(size));
    this.size = size;
    this.torn = false;
  }

  /** Takes off the beginning of a write that failed. */
  #takeBack(): void {
    try {
      this.#file.truncateSync(this.size);
    } catch {
      this.torn = true;
    }
  }

  [Symbol.dispose](): void {
    this.#file.close();
    this.#synced.close();
  }
}

function attempt<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw storageError(error);
  }
}

/** Codes of the system's errors that say that there is no room. */
const fullCodes: readonly string[] = ["ENOSPC", "EDQUOT", "EFBIG"];

function storageError(error: unknown): StorageError {
  if (!(error instanceof Error)) return new StorageError(String(error));
  const message = systemErrorText(error);
  const { errors } = Deno;
  if (error instanceof errors.NotFound || error instanceof errors.NotADirectory) {
    return new StorageError(message, "missing");
  }
  if (error instanceof errors.IsADirectory) return new StorageError(message, "folder");
  const isFull = fullCodes.includes(systemErrorCode(error));
  return new StorageError(message, isFull ? "full" : "other");
}

/**
 * Makes `path` a file that `fill` writes, as a whole or not at all: written under `temporaryPath` in the
 * same folder, synced and renamed. What `fill` throws, too, leaves the file that was there.
 */
export function replaceFile(
  storage: Storage,
  path: string,
  temporaryPath: string,
  fill: (file: WritableFile) => void,
): void {
  try {
    using file = storage.create(temporaryPath);
    fill(file);
    file.syncNow();
  } catch (error) {
    discard(storage, temporaryPath);
    throw error;
  }
  keep(storage, temporaryPath, path);
}

/** Gives a file that is complete and synced its name, for good. */
export function keep(storage: Storage, temporaryPath: string, path: string): void {
  try {
    storage.rename(temporaryPath, path);
  } catch (error) {
    discard(storage, temporaryPath);
    throw error;
  }
  storage.syncFolder(folderOf(path));
}

/** Removes a file that is of no use; that it can't be is no reason to fail. */
export async function discard(storage: Storage, path: string): Promise<void> {
  try {
    await storage.remove(path);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
  }
}

/** The folder of an absolute path. */
export function folderOf(path: string): string {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return end <= 0 ? path.slice(0, 1) : path.slice(0, end);
}
