/** One client as a line of CLIENT LIST, in Redis' fields and order. */
import type { Client } from "./client.ts";
import { clientMemoryBytes } from "./client_memory.ts";
import type { WatchedKeys } from "./watched_keys.ts";

/** Letters of the field `flags`; `N` where none applies. */
function flagsOf(client: Client): string {
  let flags = "";
  if (client.monitoring) flags += "O";
  if (client.subscriptions !== null) flags += "P";
  if (client.transaction !== null) flags += "x";
  if (client.postponed || client.blocked !== null) flags += "b";
  if (client.tracking !== null) flags += "t";
  if (client.tracking?.brokenRedirect) flags += "R";
  if (client.tracking?.options.broadcast) flags += "B";
  if (client.watchedChanged) flags += "d";
  if (client.closing) flags += "c";
  if (client.link.unix) flags += "U";
  if (client.noEvict) flags += "e";
  if (client.noTouch) flags += "T";
  return flags === "" ? "N" : flags;
}

/** A client's word as far as it has been checked: what follows a NUL could end the line. */
function upToNul(text: string): string {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}

/**
 * The line without its line end; ages are in seconds, sizes in bytes. There may be ten thousand clients:
 * through an object of the fields a line takes three times as long.
 */
export function describeClient(
  client: Client,
  watchedKeys: WatchedKeys,
  nowMs: number,
): string {
  const { link, reply } = client;
  const nowSeconds = Math.floor(nowMs / 1000);
  const queryFreeBytes = Math.max(0, link.queryBufferBytes - link.queryPendingBytes);
  const outputBytes = link.outputBytes;
  return [
    "id=" + client.id,
    "addr=" + link.peer,
    "laddr=" + link.local,
    // the runtime does not tell the number of a socket
    "fd=-1",
    "name=" + upToNul(client.name),
    "age=" + (nowSeconds - Math.floor(client.createdAtMs / 1000)),
    "idle=" + Math.max(0, nowSeconds - Math.floor(client.lastInteractionMs / 1000)),
    "flags=" + flagsOf(client),
    "db=" + client.database.index,
    "sub=" + (client.subscriptions?.channels.size ?? 0),
    "psub=" + (client.subscriptions?.patterns.size ?? 0),
    "ssub=" + (client.subscriptions?.shardChannels.size ?? 0),
    "multi=" + (client.transaction?.queue.length ?? -1),
    "watch=" + watchedKeys.countOf(client),
    "qbuf=" + link.queryPendingBytes,
    "qbuf-free=" + queryFreeBytes,
    "argv-mem=" + link.argumentsBytes,
    "multi-mem=" + (client.transaction?.bytes ?? 0),
    "rbs=" + reply.heldBytes,
    "rbp=" + reply.heldBytes,
    "obl=" + outputBytes,
    "oll=0",
    "omem=" + outputBytes,
    "tot-mem=" + clientMemoryBytes(client),
    "events=" + (outputBytes > 0 ? "rw" : "r"),
    "cmd=" + (client.lastCommandName ?? "NULL"),
    "user=default",
    "redir=" + (client.tracking === null ? -1 : client.tracking.options.redirect),
    "resp=" + reply.protocol,
    "lib-name=" + upToNul(client.libraryName),
    "lib-ver=" + upToNul(client.libraryVersion),
    "io-thread=0",
  ].join(" ");
}
