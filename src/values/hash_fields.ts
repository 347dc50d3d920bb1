/** What is said of the fields of a hash, be it small (`packed_hashes.ts`) or large (`hash_tables.ts`). */
import type { Slice } from "./slice.ts";

/** When a field goes that has no time to live. */
export const neverMs = Infinity;

/** Said instead of a time where there is no such field. */
export const noFieldMs = -1;

/**
 * Is given each field with its value and when it goes: a time in milliseconds since the epoch, or
 * `neverMs`. The slices are valid during the call.
 */
export type VisitField = (field: Slice, value: Slice, expiresAtMs: number) => void;

/** Is told of a field that is about to go. The slice is valid during the call. */
export type AnnounceField = (field: Slice) => void;
