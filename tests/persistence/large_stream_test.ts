/** Streams whose pending entries are written part by part, whatever becomes of them meanwhile. */
import { assert, assertEquals } from "@std/assert";
import { type Random, randomBelow } from "../../src/random.ts";
import { Slice } from "../../src/values/slice.ts";
import { StreamId } from "../../src/values/stream_id.ts";
import { find } from "../keyspace/support.ts";
import { testScale, withSeed } from "../support/property.ts";
import { Data, loaded, take } from "./snapshot_data.ts";

const entryCount = 300;
const groupNames = ["g", "h"];
const consumerNames = ["alice", "bob", "carol"];

/** All that there is to know of the groups of a stream, in lines. */
function groupsOf(data: Data, key: string): string[] {
  const { databases, values: { streams } } = data.server.keyspace;
  const record = find(databases[0], key);
  if (record === 0) return [];
  const { groups } = streams;
  const slice = new Slice();
  const id = new StreamId();
  const text = () => new TextDecoder().decode(slice.buffer.subarray(slice.start, slice.end));
  const tree = streams.groupsOf(record);
  const lines: string[] = [];
  for (let rank = 0; tree !== 0 && rank < groups.count(tree); rank++) {
    const group = groups.at(tree, rank);
    groups.locateName(group, slice);
    const name = text();
    lines.push(`${name} to ${groups.loadLastId(group, id)}, ${groups.pendingCount(group)} pending`);
    for (let k = 0; k < groups.consumerCount(group); k++) {
      const consumer = groups.consumerAt(group, k);
      groups.locateConsumerName(consumer, slice);
      lines.push(`${name} ${text()} ${groups.seenMs(consumer)} ${groups.activeMs(consumer)}`);
      const cursor = groups.pendingCursor();
      let more = cursor.seek(groups.pendingTree(consumer), 0);
      for (; more; more = cursor.next()) {
        const pending = cursor.record;
        const times = `${groups.deliveredMs(pending)} ${groups.deliveries(pending)}`;
        groups.loadPendingId(pending, id);
        const what = streams.has(record, id) ? "has" : "has deleted";
        lines.push(`${name} ${text()} ${what} ${id} ${times}`);
      }
    }
  }
  return lines;
}

/** Changes what is pending in one of many ways. */
function change(data: Data, random: Random, key: string): void {
  const group = groupNames[randomBelow(random, groupNames.length)];
  const consumer = consumerNames[randomBelow(random, consumerNames.length)];
  const ids = Array.from({ length: 1 + randomBelow(random, 20) }, () => {
    return `${1 + randomBelow(random, entryCount)}-0`;
  });
  const last = `${randomBelow(random, entryCount)}-0`;
  data.clock.advance(1);
  switch (randomBelow(random, 12)) {
    case 0:
      return data.run("XGROUP", "DELCONSUMER", key, group, consumer);
    case 1:
      if (randomBelow(random, 5) > 0) return;
      data.run("XGROUP", "DESTROY", key, group);
      return data.run("XGROUP", "CREATE", key, group, last, "MKSTREAM");
    case 2:
      return data.run("XGROUP", "SETID", key, group, last);
    case 3:
    case 4:
      return data.run("XACK", key, group, ...ids);
    case 5:
      return data.run("XCLAIM", key, group, consumer, "0", ...ids, "FORCE");
    case 6:
      return data.run("XAUTOCLAIM", key, group, consumer, "0", last, "COUNT", "20");
    case 7:
      return data.run("XREADGROUP", "GROUP", group, consumer, "COUNT", "9", "STREAMS", key, last);
    case 8:
      return data.run("XDEL", key, ...ids);
    case 9:
      if (randomBelow(random, 30) > 0) return;
      return data.run("DEL", key);
    default:
      data.run("XREADGROUP", "GROUP", group, consumer, "COUNT", "30", "STREAMS", key, ">");
  }
}

