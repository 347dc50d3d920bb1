/**
 * Payloads for RESTORE that were changed at random, and given a right checksum again: each is refused, or
 * makes a value with which all can be done that is done with values. What is refused leaves nothing behind,
 * and what lies around a payload makes no difference.
 */
import { assert, assertEquals } from "@std/assert";
import type { Database } from "../../src/keyspace/database.ts";
import { valueDigest } from "../../src/observe/digest.ts";
import { PayloadReader } from "../../src/persistence/payload_reader.ts";
import { type Random, randomBelow } from "../../src/random.ts";
import { typeOf, ValueType } from "../../src/values/record.ts";
import { StreamId } from "../../src/values/stream_id.ts";
import { ListEnd } from "../../src/values/lists.ts";
import { newKeyspace } from "../keyspace/support.ts";
import { testScale, withSeed } from "../support/property.ts";
import { mutate, readPayloadValues } from "./payload_corpus.ts";
import { RdbBuilder } from "./rdb_builder.ts";
import { reclaim } from "./support.ts";

const utf8 = new TextEncoder();
const key = utf8.encode("key");

/** The payload in the middle of other bytes, as it is in a query buffer. */
function surround(payload: Uint8Array, filling: number): Uint8Array {
  const buffer = new Uint8Array(payload.length + 64).fill(filling);
  buffer.set(payload, 32);
  return buffer;
}

/** Does with a value what its type's commands do. */
function use(database: Database, record: number, random: Random): void {
  const { values } = database.keyspace;
  const { heap } = database;
  const text = utf8.encode(`text ${randomBelow(random, 100)}`);
  const length = text.length;
  switch (typeOf(heap, record)) {
    case ValueType.LIST: {
      const { lists } = values;
      lists.expect(record, 1, length);
      lists.push(record, ListEnd.Head, text, 0, length);
      lists.push(record, ListEnd.Tail, text, 0, length);
      if (lists.seek(record, randomBelow(random, lists.count(record)))) {
        lists.insert(record, true, text, 0, length);
      }
      lists.removeRange(record, 1, randomBelow(random, lists.count(record)));
      lists.compact(record);
      return lists.checkInvariants(record);
    }
    case ValueType.SET: {
      const { sets } = values;
      sets.add(record, text, 0, length);
      sets.chooseMember(record);
      sets.removeChosen(record);
      return sets.toHashTable(record);
    }
    case ValueType.SORTED_SET: {
      const { sortedSets } = values;
      sortedSets.update(record, randomBelow(random, 5), text, 0, length, 0);
      const count = sortedSets.count(record);
      const { cursor } = sortedSets;
      let last = -Infinity;
      for (let more = cursor.seek(record, 0); more; more = cursor.next()) {
        assert(cursor.score >= last, "scores are in order");
        last = cursor.score;
      }
      sortedSets.removeRange(record, 0, randomBelow(random, count));
      sortedSets.rankOfScore(record, 1, true);
      if (sortedSets.isListpack(record)) sortedSets.toSkiplist(record);
      return;
    }
    case ValueType.HASH: {
      const { hashes } = values;
      hashes.set(record, text, 0, length, text, 0, length, true);
      hashes.removeBefore(record, 2 ** 47, randomBelow(random, 3), () => {});
      return database.fieldTimers.update(record);
    }
    case ValueType.STREAM:
      return useStream(database, record, random);
  }
}

function useStream(
  { keyspace: { values: { streams } } }: Database,
  record: number,
  random: Random,
) {
  const { cursor, groups } = streams;
  const ids: StreamId[] = [];
  let more = cursor.seek(record, StreamId.min, StreamId.max);
  for (; more; more = cursor.next()) ids.push(new StreamId().set(cursor.id));
  assertEquals(ids.length, streams.count(record), "entries are counted");
  let backwards = ids.length;
  more = cursor.seek(record, StreamId.min, StreamId.max, true);
  for (; more; more = cursor.next()) {
    assertEquals(String(cursor.id), String(ids[--backwards]), "entries are the same backwards");
  }
  if (ids.length > 0) {
    assert(streams.delete(record, ids[randomBelow(random, ids.length)]));
    streams.settleFirstId(record);
  }
  const tree = streams.groupsOf(record);
  for (let i = 0; tree !== 0 && i < groups.count(tree); i++) {
    const group = groups.at(tree, i);
    let owned = 0;
    for (let k = 0; k < groups.consumerCount(group); k++) {
      owned += groups.pendingCount(groups.consumerAt(group, k));
    }
    assertEquals(owned, groups.pendingCount(group), "each pending entry is one consumer's");
    if (groups.consumerCount(group) > 0) groups.removeConsumer(group, groups.consumerAt(group, 0));
  }
  streams.trim(record, {
    length: randomBelow(random, 3),
    before: null,
    isApproximate: false,
    entriesMax: 0,
  });
}

Deno.test("payloads that were changed are refused, or make values that are in order", () => {
  withSeed((random) => {
    const corpus = readPayloadValues();
    const keyspace = newKeyspace();
    const [database] = keyspace.databases;
    const reader = new PayloadReader(keyspace);
    const bytesBefore = keyspace.heap.usedBytes;
    assert(corpus.length > 100);
    let accepted = 0;
    for (let i = 0; i < 4000 * testScale(); i++) {
      const value = corpus[randomBelow(random, corpus.length)];
      const other = corpus[randomBelow(random, corpus.length)];
      const changed = mutate(value, other, random);
      const payload = new RdbBuilder().raw(changed).fixed(12, 2).checksum().take();
      const digests = [0, 0xff].map((filling) => {
        const buffer = surround(payload, filling);
        const end = 32 + payload.length;
        assert(reader.isIntact(buffer, 32, end));
        const record = reader.read(buffer, 32, end, key, 0, key.length);
        if (record === 0) return "refused";
        const digest = valueDigest(database, record);
        database.findKeyOf(record);
        database.link(record);
        use(database, record, random);
        database.remove(record);
        accepted++;
        return digest;
      });
      assertEquals(digests[0], digests[1], "what is around a payload is not looked at");
      reclaim(keyspace);
      assertEquals(keyspace.heap.usedBytes, bytesBefore, "nothing is left behind");
    }
    assert(accepted > 0);
  });
});
