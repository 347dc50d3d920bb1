/**
 * The command table: rows and handlers joined once at start, and found by name ever after.
 *
 * Finding the command of a request is on the hot path: the bytes of its name are hashed as they stand,
 * in any case, into an open-addressed table, and no string is made. The table is sparse enough that
 * a name nearly always stands in its own slot. A container's subcommands are in a table of their own.
 */
import { invariant } from "../assert.ts";
import type { Arguments } from "../resp/arguments.ts";
import {
  AclCategory,
  CommandFlag,
  type CommandGroup,
  type CommandRow,
  type CommandSpec,
  type Handler,
  type Handlers,
  KeyFlag,
  type KeySpec,
} from "./spec.ts";

export class CommandTable {
  /** The commands without their subcommands. */
  readonly commands: readonly CommandSpec[];
  /** Commands and subcommands, at the place that their `id` says. */
  readonly all: readonly CommandSpec[];
  readonly #byName: NameIndex;
  /** By the container's id; null for what is no container. */
  readonly #subcommandsByName: (NameIndex | null)[];
  readonly #byFullName: Map<string, CommandSpec>;

  /** Every command that is no container needs a handler, and every handler a command. */
  constructor(groups: readonly CommandGroup[], handlers: Handlers) {
    const all: CommandSpec[] = [];
    const unused = new Map(Object.entries(handlers));
    this.commands = groups.flatMap(({ group, commands }) =>
      commands.map((row) => completeRow(row, group, null, unused, all))
    );
    invariant(unused.size === 0, `no command for the handlers ${[...unused.keys()].join(", ")}`);
    this.all = all;
    this.#byName = new NameIndex(this.commands);
    this.#subcommandsByName = all.map(({ subcommands }) =>
      subcommands.length === 0 ? null : new NameIndex(subcommands)
    );
    this.#byFullName = new Map(all.map((spec) => [spec.fullName, spec]));
    invariant(this.#byFullName.size === all.length, "two commands have one name");
  }

  /**
   * The command that a request asks for: of a container followed by anything, the subcommand. Null when
   * there is none of that name.
   */
  lookup(args: Arguments): CommandSpec | null {
    const spec = this.#byName.find(args.buffer, args.starts[0], args.ends[0]);
    if (spec === null || args.count === 1) return spec;
    const subcommands = this.#subcommandsByName[spec.id];
    if (subcommands === null) return spec;
    return subcommands.find(args.buffer, args.starts[1], args.ends[1]);
  }

  /** The container that a request names, whether or not it has such a subcommand. */
  lookupContainer(args: Arguments): CommandSpec | null {
    const spec = this.#byName.find(args.buffer, args.starts[0], args.ends[0]);
    return spec === null || spec.subcommands.length === 0 ? null : spec;
  }

  /** The command of a full name in any case: `get`, `client|id`. */
  find(fullName: string): CommandSpec | null {
    const lowerCase = fullName.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    return this.#byFullName.get(lowerCase) ?? null;
  }
}

/** Commands by the bytes of their own name, in any case. */
class NameIndex {
  readonly #slots: (CommandSpec | null)[];
  readonly #names: Uint8Array[];
  readonly #mask: number;
  readonly #lengthMax: number;

  constructor(specs: readonly CommandSpec[]) {
    let capacity = 8;
    while (capacity < specs.length * 4) capacity *= 2;
    this.#slots = new Array<CommandSpec | null>(capacity).fill(null);
    this.#names = new Array<Uint8Array>(capacity).fill(new Uint8Array(0));
    this.#mask = capacity - 1;
    this.#lengthMax = specs.reduce((longest, { name }) => Math.max(longest, name.length), 0);
    for (const spec of specs) this.#add(spec);
  }

  /** The command named by `buffer[start, end)`. */
  find(buffer: Uint8Array, start: number, end: number): CommandSpec | null {
    if (end - start > this.#lengthMax) return null;
    let slot = hashName(buffer, start, end) & this.#mask;
    for (;;) {
      const spec = this.#slots[slot];
      if (spec === null || isName(this.#names[slot], buffer, start, end)) return spec;
      slot = (slot + 1) & this.#mask;
    }
  }

  #add(spec: CommandSpec): void {
    const name = new TextEncoder().encode(spec.name);
    let slot = hashName(name, 0, name.length) & this.#mask;
    while (this.#slots[slot] !== null) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = spec;
    this.#names[slot] = name;
  }
}

/** FNV-1a of the bytes with the bit set that lower-case letters have over upper-case ones. */
function hashName(buffer: Uint8Array, start: number, end: number): number {
  // signed: to the compiler what may be beyond 31 bits is a double
  let hash = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (buffer[i] | 0x20), 0x01000193);
  return hash ^ (hash >>> 15);
}

/** Whether `buffer[start, end)` is `name`, which is in lower case, in any case. */
function isName(name: Uint8Array, buffer: Uint8Array, start: number, end: number): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    const byte = buffer[start + i];
    const lowerCase = byte >= 65 && byte <= 90 ? byte | 0x20 : byte;
    if (lowerCase !== name[i]) return false;
  }
  return true;
}

