import { assertEquals } from "@std/assert";
import { ServerStats } from "../../src/observe/server_stats.ts";

Deno.test("errors are counted by their code", () => {
  const stats = new ServerStats();
  stats.countError("WRONGTYPE Operation against a key");
  stats.countError("ERR syntax error");
  stats.countError("ERR no such key");
  assertEquals([...stats.errorsByCode], [["WRONGTYPE", 1], ["ERR", 2]]);
  assertEquals(stats.errorRepliesTotal, 3);
});

Deno.test("an error that begins with no code counts as ERR", () => {
  const stats = new ServerStats();
  stats.countError("NOSPACE");
  stats.countError("A".repeat(40) + " is no code");
  assertEquals([...stats.errorsByCode], [["ERR", 2]]);
});

Deno.test("too many codes end the counting by code until it is reset", () => {
  const stats = new ServerStats();
  for (let i = 0; i < 129; i++) stats.countError(`CODE${i} x`);
  assertEquals([...stats.errorsByCode], [["ERRORSTATS_DISABLED", 1]]);
  stats.countError("ERR x");
  assertEquals(stats.errorsByCode.size, 1);
  assertEquals(stats.errorRepliesTotal, 130);
  stats.reset();
  stats.countError("ERR x");
  assertEquals([...stats.errorsByCode], [["ERR", 1]]);
});
