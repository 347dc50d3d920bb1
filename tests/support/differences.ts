/** Which sections of the transcripts are known to differ: those that tests/differences.md names. */

const path = new URL("../differences.md", import.meta.url);

/** The sections, as `family: title`. */
export function readDifferences(): Set<string> {
  const text = Deno.readTextFileSync(path);
  return new Set([...text.matchAll(/^- `([^`]+)`/gm)].map((match) => match[1]));
}
