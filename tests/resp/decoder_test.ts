import { assertEquals } from "@std/assert";
import { queryBufferBytesInitial, queryBufferBytesUsual } from "../../src/limits.ts";
import { Arguments } from "../../src/resp/arguments.ts";
import { RequestDecoder } from "../../src/resp/decoder.ts";
import { bytesOf } from "../support/wire_connection.ts";

const requests = Array.from({ length: 32 }, () => new Arguments());

/** Has a decoder read bytes, as much as it has room for at a time; returns the requests there were. */
function feed(decoder: RequestDecoder, bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length;) {
    const space = decoder.space();
    const length = Math.min(space.length, bytes.length - at);
    space.set(bytes.subarray(at, at + length));
    decoder.received(length);
    at += length;
    for (let taken = -1; taken !== 0; count += taken) taken = decoder.decode(requests, 32);
  }
  decoder.space();
  return count;
}

Deno.test("a query buffer grows with long pipelines, and goes back when there are none any more", () => {
  const decoder = new RequestDecoder({ authenticated: true, bulkBytesMax: 512 * 2 ** 20 });
  const ping = "*1\r\n$4\r\nPING\r\n";
  assertEquals(decoder.bufferBytes, queryBufferBytesInitial);
  assertEquals(feed(decoder, bytesOf(ping.repeat(100_000))), 100_000);
  assertEquals(decoder.bufferBytes, queryBufferBytesUsual);
  // two reads, that both need much of it
  assertEquals(feed(decoder, bytesOf(ping.repeat(30_000))), 30_000);
  assertEquals(decoder.bufferBytes, queryBufferBytesUsual);
  for (let i = 0; i < 10; i++) assertEquals(feed(decoder, bytesOf(ping)), 1);
  assertEquals(decoder.bufferBytes, queryBufferBytesInitial);
});
