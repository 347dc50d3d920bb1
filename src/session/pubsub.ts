/**
 * Publish and subscribe: who listens to which channels and patterns, and what is sent to them.
 *
 * Names are held as strings with a character for each byte: there are as many as somebody listens to.
 * Patterns are found by their literal prefix, the bytes before the first that is special in a glob. A
 * channel is looked up once for each length that such prefixes have, so that patterns of other prefixes
 * (`user:1:*`, `user:2:*` …) cost a message nothing, however many there are.
 */
import { Glob } from "../values/glob.ts";
import type { Client } from "./client.ts";
import { subscriptionBytes } from "./client_memory.ts";
import { encodeMessage, type Pushes } from "./pushes.ts";

/** What a client may listen to. */
export type SubscriptionKind = "channels" | "patterns" | "shardChannels";

/** What one client listens to. */
export class Subscriptions {
  readonly channels: Map<string, Channel> = new Map();
  readonly patterns: Map<string, Channel> = new Map();
  readonly shardChannels: Map<string, Channel> = new Map();
  /** What they take of memory. */
  bytes = 0;

  add(kind: SubscriptionKind, channel: Channel): void {
    this[kind].set(channel.name, channel);
    this.bytes += memoryBytesOf(channel);
  }

  remove(kind: SubscriptionKind, channel: Channel): void {
    this[kind].delete(channel.name);
    this.bytes -= memoryBytesOf(channel);
  }

  /** The count that replies tell: of shard channels alone, or of all else. */
  count(kind: SubscriptionKind): number {
    return kind === "shardChannels"
      ? this.shardChannels.size
      : this.channels.size + this.patterns.size;
  }

  get isEmpty(): boolean {
    return this.count("channels") + this.shardChannels.size === 0;
  }
}

/** A channel that somebody listens to. */
export interface Channel {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly clients: Set<Client>;
}

/** The name is there as bytes as well. */
function memoryBytesOf({ name }: Channel): number {
  return subscriptionBytes + 2 * name.length;
}

/** What all channels that match it have in common: those who listen. */
interface Pattern extends Channel {
  readonly glob: Glob;
}

type Channels = Map<string, Channel>;

const latin1 = new TextDecoder("latin1");
const utf8 = new TextEncoder();
const messageWord = utf8.encode("message");
const shardMessageWord = utf8.encode("smessage");
const patternMessageWord = utf8.encode("pmessage");
const noClients: ReadonlySet<Client> = new Set();

/** The name of a channel or a pattern, from its bytes. */
export function nameOf(bytes: Uint8Array): string {
  return latin1.decode(bytes);
}

export class PubSub {
  readonly #pushes: Pushes;
  readonly #channels: Channels = new Map();
  readonly #shardChannels: Channels = new Map();
  readonly #patterns = new PatternIndex();
  readonly #clients = new Set<Client>();

  constructor(pushes: Pushes) {
    this.#pushes = pushes;
  }

  /** Clients that listen to anything. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /** Patterns that somebody listens to, each counted once. */
  get patternCount(): number {
    return this.#patterns.count;
  }

  get channelCount(): number {
    return this.#channels.size;
  }

  get shardChannelCount(): number {
    return this.#shardChannels.size;
  }

  /** The channels that somebody listens to. */
  channels(kind: "channels" | "shardChannels"): Iterable<Channel> {
    return this.#channelsOf(kind).values();
  }

  /** How many clients listen to a channel by its name. */
  subscriberCount(kind: "channels" | "shardChannels", name: string): number {
    return this.#channelsOf(kind).get(name)?.clients.size ?? 0;
  }

  /** Has a client listen; once more makes no difference. */
  subscribe(client: Client, kind: SubscriptionKind, bytes: Uint8Array): void {
    client.subscriptions ??= new Subscriptions();
    this.#clients.add(client);
    const name = nameOf(bytes);
    if (client.subscriptions[kind].has(name)) return;
    const channel = kind === "patterns"
      ? this.#patterns.findOrAdd(name, bytes)
      : findOrAdd(this.#channelsOf(kind), name, bytes);
    channel.clients.add(client);
    client.subscriptions.add(kind, channel);
  }

  /** Has a client no longer listen. */
  unsubscribe(client: Client, kind: SubscriptionKind, name: string): void {
    const { subscriptions } = client;
    const channel = subscriptions?.[kind].get(name);
    if (subscriptions === null || channel === undefined) return;
    subscriptions.remove(kind, channel);
    if (subscriptions.isEmpty) {
      client.subscriptions = null;
      this.#clients.delete(client);
    }
    channel.clients.delete(client);
    if (channel.clients.size > 0) return;
    if (kind === "patterns") this.#patterns.delete(name);
    else this.#channelsOf(kind).delete(name);
  }

  /** Has a client listen to nothing. */
  unsubscribeAll(client: Client): void {
    for (const kind of ["channels", "patterns", "shardChannels"] as const) {
      for (const { name } of subscribed(client, kind)) this.unsubscribe(client, kind, name);
    }
  }

  /** Sends a message to everybody who listens to the channel, and tells how many times. */
  publish(channel: Uint8Array, message: Uint8Array): number {
    if (this.#clients.size === 0) return 0;
    const name = nameOf(channel);
    let receivers = this.#sendTo(this.#channels.get(name)?.clients, messageWord, channel, message);
    this.#patterns.forEachMatch(name, channel, ({ bytes, clients }) => {
      receivers += this.#sendTo(clients, patternMessageWord, bytes, channel, message);
    });
    return receivers;
  }

