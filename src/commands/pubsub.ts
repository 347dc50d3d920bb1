/**
 * Publish and subscribe. Who listens to what, and how messages reach them, is in `session/pubsub.ts`;
 * which commands a listening client may run in RESP2, in `command/dispatch.ts`.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { CommandError, errors, unknownSubcommandOrArity } from "../resp/errors.ts";
import { nameOf, subscribed, type SubscriptionKind } from "../session/pubsub.ts";
import { Glob } from "../values/glob.ts";
import { replyHelp } from "./help.ts";

/** Confirms one subscription or its end; the name is null where there was none to end. */
function confirm(
  { client, reply }: CommandContext,
  event: string,
  kind: SubscriptionKind,
  name: Uint8Array | null,
): void {
  reply.push(3);
  reply.bulkString(event);
  if (name === null) reply.null();
  else reply.bulk(name, 0, name.length);
  reply.integer(client.subscriptions?.count(kind) ?? 0);
}

function subscribe(context: CommandContext, event: string, kind: SubscriptionKind): void {
  const { args, client, server } = context;
  for (let i = 1; i < args.count; i++) {
    server.pubsub.subscribe(client, kind, args.bytes(i));
    confirm(context, event, kind, args.bytes(i));
  }
}

function unsubscribe(context: CommandContext, event: string, kind: SubscriptionKind): void {
  const { args, client, server: { pubsub } } = context;
  if (args.count > 1) {
    for (let i = 1; i < args.count; i++) {
      pubsub.unsubscribe(client, kind, nameOf(args.bytes(i)));
      confirm(context, event, kind, args.bytes(i));
    }
    return;
  }
  const channels = subscribed(client, kind);
  for (const { name, bytes } of channels) {
    pubsub.unsubscribe(client, kind, name);
    confirm(context, event, kind, bytes);
  }
  if (channels.length === 0) confirm(context, event, kind, null);
}

/** PUBSUB CHANNELS and SHARDCHANNELS. */
function channels(context: CommandContext, kind: "channels" | "shardChannels"): void {
  const { args, reply, server: { pubsub } } = context;
  if (args.count > 3) throw new CommandError(unknownSubcommandOrArity(args.cString(1), "PUBSUB"));
  const glob = args.count === 3 ? new Glob(args.buffer, args.starts[2], args.ends[2]) : null;
  const shown = [...pubsub.channels(kind)]
    .filter(({ bytes }) => glob === null || glob.matches(bytes, 0, bytes.length));
  reply.array(shown.length);
  for (const { bytes } of shown) reply.bulk(bytes, 0, bytes.length);
}

/** PUBSUB NUMSUB and SHARDNUMSUB. */
function subscriberCounts(context: CommandContext, kind: "channels" | "shardChannels"): void {
  const { args, reply, server: { pubsub } } = context;
  reply.array((args.count - 2) * 2);
  for (let i = 2; i < args.count; i++) {
    reply.bulk(args.buffer, args.starts[i], args.ends[i]);
    reply.integer(pubsub.subscriberCount(kind, nameOf(args.bytes(i))));
  }
}

const helpLines = [
  "CHANNELS [<pattern>]",
  "    Return the currently active channels matching a <pattern> (default: '*').",
  "NUMPAT",
  "    Return number of subscriptions to patterns.",
  "NUMSUB [<channel> ...]",
  "    Return the number of subscribers for the specified channels, excluding",
  "    pattern subscriptions(default: no channels).",
  "SHARDCHANNELS [<pattern>]",
  "    Return the currently active shard level channels matching a <pattern> (default: '*').",
  "SHARDNUMSUB [<shardchannel> ...]",
  "    Return the number of subscribers for the specified shard level channel(s)",
];

export const pubsubHandlers: Handlers = {
  psubscribe: (context) => subscribe(context, "psubscribe", "patterns"),
  publish: ({ args, reply, server }) =>
    reply.integer(server.pubsub.publish(args.bytes(1), args.bytes(2))),
  "pubsub|channels": (context) => channels(context, "channels"),
  "pubsub|help": (context) => replyHelp(context, helpLines),
  "pubsub|numpat": ({ reply, server }) => reply.integer(server.pubsub.patternCount),
  "pubsub|numsub": (context) => subscriberCounts(context, "channels"),
  "pubsub|shardchannels": (context) => channels(context, "shardChannels"),
  "pubsub|shardnumsub": (context) => subscriberCounts(context, "shardChannels"),
  punsubscribe: (context) => unsubscribe(context, "punsubscribe", "patterns"),
  spublish: ({ args, reply, server }) =>
    reply.integer(server.pubsub.publishToShard(args.bytes(1), args.bytes(2))),
  ssubscribe: (context) => {
    if (!context.mayBlock) throw new CommandError(errors.shardSubscribeInMulti);
    subscribe(context, "ssubscribe", "shardChannels");
  },
  subscribe: (context) => subscribe(context, "subscribe", "channels"),
  sunsubscribe: (context) => unsubscribe(context, "sunsubscribe", "shardChannels"),
  unsubscribe: (context) => unsubscribe(context, "unsubscribe", "channels"),
};
