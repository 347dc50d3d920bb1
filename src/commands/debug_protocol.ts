/** DEBUG PROTOCOL: one reply of each type that the protocol has, for the tests of client libraries. */
import type { CommandContext } from "../command/context.ts";
import { CommandError, errors } from "../resp/errors.ts";
import type { ReplyWriter } from "../resp/reply_writer.ts";

const examples = new Map<string, (reply: ReplyWriter) => void>(Object.entries({
  string: (reply) => reply.bulkString("Hello World"),
  integer: (reply) => reply.integer(12345),
  double: (reply) => reply.double(3.141),
  bignum: (reply) => reply.bigNumber(1234567999999999999999999999999999999n),
  null: (reply) => reply.null(),
  array: (reply) => replyZeroToTwo(reply, reply.array),
  set: (reply) => replyZeroToTwo(reply, reply.set),
  map: replyMap,
  attrib: replyAttribute,
  push: replyPush,
  verbatim: (reply) => reply.verbatim("txt", "This is a verbatim\nstring"),
  true: (reply) => reply.boolean(true),
  false: (reply) => reply.boolean(false),
}));

export function debugProtocol({ args, reply }: CommandContext): void {
  const example = examples.get(args.string(2).toLowerCase());
  if (example === undefined) throw new CommandError(errors.debugProtocolType);
  example(reply);
}

function replyZeroToTwo(reply: ReplyWriter, begin: (length: number) => void): void {
  begin.call(reply, 3);
  for (let i = 0; i < 3; i++) reply.integer(i);
}

function replyMap(reply: ReplyWriter): void {
  reply.map(3);
  for (let i = 0; i < 3; i++) {
    reply.integer(i);
    reply.boolean(i === 1);
  }
}

/** An attribute is no reply, so it is followed by one; RESP2 has no attributes. */
function replyAttribute(reply: ReplyWriter): void {
  if (reply.protocol === 3) {
    reply.attribute(1);
    reply.bulkString("key-popularity");
    reply.array(2);
    reply.bulkString("key:123");
    reply.integer(90);
  }
  reply.bulkString("Some real reply following the attribute");
}

/** A push is no reply either; one to the client of the running command comes behind its reply. */
function replyPush(reply: ReplyWriter): void {
  if (reply.protocol !== 3) throw new CommandError(errors.needsResp3);
  reply.bulkString("Some real reply following the push reply");
  reply.push(2);
  reply.bulkString("server-cpu-usage");
  reply.integer(42);
}
