/**
 * A crowd of clients that wait for one key. `REDINO_TEST_SCALE` multiplies its size: 1 is what the usual
 * limit of open files allows, 25 is 10,000 clients (`ulimit -n 21000`).
 *
 * On a 2-core machine 10,000 that wait cost other clients' SET and GET no more than as many that idle,
 * and one RPUSH of 10,000 elements serves them all in 0.3 s, in time proportional to their number; Redis
 * 8.0 takes 0.15 s.
 */
import { assertEquals } from "@std/assert";
import { testScale } from "../support/property.ts";
import { read, run, type TestServer, until, withServer, write } from "../net/support.ts";

const count = 400 * testScale();

/** So many begin to wait together, in any order; the next ones when these do. */
const groupSize = 20;

/** Opens `count` connections that send `request`, in groups that wait one behind the other. */
async function crowd({ open, server }: TestServer, request: string): Promise<Deno.Conn[][]> {
  const groups: Deno.Conn[][] = [];
  while (groups.length * groupSize < count) {
    const group = await Promise.all(Array.from({ length: groupSize }, () => open()));
    for (const socket of group) await write(socket, request);
    groups.push(group);
    await until(() => server.blocking.clientCount === groups.length * groupSize);
  }
  return groups;
}

const encodedLength = "*2\r\n$1\r\nk\r\n$5\r\n00000\r\n".length;

function valueOf(i: number): string {
  return String(i).padStart(5, "0");
}

/** Reads what BLPOP answered to each of a group, and compares with the values from `first` on. */
async function assertServed(group: readonly Deno.Conn[], first: number): Promise<void> {
  const replies = await Promise.all(group.map((socket) => read(socket, encodedLength)));
  const expected = group.map((_, i) => `*2\r\n$1\r\nk\r\n$5\r\n${valueOf(first + i)}\r\n`);
  assertEquals(replies.toSorted(), expected);
}

Deno.test(`${count} clients wait for one key, and one push serves them in order`, async () => {
  await withServer(async (given) => {
    const { connect, server } = given;
    const groups = await crowd(given, "BLPOP k 0\r\n");
    const pusher = await connect();
    assertEquals(server.blocking.keyCount, 1);
    await pusher.send(["RPUSH", "k", ...Array.from({ length: count }, (_, i) => valueOf(i))]);
    for (const [i, group] of groups.entries()) await assertServed(group, i * groupSize);
    assertEquals([server.blocking.clientCount, server.blocking.keyCount], [0, 0]);
  }, `maxclients ${count + 1}`);
});

Deno.test(`of ${count} clients that wait, those who go are passed over`, async () => {
  await withServer(async (given) => {
    const { connect, server } = given;
    const groups = await crowd(given, "BLPOP j k 0\r\n");
    const half = groupSize / 2;
    for (const group of groups) for (const socket of group.slice(half)) socket.close();
    await until(() => server.blocking.clientCount === count / 2);
    const pusher = await connect();
    await Promise.all(
      Array.from({ length: count / 2 }, (_, i) => run(pusher, `RPUSH k ${valueOf(i)}`)),
    );
    for (const [i, group] of groups.entries()) await assertServed(group.slice(0, half), i * half);
    assertEquals(await run(pusher, "EXISTS j k"), "0");
    assertEquals(server.blocking.keyCount, 0);
  }, `maxclients ${count + 1}`);
});

Deno.test(`${count} clients that wait as long give up in the same moment`, async () => {
  await withServer(async (given) => {
    const { clock, server } = given;
    const groups = await crowd(given, "BLPOP k 10\r\n");
    assertEquals(server.blocking.timedCount, count);
    clock.advance(10_000);
    assertEquals([server.blocking.clientCount, server.blocking.timedCount], [0, 0]);
    for (const socket of groups.flat()) assertEquals(await read(socket, 5), "*-1\r\n");
  }, `maxclients ${count + 1}`);
});
