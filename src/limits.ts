/**
 * Every fixed cap of the server, with its unit in its name. What an operator can change is a
 * directive (`config/directives.ts`), whose default stands there.
 */

/** Longest inline request or header line, in bytes (Redis: PROTO_INLINE_MAX_SIZE). */
export const inlineBytesMax = 64 * 1024;

/** Most arguments that a multibulk header may announce. */
export const multibulkCountMax = 0x7fffffff;

/** Most arguments of a request before its client has authenticated. */
export const unauthenticatedMultibulkCountMax = 10;

/** Longest argument of a request before its client has authenticated, in bytes. */
export const unauthenticatedBulkBytesMax = 16384;

/** Most bytes of replies kept for a client that has not authenticated and does not read. */
export const unauthenticatedOutputBytesMax = 1024;

/** So many bytes of replies count as sent: Redis has a buffer of that size that it doesn't count. */
export const uncountedReplyBytes = 16384;

/** Query buffer that a new connection starts with, in bytes. */
export const queryBufferBytesInitial = 4 * 1024;

/** Query buffer that a connection grows to while its reads fill it, in bytes. */
export const queryBufferBytesUsual = 256 * 1024;

/** Most that a query buffer grows by at a time for one long request, in bytes. */
export const queryBufferGrowthBytesMax = 1024 * 1024;

/** Requests decoded ahead of the one that runs, at most. */
export const requestsTogetherMax = 32;

/** Reply buffer taken from the pool for a connection that has something to say, in bytes. */
export const replyBufferBytes = 32 * 1024;

/** Reply buffer for what does not fit into one of those, in bytes. */
export const longReplyBufferBytes = 256 * 1024;

/** Reply buffers kept in the pool for the next connection, at most. */
export const replyBuffersPooledMax = 256;

/** Long ones of them, at most: a new one for each long reply took a quarter of HGETALL of 100 fields. */
export const longReplyBuffersPooledMax = 64;

/** Longest string value, in bytes; Redis' `proto-max-bulk-len` is its default and its ceiling here. */
export const stringBytesMax = 512 * 1024 * 1024;

/** How long one client's requests run before the others have their turn, in microseconds. */
export const clientSliceUs = 1000;

/** Longest that one slice of background work (expiry, freeing, eviction) runs, in microseconds. */
export const backgroundSliceUsMax = 1000;

/** Length of the first part of an unknown command's arguments shown in its error, in bytes. */
export const unknownCommandArgumentsShownMax = 128;

/** Buffer in which the commands gather that are propagated, kept for the next ones, in bytes. */
export const propagationBufferBytesUsual = 64 * 1024;
