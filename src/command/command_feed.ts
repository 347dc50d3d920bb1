/**
 * Who keeps what has changed, as the commands that change it again: a log, replicas.
 *
 * `Propagation` is what tells them. They own what becomes of the bytes.
 */

/** Hears of every change of data, in the order in which they happened. */
export interface CommandFeed {
  /**
   * One whole command, in RESP: `bytes[start, end)`, valid until it returns. It applies to the database
   * with this index; MULTI and EXEC, which hold together what is between them, belong to none: -1. Who
   * keeps the commands in one sequence writes a SELECT where the database is another.
   */
  command(database: number, bytes: Uint8Array, start: number, end: number): void;
}
