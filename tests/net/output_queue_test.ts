import { assertEquals } from "@std/assert";
import { type OutputOwner, OutputQueue } from "../../src/net/output_queue.ts";
import { ReplyBufferPool, WireWriter } from "../../src/resp/wire_writer.ts";

const decoder = new TextDecoder();

/** A peer that takes what is written to it when it is told to. */
class SlowPeer {
  readonly received: string[] = [];
  #accept: (() => void) | null = null;

  write(bytes: Uint8Array): Promise<number> {
    const text = decoder.decode(bytes);
    return new Promise((resolve) => {
      this.#accept = () => {
        this.received.push(text);
        resolve(bytes.length);
      };
    });
  }

  /** Accepts the write under way, and lets whoever waits for that go on. */
  async accept(): Promise<void> {
    const accept = this.#accept;
    this.#accept = null;
    accept?.();
    await Promise.resolve();
  }
}

function newQueue() {
  const peer = new SlowPeer();
  const owner: OutputOwner = { close() {} };
  const writer = new WireWriter(new ReplyBufferPool());
  const queue = new OutputQueue(peer, writer, { netOutputBytes: 0, writesTotal: 0 }, owner);
  return { peer, writer, queue };
}

Deno.test("a reply written during a write does not leave before it may", async () => {
  const { peer, writer, queue } = newQueue();
  writer.simpleString("first");
  queue.flush();
  writer.simpleString("unsafe");
  await peer.accept();
  await peer.accept();
  assertEquals(peer.received, ["+first\r\n"]);
  queue.flush();
  await peer.accept();
  assertEquals(peer.received, ["+first\r\n", "+unsafe\r\n"]);
});

Deno.test("what may leave during a write follows it at once", async () => {
  const { peer, writer, queue } = newQueue();
  writer.simpleString("first");
  queue.flush();
  writer.simpleString("second");
  queue.flush();
  await peer.accept();
  await peer.accept();
  assertEquals(peer.received, ["+first\r\n", "+second\r\n"]);
});

Deno.test("of what was written the beginning leaves, where only that may", async () => {
  const { peer, writer, queue } = newQueue();
  writer.simpleString("first");
  const end = queue.writtenBytes;
  writer.simpleString("unsafe");
  queue.flush(end);
  await peer.accept();
  await peer.accept();
  assertEquals([peer.received, queue.pendingBytes], [["+first\r\n"], 9]);
  writer.simpleString("last");
  queue.flush();
  await peer.accept();
  await peer.accept();
  assertEquals(peer.received, ["+first\r\n", "+unsafe\r\n", "+last\r\n"]);
});

Deno.test("a queue is drained when nothing is left, not even what it was not told of", async () => {
  const { peer, writer, queue } = newQueue();
  writer.simpleString("first");
  queue.flush();
  writer.simpleString("second");
  let isDrained = false;
  const drained = queue.drained().then(() => isDrained = true);
  await peer.accept();
  assertEquals(isDrained, false);
  queue.flush();
  await peer.accept();
  await drained;
  assertEquals(queue.pendingBytes, 0);
});

Deno.test("a write is slow when it has been under way for some time", async () => {
  const { peer, writer, queue } = newQueue();
  writer.simpleString("first");
  queue.flush();
  assertEquals([queue.pendingBytes, queue.slowBytes], [8, 0]);
  writer.simpleString("second");
  assertEquals([queue.pendingBytes, queue.slowBytes], [17, 9]);
  queue.age();
  assertEquals(queue.slowBytes, 9);
  queue.age();
  assertEquals(queue.slowBytes, 17);
  await peer.accept();
  queue.flush();
  assertEquals([queue.pendingBytes, queue.slowBytes], [9, 0]);
  await peer.accept();
});
