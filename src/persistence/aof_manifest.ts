/**
 * The manifest of an append-only file: which files hold the log, as Redis 7 has them, one a line:
 *
 *     file appendonly.aof.2.base.rdb seq 2 type b      the data at some moment
 *     file appendonly.aof.3.incr.aof seq 3 type i      the commands since, one file after the other
 *     file appendonly.aof.1.incr.aof seq 1 type h      of no use any more, to be removed
 *
 * It owns the text and the rules of numbering; which files there are and what is in them is the business
 * of `aof.ts`.
 */
import { quote, splitWords } from "../config/words.ts";

/** What Redis reads of a manifest at a time: a line with its end, or the beginning of a longer one. */
const portions = /[^\n]{0,1023}\n|[^\n]{1,1024}/g;

/** What a file of the log is for, by the letter that the manifest has for it. */
export enum AofFileType {
  Base = "b",
  Increment = "i",
  History = "h",
}

/** One file of the log. */
export interface AofFile {
  readonly name: string;
  readonly sequence: number;
}

/** A manifest that says nothing that could be followed; the message is what the log is told. */
export class ManifestError extends Error {
  override name = "ManifestError";
  /** The line that is wrong, if it is one. */
  line: { number: number; text: string } | null = null;
}

/** The files of a log. It is not changed: each step makes another one. */
export class AofManifest {
  readonly base: AofFile | null;
  /** In the order in which they are to be read. */
  readonly increments: readonly AofFile[];
  /** Not to be read any more, and to be removed once this manifest is on the disk; in the order of Redis. */
  readonly history: readonly AofFile[];
  /** The numbers given last, be they in use or not. */
  readonly #baseSequence: number;
  readonly #incrementSequence: number;

  constructor(
    base: AofFile | null = null,
    increments: readonly AofFile[] = [],
    history: readonly AofFile[] = [],
    baseSequence: number = Math.max(0, base?.sequence ?? 0),
    incrementSequence: number = increments.at(-1)?.sequence ?? 0,
  ) {
    this.base = base;
    this.increments = increments;
    this.history = history;
    this.#baseSequence = baseSequence;
    this.#incrementSequence = incrementSequence;
  }

  /** Files that the log consists of. */
  get files(): AofFile[] {
    return this.base === null ? [...this.increments] : [this.base, ...this.increments];
  }

  /** Goes on in another file of commands, the last one from now on. */
  withIncrement(prefix: string): AofManifest {
    const sequence = this.#incrementSequence + 1;
    const increment = { name: `${prefix}.${sequence}.incr.aof`, sequence };
    return this.#with({
      increments: [...this.increments, increment],
      incrementSequence: sequence,
    });
  }

  /** Another base in place of the one there is and of all files of commands but the last `keptCount`. */
  withBase(prefix: string, isRdb: boolean, keptCount: number): AofManifest {
    const sequence = this.#baseSequence + 1;
    const base = { name: `${prefix}.${sequence}.base.${isRdb ? "rdb" : "aof"}`, sequence };
    const cut = this.increments.length - keptCount;
    const replaced = [...this.increments.slice(0, cut), ...(this.base ? [this.base] : [])];
    return this.#with({
      base,
      baseSequence: sequence,
      increments: this.increments.slice(cut),
      history: [...replaced, ...this.history],
    });
  }

  /** A log of older versions, one file without a manifest, as the base. */
  static ofOldFile(name: string): AofManifest {
    return new AofManifest({ name, sequence: 1 });
  }

  /** Whether there is no file but, perhaps, that of a log of older versions. */
  mayBeOfOldFile(name: string): boolean {
    return this.increments.length === 0 && (this.base === null || this.base.name === name);
  }

  withoutHistory(): AofManifest {
    return this.#with({ history: [] });
  }

  #with(
    changes: Partial<Pick<AofManifest, "base" | "increments" | "history">> & {
      baseSequence?: number;
      incrementSequence?: number;
    },
  ): AofManifest {
    const {
      base = this.base,
      increments = this.increments,
      history = this.history,
      baseSequence = this.#baseSequence,
      incrementSequence = this.#incrementSequence,
    } = changes;
    return new AofManifest(base, increments, history, baseSequence, incrementSequence);
  }

  /** The text of the file. */
  format(): string {
    const line = (type: AofFileType) => ({ name, sequence }: AofFile) =>
      `file ${quoteIfNeeded(name)} seq ${sequence} type ${type}\n`;
    return [
      ...(this.base ? [this.base] : []).map(line(AofFileType.Base)),
      ...this.history.map(line(AofFileType.History)),
      ...this.increments.map(line(AofFileType.Increment)),
    ].join("");
  }

  /**
   * Reads the text of a manifest.
   *
   * @throws {ManifestError}
   */
  static parse(text: string): AofManifest {
    if (text === "") throw new ManifestError("Found an empty AOF manifest");
    const files: Record<AofFileType, AofFile[]> = { b: [], i: [], h: [] };
    text.match(portions)!.forEach((portion, i) => {
      if (portion.startsWith("#")) return;
      // of a line that has no end something may be missing
      if (!portion.endsWith("\n") || portion.includes("\0")) {
        throw new ManifestError("The AOF manifest file contains too long line");
      }
      const line = trim(portion);
      try {
        const { type, file } = parseLine(line);
        checkOrder(type, file, files);
        files[type].push(file);
      } catch (error) {
        if (!(error instanceof ManifestError)) throw error;
        error.line = { number: i + 1, text: line };
        throw error;
      }
    });
    return new AofManifest(files.b[0] ?? null, files.i, files.h);
  }
}

const badFormat = "Invalid AOF manifest file format";

function parseLine(line: string): { type: AofFileType; file: AofFile } {
  const words = splitWords(line);
  // a word's value follows it; those that are not known yet are for later versions
  if (words === null || words.length < 6 || words.length % 2 !== 0) {
    throw new ManifestError(badFormat);
  }
  const values = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) {
    const [key, value] = [words[i].toLowerCase(), words[i + 1]];
    if (key === "file" && /[/\\]/.test(value)) {
      throw new ManifestError("File can't be a path, just a filename");
    }
    values.set(key, value);
  }
  const [name, digits = "", type = ""] = ["file", "seq", "type"].map((word) => values.get(word));
  // as C reads a number, whatever comes behind it
  const sequence = Number.parseInt(digits, 10) || 0;
  const isComplete = name !== undefined && type !== "" && sequence !== 0;
  if (!isComplete || !Number.isSafeInteger(sequence)) throw new ManifestError(badFormat);
  const [letter] = type;
  if (letter !== "b" && letter !== "i" && letter !== "h") {
    throw new ManifestError("Unknown AOF file type");
  }
  return { type: letter as AofFileType, file: { name, sequence } };
}

function trim(line: string): string {
  return line.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
}

function checkOrder(
  type: AofFileType,
  { sequence }: AofFile,
  files: Record<AofFileType, AofFile[]>,
): void {
  if (type === AofFileType.Base && files.b.length > 0) {
    throw new ManifestError("Found duplicate base file information");
  }
  if (type === AofFileType.Increment && sequence <= (files.i.at(-1)?.sequence ?? 0)) {
    throw new ManifestError("Found a non-monotonic sequence number");
  }
}

/** A name of ordinary characters stands as it is. */
function quoteIfNeeded(name: string): string {
  return /^[!#-&(-[\]-~]+$/.test(name) ? name : quote(name);
}
