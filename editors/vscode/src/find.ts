// Looking for the server's program on this machine.

import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import * as vscode from "vscode";
import { type Candidate, candidates, objection } from "./locate";

/** Seconds for a `--version`: the first start of a cold Python takes its time. */
const PATIENCE = 30;

/** What was found, or why nothing of what is there will do. */
export type Found = { server: Candidate } | { refused: string[] };

export function isFile(file: string): boolean {
  return existsSync(file) && statSync(file).isFile();
}

/** A folder of the extension's, from which Python imports nothing. */
export function neutralFolder(context: vscode.ExtensionContext): string {
  return path.join(context.extensionPath, "dist");
}

/** Where *Install the Server* makes its virtual environment. */
export function managedFolder(context: vscode.ExtensionContext): string {
  return path.join(context.globalStorageUri.fsPath, "server");
}

/** The first candidate that answers. Raises `SettingError` for a wrong setting. */
export async function findServer(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
): Promise<Found> {
  const folders = vscode.workspace.isTrusted ? (vscode.workspace.workspaceFolders ?? []) : [];
  const all = candidates({
    program: vscode.workspace.getConfiguration("dsp-lsp").get("program", ""),
    activePython: await activePython(log),
    trustedFolders: folders
      .filter((folder) => folder.uri.scheme === "file")
      .map((folder) => folder.uri.fsPath),
    searchPath: process.env.PATH ?? "",
    home: homedir(),
    managed: managedFolder(context),
    isFile,
  });
  const refused: string[] = [];
  for (const one of all) {
    const why = await objectionTo(one, neutralFolder(context));
    if (why === null) {
      log.info(`The server is ${one.command} (from ${one.origin}).`);
      return { server: one };
    }
    refused.push(`${one.command} (from ${one.origin}): ${why}`);
    log.info(`Not ${refused.at(-1)}.`);
  }
  return { refused };
}

/** The standard output of a program that ends well. Never runs in the folder that is open. */
export function output(command: string, args: string[], cwd: string, seconds: number) {
  return new Promise<string>((resolve, reject) => {
    const options = { cwd, timeout: seconds * 1000, encoding: "utf8" as const };
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout);
      } else {
        const said = stderr.trim().split("\n").at(-1);
        reject(new Error(error.killed ? `no answer in ${seconds} s` : said || error.message));
      }
    });
  });
}

async function objectionTo(one: Candidate, cwd: string): Promise<string | null> {
  try {
    return objection(await output(one.command, [...one.args, "--version"], cwd, PATIENCE));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The part of the Python extension's interface that is used. */
interface PythonApi {
  environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(of: {
      path: string;
    }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
  };
}

async function activePython(log: vscode.LogOutputChannel): Promise<string | null> {
  const extension = vscode.extensions.getExtension<PythonApi>("ms-python.python");
  if (extension === undefined || !vscode.workspace.isTrusted) {
    return null;
  }
  try {
    const { environments } = await extension.activate();
    const chosen = environments?.getActiveEnvironmentPath(
      vscode.workspace.workspaceFolders?.[0]?.uri,
    );
    const environment = chosen && (await environments?.resolveEnvironment(chosen));
    return environment?.executable.uri?.fsPath ?? null;
  } catch (error) {
    log.warn(`The Python extension did not say which Python is chosen: ${error}`);
    return null;
  }
}
