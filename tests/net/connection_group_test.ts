import { assertEquals } from "@std/assert";
import { othersTurn } from "../../src/clock.ts";
import { ConnectionGroup, type Member, type ReplyBarrier } from "../../src/net/connection_group.ts";

/** A connection with replies of one byte each. */
class Peer implements Member {
  unsent = false;
  replyBytes = 0;
  readonly flushed: (number | undefined)[] = [];

  flush(releasedBytes?: number): void {
    this.flushed.push(releasedBytes);
  }
}

/** A log that takes as long as a test wants to be safe. */
class SlowLog implements ReplyBarrier {
  commitMs = 1;
  readonly #commits: PromiseWithResolvers<void>[] = [];

  get commitCount(): number {
    return this.#commits.length;
  }

  commit(): Promise<void> {
    const commit = Promise.withResolvers<void>();
    this.#commits.push(commit);
    return commit.promise;
  }

  /** Has the last commit be over. */
  async finish(): Promise<void> {
    this.#commits.at(-1)!.resolve();
    await endOfTurn();
  }
}

function newGroup() {
  const log = new SlowLog();
  const group = new ConnectionGroup(log, () => {});
  const reply = (peer: Peer): void => {
    peer.replyBytes++;
    group.flushSoon(peer);
  };
  return { log, reply, peers: [new Peer(), new Peer()] };
}

/** All that is queued behind what runs now is done. */
async function endOfTurn(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

Deno.test("replies leave at the end of the turn where nothing is to be waited for", async () => {
  const group = new ConnectionGroup({ commitMs: 0, commit: () => null }, () => {});
  const peer = new Peer();
  group.flushSoon(peer);
  assertEquals([peer.unsent, peer.flushed], [true, []]);
  await endOfTurn();
  assertEquals([peer.unsent, peer.flushed], [false, [undefined]]);
});

Deno.test("what is replied during a commit leaves with the next one", async () => {
  const { log, reply, peers: [one, other] } = newGroup();
  reply(one);
  await endOfTurn();
  reply(one);
  reply(other);
  await endOfTurn();
  assertEquals([one.flushed, log.commitCount], [[], 1]);
  await log.finish();
  assertEquals([one.flushed, other.flushed, log.commitCount], [[1], [], 2]);
  await log.finish();
  assertEquals([one.flushed, other.flushed, log.commitCount], [[1, 2], [1], 2]);
});

/** One peer has just been answered behind a long commit, during which the other's request came. */
async function behindLongCommit() {
  const { log, reply, peers: [one, other] } = newGroup();
  log.commitMs = 10;
  reply(one);
  await endOfTurn();
  reply(other);
  await log.finish();
  assertEquals([one.flushed, log.commitCount], [[1], 1]);
  /** Has the next commit begin, and end. */
  const commitNext = async () => {
    while (log.commitCount === 1) await othersTurn();
    await log.finish();
  };
  return { reply, one, other, commitNext };
}

Deno.test("who was answered behind a long commit has the time to be of the next one", async () => {
  const { reply, one, other, commitNext } = await behindLongCommit();
  reply(one);
  await commitNext();
  assertEquals([one.flushed, other.flushed], [[1, 2], [1]]);
});

Deno.test("who was answered behind a long commit and sends nothing more holds up nobody", async () => {
  const { one, other, commitNext } = await behindLongCommit();
  await commitNext();
  assertEquals([one.flushed, other.flushed], [[1], [1]]);
});
