/** The connection itself: AUTH, HELLO, SELECT, PING and the like. CLIENT is in `client.ts`. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import type { Arguments } from "../resp/arguments.ts";
import { CommandError, errors, helloSyntax, wrongArity } from "../resp/errors.ts";
import { ReplyMode } from "../session/client.ts";
import { redisVersion } from "../version.ts";
import { setClientName } from "./client.ts";

/** The only user there is; its name is matched exactly. */
const defaultUser = "default";

const encoder = new TextEncoder();

/** Whether two byte strings are equal, in a time that does not tell where they differ. */
function equalsInConstantTime(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length;
  for (let i = 0; i < left.length; i++) {
    difference |= left[i] ^ right[i % Math.max(1, right.length)];
  }
  return difference === 0;
}

/** Logs the client in, or throws; `user` and `password` are positions of arguments. */
function authenticate(context: CommandContext, user: number | null, password: number): void {
  const { args, client, server } = context;
  const { requirepass } = server.config.values;
  const known = user === null || args.string(user) === defaultUser;
  // without a password the default user takes any
  const accepted = requirepass === "" ||
    equalsInConstantTime(args.bytes(password), encoder.encode(requirepass));
  if (!known || !accepted) {
    server.stats.authenticationFailures++;
    throw new CommandError(errors.wrongPassword);
  }
  client.authenticated = true;
}

function auth(context: CommandContext): void {
  const { args, server } = context;
  if (args.count > 3) throw new CommandError(errors.syntax);
  if (args.count === 2 && server.config.values.requirepass === "") {
    throw new CommandError(errors.noPasswordSet);
  }
  if (args.count === 2) authenticate(context, null, 1);
  else authenticate(context, 1, 2);
  context.reply.ok();
}

/** What HELLO asks for; positions of arguments, null where an option is absent. */
interface HelloRequest {
  protocol: number | null;
  user: number | null;
  name: number | null;
}

function parseHello(args: Arguments): HelloRequest {
  const request: HelloRequest = { protocol: null, user: null, name: null };
  if (args.count === 1) return request;
  const notInteger = "ERR Protocol version is not an integer or out of range";
  request.protocol = args.quantity(1, undefined, notInteger);
  if (request.protocol < 2 || request.protocol > 3) throw new CommandError(errors.noProtocol);
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, "AUTH") && i + 2 < args.count) {
      request.user = i + 1;
      i += 2;
    } else if (args.is(i, "SETNAME") && i + 1 < args.count) {
      request.name = i + 1;
      i += 1;
    } else {
      throw new CommandError(helloSyntax(args.cString(i)));
    }
  }
  return request;
}

function hello(context: CommandContext): void {
  const { args, client, reply } = context;
  const request = parseHello(args);
  if (request.user !== null) authenticate(context, request.user, request.user + 1);
  if (!client.authenticated) throw new CommandError(errors.helloUnauthenticated);
  if (request.name !== null) setClientName(client, args, request.name);
  if (request.protocol !== null) client.reply.protocol = request.protocol;
  reply.map(7);
  reply.bulkString("server");
  reply.bulkString("redis");
  reply.bulkString("version");
  reply.bulkString(redisVersion);
  reply.bulkString("proto");
  reply.integer(reply.protocol);
  reply.bulkString("id");
  reply.integer(client.id);
  reply.bulkString("mode");
  reply.bulkString("standalone");
  reply.bulkString("role");
  reply.bulkString("master");
  reply.bulkString("modules");
  reply.array(0);
}

function ping({ args, client, reply }: CommandContext): void {
  if (args.count > 2) throw new CommandError(wrongArity("ping"));
  if (client.subscriptions !== null && reply.protocol === 2) {
    // a subscriber expects arrays
    reply.array(2);
    reply.bulkString("pong");
    if (args.count === 1) reply.bulkString("");
    else reply.bulk(args.buffer, args.starts[1], args.ends[1]);
  } else if (args.count === 1) reply.simpleString("PONG");
  else reply.bulk(args.buffer, args.starts[1], args.ends[1]);
}

function echo({ args, reply }: CommandContext): void {
  reply.bulk(args.buffer, args.starts[1], args.ends[1]);
}

function select(context: CommandContext): void {
  const { databases } = context.server.keyspace;
  const index = context.args.int32(1);
  if (index < 0 || index >= databases.length) throw new CommandError(errors.databaseOutOfRange);
  context.client.database = databases[index];
  context.reply.ok();
}

function quit({ client, reply }: CommandContext): void {
  reply.ok();
  client.closing = true;
}

/** Back to what a new connection is. */
function reset(context: CommandContext): void {
  const { client, server } = context;
  server.clients.monitors.delete(client);
  server.pubsub.unsubscribeAll(client);
  server.tracking.disable(client);
  client.monitoring = false;
  client.transaction = null;
  server.watchedKeys.unwatch(client);
  client.database = server.keyspace.databases[0];
  client.name = "";
  client.noEvict = false;
  client.noTouch = false;
  client.replyMode = ReplyMode.On;
  client.reply.protocol = 2;
  client.authenticated = server.config.values.requirepass === "";
  context.reply.simpleString("RESET");
}

export const connectionHandlers: Handlers = { auth, echo, hello, ping, quit, reset, select };
