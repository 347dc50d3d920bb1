/**
 * MULTI … EXEC of one client: the commands that wait for EXEC, and whether it must fail.
 *
 * Which commands are queued, and running them, is the dispatcher's and the handlers' business.
 */
import type { Arguments } from "../resp/arguments.ts";

export class Transaction {
  /** The commands that wait, in buffers of their own. */
  readonly queue: Arguments[] = [];
  /** `CommandFlag` bits of all that is queued. */
  flags = 0;
  /** Whether a command was refused while queueing: EXEC fails then. */
  refused = false;
  /** Bytes of the queued arguments. */
  bytes = 0;

  /** Queues a command that has these `CommandFlag` bits; its arguments are copied. */
  add(args: Arguments, flags: number): void {
    const queued = args.copy();
    this.queue.push(queued);
    this.flags |= flags;
    this.bytes += queued.buffer.length;
  }
}
