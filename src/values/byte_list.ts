/**
 * A list of byte strings on its way to a reply whose length must be told before its elements are: they
 * are copied here as they are found. Made once and used again; what grew large is let go by `clear`.
 */

import { copyBytes } from "../memory/bytes.ts";

const bytesInitial = 4096;
const countInitial = 256;
/** Larger buffers than this are not kept for the next time. */
const bytesKeptMax = 1024 * 1024;

export class ByteList {
  /** What `startOf` and `endOf` index. */
  bytes: Uint8Array = new Uint8Array(bytesInitial);
  length = 0;
  #ends = new Int32Array(countInitial);

  clear(): void {
    this.length = 0;
    if (this.bytes.length <= bytesKeptMax) return;
    this.bytes = new Uint8Array(bytesInitial);
    this.#ends = new Int32Array(countInitial);
  }

  add(buffer: Uint8Array, start: number, end: number): void {
    const at = this.startOf(this.length);
    const next = at + end - start;
    if (next > this.bytes.length) this.#growBytes(next);
    if (this.length === this.#ends.length) this.#growEnds();
    copyBytes(buffer, start, this.bytes, at, end - start);
    this.#ends[this.length++] = next;
  }

  startOf(i: number): number {
    return i === 0 ? 0 : this.#ends[i - 1];
  }

  endOf(i: number): number {
    return this.#ends[i];
  }

  #growBytes(needed: number): void {
    const bytes = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    bytes.set(this.bytes);
    this.bytes = bytes;
  }

  #growEnds(): void {
    const ends = new Int32Array(this.#ends.length * 2);
    ends.set(this.#ends);
    this.#ends = ends;
  }
}
