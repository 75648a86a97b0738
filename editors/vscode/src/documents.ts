// Which open documents are Lean 3, and what becomes of their language ids.

import { readFileSync } from "node:fs";
import * as vscode from "vscode";
import { type Dialect, type Disk, dialectOf } from "./dialect";
import { isFile } from "./find";

const DISK: Disk = {
  isFile,
  read: (file) => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return "";
    }
  },
};

/** The documents that the server is shown; Lean 4's are sorted out by `isLean3`. */
export const SELECTOR = ["lean", "lean3", "lean4"].flatMap((language) =>
  ["file", "untitled"].map((scheme) => ({ language, scheme })),
);

const known = new WeakMap<vscode.TextDocument, { id: string; dialect: Dialect }>();

/** Looks at the disk once a document, as it is asked for each key. */
export function dialect(document: vscode.TextDocument): Dialect {
  const id = document.languageId;
  let found = known.get(document);
  if (found?.id !== id) {
    const { scheme, fsPath } = document.uri;
    found = { id, dialect: dialectOf(scheme === "file" ? fsPath : null, id, DISK) };
    known.set(document, found);
  }
  return found.dialect;
}

export function isLean3(document: vscode.TextDocument): boolean {
  return vscode.languages.match(SELECTOR, document) > 0 && dialect(document) === "lean3";
}

/**
 * We contribute `lean` for `.lean`, so that there is a language id where no other extension gives one.
 * Should it have won over the Lean 4 extension in a Lean 4 project, that document is given back.
 */
export async function giveBack(document: vscode.TextDocument): Promise<void> {
  if (
    document.languageId === "lean" &&
    vscode.extensions.getExtension("leanprover.lean4") !== undefined &&
    vscode.extensions.getExtension("jroesch.lean") === undefined &&
    dialect(document) === "lean4"
  ) {
    await vscode.languages.setTextDocumentLanguage(document, "lean4");
  }
}
