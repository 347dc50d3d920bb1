/** The transcripts there are: one family of commands per pair of files under tests/compat/. */
import { parseCommands, parseReplies, type Played, type Section } from "./transcript.ts";

const folder = new URL("../compat/", import.meta.url);

export interface Family {
  name: string;
  sections: Section[];
}

/** All families in the order of their names, or those named. */
export function readFamilies(only: string[] = []): Family[] {
  const names = [...Deno.readDirSync(folder)]
    .filter((entry) => entry.name.endsWith(".commands"))
    .map((entry) => entry.name.slice(0, -".commands".length))
    .filter((name) => only.length === 0 || only.includes(name))
    .sort();
  return names.map((name) => ({
    name,
    sections: parseCommands(Deno.readTextFileSync(new URL(`${name}.commands`, folder))),
  }));
}

/** What real Redis answered to a family, by section title. */
export function readReplies(family: string): Map<string, Played[]> {
  return parseReplies(Deno.readTextFileSync(new URL(`${family}.replies`, folder)));
}

export function writeReplies(family: string, replies: string): void {
  Deno.writeTextFileSync(new URL(`${family}.replies`, folder), replies);
}
