import { assertEquals } from "@std/assert";
import { longReplyBufferBytes, replyBufferBytes } from "../../src/limits.ts";
import { ReplyBufferPool, WireWriter } from "../../src/resp/wire_writer.ts";

const decoder = new TextDecoder();

/** All that was written, which may be in many buffers. */
function written(reply: WireWriter): string {
  let text = "";
  for (let chunk = reply.take(); chunk !== null; chunk = reply.take()) {
    text += decoder.decode(chunk.buffer.subarray(0, chunk.length));
    reply.release(chunk.buffer);
  }
  return text;
}

Deno.test("a long reply goes on in another buffer, wherever the first is full", () => {
  const bytes = new TextEncoder().encode("an element of twenty");
  for (let shift = 0; shift < 50; shift++) {
    const reply = new WireWriter(new ReplyBufferPool());
    reply.simpleString("x".repeat(shift));
    let expected = `+${"x".repeat(shift)}\r\n`;
    for (let i = 0; i < 3000; i++) {
      reply.bulk(bytes, 0, bytes.length);
      reply.double(i);
      reply.double(-i - 0.5);
      reply.integer(i);
      const double = `-${i}.5`;
      expected += `$20\r\nan element of twenty\r\n$${String(i).length}\r\n${i}\r\n`;
      expected += `$${double.length}\r\n${double}\r\n:${i}\r\n`;
    }
    assertEquals(written(reply), expected);
  }
});

Deno.test("replies as long as those that did not fit into a buffer are sent as one", () => {
  const reply = new WireWriter(new ReplyBufferPool());
  const element = new Uint8Array(1000);
  const send40Kb = (): number[] => {
    for (let i = 0; i < 40; i++) reply.bulk(element, 0, element.length);
    const bufferBytes: number[] = [];
    for (let chunk = reply.take(); chunk !== null; chunk = reply.take()) {
      bufferBytes.push(chunk.buffer.length);
      reply.release(chunk.buffer);
    }
    return bufferBytes;
  };
  assertEquals(send40Kb(), [replyBufferBytes, longReplyBufferBytes]);
  assertEquals(send40Kb(), [longReplyBufferBytes]);
  assertEquals(send40Kb(), [longReplyBufferBytes]);
  reply.ok();
  assertEquals(reply.take()?.buffer.length, longReplyBufferBytes);
  assertEquals(send40Kb(), [replyBufferBytes, longReplyBufferBytes]);
});

Deno.test("a double is a bulk string in RESP2 and has a type of its own in RESP3", () => {
  const values = [0, -0, 7, -12, 1e15, 2 ** 53, 0.1, -1e300, Infinity, -Infinity, NaN];
  const texts = ["0", "-0", "7", "-12", "1000000000000000", "9007199254740992"];
  texts.push("0.1", "-1e+300", "inf", "-inf", "nan");
  const reply = new WireWriter(new ReplyBufferPool());
  values.forEach((value) => reply.double(value));
  assertEquals(written(reply), texts.map((text) => `$${text.length}\r\n${text}\r\n`).join(""));
  reply.protocol = 3;
  values.forEach((value) => reply.double(value));
  assertEquals(written(reply), texts.map((text) => `,${text}\r\n`).join(""));
});