function fill(data: Data, key: string): void {
  for (let i = 1; i <= entryCount; i++) data.run("XADD", key, `${i}-0`, "field", `value ${i}`);
  for (const group of groupNames) data.run("XGROUP", "CREATE", key, group, "0");
  data.run("XREADGROUP", "GROUP", "g", "alice", "COUNT", "100", "STREAMS", key, ">");
}

Deno.test("pending entries are written as they were at the cut, whatever becomes of them", () => {
  withSeed((random) => {
    for (let round = 0; round < 20 * testScale(); round++) {
      const data = new Data();
      const keys = ["a", "b"];
      for (const key of keys) {
        fill(data, key);
        for (let i = 0; i < 100; i++) change(data, random, key);
      }
      const expected = keys.map((key) => groupsOf(data, key));
      const snapshot = data.snapshot(100);
      const chunks: Uint8Array[] = [];
      for (let isLast = false; !isLast;) {
        for (let i = randomBelow(random, 10); i > 0; i--) {
          change(data, random, keys[randomBelow(random, keys.length)]);
        }
        if (randomBelow(random, 3) === 0) data.reclaim(randomBelow(random, 50));
        isLast = snapshot.step(randomBelow(random, 500));
        take(snapshot, chunks);
      }
      const found = loaded(chunks);
      assertEquals(keys.map((key) => groupsOf(found, key)), expected);
      assertEquals(data.server.keyspace.values.streams.groups.frozen.count, 0);
    }
  });
});

Deno.test("what is pending is claimed again by the commands of a snapshot, but what is deleted", () => {
  withSeed((random) => {
    for (let round = 0; round < 10 * testScale(); round++) {
      const data = new Data();
      fill(data, "a");
      for (let i = 0; i < 100; i++) change(data, random, "a");
      const pendingOf = (data: Data) =>
        groupsOf(data, "a").filter((line) => line.includes(" has "));
      const expected = pendingOf(data).filter((line) => !line.includes("has deleted"));
      const snapshot = data.snapshot(100, "commands");
      const chunks: Uint8Array[] = [];
      for (let isLast = false; !isLast;) {
        for (let i = randomBelow(random, 10); i > 0; i--) change(data, random, "a");
        isLast = snapshot.step(randomBelow(random, 2_000));
        take(snapshot, chunks);
      }
      assertEquals(pendingOf(loaded(chunks)), expected);
    }
  });
});

Deno.test("a snapshot that is given up lets all pending entries go", () => {
  withSeed((random) => {
    const data = new Data();
    fill(data, "a");
    const snapshot = data.snapshot(100);
    const { frozen } = data.server.keyspace.values.streams.groups;
    while (frozen.count === 0) snapshot.step(1);
    for (let i = 0; i < 20; i++) change(data, random, "a");
    snapshot.cancel();
    assertEquals(frozen.count, 0);
  });
});

Deno.test("of many pending entries each step writes as many as it is asked for", () => {
  const data = new Data();
  const pendingCount = 50_000;
  for (let i = 1; i <= pendingCount; i++) data.run("XADD", "stream", `${i}-0`, "f", "v");
  data.run("XGROUP", "CREATE", "stream", "g", "0");
  data.run("XREADGROUP", "GROUP", "g", "alice", "STREAMS", "stream", ">");
  const snapshot = data.snapshot();
  const stepBytes = 16 * 1024;
  // a node of the stream, or what a group and its consumers have beside their pending entries
  const slackBytes = 8 * 1024;
  let steps = 0;
  for (let isLast = false; !isLast; steps++) {
    const before = snapshot.output.byteLength;
    isLast = snapshot.step(stepBytes);
    const writtenBytes = snapshot.output.byteLength - before;
    assert(writtenBytes < stepBytes + slackBytes, `${writtenBytes} bytes in step ${steps}`);
  }
  assert(steps * stepBytes > pendingCount * 40);
});
