/**
 * How many nodes Redis' radix tree would have: XINFO STREAM tells, though nothing here is kept in one.
 *
 * Keys are the 16 bytes of IDs, most significant first. The tree has a node for each byte at which keys
 * part, one for each run of bytes between such places, and one for each key's end.
 */
import { StreamId } from "./stream_id.ts";

/** Of more keys than this the number is estimated from the last ones. */
const keysLookedAtMax = 1000;

const keyBytes = 16;

/** `load` sets an ID to that of a rank and returns it; there are `count`, in ascending order. */
export function countRadixNodes(
  count: number,
  load: (rank: number, id: StreamId) => StreamId,
): number {
  if (count === 0) return 1;
  const first = Math.max(0, count - keysLookedAtMax);
  const [before, id] = [new StreamId(), new StreamId()];
  load(first, before);
  // how many bytes neighbours have in common: the depths at which their ways part
  const depths: number[] = [];
  for (let rank = first + 1; rank < count; rank++) {
    depths.push(commonBytes(before, load(rank, id)));
    before.set(id);
  }
  const looked = count - first;
  return Math.round(nodesOf(depths) * (count / looked));
}

/** The nodes of a tree whose neighbouring keys part at these depths. */
function nodesOf(depths: readonly number[]): number {
  const ends = depths.length + 1;
  let nodes = ends;
  // from the root to the first place at which keys part there is a run, if that is not the root
  const top = depths.reduce((least, depth) => Math.min(least, depth), keyBytes);
  if (top > 0) nodes++;
  const addRun = (parent: number, child: number) => {
    // the byte behind a parting belongs to it
    if (child - parent > 1) nodes++;
  };
  for (let i = 0; i < ends && ends > 1; i++) {
    addRun(Math.max(depths[i - 1] ?? -1, depths[i] ?? -1), keyBytes);
  }
  // partings that have begun and may go on, from the root on
  const open: number[] = [];
  for (const depth of [...depths, -1]) {
    while (open.length > 0 && open.at(-1)! > depth) {
      const closed = open.pop()!;
      const parent = Math.max(depth, open.at(-1) ?? -1);
      nodes++;
      if (parent >= 0) addRun(parent, closed);
    }
    if (open.at(-1) !== depth) open.push(depth);
  }
  return nodes;
}

function commonBytes(a: StreamId, b: StreamId): number {
  const words = [
    a.msHigh ^ b.msHigh,
    a.msLow ^ b.msLow,
    a.seqHigh ^ b.seqHigh,
    a.seqLow ^ b.seqLow,
  ];
  const at = words.findIndex((word) => word !== 0);
  return at === -1 ? keyBytes : at * 4 + (Math.clz32(words[at]) >>> 3);
}
