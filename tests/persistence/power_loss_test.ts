/** What a power cut leaves is what was promised, at whatever moment it comes. */
import { assert, assertEquals } from "@std/assert";
import { datasetDigest } from "../../src/observe/digest.ts";
import { AofState } from "../../src/persistence/aof.ts";
import { type Random, randomBelow, type SeededRandom } from "../../src/random.ts";
import { until } from "../net/support.ts";
import { testScale, withSeed } from "../support/property.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { dataFolder, StoredServer } from "../support/stored_server.ts";
import { bytesOf } from "../support/wire_connection.ts";
import { assertMoment, readTraces, TracedClient } from "../support/traced_load.ts";

const clientCount = 3;
const rounds = 10;
const writesPerRound = 3;
/** So many turns of the event loop a write or a sync takes at most. */
const turnsMax = 8;
/** Of so many changes of the disk, and replies to clients, one is followed by a power cut. */
const momentsPerCut = 3;
/** So many power cuts follow a kill. */
const imagesPerKill = 2;
/** How long a change of a slow disk takes, in milliseconds: others are served during a sync. */
const slowChangeMs = 10;

/** What was left at some moment, and by client how many writes must be there. */
interface Image {
  readonly storage: SimulatedStorage;
  readonly floor: readonly number[];
}

/** A server under load, of whose disk images are taken. */
class LoadedServer {
  readonly clients: readonly TracedClient[];
  readonly stored: StoredServer;
  readonly images: Image[] = [];
  /** By client, how many writes are safe at this moment. */
  floor: () => readonly number[] = () => this.acknowledged;

  constructor(
    stored: StoredServer,
    clients: readonly TracedClient[],
    random: Random,
    changeMs = 0,
  ) {
    this.stored = stored;
    this.clients = clients;
    const { storage } = stored;
    // as long as others take for some requests and replies, and over together with what they do
    storage.writing = storage.syncing = async () => {
      for (let turns = randomBelow(random, turnsMax); turns > 0; turns--) await Deno.stat(".");
    };
    storage.changed = () => {
      stored.clock.block(changeMs);
      this.#cut(random);
    };
  }

  /** Takes an image now and then. */
  #cut(random: Random): void {
    if (randomBelow(random, momentsPerCut) > 0) return;
    const { storage } = this.stored;
    this.images.push({ storage: storage.afterPowerCut(random), floor: this.floor() });
  }

  get acknowledged(): number[] {
    return this.clients.map(({ acknowledged }) => acknowledged);
  }

  /** Has all clients write, each at its pace, and time pass. */
  async round(random: Random): Promise<void> {
    await Promise.all(this.clients.map(async (client) => {
      for (let i = 0; i < writesPerRound; i++) {
        await client.write(random);
        this.#cut(random);
      }
    }));
    this.stored.clock.advance(randomBelow(random, 200));
  }
}

/** Loads a server as `load` says, and then each image that was taken of it. */
async function checkImages(
  lines: readonly string[],
  random: SeededRandom,
  changeMs: number,
  load: (loaded: LoadedServer) => Promise<void>,
): Promise<number> {
  await using stored = await StoredServer.start(new SimulatedStorage(), lines);
  const clients: TracedClient[] = [];
  for (let name = 0; name < clientCount; name++) {
    clients.push(new TracedClient(await stored.connect(), name));
  }
  const loaded = new LoadedServer(stored, clients, random, changeMs);
  await load(loaded);
  stored.storage.changed = () => {};
  const { log } = await readTraces(await stored.connect(), clientCount);
  const sent = clients.map((client) => client.sent);
  for (const { storage, floor } of loaded.images) {
    await using restarted = await StoredServer.start(storage, lines);
    assertMoment(await readTraces(await restarted.connect(), clientCount), log, sent, floor);
  }
  return loaded.images.length;
}

/** Runs a scenario as often as the scale of the tests asks for. */
function testImages(
  name: string,
  lines: readonly string[],
  load: (loaded: LoadedServer, random: SeededRandom) => Promise<void>,
  changeMs = 0,
): void {
  Deno.test(name, async () => {
    let images = 0;
    for (let run = 0; run < testScale(); run++) {
      await withSeed(async (random) => {
        images += await checkImages(lines, random, changeMs, (loaded) => load(loaded, random));
      });
    }
    assert(images > 0);
    if (testScale() > 1) console.log(`${name}: ${images} images`);
  });
}

const always = ["save ''", "appendonly yes", "appendfsync always"];

async function acknowledge(loaded: LoadedServer, random: Random): Promise<void> {
  // each client sends more before it has its replies
  for (let i = 0; i < rounds; i++) await Promise.all([loaded.round(random), loaded.round(random)]);
}

async function rewrite(loaded: LoadedServer, random: Random): Promise<void> {
  const admin = await loaded.stored.connect();
  for (let i = 0; i < rounds; i++) {
    const commands = [["BGREWRITEAOF"], ["SAVE"], ["BGSAVE"]];
    const round = loaded.round(random);
    const command = commands[randomBelow(random, commands.length + 2)];
    if (command !== undefined) await admin.send(command);
    await round;
  }
}

