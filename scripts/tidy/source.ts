/**
 * A source file as the rules of tidy see it: its text, its syntax tree and its comments.
 *
 * The tree comes from the TypeScript compiler, the one dependency of tidy: with it a ban can tell a
 * call from a word in a string, which no search of the text can.
 */

import ts from "typescript";

/** Something that does not keep to the conventions. */
export interface Finding {
  path: string;
  line: number;
  message: string;
}

/** A comment with its line numbers, first and last, from 1. */
export interface Comment {
  text: string;
  firstLine: number;
  lastLine: number;
}

export class Source {
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly comments: readonly Comment[];

  /** @param path relative to the repository, with `/` between its parts */
  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
    this.tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    this.comments = [...this.#findComments()];
  }

  /** Whether the file lies in one of these folders. */
  isIn(...folders: readonly string[]): boolean {
    return folders.some((folder) => this.path.startsWith(`${folder}/`));
  }

  /** The comment that the file opens with; "" without one. */
  get header(): string {
    const [first] = this.comments;
    const start = this.text.replace(/^#!.*/, "").trimStart();
    return first !== undefined && start.startsWith(first.text) ? first.text : "";
  }

  /** The comments right above a line, and the one at its end. */
  commentsAbove(line: number): string {
    const found = this.comments.filter(({ firstLine }) => firstLine === line);
    let top = line;
    for (const comment of this.comments.toReversed()) {
      if (comment.lastLine !== top - 1) continue;
      found.unshift(comment);
      top = comment.firstLine;
    }
    return found.map(({ text }) => text).join("\n");
  }

  lineOf(node: ts.Node): number {
    return this.#lineAt(node.getStart(this.tree));
  }

  lastLineOf(node: ts.Node): number {
    return this.#lineAt(node.getEnd());
  }

  finding(where: ts.Node | number, message: string): Finding {
    const line = typeof where === "number" ? where : this.lineOf(where);
    return { path: this.path, line, message };
  }

  /** All nodes of the tree, in the order of the text. */
  *nodes(root: ts.Node = this.tree): Generator<ts.Node> {
    yield root;
    for (const child of childrenOf(root)) yield* this.nodes(child);
  }

  /** Comments stand in no tree: they are in the gaps before and behind its tokens. */
  *#findComments(): Generator<Comment> {
    let behindLast = -1;
    for (const { pos, end } of tokensOf(this.tree, this.tree)) {
      const gap = [
        ...ts.getLeadingCommentRanges(this.text, pos) ?? [],
        ...ts.getTrailingCommentRanges(this.text, end) ?? [],
      ];
      for (const range of gap) {
        if (range.pos <= behindLast) continue;
        behindLast = range.pos;
        yield {
          text: this.text.slice(range.pos, range.end),
          firstLine: this.#lineAt(range.pos),
          lastLine: this.#lineAt(range.end),
        };
      }
    }
  }

  #lineAt(position: number): number {
    return this.tree.getLineAndCharacterOfPosition(position).line + 1;
  }
}

function childrenOf(node: ts.Node): ts.Node[] {
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  return children;
}

function* tokensOf(node: ts.Node, tree: ts.SourceFile): Generator<ts.Node> {
  const children = node.getChildren(tree).filter((child) => !ts.isJSDoc(child));
  if (children.length === 0) yield node;
  for (const child of children) yield* tokensOf(child, tree);
}
