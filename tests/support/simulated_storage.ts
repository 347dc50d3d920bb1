/**
 * A disk in memory that fails when it is told to, and that can be looked at as a power cut would leave it.
 *
 * What survives a power cut: of a file at least what was synced, and any beginning of what was written
 * since (file systems that order data before the length, as ext4, XFS, APFS and NTFS do); of a folder
 * what was synced, and any beginning of the names made, changed and removed since. Neither waits for
 * the other: a new name may be there before the content, and the content before the name. A new folder
 * is a name too, without which there is nothing of what is in it.
 */
import { type Random, randomBelow } from "../../src/random.ts";
import {
  type ReadableFile,
  type Storage,
  StorageError,
  type WritableFile,
} from "../../src/storage.ts";

/** What a storage is asked to do, for those who let it fail. */
export type StorageOperation =
  | "open"
  | "create"
  | "append"
  | "write"
  | "sync"
  | "truncate"
  | "rename"
  | "remove"
  | "makeFolder"
  | "list"
  | "syncFolder";

/** The content of a file, whatever it is called. */
class Inode {
  bytes = new Uint8Array(0);
  /** So many of them survive. */
  syncedSize = 0;

  constructor(bytes = new Uint8Array(0), syncedSize = bytes.length) {
    this.bytes = bytes;
    this.syncedSize = syncedSize;
  }
}

type Names = Map<string, Inode>;

/** A change of the names in a folder. */
interface Change {
  readonly folder: string;
  /** The name that is gone, and that which there is instead or besides, if any. */
  readonly gone: string | null;
  readonly made: { readonly path: string; readonly inode: Inode } | null;
}

function applyChange({ gone, made }: Change, names: Names): void {
  if (gone !== null) names.delete(gone);
  if (made !== null) names.set(made.path, made.inode);
}

export class SimulatedStorage implements Storage {
  /** What there is, by path. */
  #names: Names;
  /** What survives of it, and the changes since, by folder. */
  readonly #synced: Names;
  #changes: Change[] = [];
  /** Folders that were made, and whose names may not survive. */
  readonly #newFolders: Set<string> = new Set();
  /** Asked before each operation: an error that it returns is thrown. */
  fault: (operation: StorageOperation, path: string) => StorageError | null = () => null;
  /** Called behind each change. */
  changed: () => void = () => {};
  /** Resolve when a write or a sync that begins now has had its time. */
  writing: () => Promise<void> = () => Promise.resolve();
  syncing: () => Promise<void> = () => Promise.resolve();

  constructor(files: Names = new Map(), synced: Names = new Map(files)) {
    this.#names = files;
    this.#synced = synced;
  }

  /** What a power cut at this moment may leave, by chance. */
  afterPowerCut(random: Random): SimulatedStorage {
    const names = new Map(this.#synced);
    const survivingByFolder = new Map<string, number>();
    for (const { folder } of this.#changes) {
      const count = this.#changes.filter((change) => change.folder === folder).length;
      if (!survivingByFolder.has(folder)) {
        survivingByFolder.set(folder, randomBelow(random, count + 1));
      }
    }
    for (const change of this.#changes) {
      const left = survivingByFolder.get(change.folder)!;
      if (left === 0) continue;
      survivingByFolder.set(change.folder, left - 1);
      applyChange(change, names);
    }
    for (const folder of this.#newFolders) {
      if (randomBelow(random, 2) > 0) continue;
      for (const path of names.keys()) if (folderOf(path) === folder) names.delete(path);
    }
    const survivors = new Map<Inode, Inode>();
    for (const [path, inode] of names) {
      if (!survivors.has(inode)) {
        const extra = randomBelow(random, inode.bytes.length - inode.syncedSize + 1);
        survivors.set(inode, new Inode(inode.bytes.slice(0, inode.syncedSize + extra)));
      }
      names.set(path, survivors.get(inode)!);
    }
    return new SimulatedStorage(names);
  }

  /** So many bytes of a file survive a power cut, whatever happens. */
  syncedSize(path: string): number {
    return this.#inode(path).syncedSize;
  }

  /** What is there when only the process ends: all of it, though a power cut may come yet. */
  afterKill(): SimulatedStorage {
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode) => {
      const copy = copies.get(inode) ?? new Inode(inode.bytes.slice(), inode.syncedSize);
      copies.set(inode, copy);
      return copy;
    };
    const copyNames = (names: Names) =>
      new Map([...names].map(([path, inode]) => [path, copyOf(inode)]));
    const after = new SimulatedStorage(copyNames(this.#names), copyNames(this.#synced));
    after.#changes = this.#changes.map(({ folder, gone, made }) => ({
      ...{ folder, gone },
      made: made && { path: made.path, inode: copyOf(made.inode) },
    }));
    for (const folder of this.#newFolders) after.#newFolders.add(folder);
    return after;
  }

