import { assertEquals } from "@std/assert";
import { ConfigValues } from "../../src/config/values.ts";
import { SlowLog } from "../../src/observe/slow_log.ts";
import { fakeClient, request } from "./support.ts";

const { client } = fakeClient();

function texts(slowLog: SlowLog): string[][] {
  const decoder = new TextDecoder();
  return slowLog.latest(Infinity).map((entry) =>
    entry.arguments.map((argument) => decoder.decode(argument))
  );
}

Deno.test("an entry says what, when, how long and who", () => {
  const slowLog = new SlowLog(new ConfigValues());
  client.name = "me";
  slowLog.note(client, request("GET key"), 12345.6, 1_700_000_000_999);
  const [entry] = slowLog.latest(1);
  assertEquals({ ...entry, arguments: texts(slowLog)[0] }, {
    id: 0,
    endedAtSeconds: 1_700_000_000,
    durationUs: 12345,
    arguments: ["GET", "key"],
    peer: "127.0.0.1:60866",
    clientName: "me",
  });
});

Deno.test("an entry does not change with the buffer that its request came in", () => {
  const slowLog = new SlowLog(new ConfigValues());
  const args = request("GET key");
  slowLog.note(client, args, 1, 0);
  args.buffer.fill(0);
  assertEquals(texts(slowLog), [["GET", "key"]]);
});

Deno.test("long arguments and many arguments are cut", () => {
  const slowLog = new SlowLog(new ConfigValues());
  slowLog.note(client, request(`SET ${"k".repeat(128)} ${"v".repeat(200)}`), 1, 0);
  slowLog.note(client, request("MGET" + " k".repeat(31)), 1, 0);
  slowLog.note(client, request("MGET" + " k".repeat(40)), 1, 0);
  assertEquals(texts(slowLog), [
    ["MGET", ...new Array(30).fill("k"), "... (10 more arguments)"],
    ["MGET", ...new Array(31).fill("k")],
    ["SET", "k".repeat(128), "v".repeat(128) + "... (72 more bytes)"],
  ]);
});

Deno.test("secrets are not kept", () => {
  const slowLog = new SlowLog(new ConfigValues());
  slowLog.note(client, request("AUTH secret"), 1, 0);
  assertEquals(texts(slowLog), [["AUTH", "(redacted)"]]);
});

Deno.test("the oldest entries go, ids go on", () => {
  const values = new ConfigValues();
  values.slowlogMaxLen = 2;
  const slowLog = new SlowLog(values);
  for (const word of ["a", "b", "c"]) slowLog.note(client, request(word), 1, 0);
  assertEquals(texts(slowLog), [["c"], ["b"]]);
  slowLog.reset();
  assertEquals(slowLog.length, 0);
  slowLog.note(client, request("d"), 1, 0);
  assertEquals(slowLog.latest(1)[0].id, 3);
});

Deno.test("slowlog-max-len 0 keeps nothing", () => {
  const values = new ConfigValues();
  values.slowlogMaxLen = 0;
  const slowLog = new SlowLog(values);
  slowLog.note(client, request("a"), 1, 0);
  assertEquals(slowLog.length, 0);
});
