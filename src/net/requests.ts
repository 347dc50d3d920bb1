/**
 * The stream of requests of one connection: `for await (const batch of requests(source, decoder))`.
 *
 * A batch is all that one read brought; its complete requests are taken from it with `batch.decode()`, so
 * that waiting is paid once a read. Written as an iterator by hand: an async generator costs two more
 * turns of the microtask queue for each batch, and an async function one.
 */
import type { RequestDecoder } from "../resp/decoder.ts";

/** Where bytes come from: the half of a connection that is read. */
export interface ByteSource {
  /** Reads into `into` and says how many bytes, or null at the end. */
  read(into: Uint8Array): Promise<number | null>;
}

class RequestStream implements AsyncIterableIterator<RequestDecoder> {
  readonly #source: ByteSource;
  readonly #decoder: RequestDecoder;
  readonly #result: IteratorResult<RequestDecoder>;
  readonly #onRead = (length: number | null): IteratorResult<RequestDecoder> => {
    if (length === null) return { done: true, value: undefined };
    this.#decoder.received(length);
    return this.#result;
  };

  constructor(source: ByteSource, decoder: RequestDecoder) {
    this.#source = source;
    this.#decoder = decoder;
    this.#result = { done: false, value: decoder };
  }

  next(): Promise<IteratorResult<RequestDecoder>> {
    return this.#source.read(this.#decoder.space()).then(this.#onRead);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** The batches of requests that `source` brings, until its end. */
export function requests(
  source: ByteSource,
  decoder: RequestDecoder,
): AsyncIterableIterator<RequestDecoder> {
  return new RequestStream(source, decoder);
}
