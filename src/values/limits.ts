/** The configured limits by which values change their encoding, named as in redis.conf. */

export interface ValueLimits {
  /** Entries, or where negative a size class: -1 to -5 are 4, 8, 16, 32 and 64 KiB. */
  readonly listMaxListpackSize: number;
  readonly hashMaxListpackEntries: number;
  readonly hashMaxListpackValueBytes: number;
  readonly setMaxIntsetEntries: number;
  readonly setMaxListpackEntries: number;
  readonly setMaxListpackValueBytes: number;
  readonly zsetMaxListpackEntries: number;
  readonly zsetMaxListpackValueBytes: number;
  readonly hllSparseMaxBytes: number;
  /** Of one node of a stream; 0 is no limit. */
  readonly streamNodeMaxBytes: number;
  readonly streamNodeMaxEntries: number;
}
