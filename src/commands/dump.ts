/** DUMP: values as bytes that can be kept elsewhere, in Redis as well. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";

function dump({ args, database, reply, server }: CommandContext): void {
  const record = database.lookupRead(args.buffer, args.starts[1], args.ends[1]);
  if (record === 0) return reply.null();
  const { rdbcompression } = server.config.values;
  const payload = server.payloadWriter.write(record, rdbcompression);
  reply.bulk(payload, 0, payload.length);
}

export const dumpHandlers: Handlers = { dump };
