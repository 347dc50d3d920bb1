/** Reads sets: members, an intset or a listpack. */
import type { Sets } from "../values/sets.ts";
import { RdbType } from "./rdb_format.ts";
import type { RdbInput } from "./rdb_input.ts";
import type { ValuePart } from "./value_part.ts";

export class SetReader implements ValuePart {
  readonly #input: RdbInput;
  readonly #sets: Sets;
  #record = 0;
  /** Members to be read. */
  #left = 0;

  constructor(input: RdbInput, sets: Sets) {
    this.#input = input;
    this.#sets = sets;
  }

  begin(rdbType: number, record: number): void {
    const input = this.#input;
    const sets = this.#sets;
    this.#record = record;
    this.#left = 0;
    if (rdbType === RdbType.SET) {
      this.#left = input.count(1);
      sets.init(record);
      return sets.expect(record, this.#left);
    }
    input.readString();
    const { buffer, start, end } = input.string;
    const isSet = rdbType === RdbType.SET_INTSET
      ? sets.loadIntset(record, buffer, start, end)
      : sets.loadListpack(record, buffer, start, end);
    if (!isSet) input.fail("a set is a broken intset or listpack");
  }

  readSome(until: number): boolean {
    const input = this.#input;
    const { string } = input;
    for (; this.#left > 0; this.#left--) {
      if (input.offset >= until) return false;
      input.readString();
      if (!this.#sets.add(this.#record, string.buffer, string.start, string.end)) {
        input.fail("a set has a member twice");
      }
    }
    return true;
  }

  get isEmpty(): boolean {
    return this.#sets.count(this.#record) === 0;
  }
}
