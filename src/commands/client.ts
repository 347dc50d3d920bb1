/** CLIENT: who is connected, what is known of each, and what the caller wants to be. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors, unknownSubcommandOrArity } from "../resp/errors.ts";
import { addInt64, type Int64 } from "../resp/numbers.ts";
import { type Client, ReplyMode } from "../session/client.ts";
import { describeClient } from "../session/client_info.ts";
import { clientTrackingHandlers } from "./client_tracking.ts";
import { replyHelp } from "./help.ts";

/** Classes of clients that CLIENT LIST and KILL know; of some there are no members yet. */
const clientTypes = ["NORMAL", "MASTER", "REPLICA", "SLAVE", "PUBSUB"];

/** Whether argument `i`, up to a NUL, can stand in a line of CLIENT LIST: visible ASCII. */
function isVisibleAscii(args: Arguments, i: number): boolean {
  return /^[!-~]*$/.test(args.cString(i));
}

/** Names a client; an empty name takes its name away. */
export function setClientName(client: Client, args: Arguments, i: number): void {
  if (!isVisibleAscii(args, i)) throw new CommandError(errors.clientName);
  client.name = args.string(i);
}

function setName({ args, client, reply }: CommandContext): void {
  setClientName(client, args, 2);
  reply.ok();
}

function getName({ client, reply }: CommandContext): void {
  if (client.name === "") reply.null();
  else reply.bulkString(client.name);
}

function setInfo({ args, client, reply }: CommandContext): void {
  const isName = args.is(2, "LIB-NAME");
  const attribute = args.cString(2);
  if (!isName && !args.is(2, "LIB-VER")) {
    throw new CommandError(`ERR Unrecognized option '${attribute}'`);
  }
  if (!isVisibleAscii(args, 3)) {
    throw new CommandError(
      `ERR ${attribute} cannot contain spaces, newlines or special characters.`,
    );
  }
  if (isName) client.libraryName = args.string(3);
  else client.libraryVersion = args.string(3);
  reply.ok();
}

/** Argument `i` as one of `clientTypes`. */
function parseType(args: Arguments, i: number): string {
  const type = clientTypes.find((name) => args.is(i, name));
  if (type === undefined) throw new CommandError(`ERR Unknown client type '${args.cString(i)}'`);
  return type;
}

function isOfType(client: Client, type: string): boolean {
  return client.clientClass.toUpperCase() === type;
}

function list(context: CommandContext): void {
  const { args, reply, server } = context;
  const { nowMs } = server.keyspace;
  let chosen: Iterable<Client> = server.clients;
  if (args.count === 4 && args.is(2, "TYPE")) {
    const type = parseType(args, 3);
    chosen = [...server.clients].filter((client) => isOfType(client, type));
  } else if (args.count > 3 && args.is(2, "ID")) {
    const found: Client[] = [];
    for (let i = 3; i < args.count; i++) {
      const client = server.clients.byId(args.quantity(i, undefined, errors.clientId));
      if (client !== undefined) found.push(client);
    }
    chosen = found;
  } else if (args.count !== 2) {
    throw new CommandError(errors.syntax);
  }
  let text = "";
  for (const client of chosen) text += describeClient(client, server.watchedKeys, nowMs) + "\n";
  reply.verbatim("txt", text);
}

function info({ client, reply, server }: CommandContext): void {
  reply.verbatim("txt", describeClient(client, server.watchedKeys, server.keyspace.nowMs) + "\n");
}

/** Which clients CLIENT KILL ends: those that every given option fits. */
interface KillFilter {
  id: Int64 | null;
  address: string | null;
  localAddress: string | null;
  type: string | null;
  ageSecondsMin: Int64 | null;
  skipMe: boolean;
}

const everyClient: KillFilter = {
  id: null,
  address: null,
  localAddress: null,
  type: null,
  ageSecondsMin: null,
  skipMe: true,
};

