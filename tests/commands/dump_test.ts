import { assertEquals } from "@std/assert";
import { withFilledServer } from "../persistence/filled_server.ts";

/** When Redis 8.0.2 was sent the first command that takes note of the time. */
const recordedAtMs = 1795784959010;

Deno.test("DUMP of a stream has groups, consumers and pending entries as Redis' has", async () => {
  await withFilledServer(async (filled) => {
    const { clock } = filled;
    const run = filled.run.bind(filled);
    await run("XADD s 1-1 a 1", "XADD s 1-2 a 2", "XADD s 2-0 b 3");
    await run("XGROUP CREATE s workers 0", "XGROUP CREATE s idle $");
    await run("XREADGROUP GROUP workers alice COUNT 2 STREAMS s >");
    clock.advance(8);
    await run("XREADGROUP GROUP workers bob STREAMS s >");
    clock.advance(8);
    await run("XCLAIM s workers alice 0 1-2 TIME 1700000000123 RETRYCOUNT 300 JUSTID");
    clock.advance(7);
    await run("XGROUP CREATECONSUMER s workers carol", "XDEL s 2-0");
    assertEquals(
      (await run("DUMP s")).toHex(),
      "15011000000000000000010000000000000001363600000016000201010101018161020001020100010001010104" +
        "010201000101010201040101010101dfff02010181620203010601ff0202000101020003020469646c65020081" +
        "ffffffffffffffff000007776f726b65727302000303000000000000000100000000000000" +
        "0122e41f1da201000001000000000000000100000000000000027b68e5cf8b010000412c000000000000000200" +
        "000000000000002ae41f1da2010000010305616c69636532e41f1da201000032e41f1da2010000020000000000" +
        "00000100000000000000010000000000000001000000000000000203626f622ae41f1da20100002ae41f1da201" +
        "00000100000000000000020000000000000000056361726f6c39e41f1da2010000ffffffffffffffff000c0083" +
        "67980b67aba121",
    );
  }, recordedAtMs);
});