  /** Paths of all files. */
  get paths(): string[] {
    return [...this.#names.keys()];
  }

  /** The content of a file. */
  read(path: string): Uint8Array {
    return this.#inode(path).bytes;
  }

  /** Puts a file there, as if it had been there for long. */
  put(path: string, bytes: Uint8Array): void {
    const inode = new Inode(bytes.slice());
    this.#names.set(path, inode);
    this.#synced.set(path, inode);
  }

  open(path: string, offset = 0): ReadableFile {
    this.#attempt("open", path);
    const { bytes } = this.#inode(path);
    let at = offset;
    return {
      byteLength: bytes.length,
      read(into) {
        const length = Math.min(into.length, bytes.length - at);
        into.set(bytes.subarray(at, at += length));
        return length;
      },
      [Symbol.dispose]() {},
    };
  }

  create(path: string): WritableFile {
    this.#attempt("create", path);
    const inode = new Inode();
    this.#change(folderOf(path), null, { path, inode });
    return new SimulatedFile(this, path, inode);
  }

  append(path: string): WritableFile {
    this.#attempt("append", path);
    const inode = this.#names.get(path) ?? new Inode();
    if (!this.#names.has(path)) this.#change(folderOf(path), null, { path, inode });
    return new SimulatedFile(this, path, inode);
  }

  rename(from: string, to: string): void {
    this.#attempt("rename", from);
    const inode = this.#inode(from);
    this.#change(folderOf(from), from, { path: to, inode });
  }

  async remove(path: string): Promise<void> {
    await Promise.resolve();
    this.#attempt("remove", path);
    this.#inode(path);
    this.#change(folderOf(path), path, null);
  }

  makeFolder(path: string): void {
    this.#attempt("makeFolder", path);
    if (this.paths.every((name) => folderOf(name) !== path)) this.#newFolders.add(path);
  }

  list(path: string): string[] {
    this.#attempt("list", path);
    const inFolder = [...this.#names.keys()].filter((name) => folderOf(name) === path);
    return inFolder.map((name) => name.slice(path.length + 1));
  }

  syncFolder(path: string): void {
    this.#attempt("syncFolder", path);
    for (const change of this.#changes) {
      if (change.folder === path) applyChange(change, this.#synced);
    }
    this.#changes = this.#changes.filter(({ folder }) => folder !== path);
    for (const folder of this.#newFolders) {
      if (folderOf(folder) === path) this.#newFolders.delete(folder);
    }
    this.changed();
  }

  /** For the files: lets an operation fail that is to fail. */
  attempt(operation: StorageOperation, path: string): void {
    this.#attempt(operation, path);
  }

  #attempt(operation: StorageOperation, path: string): void {
    const error = this.fault(operation, path);
    if (error !== null) throw error;
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw new StorageError("No such file or directory", "missing");
    return inode;
  }

  #change(folder: string, gone: Change["gone"], made: Change["made"]): void {
    const change = { folder, gone, made };
    applyChange(change, this.#names);
    this.#changes.push(change);
    this.changed();
  }
}

class SimulatedFile implements WritableFile {
  torn = false;
  readonly #storage: SimulatedStorage;
  readonly #path: string;
  readonly #inode: Inode;

  constructor(storage: SimulatedStorage, path: string, inode: Inode) {
    this.#storage = storage;
    this.#path = path;
    this.#inode = inode;
  }

  get size(): number {
    return this.#inode.bytes.length;
  }

  writeNow(bytes: Uint8Array): void {
    this.#storage.attempt("write", this.#path);
    const inode = this.#inode;
    const longer = new Uint8Array(inode.bytes.length + bytes.length);
    longer.set(inode.bytes);
    longer.set(bytes, inode.bytes.length);
    inode.bytes = longer;
    this.#storage.changed();
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#storage.writing();
    this.writeNow(bytes);
  }

  syncNow(): void {
    this.#storage.attempt("sync", this.#path);
    this.#inode.syncedSize = this.#inode.bytes.length;
    this.#storage.changed();
  }

  async sync(): Promise<void> {
    const { bytes } = this.#inode;
    await this.#storage.syncing();
    this.#storage.attempt("sync", this.#path);
    const synced = Math.min(bytes.length, this.#inode.bytes.length);
    this.#inode.syncedSize = Math.max(this.#inode.syncedSize, synced);
    this.#storage.changed();
  }

  truncate(size: number): void {
    this.#storage.attempt("truncate", this.#path);
    this.#inode.bytes = this.#inode.bytes.slice(0, size);
    this.#inode.syncedSize = Math.min(this.#inode.syncedSize, size);
    this.#storage.changed();
  }

  [Symbol.dispose](): void {}
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
