/**
 * What the connections of a server have in common: buffers that they use in turn, and the list of those
 * that have replies to send.
 *
 * Replies go out when every connection that was readable in this turn of the event loop has been served,
 * as Redis sends before it sleeps: a peer woken between two of its neighbours' requests costs both
 * sides a switch more. What they tell of is safe by then: all of a turn share one write of the log.
 *
 * Where it takes long to make that safe, other clients are served meanwhile, and theirs is next. Clients that
 * wait for each reply before they send more would be two halves then, each waiting for the other's sync as
 * well; so where it takes very long, those that were just answered are given the time to send again.
 */
import { othersTurn } from "../clock.ts";
import { requestsTogetherMax } from "../limits.ts";
import { Arguments } from "../resp/arguments.ts";
import { ReplyBufferPool } from "../resp/wire_writer.ts";

/** It is worth a turn of others to have more clients share a commit that takes so long, in milliseconds. */
const longCommitMs = 4;
/** So many turns without anybody who sends again are the end of that. */
const idleTurnsMax = 2;

/** What replies may have to wait for. */
export interface ReplyBarrier {
  /** How long they wait, on average, in milliseconds. */
  readonly commitMs: number;
  /** Makes all changes until now safe. Null when they are, or need not be; else it resolves when they are. */
  commit(): Promise<void> | null;
}

/** A connection as its group sees it. */
export interface Member {
  /** Whether its group is going to flush it: to be left to the group. */
  unsent: boolean;
  /** Bytes of all replies so far. */
  readonly replyBytes: number;
  /** Sends what replies there are, or the first so many bytes of all so far. */
  flush(releasedBytes?: number): void;
}

export class ConnectionGroup {
  readonly replies = new ReplyBufferPool();
  readonly requests: Arguments[] = Array.from(
    { length: requestsTogetherMax },
    () => new Arguments(),
  );
  readonly #barrier: ReplyBarrier;
  #unsent: Member[] = [];
  /** Whether replies wait until what they tell of is safe. */
  #isCommitting = false;
  readonly #onTurnEnded: () => void;
  readonly #endTurn = () => {
    if (!this.#isCommitting) this.#commit();
    this.#onTurnEnded();
  };

  /** @param onTurnEnded Called when all have been served in a turn of the event loop. */
  constructor(barrier: ReplyBarrier, onTurnEnded: () => void) {
    this.#barrier = barrier;
    this.#onTurnEnded = onTurnEnded;
  }

  /** Flushes the connection at the end of this turn: behind what is queued already. */
  flushSoon(connection: Member): void {
    if (connection.unsent) return;
    connection.unsent = true;
    if (this.#unsent.push(connection) === 1) queueMicrotask(this.#endTurn);
  }

  /** Sends what replies there are, now or when what they tell of is safe. */
  #commit(): void {
    const connections = this.#unsent;
    this.#unsent = [];
    for (const connection of connections) connection.unsent = false;
    const safe = this.#barrier.commit();
    if (safe === null) {
      for (const connection of connections) connection.flush();
    } else {
      this.#isCommitting = true;
      const ends = connections.map(({ replyBytes }) => replyBytes);
      safe.then(() => this.#committed(connections, ends));
    }
  }

  async #committed(connections: readonly Member[], ends: readonly number[]): Promise<void> {
    const isLong = this.#barrier.commitMs >= longCommitMs;
    if (!isLong) this.#commitNext();
    connections.forEach((connection, i) => connection.flush(ends[i]));
    if (!isLong) return;
    await this.#gather(connections);
    this.#commitNext();
  }

  /** Has those who were answered send again, as long as any of them does. */
  async #gather(answered: readonly Member[]): Promise<void> {
    let count = this.#unsent.length;
    for (let idleTurns = 0; idleTurns < idleTurnsMax;) {
      await othersTurn();
      if (answered.every(({ unsent }) => unsent)) return;
      if (this.#unsent.length === count) idleTurns++;
      else idleTurns = 0;
      count = this.#unsent.length;
    }
  }

  #commitNext(): void {
    this.#isCommitting = false;
    if (this.#unsent.length > 0) this.#commit();
  }
}