  /** As `publish`, to a shard channel, which no pattern matches. */
  publishToShard(channel: Uint8Array, message: Uint8Array): number {
    const clients = this.#shardChannels.get(nameOf(channel))?.clients;
    return this.#sendTo(clients, shardMessageWord, channel, message);
  }

  #sendTo(clients: ReadonlySet<Client> = noClients, ...parts: Uint8Array[]): number {
    if (clients.size === 0) return 0;
    const encoded = encodeMessage(parts);
    for (const client of clients) this.#pushes.send(client, encoded);
    return clients.size;
  }

  #channelsOf(kind: "channels" | "shardChannels"): Channels {
    return kind === "channels" ? this.#channels : this.#shardChannels;
  }
}

/** What a client listens to now, whatever becomes of it while this is gone through. */
export function subscribed(client: Client, kind: SubscriptionKind): readonly Channel[] {
  return client.subscriptions === null ? [] : [...client.subscriptions[kind].values()];
}

function findOrAdd(channels: Channels, name: string, bytes: Uint8Array): Channel {
  let channel = channels.get(name);
  if (channel === undefined) {
    channel = { name, bytes: bytes.slice(), clients: new Set() };
    channels.set(name, channel);
  }
  return channel;
}

/** All patterns, found by their literal prefix. */
class PatternIndex {
  readonly #byName = new Map<string, Pattern>();
  readonly #byPrefix = new Map<string, Set<Pattern>>();
  /** How many prefixes there are of each length. */
  readonly #prefixLengths = new Map<number, number>();

  get count(): number {
    return this.#byName.size;
  }

  findOrAdd(name: string, bytes: Uint8Array): Pattern {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const glob = new Glob(bytes, 0, bytes.length);
    const pattern = { name, bytes: bytes.slice(), glob, clients: new Set<Client>() };
    this.#byName.set(name, pattern);
    this.#file(pattern);
    return pattern;
  }

  #file(pattern: Pattern): void {
    const prefix = literalPrefix(pattern.name);
    const samePrefix = this.#byPrefix.get(prefix);
    if (samePrefix !== undefined) {
      samePrefix.add(pattern);
      return;
    }
    this.#byPrefix.set(prefix, new Set([pattern]));
    const { length } = prefix;
    this.#prefixLengths.set(length, (this.#prefixLengths.get(length) ?? 0) + 1);
  }

  delete(name: string): void {
    const pattern = this.#byName.get(name)!;
    this.#byName.delete(name);
    const prefix = literalPrefix(name);
    const samePrefix = this.#byPrefix.get(prefix)!;
    samePrefix.delete(pattern);
    if (samePrefix.size > 0) return;
    this.#byPrefix.delete(prefix);
    const left = this.#prefixLengths.get(prefix.length)! - 1;
    if (left > 0) this.#prefixLengths.set(prefix.length, left);
    else this.#prefixLengths.delete(prefix.length);
  }

  /** Calls `visit` with each pattern that the channel matches. */
  forEachMatch(name: string, channel: Uint8Array, visit: (pattern: Pattern) => void): void {
    for (const length of this.#prefixLengths.keys()) {
      if (length > name.length) continue;
      const patterns = this.#byPrefix.get(name.slice(0, length));
      if (patterns === undefined) continue;
      for (const pattern of patterns) {
        if (pattern.glob.matches(channel, 0, channel.length)) visit(pattern);
      }
    }
  }
}

/** The part of a pattern that every text that matches begins with. */
function literalPrefix(pattern: string): string {
  const special = pattern.search(/[*?[\\]/);
  return special < 0 ? pattern : pattern.slice(0, special);
}
