/** The commands on channels and their subscribers, as COMMAND INFO and COMMAND DOCS tell of them. */

import {
  CommandFlag,
  type CommandGroup,
  keyAt,
  KeyFlag,
  keyRange,
  multiple,
  optional,
  pattern,
  string,
} from "../spec.ts";

const { PUBSUB, NOSCRIPT, LOADING, STALE, FAST, MAY_REPLICATE } = CommandFlag;
const { NOT_KEY } = KeyFlag;

export const pubsubCommands: CommandGroup = {
  group: "pubsub",
  commands: [
    {
      name: "psubscribe",
      summary: "Listens for messages published to channels that match one or more patterns.",
      since: "2.0.0",
      complexity: "O(N) where N is the number of patterns to subscribe to.",
      arity: -2,
      flags: PUBSUB | NOSCRIPT | LOADING | STALE,
      arguments: [multiple(pattern("pattern"))],
    },
    {
      name: "publish",
      summary: "Posts a message to a channel.",
      since: "2.0.0",
      complexity:
        "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client).",
      arity: 3,
      flags: PUBSUB | LOADING | STALE | FAST | MAY_REPLICATE,
      arguments: [string("channel"), string("message")],
    },
    {
      name: "pubsub",
      summary: "A container for Pub/Sub commands.",
      since: "2.8.0",
      complexity: "Depends on subcommand.",
      arity: -2,
      subcommands: [
        {
          name: "channels",
          summary: "Returns the active channels.",
          since: "2.8.0",
          complexity:
            "O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short channels and patterns)",
          arity: -2,
          flags: PUBSUB | LOADING | STALE,
          arguments: [optional(pattern("pattern"))],
        },
        {
          name: "help",
          summary: "Returns helpful text about the different subcommands.",
          since: "6.2.0",
          complexity: "O(1)",
          arity: 2,
          flags: LOADING | STALE,
        },
        {
          name: "numpat",
          summary: "Returns a count of unique pattern subscriptions.",
          since: "2.8.0",
          complexity: "O(1)",
          arity: 2,
          flags: PUBSUB | LOADING | STALE,
        },
        {
          name: "numsub",
          summary: "Returns a count of subscribers to channels.",
          since: "2.8.0",
          complexity: "O(N) for the NUMSUB subcommand, where N is the number of requested channels",
          arity: -2,
          flags: PUBSUB | LOADING | STALE,
          arguments: [optional(multiple(string("channel")))],
        },
        {
          name: "shardchannels",
          summary: "Returns the active shard channels.",
          since: "7.0.0",
          complexity:
            "O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively short shard channels).",
          arity: -2,
          flags: PUBSUB | LOADING | STALE,
          arguments: [optional(pattern("pattern"))],
        },
        {
          name: "shardnumsub",
          summary: "Returns the count of subscribers of shard channels.",
          since: "7.0.0",
          complexity:
            "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels",
          arity: -2,
          flags: PUBSUB | LOADING | STALE,
          arguments: [optional(multiple(string("shardchannel")))],
        },
      ],
    },
    {
      name: "punsubscribe",
      summary: "Stops listening to messages published to channels that match one or more patterns.",
      since: "2.0.0",
      complexity: "O(N) where N is the number of patterns to unsubscribe.",
      arity: -1,
      flags: PUBSUB | NOSCRIPT | LOADING | STALE,
      arguments: [optional(multiple(pattern("pattern")))],
    },
    {
      name: "spublish",
      summary: "Post a message to a shard channel",
      since: "7.0.0",
      complexity:
        "O(N) where N is the number of clients subscribed to the receiving shard channel.",
      arity: 3,
      flags: PUBSUB | LOADING | STALE | FAST | MAY_REPLICATE,
      keys: [keyAt(1, NOT_KEY)],
      arguments: [string("shardchannel"), string("message")],
    },
    {
      name: "ssubscribe",
      summary: "Listens for messages published to shard channels.",
      since: "7.0.0",
      complexity: "O(N) where N is the number of shard channels to subscribe to.",
      arity: -2,
      flags: PUBSUB | NOSCRIPT | LOADING | STALE,
      keys: [keyRange(1, -1, NOT_KEY)],
      arguments: [multiple(string("shardchannel"))],
    },
    {
      name: "subscribe",
      summary: "Listens for messages published to channels.",
      since: "2.0.0",
      complexity: "O(N) where N is the number of channels to subscribe to.",
      arity: -2,
      flags: PUBSUB | NOSCRIPT | LOADING | STALE,
      arguments: [multiple(string("channel"))],
    },
    {
      name: "sunsubscribe",
      summary: "Stops listening to messages posted to shard channels.",
      since: "7.0.0",
      complexity: "O(N) where N is the number of shard channels to unsubscribe.",
      arity: -1,
      flags: PUBSUB | NOSCRIPT | LOADING | STALE,
      keys: [keyRange(1, -1, NOT_KEY)],
      arguments: [optional(multiple(string("shardchannel")))],
    },
    {
      name: "unsubscribe",
      summary: "Stops listening to messages posted to channels.",
      since: "2.0.0",
      complexity: "O(N) where N is the number of channels to unsubscribe.",
      arity: -1,
      flags: PUBSUB | NOSCRIPT | LOADING | STALE,
      arguments: [optional(multiple(string("channel")))],
    },
  ],
};
