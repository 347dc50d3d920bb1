/** The commands on HyperLogLogs: what they tell of their changes, and the memory that they leave. */
import { assertEquals } from "@std/assert";
import { changesOf, usedMemory, withServer } from "./server_support.ts";

function elements(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => `element:${from + i}`).join(" ");
}

Deno.test("commands on HyperLogLogs tell of what they change, and of nothing else", async () => {
  await withServer(async (session) => {
    const changes: [string, number][] = [
      ["PFADD a", 1],
      ["PFADD a", 0],
      ["PFADD a x y", 2],
      ["PFADD a y x", 0],
      ["PFADD b x y", 3],
      // the count is kept in the value
      ["PFCOUNT a", 1],
      ["PFCOUNT a", 0],
      ["PFCOUNT a b", 0],
      ["PFMERGE c a b", 1],
      ["PFMERGE c a b", 1],
      ["PFDEBUG DECODE a", 0],
      ["PFDEBUG TODENSE a", 1],
      ["PFDEBUG TODENSE a", 0],
      ["PFDEBUG GETREG b", 1],
      ["PFADD b y", 0],
    ];
    for (const [line, expected] of changes) {
      assertEquals(await changesOf(session, line), expected, line);
    }
  });
});

Deno.test("growing, becoming dense and merging leave no memory behind", async () => {
  await withServer(async (session) => {
    const { run } = session;
    const before = await usedMemory(session);
    for (let i = 0; i < 3000; i += 300) {
      await run(`PFADD a ${elements(i, i + 300)}`);
      await run(`PFADD b:${i} ${elements(i, i + 20)}`);
      await run(`PFMERGE c:${i} b:${i} b:0`);
    }
    await run("PFMERGE b:0 a b:300");
    await run("PFCOUNT a b:0 c:300");
    await run(`DEL ${(await run("KEYS *") as string[]).join(" ")}`);
    assertEquals(await usedMemory(session), before);
  });
});

Deno.test("new keys get their elements while the dictionary grows under them", async () => {
  await withServer(async ({ run }) => {
    for (let i = 0; i < 500; i++) {
      assertEquals(await run(`PFADD key:${i} ${elements(i, i + 5)}`), 1);
    }
    for (let i = 0; i < 500; i++) assertEquals(await run(`PFCOUNT key:${i}`), 5);
  });
});
