/**
 * The rules that CONVENTIONS calls bans, one function each, from a source file to what it breaks there.
 * What a linter for everybody already checks is left to `deno lint`.
 */

import ts from "typescript";
import { layerOf, layers } from "./layers.ts";
import type { Finding, Source } from "./source.ts";

/** What the rules need to know of the project around a file. */
export interface Project {
  /** The names that `deno.json` lists as imports. */
  dependencies: readonly string[];
  /** The text of `tests/differences.md`, where what is left to do has a name. */
  differences: string;
}

type Rule = (source: Source, project: Project) => Iterable<Finding>;

const fileLinesMax = 800;
const functionLinesMax = 70;
const headerLettersMin = 20;

/** Where the data lives: a command that waits here would no longer be atomic. */
const synchronousFolders = ["src/commands", "src/values", "src/keyspace", "src/memory"];

/** What comes from the machine, and the files of `src/` that may ask it. */
const machineAccess: Record<string, readonly string[]> = {
  "Date.now": ["src/clock.ts"],
  "new Date": ["src/clock.ts"],
  "performance.now": ["src/clock.ts"],
  "setTimeout": ["src/clock.ts"],
  "setInterval": ["src/clock.ts"],
  "setImmediate": ["src/clock.ts"],
  "Math.random": ["src/random.ts"],
  "crypto.getRandomValues": ["src/random.ts"],
  "crypto.randomUUID": ["src/random.ts"],
};

/** Modules of Deno's Node layer that stand for nothing Deno itself offers. */
const nodeModules = [
  "node:assert",
  "node:buffer",
  "node:crypto",
  "node:os",
  "node:path",
  "node:process",
  "node:timers",
  "node:timers/promises",
  "node:util",
];

/** Dependencies for the server itself; the others serve tests and scripts. */
const sourceDependencies = ["@std/async", "@std/cli", "@std/streams"];

const standInFolder = "scripts/std";

/** Every rule about the inside of a TypeScript file. */
export const rules: readonly Rule[] = [
  bansAsync,
  bansMachineAccess,
  bansAny,
  bansComputedRegExp,
  bansSpreadArguments,
  bansPrivateKeyword,
  checksImports,
  checksImportDirection,
  checksHeader,
  checksFileLength,
  checksFunctionLength,
  checksTodo,
];

function* bansAsync(source: Source): Iterable<Finding> {
  if (!source.isIn(...synchronousFolders)) return;
  for (const node of source.nodes()) {
    if (node.kind === ts.SyntaxKind.AsyncKeyword) {
      yield source.finding(node, "`async` where data lives: a command must not be interrupted");
    } else if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) {
      yield source.finding(node, "`await` where data lives: a command must not be interrupted");
    }
  }
}

function* bansMachineAccess(source: Source): Iterable<Finding> {
  if (!source.isIn("src")) return;
  for (const node of source.nodes()) {
    const name = machineAccessName(node);
    if (name === undefined || !Object.hasOwn(machineAccess, name)) continue;
    const allowed = machineAccess[name];
    if (allowed.includes(source.path)) continue;
    yield source.finding(node, `\`${name}\` outside ${allowed.join(", ")}: take what is injected`);
  }
}

/** The name under which `machineAccess` may know what this expression asks for. */
function machineAccessName(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) && !node.arguments?.length) {
    return `new ${node.expression.getText()}`;
  }
  if (ts.isPropertyAccessExpression(node)) {
    return node.getText().replace(/\s/g, "").replace(/^globalThis\./, "");
  }
  if (!ts.isIdentifier(node)) return undefined;
  // A property or a method may have the same name as the global function.
  const { parent } = node;
  const named = ts.isPropertyAccessExpression(parent) && parent.name === node;
  return named || "name" in parent && parent.name === node ? undefined : node.text;
}

function* bansAny(source: Source): Iterable<Finding> {
  for (const node of source.nodes()) {
    if (node.kind !== ts.SyntaxKind.AnyKeyword) continue;
    if (/`any`|no-explicit-any -- \S/.test(source.commentsAbove(source.lineOf(node)))) continue;
    yield source.finding(node, "`any` without a comment above that says why `any`");
  }
}

function* bansComputedRegExp(source: Source): Iterable<Finding> {
  if (!source.isIn("src")) return;
  for (const node of source.nodes()) {
    if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) continue;
    if (node.expression.getText() !== "RegExp") continue;
    const [pattern] = node.arguments ?? [];
    if (pattern !== undefined && ts.isStringLiteralLike(pattern)) continue;
    yield source.finding(node, "a `RegExp` that is not written out: input could make it hang");
  }
}

function* bansSpreadArguments(source: Source): Iterable<Finding> {
  if (!source.isIn("src")) return;
  for (const node of source.nodes()) {
    if (!ts.isSpreadElement(node)) continue;
    if (!ts.isCallExpression(node.parent) && !ts.isNewExpression(node.parent)) continue;
    if (/\bbounded\b/i.test(source.commentsAbove(source.lineOf(node)))) continue;
    yield source.finding(
      node,
      "an array spread into a call: a large one overflows the stack (say in a comment what keeps " +
        "it bounded)",
    );
  }
}

