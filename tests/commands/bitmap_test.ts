/** The commands on bits held against arrays of bytes, and what they tell of their changes. */
import { assertEquals } from "@std/assert";
import type { Client } from "../../src/client/client.ts";
import { type Random, randomBelow } from "../../src/random.ts";
import { testScale, withSeed } from "../support/property.ts";
import { changesOf, usedMemory, withServer } from "./server_support.ts";

const keyNames = ["a", "b", "c"];

/** Strings as plain arrays of bytes, by key; an empty one is no key. */
class Model {
  readonly strings = new Map<string, Uint8Array>(keyNames.map((key) => [key, new Uint8Array(0)]));

  setBit(key: string, offset: number, bit: number): number {
    const bytes = this.#grown(key, (offset >> 3) + 1);
    const mask = 0x80 >> (offset & 7);
    const old = (bytes[offset >> 3] & mask) === 0 ? 0 : 1;
    if (bit === 1) bytes[offset >> 3] |= mask;
    else bytes[offset >> 3] &= ~mask;
    return old;
  }

  combine(operation: string, target: string, sources: readonly string[]): number {
    const all = sources.map((key) => this.strings.get(key)!);
    const length = Math.max(...all.map((bytes) => bytes.length));
    const combined = Uint8Array.from({ length }, (_, i) => {
      const column = all.map((bytes) => bytes[i] ?? 0);
      if (operation === "NOT") return ~column[0];
      return column.reduce((a, b) =>
        operation === "AND" ? a & b : operation === "OR" ? a | b : a ^ b
      );
    });
    this.strings.set(target, combined);
    return length;
  }

  count(key: string): number {
    let count = 0;
    for (const byte of this.strings.get(key)!) {
      for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
    }
    return count;
  }

  #grown(key: string, length: number): Uint8Array {
    const old = this.strings.get(key)!;
    if (old.length >= length) return old;
    const grown = new Uint8Array(length);
    grown.set(old);
    this.strings.set(key, grown);
    return grown;
  }
}

/** One random command, sent and done to the model; both must answer the same. */
async function step(client: Client, model: Model, random: Random): Promise<void> {
  const key = keyNames[randomBelow(random, 3)];
  const ask = async (...words: string[]) => {
    const reply = await client.send(words);
    return reply.kind === "integer" ? Number(reply.value) : reply;
  };
  switch (randomBelow(random, 3)) {
    case 0: {
      // mostly near, sometimes where a string gets a block of its own
      const offset = randomBelow(random, randomBelow(random, 20) === 0 ? 400_000 : 3000);
      const bit = randomBelow(random, 2);
      const old = model.setBit(key, offset, bit);
      return assertEquals(await ask("SETBIT", key, `${offset}`, `${bit}`), old);
    }
    case 1: {
      const operation = ["AND", "OR", "XOR", "NOT"][randomBelow(random, 4)];
      const count = operation === "NOT" ? 1 : 1 + randomBelow(random, 4);
      const sources = Array.from({ length: count }, () => keyNames[randomBelow(random, 3)]);
      const length = model.combine(operation, key, sources);
      return assertEquals(await ask("BITOP", operation, key, ...sources), length);
    }
    default:
      assertEquals(await ask("BITCOUNT", key), model.count(key));
  }
}

Deno.test("bits are those of a plain array, and no memory is left behind", async () => {
  await withServer(async (session) => {
    const client = await session.connect();
    const before = await usedMemory(session);
    await withSeed(async (random) => {
      const model = new Model();
      for (let i = 0; i < 400 * testScale(); i++) await step(client, model, random);
      for (const [key, expected] of model.strings) {
        const reply = await client.send(["GET", key]);
        const bytes = reply.kind === "bulk" ? reply.bytes : new Uint8Array(0);
        assertEquals(bytes, expected);
      }
    });
    await session.run("DEL a b c");
    assertEquals(await usedMemory(session), before);
  });
});

Deno.test("commands on bits tell of what they change, and of nothing else", async () => {
  await withServer(async (session) => {
    const changes: [string, number][] = [
      ["SETBIT a 7 0", 1],
      ["SETBIT a 7 0", 0],
      ["SETBIT a 7 1", 1],
      ["SETBIT a 8 0", 1],
      ["GETBIT a 7", 0],
      ["BITFIELD a GET u8 0", 0],
      ["BITFIELD a SET u8 0 1", 0],
      ["BITFIELD a SET u8 0 2 INCRBY u8 8 1 GET u8 0", 2],
      ["BITFIELD a OVERFLOW FAIL INCRBY u8 0 255", 0],
      ["BITOP NOT b a", 1],
      ["BITOP OR b missing", 1],
      ["BITOP OR b missing", 0],
    ];
    for (const [line, expected] of changes) {
      assertEquals(await changesOf(session, line), expected, line);
    }
  });
});
