/**
 * A log that begins with commands, key by key: what the base of a real server and that of redino are
 * compared by. Keys stand in any order, and so do the elements of tables.
 */

const latin1 = new TextDecoder("latin1");

/** Commands whose arguments behind the key are elements, of so many words each, in any order. */
const unordered: { readonly [command: string]: number } = { SADD: 1, ZADD: 2, HMSET: 2 };

/** The commands of a log, each as its words. */
function* commandsOf(bytes: Uint8Array): Generator<string[]> {
  const text = latin1.decode(bytes);
  let at = 0;
  const line = () => {
    const end = text.indexOf("\r\n", at);
    const found = text.slice(at, end);
    at = end + 2;
    return found;
  };
  while (at < text.length) {
    const head = line();
    if (head.startsWith("#")) continue;
    const words: string[] = [];
    for (let left = Number(head.slice(1)); left > 0; left--) {
      const length = Number(line().slice(1));
      words.push(text.slice(at, at + length));
      at += length + 2;
    }
    yield words;
  }
}

/** By database and key, the commands that make it, one a line. */
export function rewrittenKeys(bytes: Uint8Array): Map<string, string[]> {
  const keys = new Map<string, string[]>();
  let database = "0";
  for (const words of commandsOf(bytes)) {
    if (words[0] === "SELECT") {
      database = words[1];
      continue;
    }
    const key = `${database} ${words[0] === "XGROUP" ? words[2] : words[1]}`;
    const lines = keys.get(key) ?? [];
    keys.set(key, lines);
    lines.push(...words[0] in unordered ? elementLines(words) : [JSON.stringify(words)]);
  }
  for (const lines of keys.values()) {
    if (lines.some((line) => line.startsWith("element"))) lines.sort();
  }
  return keys;
}

/** A command without its elements, and these. */
function elementLines(words: readonly string[]): string[] {
  const [command, key] = words;
  // a hash that had times to live of fields may have a command for each in Redis, as it may not know better
  const lines = command === "HMSET" ? [] : [JSON.stringify([command, key, words.length])];
  for (let i = 2; i < words.length; i += unordered[command]) {
    lines.push(`element ${JSON.stringify(words.slice(i, i + unordered[command]))}`);
  }
  return lines;
}
