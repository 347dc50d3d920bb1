/**
 * Which part of `src/` may import which: only what stands above it in this list. A part is a folder or a
 * file. A new folder takes its place here first.
 */
export const layers: readonly string[] = [
  // Leaves: they know nothing of Redis.
  "assert",
  "version",
  "limits",
  "clock",
  "random",
  "system_error",
  "storage",
  "log",
  // The engine and the protocol.
  "memory",
  "resp",
  "values",
  "config",
  "keyspace",
  // Who asks for commands, what these are, and how they run.
  "session",
  "observe",
  "persistence",
  "command",
  "commands",
  // The edges of the process.
  "client",
  "net",
  "cli",
  "server",
  "mod",
];

/** The layer of a file in `src/`, counted from the bottom; `undefined` where the list has none. */
export function layerOf(path: string): number | undefined {
  const [part] = path.replace(/^src\//, "").replace(/\.ts$/, "").split("/");
  const layer = layers.indexOf(part);
  return layer < 0 ? undefined : layer;
}
