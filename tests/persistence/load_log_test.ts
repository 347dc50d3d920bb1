/** What the log says of files that are loaded, or can't be: the lines of Redis 8.0.2 with the same files. */
import { assertEquals } from "@std/assert";
import { ManualClock } from "../../src/clock.ts";
import { encodeCommand } from "../../src/client/client.ts";
import { Server } from "../../src/server.ts";
import { configFrom, keptLog } from "../net/support.ts";
import { SimulatedStorage } from "../support/simulated_storage.ts";
import { bytesOf } from "../support/wire_connection.ts";

const folder = "/data/appendonlydir";
const increment = "appendonly.aof.1.incr.aof";
const base = "appendonly.aof.1.base.rdb";
const incrementLine = `file ${increment} seq 1 type i\n`;
const baseLine = `file ${base} seq 1 type b\n`;
const fix = "./redis-check-aof --fix <filename.manifest>";
const opening = `* Opening AOF incr file ${increment} on server start`;
const seconds = "0.000 seconds";
const loaded = [
  `* DB loaded from incr file ${increment}: ${seconds}`,
  `* DB loaded from append only file: ${seconds}`,
  opening,
];

const shortRead = "# Short read or OOM loading DB. Unrecoverable error, aborting now.";

const encoder = new TextEncoder();

function commands(...lines: string[]): string {
  return lines.map((line) => new TextDecoder().decode(encodeCommand(line.split(" ")))).join("");
}

const good = commands("SELECT 0", "SET a 1");
const cut = good + commands("SET b 2").slice(0, -5);

interface Case {
  readonly name: string;
  readonly manifest?: string;
  readonly increment?: string;
  readonly config?: readonly string[];
  readonly snapshot?: string;
  readonly lines: readonly string[];
}

const unexpectedEnd =
  `# Unexpected end of file reading the append only file ${increment}. You can: 1) Make a backup ` +
  `of your AOF file, then use ${fix}. 2) Alternatively you can set the 'aof-load-truncated' ` +
  "configuration option to yes and restart the server.";

const cutOff = [
  `# !!! Warning: short read while loading the AOF file ${increment}!!!`,
  `# !!! Truncating the AOF ${increment} at offset ${good.length} !!!`,
  `# AOF ${increment} loaded anyway because aof-load-truncated is enabled`,
  ...loaded,
];

const badFormat = `# Bad file format reading the append only file ${increment}: make a backup of ` +
  `your AOF file, then use ${fix}`;

const fatal = "# \n*** FATAL AOF MANIFEST FILE ERROR ***";

