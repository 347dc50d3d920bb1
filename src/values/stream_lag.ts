/**
 * How far a consumer group has come: how many entries it has read, and how many it has not.
 *
 * A stream knows how many entries it was ever given, but not the number of each: where entries were
 * deleted between a group and the end, both are unknown.
 */
import type { Int64 } from "../resp/numbers.ts";
import { addWrapping } from "./int64_words.ts";
import { entriesReadUnknown } from "./stream_groups.ts";
import { StreamId } from "./stream_id.ts";
import type { Streams } from "./streams.ts";

const groupId = new StreamId();
const firstId = new StreamId();
const lastId = new StreamId();
const maxDeletedId = new StreamId();

/** How many entries of a group's stream it has not read, or null if nobody knows. */
export function groupLag(streams: Streams, record: number, group: number): Int64 | null {
  const added = streams.added(record);
  const count = streams.count(record);
  if (added === 0 || count === 0) return 0;
  streams.groups.loadLastId(group, groupId);
  streams.loadFirstId(record, firstId);
  streams.loadMaxDeletedId(record, maxDeletedId);
  if (groupId.compare(firstId) < 0 && maxDeletedId.compare(firstId) < 0) return count;
  const entriesRead = streams.groups.entriesRead(group);
  const read = entriesRead !== entriesReadUnknown && !hasDeletedSince(streams, record, groupId)
    ? entriesRead
    : entriesUpTo(streams, record, groupId);
  return read === entriesReadUnknown ? null : addWrapping(added, -read);
}

/** Notes that a group was given the entry `id`, if that is behind its last one. */
export function advanceGroup(streams: Streams, record: number, group: number, id: StreamId): void {
  const { groups } = streams;
  if (id.compare(groups.loadLastId(group, groupId)) <= 0) return;
  const entriesRead = groups.entriesRead(group);
  const isCounting = entriesRead !== entriesReadUnknown &&
    groupId.compare(streams.loadFirstId(record, firstId)) >= 0 &&
    !hasDeletedSince(streams, record, groupId);
  if (isCounting) {
    groups.setEntriesRead(group, addWrapping(entriesRead, 1));
  } else if (streams.added(record) !== 0) {
    groups.setEntriesRead(group, entriesUpTo(streams, record, id));
  }
  groups.setLastId(group, id);
}

/** Whether an entry behind `id`, or that one, was deleted by XDEL. */
function hasDeletedSince(streams: Streams, record: number, id: StreamId): boolean {
  streams.loadMaxDeletedId(record, maxDeletedId);
  return streams.count(record) > 0 && !maxDeletedId.isZero && id.compare(maxDeletedId) <= 0;
}

/** How many entries, ever, come up to `id`; `entriesReadUnknown` if that can't be told. */
export function entriesUpTo(streams: Streams, record: number, id: StreamId): Int64 {
  const added = streams.added(record);
  if (added === 0) return 0;
  const count = streams.count(record);
  const toLast = id.compare(streams.loadLastId(record, lastId));
  if (count === 0 && toLast <= 0) return added;
  streams.loadMaxDeletedId(record, maxDeletedId);
  if (!id.isZero && id.compare(maxDeletedId) < 0) return entriesReadUnknown;
  if (toLast === 0) return added;
  if (toLast > 0) return entriesReadUnknown;
  streams.loadFirstId(record, firstId);
  if (maxDeletedId.isZero || maxDeletedId.compare(firstId) < 0) {
    const toFirst = id.compare(firstId);
    if (toFirst < 0) return addWrapping(added, -count);
    if (toFirst === 0) return addWrapping(added, 1 - count);
  }
  return entriesReadUnknown;
}
