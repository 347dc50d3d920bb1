/**
 * Writes of several clients whose traces in the data tell which of them are there: what tests of power
 * cuts and kills load a server with, and judge what is left by.
 *
 * Each write of a client has a number, the next one. It leaves that number in the list `log`, to which all
 * clients append, in a key of its own, or, as a transaction, in two keys and in the list between the two.
 */
import { assert, assertEquals } from "@std/assert";
import type { Client } from "../../src/client/client.ts";
import { type Random, randomBelow } from "../../src/random.ts";
import { textOf } from "../net/support.ts";

type Kind = "append" | "set" | "transaction";

const kinds: readonly Kind[] = ["append", "append", "set", "transaction", "transaction"];

/** The data that the writes of all clients have left. */
export interface Traces {
  readonly log: readonly string[];
  /** By client, what its keys hold. */
  readonly clients: readonly { plain: number; first: number; second: number; count: number }[];
}

/** One client that writes. */
export class TracedClient {
  /** The kinds of its writes, the first at 1. */
  readonly sent: (Kind | null)[] = [null];
  /** The last write that was acknowledged. */
  acknowledged = 0;
  readonly #client: Client;
  readonly #name: number;

  constructor(client: Client, name: number) {
    this.#client = client;
    this.#name = name;
  }

  /** Sends some writes together; resolves when all have their replies. */
  async write(random: Random): Promise<void> {
    const replies = Array.from({ length: 1 + randomBelow(random, 4) }, () => {
      const kind = kinds[randomBelow(random, kinds.length)];
      const number = this.sent.push(kind) - 1;
      return this.#send(kind, number).then(() => this.acknowledged = number);
    });
    await Promise.all(replies);
  }

  async #send(kind: Kind, number: number): Promise<void> {
    const [client, name] = [this.#client, this.#name];
    const append = ["RPUSH", "log", `${name}:${number}`];
    const commands = {
      append: [append],
      set: [["SET", `plain:${name}`, `${number}`]],
      transaction: [
        ["MULTI"],
        ["SET", `first:${name}`, `${number}`],
        append,
        ["INCR", `count:${name}`],
        ["SET", `second:${name}`, `${number}`],
        ["EXEC"],
      ],
    }[kind];
    for (const reply of await Promise.all(commands.map((command) => client.send(command)))) {
      assert(reply.kind !== "error", textOf(reply));
    }
  }
}

/** Reads what the writes of so many clients have left. */
export async function readTraces(client: Client, count: number): Promise<Traces> {
  const number = async (key: string) => Number(textOf(await client.send(["GET", key]))) || 0;
  const [log, clients] = await Promise.all([
    client.send(["LRANGE", "log", 0, -1]),
    Promise.all(Array.from({ length: count }, async (_, name) => {
      const keys = [`plain:${name}`, `first:${name}`, `second:${name}`, `count:${name}`];
      const [plain, first, second, done] = await Promise.all(keys.map(number));
      return { plain, first, second, count: done };
    })),
  ]);
  return { log: textOf(log).split(" ").filter((entry) => entry !== ""), clients };
}

/**
 * Asserts that these traces are of a moment in the history of the clients: all writes until then once and
 * in order, transactions as a whole, and nothing since. By client, at least `floor` writes are there.
 *
 * @param history The list, as it was at the end.
 */
export function assertMoment(
  { log, clients }: Traces,
  history: readonly string[],
  sent: readonly (readonly (Kind | null)[])[],
  floor: readonly number[],
): void {
  assertEquals(log, history.slice(0, log.length), "the list is a beginning of what it became");
  clients.forEach(({ plain, first, second, count }, name) => {
    const own = log.filter((entry) => entry.startsWith(`${name}:`))
      .map((entry) => Number(entry.split(":")[1]));
    const last = Math.max(plain, first, own.at(-1) ?? 0);
    const kindsUntil = sent[name].slice(0, last + 1);
    const transactions = kindsUntil.filter((kind) => kind === "transaction").length;
    const lastTransaction = kindsUntil.lastIndexOf("transaction");
    assertEquals(
      { plain, first, second, count, own },
      {
        plain: Math.max(0, kindsUntil.lastIndexOf("set")),
        first: Math.max(0, lastTransaction),
        second: Math.max(0, lastTransaction),
        count: transactions,
        own: kindsUntil.flatMap((kind, number) => kind === null || kind === "set" ? [] : [number]),
      },
      `the writes of client ${name} until its ${last}th, and no other`,
    );
    assert(
      last >= floor[name],
      `client ${name}: ${floor[name]} writes are safe, ${last} are there`,
    );
  });
}
