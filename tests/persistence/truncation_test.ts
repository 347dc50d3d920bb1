/** Files that end too early, and files of which a bit is wrong: refused, or right as far as can be told. */
import { assertEquals, assertRejects } from "@std/assert";
import { encodeCommand } from "../../src/client/client.ts";
import { LoadError } from "../../src/persistence/loader.ts";
import { type Random, randomBelow } from "../../src/random.ts";
import { run } from "../net/support.ts";
import { testScale, withSeed } from "../support/property.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { StoredServer } from "../support/stored_server.ts";

const incrementName = "appendonly.aof.1.incr.aof";
const incrementPath = `/data/appendonlydir/${incrementName}`;
const manifestPath = "/data/appendonlydir/appendonly.aof.manifest";
const snapshotPath = "/data/dump.rdb";
const lines = ["save ''", "appendonly yes"];

/** What stands and falls together, and what the keys are behind it. */
const units: readonly { commands: readonly string[]; values: string }[] = [
  { commands: ["SELECT 0"], values: "(null) (null) 0" },
  { commands: ["SET a 1"], values: "1 (null) 0" },
  { commands: ["MULTI", "INCR a", "SET b 2", "RPUSH l x", "EXEC"], values: "2 2 1" },
  { commands: ["RPUSH l y z"], values: "2 2 3" },
  { commands: ["DEL b"], values: "2 (null) 3" },
];

const unitBytes = units.map(({ commands }) =>
  commands.map((command) => new TextDecoder().decode(encodeCommand(command.split(" ")))).join("")
);
const content = new TextEncoder().encode(unitBytes.join(""));

function storageWith(increment: Uint8Array): SimulatedStorage {
  const storage = new SimulatedStorage();
  storage.put(manifestPath, new TextEncoder().encode(`file ${incrementName} seq 1 type i\n`));
  storage.put(incrementPath, increment);
  return storage;
}

async function valuesOf(stored: StoredServer): Promise<string> {
  const client = await stored.connect();
  return `${await run(client, "MGET a b")} ${await run(client, "LLEN l")}`;
}

/** What a server has that is started with these files. */
async function loaded(storage: SimulatedStorage, config = lines): Promise<string> {
  await using stored = await StoredServer.start(storage, config);
  return await valuesOf(stored);
}

/** How many units are whole in the first `length` bytes, and their length. */
function wholeUnits(length: number): { count: number; bytes: number } {
  let bytes = 0;
  const count = unitBytes.findIndex((unit) => {
    if (bytes + unit.length > length) return true;
    bytes += unit.length;
    return false;
  });
  return { count: count < 0 ? units.length : count, bytes };
}

Deno.test("a log that is cut off at any byte loads to its last whole unit, and again", async () => {
  for (let length = 0; length <= content.length; length++) {
    const storage = storageWith(content.slice(0, length));
    const { count, bytes } = wholeUnits(length);
    const expected = units[count - 1]?.values ?? units[0].values;
    assertEquals(await loaded(storage), expected, `cut off at ${length}`);
    assertEquals(storage.syncedSize(incrementPath), bytes);
    // each start takes some milliseconds
    if (testScale() === 1 && length % 7 !== 0) continue;
    assertEquals(await loaded(storage), expected, `cut off at ${length}, second start`);
  }
});

Deno.test("a log that ends too early is refused where aof-load-truncated is no", async () => {
  for (let length = 0; length <= content.length; length += 7) {
    const storage = storageWith(content.slice(0, length));
    const start = () => loaded(storage, [...lines, "aof-load-truncated no"]);
    if (wholeUnits(length).bytes === length) {
      await start();
      continue;
    }
    const error = await assertRejects(start, LoadError);
    assertEquals(
      error.message,
      `Unexpected end of file reading the append only file ${incrementName}. You can: ` +
        "1) Make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>. " +
        "2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and " +
        "restart the server.",
    );
    assertEquals(storage.read(incrementPath).length, length);
  }
});

