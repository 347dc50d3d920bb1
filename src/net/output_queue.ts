/**
 * Sends what a client's reply writer holds, in order, one write at a time.
 *
 * `flush` never waits: while one write is under way, replies gather in the writer and go with the next.
 * A peer that does not read delays nobody else; how much may gather is for the connection to limit.
 */
import type { Chunk, WireWriter } from "../resp/wire_writer.ts";

/** Where bytes go: the half of a connection that is written to. */
export interface ByteSink {
  /** Writes some of `bytes` and says how many. */
  write(bytes: Uint8Array): Promise<number>;
}

export class OutputQueue {
  readonly #sink: ByteSink;
  readonly #writer: WireWriter;
  readonly #onEnd: () => void;
  /** Bytes of the write under way. */
  #inFlightBytes = 0;
  #sending: Promise<void> | null = null;
  #failed = false;
  /** Bytes that the system has accepted. */
  sentBytes = 0;
  writes = 0;

  /** @param onEnd Called when a write fails: the peer is gone. */
  constructor(sink: ByteSink, writer: WireWriter, onEnd: () => void) {
    this.#sink = sink;
    this.#writer = writer;
    this.#onEnd = onEnd;
  }

  /** Bytes not yet accepted by the system. */
  get pendingBytes(): number {
    return this.#inFlightBytes + this.#writer.pendingBytes;
  }

  /** Sends what there is, now or behind the write under way. */
  flush(): void {
    if (this.#sending !== null || this.#failed) return;
    const chunk = this.#writer.take();
    if (chunk !== null) this.#sending = this.#send(chunk);
  }

  /** Resolves when all that was written so far is sent, or can't be. */
  async drained(): Promise<void> {
    this.flush();
    while (this.#sending !== null) await this.#sending;
  }

  async #send(first: Chunk): Promise<void> {
    try {
      for (let chunk: Chunk | null = first; chunk !== null; chunk = this.#writer.take()) {
        this.#inFlightBytes = chunk.length;
        for (let sent = 0; sent < chunk.length;) {
          const written = await this.#sink.write(chunk.buffer.subarray(sent, chunk.length));
          sent += written;
          this.#inFlightBytes -= written;
          this.sentBytes += written;
          this.writes++;
        }
        this.#writer.release(chunk.buffer);
      }
    } catch {
      // reset, broken pipe or closed by us: there is nobody left to tell
      this.#failed = true;
      this.#inFlightBytes = 0;
      this.#writer.discard();
      this.#onEnd();
    } finally {
      this.#sending = null;
    }
  }
}
