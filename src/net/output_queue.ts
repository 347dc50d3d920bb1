/**
 * Sends what a client's reply writer holds, in order, one write at a time.
 *
 * `flush` never waits: while one write is under way, replies gather in the writer and go with the next.
 * A peer that does not read delays nobody else; how much may gather is for the connection to limit.
 *
 * Where replies must not leave before a log is safe on the disk, what was written since the last `flush`
 * stays where it is, and the owner is asked for another.
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

/** Who decides what becomes of replies. */
export interface OutputOwner {
  /** Whether replies may have to wait, so that none leaves but by `flush`. */
  readonly holdsReplies: boolean;
  /** Is to call `flush`: replies were written during a write that is over now. */
  flushSoon(): void;
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
  /** What is being sent, and how much of it the system has accepted. */
  #chunk: Chunk | null = null;
  #chunkSentBytes = 0;
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

  /** Sends what there is, now or behind the write under way. */
  flush(): void {
    if (this.#chunk === null && !this.#failed) this.#sendNext(true);
  }

  /** Resolves when all that was written so far is sent, or can't be; somebody else has to `flush`. */
  drained(): Promise<void> {
    if (this.pendingBytes === 0 || this.#failed) return Promise.resolve();
    this.#drained ??= Promise.withResolvers<void>();
    return this.#drained.promise;
  }

  /** @param all Whether what the writer has may leave. */
  #sendNext(all: boolean): void {
    this.#chunk = all ? this.#writer.take() : null;
    this.#chunkSentBytes = 0;
    this.#age = 0;
    if (this.#chunk !== null) this.#write(this.#chunk);
    else if (this.#writer.pendingBytes > 0) this.#owner.flushSoon();
    else this.#endDrain();
  }

  #endDrain(): void {
    this.#drained?.resolve();
    this.#drained = null;
  }

  #write({ buffer, length }: Chunk): void {
    this.#sink.write(buffer.subarray(this.#chunkSentBytes, length))
      .then(this.#onWritten, this.#onFailed);
  }

  #written(length: number): void {
    const chunk = this.#chunk!;
    this.sentBytes += length;
    this.#counters.netOutputBytes += length;
    this.#counters.writesTotal++;
    this.#chunkSentBytes += length;
    if (this.#chunkSentBytes < chunk.length) return this.#write(chunk);
    this.#writer.release(chunk.buffer);
    this.#sendNext(!this.#owner.holdsReplies);
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
