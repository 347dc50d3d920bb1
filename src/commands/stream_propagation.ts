/**
 * What consumer groups propagate of reading and claiming, which depends on the time and on what others have
 * read: XCLAIM of each entry with all that is known of it afterwards, and the group's last ID.
 */
import type { CommandContext } from "../command/context.ts";
import { Slice } from "../values/slice.ts";
import { StreamId } from "../values/stream_id.ts";
import { streamsOf } from "./stream_arguments.ts";

/** Where the names of a group and its stream are among the arguments, and which group it is. */
export interface GroupArguments {
  readonly keyAt: number;
  readonly groupAt: number;
  readonly group: number;
}

const name = new Slice();
const id = new StreamId();

/**
 * Propagates that an entry is pending, as it is now: whose it is, since when, and how often it was
 * delivered. Its ID is written as in argument `idAt`, where that is not 0.
 */
export function propagateClaim(
  context: CommandContext,
  { keyAt, groupAt, group }: GroupArguments,
  pending: number,
  idAt = 0,
): void {
  const command = context.propagate(14);
  if (command === null) return;
  const { args } = context;
  const { groups } = streamsOf(context);
  groups.locateConsumerName(groups.consumerOf(pending), name);
  command.word("XCLAIM").argument(args, keyAt).argument(args, groupAt).slice(name).word("0");
  if (idAt === 0) command.streamId(groups.loadPendingId(pending, id));
  else command.argument(args, idAt);
  command.word("TIME").integer(groups.deliveredMs(pending));
  command.word("RETRYCOUNT").integer(groups.deliveries(pending));
  command.word("FORCE").word("JUSTID");
  command.word("LASTID").streamId(groups.loadLastId(group, id));
}

/** Propagates how far a group has come. */
export function propagateLastId(
  context: CommandContext,
  { keyAt, groupAt, group }: GroupArguments,
): void {
  const command = context.propagate(7);
  if (command === null) return;
  const { args } = context;
  const { groups } = streamsOf(context);
  command.word("XGROUP").word("SETID").argument(args, keyAt).argument(args, groupAt);
  command.streamId(groups.loadLastId(group, id));
  command.word("ENTRIESREAD").integer(groups.entriesRead(group));
}
