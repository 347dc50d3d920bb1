/**
 * Reads for the sake of the processor's cache: several in a row, none of which depends on another, are
 * waited for together, where the searches that need them would wait for one after the other.
 */

/** What was read, kept so that no compiler drops the reads. */
export const fetched = { words: 0 };
