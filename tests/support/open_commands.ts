/** What makes a command's outcome open: chance, the moment, the order of a table. Commands are words. */

/** Stands among the commands where a few milliseconds are to pass, as would DEBUG SLEEP. */
export const pause: string[] = ["DEBUG", "SLEEP", "0.005"];

/** Commands that meet keys by chance. */
export const meeting = /^(scan|randomkey)$/i;

/** Commands that draw by chance: their replies call for more commands before the next. */
export const draws = /^(spop|srandmember|hrandfield|zrandmember|randomkey)$/i;

/** Commands that may wait. */
const blocking = /^(b[lrz]\w*(pop|move|push|min|max)|xread(group)?)$/;

/** Whether it waits where it finds nothing, but for in a transaction. */
export function mayBlock(words: string[]): boolean {
  if (!blocking.test(words[0])) return false;
  return words[0].startsWith("b") || words.some((word) => /^block$/i.test(word));
}

/** Whether two servers may be expected to do the same only by chance. */
export function isOpen(words: string[]): boolean {
  return isDated(words) || isInexact(words) || isLeftOpen(words) || isBrief(words);
}

/** Whether the entry that is added gets the present time for an ID. */
function isDated(words: string[]): boolean {
  return words[0] === "xadd" && words.includes("*");
}

/** Whether something is given a time to live that might end while the comparison runs. */
function isBrief(words: string[]): boolean {
  const named = words.findIndex((word) => /^p?x$|^ex$/i.test(word));
  const time = /^(h?p?expire|p?setex)$/.test(words[0])
    ? words[2]
    : /^(set|getex|hgetex|hsetex)$/.test(words[0]) && named > 0
    ? words[named + 1]
    : "";
  return /^[1-9]\d{0,5}$/.test(time ?? "");
}

/** Whether a key is made whose time is over. */
export function isPast(words: string[]): boolean {
  const at = words.findIndex((word) => /^p?xat$|^exat$/i.test(word));
  return words[0] === "set" && at > 0 && /^[1-9]\d{0,9}$/.test(words[at + 1] ?? "");
}

/** Whether distances are stored, of which the last bit is open. */
function isInexact(words: string[]): boolean {
  return /^geo/.test(words[0]) && words.some((word) => /^storedist$/i.test(word));
}

/**
 * Whether it is open which elements SORT makes a list of in which order, or which it looks up: those of
 * equal weight come in any order.
 */
function isLeftOpen(words: string[]): boolean {
  if (!/^sort/.test(words[0])) return false;
  const upper = words.map((word) => word.toUpperCase());
  const hasAll = (...wanted: string[]) => wanted.every((word) => upper.includes(word));
  return hasAll("ALPHA", "BY", "STORE") || hasAll("BY", "LIMIT", "GET");
}

/** Whether a set may stand in another order afterwards, or a value become too long for a listpack. */
export function isDisordering(words: string[]): boolean {
  return (words[0] === "spop" && words.length > 2) ||
    (words[0] === "hincrbyfloat" && words.some((word) => /e\d{3}/.test(word)));
}
