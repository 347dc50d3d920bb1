import { assert, assertEquals } from "@std/assert";
import { type Random, randomBelow } from "../../src/random.ts";
import { CommandGenerator } from "../support/command_generator.ts";
import { testScale, withSeed } from "../support/property.ts";
import { Data, type Form, loaded, take } from "./snapshot_data.ts";

/** Fills the databases with values of all types, some of them of many elements. */
function populate(data: Data, random: Random, generator: CommandGenerator, commands: number): void {
  for (let i = 0; i < commands; i++) for (const words of generator.next()) data.run(...words);
  for (let i = 0; i < 8; i++) {
    const count = randomBelow(random, 1500);
    const numbers = Array.from({ length: count }, (_, n) => `${n}`);
    if (count === 0) continue;
    data.run("SELECT", `${randomBelow(random, 3)}`);
    data.run("RPUSH", `list:${i % 3}`, ...numbers.map((n) => `element number ${n}`));
    data.run("SADD", `set:${i % 3}`, ...numbers.map((n) => `m${n}`));
    data.run("HSET", `hash:${i % 3}`, ...numbers.flatMap((n) => [`m${n}`, `value ${n}`]));
    data.run("ZADD", `zset:${i % 3}`, ...numbers.flatMap((n) => [n, `m${n}`]));
    data.run("APPEND", `string:${i % 3}`, "x".repeat(count * 50));
    for (const n of numbers.slice(0, 400)) data.run("XADD", `stream:${i % 3}`, "*", "field", n);
  }
}

for (const form of ["RDB", "commands"] as const) {
  Deno.test(`a snapshot as ${form} is what there was at the cut, whatever is done meanwhile`, () => {
    withSeed((random) => checkSnapshots(random, form));
  });
}

function checkSnapshots(random: Random, form: Form): void {
  for (let round = 0; round < 2 * testScale(); round++) {
    const data = new Data();
    const generator = new CommandGenerator(random);
    populate(data, random, generator, 300);
    const expected = data.digest;
    const snapshot = data.snapshot(1 + randomBelow(random, 20_000), form);
    const chunks: Uint8Array[] = [];
    for (let isLast = false; !isLast;) {
      for (let i = randomBelow(random, 20); i > 0; i--) {
        for (const words of generator.next()) data.run(...words);
      }
      if (randomBelow(random, 60) === 0) data.run("FLUSHALL");
      if (randomBelow(random, 60) === 0) data.run("SWAPDB", "0", "1");
      if (randomBelow(random, 3) === 0) data.reclaim(randomBelow(random, 100));
      isLast = snapshot.step(randomBelow(random, 3_000));
      take(snapshot, chunks);
    }
    assertEquals(loaded(chunks).digest, expected);
  }
}

Deno.test("no step of a snapshot is long because of a long string, wherever that is", () => {
  const data = new Data();
  const long = (letter: string) => letter.repeat(3_000_000);
  data.run("SET", "string", long("a"));
  data.run("RPUSH", "list", "x", long("b"), "y", long("c"));
  data.run("SADD", "set", long("d"), "m");
  data.run("HSET", "hash", "field", long("e"), long("f"), "value");
  data.run("ZADD", "zset", "1", long("g"));
  data.run("XADD", "stream", "1-1", "field", long("h"));
  data.run("XGROUP", "CREATE", "stream", long("i"), "0");
  const expected = data.digest;
  const snapshot = data.snapshot();
  const chunks: Uint8Array[] = [];
  let steps = 1;
  for (; !snapshot.step(8192); steps++) {
    // the copy that was made before a part changed is compressed as late
    if (steps === 1) data.run("LSET", "list", "1", "changed");
    if (steps === 2) data.run("DEL", "hash", "set", "stream");
    take(snapshot, chunks);
  }
  take(snapshot, chunks);
  assert(steps > 9 * 3_000_000 / 8192 * 0.9, `${steps} steps`);
  assert(snapshot.output.byteLength < 500_000);
  assertEquals(loaded(chunks).digest, expected);
});

Deno.test("a snapshot that is given up leaves nothing behind", () => {
  withSeed((random) => {
    const data = new Data();
    const generator = new CommandGenerator(random);
    populate(data, random, generator, 300);
    const snapshot = data.snapshot(100);
    snapshot.step(5_000);
    snapshot.cancel();
    for (let i = 0; i < 300; i++) for (const words of generator.next()) data.run(...words);
    const expected = data.digest;
    const next = data.snapshot(100);
    const chunks: Uint8Array[] = [];
    while (!next.step(10_000)) take(next, chunks);
    take(next, chunks);
    assertEquals(loaded(chunks).digest, expected);
  });
});
