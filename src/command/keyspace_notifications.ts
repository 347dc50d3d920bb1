/** Keyspace notifications: what happens to keys, as messages on channels named after key and event. */
import { NotifyTarget } from "../config/notify_classes.ts";
import type { PubSub } from "../session/pubsub.ts";

const encoder = new TextEncoder();

/**
 * Publishes that `event` has happened to `key`, on the channels that `targets` (bits of `NotifyTarget`)
 * asks for: `__keyspace@0__:key` says the event, `__keyevent@0__:event` the key.
 */
export function publishKeyspaceEvent(
  pubsub: PubSub,
  targets: number,
  event: string,
  database: number,
  key: Uint8Array,
): void {
  if (pubsub.clientCount === 0) return;
  if ((targets & NotifyTarget.KEYSPACE) !== 0) {
    const prefix = encoder.encode(`__keyspace@${database}__:`);
    const channel = new Uint8Array(prefix.length + key.length);
    channel.set(prefix);
    channel.set(key, prefix.length);
    pubsub.publish(channel, encoder.encode(event));
  }
  if ((targets & NotifyTarget.KEYEVENT) !== 0) {
    pubsub.publish(encoder.encode(`__keyevent@${database}__:${event}`), key);
  }
}
