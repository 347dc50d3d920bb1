/** Taking elements from lists: what LPOP, LMOVE and LMPOP share with their blocking sisters. */
import type { CommandContext } from "../command/context.ts";
import { NotifyClass } from "../keyspace/events.ts";
import { copyBytes } from "../memory/bytes.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { ListEnd, type Lists } from "../values/lists.ts";
import { ValueType } from "../values/record.ts";
import { writeOrCreateValue, writeValue } from "./lookup.ts";

const movingBytes = 256;
/** A larger one is not kept for the next time. */
const movingBytesKeptMax = 64 * 1024;

/** The element on its way from one list to another, which may be the same. */
let moving = new Uint8Array(movingBytes);

export function listsOf({ database }: CommandContext): Lists {
  return database.keyspace.values.lists;
}

/** LEFT or RIGHT. */
export function parseEnd(args: Arguments, i: number): ListEnd {
  if (args.is(i, "LEFT")) return ListEnd.Head;
  if (args.is(i, "RIGHT")) return ListEnd.Tail;
  throw new CommandError(errors.syntax);
}

/** Sees to a list that has lost elements: with those `left` it may be short now, without any it goes. */
export function removed(
  context: CommandContext,
  record: number,
  keyAt: number,
  left: number,
): void {
  if (left > 0) return listsOf(context).compact(record);
  context.database.remove(record);
  context.notify(NotifyClass.GENERIC, "del", keyAt);
}

/** The command that pops from one end. */
export function popName(from: ListEnd): string {
  return from === ListEnd.Head ? "LPOP" : "RPOP";
}

function popEvent(from: ListEnd): string {
  return from === ListEnd.Head ? "lpop" : "rpop";
}

/** Answers with the first element from one end, and takes it; the list is that of argument `keyAt`. */
export function popFirst(
  context: CommandContext,
  record: number,
  keyAt: number,
  from: ListEnd,
): void {
  const { reply } = context;
  const lists = listsOf(context);
  lists.readEnd(record, from);
  reply.bulk(lists.element.buffer, lists.element.start, lists.element.end);
  const left = lists.removeEnd(record);
  context.notify(NotifyClass.LIST, popEvent(from), keyAt);
  removed(context, record, keyAt, left);
  context.changed(keyAt);
}

/** Answers with up to `count` elements from one end, and takes them; returns how many. */
export function replyPopped(
  context: CommandContext,
  record: number,
  keyAt: number,
  from: ListEnd,
  count: number,
): number {
  const { reply } = context;
  const lists = listsOf(context);
  const length = lists.count(record);
  const taken = Math.min(count, length);
  const forward = from === ListEnd.Head;
  reply.array(taken);
  lists.seek(record, forward ? 0 : -1);
  for (let i = 0; i < taken; i++) {
    lists.read();
    reply.bulk(lists.element.buffer, lists.element.start, lists.element.end);
    if (forward) lists.next();
    else lists.previous();
  }
  lists.removeRange(record, forward ? 0 : -taken, taken);
  context.notify(NotifyClass.LIST, popEvent(from), keyAt);
  removed(context, record, keyAt, length - taken);
  context.changed(keyAt, taken);
  return taken;
}

/** Moves the element that `readEnd` has just read, now in `moving`, to another end of its list. */
function turn(lists: Lists, record: number, from: ListEnd, to: ListEnd, length: number): void {
  lists.removeEnd(record);
  try {
    lists.expect(record, 1, length);
    lists.push(record, to, moving, 0, length);
  } catch (error) {
    // where it was it has room
    lists.push(record, from, moving, 0, length);
    throw error;
  }
}

/** Moves an element from the list of argument 1 to that of argument 2 and answers it; false without one. */
export function moveElement(context: CommandContext, from: ListEnd, to: ListEnd): boolean {
  const { reply } = context;
  const lists = listsOf(context);
  const source = writeValue(context, 1, ValueType.LIST);
  if (source === 0) return false;
  const target = writeOrCreateValue(context, 2, ValueType.LIST);
  lists.readEnd(source, from);
  const length = lists.element.length;
  if (length > moving.length) moving = new Uint8Array(length * 2);
  copyBytes(lists.element.buffer, lists.element.start, moving, 0, length);
  if (target === source) {
    turn(lists, source, from, to, length);
  } else {
    lists.expect(target, 1, length);
    lists.push(target, to, moving, 0, length);
  }
  reply.bulk(moving, 0, length);
  if (moving.length > movingBytesKeptMax) moving = new Uint8Array(movingBytes);
  if (target !== source) {
    lists.readEnd(source, from);
    lists.removeEnd(source);
  }
  context.changed(2, 0);
  context.notify(NotifyClass.LIST, to === ListEnd.Head ? "lpush" : "rpush", 2);
  context.notify(NotifyClass.LIST, popEvent(from), 1);
  removed(context, source, 1, lists.count(source));
  context.changed(1);
  return true;
}
