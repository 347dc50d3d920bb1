/** What the system says of an error, in its own words: as C's `strerror`, whose text Redis shows. */

/** The text without the number that the runtime puts behind it: `Address already in use`. */
export function systemErrorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split(" (os error", 1)[0];
}

/** The system's name of an error, `EADDRINUSE`; empty where it is not the system's. */
export function systemErrorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
