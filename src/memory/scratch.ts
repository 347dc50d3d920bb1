/** Memory beside the heap, for as long as one thing is done. */
import { HeapFullError } from "./heap.ts";

/**
 * A buffer of zeros.
 *
 * @throws {HeapFullError} where the system has no memory for it.
 */
export function allocateScratch(byteLength: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(byteLength);
  } catch (error) {
    if (error instanceof RangeError) throw new HeapFullError(error.message);
    throw error;
  }
}
