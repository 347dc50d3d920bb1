/** Runs the commands of an append-only log, as a client would that nobody sees and that may do anything. */
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors } from "../resp/errors.ts";
import { ReplyBufferPool, WireWriter } from "../resp/wire_writer.ts";
import { Client, type Link } from "../session/client.ts";
import { CommandContext, type ServerContext } from "./context.ts";
import { hasArity } from "./spec.ts";

/** Of a client that no connection carries. */
export const nowhere: Link = {
  peer: "?:0",
  local: "?:0",
  loopback: true,
  unix: false,
  queryBufferBytes: 0,
  queryPendingBytes: 0,
  outputBytes: 0,
  argumentsBytes: 0,
  bufferBytes: 0,
  netInputBytes: 0,
  netOutputBytes: 0,
  age() {},
  flushSoon() {},
  resume() {},
  close() {},
  closeAfterReplies: () => Promise.resolve(),
};

/** Errors that Redis has ready as replies. */
const ready: readonly string[] = [
  errors.indexOutOfRange,
  errors.noSuchKey,
  errors.sameObject,
  errors.syntax,
];

/** An error as Redis tells its log of it: those that are made for the occasion have no ERR yet. */
function asLogged(message: string): string {
  return message.startsWith("ERR ") && !ready.includes(message) ? message.slice(4) : `-${message}`;
}

export class LogRunner {
  readonly #server: ServerContext;
  readonly #reply = new WireWriter(new ReplyBufferPool());
  #context: CommandContext | null = null;

  constructor(server: ServerContext) {
    this.#server = server;
  }

  /** Has the next command find what the first of a log finds. */
  reset(): void {
    const { keyspace } = this.#server;
    const client = new Client({
      id: 0,
      link: nowhere,
      reply: this.#reply,
      database: keyspace.databases[0],
      authenticated: true,
      nowMs: keyspace.nowMs,
    });
    this.#context = new CommandContext(this.#server, client);
    this.#context.mayBlock = false;
    this.#context.isReplay = true;
  }

  /**
   * Runs a command; false where there is none that could be called like this. One that fails, as it did
   * when it was logged, changes nothing.
   *
   * @throws {HeapFullError}
   */
  run(args: Arguments): boolean {
    const context = this.#context!;
    const spec = this.#server.commands.lookup(args);
    if (spec === null || !hasArity(spec, args.count)) return false;
    context.args = args;
    context.command = spec;
    const { log, propagation } = this.#server;
    const { feed } = propagation;
    // whoever hears of changes has heard of this one
    propagation.feed = null;
    try {
      spec.handler(context);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      log.warning(
        "== CRITICAL == This server is sending an error to its AOF-loading-client: " +
          `'${asLogged(error.message)}' after processing the command '${spec.fullName}'`,
      );
    } finally {
      propagation.feed = feed;
    }
    this.#reply.rewind(0);
    return true;
  }
}
