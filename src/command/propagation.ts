/**
 * The one place that hears of every change of data, from handlers and from the keyspace itself.
 *
 * It counts changes. Everything that must follow one (a log, replicas, notifications, waiting or
 * watching clients) is told from here, so that no handler knows any of them.
 *
 * A log and replicas hear of changes as commands: of those that run here as they came, or as what their
 * handlers say in place of them, and of what goes by itself as DEL. The commands of one unit are handed
 * on together when it is over, in a transaction if there are several: a unit is a request, EXEC with all
 * that it runs, or a removal outside of them. While there is no `feed`, all of that is left out.
 *
 * A request alone, the usual unit, is handed on from the query buffer where it stands. Writing it anew took
 * 3,500 instructions of SET's 10,600 (2026-11-27); now its feed costs 500.
 */
import type { ConfigValues } from "../config/values.ts";
import type { Database } from "../keyspace/database.ts";
import { type KeyspaceEvents, NotifyClass } from "../keyspace/events.ts";
import { SEGMENT_SHIFT } from "../memory/heap.ts";
import type { ServerStats } from "../observe/server_stats.ts";
import type { Blocking } from "../session/blocking.ts";
import type { PubSub } from "../session/pubsub.ts";
import type { Tracking } from "../session/tracking.ts";
import type { WatchedKeys } from "../session/watched_keys.ts";
import { encodedStart } from "../resp/encoded_request.ts";
import { keyLengthOf, keyStartOf } from "../values/record.ts";
import type { Slice } from "../values/slice.ts";
import type { CommandFeed } from "./command_feed.ts";
import { CommandWriter } from "../persistence/command_writer.ts";
import type { CommandContext } from "./context.ts";
import { publishKeyspaceEvent } from "./keyspace_notifications.ts";
import { CommandFlag } from "./spec.ts";

/** The index of the database that MULTI and EXEC apply to. */
const noDatabase = -1;

/** Commands of a unit whose places are kept for the next one. */
const unitCommandsUsual = 64;

const encoder = new TextEncoder();
const multi = encoder.encode("*1\r\n$5\r\nMULTI\r\n");
const exec = encoder.encode("*1\r\n$4\r\nEXEC\r\n");

export class Propagation implements KeyspaceEvents {
  /** Who keeps the changes, if anybody does. */
  feed: CommandFeed | null = null;
  /** The commands of the unit that runs, where each of them begins, and to which database it applies. */
  readonly #commands = new CommandWriter();
  readonly #starts: number[] = [];
  readonly #databases: number[] = [];
  /** How many they are; the arrays may be longer, for another unit. */
  #count = 0;
  /** Commands that run, one inside of the other. */
  #depth = 0;
  /** `ServerStats.dirty` when the innermost of them began, and whether its handler has spoken for it. */
  #dirtyBefore = 0;
  #isSpokenFor = false;
  readonly #config: ConfigValues;
  readonly #pubsub: PubSub;
  readonly #stats: ServerStats;
  readonly #watchedKeys: WatchedKeys;
  readonly #blocking: Blocking;
  readonly #tracking: Tracking;

  constructor(
    config: ConfigValues,
    pubsub: PubSub,
    stats: ServerStats,
    watchedKeys: WatchedKeys,
    blocking: Blocking,
    tracking: Tracking,
  ) {
    this.#config = config;
    this.#pubsub = pubsub;
    this.#stats = stats;
    this.#watchedKeys = watchedKeys;
    this.#blocking = blocking;
    this.#tracking = tracking;
  }

