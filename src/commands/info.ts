/**
 * INFO: chooses the sections and prints them. What is in a section is in `info_sections.ts`.
 */
import type { CommandContext } from "../command/context.ts";
import type { Handlers } from "../command/spec.ts";
import { type InfoSection, infoSections } from "./info_sections.ts";

function info(context: CommandContext): void {
  const parts = chooseSections(context).map(({ title, fields }) => {
    let text = `# ${title}\r\n`;
    for (const [name, value] of fields(context)) text += `${name}:${value}\r\n`;
    return text;
  });
  context.reply.verbatim("txt", parts.join("\r\n"));
}

/** The sections that the arguments name, in the order of the report; an unknown name adds none. */
function chooseSections({ args }: CommandContext): readonly InfoSection[] {
  const byDefault = infoSections.filter((section) => !section.onRequest);
  if (args.count === 1) return byDefault;
  const chosen = new Set<InfoSection>();
  for (let i = 1; i < args.count; i++) {
    const name = args.string(i).toLowerCase();
    if (name === "all" || name === "everything") return infoSections;
    const named = name === "default"
      ? byDefault
      : infoSections.filter(({ names }) => names.includes(name));
    for (const section of named) chosen.add(section);
  }
  return infoSections.filter((section) => chosen.has(section));
}

export const infoHandlers: Handlers = { info };
