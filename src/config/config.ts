/** First shape of the configuration, for others to compile against; the directives follow. */
import { ConfigValues } from "./values.ts";

export * from "./values.ts";

/** A value that a directive refuses; the message says why, in Redis' words. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** The name of a field of `ConfigValues`. */
export type ConfigField = keyof ConfigValues;

export class Config {
  readonly values: ConfigValues = new ConfigValues();
  /** Absolute path of the file that was read at start, and that CONFIG REWRITE writes. */
  file: string | null = null;

  /** Text of a directive as CONFIG GET answers it. */
  get(_name: string): string | undefined {
    return undefined;
  }

  /** Sets several directives, all or none. */
  set(_pairs: readonly (readonly [name: string, value: string])[]): void {}

  /**
   * Calls `apply` after one of `fields` has changed by CONFIG SET. It may throw `ConfigError`, which
   * undoes the whole CONFIG SET and is its reply.
   */
  onChange(_fields: readonly ConfigField[], _apply: () => void): void {}
}
