/**
 * What the keyspace asks of values of any type, without knowing what they mean.
 *
 * A value belongs to a record (`record.ts`): its encoding is in the record's header, and where it begins
 * in the record's root or payload. What each type can do beyond this is its own class' business.
 */

export interface ValueKind {
  /** Makes a new record's value an empty one, in the encoding that a small one has. */
  init(record: number): void;
  /**
   * Frees what belongs to the value of a record that is about to go, or to hold another value. What is
   * large goes to the `Reclaimer`. The record itself, and its header, are the keyspace's.
   */
  free(record: number): void;
  /**
   * Gives `copy` a value of its own. Its header says the same as that of `record`, root included.
   *
   * @throws {HeapFullError} if there is no memory for it; then `copy` owns nothing.
   */
  copy(record: number, copy: number): void;
  /**
   * Bytes of heap that the value takes beside its record. Those of a large one are estimated from about
   * `samples` elements; 0 stands for all of them.
   */
  bytes(record: number, samples: number): number;
}