/** Makes a row and its subcommands ready, adds them to `all`, takes their handlers from `handlers`. */
function completeRow(
  row: CommandRow,
  group: string,
  parent: CommandSpec | null,
  handlers: Map<string, Handler>,
  all: CommandSpec[],
): CommandSpec {
  const fullName = parent === null ? row.name : `${parent.name}|${row.name}`;
  const flags = row.flags ?? 0;
  const keySpecs = row.keys ?? [];
  const range = legacyKeyRange(keySpecs);
  const subcommands: CommandSpec[] = [];
  const spec: CommandSpec = {
    id: all.length,
    name: row.name,
    fullName,
    parent,
    group,
    arity: row.arity,
    flags: range.coversAllKeys ? flags : flags | CommandFlag.MOVABLE_KEYS,
    categories: allCategories(flags, row.categories ?? 0),
    handler: takeHandler(row, fullName, handlers),
    subcommands,
    keySpecs,
    getKeys: row.getKeys ?? null,
    firstKey: range.first,
    lastKey: range.last,
    keyStep: range.step,
    tips: row.tips ?? [],
    summary: row.summary,
    since: row.since,
    complexity: row.complexity ?? null,
    docFlags: row.docFlags ?? 0,
    deprecatedSince: row.deprecatedSince ?? null,
    replacedBy: row.replacedBy ?? null,
    history: row.history ?? [],
    arguments: row.arguments ?? [],
  };
  all.push(spec);
  for (const subrow of row.subcommands ?? []) {
    subcommands.push(completeRow(subrow, group, spec, handlers, all));
  }
  return spec;
}

function takeHandler(row: CommandRow, fullName: string, handlers: Map<string, Handler>): Handler {
  const handler = handlers.get(fullName);
  handlers.delete(fullName);
  if (handler !== undefined) return handler;
  invariant(row.subcommands !== undefined, `no handler for the command ${fullName}`);
  return refuseContainer;
}

/** Stands in for the handler of a container, whose arity asks for a subcommand. */
function refuseContainer(): void {
  invariant(false, "a container was called without a subcommand");
}

/** The categories that the row names, and those that Redis adds for the flags. */
function allCategories(flags: number, named: number): number {
  let categories = named;
  if ((flags & CommandFlag.WRITE) !== 0) categories |= AclCategory.WRITE;
  // EVAL_RO and its like are marked as readers, and yet don't count as such.
  const scripting = (named & AclCategory.SCRIPTING) !== 0;
  if ((flags & CommandFlag.READONLY) !== 0 && !scripting) categories |= AclCategory.READ;
  if ((flags & CommandFlag.ADMIN) !== 0) categories |= AclCategory.ADMIN | AclCategory.DANGEROUS;
  if ((flags & CommandFlag.PUBSUB) !== 0) categories |= AclCategory.PUBSUB;
  if ((flags & CommandFlag.BLOCKING) !== 0) categories |= AclCategory.BLOCKING;
  return categories | ((flags & CommandFlag.FAST) !== 0 ? AclCategory.FAST : AclCategory.SLOW);
}

/** One range of arguments, as clients older than key specs know keys. */
interface LegacyKeyRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  readonly coversAllKeys: boolean;
}

/** The range that says most of what the key specs say, and whether it says all. */
function legacyKeyRange(keySpecs: readonly KeySpec[]): LegacyKeyRange {
  let first = 0;
  let last = 0;
  let step = 0;
  let coversAllKeys = true;
  for (const { beginSearch, findKeys, flags } of keySpecs) {
    if ((flags & KeyFlag.INCOMPLETE) !== 0) coversAllKeys = false;
    if (beginSearch.type !== "index" || findKeys.type !== "range") {
      coversAllKeys = false;
      continue;
    }
    const stepFits = findKeys.keyStep === 1 || keySpecs.length === 1;
    if (!stepFits || (last !== 0 && last !== beginSearch.index - 1)) {
      coversAllKeys = false;
      continue;
    }
    if (first === 0) first = beginSearch.index;
    last = findKeys.lastKey < 0 ? findKeys.lastKey : beginSearch.index + findKeys.lastKey;
    step = findKeys.keyStep;
  }
  return { first, last, step, coversAllKeys };
}
