/**
 * Classes of keyspace notifications, and the letters by which `notify-keyspace-events` chooses them.
 *
 * They stand here, below the keyspace that tells of events, because the directive's type needs them.
 */

/** Bits of the classes, Redis' own: one per kind of event. */
export const NotifyClass = {
  GENERIC: 1 << 2,
  STRING: 1 << 3,
  LIST: 1 << 4,
  SET: 1 << 5,
  HASH: 1 << 6,
  SORTED_SET: 1 << 7,
  EXPIRED: 1 << 8,
  EVICTED: 1 << 9,
  STREAM: 1 << 10,
  KEY_MISS: 1 << 11,
  MODULE: 1 << 13,
  NEW: 1 << 14,
} as const;

/** Where events are published: on the channel of the key, on that of the event. */
export const NotifyTarget = { KEYSPACE: 1 << 0, KEYEVENT: 1 << 1 } as const;

/** The classes that `A` stands for, in the order in which they are printed. */
const everydayLetters: readonly (readonly [letter: string, bit: number])[] = [
  ["g", NotifyClass.GENERIC],
  ["$", NotifyClass.STRING],
  ["l", NotifyClass.LIST],
  ["s", NotifyClass.SET],
  ["h", NotifyClass.HASH],
  ["z", NotifyClass.SORTED_SET],
  ["x", NotifyClass.EXPIRED],
  ["e", NotifyClass.EVICTED],
  ["t", NotifyClass.STREAM],
  ["d", NotifyClass.MODULE],
];

const everyday = everydayLetters.reduce((bits, [, bit]) => bits | bit, 0);

/** What can only be chosen by its own letter; `n` is not printed beside an `A`. */
const newLetter = ["n", NotifyClass.NEW] as const;
const otherLetters: readonly (readonly [letter: string, bit: number])[] = [
  ["K", NotifyTarget.KEYSPACE],
  ["E", NotifyTarget.KEYEVENT],
  ["m", NotifyClass.KEY_MISS],
];

const bitsOfLetters: ReadonlyMap<string, number> = new Map([
  ["A", everyday],
  ...everydayLetters,
  newLetter,
  ...otherLetters,
]);

/** The bits that letters stand for; null where one of them stands for none. */
export function parseNotifyLetters(letters: string): number | null {
  let bits = 0;
  for (const letter of letters) {
    const bit = bitsOfLetters.get(letter);
    if (bit === undefined) return null;
    bits |= bit;
  }
  return bits;
}

/** Letters for `bits`, in Redis' order. */
export function formatNotifyLetters(bits: number): string {
  const isEveryday = (bits & everyday) === everyday;
  const first = isEveryday ? [["A", everyday] as const] : [...everydayLetters, newLetter];
  return [...first, ...otherLetters]
    .filter(([, bit]) => (bits & bit) !== 0)
    .map(([letter]) => letter)
    .join("");
}