async function turnOffAndOn(loaded: LoadedServer, random: Random): Promise<void> {
  const { aof } = loaded.stored.server.persistence;
  const admin = await loaded.stored.connect();
  // what was safe before stays so, whatever becomes of the log
  let floor = loaded.acknowledged;
  let isOn = true;
  loaded.floor = () => isOn ? floor = loaded.acknowledged : floor;
  for (let i = 0; i < rounds; i++) {
    await loaded.round(random);
    if (randomBelow(random, 3) > 0) continue;
    isOn = false;
    const round = loaded.round(random);
    await admin.send(["CONFIG", "SET", "appendonly", "no"]);
    if (randomBelow(random, 2) > 0) await loaded.round(random);
    await admin.send(["CONFIG", "SET", "appendonly", "yes"]);
    await until(() => {
      loaded.stored.clock.advance(100);
      return aof.state === AofState.On && aof.written() === null;
    });
    await round;
    isOn = true;
  }
}

for (const [disk, changeMs] of [["", 0], [" on a slow disk", slowChangeMs]] as const) {
  testImages(`always${disk}: what was acknowledged is there`, always, acknowledge, changeMs);
  testImages(`always${disk}: while the log is rewritten`, always, rewrite, changeMs);
  testImages(`always${disk}: a log that is turned off and on`, always, turnOffAndOn, changeMs);
}

testImages(
  "everysec: a second is lost at most, and what is there is in order",
  ["save ''", "appendonly yes", "appendfsync everysec"],
  async (loaded, random) => {
    const { clock } = loaded.stored;
    const admin = await loaded.stored.connect();
    const acknowledgedAt: { ms: number; floor: number[] }[] = [];
    loaded.floor = () => {
      // beside the second, as much as the server takes to look at the clock
      const old = acknowledgedAt.findLast(({ ms }) => clock.nowMs() - ms > 1200);
      return old?.floor ?? Array(clientCount).fill(0);
    };
    for (let i = 0; i < rounds; i++) {
      await loaded.round(random);
      acknowledgedAt.push({ ms: clock.nowMs(), floor: loaded.acknowledged });
      if (randomBelow(random, 5) === 0) await admin.send(["BGREWRITEAOF"]);
    }
  },
);

testImages(
  "snapshots alone: the last one that was complete, or a later one",
  ["save ''"],
  async (loaded, random) => {
    const { rdb } = loaded.stored.server.persistence;
    const admin = await loaded.stored.connect();
    let floor = loaded.acknowledged;
    loaded.floor = () => floor;
    for (let i = 0; i < rounds; i++) {
      await loaded.round(random);
      const begun = loaded.acknowledged;
      const round = loaded.round(random);
      await admin.send([randomBelow(random, 2) ? "BGSAVE" : "SAVE"]);
      await until(() => !rdb.isRunning);
      floor = begun;
      await round;
    }
  },
);

for (const changeMs of [0, slowChangeMs]) {
  Deno.test(`always: what was logged before the log is turned off is safe before its replies leave, a change of the disk taking ${changeMs} ms`, async () => {
    const storage = new SimulatedStorage();
    await using stored = await StoredServer.start(storage, always);
    storage.changed = () => stored.clock.block(changeMs);
    const { aof } = stored.server.persistence;
    const path = `${dataFolder}/appendonlydir/${aof.manifest.increments[0].name}`;
    const command = bytesOf("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n");
    aof.command(0, command, 0, command.length);
    await aof.commit();
    const sizeBefore = storage.syncedSize(path);
    aof.command(0, command, 0, command.length);
    const turnedOff = aof.turnOff();
    await aof.commit();
    assertEquals(storage.syncedSize(path), sizeBefore + command.length);
    await turnedOff;
    assertEquals(aof.commit(), null);
  });
}

Deno.test("a power cut after a kill: what the next server has found is there, and what it adds", async () => {
  for (let run = 0; run < testScale(); run++) {
    await withSeed(async (random) => {
      const kills = await killsUnderLoad(random);
      assert(kills.length > 0);
      for (const storage of kills) await checkImagesOfNext(storage, random);
    });
  }
});

/** What is left where a server is killed that writes and rewrites its log. */
async function killsUnderLoad(random: Random): Promise<SimulatedStorage[]> {
  const storage = new SimulatedStorage();
  const kills: SimulatedStorage[] = [];
  const lines = ["save ''", "appendonly yes", "appendfsync everysec"];
  await using stored = await StoredServer.start(storage, lines);
  const client = new TracedClient(await stored.connect(), 0);
  const loaded = new LoadedServer(stored, [client], random);
  const admin = await stored.connect();
  storage.changed = () => {
    if (randomBelow(random, momentsPerCut) === 0) kills.push(storage.afterKill());
  };
  for (let i = 0; i < rounds; i++) {
    const round = loaded.round(random);
    if (randomBelow(random, 3) === 0) await admin.send(["BGREWRITEAOF"]);
    await round;
  }
  return kills;
}

/** Has another server go on with these files, and cuts the power. */
async function checkImagesOfNext(storage: SimulatedStorage, random: Random): Promise<void> {
  await using next = await StoredServer.start(storage, always);
  await (await next.connect()).send(["SET", "added", "1"]);
  const digest = datasetDigest(next.server.keyspace.databases);
  for (let i = 0; i < imagesPerKill; i++) {
    await using restarted = await StoredServer.start(storage.afterPowerCut(random), always);
    assertEquals(datasetDigest(restarted.server.keyspace.databases), digest);
  }
}
