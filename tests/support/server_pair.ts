/**
 * Two servers that are sent the same, each over one connection: what they answer, what they hold, what
 * they count and the events that they tell are compared.
 */
import type { Reply } from "../../src/client/reply_parser.ts";
import { allEvents, EventFeed } from "./event_feed.ts";
import { clocksApartMsMax } from "./live_propagation.ts";
import { draws, meeting, pause } from "./open_commands.ts";
import type { Target, TargetOptions } from "./player.ts";
import { areLinesAlike, withoutDraw } from "./propagated.ts";
import { afterDraw, areRepliesAlike, areTreesAlike, latin1, parse } from "./reply_rules.ts";
import { bytesOf } from "./wire_connection.ts";
import { type Replies, WirePair } from "./wire_pair.ts";

const databases = 16;
/** Commands sent in one write. */
const batchLength = 100;
/** Milliseconds that pass at a pause. */
const pauseMs = 5;
/** Fields of INFO whose growth is the same. */
const counters =
  /^(rdb_changes_since_last_save|keyspace_(hits|misses)|expired_(sub)?keys|total_error_replies):(\d+)/gm;

/** A command to which the two servers gave different replies. */
export interface Difference {
  command: string[];
  replies: Replies;
}

/** What shows the value of a key, by its type. */
const valueCommands: Record<string, (key: string) => string[][]> = {
  string: (key) => [["GET", key]],
  list: (key) => [["LRANGE", key, "0", "-1"]],
  set: (key) => [["SMEMBERS", key]],
  hash: (key) => [["HGETALL", key]],
  zset: (key) => [["ZRANGE", key, "0", "-1", "WITHSCORES"]],
  stream: (key) => [["XINFO", "STREAM", key, "FULL", "COUNT", "0"]],
};

export class ServerPair {
  readonly #reference: Target;
  readonly #redino: Target;
  readonly #wires: WirePair;
  readonly #feeds: [EventFeed, EventFeed];
  /** Whether they tell what they propagate, which is compared then. */
  readonly #propagates: boolean;
  /** The commands that the open transaction has queued. */
  #queued: string[][] = [];
  /** Whether no collection is kept in a table. */
  #ordered = false;
  /** What each server had counted at the start. */
  #countersBefore: [Map<string, number>, Map<string, number>] = [new Map(), new Map()];
  /** Until when redino's clock has come, by that of this process. */
  #advancedToMs = performance.now();

