/** CLIENT CACHING, GETREDIR, TRACKING and TRACKINGINFO; what they ask for is done by `session/tracking.ts`. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors, prefixOverlap } from "../resp/errors.ts";
import type { Client } from "../session/client.ts";
import type { TrackingOptions, TrackingState } from "../session/tracking.ts";

interface TrackingRequest {
  readonly options: TrackingOptions;
  readonly prefixes: readonly Uint8Array[];
}

function parseTracking({ args, server }: CommandContext): TrackingRequest {
  const options = { broadcast: false, optIn: false, optOut: false, noLoop: false, redirect: 0 };
  const prefixes: Uint8Array[] = [];
  for (let i = 3; i < args.count; i++) {
    const hasMore = i + 1 < args.count;
    if (args.is(i, "REDIRECT") && hasMore) {
      if (options.redirect !== 0) throw new CommandError(errors.redirectTwice);
      const id = Number(args.int64(++i));
      if (server.clients.byId(id) === undefined) throw new CommandError(errors.redirectMissing);
      options.redirect = id;
    } else if (args.is(i, "BCAST")) options.broadcast = true;
    else if (args.is(i, "OPTIN")) options.optIn = true;
    else if (args.is(i, "OPTOUT")) options.optOut = true;
    else if (args.is(i, "NOLOOP")) options.noLoop = true;
    else if (args.is(i, "PREFIX") && hasMore) prefixes.push(args.bytes(++i).slice());
    else throw new CommandError(errors.syntax);
  }
  return { options, prefixes };
}

/** Refuses what contradicts itself, or what the client has asked for before. */
function checkTracking({ tracking }: Client, { options, prefixes }: TrackingRequest): void {
  const { broadcast, optIn, optOut } = options;
  if (!broadcast && prefixes.length > 0) throw new CommandError(errors.prefixWithoutBroadcast);
  if (tracking !== null && tracking.options.broadcast !== broadcast) {
    throw new CommandError(errors.broadcastSwitched);
  }
  if (broadcast && (optIn || optOut)) throw new CommandError(errors.optWithBroadcast);
  if (optIn && optOut) throw new CommandError(errors.optInAndOut);
  const isSwitched = tracking !== null &&
    ((optIn && tracking.options.optOut) || (optOut && tracking.options.optIn));
  if (isSwitched) throw new CommandError(errors.optSwitched);
  const known = sortedPrefixes(tracking);
  prefixes.forEach((prefix, i) => {
    refuseOverlap(prefix, known, false);
    refuseOverlap(prefix, prefixes.slice(i + 1), true);
  });
}

/** In the order of their bytes, as Redis keeps them. */
function sortedPrefixes(tracking: TrackingState | null): Uint8Array[] {
  return [...tracking?.prefixes ?? []].sort(([a], [b]) => a < b ? -1 : 1).map(([, bytes]) => bytes);
}

/** Refuses a prefix that begins with one of `others`, or the other way round. */
function refuseOverlap(
  prefix: Uint8Array,
  others: readonly Uint8Array[],
  areBothNew: boolean,
): void {
  for (const other of others) {
    const length = Math.min(prefix.length, other.length);
    if (prefix.subarray(0, length).every((byte, i) => byte === other[i])) {
      throw new CommandError(prefixOverlap(cString(prefix), cString(other), areBothNew));
    }
  }
}

/** Bytes up to the first NUL, as errors show them. */
function cString(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  return Array.from(nul < 0 ? bytes : bytes.subarray(0, nul), (byte) => String.fromCharCode(byte))
    .join("");
}

function tracking(context: CommandContext): void {
  const { args, client, reply, server } = context;
  const request = parseTracking(context);
  if (args.is(2, "ON")) {
    checkTracking(client, request);
    server.tracking.enable(client, request.options, request.prefixes);
  } else if (args.is(2, "OFF")) server.tracking.disable(client);
  else throw new CommandError(errors.syntax);
  reply.ok();
}

function caching({ args, client, reply }: CommandContext): void {
  const { tracking } = client;
  if (tracking === null) throw new CommandError(errors.cachingWithoutTracking);
  if (isYes(args)) {
    if (!tracking.options.optIn) throw new CommandError(errors.cachingWithoutOptIn);
  } else if (!tracking.options.optOut) throw new CommandError(errors.cachingWithoutOptOut);
  tracking.caching = true;
  reply.ok();
}

/** Argument 2 as YES or NO. */
function isYes(args: Arguments): boolean {
  if (!args.is(2, "YES") && !args.is(2, "NO")) throw new CommandError(errors.syntax);
  return args.is(2, "YES");
}

/** The id that invalidations go to: 0 for the client itself, -1 where there are none. */
function redirectOf({ tracking }: Client): number {
  return tracking === null ? -1 : tracking.options.redirect;
}

function flagNames({ tracking }: Client): string[] {
  if (tracking === null) return ["off"];
  const { broadcast, noLoop, optIn, optOut } = tracking.options;
  const names = ["on"];
  if (broadcast) names.push("bcast");
  if (optIn) names.push("optin");
  if (optIn && tracking.caching) names.push("caching-yes");
  if (optOut) names.push("optout");
  if (optOut && tracking.caching) names.push("caching-no");
  if (noLoop) names.push("noloop");
  if (tracking.brokenRedirect) names.push("broken_redirect");
  return names;
}

function trackingInfo({ client, reply }: CommandContext): void {
  const flags = flagNames(client);
  const prefixes = sortedPrefixes(client.tracking);
  reply.map(3);
  reply.bulkString("flags");
  reply.set(flags.length);
  for (const flag of flags) reply.bulkString(flag);
  reply.bulkString("redirect");
  reply.integer(redirectOf(client));
  reply.bulkString("prefixes");
  reply.array(prefixes.length);
  for (const bytes of prefixes) reply.bulk(bytes, 0, bytes.length);
}

export const clientTrackingHandlers: Handlers = {
  "client|caching": caching,
  "client|getredir": ({ client, reply }) => reply.integer(redirectOf(client)),
  "client|tracking": tracking,
  "client|trackinginfo": trackingInfo,
};
