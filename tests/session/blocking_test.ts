import { assertEquals } from "@std/assert";
import { ManualClock } from "../../src/clock.ts";
import { Arguments } from "../../src/resp/arguments.ts";
import { Blocking, type BlockRequest } from "../../src/session/blocking.ts";
import type { Client } from "../../src/session/client.ts";
import { fakeClient } from "../observe/support.ts";

const key = new TextEncoder().encode("k");

function setUp() {
  const clock = new ManualClock();
  const ended: Client[] = [];
  let readyCalls = 0;
  const blocking = new Blocking(clock, {
    keysReady: () => readyCalls++,
    timedOut: (client) => {
      ended.push(client);
      blocking.remove(client);
    },
  });
  const wait = (options: Partial<BlockRequest> = {}, database = 0) => {
    const { client } = fakeClient({ database });
    const request = { firstKey: 1, keyCount: 1, type: 1, timeoutMs: 0, replyNothing() {} };
    blocking.add(client, Arguments.of("BLPOP", "k", "l"), { ...request, ...options });
    return client;
  };
  return { blocking, clock, ended, wait, readyCalls: () => readyCalls };
}

Deno.test("a key becomes ready once, however often it changes", () => {
  const { blocking, readyCalls, wait } = setUp();
  const client = wait();
  blocking.changed(client.database, key, 0, 1);
  blocking.changed(client.database, key, 0, 1);
  assertEquals([blocking.readyCount, readyCalls()], [1, 1]);
  assertEquals([...blocking.takeReady()!.queue].map((blocked) => blocked.client), [client]);
  assertEquals(blocking.takeReady(), null);
  blocking.changed(client.database, key, 0, 1);
  assertEquals([blocking.readyCount, readyCalls()], [1, 2]);
});

Deno.test("the same key of another database is another key", () => {
  const { blocking, wait } = setUp();
  const client = wait();
  wait({}, 1);
  assertEquals(blocking.keyCount, 2);
  blocking.changed(client.database, key, 0, 1);
  assertEquals(blocking.readyCount, 1);
});

Deno.test("who goes leaves nothing behind", () => {
  const { blocking, clock, ended, wait } = setUp();
  const client = wait({ keyCount: 2, timeoutMs: 100, endsWithKey: true });
  assertEquals([blocking.keyCount, blocking.endingKeyCount, blocking.timedCount], [2, 2, 1]);
  blocking.remove(client);
  blocking.remove(client);
  assertEquals([blocking.keyCount, blocking.endingKeyCount, blocking.timedCount], [0, 0, 0]);
  clock.advance(200);
  assertEquals([client.blocked, blocking.clientCount, ended], [null, 0, []]);
});

Deno.test("fractions of a millisecond are waited for", () => {
  const { clock, ended, wait } = setUp();
  wait({ timeoutMs: 0.5 });
  wait({ timeoutMs: 10.5 });
  clock.advance(10);
  assertEquals(ended.length, 1);
  clock.advance(1);
  assertEquals(ended.length, 2);
});