function* bansPrivateKeyword(source: Source): Iterable<Finding> {
  for (const node of source.nodes()) {
    // A constructor has no other way of being private.
    if (node.kind !== ts.SyntaxKind.PrivateKeyword || ts.isConstructorDeclaration(node.parent)) {
      continue;
    }
    yield source.finding(node, "`private`: a #field is private when the program runs, too");
  }
}

function* checksImports(source: Source, project: Project): Iterable<Finding> {
  for (const { node, specifier } of importsOf(source)) {
    const problem = importProblem(source, specifier, project);
    if (problem !== undefined) yield source.finding(node, `import of "${specifier}": ${problem}`);
  }
}

function importProblem(source: Source, specifier: string, project: Project): string | undefined {
  if (specifier.startsWith(".")) {
    const target = resolvePath(source.path, specifier);
    if (target.startsWith(`${standInFolder}/`) && !source.isIn(standInFolder)) {
      return "a stand-in is imported by the name of what it stands for";
    }
    if (source.isIn("src") && !target.startsWith("src/") && target !== "deno.json") {
      return "the server needs nothing outside src/";
    }
    return undefined;
  }
  if (specifier.startsWith("node:")) {
    return nodeModules.includes(specifier) ? undefined : "not among the node: modules in use";
  }
  const dependency = project.dependencies.find((name) =>
    specifier === name || specifier.startsWith(`${name}/`)
  );
  if (dependency === undefined) return "deno.json does not list it";
  if (source.isIn("src") && !sourceDependencies.includes(dependency)) {
    return "for tests and scripts only";
  }
  return undefined;
}

function* checksImportDirection(source: Source): Iterable<Finding> {
  if (!source.isIn("src")) return;
  const layer = layerOf(source.path);
  if (layer === undefined) {
    yield source.finding(1, "no layer for this path in scripts/tidy/layers.ts");
    return;
  }
  for (const { node, specifier } of importsOf(source)) {
    if (!specifier.startsWith(".")) continue;
    const target = layerOf(resolvePath(source.path, specifier));
    if (target === undefined || target <= layer) continue;
    yield source.finding(
      node,
      `import upward, from ${layers[layer]} to ${layers[target]}: see scripts/tidy/layers.ts`,
    );
  }
}

interface Import {
  node: ts.Node;
  specifier: string;
}

/** Static imports, re-exports, `import()` and `import("…")` types whose specifier is written out. */
function* importsOf(source: Source): Iterable<Import> {
  for (const node of source.nodes()) {
    let specifier: ts.Node | undefined;
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      specifier = node.moduleSpecifier;
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      specifier = node.arguments[0];
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      specifier = node.argument.literal;
    }
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) {
      yield { node, specifier: specifier.text };
    }
  }
}

/** The path in the repository that a relative specifier names. */
function resolvePath(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

function* checksHeader(source: Source): Iterable<Finding> {
  if (!source.isIn("src")) return;
  const letters = source.header.replace(/[^\p{Letter}]/gu, "").length;
  if (letters < headerLettersMin) {
    yield source.finding(1, "no opening paragraph: what the file owns, what it does not, and why");
  }
}

function* checksFileLength(source: Source): Iterable<Finding> {
  const lines = source.text.trimEnd().split("\n").length;
  if (lines <= fileLinesMax || saysWhyLonger(source.header)) return;
  yield source.finding(
    1,
    `${lines} lines, more than ${fileLinesMax}, without a "Longer than … because" in its header`,
  );
}

function* checksFunctionLength(source: Source): Iterable<Finding> {
  for (const node of source.nodes()) {
    if (!ts.isFunctionLike(node) || !("body" in node) || node.body === undefined) continue;
    const lines = source.lastLineOf(node) - source.lineOf(node) + 1;
    if (lines <= functionLinesMax) continue;
    if (saysWhyLonger(source.commentsAbove(source.lineOf(node)))) continue;
    yield source.finding(
      node,
      `a function of ${lines} lines, more than ${functionLinesMax}, without a ` +
        '"Longer than … because" in the comment above it',
    );
  }
}

function saysWhyLonger(comment: string): boolean {
  return /\blonger than\b[\s\S]*\bbecause\b/i.test(comment);
}

function* checksTodo(source: Source, { differences }: Project): Iterable<Finding> {
  for (const { text, firstLine } of source.comments) {
    if (!/\b(?:TODO|FIXME|XXX|HACK)\b/.test(text)) continue;
    const name = /\bTODO\(([^)]+)\)/.exec(text)?.[1];
    if (name !== undefined && differences.includes(name)) continue;
    yield source.finding(
      firstLine,
      "something left to do without a follow-up: write TODO(name), with that name in " +
        "tests/differences.md",
    );
  }
}
