/**
 * `deno task tidy`: holds the repository to the conventions that no linter knows. The rules about the
 * inside of a file stand in `tidy/rules.ts`, the layers of `src/` in `tidy/layers.ts`; here are those
 * about names and places, and the walk over all files.
 */

import { type Project, rules } from "./tidy/rules.ts";
import { type Finding, Source } from "./tidy/source.ts";

/** What the repository holds at its top, besides dotfiles. */
const topLevel: readonly string[] = [
  "LICENSE",
  "README.md",
  "deno.json",
  "deno.lock",
  "main.ts",
  "scripts",
  "src",
  "tests",
];

const codeFolders = ["scripts/", "src/", "tests/"];

/** Names that are not ours to choose. */
const fixedNames = ["README.md"];

/** Where packages come from is for the machine's configuration to say, not for this repository. */
const registryHost = /\bregistry\.\w+\.\w+|\bnpmjs\.\w+|\bjsr\.io\b|\bdeno\.land\b|\besm\.sh\b/;

/** What breaks the conventions in the text of one file, whatever its kind. */
export function checkFile(path: string, text: string, project: Project): Finding[] {
  const findings = [...checkHosts(path, text)];
  if (path.endsWith(".ts")) {
    const source = new Source(path, text);
    for (const rule of rules) findings.push(...rule(source, project));
  }
  return findings;
}

function* checkHosts(path: string, text: string): Iterable<Finding> {
  for (const [i, line] of text.split("\n").entries()) {
    const host = registryHost.exec(line)?.[0];
    if (host === undefined || line.includes(registryHost.source)) continue;
    yield { path, line: i + 1, message: `"${host}": no package registry's host is named here` };
  }
}

/** Whether a path of the repository is written as the conventions have it. */
export function checkPath(path: string): Finding[] {
  if (!codeFolders.some((folder) => path.startsWith(folder))) return [];
  const odd = path.split("/").find((part) =>
    !/^[a-z0-9_]+(\.[a-z0-9_]+)*$/.test(part) && !fixedNames.includes(part)
  );
  return odd === undefined ? [] : [{ path, line: 1, message: `"${odd}" is not in snake_case` }];
}

/** What is missing from or strange at the top of the repository. */
export function checkTopLevel(names: readonly string[]): Finding[] {
  const strange = names.filter((name) => !name.startsWith(".") && !topLevel.includes(name));
  const missing = topLevel.filter((name) => !names.includes(name));
  return [
    ...strange.map((path) => ({ path, line: 1, message: "does not belong at the top level" })),
    ...missing.map((path) => ({ path, line: 1, message: "is missing" })),
  ];
}

/** Whether `.gitignore` leaves out a name; of its language, names and `*.extension` are enough. */
export function isIgnored(name: string, gitignore: string): boolean {
  return name === ".git" || gitignore.split("\n").some((line) => {
    const pattern = line.trim().replace(/\/$/, "");
    return pattern.startsWith("*.") ? name.endsWith(pattern.slice(1)) : name === pattern;
  });
}

async function* filesIn(folder: string, gitignore: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder || ".")) {
    if (isIgnored(name, gitignore)) continue;
    const path = folder + name;
    if (isDirectory) yield* filesIn(`${path}/`, gitignore);
    else yield path;
  }
}

/** The text of a file, or `undefined` where it is not text. */
async function readText(path: string): Promise<string | undefined> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

async function main(): Promise<void> {
  Deno.chdir(new URL("..", import.meta.url));
  const gitignore = await Deno.readTextFile(".gitignore");
  const project: Project = {
    dependencies: Object.keys(JSON.parse(await Deno.readTextFile("deno.json")).imports),
    differences: await Deno.readTextFile("tests/differences.md").catch(() => ""),
  };

  const paths = (await Array.fromAsync(filesIn("", gitignore))).sort();
  const findings = checkTopLevel([...new Set(paths.map((path) => path.split("/")[0]))]);
  for (const path of paths) {
    findings.push(...checkPath(path));
    const text = await readText(path);
    if (text !== undefined) findings.push(...checkFile(path, text, project));
  }

  for (const { path, line, message } of findings) console.error(`${path}:${line}: ${message}`);
  console.log(`tidy: ${paths.length} files, ${findings.length} findings`);
  if (findings.length > 0) Deno.exit(1);
}

if (import.meta.main) await main();
