/**
 * A stack of 32-bit words in a `Heap`, each of which can also be reached by its index.
 *
 * Words lie in chunks of 4 KiB found through a directory, so a push never copies more than the
 * directory (a thousandth of the words), and what is popped is given back chunk by chunk.
 */
import { invariant } from "../assert.ts";
import { type Heap, SEGMENT_SHIFT, UNIT_MASK } from "./heap.ts";

const CHUNK_SHIFT = 10;
const CHUNK_WORDS = 1 << CHUNK_SHIFT;
const CHUNK_BYTES = CHUNK_WORDS * 4;

export class WordStack {
  readonly #heap: Heap;
  #directory = new Uint32Array(4);
  #chunkCount = 0;
  #length = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  get length(): number {
    return this.#length;
  }

  get(index: number): number {
    invariant(index < this.#length, "get() of a word that is on the stack");
    const chunk = this.#directory[index >>> CHUNK_SHIFT];
    return this.#heap.words[chunk >>> SEGMENT_SHIFT][wordIndex(chunk, index)];
  }

  set(index: number, word: number): void {
    invariant(index < this.#length, "set() of a word that is on the stack");
    const chunk = this.#directory[index >>> CHUNK_SHIFT];
    this.#heap.words[chunk >>> SEGMENT_SHIFT][wordIndex(chunk, index)] = word;
  }

  /**
   * Makes sure that the next `push` needs no memory.
   *
   * @throws {HeapFullError} if there is none; nothing has changed then.
   */
  reserve(): void {
    if (this.#length < this.#chunkCount << CHUNK_SHIFT) return;
    const chunk = this.#heap.allocate(CHUNK_BYTES);
    if (this.#chunkCount === this.#directory.length) {
      const directory = new Uint32Array(this.#chunkCount * 2);
      directory.set(this.#directory);
      this.#directory = directory;
    }
    this.#directory[this.#chunkCount++] = chunk;
  }

  /** Adds a word; its index is the length until now. */
  push(word: number): void {
    this.reserve();
    this.set(this.#length++, word);
  }

  /** Takes the last word. */
  pop(): number {
    const word = this.get(this.#length - 1);
    this.#length--;
    // a chunk reserved in vain goes too
    while (this.#chunkCount << CHUNK_SHIFT >= this.#length + CHUNK_WORDS) {
      this.#heap.free(this.#directory[--this.#chunkCount]);
    }
    return word;
  }
}

/** Index of a chunk's word in the words of its segment. */
function wordIndex(chunk: number, index: number): number {
  return ((chunk & UNIT_MASK) << 1) + (index & (CHUNK_WORDS - 1));
}
