/**
 * redino, a Redis-compatible in-memory data server, as a library.
 *
 * @module
 */
export { type CancelTimer, type Clock, ManualClock, SystemClock } from "./clock.ts";
export { Server, type ServerOptions } from "./server.ts";
