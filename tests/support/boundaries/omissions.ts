/** What boundary values are not tried with, each with the reason. */
import type { Position } from "./positions.ts";

/** Commands that are left out. */
export const omittedCommands: Record<string, string> = {
  "debug": "its subcommands have no rows: they are for tests, not for clients",
  "shutdown": "it ends the server that is asked",
};

/** Directives that CONFIG SET is not tried with. */
export const omittedDirectives: Record<string, string> = {
  "port": "the server would listen elsewhere, on a port that may be another program's",
  "maxclients": "how many there can be depends on the limit of open files of whoever starts Redis",
  "proto-max-bulk-len": "beyond 512 MB it is refused: see tests/differences.md",
};

interface Omission {
  readonly why: string;
  /** The arguments that it is about. */
  readonly argument: RegExp;
  readonly isOmitted: (value: string, position: Position) => boolean;
}

const bitsMax = 64 * 1024 * 1024 * 8;
const bytesMax = bitsMax / 8;
const drawsMax = 1 << 20;

/** Values that are left out at some arguments. */
const omissions: Omission[] = [
  {
    why: "a negative count asks for so many draws, and for a reply of gigabytes",
    argument: /^(srandmember|hrandfield|zrandmember) count$/,
    isOmitted: (value) =>
      /^-\d+$/.test(value) && BigInt(value) < -drawsMax && BigInt(value) > -(2n ** 63n),
  },
  {
    why: "a bit so far away needs more than 64 MB of memory",
    argument: /^(setbit|bitfield (SET|INCRBY)) offset$/,
    isOmitted: (value) => Number(value) > bitsMax && Number(value) < 2 ** 32,
  },
  {
    why: "a byte so far away needs more than 64 MB of memory",
    argument: /^setrange offset$/,
    isOmitted: (value) => Number(value) > bytesMax && Number(value) < 512 * 1024 * 1024,
  },
  {
    why: "it may be the ID of the client that asks, which each server gives",
    argument: /client-id$/,
    isOmitted: (value) => Number(value) > 0 && Number(value) < 100,
  },
  {
    why: "its sum with the present time overflows in Redis: see tests/differences.md",
    argument: /^restore ttl$/,
    isOmitted: (value, { commands: [words] }) =>
      value === "9223372036854775807" && !words.includes("ABSTTL"),
  },
  {
    why: "the ID would be the present time",
    argument: /^xadd id$/,
    isOmitted: (value, { commands: [words] }) => value === "*" && words.includes("{value}"),
  },
];

/** Why a value is not tried at a position, if it isn't. */
export function omissionOf(value: string, position: Position): string | undefined {
  return omissions.find(({ argument, isOmitted }) =>
    argument.test(position.argument) && isOmitted(value, position)
  )?.why;
}
