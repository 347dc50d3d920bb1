import { assertEquals } from "@std/assert";
import { AppendFsync } from "../../src/config/values.ts";
import { ManualClock } from "../../src/clock.ts";
import { AofWriter } from "../../src/persistence/aof_writer.ts";
import { StorageError } from "../../src/storage.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";

const path = "/data/log";

function openWriter(policy: AppendFsync) {
  let fsync = policy;
  const storage = new SimulatedStorage();
  const clock = new ManualClock(0);
  const events: string[] = [];
  const timed: string[] = [];
  const file = storage.create(path);
  storage.syncFolder("/data");
  const writer = new AofWriter(file, () => fsync, {
    failed: ({ message }) => events.push(message),
    recovered: () => events.push("recovered"),
    wrote: (durationUs, isSyncing) =>
      timed.push(`${isSyncing ? "beside " : ""}write ${durationUs}`),
    synced: (durationUs) => timed.push(`sync ${durationUs}`),
  }, clock);
  const append = (text: string) => {
    const bytes = new TextEncoder().encode(text);
    writer.append(bytes, 0, bytes.length);
  };
  const content = () => new TextDecoder().decode(storage.read(path));
  /** The least that a power cut leaves. */
  const safe = () => content().slice(0, storage.syncedSize(path));
  const setFsync = (next: AppendFsync) => fsync = next;
  return { storage, clock, events, timed, writer, append, content, safe, setFsync };
}

/** All that is to be done without time passing is done. */
async function settle(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve();
}

Deno.test("always: what was appended is synced when its commit returns", () => {
  const { writer, append, safe } = openWriter(AppendFsync.Always);
  for (const text of ["one ", "one two "]) {
    append(text.slice(-4));
    assertEquals([writer.commit(), safe()], [null, text]);
  }
  assertEquals(writer.commit(), null);
});

Deno.test("always: what was begun under everysec is waited for", async () => {
  const { storage, writer, append, safe, setFsync } = openWriter(AppendFsync.EverySecond);
  const write = Promise.withResolvers<void>();
  storage.writing = () => write.promise;
  append("one ");
  writer.commit();
  await settle();
  append("two");
  setFsync(AppendFsync.Always);
  const committed = writer.commit();
  assertEquals([safe(), committed === null], ["", false]);
  write.resolve();
  await committed;
  assertEquals([writer.commit(), safe()], [null, "one two"]);
});

Deno.test("always: a commit that fails is waited for until it is made good", async () => {
  for (const failing of ["write", "sync"]) {
    const { storage, events, writer, append, safe } = openWriter(AppendFsync.Always);
    storage.fault = (operation) =>
      operation === failing ? new StorageError("Input/output error") : null;
    append("one");
    let isSafe = false;
    writer.commit()!.then(() => isSafe = true);
    writer.tick(1);
    await settle();
    assertEquals([isSafe, events], [false, ["Input/output error"]]);
    storage.fault = () => null;
    writer.tick(2);
    await settle();
    assertEquals([isSafe, safe(), writer.commit()], [true, "one", null]);
  }
});

Deno.test("always: a disk that syncs slowly is not waited for, and what comes meanwhile is synced next", async () => {
  const { storage, clock, writer, append, content, safe } = openWriter(AppendFsync.Always);
  storage.changed = () => clock.block(10);
  append("one ");
  assertEquals([writer.commit(), safe()], [null, "one "]);
  const sync = Promise.withResolvers<void>();
  storage.syncing = () => sync.promise;
  append("two ");
  const second = writer.commit();
  append("three ");
  let isThirdSafe = false;
  const third = writer.commit()!.then(() => isThirdSafe = true);
  await settle();
  assertEquals([content(), safe()], ["one two ", "one "]);
  sync.resolve();
  await second;
  assertEquals([safe(), isThirdSafe], ["one two ", false]);
  await third;
  assertEquals([safe(), writer.commit()], ["one two three ", null]);
});

Deno.test("always: what was begun slowly is not waited for any more under everysec", async () => {
  const { storage, clock, writer, append, safe, setFsync } = openWriter(AppendFsync.Always);
  storage.changed = () => clock.block(10);
  append("one ");
  writer.commit();
  const sync = Promise.withResolvers<void>();
  storage.syncing = () => sync.promise;
  append("two ");
  const committed = writer.commit();
  append("three");
  setFsync(AppendFsync.EverySecond);
  assertEquals(writer.commit(), null);
  sync.resolve();
  await committed;
  await settle();
  assertEquals(safe(), "one two ");
});

Deno.test("always: commands of one turn share a write", () => {
  const { storage, writer, append } = openWriter(AppendFsync.Always);
  let writes = 0;
  storage.fault = (operation) => {
    if (operation === "write") writes++;
    return null;
  };
  for (let i = 0; i < 100; i++) append(`${i} `);
  writer.commit();
  assertEquals(writes, 1);
});

