/** A value for each argument with which its command does what it is for: see `keys.ts` for the data. */
import type { ArgumentSpec } from "../../../src/command/spec.ts";

/** By the name of the argument, for all commands. */
const byName: Record<string, string> = {
  "seconds": "100000",
  "milliseconds": "100000000",
  "unix-time-seconds": "4102444800",
  "unix-time-milliseconds": "4102444800000",
  "timeout": "0.01",
  "start": "0",
  "stop": "-1",
  "end": "-1",
  "min": "0",
  "max": "5",
  "offset": "1",
  "count": "2",
  "limit": "1",
  "num-matches": "0",
  "cursor": "0",
  "index": "1",
  "index1": "0",
  "db": "1",
  "bit": "1",
  "weight": "2",
  "score": "2",
  "encoding": "u8",
  "longitude": "15",
  "latitude": "37",
  "radius": "200000",
  "width": "400000",
  "height": "400000",
  "member": "m1",
  "member1": "palermo",
  "member2": "catania",
  "field": "f1",
  "pivot": "1",
  "element": "1",
  "pattern": "*",
  "by-pattern": "nosort",
  "get-pattern": "#",
  "type": "string",
  "group": "g1",
  "consumer": "alice",
  "id": "1-1",
  "lastid": "1-1",
  "last-id": "99-1",
  "max-deleted-id": "1-1",
  "entries-added": "99",
  "entriesread": "1",
  "threshold": "2",
  "min-idle-time": "0",
  "ms": "1000",
  "client-id": "123456789",
  "username": "default",
  "protover": "2",
  "ttl": "100000",
  // the integer 10
  "serialized-value": "\x00\xc0\n\x0c\x00\xa5\xe9c\x85\xf4\x84\xfd\xf2",
};

/** Where another command wants another value for an argument of the same name. */
const byCommand: [pattern: RegExp, values: Record<string, string>][] = [
  [/^geo/, { member: "palermo" }],
  [/^setbit$/, { value: "1" }],
  [/^bitfield/, { value: "1" }],
  [/^xadd$/, { id: "99-1" }],
  [/^xgroup create$/, { group: "g2" }],
  [/^xread$/, { id: "0" }],
  [/^xreadgroup$/, { id: ">" }],
  [/^client pause$/, { timeout: "1" }],
  [/^xrevrange$/, { start: "-", end: "+" }],
  [/^xrange$|^xpending$/, { start: "-", end: "+" }],
  [/^bitcount|^bitpos/, { start: "0", end: "2" }],
];

/** `isLex`: among members by their bytes, which begin and end otherwise than scores. */
export function plainValue(command: string, { name }: ArgumentSpec, isLex: boolean): string {
  if (isLex && /^(start|min)$/.test(name)) return "-";
  if (isLex && /^(stop|max)$/.test(name)) return "+";
  const special = byCommand.find(([pattern, values]) => pattern.test(command) && name in values);
  return special?.[1][name] ?? byName[name] ?? "1";
}
