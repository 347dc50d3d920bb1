/** The documents keep what they promise: examples run, links lead somewhere, names are in the source. */
import { assert, assertEquals } from "@std/assert";

const root = new URL("../", import.meta.url);

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, root));
}

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, root));
    return true;
  } catch {
    return false;
  }
}

/** What a piece of TypeScript prints. */
async function outputOf(code: string): Promise<string[]> {
  const lines: string[] = [];
  const { log } = console;
  console.log = (...values) => lines.push(values.map(String).join(" "));
  try {
    await import(`data:application/typescript,${encodeURIComponent(code)}`);
  } finally {
    console.log = log;
  }
  return lines;
}

for (const [, code] of read("README.md").matchAll(/^```ts\n(.*?)^```/gms)) {
  const expected = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);
  Deno.test(`the README's example prints ${expected.join(", ")}`, async () => {
    assert(expected.length > 0, "an example says what it prints");
    assertEquals(await outputOf(code), expected);
  });
}

for (const path of ["README.md", "src/README.md", "tests/compat/README.md"]) {
  Deno.test(`the links of ${path} lead somewhere`, () => {
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    const links = [...read(path).matchAll(/\]\(([^)#:]+)\)/g)].map(([, link]) => folder + link);
    assertEquals(links.filter((link) => !exists(link)), []);
  });
}

Deno.test("files that src/README.md names are there", () => {
  const paths = [...read("src/README.md").matchAll(/`([\w/]+\.ts)`/g)].map(([, path]) => path);
  assert(paths.length > 0);
  assertEquals(paths.filter((path) => !exists(`src/${path}`) && !exists(path)), []);
});

Deno.test("methods that src/README.md names are in the source", async () => {
  const classes = new Map<string, string>();
  for await (const path of sourceFiles("src/")) {
    const text = read(path);
    for (const [, name] of text.matchAll(/^export (?:abstract )?(?:class|interface) (\w+)/gm)) {
      classes.set(name, text);
    }
  }
  const names = [...read("src/README.md").matchAll(/`([A-Z]\w+)\.#?(\w+)`/g)];
  assert(names.length > 0);
  const wrong = names.filter(([, owner, member]) =>
    !new RegExp(`^  (?:\\w+ )*#?${member}\\b`, "m").test(classes.get(owner) ?? "")
  );
  assertEquals(wrong.map(([name]) => name), []);
});

async function* sourceFiles(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
    if (isDirectory) yield* sourceFiles(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield folder + name;
  }
}
