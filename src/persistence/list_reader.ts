/**
 * Reads lists: elements, as Redis before 3.2 wrote long ones; a ziplist, short ones; and nodes, each a
 * ziplist, a listpack or a large element by itself.
 */
import { ListEnd, type Lists } from "../values/lists.ts";
import { NodeContainer, RdbType } from "./rdb_format.ts";
import type { RdbInput } from "./rdb_input.ts";
import type { ValuePart } from "./value_part.ts";
import { Ziplist } from "./ziplist.ts";

export class ListReader implements ValuePart {
  readonly #input: RdbInput;
  readonly #lists: Lists;
  readonly #ziplist = new Ziplist();
  #rdbType = 0;
  #record = 0;
  /** Elements or nodes to be read. */
  #left = 0;
  /** Whether it may become a short list when it has only one node. */
  #maySettle = true;
  /** Whether the node that is to be read is all of the list, which has no value until then. */
  #isOnlyNode = false;

  constructor(input: RdbInput, lists: Lists) {
    this.#input = input;
    this.#lists = lists;
  }

  begin(rdbType: number, record: number): void {
    this.#rdbType = rdbType;
    this.#record = record;
    // Redis leaves what was a ziplist a long list
    this.#maySettle = rdbType !== RdbType.LIST_ZIPLIST;
    this.#left = rdbType === RdbType.LIST_ZIPLIST ? 1 : this.#input.count(1);
    this.#isOnlyNode = rdbType === RdbType.LIST_QUICKLIST_2 && this.#left === 1;
    if (!this.#isOnlyNode) this.#lists.initQuicklist(record);
  }

  readSome(until: number): boolean {
    if (this.#isOnlyNode) {
      this.#readOnlyNode();
      return true;
    }
    for (; this.#left > 0; this.#left--) {
      if (this.#input.offset >= until) return false;
      this.#readOne();
    }
    if (this.#maySettle) this.#lists.settle(this.#record);
    return true;
  }

  get isEmpty(): boolean {
    return this.#lists.count(this.#record) === 0;
  }

  #readOne(): void {
    const input = this.#input;
    const { string } = input;
    switch (this.#rdbType) {
      case RdbType.LIST:
        input.readString();
        this.#lists.push(this.#record, ListEnd.Tail, string.buffer, string.start, string.end);
        return;
      case RdbType.LIST_ZIPLIST:
        input.readString();
        return this.#readZiplist();
      case RdbType.LIST_QUICKLIST:
        input.readString();
        return this.#readZiplistNode();
    }
    this.#readNode();
  }

  /** A node of Redis since 7.0. */
  #readNode(): void {
    const isPlain = this.#readContainer();
    const { buffer, start, end } = this.#input.string;
    if (isPlain) return this.#loadElement(buffer, start, end);
    if (!this.#lists.loadNode(this.#record, buffer, start, end)) this.#failBroken();
  }

  #readOnlyNode(): void {
    const isPlain = this.#readContainer();
    const { buffer, start, end } = this.#input.string;
    if (isPlain) {
      this.#lists.initQuicklist(this.#record);
      return this.#loadElement(buffer, start, end);
    }
    if (!this.#lists.loadOnlyNode(this.#record, buffer, start, end)) this.#failBroken();
  }

  /** Reads the bytes of a node; whether they are an element, and not a listpack. */
  #readContainer(): boolean {
    const input = this.#input;
    const container = input.length();
    input.readString();
    if (container === NodeContainer.PACKED) return false;
    if (container !== NodeContainer.PLAIN) input.fail(`a list has a node of kind ${container}`);
    if (input.string.length === 0) input.fail("a list has an empty node");
    return true;
  }

  #loadElement(buffer: Uint8Array, start: number, end: number): void {
    this.#maySettle = false;
    this.#lists.loadElement(this.#record, buffer, start, end);
  }

  #failBroken(): never {
    this.#input.fail("a list has a broken listpack");
  }

  /** All elements of a list that is a ziplist. */
  #readZiplist(): void {
    const { buffer, start, end } = this.#input.string;
    const ziplist = this.#ziplist;
    const { entry } = ziplist;
    ziplist.open(buffer, start, end);
    while (ziplist.next()) {
      this.#lists.push(this.#record, ListEnd.Tail, entry.buffer, entry.start, entry.end);
    }
    if (!ziplist.isWhole) this.#input.fail("a list is a broken ziplist");
  }

  /** A node of Redis before 7.0. */
  #readZiplistNode(): void {
    const listpack = this.#ziplist.toListpack(this.#input.string);
    const isNode = listpack !== null &&
      this.#lists.loadNode(this.#record, listpack, 0, listpack.length);
    if (!isNode) this.#input.fail("a list has a broken ziplist");
  }
}
