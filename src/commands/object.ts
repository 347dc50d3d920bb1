/** OBJECT: what is known of a key besides its value. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { maxmemoryPolicyNames } from "../config/values.ts";
import {
  accessOf,
  Encoding,
  encodingName,
  encodingOf,
  integerOf,
  isCopiedInteger,
} from "../values/record.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { replyHelp } from "./help.ts";

/** Redis keeps the integers from 0 up to here once, for all keys, and counts no references to them. */
const sharedIntegersEnd = 10_000;
const sharedReferences = 0x7fffffff;

/** The record of argument 2, or 0 with null for a reply. */
function lookup({ args, database, reply }: CommandContext): number {
  const record = database.inspect(args.buffer, args.starts[2], args.ends[2]);
  if (record === 0) reply.null();
  return record;
}

function encoding(context: CommandContext): void {
  const record = lookup(context);
  if (record !== 0) context.reply.bulkString(encodingName(context.database.heap, record));
}

function freq(context: CommandContext): void {
  const { database: { heap, keyspace }, reply } = context;
  const record = lookup(context);
  if (record === 0) return;
  if (!keyspace.usesLfu) throw new CommandError(errors.frequencyNotTracked);
  reply.integer(keyspace.lfuCounter(accessOf(heap, record)));
}

function idletime(context: CommandContext): void {
  const { database: { heap, keyspace }, reply } = context;
  const record = lookup(context);
  if (record === 0) return;
  if (keyspace.usesLfu) throw new CommandError(errors.idleTimeNotTracked);
  reply.integer(keyspace.idleSeconds(accessOf(heap, record)));
}

function refcount(context: CommandContext): void {
  const record = lookup(context);
  if (record !== 0) context.reply.integer(isShared(context, record) ? sharedReferences : 1);
}

/** Whether Redis would keep this value once for all keys; what COPY makes, it keeps apart. */
function isShared({ database: { heap }, server }: CommandContext, record: number): boolean {
  if (encodingOf(heap, record) !== Encoding.INT || isCopiedInteger(heap, record)) return false;
  const { maxmemoryBytes, maxmemoryPolicy } = server.config.values;
  // access bits are kept with a value, so a policy that goes by them needs one value for each key
  const needsAccess = /-l[rf]u$/.test(maxmemoryPolicyNames[maxmemoryPolicy]);
  if (maxmemoryBytes > 0 && needsAccess) return false;
  const value = integerOf(heap, record);
  return value >= 0 && value < sharedIntegersEnd;
}

function help(context: CommandContext): void {
  replyHelp(context, [
    "ENCODING <key>",
    "    Return the kind of internal representation used in order to store the value",
    "    associated with a <key>.",
    "FREQ <key>",
    "    Return the access frequency index of the <key>. The returned integer is",
    "    proportional to the logarithm of the recent access frequency of the key.",
    "IDLETIME <key>",
    "    Return the idle time of the <key>, that is the approximated number of",
    "    seconds elapsed since the last access to the key.",
    "REFCOUNT <key>",
    "    Return the number of references of the value associated with the specified",
    "    <key>.",
  ]);
}

export const objectHandlers: Handlers = {
  "object|encoding": encoding,
  "object|freq": freq,
  "object|help": help,
  "object|idletime": idletime,
  "object|refcount": refcount,
};