Deno.test("a file that is cut off and has commands behind it in the next is refused", async () => {
  const second = "appendonly.aof.2.incr.aof";
  const storage = storageWith(content.slice(0, -1));
  storage.put(
    manifestPath,
    new TextEncoder().encode(
      `file ${incrementName} seq 1 type i\nfile ${second} seq 2 type i\n`,
    ),
  );
  const secondPath = `/data/appendonlydir/${second}`;
  storage.put(secondPath, content);
  await assertRejects(() => loaded(storage), LoadError, "is not the last file");
  storage.put(secondPath, new Uint8Array(0));
  assertEquals(await loaded(storage), "2 2 3");
});

/** Of a file, one with another bit turned over: every bit in its turn, or so many of them by chance. */
function* withWrongBits(bytes: Uint8Array, count: number, random: Random): Generator<Uint8Array> {
  const bits = bytes.length * 8;
  const isAll = count >= bits;
  for (let i = 0; i < (isAll ? bits : count); i++) {
    const bit = isAll ? i : randomBelow(random, bits);
    const wrong = bytes.slice();
    wrong[bit >> 3] ^= 1 << (bit & 7);
    yield wrong;
  }
}

/** The commands of a log as far as its units are whole, each as its words. */
function commandsOf(file: Uint8Array): Uint8Array[][] {
  const text = new TextDecoder("latin1").decode(file);
  const whole: Uint8Array[][] = [];
  let unit: Uint8Array[][] = [];
  for (let at = 0; at < text.length;) {
    const words: Uint8Array[] = [];
    const header = /^(?:#.*\r\n)*\*(\d+)\r\n/.exec(text.slice(at));
    at += header?.[0].length ?? text.length;
    for (let left = Number(header?.[1] ?? 0); left > 0; left--) {
      const length = /^\$(\d+)\r\n/.exec(text.slice(at));
      const start = at + (length?.[0].length ?? text.length);
      const end = start + Number(length?.[1] ?? 0);
      at = end + 2;
      if (at > text.length) return whole;
      words.push(file.slice(start, end));
    }
    if (header === null) return whole;
    unit.push(words);
    const names = unit.map(([name]) => new TextDecoder().decode(name).toUpperCase());
    if (names[0] === "MULTI" && names.at(-1) !== "EXEC") continue;
    whole.push(...unit);
    unit = [];
  }
  return whole;
}

/** What a client leaves that sends these commands. */
async function sent(commands: readonly Uint8Array[][]): Promise<string> {
  await using stored = await StoredServer.start(new SimulatedStorage(), ["save ''"]);
  const client = await stored.connect();
  for (const words of commands) await client.send(words);
  return await valuesOf(stored);
}

const flipsPerScale = 100;

/** Starts a server with each of these; says how many were refused. */
async function countRefused(
  files: Iterable<Uint8Array>,
  start: (file: Uint8Array) => Promise<string>,
  accept: (values: string, file: Uint8Array) => void | Promise<void>,
): Promise<string> {
  let refused = 0;
  let count = 0;
  for (const file of files) {
    count++;
    let values: string;
    try {
      values = await start(file);
    } catch (error) {
      if (!(error instanceof LoadError)) throw error;
      refused++;
      continue;
    }
    await accept(values, file);
  }
  return `${refused} of ${count} refused`;
}

Deno.test("a log with a wrong bit is refused, or loads what it says", async () => {
  await withSeed(async (random) => {
    const told = await countRefused(
      withWrongBits(content, flipsPerScale * testScale(), random),
      (file) => loaded(storageWith(file)),
      async (values, file) => assertEquals(values, await sent(commandsOf(file))),
    );
    if (testScale() > 1) console.log(told);
  });
});

Deno.test("a snapshot with a wrong bit is refused", async () => {
  const storage = storageWith(content);
  {
    await using stored = await StoredServer.start(storage, lines);
    assertEquals(await run(await stored.connect(), "SAVE"), "OK");
  }
  const snapshot = storage.read(snapshotPath);
  await withSeed(async (random) => {
    const told = await countRefused(
      withWrongBits(snapshot, flipsPerScale * testScale(), random),
      (file) => {
        const wrong = new SimulatedStorage();
        wrong.put(snapshotPath, file);
        return loaded(wrong, ["save ''"]);
      },
      // with a bit less its version is the first, which had no checksum
      (values) => assertEquals(values, units.at(-1)!.values),
    );
    if (testScale() > 1) console.log(told);
  });
});
