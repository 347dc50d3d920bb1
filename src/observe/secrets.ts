/**
 * Which arguments of a request are secret, so that nothing that shows requests to people (MONITOR, the
 * slow log) shows them: the same ones as in Redis.
 */
import { findDirective } from "../config/directives.ts";
import type { Arguments } from "../resp/arguments.ts";

/** What is shown in place of a secret. */
export const redacted = "(redacted)";

const none: ReadonlySet<number> = new Set();

/** Positions of the secret arguments of a request that has run. */
export function secretArguments(args: Arguments): ReadonlySet<number> {
  if (args.is(0, "AUTH")) return args.count > 3 ? none : new Set([1, 2]);
  if (args.is(0, "HELLO")) return helloSecrets(args);
  if (args.is(0, "CONFIG") && args.count > 1 && args.is(1, "SET")) return configSecrets(args);
  return none;
}

/** The user and the password of HELLO's AUTH option, looked for as HELLO itself does. */
function helloSecrets(args: Arguments): ReadonlySet<number> {
  let i = 2;
  while (i < args.count) {
    if (args.is(i, "AUTH") && i + 2 < args.count) return new Set([i + 1, i + 2]);
    if (!args.is(i, "SETNAME")) return none;
    i += 2;
  }
  return none;
}

/** The values of directives that hold a password. */
function configSecrets(args: Arguments): ReadonlySet<number> {
  const secrets = new Set<number>();
  for (let i = 2; i + 1 < args.count; i += 2) {
    if (findDirective(args.string(i))?.sensitive) secrets.add(i + 1);
  }
  return secrets;
}
