/**
 * Blocks that somebody still has to read as they are now: whoever is about to change or free one of them
 * says so first, and its reader saves what it needs.
 *
 * It is how a snapshot reads the nodes of a long list or stream while commands go on. Dictionaries have
 * a way of their own (`Dict.freeze`).
 */

/** Who reads blocks, each of which it knows by a number. */
export interface BlockReader {
  /** The block is about to change, for the first time. */
  save(index: number): void;
}

interface FrozenBlock {
  readonly reader: BlockReader;
  readonly index: number;
}

export class FrozenBlocks {
  /** How many there are: where that is 0, nobody need be told of a change. */
  count = 0;
  readonly #blocks: Map<number, FrozenBlock> = new Map();

  /** Has `reader` told of the first change of a block. */
  freeze(address: number, reader: BlockReader, index: number): void {
    this.#blocks.set(address, { reader, index });
    this.count = this.#blocks.size;
  }

  /** The block has been read. */
  thaw(address: number): void {
    this.#blocks.delete(address);
    this.count = this.#blocks.size;
  }

  /** A block is about to change, or to be freed. */
  beforeChange(address: number): void {
    const block = this.#blocks.get(address);
    if (block === undefined) return;
    this.thaw(address);
    block.reader.save(block.index);
  }
}
