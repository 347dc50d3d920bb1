/** Reads sorted sets: members with scores, as text or in binary, a ziplist or a listpack. */
import { type SortedSets, Update } from "../values/sorted_sets.ts";
import { RdbType } from "./rdb_format.ts";
import type { RdbInput } from "./rdb_input.ts";
import type { ValuePart } from "./value_part.ts";
import { Ziplist } from "./ziplist.ts";

/** What a member and its score take at least. */
const textPairBytesMin = 2;
const binaryPairBytesMin = 9;

export class SortedSetReader implements ValuePart {
  readonly #input: RdbInput;
  readonly #sortedSets: SortedSets;
  readonly #ziplist = new Ziplist();
  #record = 0;
  /** Members to be read. */
  #left = 0;
  #hasTextScores = false;

  constructor(input: RdbInput, sortedSets: SortedSets) {
    this.#input = input;
    this.#sortedSets = sortedSets;
  }

  begin(rdbType: number, record: number): void {
    this.#record = record;
    this.#left = 0;
    switch (rdbType) {
      case RdbType.SORTED_SET:
      case RdbType.SORTED_SET_2:
        this.#hasTextScores = rdbType === RdbType.SORTED_SET;
        this.#left = this.#input.count(
          this.#hasTextScores ? textPairBytesMin : binaryPairBytesMin,
        );
        this.#sortedSets.init(record);
        // a listpack would forget the sign of -0
        return this.#sortedSets.toSkiplist(record);
    }
    this.#input.readString();
    if (rdbType === RdbType.SORTED_SET_ZIPLIST) return this.#readZiplist();
    const { buffer, start, end } = this.#input.string;
    if (!this.#sortedSets.loadListpack(record, buffer, start, end)) {
      this.#input.fail("a sorted set is a broken listpack");
    }
  }

  readSome(until: number): boolean {
    const input = this.#input;
    const { name } = input;
    for (; this.#left > 0; this.#left--) {
      if (input.offset >= until) return false;
      input.readName();
      const score = this.#hasTextScores ? input.textScore() : input.double();
      if (Number.isNaN(score)) input.fail("a score that is no number");
      const { buffer, start, end } = name;
      const update = this.#sortedSets.update(this.#record, score, buffer, start, end, 0);
      if (update !== Update.Added) input.fail("a sorted set has a member twice");
    }
    this.#sortedSets.compact(this.#record);
    return true;
  }

  get isEmpty(): boolean {
    return this.#sortedSets.count(this.#record) === 0;
  }

  #readZiplist(): void {
    const listpack = this.#ziplist.toListpack(this.#input.string);
    const isSortedSet = listpack !== null &&
      this.#sortedSets.loadListpack(this.#record, listpack, 0, listpack.length);
    if (!isSortedSet) this.#input.fail("a sorted set is a broken ziplist");
  }
}
