/**
 * Sends what a client's reply writer holds, in order, one write at a time.
 *
 * `flush` never waits: while one write is under way, replies gather in the writer and go with the next.
 * A peer that does not read delays nobody else; how much may gather is for the connection to limit.
 *
 * Nothing leaves that no `flush` was for, as it may tell of what is not safe on the disk yet.
 */
import type { Chunk, WireWriter } from "../resp/wire_writer.ts";

/** Where bytes go: the half of a connection that is written to. */
export interface ByteSink {
  /** Writes some of `bytes` and says how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Where the server counts what it sends. */
export interface OutputCounters {
  netOutputBytes: number;
  writesTotal: number;
}

/** Whose replies they are. */
export interface OutputOwner {
  /** A write has failed: the peer is gone. */
  close(): void;
}

/** A write that has become so old is a slow one: of one look alone it may be that it had just begun. */
const slowAge = 2;

export class OutputQueue {
  readonly #sink: ByteSink;
  readonly #writer: WireWriter;
  readonly #counters: OutputCounters;
  readonly #owner: OutputOwner;
  /** What was begun to be sent, and how much of it the system has accepted. */
  #chunk: Chunk | null = null;
  #chunkSentBytes = 0;
  #isWriting = false;
  /** Of all bytes ever written, so many may leave. */
  #releasedBytes = 0;
  /** How often it was being sent at an `age`. */
  #age = 0;
  #failed = false;
  /** Resolved when everything is sent. */
  #drained: PromiseWithResolvers<void> | null = null;
  /** Bytes that the system has accepted. */
  sentBytes = 0;
  // made once: an async function for each write costs a tenth of what a short request does
  readonly #onWritten = (length: number) => this.#written(length);
  readonly #onFailed = () => this.#fail();

  constructor(
    sink: ByteSink,
    writer: WireWriter,
    counters: OutputCounters,
    owner: OutputOwner,
  ) {
    this.#sink = sink;
    this.#writer = writer;
    this.#counters = counters;
    this.#owner = owner;
  }

  /** Bytes not yet accepted by the system. */
  get pendingBytes(): number {
    return this.#chunkBytes() + this.#writer.pendingBytes;
  }

  /** Bytes of all replies so far. */
  get writtenBytes(): number {
    return this.sentBytes + this.pendingBytes;
  }

  /** Those of them that the peer is slow to take: a write that has just begun will soon be over. */
  get slowBytes(): number {
    return this.pendingBytes - (this.#age >= slowAge ? 0 : this.#chunkBytes());
  }

  /** Says that some time has gone by: a write that is under way then twice is a slow one. */
  age(): void {
    this.#age++;
  }

  #chunkBytes(): number {
    return this.#chunk === null ? 0 : this.#chunk.length - this.#chunkSentBytes;
  }

  /** Sends, now or behind the write under way, all that there is, or the first so many of all bytes written. */
  flush(releasedBytes = this.writtenBytes): void {
    this.#releasedBytes = Math.max(this.#releasedBytes, releasedBytes);
    if (!this.#isWriting && !this.#failed) this.#sendNext();
  }

  /** Resolves when all that was written so far is sent, or can't be; somebody else has to `flush`. */
  drained(): Promise<void> {
    if (this.pendingBytes === 0 || this.#failed) return Promise.resolve();
    this.#drained ??= Promise.withResolvers<void>();
    return this.#drained.promise;
  }

  #sendNext(): void {
    const releasedBytes = this.#releasedBytes - this.sentBytes;
    if (releasedBytes === 0) {
      if (this.pendingBytes === 0) this.#endDrain();
      return;
    }
    if (this.#chunk === null) {
      this.#chunk = this.#writer.take()!;
      this.#chunkSentBytes = 0;
    }
    this.#age = 0;
    this.#write(this.#chunk, releasedBytes);
  }

  #endDrain(): void {
    this.#drained?.resolve();
    this.#drained = null;
  }

  #write({ buffer, length }: Chunk, bytesMax: number): void {
    this.#isWriting = true;
    const start = this.#chunkSentBytes;
    this.#sink.write(buffer.subarray(start, Math.min(length, start + bytesMax)))
      .then(this.#onWritten, this.#onFailed);
  }

  #written(length: number): void {
    const chunk = this.#chunk!;
    this.#isWriting = false;
    this.sentBytes += length;
    this.#counters.netOutputBytes += length;
    this.#counters.writesTotal++;
    this.#chunkSentBytes += length;
    if (this.#chunkSentBytes === chunk.length) {
      this.#writer.release(chunk.buffer);
      this.#chunk = null;
    }
    this.#sendNext();
  }

  /** Reset, broken pipe or closed by us: there is nobody left to tell. */
  #fail(): void {
    this.#failed = true;
    this.#chunk = null;
    this.#writer.discard();
    this.#endDrain();
    this.#owner.close();
  }
}
