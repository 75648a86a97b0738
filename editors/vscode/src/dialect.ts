// Whether a document is Lean 3, as dsp_lsp/dialect.py says it: by its project first, by its language
// id where there is none. The extension asks too, so that it starts nothing for Lean 4.

import path from "node:path";

/** What is looked at on the disk. */
export interface Disk {
  isFile(file: string): boolean;
  read(file: string): string;
}

export type Dialect = "lean3" | "lean4" | "other";

const LEAN4_FILES = ["lakefile.lean", "lakefile.toml", "lake-manifest.json"];
const IDS: Readonly<Record<string, Dialect>> = { lean: "lean3", lean3: "lean3", lean4: "lean4" };

/** The dialect of the document at `file`, null for one that was never saved. */
export function dialectOf(file: string | null, languageId: string, disk: Disk): Dialect {
  const byId = IDS[languageId];
  if (byId === undefined && (file === null || path.extname(file) !== ".lean")) {
    return "other";
  }
  for (const folder of file === null ? [] : foldersAbove(file)) {
    const found = projectIn(folder, disk);
    if (found !== null) {
      return found;
    }
  }
  return byId ?? "lean3";
}

function foldersAbove(file: string): string[] {
  const found = [];
  for (let here = path.dirname(file); ; here = path.dirname(here)) {
    found.push(here);
    if (here === path.dirname(here)) {
      return found;
    }
  }
}

function projectIn(folder: string, disk: Disk): Dialect | null {
  const has = (name: string) => disk.isFile(path.join(folder, name));
  if (has("leanpkg.toml")) {
    return "lean3";
  }
  if (LEAN4_FILES.some(has)) {
    return "lean4";
  }
  if (has("lean-toolchain")) {
    return disk.read(path.join(folder, "lean-toolchain")).includes("lean4") ? "lean4" : "lean3";
  }
  return has("leanpkg.path") ? "lean3" : null;
}
