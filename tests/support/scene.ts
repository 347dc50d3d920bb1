/**
 * What the random commands of an epoch have in common. Spread over all commands, keys and members there
 * are, they would mostly miss each other: so an epoch is mostly about one type, and few members.
 */
import { type Random, randomBelow } from "../../src/random.ts";

export interface Scene {
  /** The group of commands that most are of; "" for none. */
  readonly focus: string;
  readonly keysOfAKind: number;
  /** Elements, members and fields. */
  readonly members: readonly string[];
  /**
   * Whether keys and fields come to their end in it. Then there is nothing that meets keys by chance, and
   * so would find other ones past their time than another server does.
   */
  readonly ending: boolean;
  /**
   * Whether collections are kept in the order in which they were made: they stay small, and nothing is
   * taken out by chance.
   */
  readonly ordered: boolean;
}

const focuses = [
  ...["string", "list", "set", "hash", "sorted-set", "stream", "bitmap", "hyperloglog", "geo"],
  ...["", "generic"],
];
const numbers = [
  ...Array.from({ length: 14 }, (_, i) => String(i)),
  ...["-7", "1.5", "32768", "-32769", "2147483648", "9223372036854775807"],
];
const names = [
  ...Array.from({ length: 20 }, (_, i) => `m${i}`),
  ...["a", "b", "c", "d", "", "hello world", "\xff\x00", "\r\n", "9223372036854775808", "01"],
  ...["x".repeat(9), "x".repeat(64)],
];
/** Beyond what a collection takes and stays small; the last has a node of a list for itself. */
const long = ["y".repeat(65), "z".repeat(200), "0123456789abcdef".repeat(513)];
const memberCounts = [3, 6, 12, Infinity];

export function drawScene(random: Random): Scene {
  const pick = <T>(from: readonly T[]): T => from[randomBelow(random, from.length)];
  const ordered = randomBelow(random, 2) === 0;
  const all = pick([numbers, names, [...numbers, ...names]]);
  const left = ordered ? [...all] : [...all, ...long];
  const members: string[] = [];
  for (let count = Math.min(pick(memberCounts), left.length); count > 0; count--) {
    members.push(...left.splice(randomBelow(random, left.length), 1));
  }
  return {
    focus: pick(focuses),
    keysOfAKind: 1 + randomBelow(random, 3),
    members,
    ending: randomBelow(random, 2) === 0,
    ordered,
  };
}
