/**
 * How much memory a client takes: the buffers of its connection, what it has asked the server to keep
 * for it, and the objects that stand for it.
 *
 * Buffers are counted as they are. What the JavaScript heap holds can't be asked, so each kind of thing
 * there has a size that was measured as the average of thousands (2026-11-27, Deno 2.9.6).
 */
import type { Client } from "./client.ts";

/** A connection without its buffers, in bytes. */
const connectionBytes = 5400;

/** What each thing that a client has the server keep takes beside the bytes it is made of. */
const queuedRequestBytes = 500;
export const watchedKeyBytes = 550;
export const subscriptionBytes = 550;
export const trackedPrefixBytes = 700;

/** The bytes that a client takes now. */
export function clientMemoryBytes(client: Client): number {
  const { blocked, subscriptions, tracking, transaction } = client;
  let bytes = connectionBytes + client.link.bufferBytes + client.watchedBytes;
  if (transaction !== null) {
    bytes += transaction.bytes + transaction.queue.length * queuedRequestBytes;
  }
  if (blocked !== null) bytes += queuedRequestBytes + blocked.args.buffer.length;
  if (subscriptions !== null) bytes += subscriptions.bytes;
  if (tracking !== null) bytes += tracking.prefixesBytes;
  return bytes;
}
