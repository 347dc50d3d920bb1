import { assertEquals, assertThrows } from "@std/assert";
import { DiskStorage, StorageError } from "../src/storage.ts";

const encoder = new TextEncoder();

async function withFolder(body: (path: string, storage: DiskStorage) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await body(`${folder}/file`, new DiskStorage());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a file is made empty, or gone on behind its end", async () => {
  await withFolder(async (path, storage) => {
    for (
      const [open, expected] of [["create", "one"], ["append", "oneone"], [
        "create",
        "one",
      ]] as const
    ) {
      using file = storage[open](path);
      file.writeNow(encoder.encode("one"));
      assertEquals([await Deno.readTextFile(path), file.size], [expected, expected.length]);
    }
  });
});

Deno.test("a file is written while it is being synced", async () => {
  await withFolder(async (path, storage) => {
    using file = storage.create(path);
    await file.write(encoder.encode("one "));
    const synced = file.sync();
    await file.write(encoder.encode("two"));
    await synced;
    assertEquals(await Deno.readTextFile(path), "one two");
  });
});

Deno.test("a file that has been removed can be written and synced until it is closed", async () => {
  await withFolder(async (path, storage) => {
    using file = storage.create(path);
    await storage.remove(path);
    await file.write(encoder.encode("one"));
    await file.sync();
    file.syncNow();
    assertEquals(file.size, 3);
  });
});

Deno.test("what is not there is told from what can't be read", async () => {
  await withFolder((path, storage) => {
    assertEquals(assertThrows(() => storage.open(path), StorageError).kind, "missing");
    storage.makeFolder(path);
    assertEquals(assertThrows(() => storage.create(path), StorageError).kind, "folder");
    using folder = storage.open(path);
    assertEquals(assertThrows(() => folder.read(new Uint8Array(1)), StorageError).kind, "folder");
    storage.create(`${path}/file`)[Symbol.dispose]();
    const below = `${path}/file/below`;
    assertEquals(assertThrows(() => storage.open(below), StorageError).kind, "missing");
    return Promise.resolve();
  });
});