Deno.test("everysec: nobody waits, and what is a second old is synced", async () => {
  const { writer, append, content, safe } = openWriter(AppendFsync.EverySecond);
  append("one");
  assertEquals(writer.commit(), null);
  await settle();
  assertEquals([content(), safe()], ["one", ""]);
  writer.tick(999);
  await settle();
  assertEquals(safe(), "");
  writer.tick(1000);
  await settle();
  assertEquals(safe(), "one");
});

Deno.test("everysec: what comes during a sync is written meanwhile, and is of the next", async () => {
  const { storage, writer, append, content, safe } = openWriter(AppendFsync.EverySecond);
  append("one ");
  writer.commit();
  await settle();
  const sync = Promise.withResolvers<void>();
  storage.syncing = () => sync.promise;
  writer.tick(1000);
  await settle();
  append("two");
  writer.commit();
  writer.tick(2000);
  await settle();
  assertEquals([content(), safe(), writer.isSyncing], ["one two", "", true]);
  sync.resolve();
  await settle();
  assertEquals([content(), safe(), writer.isSyncing], ["one two", "one ", false]);
  writer.tick(2100);
  await settle();
  assertEquals(safe(), "one two");
});

Deno.test("everysec: a file is closed when the sync under way and its own are over", async () => {
  const { storage, writer, append, safe } = openWriter(AppendFsync.EverySecond);
  append("one ");
  writer.commit();
  await settle();
  const sync = Promise.withResolvers<void>();
  storage.syncing = () => sync.promise;
  writer.tick(1000);
  append("two");
  let isClosed = false;
  const closed = writer.close().then(() => isClosed = true);
  await settle();
  assertEquals([isClosed, safe()], [false, ""]);
  sync.resolve();
  await closed;
  assertEquals(safe(), "one two");
});

Deno.test("no: written and not synced", async () => {
  const { writer, append, content, safe } = openWriter(AppendFsync.No);
  append("one");
  writer.commit();
  writer.tick(10_000);
  await settle();
  assertEquals([content(), safe()], ["one", ""]);
});

Deno.test("a write that fails is tried again, in order and once", async () => {
  const { storage, events, writer, append, content } = openWriter(AppendFsync.EverySecond);
  storage.fault = (operation) =>
    operation === "write" ? new StorageError("No space left on device", "full") : null;
  append("one ");
  writer.commit();
  await settle();
  append("two ");
  writer.commit();
  await settle();
  assertEquals(events, ["No space left on device"]);
  assertEquals(writer.error?.kind, "full");
  assertEquals(writer.pendingBytes, 8);
  storage.fault = () => null;
  writer.tick(1);
  await settle();
  assertEquals([content(), events.at(-1), writer.error], ["one two ", "recovered", null]);
});

Deno.test("a sync that fails is tried again before all counts as well", async () => {
  const { storage, events, writer, append, safe } = openWriter(AppendFsync.EverySecond);
  append("one");
  writer.commit();
  await settle();
  storage.fault = (operation) =>
    operation === "sync" ? new StorageError("Input/output error") : null;
  writer.tick(1000);
  await settle();
  writer.tick(2000);
  await settle();
  assertEquals([events, writer.error?.message], [["Input/output error"], "Input/output error"]);
  storage.fault = () => null;
  writer.tick(3000);
  await settle();
  assertEquals([safe(), events.at(-1)], ["one", "recovered"]);
});

Deno.test("a file that follows another is not written to before that is closed", async () => {
  const { storage, clock, writer, append, content } = openWriter(AppendFsync.Always);
  const ignore = () => {};
  const events = { failed: ignore, recovered: ignore, wrote: ignore, synced: ignore };
  const file = storage.create("/data/next");
  let order = "";
  storage.changed = () => order += `${content().length}/${storage.read("/data/next").length} `;
  append("first");
  const next = new AofWriter(file, () => AppendFsync.Always, events, clock, writer.close());
  next.append(new TextEncoder().encode("second"), 0, 6);
  await next.commit();
  assertEquals(next.commit(), null);
  assertEquals(order, "5/0 5/0 5/6 5/6 ");
});

Deno.test("always: writes and syncs are timed", () => {
  const { storage, clock, timed, writer, append } = openWriter(AppendFsync.Always);
  storage.changed = () => clock.block(7);
  append("one");
  writer.commit();
  assertEquals(timed, ["write 7000", "sync 7000"]);
});

Deno.test("everysec: a write is timed as one beside a sync", async () => {
  const { storage, clock, timed, writer, append } = openWriter(AppendFsync.EverySecond);
  append("one");
  writer.commit();
  await settle();
  storage.changed = () => clock.block(7);
  writer.tick(1000);
  append("two");
  writer.commit();
  await settle();
  assertEquals(timed, ["write 0", "beside write 7000"]);
});