const cases: readonly Case[] = [
  { name: "a log", increment: good, lines: loaded },
  { name: "an empty log", increment: "", lines: loaded.slice(1) },
  { name: "a log that is cut off", increment: cut, lines: cutOff },
  {
    name: "a log that is cut off, where that is not allowed",
    increment: cut,
    config: ["aof-load-truncated no"],
    lines: [unexpectedEnd],
  },
  {
    name: "a transaction without its end",
    increment: good + commands("MULTI", "SET b 2"),
    lines: [`# Revert incomplete MULTI/EXEC transaction in AOF file ${increment}`, ...cutOff],
  },
  { name: "what is no command", increment: `${good}hello\r\n${good}`, lines: [badFormat] },
  {
    name: "an unknown command",
    increment: good + commands("FOOBAR x"),
    lines: [`# Unknown command 'FOOBAR' reading the append only file ${increment}`],
  },
  {
    name: "a command that fails",
    increment: good + commands("LPUSH a x"),
    lines: [
      "# == CRITICAL == This server is sending an error to its AOF-loading-client: '-WRONGTYPE " +
      "Operation against a key holding the wrong kind of value' after processing the command " +
      "'lpush'",
      ...loaded,
    ],
  },
  {
    name: "commands that fail with other errors",
    increment: good + commands("SELECT x", "SET a 1 BOGUS"),
    lines: [
      "# == CRITICAL == This server is sending an error to its AOF-loading-client: 'value is not an " +
      "integer or out of range' after processing the command 'select'",
      "# == CRITICAL == This server is sending an error to its AOF-loading-client: '-ERR syntax " +
      "error' after processing the command 'set'",
      ...loaded,
    ],
  },
  {
    name: "a file of commands that is missing",
    lines: [`# Unable to obtain the AOF file ${increment} length. stat: No such file or directory`],
  },
  {
    name: "a base that is missing",
    manifest: baseLine + incrementLine,
    increment: good,
    lines: [`# Unable to obtain the AOF file ${base} length. stat: No such file or directory`],
  },
  { name: "an empty manifest", manifest: "", lines: [fatal, "# Found an empty AOF manifest"] },
  {
    name: "a manifest with a line that is wrong",
    manifest: `${incrementLine}file a seq x\n`,
    lines: [
      fatal,
      "# Reading the manifest file, at line 2",
      "# >>> 'file a seq x'",
      "# Invalid AOF manifest file format",
    ],
  },
  {
    name: "a manifest of which the end is missing",
    manifest: incrementLine.slice(0, -1),
    lines: [fatal, "# The AOF manifest file contains too long line"],
  },
  {
    name: "a snapshot that is none",
    snapshot: "HELLO there",
    config: ["appendonly no"],
    lines: [
      "# Wrong signature trying to load DB from file",
      "# Fatal error loading the DB, check server logs. Exiting.",
    ],
  },
  {
    name: "a snapshot of a later version",
    snapshot: "REDIS0099",
    config: ["appendonly no"],
    lines: [
      "# Can't handle RDB format version 99",
      "# Fatal error loading the DB, check server logs. Exiting.",
    ],
  },
  {
    name: "a snapshot whose version is no number",
    snapshot: "REDISabcd",
    config: ["appendonly no"],
    lines: [
      "# Can't handle RDB format version 0",
      "# Fatal error loading the DB, check server logs. Exiting.",
    ],
  },
  {
    name: "an empty snapshot",
    snapshot: "",
    config: ["appendonly no"],
    lines: [shortRead, "# Internal error in RDB reading offset 0 -> an unexpected end"],
  },
  {
    name: "a snapshot with a database that there is not",
    snapshot: "REDIS0011\xfe\x10",
    config: ["appendonly no"],
    lines: [
      "# FATAL: Data file was created with a Redis server configured to handle more than 16 " +
      "databases. Exiting",
      "# Internal error in RDB reading offset 11 -> database 16 where the server has 16",
    ],
  },
  {
    name: "a snapshot with a key twice",
    snapshot: "REDIS0011\0\x01k\x01v\0\x01k\x01v\xff" + "\0".repeat(8),
    config: ["appendonly no"],
    lines: [
      "# RDB has duplicated key 'k' in DB 0",
      "# Internal error in RDB reading offset 20 -> key 'k' is there already",
    ],
  },
  {
    name: "a snapshot without a checksum, from a time that is no number",
    snapshot: "REDIS0011\xfa\x05ctime\x04soon\xfa\x08used-mem\x01x\xfa\x02%x\x02\xc3\xa4\xff" +
      "\0".repeat(8),
    config: ["appendonly no"],
    lines: [
      "* RDB age 1767225600 seconds",
      "* RDB memory usage when created 0.00 Mb",
      "* RDB '%x': ä",
      "* RDB file was saved with checksum disabled: no check performed.",
      "* Done loading RDB, keys loaded: 0, keys expired: 0.",
      `* DB loaded from disk: ${seconds}`,
    ],
  },
  {
    name: "a snapshot that says where it comes from, and is cut off",
    snapshot: "REDIS0011\xfa\x09redis-ver\x057.2.4\xfa\x08used-mem\x071000000\xfa\x08aof-base\x011",
    config: ["appendonly no"],
    lines: [
      "* Loading RDB produced by version 7.2.4",
      "* RDB memory usage when created 0.95 Mb",
      "* RDB is base AOF",
      shortRead,
      "# Internal error in RDB reading offset 56 -> an unexpected end",
    ],
  },
];

/** The lines that a start logs with these files, before it serves or ends. */
async function linesOf(storage: SimulatedStorage, lines: readonly string[]): Promise<string[]> {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const logged: string[] = [];
  const config = configFrom("/data", ["bind 127.0.0.1", "save ''", "appendonly yes", ...lines]);
  const server = new Server({ clock, config, port: 0, log: keptLog(clock, logged), storage });
  await server.start().catch(() => {});
  const told = logged.slice();
  await server.stop();
  return told.filter((line) => !/Running mode|Server initialized|Ready to accept/.test(line));
}

for (
  const { name, manifest = incrementLine, increment: content, config, snapshot, lines } of cases
) {
  Deno.test(`the log tells of ${name}`, async () => {
    const storage = new SimulatedStorage();
    const put = (path: string, text: string) => storage.put(path, bytesOf(text));
    if (snapshot !== undefined) put("/data/dump.rdb", snapshot);
    else put(`${folder}/appendonly.aof.manifest`, manifest);
    if (content !== undefined) storage.put(`${folder}/${increment}`, encoder.encode(content));
    assertEquals(await linesOf(storage, config ?? []), lines);
  });
}
