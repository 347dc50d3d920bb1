import { assertEquals } from "@std/assert";
import { withServer } from "./server_support.ts";

Deno.test("SLOWLOG keeps what took longer than the threshold", async () => {
  await withServer(async ({ run }) => {
    await run("CONFIG SET slowlog-log-slower-than 5000");
    await run("DEBUG SLEEP 0.004");
    await run("DEBUG SLEEP 0.005");
    await run("DEBUG SLEEP 0.1");
    const entries = await run("SLOWLOG GET") as [number, number, number, string[]][];
    assertEquals(entries.map(([id, , durationUs, words]) => [id, durationUs, words]), [
      [1, 100_000, ["DEBUG", "SLEEP", "0.1"]],
      [0, 5000, ["DEBUG", "SLEEP", "0.005"]],
    ]);
    assertEquals((await run("SLOWLOG GET 1") as unknown[]).length, 1);
    assertEquals(await run("SLOWLOG LEN"), 2);
  });
});

Deno.test("SLOWLOG keeps nothing with a negative threshold", async () => {
  await withServer(async ({ run }) => {
    await run("CONFIG SET slowlog-log-slower-than -1");
    await run("DEBUG SLEEP 1");
    assertEquals(await run("SLOWLOG LEN"), 0);
  });
});