function parseKill(args: Arguments): KillFilter {
  const filter = { ...everyClient };
  for (let i = 2; i < args.count; i += 2) {
    if (i + 1 === args.count) throw new CommandError(errors.syntax);
    if (args.is(i, "ID")) {
      filter.id = positive(args, i + 1, "ERR client-id should be greater than 0");
    } else if (args.is(i, "MAXAGE")) {
      const notInteger = "ERR maxage is not an integer or out of range";
      filter.ageSecondsMin = positive(
        args,
        i + 1,
        "ERR maxage should be greater than 0",
        notInteger,
      );
    } else if (args.is(i, "TYPE")) {
      filter.type = parseType(args, i + 1);
    } else if (args.is(i, "ADDR")) {
      filter.address = args.string(i + 1);
    } else if (args.is(i, "LADDR")) {
      filter.localAddress = args.string(i + 1);
    } else if (args.is(i, "USER")) {
      if (args.string(i + 1) !== "default") {
        throw new CommandError(`ERR No such user '${args.cString(i + 1)}'`);
      }
    } else if (args.is(i, "SKIPME") && (args.is(i + 1, "YES") || args.is(i + 1, "NO"))) {
      filter.skipMe = args.is(i + 1, "YES");
    } else {
      throw new CommandError(errors.syntax);
    }
  }
  return filter;
}

/** Argument `i` as an integer above 0. */
function positive(args: Arguments, i: number, message: string, notInteger = message): Int64 {
  const value = args.int64(i, notInteger);
  if (value <= 0) throw new CommandError(message);
  return value;
}

function fits(client: Client, filter: KillFilter, nowMs: number): boolean {
  const ageSeconds = Math.floor(nowMs / 1000) - Math.floor(client.createdAtMs / 1000);
  return (filter.id === null || client.id === filter.id) &&
    (filter.address === null || client.link.peer === filter.address) &&
    (filter.localAddress === null || client.link.local === filter.localAddress) &&
    (filter.type === null || isOfType(client, filter.type)) &&
    (filter.ageSecondsMin === null || ageSeconds >= filter.ageSecondsMin);
}

function kill(context: CommandContext): void {
  const { args, client: self, reply, server } = context;
  const isOldForm = args.count === 3;
  const filter = isOldForm
    ? { ...everyClient, address: args.string(2), skipMe: false }
    : parseKill(args);
  let killed = 0;
  for (const client of [...server.clients]) {
    if (!fits(client, filter, server.keyspace.nowMs) || (client === self && filter.skipMe)) {
      continue;
    }
    killed++;
    // the caller still gets this reply
    if (client === self) client.closing = true;
    else client.link.close();
  }
  if (!isOldForm) reply.integer(killed);
  else if (killed === 0) throw new CommandError(errors.noSuchClient);
  else reply.ok();
}

function pause(context: CommandContext): void {
  const { args, reply, server } = context;
  if (args.count > 4) throw new CommandError(unknownSubcommandOrArity(args.cString(1), "CLIENT"));
  if (args.count === 4 && !args.is(3, "WRITE") && !args.is(3, "ALL")) {
    throw new CommandError("ERR CLIENT PAUSE mode must be WRITE or ALL");
  }
  const timeoutMs = args.int64(2, errors.timeoutNotInteger);
  if (timeoutMs < 0) throw new CommandError("ERR timeout is negative");
  const untilMs = addInt64(timeoutMs, server.keyspace.nowMs);
  if (untilMs === null) throw new CommandError("ERR timeout is out of range");
  server.pause.begin(Number(untilMs), args.count === 4 && args.is(3, "WRITE"));
  reply.ok();
}