  private constructor(
    servers: [Target, Target],
    wires: WirePair,
    feeds: [EventFeed, EventFeed],
    propagates: boolean,
  ) {
    this.#propagates = propagates;
    [this.#reference, this.#redino] = servers;
    this.#wires = wires;
    this.#feeds = feeds;
  }

  static async open(
    reference: Target,
    redino: Target,
    { propagates = false }: TargetOptions = {},
  ): Promise<ServerPair> {
    const pair = new ServerPair(
      [reference, redino],
      await WirePair.open(reference, redino),
      [await EventFeed.open(reference), await EventFeed.open(redino)],
      propagates,
    );
    await pair.#ask([
      // When a key that is past its time goes would depend on the moment: it goes when looked at.
      ["DEBUG", "SET-ACTIVE-EXPIRE", "0"],
      ["CONFIG", "SET", "notify-keyspace-events", allEvents],
    ]);
    return pair;
  }

  /** Begins anew with these commands; says whether collections will not be kept in tables from here on. */
  async reset(commands: string[][], ordered: boolean): Promise<void> {
    await this.#ask(commands);
    for (const feed of this.#feeds) await feed.read();
    if (this.#propagates) await this.#takePropagated();
    this.#ordered = ordered;
    this.#countersBefore = await this.#readCounters();
    await this.#catchUp();
  }

  /** Sends the commands and returns the first that was answered differently. */
  async findDifference(commands: string[][]): Promise<Difference | undefined> {
    let sent = 0;
    while (sent < commands.length) {
      const batch = commands.slice(sent, batchEnd(commands, sent));
      const pauses = batch.at(-1) === pause;
      if (pauses) batch.pop();
      const meets = batch.some(([name]) => meeting.test(name));
      const difference = (meets ? await this.#findInCounters() : undefined) ??
        await this.#findInBatch(batch) ?? await this.#findInEvents(batch) ??
        await this.#findInPropagation();
      if (difference) return difference;
      // how many keys were met is each server's own
      if (meets) this.#countersBefore = await this.#readCounters();
      if (pauses) await this.#pause();
      sent += batch.length + (pauses ? 1 : 0);
    }
  }

  async #findInBatch(commands: string[][]): Promise<Difference | undefined> {
    if (commands.length === 0) return;
    let first: Difference | undefined;
    const answered = await this.#wires.exchange(commands);
    for (const [i, command] of commands.entries()) {
      const replies = answered[i];
      if (!this.#isAlike(command, replies)) first ??= { command, replies };
    }
    return first ?? await this.#followDraw(commands.at(-1)!, answered.at(-1)!);
  }

  async #findInEvents(batch: string[][]): Promise<Difference | undefined> {
    const events = [await this.#feeds[0].read(), await this.#feeds[1].read()];
    // SORT may look up weights in the order of a table
    if (batch.some(([name]) => /^sort/i.test(name))) events.forEach((each) => each.sort());
    const [a, b] = events;
    const at = a.findIndex((event, i) => event !== b[i]);
    if (at < 0 && a.length === b.length) return;
    const from = at < 0 ? a.length : at;
    const [x, y] = events.map((each) => bytesOf(each.slice(from, from + 2).join("")));
    return { command: ["PSUBSCRIBE", "__keyevent@*"], replies: [x, y] };
  }

  async #findInPropagation(): Promise<Difference | undefined> {
    if (!this.#propagates) return;
    const [a, b] = await this.#takePropagated();
    const at = a.findIndex((line, i) => !areLinesAlike(line, b[i] ?? "", clocksApartMsMax));
    if (at < 0 && a.length === b.length) return;
    const from = at < 0 ? a.length : at;
    const [x, y] = [a, b].map((lines) => bytesOf(lines.slice(from, from + 3).join("\n")));
    return { command: ["propagated"], replies: [x, y] };
  }

  /** What each has propagated, but for the members that it took out of sets by chance. */
  async #takePropagated(): Promise<[string[], string[]]> {
    const taken = [await this.#reference.takePropagated(), await this.#redino.takePropagated()];
    const [a, b] = taken.map((lines) =>
      lines.map((line) => line.startsWith("SREM ") ? withoutDraw(line) : line)
    );
    return [a, b];
  }

  /** What was drawn must be there, and where it was taken out, both must be without it. */
  async #followDraw(command: string[], [a, b]: Replies): Promise<Difference | undefined> {
    if (!draws.test(command[0]) || !a || !b || isQueued(a)) return;
    for (const check of afterDraw(command, parse(a), parse(b))) {
      const [replies] = await this.#wires.exchange([check]);
      const isMissing = replies.some((reply) =>
        reply && /^\*[^]*(:0\r\n|\$-1\r\n|_\r\n)/.test(latin1(reply))
      );
      if (isMissing) return { command, replies: [a, b] };
      const isCount = check[0] === "SREM";
      if (!isCount && !areRepliesAlike(check, ...replies, this.#ordered)) {
        return { command: check, replies };
      }
    }
  }

  /** Within a transaction the reply of EXEC tells what each command answered. */
  #isAlike(command: string[], [a, b]: Replies): boolean {
    const ordered = this.#ordered;
    if (isQueued(a) && isQueued(b)) {
      this.#queued.push(command);
      return true;
    }
    if (/^(multi|discard)$/i.test(command[0])) this.#queued = [];
    if (!/^exec$/i.test(command[0]) || !a || !b || this.#queued.length === 0) {
      return areRepliesAlike(command, a, b, ordered);
    }
    const queued = this.#queued.splice(0);
    const [x, y] = [parse(a), parse(b)];
    if (x.kind !== "array" || y.kind !== "array") return areTreesAlike(command, x, y, ordered);
    return x.items.length === queued.length && y.items.length === queued.length &&
      queued.every((each, i) => areTreesAlike(each, x.items[i], y.items[i], ordered));
  }

  /** Leaves the connection in RESP3 and in another database: what comes next must be a reset. */
  async findStateDifference(): Promise<Difference | undefined> {
    const uncounted = await this.#findInCounters();
    if (uncounted) return uncounted;
    const numbers = Array.from({ length: databases }, (_, i) => String(i));
    const listing = numbers.flatMap((number) => [["SELECT", number], ["KEYS", "*"], ["DBSIZE"]]);
    const different = await this.findDifference([
      ["DISCARD"],
      ["HELLO", "3"],
      ...listing,
      ["DEBUG", "DIGEST"],
    ]);
    if (different) return different;
    for (const number of numbers) {
      await this.#ask([["SELECT", number]]);
      const [listed] = await this.#ask([["KEYS", "*"]]);
      const keys = textsOf(listed).sort();
      const types = await this.#ask(keys.map((key) => ["TYPE", key]));
      const fields = await this.#ask(keys.map((key) => ["HKEYS", key]));
      const queries = keys.flatMap((key, i) => [
        ["TYPE", key],
        ["OBJECT", "ENCODING", key],
        ["PTTL", key],
        ["DUMP", key],
        ...valueCommands[textOf(types[i])]?.(key) ?? [],
        ...fieldTimes(key, textsOf(fields[i])),
      ]);
      const difference = await this.findDifference(queries);
      if (difference) return difference;
    }
  }

  async #findInCounters(): Promise<Difference | undefined> {
    const after = await this.#readCounters();
    const [a, b] = after.map((counts, i) =>
      [...counts].map(([name, count]) => `${name}:${count - this.#countersBefore[i].get(name)!}\n`)
        .join("")
    );
    if (a !== b) return { command: ["INFO"], replies: [bytesOf(a), bytesOf(b)] };
  }

  async #readCounters(): Promise<[Map<string, number>, Map<string, number>]> {
    const [replies] = await this.#wires.exchange([["INFO", "persistence", "stats"]]);
    const [a, b] = replies.map((reply) =>
      new Map([...latin1(reply!).matchAll(counters)].map((found) => [found[1], Number(found[4])]))
    );
    return [a, b];
  }

  close(): void {
    this.#wires.close();
    for (const feed of this.#feeds) feed.close();
  }

  async #pause(): Promise<void> {
    await this.#reference.advance(pauseMs);
    await this.#catchUp();
  }

  /** Has redino's clock show what that of the other shows. */
  async #catchUp(): Promise<void> {
    const nowMs = performance.now();
    const milliseconds = Math.round(nowMs - this.#advancedToMs);
    this.#advancedToMs += milliseconds;
    await this.#redino.advance(milliseconds);
  }

  /** What the first server answers; the second is asked the same to keep both in step. */
  async #ask(commands: string[][]): Promise<Reply[]> {
    return (await this.#wires.exchange(commands)).map(([reply]) => {
      if (reply === undefined) throw new Error("the reference server has closed the connection");
      return parse(reply);
    });
  }
}

/** Where the commands end that can be sent at once, from `from` on. */
function batchEnd(commands: string[][], from: number): number {
  if (meeting.test(commands[from][0])) return from + 1;
  const end = Math.min(from + batchLength, commands.length);
  for (let i = from; i < end; i++) {
    const [name] = commands[i];
    if (meeting.test(name)) return i;
    if (commands[i] === pause || draws.test(name)) return i + 1;
  }
  return end;
}

function fieldTimes(key: string, fields: string[]): string[][] {
  return fields.length === 0 ? [] : [["HPTTL", key, "FIELDS", String(fields.length), ...fields]];
}

function isQueued(reply: Uint8Array | undefined): boolean {
  return reply?.length === 9 && latin1(reply) === "+QUEUED\r\n";
}

function textsOf(reply: Reply): string[] {
  return "items" in reply ? reply.items.map(textOf) : [];
}

function textOf(reply: Reply): string {
  if (reply.kind === "bulk") return latin1(reply.bytes);
  return reply.kind === "simple" ? reply.text : "";
}