  changed(
    database: Database,
    buffer: Uint8Array,
    start: number,
    end: number,
    changes = 1,
  ): void {
    this.#stats.dirty += changes;
    database.keyspace.untoldRecord = 0;
    if (this.#watchedKeys.count > 0) this.#watchedKeys.changed(database, buffer, start, end);
    if (this.#blocking.clientCount > 0) this.#blocking.changed(database, buffer, start, end);
    if (this.#tracking.active) this.#tracking.changed(buffer, start, end);
  }

  /** What neither watching nor waiting clients hear of has changed: consumer groups, an encoding. */
  changedUnheard(changes: number): void {
    this.#stats.dirty += changes;
  }

  /** A consumer group of the key is gone: those who wait to read as a member of it wait in vain. */
  groupDestroyed(database: Database, buffer: Uint8Array, start: number, end: number): void {
    this.#stats.dirty++;
    if (this.#blocking.clientCount > 0) this.#blocking.changed(database, buffer, start, end);
  }

  notify(
    notifyClass: number,
    event: string,
    database: Database,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void {
    const wanted = this.#config.notifyKeyspaceEvents;
    if ((wanted & notifyClass) === 0) return;
    const key = buffer.subarray(start, end);
    publishKeyspaceEvent(this.#pubsub, wanted, event, database.index, key);
  }

  /** Whether there are changes of which the feed hears at the end of their unit. */
  get isInUnit(): boolean {
    return this.#count > 0;
  }

  /** A command is about to run, and the feed is to hear of it: `end` is to follow. */
  begin(): void {
    this.#depth++;
    this.#dirtyBefore = this.#stats.dirty;
    this.#isSpokenFor = false;
  }

  /** The command that `begin` was about is over: what it has changed is propagated. */
  end(context: CommandContext): void {
    const isChange = this.#stats.dirty !== this.#dirtyBefore && !this.#isSpokenFor;
    // one that this one ran inside of has changed nothing by that
    this.#dirtyBefore = this.#stats.dirty;
    this.#isSpokenFor = false;
    this.#depth--;
    const isAlone = this.#depth === 0 && this.#count === 0;
    if (isChange && !(isAlone && this.#handOnRequest(context))) this.request(context);
    if (this.#depth > 0 || this.#count === 0) return;
    const reachesAny = (context.command!.flags & CommandFlag.TOUCHES_ARBITRARY_KEYS) !== 0;
    this.#handOn(!reachesAny);
  }

  /** Hands a unit on that is a request alone, from where it stands; false if that is not its RESP. */
  #handOnRequest({ args, database }: CommandContext): boolean {
    const start = encodedStart(args);
    if (start < 0) return false;
    this.feed?.command(database.index, args.buffer, start, args.ends[args.count - 1] + 2);
    return true;
  }

  /** Propagates the request that runs as it came, whether it changes anything or not. */
  request({ args, database }: CommandContext): void {
    this.nothing();
    this.#place(database)?.request(args);
  }

  /**
   * Propagates a command in place of the request that runs: the writer takes its so many words. Null if
   * nobody hears of it.
   */
  command(database: Database, wordCount: number): CommandWriter | null {
    this.nothing();
    return this.#place(database)?.begin(wordCount) ?? null;
  }

  /** Has the request that runs not propagated, whatever it changes. */
  nothing(): void {
    this.#isSpokenFor = true;
  }

  expired(database: Database, record: number): void {
    this.#removed(database, record, NotifyClass.EXPIRED, "expired");
    this.#propagateRemoval(database, record, this.#config.lazyfreeLazyExpire);
    if (this.#depth === 0) this.#handOn(false);
  }

  evicted(database: Database, record: number): void {
    this.#removed(database, record, NotifyClass.EVICTED, "evicted");
    this.#propagateRemoval(database, record, this.#config.lazyfreeLazyEviction);
    // a unit of its own, even if a command (CONFIG SET) has left too little room
    if (this.#count === 1) this.#handOn(false);
  }

  fieldExpired(database: Database, record: number, field: Slice): void {
    const command = this.#place(database);
    if (command === null) return;
    writeKey(command.begin(3).word("HDEL"), database, record).slice(field);
    if (this.#depth === 0) this.#handOn(false);
  }

  flushed(database: Database): void {
    this.#stats.dirty += database.size;
    if (this.#watchedKeys.count > 0) this.#watchedKeys.flushed(database);
    this.#replaced(database);
  }

  swapped(first: Database, second: Database): void {
    this.#stats.dirty++;
    if (this.#watchedKeys.count > 0) this.#watchedKeys.swapped(first, second);
    this.#replaced(first);
    this.#replaced(second);
  }

  #replaced(database: Database): void {
    if (this.#blocking.clientCount > 0) this.#blocking.replaced(database);
  }

  #removed(database: Database, record: number, notifyClass: number, event: string): void {
    const { heap } = database;
    const start = keyStartOf(record);
    const end = start + keyLengthOf(heap, record);
    const buffer = heap.bytes[record >>> SEGMENT_SHIFT];
    // what goes by itself is no change that a save would be due for
    this.changed(database, buffer, start, end, 0);
    this.notify(notifyClass, event, database, buffer, start, end);
  }

  #propagateRemoval(database: Database, record: number, isLazy: boolean): void {
    const command = this.#place(database);
    if (command === null) return;
    writeKey(command.begin(2).word(isLazy ? "UNLINK" : "DEL"), database, record);
  }

  /** Makes a place for another command of the unit; null if nobody hears of it. */
  #place(database: Database): CommandWriter | null {
    if (this.feed === null) return null;
    this.#starts[this.#count] = this.#commands.end;
    this.#databases[this.#count++] = database.index;
    return this.#commands;
  }

  /** Ends the unit: hands its commands on, as a transaction where several are to be held together. */
  #handOn(isTransaction: boolean): void {
    const { feed } = this;
    const count = this.#count;
    const isHeldTogether = isTransaction && count > 1;
    if (isHeldTogether) feed?.command(noDatabase, multi, 0, multi.length);
    for (let i = 0; i < count; i++) {
      const { bytes, end } = this.#commands;
      const next = i + 1 < count ? this.#starts[i + 1] : end;
      feed?.command(this.#databases[i], bytes, this.#starts[i], next);
    }
    if (isHeldTogether) feed?.command(noDatabase, exec, 0, exec.length);
    this.#commands.clear();
    this.#count = 0;
    // an array that is cut to nothing would get new memory with the next unit
    if (count > unitCommandsUsual) this.#starts.length = this.#databases.length = unitCommandsUsual;
  }
}

/** Writes the key of a record as the next word of a command. */
function writeKey(command: CommandWriter, { heap }: Database, record: number): CommandWriter {
  const start = keyStartOf(record);
  const end = start + keyLengthOf(heap, record);
  return command.bulk(heap.bytes[record >>> SEGMENT_SHIFT], start, end);
}
