/** What redino calls itself, and the Redis whose behaviour it has: clients decide by the latter. */

/** Version of redino; `deno.json` has the same. */
export const redinoVersion = "0.1.0";

/** Version of Redis that every reply is measured against. */
export const redisVersion = "8.0.2";
