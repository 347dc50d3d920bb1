import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ConnectionClosedError } from "../../src/client/client.ts";
import type { Reply } from "../../src/client/client.ts";
import { infoFields, withServer } from "./server_support.ts";

Deno.test("TIME is the server's clock", async () => {
  await withServer(async ({ run, advance }) => {
    const [seconds, microseconds] = await run("TIME") as string[];
    await advance(1000);
    assertEquals(await run("TIME"), [String(Number(seconds) + 1), microseconds]);
  });
});

Deno.test("SHUTDOWN ends connections without a reply", async () => {
  await withServer(async ({ connect }) => {
    const [one, other] = [await connect(), await connect()];
    await assertRejects(() => one.send(["SHUTDOWN", "NOSAVE"]), ConnectionClosedError);
    await other.closed;
  });
});

Deno.test("SHUTDOWN SAVE is refused where nothing can be saved, unless forced", async () => {
  await withServer(async ({ run, connect }) => {
    const [, directory] = await run("CONFIG GET dir") as string[];
    await Deno.mkdir(`${directory}/dump.rdb`);
    assertEquals(await run("SHUTDOWN SAVE"), "ERR Errors trying to SHUTDOWN. Check logs.");
    assertEquals(await run("PING"), "PONG");
    const client = await connect();
    await assertRejects(() => client.send(["SHUTDOWN", "SAVE", "FORCE"]), ConnectionClosedError);
  });
});

Deno.test("a second MONITOR of a client has no reply", async () => {
  await withServer(async ({ run, connect }) => {
    const client = await connect();
    const heard: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    client.onPush = (message: Reply) => {
      heard.push(message.kind === "simple" ? message.text : message.kind);
      resolve();
    };
    await client.send(["MONITOR"]);
    client.post(["MONITOR"]);
    await run("ECHO heard");
    await promise;
    assertEquals(heard.length, 1);
    assertMatch(heard[0], /^\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "ECHO" "heard"$/);
  });
});

Deno.test("LOLWUT draws as large as it is told, the same every time", async () => {
  await withServer(async ({ run }) => {
    const drawing = String(await run("LOLWUT VERSION 5 12 3"));
    const lines = drawing.split("\n");
    assertEquals(lines.slice(0, 3).map((line) => line.length), [12, 12, 12]);
    assertEquals(lines[3], "");
    assertEquals(await run("LOLWUT VERSION 5 12 3"), drawing);
    assertMatch(drawing, /\nRedis ver\. 8\.0\.2 /);
    assert(String(await run("LOLWUT VERSION 1 99999 -1")).length < 1000);
  });
});

Deno.test("keys whose time has come go by themselves, and flushed ones are freed", async () => {
  await withServer(async ({ run, advance }) => {
    const usedBytes = async () => Number(infoFields(await run("INFO memory")).used_memory);
    const emptyBytes = await usedBytes();
    await run("SET volatile value PX 50");
    await advance(60);
    assertEquals(await run("DBSIZE"), 0);
    await run("DEBUG POPULATE 1000 key 1000");
    await run("FLUSHALL");
    await advance(100);
    assert(await usedBytes() < emptyBytes + 100_000);
  });
});
