/** The types of value, over one heap: each type's class, and all of them by type number. */
import type { Dict } from "../memory/dict.ts";
import type { Dicts } from "../memory/dicts.ts";
import type { FrozenBlocks } from "../memory/frozen_blocks.ts";
import type { Heap } from "../memory/heap.ts";
import type { Reclaimer } from "../memory/reclaimer.ts";
import type { Random } from "../random.ts";
import { Hashes } from "./hashes.ts";
import type { ValueLimits } from "./limits.ts";
import { Lists } from "./lists.ts";
import { typeOf, ValueType } from "./record.ts";
import { Sets } from "./sets.ts";
import { SortedSets } from "./sorted_sets.ts";
import { Streams } from "./streams.ts";
import { Strings } from "./strings.ts";
import type { ValueKind } from "./value_kind.ts";

/** What values stand on. */
export interface ValueFoundation {
  readonly heap: Heap;
  readonly dicts: Dicts;
  readonly reclaimer: Reclaimer;
  readonly frozen: FrozenBlocks;
  readonly random: Random;
  readonly limits: ValueLimits;
  readonly time: CommandTime;
}

/** The moment at which the command that is run sees everything, in milliseconds since the epoch. */
export interface CommandTime {
  readonly nowMs: number;
}

export class Values {
  readonly lists: Lists;
  readonly hashes: Hashes;
  readonly sets: Sets;
  readonly sortedSets: SortedSets;
  readonly streams: Streams;
  readonly strings: Strings;
  readonly #heap: Heap;
  readonly #kinds: ValueKind[] = [];

  constructor(foundation: ValueFoundation) {
    this.#heap = foundation.heap;
    this.strings = new Strings(foundation.heap);
    this.#kinds[ValueType.STRING] = this.strings;
    this.lists = new Lists(foundation);
    this.#kinds[ValueType.LIST] = this.lists;
    this.hashes = new Hashes(foundation);
    this.#kinds[ValueType.HASH] = this.hashes;
    this.sets = new Sets(foundation);
    this.#kinds[ValueType.SET] = this.sets;
    this.sortedSets = new SortedSets(foundation);
    this.#kinds[ValueType.SORTED_SET] = this.sortedSets;
    this.streams = new Streams(foundation);
    this.#kinds[ValueType.STREAM] = this.streams;
  }

  /** What looks after values of a type, by its number. */
  kind(type: number): ValueKind {
    return this.#kinds[type];
  }

  /** The dictionary of a large set, hash or sorted set; null for any other value. */
  dictOf(record: number): Dict | null {
    const type = typeOf(this.#heap, record);
    if (type === ValueType.SET) return this.sets.dictOf(record);
    if (type === ValueType.HASH) return this.hashes.dictOf(record);
    return type === ValueType.SORTED_SET ? this.sortedSets.dictOf(record) : null;
  }

  /** What looks after the value of a record. */
  kindOf(record: number): ValueKind {
    return this.#kinds[typeOf(this.#heap, record)];
  }
}
