// Where the server's program may be, best first, and whether what was found is one.

import path from "node:path";

/** A way to start the server: `command args… serve`. `origin` says where it comes from. */
export interface Candidate {
  command: string;
  args: string[];
  origin: string;
}

/** What is known about the machine and the window. */
export interface Surroundings {
  /** The setting `dsp-lsp.program`. */
  program: string;
  /** The interpreter that the Python extension has chosen; null without one. */
  activePython: string | null;
  /** The workspace's folders; empty where it is not trusted. */
  trustedFolders: string[];
  /** The environment variable `PATH`. */
  searchPath: string;
  home: string;
  /** The virtual environment that *Install the Server* makes. */
  managed: string;
  isFile(file: string): boolean;
}

const NAME = "dsp-lsp";
const PYTHON = /^(python|pypy)[\d.]*(\.exe)?$/i;

/** The oldest server that speaks as this extension does. */
export const OLDEST: readonly [number, number, number] = [0, 1, 0];

/** A wrong setting, in words for its owner. */
export class SettingError extends Error {}

/**
 * All candidates that exist, best first. A program that is set is the only one: another would not be
 * what its owner wants. Relative entries of the `PATH` are skipped: they depend on the folder that is
 * open.
 */
export function candidates(around: Surroundings): Candidate[] {
  const wanted = around.program.trim();
  if (wanted) {
    return [started(named(wanted, around), "the setting dsp-lsp.program")];
  }
  const found: Candidate[] = [];
  const add = (file: string, origin: string) => {
    if (path.isAbsolute(file) && around.isFile(file) && !found.some((c) => c.command === file)) {
      found.push(started(file, origin));
    }
  };
  if (around.activePython !== null) {
    add(around.activePython, "the Python extension");
  }
  for (const folder of around.trustedFolders) {
    for (const name of [".venv", "venv"]) {
      add(path.join(folder, name, "bin", NAME), `${name} of the workspace`);
    }
  }
  for (const folder of around.searchPath.split(path.delimiter)) {
    add(path.join(folder, NAME), "the PATH");
  }
  add(path.join(around.home, ".local", "bin", NAME), "programs installed for the user");
  add(path.join(around.managed, "bin", NAME), "Install the Server");
  return found;
}

/** The Pythons from which an environment can be made, best first. */
export function pythons(searchPath: string, isFile: (file: string) => boolean): string[] {
  const names = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];
  const folders = searchPath.split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).filter(isFile);
}

function named(wanted: string, around: Surroundings): string {
  const file = wanted.startsWith("~/") ? path.join(around.home, wanted.slice(2)) : wanted;
  if (!path.isAbsolute(file)) {
    throw new SettingError(`dsp-lsp.program must be an absolute path, not “${wanted}”.`);
  }
  if (!around.isFile(file)) {
    throw new SettingError(`dsp-lsp.program names “${wanted}”, where there is no file.`);
  }
  return file;
}

function started(file: string, origin: string): Candidate {
  const isPython = PYTHON.test(path.basename(file));
  return { command: file, args: isPython ? ["-m", "dsp_lsp.cli"] : [], origin };
}

/** Why a program that printed this for `--version` cannot be used; null if it can. */
export function objection(printed: string): string | null {
  const numbers = /^dsp-lsp (\d+)\.(\d+)\.(\d+)/.exec(printed.trim());
  if (numbers === null) {
    return "it is not dsp-lsp";
  }
  const version = numbers.slice(1).map(Number);
  for (const [index, least] of OLDEST.entries()) {
    const part = version[index] ?? 0;
    if (part !== least) {
      return part > least
        ? null
        : `it is version ${version.join(".")}, older than ${OLDEST.join(".")}`;
    }
  }
  return null;
}
