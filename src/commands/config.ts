/** CONFIG: the directives of `config/directives.ts` read, changed and written back to their file. */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { ProtectedAction } from "../config/config.ts";
import { rewriteFile } from "../config/rewrite.ts";
import { CommandError, errors, rewriteFailed } from "../resp/errors.ts";
import { systemErrorText } from "../system_error.ts";
import { replyHelp } from "./help.ts";

/** The arguments from `from` on, as texts. */
function textsFrom({ args }: CommandContext, from: number): string[] {
  return Array.from({ length: args.count - from }, (_, i) => args.string(from + i));
}

function configGet(context: CommandContext): void {
  const { reply, server } = context;
  const found = server.config.match(textsFrom(context, 2));
  reply.map(found.size);
  for (const [name, text] of found) {
    reply.bulkString(name);
    reply.bulkString(text);
  }
}

function configSet(context: CommandContext): void {
  const { args, reply, server } = context;
  if (args.count % 2 !== 0) throw new CommandError(errors.syntax);
  const texts = textsFrom(context, 2);
  const pairs = Array.from(
    { length: texts.length / 2 },
    (_, i) => [texts[2 * i], texts[2 * i + 1]] as const,
  );
  server.config.set(pairs, maySetProtected(context));
  reply.ok();
}

/** Whether `enable-protected-configs` lets this client set protected directives. */
function maySetProtected({ client, server }: CommandContext): boolean {
  const { enableProtectedConfigs } = server.config.values;
  if (enableProtectedConfigs === ProtectedAction.Yes) return true;
  return enableProtectedConfigs === ProtectedAction.Local &&
    (client.link.loopback || client.link.unix);
}

function configResetStat({ reply, server }: CommandContext): void {
  server.stats.reset();
  server.commandStats.reset();
  server.keyspace.stats.reset();
  server.keyspace.reclaimer.doneCount = 0;
  server.expirer.stats.reset();
  server.evictor.stats.reset();
  reply.ok();
}

function configRewrite({ reply, server }: CommandContext): void {
  const { config, log } = server;
  if (config.file === null) throw new CommandError(errors.noConfigFile);
  try {
    rewriteFile(config.file, config);
  } catch (error) {
    const reason = systemErrorText(error);
    log.warning(`CONFIG REWRITE failed: ${reason}`);
    throw new CommandError(rewriteFailed(reason));
  }
  log.notice("CONFIG REWRITE executed with success.");
  reply.ok();
}

function configHelp(context: CommandContext): void {
  replyHelp(context, [
    "GET <pattern>",
    "    Return parameters matching the glob-like <pattern> and their values.",
    "SET <directive> <value>",
    "    Set the configuration <directive> to <value>.",
    "RESETSTAT",
    "    Reset statistics reported by the INFO command.",
    "REWRITE",
    "    Rewrite the configuration file.",
  ]);
}

export const configHandlers: Handlers = {
  "config|get": configGet,
  "config|set": configSet,
  "config|resetstat": configResetStat,
  "config|rewrite": configRewrite,
  "config|help": configHelp,
};
