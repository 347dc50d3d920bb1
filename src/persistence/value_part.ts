/** What reads the values of one type, each written in one of several ways. */

export interface ValuePart {
  /** Begins with a value written as `rdbType`, which becomes that of `record`, which has none yet. */
  begin(rdbType: number, record: number): void;
  /**
   * Reads on, until the value is whole or the input has come to the byte `until`; whether it is whole.
   *
   * @throws {RdbError} if the bytes are none of such a value. What the record has then, if anything, can be freed.
   */
  readSome(until: number): boolean;
  /** Whether the value that was read has no elements, where such a value can't be. */
  readonly isEmpty: boolean;
}
