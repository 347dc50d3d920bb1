/**
 * Which arguments of a call are keys, and what the command does with each: for COMMAND GETKEYS, access
 * rules, cluster routing and client tracking. A command says it with key specs; what those can't say, a
 * `getKeys` function of its own says.
 */
import type { Arguments } from "../resp/arguments.ts";
import { int64Max, int64Min, parseInt64 } from "../resp/numbers.ts";
import {
  type BeginSearch,
  type CommandSpec,
  type FindKeys,
  type FoundKeys,
  KeyFlag,
  type KeySpec,
} from "./spec.ts";

/** Whether calls of the command can have keys at all. */
export function hasKeys(spec: CommandSpec): boolean {
  return spec.getKeys !== null || spec.keySpecs.some(isOfRealKeys);
}

/** The keys of one call whose number of arguments fits; none where the arguments make no sense. */
export function findKeys(spec: CommandSpec, args: Arguments): FoundKeys {
  const flagsVary = spec.keySpecs.some(({ flags }) => (flags & KeyFlag.VARIABLE_FLAGS) !== 0);
  if (!flagsVary) {
    const found = findKeysBySpecs(spec.keySpecs, args);
    if (found !== null) return found;
  }
  return spec.getKeys === null ? findKeysByCount(spec.keySpecs, args) : spec.getKeys(args);
}

/** Key specs that stand for something that is only routed as a key don't count. */
function isOfRealKeys(keySpec: KeySpec): boolean {
  return (keySpec.flags & KeyFlag.NOT_KEY) === 0;
}

/**
 * The keys where a number says how many there are, read as C's `atoi` does: the command may refuse such a
 * number, and yet Redis finds the keys, without flags, those counted before the others.
 */
function findKeysByCount(keySpecs: readonly KeySpec[], args: Arguments): FoundKeys {
  const positions: number[] = [];
  for (const { beginSearch, findKeys } of keySpecs) {
    if (beginSearch.type !== "index" || findKeys.type !== "keynum") continue;
    const at = beginSearch.index + findKeys.keyNumIndex;
    const first = beginSearch.index + findKeys.firstKey;
    const number = at < args.count ? leadingInt32(args.cString(at)) : 0;
    if (number < 1 || number > args.count - first) break;
    for (let i = 0; i < number; i++) positions.push(first + i);
  }
  if (positions.length > 0) {
    for (const { beginSearch, findKeys } of keySpecs) {
      if (beginSearch.type === "index" && findKeys.type === "range") {
        positions.push(beginSearch.index);
      }
    }
  }
  return { positions, flags: positions.map(() => 0) };
}

/** What C's `atoi` makes of a text: the number that it begins with, cut down to 32 bits. */
function leadingInt32(text: string): number {
  const [digits] = /^[ \t-\r]*[+-]?\d+/.exec(text) ?? ["0"];
  const value = BigInt(digits.trim().replace("+", ""));
  const clamped = value > int64Max ? int64Max : value < int64Min ? int64Min : value;
  return Number(BigInt.asIntN(32, clamped));
}

/** Null when a key spec does not fit the arguments, or does not tell every key. */
function findKeysBySpecs(keySpecs: readonly KeySpec[], args: Arguments): FoundKeys | null {
  const positions: number[] = [];
  const flags: number[] = [];
  for (const keySpec of keySpecs) {
    if (!isOfRealKeys(keySpec)) continue;
    const begin = beginSearch(keySpec.beginSearch, args);
    if (begin === 0) continue;
    const range = begin === null ? null : keyRangeFrom(begin, keySpec.findKeys, args);
    if (range === null) return null;
    const { first, last, step } = range;
    if (last >= args.count || last < first || first >= args.count) return null;
    for (let i = first; i <= last; i += step) {
      positions.push(i);
      flags.push(keySpec.flags);
    }
    if ((keySpec.flags & KeyFlag.INCOMPLETE) !== 0) return null;
  }
  return { positions, flags };
}

/** Where the search for keys begins; 0 when the keyword is not there, null when nobody knows. */
function beginSearch(search: BeginSearch, args: Arguments): number | null {
  if (search.type === "unknown") return null;
  if (search.type === "index") return search.index;
  const { keyword, startFrom } = search;
  // From the end a keyword is looked for backwards, and not where the command's name and its first
  // argument are.
  const step = startFrom > 0 ? 1 : -1;
  const end = startFrom > 0 ? args.count - 1 : 1;
  for (let i = startFrom > 0 ? startFrom : args.count + startFrom; i !== end; i += step) {
    if (i < 1 || i >= args.count) break;
    if (args.is(i, keyword)) return i + 1;
  }
  return 0;
}

interface Range {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

function keyRangeFrom(begin: number, find: FindKeys, args: Arguments): Range | null {
  switch (find.type) {
    case "unknown":
      return null;
    case "range":
      return { first: begin, last: lastOfRange(begin, find, args.count), step: find.keyStep };
    case "keynum": {
      const at = begin + find.keyNumIndex;
      if (at >= args.count) return null;
      const number = parseInt64(args.buffer, args.starts[at], args.ends[at]);
      if (typeof number !== "number" || number < 0) return null;
      const first = begin + find.firstKey;
      return { first, last: first + number - 1, step: find.keyStep };
    }
  }
}

/** A limit of n says that only the first 1/n of the remaining arguments can be keys (XREAD's half). */
function lastOfRange(
  begin: number,
  { lastKey, limit }: { lastKey: number; limit: number },
  count: number,
): number {
  if (lastKey >= 0) return begin + lastKey;
  if (limit === 0) return count + lastKey;
  return begin + Math.floor((count - begin) / limit) + lastKey;
}