function unblock({ args, reply, server }: CommandContext): void {
  if (args.count > 4) throw new CommandError(unknownSubcommandOrArity(args.cString(1), "CLIENT"));
  const isError = args.count === 4 && args.is(3, "ERROR");
  if (args.count === 4 && !isError && !args.is(3, "TIMEOUT")) {
    throw new CommandError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  const client = server.clients.byId(Number(args.int64(2)));
  const isUnblocked = client !== undefined &&
    server.runner.unblock(client, isError ? errors.unblocked : null);
  reply.integer(isUnblocked ? 1 : 0);
}

function replyTo({ args, client, reply }: CommandContext): void {
  if (args.is(2, "ON")) {
    client.replyMode = ReplyMode.On;
    reply.ok();
  } else if (args.is(2, "OFF")) {
    client.replyMode = ReplyMode.Off;
  } else if (args.is(2, "SKIP")) {
    if (client.replyMode !== ReplyMode.Off) client.replyMode = ReplyMode.SkipNext;
  } else {
    throw new CommandError(errors.syntax);
  }
}

/** Argument 2 as ON or OFF. */
function onOrOff(args: Arguments): boolean {
  if (!args.is(2, "ON") && !args.is(2, "OFF")) throw new CommandError(errors.syntax);
  return args.is(2, "ON");
}

const helpLines = [
  "CACHING (YES|NO)",
  "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
  "GETREDIR",
  "    Return the client ID we are redirecting to when tracking is enabled.",
  "GETNAME",
  "    Return the name of the current connection.",
  "ID",
  "    Return the ID of the current connection.",
  "INFO",
  "    Return information about the current client connection.",
  "KILL <ip:port>",
  "    Kill connection made from <ip:port>.",
  "KILL <option> <value> [<option> <value> [...]]",
  "    Kill connections. Options are:",
  "    * ADDR (<ip:port>|<unixsocket>:0)",
  "      Kill connections made from the specified address",
  "    * LADDR (<ip:port>|<unixsocket>:0)",
  "      Kill connections made to specified local address",
  "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
  "      Kill connections by type.",
  "    * USER <username>",
  "      Kill connections authenticated by <username>.",
  "    * SKIPME (YES|NO)",
  "      Skip killing current connection (default: yes).",
  "    * ID <client-id>",
  "      Kill connections by client id.",
  "    * MAXAGE <maxage>",
  "      Kill connections older than the specified age.",
  "LIST [options ...]",
  "    Return information about client connections. Options:",
  "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
  "      Return clients of specified type.",
  "UNPAUSE",
  "    Stop the current client pause, resuming traffic.",
  "PAUSE <timeout> [WRITE|ALL]",
  "    Suspend all, or just write, clients for <timeout> milliseconds.",
  "REPLY (ON|OFF|SKIP)",
  "    Control the replies sent to the current connection.",
  "SETNAME <name>",
  "    Assign the name <name> to the current connection.",
  "SETINFO <option> <value>",
  "    Set client meta attr. Options are:",
  "    * LIB-NAME: the client lib name.",
  "    * LIB-VER: the client lib version.",
  "UNBLOCK <clientid> [TIMEOUT|ERROR]",
  "    Unblock the specified blocked client.",
  "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
  "         [OPTIN] [OPTOUT] [NOLOOP]",
  "    Control server assisted client side caching.",
  "TRACKINGINFO",
  "    Report tracking status for the current connection.",
  "NO-EVICT (ON|OFF)",
  "    Protect current client connection from eviction.",
  "NO-TOUCH (ON|OFF)",
  "    Will not touch LRU/LFU stats when this mode is on.",
];

export const clientHandlers: Handlers = {
  ...clientTrackingHandlers,
  "client|getname": getName,
  "client|help": (context) => replyHelp(context, helpLines),
  "client|id": ({ client, reply }) => reply.integer(client.id),
  "client|info": info,
  "client|kill": kill,
  "client|list": list,
  "client|no-evict": ({ args, client, reply }) => {
    client.noEvict = onOrOff(args);
    reply.ok();
  },
  "client|no-touch": ({ args, client, reply }) => {
    client.noTouch = onOrOff(args);
    reply.ok();
  },
  "client|pause": pause,
  "client|reply": replyTo,
  "client|setinfo": setInfo,
  "client|setname": setName,
  "client|unblock": unblock,
  "client|unpause": ({ reply, server }) => {
    server.pause.end();
    reply.ok();
  },
};
